//! The only room that names a cryptographic library.
//!
//! Which library serves which purpose, and why, is told in `docs/decisions/0001-cryptographic-libraries.md`.

pub mod aead;
pub mod asymmetric;
pub mod cbc;
pub mod certificates;
pub mod client_certificate;
pub mod digest;
pub mod jws;
pub mod kdf;
pub mod key_wrap;
pub mod mac;
pub mod password;
pub mod random;
pub mod sign;

/// A cryptographic operation that did not succeed; it says no more, since detail is an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cryptographic operation failed")]
pub struct Failed;

/// Whether two byte strings are equal, in time that depends on their lengths alone.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a, b).into()
}
