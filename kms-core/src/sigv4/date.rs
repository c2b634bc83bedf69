//! The moment that a request says it was signed at.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::Offset;

use crate::time::Timestamp;

/// The length of `YYYYMMDDTHHMMSSZ`.
const LENGTH: usize = 16;

/// A date in the form that the string to sign has it in, `YYYYMMDDTHHMMSSZ`.
#[derive(Clone, Copy, Debug)]
pub(super) struct SigningDate {
    text: [u8; LENGTH],
    moment: Timestamp,
}

impl SigningDate {
    /// From `X-Amz-Date`: `YYYYMMDDTHHMMSSZ` and nothing else.
    pub(super) fn from_basic(text: &[u8]) -> Option<Self> {
        let text: [u8; LENGTH] = text.try_into().ok()?;
        let digits = str::from_utf8(&text).ok()?;
        let part = |from: usize, to: usize| number(digits.get(from..to)?);
        if digits.get(8..9)? != "T" || digits.get(15..)? != "Z" {
            return None;
        }
        let civil = DateTime::new(
            part(0, 4)?,
            part(4, 6)?.try_into().ok()?,
            part(6, 8)?.try_into().ok()?,
            part(9, 11)?.try_into().ok()?,
            part(11, 13)?.try_into().ok()?,
            part(13, 15)?.try_into().ok()?,
            0,
        );
        let moment = moment(civil.ok()?)?;
        Some(Self { text, moment })
    }

    /// From `Date`: an IMF-fixdate of RFC 9110, such as `Sun, 06 Nov 1994 08:49:37 GMT`, or the
    /// form of `X-Amz-Date`.
    pub(super) fn from_date_header(value: &[u8]) -> Option<Self> {
        const IMF_FIXDATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
        if value.len() == LENGTH {
            return Self::from_basic(value);
        }
        let value = str::from_utf8(value).ok()?;
        let civil = strtime::parse(IMF_FIXDATE, value).ok()?.to_datetime();
        let civil = civil.ok()?;
        if civil.strftime(IMF_FIXDATE).to_string() != value {
            return None;
        }
        Self::from_basic(moment(civil)?.to_basic_iso8601().as_bytes())
    }

    /// `YYYYMMDDTHHMMSSZ`.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// `YYYYMMDD`.
    pub(super) fn day(&self) -> &[u8] {
        self.text.get(..8).unwrap_or_default()
    }

    pub(super) fn moment(&self) -> Timestamp {
        self.moment
    }
}

fn moment(civil: DateTime) -> Option<Timestamp> {
    let seconds = Offset::UTC.to_timestamp(civil).ok()?.as_second();
    Some(Timestamp::from_seconds(seconds))
}

fn number(digits: &str) -> Option<i16> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basic_date_is_read() {
        let date = SigningDate::from_basic(b"20150830T123600Z").unwrap();
        assert_eq!(date.moment(), Timestamp::from_seconds(1_440_938_160));
        assert_eq!(date.day(), b"20150830");
    }

    #[test]
    fn an_http_date_becomes_a_basic_date() {
        let date = SigningDate::from_date_header(b"Sun, 30 Aug 2015 12:36:00 GMT").unwrap();
        assert_eq!(date.text(), b"20150830T123600Z");
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "20150830T123600",
            "20150830T123600z",
            "20150830 123600Z",
            "20150230T123600Z",
            "20150830T126000Z",
            "20150830T243600Z",
            "+0150830T123600Z",
            "2015-08-30T12:36",
            "Mon, 30 Aug 2015 12:36:00 GMT",
            "Sun, 30 Aug 2015 12:36:00 UTC",
            "sun, 30 aug 2015 12:36:00 GMT",
            "Sun,  30 Aug 2015 12:36:00 GMT",
            "Sunday, 30-Aug-15 12:36:00 GMT",
        ] {
            assert!(
                SigningDate::from_date_header(text.as_bytes()).is_none(),
                "{text}"
            );
        }
    }
}
