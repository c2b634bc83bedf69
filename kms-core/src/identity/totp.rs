//! One-time codes of virtual MFA devices: TOTP (RFC 6238) with SHA-1, six digits, steps of 30 s.

use crate::crypto::constant_time_eq;
use crate::crypto::mac::hmac_sha1;
use crate::secret::{SecretBytes, SecretText};
use crate::time::Timestamp;

const STEP_SECONDS: i64 = 30;
const DIGITS: usize = 6;
const MODULUS: u32 = 1_000_000;
/// How many steps the clocks of both sides may differ.
const SKEW: i64 = 1;
/// How many steps the clock of a device that is enabled or synchronised anew may differ.
const WIDE_SKEW: i64 = 10;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step of a moment; none before 1970.
fn step_of(now: Timestamp) -> Option<u64> {
    u64::try_from(now.seconds().div_euclid(STEP_SECONDS)).ok()
}

/// The code of one step, RFC 4226 §5.3, six ASCII digits.
fn code(seed: &SecretBytes, step: u64) -> Option<[u8; DIGITS]> {
    let tag = hmac_sha1(seed.expose(), &step.to_be_bytes()).ok()?;
    let offset = usize::from(tag.last()? & 0xf);
    let (four, _) = tag.get(offset..)?.split_first_chunk::<4>()?;
    let mut number = (u32::from_be_bytes(*four) & 0x7fff_ffff) % MODULUS;
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).ok()?;
        number /= 10;
    }
    Some(digits)
}

/// The step that `sent` is the code of, among those that are near `now` and after `used`.
///
/// All of them are looked at, in time that does not tell which it was, or how much of it fits.
fn find(
    seed: &SecretBytes,
    sent: &str,
    now: Timestamp,
    used: Option<u64>,
    skew: i64,
) -> Option<u64> {
    let mut found = None;
    for shift in -skew..=skew {
        let step = step_of(now)?.checked_add_signed(shift);
        let Some(step) = step.filter(|step| used.is_none_or(|used| *step > used)) else {
            continue;
        };
        if constant_time_eq(&code(seed, step)?, sent.as_bytes()) {
            found = found.or(Some(step));
        }
    }
    found
}

/// Checks a code against the step of `now` and one before and after it.
///
/// Answers the step that it is of, which has to be kept as `used`: no code of it, or of one before,
/// is taken again.
#[must_use]
pub fn verify(seed: &SecretBytes, sent: &str, now: Timestamp, used: Option<u64>) -> Option<u64> {
    find(seed, sent, now, used, SKEW)
}

/// Checks two codes of steps that follow each other, of a device whose clock may be five minutes
/// off. Answers the later step.
#[must_use]
pub fn verify_pair(
    seed: &SecretBytes,
    first: &str,
    second: &str,
    now: Timestamp,
    used: Option<u64>,
) -> Option<u64> {
    let first = find(seed, first, now, used, WIDE_SKEW)?;
    let next = first.checked_add(1)?;
    constant_time_eq(&code(seed, next)?, second.as_bytes()).then_some(next)
}

/// A seed as authenticator programs take it: base 32 (RFC 4648 §6), without padding where its
/// length needs none.
#[must_use]
pub fn seed_text(seed: &SecretBytes) -> SecretText {
    let mut text = String::with_capacity(seed.len().div_ceil(5).saturating_mul(8));
    for group in seed.expose().chunks(5) {
        let mut bits = [0; 8];
        for (slot, byte) in bits.iter_mut().skip(3).zip(group) {
            *slot = *byte;
        }
        let bits = u64::from_be_bytes(bits);
        let characters = group.len().saturating_mul(8).div_ceil(5);
        for place in 0..8_usize {
            let shift = 35_usize.saturating_sub(place.saturating_mul(5));
            let value = usize::try_from(bits >> shift & 0x1f).unwrap_or_default();
            let character = BASE32.get(value).copied().unwrap_or(b'=');
            text.push(char::from(if place < characters {
                character
            } else {
                b'='
            }));
        }
    }
    SecretText::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> SecretBytes {
        SecretBytes::new(b"12345678901234567890".to_vec())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        // Appendix B has eight digits; six are the last six of them.
        for (seconds, step, six) in [
            (59, 1, "287082"),
            (1_111_111_109, 0x0235_23ec, "081804"),
            (1_111_111_111, 0x0235_23ed, "050471"),
            (1_234_567_890, 0x0273_ef07, "005924"),
            (2_000_000_000, 0x03f9_40aa, "279037"),
            (20_000_000_000, 0x27bc_86aa, "353130"),
        ] {
            let found = verify(&seed(), six, at(seconds), None);
            assert_eq!(found, Some(step), "{seconds}");
        }
    }

    #[test]
    fn a_code_holds_one_step_before_and_after_and_no_longer() {
        let now = 1_111_111_109;
        for shift in [-30, 0, 30] {
            assert!(verify(&seed(), "081804", at(now + shift), None).is_some());
        }
        for shift in [-60, 60, 3600] {
            assert!(verify(&seed(), "081804", at(now + shift), None).is_none());
        }
    }

    #[test]
    fn a_step_is_taken_once_and_none_before_it() {
        let now = at(1_111_111_109);
        let step = verify(&seed(), "081804", now, None).unwrap();
        assert_eq!(verify(&seed(), "081804", now, Some(step)), None);
        assert_eq!(verify(&seed(), "081804", now, Some(step + 1)), None);
        assert_eq!(verify(&seed(), "081804", now, Some(step - 1)), Some(step));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        let now = at(1_111_111_109);
        for sent in [
            "",
            "08180",
            "0818040",
            "081805",
            "81804",
            "abcdef",
            "０８１８０４",
        ] {
            assert_eq!(verify(&seed(), sent, now, None), None, "{sent}");
        }
        let other = SecretBytes::new(b"12345678901234567891".to_vec());
        assert_eq!(verify(&other, "081804", now, None), None);
    }

    #[test]
    fn a_pair_is_of_steps_that_follow_each_other() {
        let now = at(1_111_111_109);
        let step = step_of(now).unwrap();
        let text = |step| String::from_utf8(code(&seed(), step).unwrap().to_vec()).unwrap();
        let (one, two, three) = (text(step), text(step + 1), text(step + 2));
        assert_eq!(verify_pair(&seed(), &one, &two, now, None), Some(step + 1));
        for (first, second) in [(&one, &one), (&two, &one), (&one, &three)] {
            assert_eq!(verify_pair(&seed(), first, second, now, None), None);
        }
        assert_eq!(
            verify_pair(&seed(), &one, &two, at(1_111_111_109 + 301), None),
            None
        );
    }

    #[test]
    fn a_seed_is_written_as_rfc_4648_has_it() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ] {
            let seed = SecretBytes::new(bytes.as_bytes().to_vec());
            assert_eq!(seed_text(&seed).expose(), text);
        }
    }
}
