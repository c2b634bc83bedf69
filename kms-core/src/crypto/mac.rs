//! HMAC, RFC 2104, with prepared keys.

use std::fmt;

use aws_lc_rs::hmac::{
    self, Algorithm, Context, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384,
    HMAC_SHA512, Key,
};

use super::Failed;
use crate::api::MacAlgorithm;
use crate::secret::Secret;

/// An HMAC-SHA256 key with both hash states prepared, so that a short message costs two
/// compressions.
#[derive(Clone)]
pub struct HmacSha256(Key);

impl fmt::Debug for HmacSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSha256(…)")
    }
}

impl HmacSha256 {
    /// A key of any length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, key))
    }

    /// The tag over the concatenation of `parts`.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }
}

/// Keyed BLAKE3: a pseudorandom function that takes a short message at a sixth of what HMAC-SHA256
/// costs on a processor without SHA instructions.
pub struct KeyedBlake3(Secret<32>);

impl fmt::Debug for KeyedBlake3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedBlake3(…)")
    }
}

impl KeyedBlake3 {
    /// A key.
    #[must_use]
    pub fn new(key: Secret<32>) -> Self {
        Self(key)
    }

    /// The keyed hash of `message`.
    #[must_use]
    pub fn hash(&self, message: &[u8]) -> [u8; 32] {
        blake3::keyed_hash(self.0.expose(), message).into()
    }
}

/// HMAC-SHA1, which one-time codes are made with (RFC 6238) and nothing else.
///
/// # Errors
/// [`Failed`] when the library returns another length.
pub fn hmac_sha1(key: &[u8], message: &[u8]) -> Result<[u8; 20], Failed> {
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, message);
    tag.as_ref().try_into().map_err(|_| Failed)
}

/// An HMAC key of a customer, for one algorithm.
pub struct MacKey {
    algorithm: MacAlgorithm,
    key: Key,
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(…)")
    }
}

const fn library(algorithm: MacAlgorithm) -> Algorithm {
    match algorithm {
        MacAlgorithm::HmacSha224 => HMAC_SHA224,
        MacAlgorithm::HmacSha256 => HMAC_SHA256,
        MacAlgorithm::HmacSha384 => HMAC_SHA384,
        MacAlgorithm::HmacSha512 => HMAC_SHA512,
    }
}

impl MacKey {
    /// A key of any length.
    #[must_use]
    pub fn new(algorithm: MacAlgorithm, key: &[u8]) -> Self {
        Self {
            algorithm,
            key: Key::new(library(algorithm), key),
        }
    }

    /// The tag over a message, as long as the hash.
    ///
    /// # Errors
    /// [`Failed`] for another algorithm than the key's.
    pub fn tag(&self, algorithm: MacAlgorithm, message: &[u8]) -> Result<Vec<u8>, Failed> {
        if algorithm != self.algorithm {
            return Err(Failed);
        }
        Ok(hmac::sign(&self.key, message).as_ref().to_vec())
    }

    /// Checks a whole tag, in constant time.
    ///
    /// # Errors
    /// [`Failed`] when it is not the key's over the message, or for another algorithm.
    pub fn verify(
        &self,
        algorithm: MacAlgorithm,
        message: &[u8],
        tag: &[u8],
    ) -> Result<(), Failed> {
        if algorithm != self.algorithm {
            return Err(Failed);
        }
        hmac::verify(&self.key, message, tag).map_err(|_| Failed)
    }
}
