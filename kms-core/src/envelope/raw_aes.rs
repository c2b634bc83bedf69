//! The raw AES keyring: data keys encrypted under a key that the caller holds.

use std::fmt;
use std::sync::Arc;

use super::error::KeyError;
use super::keyring::{DataKey, DataKeys, EncryptedDataKey, RawKeyName, generate_and_wrap};
use crate::ciphertext::EncryptionContext;
use crate::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::random::{Random, array};
use crate::secret::SecretBytes;

/// What follows the key name in the provider info: tag length in bits, IV length in bytes.
const LENGTHS: [u8; 8] = [0, 0, 0, 128, 0, 0, 0, 12];

/// Why a raw AES keyring cannot be made or gives no data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawAesError {
    /// The namespace or name is not ASCII, or the namespace is the one of AWS KMS.
    #[error("a key namespace and name must be ASCII text, and the namespace not aws-kms")]
    Name,
    /// The wrapping key is not of 16, 24 or 32 bytes.
    #[error("a wrapping key must have 16, 24 or 32 bytes")]
    KeyLength,
    /// No encrypted data key opens under this key and encryption context.
    #[error("no encrypted data key opens under the raw AES key")]
    NoDataKey,
}

/// Encrypts data keys with AES-GCM under one key of 128, 192 or 256 bits.
///
/// Each data key has a random IV of 96 bits: a wrapping key serves 2³² messages.
pub struct RawAesKeyring {
    marked: RawKeyName,
    key: AesGcm,
    random: Arc<dyn Random>,
}

impl fmt::Debug for RawAesKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawAesKeyring")
            .field("namespace", &self.marked.namespace)
            .field("name", &self.marked.name)
            .finish_non_exhaustive()
    }
}

impl RawAesKeyring {
    /// A keyring that marks its data keys with `namespace` and `name` and decrypts only those that
    /// bear both.
    ///
    /// # Errors
    /// [`RawAesError::Name`] and [`RawAesError::KeyLength`].
    pub fn new(
        namespace: &str,
        name: &str,
        wrapping_key: &SecretBytes,
        random: Arc<dyn Random>,
    ) -> Result<Self, RawAesError> {
        Ok(Self {
            marked: RawKeyName::new(namespace, name).ok_or(RawAesError::Name)?,
            key: AesGcm::new(wrapping_key.expose()).map_err(|_| RawAesError::KeyLength)?,
            random,
        })
    }

    /// The IV, when `key` is marked as one of this keyring's.
    fn nonce(&self, key: &EncryptedDataKey) -> Option<[u8; NONCE_LENGTH]> {
        let info = key.provider_info.as_slice();
        let nonce = info
            .strip_prefix(self.marked.name.as_bytes())?
            .strip_prefix(LENGTHS.as_slice())?;
        nonce
            .try_into()
            .ok()
            .filter(|_| key.provider_id == self.marked.namespace)
    }

    fn open(&self, key: &EncryptedDataKey, aad: &[u8], length: usize) -> Option<SecretBytes> {
        let nonce = self.nonce(key)?;
        let (ciphertext, tag) = key.ciphertext.split_last_chunk::<TAG_LENGTH>()?;
        if ciphertext.len() != length {
            return None;
        }
        SecretBytes::try_build(length, |plaintext| {
            self.key.open_into(nonce, aad, ciphertext, tag, plaintext)
        })
        .ok()
    }
}

impl DataKeys for RawAesKeyring {
    fn generate(&self, length: usize, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        generate_and_wrap(self, length, context, self.random.as_ref())
    }

    fn wrap(
        &self,
        data_key: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        let nonce: [u8; NONCE_LENGTH] = array(self.random.as_ref())?;
        let aad = context.serialise()?;
        // Sealed in place with room for the tag, so that no copy of the key stays behind.
        let mut ciphertext = Vec::with_capacity(data_key.len() + TAG_LENGTH);
        ciphertext.extend_from_slice(data_key.expose());
        self.key.seal(nonce, &aad, &mut ciphertext)?;
        Ok(vec![EncryptedDataKey {
            provider_id: self.marked.namespace.clone(),
            provider_info: [self.marked.name.as_bytes(), &LENGTHS, &nonce].concat(),
            ciphertext,
        }])
    }

    fn unwrap(
        &self,
        encrypted: &[EncryptedDataKey],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, KeyError> {
        let aad = context.serialise()?;
        encrypted
            .iter()
            .find_map(|key| self.open(key, &aad, length))
            .ok_or_else(|| RawAesError::NoDataKey.into())
    }
}
