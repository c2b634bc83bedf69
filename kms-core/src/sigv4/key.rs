//! The signing key of a day and a Region, and the signature.

use std::fmt;

use crate::crypto::constant_time_eq;
use crate::crypto::mac::HmacSha256;
use crate::ids::Region;
use crate::secret::{Secret, SecretBytes};

use super::{TERMINATOR, hex};

/// A signature: 32 bytes, compared in constant time only.
///
/// ```compile_fail,E0369
/// let a = kms_core::sigv4::Signature::from_hex(&[b'0'; 64]).unwrap();
/// let b = kms_core::sigv4::Signature::from_hex(&[b'0'; 64]).unwrap();
/// let _ = a == b;
/// ```
pub struct Signature([u8; 32]);

impl Signature {
    /// From 64 lower-case hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        hex::decode(text).map(Self)
    }

    /// Whether both are the same, in time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl fmt::Display for Signature {
    /// 64 lower-case hexadecimal digits: what a signer sends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex::encode(&self.0);
        digits
            .iter()
            .try_for_each(|digit| fmt::Write::write_char(f, char::from(*digit)))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

/// The key that signs requests of one access key on one day in one Region for one service.
///
/// Deriving it costs four HMACs; whoever verifies many requests keeps it for the day.
#[derive(Clone)]
pub struct SigningKey(HmacSha256);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// Derives the key from a secret access key; `day` is `YYYYMMDD`.
    #[must_use]
    pub fn derive(secret_access_key: &[u8], day: &str, region: &Region, service: &str) -> Self {
        const PREFIX: &[u8] = b"AWS4";
        let mut first = Vec::with_capacity(PREFIX.len() + secret_access_key.len());
        first.extend_from_slice(PREFIX);
        first.extend_from_slice(secret_access_key);
        let first = SecretBytes::new(first);
        let date_key = next(first.expose(), day);
        let region_key = next(date_key.expose(), region.as_str());
        let service_key = next(region_key.expose(), service);
        let signing_key = next(service_key.expose(), TERMINATOR);
        Self(HmacSha256::new(signing_key.expose()))
    }

    pub(super) fn sign(&self, string_to_sign: &[&[u8]]) -> Signature {
        Signature(self.0.tag(string_to_sign))
    }
}

fn next(key: &[u8], message: &str) -> Secret<32> {
    Secret::build(|bytes| *bytes = HmacSha256::new(key).tag(&[message.as_bytes()]))
}
