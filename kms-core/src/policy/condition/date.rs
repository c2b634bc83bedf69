//! `Date…`: the ISO 8601 subset of W3C's NOTE-datetime, or seconds since the epoch.

use jiff::civil;
use jiff::tz::TimeZone;

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i128);

const NANOSECONDS: i128 = 1_000_000_000;

impl Moment {
    /// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `YYYY-MM-DDThh:mm[:ss[.s]]TZD` with `TZD` being `Z` or
    /// `±hh:mm`; or decimal seconds since the epoch, of other than four digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > 40 || !text.is_ascii() {
            return None;
        }
        let is_year = text.len() == 4;
        if text.contains(['-', 'T']) || is_year {
            return parse_iso(text);
        }
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        moment(digits(seconds, 1..=12)?, nanoseconds(fraction)?)
    }
}

fn moment(seconds: i64, nanoseconds: i128) -> Option<Moment> {
    let seconds = i128::from(seconds).checked_mul(NANOSECONDS)?;
    seconds.checked_add(nanoseconds).map(Moment)
}

fn parse_iso(text: &str) -> Option<Moment> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4..=4)?;
    let month = parts.next().map(|text| digits(text, 2..=2));
    let day = parts.next().map(|text| digits(text, 2..=2));
    if parts.next().is_some() || (time.is_some() && day.is_none()) {
        return None;
    }
    let date = civil::Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month.unwrap_or(Some(1))?).ok()?,
        i8::try_from(day.unwrap_or(Some(1))?).ok()?,
    )
    .ok()?;
    let (clock, nanoseconds, offset) = match time {
        Some(time) => parse_time(time)?,
        None => (civil::Time::midnight(), 0, 0),
    };
    let zoned = date.to_datetime(clock).to_zoned(TimeZone::UTC).ok()?;
    let seconds = zoned.timestamp().as_second().checked_sub(offset)?;
    moment(seconds, nanoseconds)
}

/// The time of day, its fraction in nanoseconds, and the zone's offset from UTC in seconds.
fn parse_time(text: &str) -> Option<(civil::Time, i128, i64)> {
    let zone_at = text.find(['Z', '+', '-'])?;
    let (time, zone) = text.split_at_checked(zone_at)?;
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let mut parts = time.split(':');
    let hour = digits(parts.next()?, 2..=2)?;
    let minute = digits(parts.next()?, 2..=2)?;
    let second = parts.next().map(|text| digits(text, 2..=2));
    if parts.next().is_some() || (fraction.is_some() && second.is_none()) {
        return None;
    }
    let clock = civil::Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second.unwrap_or(Some(0))?).ok()?,
        0,
    )
    .ok()?;
    Some((
        clock,
        nanoseconds(fraction.unwrap_or("0"))?,
        parse_zone(zone)?,
    ))
}

fn parse_zone(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2..=2)?, digits(minutes, 2..=2)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let well_formed = length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    well_formed.then(|| text.parse().ok()).flatten()
}

/// A decimal fraction of a second, 1–9 digits.
fn nanoseconds(fraction: &str) -> Option<i128> {
    let value = digits(fraction, 1..=9)?;
    let given = u32::try_from(fraction.len()).ok()?;
    let scale = 10_i64.checked_pow(9_u32.checked_sub(given)?)?;
    value.checked_mul(scale).map(i128::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_has_many_spellings() {
        let epoch = Moment::parse("1546257599.0");
        assert!(epoch.is_some());
        for text in [
            "1546257599",
            "2018-12-31T11:59:59Z",
            "2018-12-31T12:59:59+01:00",
            "2018-12-31T11:59:59.000Z",
            "2018-12-31T06:29:59-05:30",
        ] {
            assert_eq!(Moment::parse(text), epoch, "{text}");
        }
    }

    #[test]
    fn a_shorter_form_means_its_first_moment() {
        let start = Moment::parse("2020-01-01T00:00:00Z");
        for text in [
            "2020",
            "2020-01",
            "2020-01-01",
            "2020-01-01T00:00Z",
            "1577836800",
        ] {
            assert_eq!(Moment::parse(text), start, "{text}");
        }
        assert!(Moment::parse("2020-01-01T00:00:00.5Z") > start);
        assert_eq!(
            Moment::parse("1577836800.05"),
            Moment::parse("2020-01-01T00:00:00.050000000Z")
        );
        assert!(Moment::parse("1577836800.000000001") > start);
        assert!(Moment::parse("1969-12-31") < Moment::parse("0"));
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "2020-1-1",
            "2020-13",
            "2020-02-30",
            "2020-01-01T00:00:00",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00Z",
            "2020-01-01 00:00:00Z",
            "2020-01T00:00Z",
            "2020-01-01T00:00:00+0100",
            "2020-01-01T00:00:00.Z",
            "-1",
            "1.",
            "1e9",
            "2020-01-01Z",
            "2020-01-01T00:00:00+24:00",
            "1234567890123",
            "2020-01-01-01",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
