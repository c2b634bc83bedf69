//! Streams and files: the message format of the AWS Encryption SDK.
//!
//! Written is version 2 with suite 0x0478 (AES-256-GCM, HKDF-SHA512, key commitment) or 0x0578, which
//! signs as well, framed; read are both versions and all suites. `docs/spec/envelope.md` tells what
//! is written and refused; the format itself is Amazon's "AWS Encryption SDK Specification".
//!
//! ```
//! use std::sync::Arc;
//! use kms_core::ciphertext::EncryptionContext;
//! use kms_core::crypto::random::SystemRandom;
//! use kms_core::envelope::{self, DecryptOptions, EncryptOptions, RawAesKeyring};
//! use kms_core::secret::SecretBytes;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SecretBytes::try_build(32, |key| {
//!     kms_core::crypto::random::Random::fill(&SystemRandom, key)
//! })?;
//! let keyring = RawAesKeyring::new("example", "backup", &key, Arc::new(SystemRandom))?;
//! let context: EncryptionContext = [("host".to_owned(), "db1".to_owned())].into_iter().collect();
//!
//! let mut message = Vec::new();
//! envelope::encrypt(
//!     &mut b"plaintext".as_slice(),
//!     &mut message,
//!     &keyring,
//!     &context,
//!     &EncryptOptions::default(),
//!     &SystemRandom,
//! )?;
//! let mut plaintext = Vec::new();
//! let options = DecryptOptions::default();
//! let summary = envelope::decrypt(&mut message.as_slice(), &mut plaintext, &keyring, &options)?;
//! assert_eq!(plaintext, b"plaintext");
//! assert_eq!(summary.header.context, context);
//! # Ok(())
//! # }
//! ```

#[cfg(any(feature = "futures", feature = "tokio"))]
pub mod asynchronous;
mod aws_kms;
mod body;
mod cache;
mod caching;
mod decrypt;
mod derive;
mod encrypt;
mod encrypted;
mod encryptor;
mod error;
mod frame;
mod header;
mod input;
mod keyring;
mod multi;
mod output;
mod parallel;
mod raw_aes;
mod raw_rsa;
mod reencrypt;
mod seal;
mod sealer;
mod signature;
mod suite;
#[cfg(test)]
mod tests;
mod verified;

pub use aws_kms::{AwsKmsKeys, DiscoveryFilter, NamedKey};
pub use cache::DataKeyCache;
pub use caching::{
    CacheLimits, CacheLimitsError, CachingKeyring, MOST_CACHED_BYTES, MOST_CACHED_MESSAGES,
};
pub use decrypt::{
    CommitmentPolicy, DEFAULT_MAX_HELD_BYTES, DecryptOptions, SignedMessages, decrypt, inspect,
};
pub use encrypt::{DEFAULT_FRAME_LENGTH, EncryptOptions, MAX_WRITTEN_FRAME_LENGTH, encrypt};
pub use encrypted::{Encrypted, InvalidValue, OpenError, Place, Plaintext, SealError};
pub use encryptor::MessageEncryptor;
pub use error::{DecryptError, EncryptError, KeyError, Part};
pub use header::{Content, Header, PUBLIC_KEY_CONTEXT_KEY};
pub use keyring::{
    AWS_KMS_PROVIDER, DataKey, DataKeys, DecryptionMaterialsRequest, EncryptedDataKey,
    EncryptionMaterialsRequest,
};
pub use multi::{MultiKeyring, MultiKeyringError};
pub use raw_aes::{RawAesError, RawAesKeyring};
pub use raw_rsa::{RSA_RECIPIENT_NAMESPACE, RawRsaError, RawRsaKeyring};
pub use reencrypt::{ReencryptError, Reencrypted, reencrypt};
pub use sealer::Sealer;
pub use suite::{AlgorithmSuite, MessageVersion};
pub use verified::{VerifiedMessage, verify};

/// Encrypted data keys that a message may have, unless the options say otherwise.
pub const DEFAULT_MAX_DATA_KEYS: usize = 16;

/// Message bytes that are read or written at once: enough that system calls cost little, and both
/// buffers stay in the second-level cache.
const BATCH_BYTES: usize = 512 * 1024;
/// The most frames in a batch, whatever their length.
const MAX_BATCH_FRAMES: usize = 64;

/// Frames of `frame_length` plaintext bytes in a batch.
fn batch_frames(frame_length: usize) -> usize {
    let stride = frame_length.saturating_add(frame::FRAME_OVERHEAD);
    (BATCH_BYTES / stride).clamp(1, MAX_BATCH_FRAMES)
}

/// A message that was written or read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its header, authenticated.
    pub header: Header,
    /// Bytes of plaintext.
    pub plaintext_length: u64,
}
