//! `Numeric…`: decimal numbers of any precision, compared without rounding.

use std::cmp::Ordering;

use smol_str::SmolStr;

/// The longest number that is read, in characters.
const MAX_LENGTH: usize = 64;

/// A decimal number in normal form: no leading zeros before the point, none trailing behind it,
/// and no negative zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    whole: SmolStr,
    fraction: SmolStr,
}

impl Decimal {
    /// `[+-]digits[.digits]`; no exponent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let whole = SmolStr::new(whole.trim_start_matches('0'));
        let fraction = SmolStr::new(fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self {
            negative: negative && !is_zero,
            whole,
            fraction,
        })
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        let lengths = self.whole.len().cmp(&other.whole.len());
        lengths
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value_and_not_by_text() {
        let ordered = [
            "-10",
            "-9.5",
            "-0.10",
            "0",
            "0.09",
            "0.1",
            "9",
            "10",
            "9007199254740993",
        ];
        for pair in ordered.windows(2) {
            assert!(
                Decimal::parse(pair[0]) < Decimal::parse(pair[1]),
                "{pair:?}"
            );
        }
        for (a, b) in [("1", "1.0"), ("007", "+7"), ("-0.0", "0"), ("0.50", "0.5")] {
            assert_eq!(Decimal::parse(a), Decimal::parse(b));
        }
        assert_ne!(
            Decimal::parse("9007199254740993"),
            Decimal::parse("9007199254740992")
        );
    }

    #[test]
    fn what_is_no_decimal_number_is_refused() {
        let long = "1".repeat(65);
        for text in [
            "", "-", ".5", "5.", "1e3", "0x1", "1 ", "١", "NaN", "--1", "1.2.3", &long,
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
