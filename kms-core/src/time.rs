//! Points in time, and the clock as a parameter: nothing in the engine reads the system's own.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// A point in time in whole milliseconds since 1970-01-01T00:00:00Z; may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the epoch; saturates.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This many days later; saturates.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(
            self.0
                .saturating_add(days.saturating_mul(MILLISECONDS_PER_DAY)),
        )
    }

    /// This many milliseconds later (earlier when negative); saturates.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// `self - earlier` in milliseconds; saturates.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As AWS's JSON protocol writes it: seconds since the epoch with a fraction.
    #[must_use]
    pub fn to_epoch_seconds(self) -> serde_json::Number {
        let whole = self.0.div_euclid(1000);
        let fraction = self.0.rem_euclid(1000);
        serde_json::from_str(&format!("{whole}.{fraction:03}"))
            .unwrap_or_else(|_| serde_json::Number::from(whole))
    }

    /// As AWS's JSON protocol reads it; digits below the millisecond are dropped. `None` for what is
    /// further from the epoch than 100,000,000,000 seconds.
    #[must_use]
    pub fn from_epoch_seconds(seconds: &serde_json::Number) -> Option<Self> {
        const FURTHEST: f64 = 1e11;
        if let Some(whole) = seconds.as_i64() {
            return (whole.unsigned_abs() <= 100_000_000_000).then(|| Self::from_seconds(whole));
        }
        let seconds = seconds.as_f64().filter(|number| number.abs() <= FURTHEST)?;
        // The text of a whole number is the one conversion that cannot be out of range.
        format!("{:.0}", (seconds * 1000.0).floor())
            .parse()
            .ok()
            .map(Self)
    }

    /// From RFC 3339; digits below the millisecond are dropped. `None` for anything else.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Self(moment.as_millisecond()))
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`, RFC 3339 in UTC, without a fraction.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let moment = self.civil();
        let (date, time) = (moment.date(), moment.time());
        let mut text = String::with_capacity(20);
        push_digits(&mut text, 4, i32::from(date.year()));
        for (separator, number) in [
            ('-', date.month()),
            ('-', date.day()),
            ('T', time.hour()),
            (':', time.minute()),
            (':', time.second()),
        ] {
            text.push(separator);
            push_digits(&mut text, 2, i32::from(number));
        }
        text.push('Z');
        text
    }

    /// `YYYYMMDDTHHMMSSZ`, the form of `X-Amz-Date`.
    #[must_use]
    pub fn to_basic_iso8601(self) -> String {
        self.to_rfc3339().replace(['-', ':'], "")
    }

    fn civil(self) -> jiff::civil::DateTime {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        jiff::tz::Offset::UTC.to_datetime(instant)
    }
}

/// Appends a number of at most four digits with leading zeros. Formatting machinery would cost
/// more than all else of a record's time.
fn push_digits(text: &mut String, width: u32, number: i32) {
    for place in (0..width).rev() {
        let digit = number.unsigned_abs() / 10_u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// Where the engine gets the time from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment in UTC.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that its owner sets: for tests, and to replay a recorded moment.
#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl SetClock {
    /// Starts at `now` and stays there until it is set.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.millis()))
    }

    /// Moves the clock to `now`.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_as_rfc_3339_and_as_amz_date() {
        let moment = Timestamp::from_millis(1_440_938_160_999);
        assert_eq!(moment.to_rfc3339(), "2015-08-30T12:36:00Z");
        assert_eq!(moment.to_basic_iso8601(), "20150830T123600Z");
        assert_eq!(moment.to_epoch_seconds().to_string(), "1440938160.999");
    }

    #[test]
    fn seconds_round_down_before_the_epoch() {
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
        assert_eq!(
            Timestamp::from_millis(-1).to_rfc3339(),
            "1969-12-31T23:59:59Z"
        );
    }
}
