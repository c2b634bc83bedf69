//! Argon2id, RFC 9106: a key from a passphrase.

use argon2::{Algorithm, Argon2, Params, Version};

use super::Failed;
use crate::secret::Secret;

/// What Argon2id costs; stored beside what it protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// A 256-bit key from a passphrase and a salt of at least 8 bytes.
///
/// # Errors
/// [`Failed`] when a cost or the salt is outside what RFC 9106 allows.
pub fn argon2id(passphrase: &[u8], salt: &[u8], cost: Argon2Cost) -> Result<Secret<32>, Failed> {
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| Failed)?;
    Secret::try_build(|key| {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, salt, key)
            .map_err(|_| Failed)
    })
}
