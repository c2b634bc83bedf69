//! Envelope encryption for applications: values, columns, files and streams, in the message format of
//! the AWS Encryption SDK, which SDKs in every language read.
//!
//! Every message has a data key of its own or shares one, and carries it with it, encrypted by one or more
//! keys that are kept elsewhere. Written is version 2 with suite 0x0478 (AES-256-GCM, HKDF-SHA512, key
//! commitment) or 0x0578, which signs as well, framed; read are both versions and all suites.
//! `docs/spec/envelope.md` tells what is written and refused; the format itself is Amazon's "AWS Encryption
//! SDK Specification".
//!
//! | for | there is |
//! |---|---|
//! | a value in memory | [`Sealer`] |
//! | a field of a structure, a column of a table | [`Encrypted`] |
//! | a stream or file, of any size | [`encrypt()`], [`decrypt()`], [`verify()`] |
//! | the same, asynchronously | the module `asynchronous` (features `futures`, `tokio`) |
//! | plaintext that comes in pieces | [`MessageEncryptor`] |
//! | other recipients for an old message | [`reencrypt()`] |
//! | fewer calls to a key service | [`CachingKeyring`] |
//!
//! # A value
//!
//! A keyring gives data keys; a [`Sealer`] makes messages with them.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use kms_core::ciphertext::EncryptionContext;
//! use kms_core::crypto::random::{Random, SystemRandom};
//! use kms_core::envelope::{RawAesKeyring, Sealer};
//! use kms_core::secret::SecretBytes;
//!
//! let key = SecretBytes::try_build(32, |key| SystemRandom.fill(key))?;
//! let keyring = RawAesKeyring::new("example", "2026", &key, Arc::new(SystemRandom))?;
//! let sealer = Sealer::new(keyring, Arc::new(SystemRandom));
//!
//! let context = EncryptionContext::from([("purpose", "api-token")]);
//! let message = sealer.seal(b"attack at dawn", &context)?;
//! assert_eq!(sealer.open(&message, &context)?.expose(), b"attack at dawn");
//! # Ok(())
//! # }
//! ```
//!
//! # The encryption context
//!
//! Pairs of text that say what a message is for. They are not secret: they stand in the message in clear, and
//! in the log of the service that keeps the key, whose policies can ask for them. They are authenticated, and
//! the data key is bound to them (but by [`RawRsaKeyring`], which cannot bind): so a message cannot pass for
//! one that was made for something else. [`Sealer::open`] asks for the whole context again; [`decrypt()`] reads
//! whatever message it gets and compares what [`DecryptOptions::reproduced_context`] names. Pairs that are better
//! not stored, since they are long or tell too much, are *required* ones
//! ([`Sealer::with_required_context_keys`], [`EncryptOptions::required_context_keys`]): whoever decrypts must
//! bring them.
//!
//! # A column
//!
//! An [`Encrypted`] value opens in the [`Place`] that it was sealed for, so nobody can swap two rows, or put a
//! value into another column, without being noticed.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::sync::Arc;
//! # use kms_core::crypto::random::SystemRandom;
//! # use kms_core::envelope::{RawAesKeyring, Sealer};
//! # let key = kms_core::secret::SecretBytes::new(vec![7; 32]);
//! # let keyring = RawAesKeyring::new("example", "key", &key, Arc::new(SystemRandom))?;
//! # let sealer = Sealer::new(keyring, Arc::new(SystemRandom));
//! use kms_core::envelope::{Encrypted, Place};
//!
//! let ssn = Place::new([("table", "people"), ("column", "ssn")]);
//! let sealed = Encrypted::seal(&"078-05-1120".to_owned(), &ssn.row(42), &sealer)?;
//! let column: &[u8] = sealed.as_bytes();
//!
//! let stored = Encrypted::<String>::from_bytes(column.to_vec());
//! assert_eq!(stored.open(&ssn.row(42), &sealer)?, "078-05-1120");
//! assert!(stored.open(&ssn.row(43), &sealer).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Keyrings
//!
//! * [`RawAesKeyring`]: a key that the application holds.
//! * [`RawRsaKeyring`]: a public key to encrypt, a private key elsewhere to decrypt.
//! * [`MultiKeyring`]: several recipients, each of whom can open the message alone.
//! * For a key of a KMS, implement [`DataKeys`] over GenerateDataKey, Encrypt and Decrypt, of
//!   [`Engine`](crate::service::Engine) or of an endpoint; [`AwsKmsKeys`] decides which keys that a message names
//!   may be asked.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::sync::Arc;
//! # use kms_core::ciphertext::EncryptionContext;
//! # use kms_core::crypto::random::SystemRandom;
//! # use kms_core::envelope::RawAesKeyring;
//! # use kms_core::secret::SecretBytes;
//! use kms_core::envelope::{MultiKeyring, Sealer};
//! # let raw = |name: &str, byte| {
//! #     let key = SecretBytes::new(vec![byte; 32]);
//! #     RawAesKeyring::new("example", name, &key, Arc::new(SystemRandom))
//! # };
//! # let (today, emergency) = (raw("today", 1)?, raw("emergency", 2)?);
//! # let context = EncryptionContext::from([("purpose", "api-token")]);
//!
//! let both = MultiKeyring::with_generator(Box::new(&today)).and(Box::new(&emergency));
//! let message = Sealer::new(both, Arc::new(SystemRandom)).seal(b"attack at dawn", &context)?;
//! let opened = Sealer::new(&emergency, Arc::new(SystemRandom)).open(&message, &context)?;
//! assert_eq!(opened.expose(), b"attack at dawn");
//! # Ok(())
//! # }
//! ```
//!
//! Whoever can decrypt the data key of a message could have written it. With several recipients who do not trust
//! each other, sign: [`Sealer::signed`], [`EncryptOptions::sign`].
//!
//! # Data keys for several messages
//!
//! Where a key service stands behind the keyring, each message costs a call. [`CachingKeyring`] lets messages with
//! the same context share a data key, within limits of age, messages and bytes; its page says why that is sound and
//! what it costs. It is off unless it is put around a keyring.
//!
//! # Streams
//!
//! Constant memory, whatever the length. What [`decrypt()`] writes before it returns is authentic, but only `Ok`
//! says that it is all: put it where an error can take it back, or [`verify()`] first.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::sync::Arc;
//! # use kms_core::ciphertext::EncryptionContext;
//! # use kms_core::crypto::random::SystemRandom;
//! # use kms_core::envelope::RawAesKeyring;
//! use kms_core::envelope::{self, DecryptOptions, EncryptOptions};
//! # let key = kms_core::secret::SecretBytes::new(vec![7; 32]);
//! # let keyring = RawAesKeyring::new("example", "key", &key, Arc::new(SystemRandom))?;
//! let context = EncryptionContext::from([("host", "db1")]);
//! let (mut reader, mut message) = (b"plaintext".as_slice(), Vec::new());
//! let (options, random) = (EncryptOptions::default(), SystemRandom);
//! envelope::encrypt(&mut reader, &mut message, &keyring, &context, &options, &random)?;
//!
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
mod ranges;
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
pub use ranges::{FrameLayout, MessageStart, RandomAccessReader, RangedMessage};
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
