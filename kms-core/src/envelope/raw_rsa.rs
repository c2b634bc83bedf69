//! The raw RSA keyring: data keys encrypted to a public key whose private key the reader holds.

use std::fmt;
use std::sync::Arc;

use super::error::KeyError;
use super::keyring::{DataKey, DataKeys, EncryptedDataKey, RawKeyName, generate_and_wrap};
use crate::ciphertext::EncryptionContext;
use crate::crypto::Failed;
use crate::crypto::asymmetric::{RsaDecryptingKey, RsaEncryptingKey, RsaPadding};
use crate::crypto::digest::{hexadecimal, sha256};
use crate::crypto::random::Random;
use crate::secret::SecretBytes;

/// The namespace of keys that are named after themselves.
pub const RSA_RECIPIENT_NAMESPACE: &str = "kms-rsa-oaep-sha256";

/// Why a raw RSA keyring cannot be made or gives no data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawRsaError {
    /// The namespace or name is not ASCII, or the namespace is the one of AWS KMS.
    #[error("a key namespace and name must be ASCII text, and the namespace not aws-kms")]
    Name,
    /// The bytes are no RSA key of 2048 to 8192 bits in the form that is asked for.
    #[error("an RSA key must have 2048 to 8192 bits, as SubjectPublicKeyInfo or PKCS#8")]
    Key,
    /// The keyring has a public key only.
    #[error("only a private RSA key decrypts")]
    NoPrivateKey,
    /// No encrypted data key opens under this key.
    #[error("no encrypted data key opens under the raw RSA key")]
    NoDataKey,
}

enum Key {
    Public(RsaEncryptingKey),
    Private(RsaDecryptingKey),
}

/// Encrypts data keys to an RSA public key.
///
/// The encryption context is *not* bound to the data key, only to the message: of two messages with
/// one data key, either opens with the other's.
pub struct RawRsaKeyring {
    marked: RawKeyName,
    padding: RsaPadding,
    key: Key,
    random: Arc<dyn Random>,
}

impl fmt::Debug for RawRsaKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRsaKeyring")
            .field("namespace", &self.marked.namespace)
            .field("name", &self.marked.name)
            .field("padding", &self.padding)
            .finish_non_exhaustive()
    }
}

impl RawRsaKeyring {
    /// A keyring that encrypts to the public key `spki` (`SubjectPublicKeyInfo`, DER), and decrypts
    /// nothing. Its data keys are marked with `namespace` and `name`.
    ///
    /// # Errors
    /// [`RawRsaError::Name`] and [`RawRsaError::Key`].
    pub fn of_public_key(
        namespace: &str,
        name: &str,
        padding: RsaPadding,
        spki: &[u8],
        random: Arc<dyn Random>,
    ) -> Result<Self, RawRsaError> {
        let key = RsaEncryptingKey::open(spki).map_err(|_| RawRsaError::Key)?;
        Self::new(namespace, name, padding, Key::Public(key), random)
    }

    /// A keyring that decrypts with the private key `pkcs8` (PKCS#8, DER) the data keys that bear
    /// `namespace` and `name`, and encrypts to its public key.
    ///
    /// # Errors
    /// [`RawRsaError::Name`] and [`RawRsaError::Key`].
    pub fn of_private_key(
        namespace: &str,
        name: &str,
        padding: RsaPadding,
        pkcs8: &SecretBytes,
        random: Arc<dyn Random>,
    ) -> Result<Self, RawRsaError> {
        let key = RsaDecryptingKey::open(pkcs8.expose()).map_err(|_| RawRsaError::Key)?;
        Self::new(namespace, name, padding, Key::Private(key), random)
    }

    /// A keyring that encrypts to the owner of the public key `spki`, with RSAES-OAEP and SHA-256:
    /// the namespace is [`RSA_RECIPIENT_NAMESPACE`], and the name the SHA-256 digest of `spki` in
    /// lower-case hexadecimal.
    ///
    /// # Errors
    /// [`RawRsaError::Key`].
    pub fn for_recipient(spki: &[u8], random: Arc<dyn Random>) -> Result<Self, RawRsaError> {
        let name = fingerprint(spki);
        let padding = RsaPadding::OaepSha256;
        Self::of_public_key(RSA_RECIPIENT_NAMESPACE, &name, padding, spki, random)
    }

    /// The keyring of a recipient, which decrypts what [`RawRsaKeyring::for_recipient`] encrypted to
    /// the public key of `pkcs8`.
    ///
    /// # Errors
    /// [`RawRsaError::Key`].
    pub fn of_recipient(pkcs8: &SecretBytes, random: Arc<dyn Random>) -> Result<Self, RawRsaError> {
        let key = RsaDecryptingKey::open(pkcs8.expose()).map_err(|_| RawRsaError::Key)?;
        let name = fingerprint(key.public().spki());
        let (padding, key) = (RsaPadding::OaepSha256, Key::Private(key));
        Self::new(RSA_RECIPIENT_NAMESPACE, &name, padding, key, random)
    }

    fn new(
        namespace: &str,
        name: &str,
        padding: RsaPadding,
        key: Key,
        random: Arc<dyn Random>,
    ) -> Result<Self, RawRsaError> {
        Ok(Self {
            marked: RawKeyName::new(namespace, name).ok_or(RawRsaError::Name)?,
            padding,
            key,
            random,
        })
    }

    fn public(&self) -> &RsaEncryptingKey {
        match &self.key {
            Key::Public(key) => key,
            Key::Private(key) => key.public(),
        }
    }

    fn is_own(&self, key: &EncryptedDataKey) -> bool {
        key.provider_id == self.marked.namespace && key.provider_info == self.marked.name.as_bytes()
    }
}

fn fingerprint(spki: &[u8]) -> String {
    hexadecimal(&sha256(spki))
}

impl DataKeys for RawRsaKeyring {
    fn generate(&self, length: usize, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        generate_and_wrap(self, length, context, self.random.as_ref())
    }

    fn wrap(
        &self,
        data_key: &SecretBytes,
        _: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        Ok(vec![EncryptedDataKey {
            provider_id: self.marked.namespace.clone(),
            provider_info: self.marked.name.as_bytes().to_vec(),
            ciphertext: self.public().encrypt(self.padding, data_key.expose())?,
        }])
    }

    fn unwrap(
        &self,
        encrypted: &[EncryptedDataKey],
        _: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, KeyError> {
        let Key::Private(private) = &self.key else {
            return Err(RawRsaError::NoPrivateKey.into());
        };
        // A failure of the padding and a plaintext of another length are not told apart.
        let open = |key: &EncryptedDataKey| {
            let plaintext = private.decrypt(self.padding, &key.ciphertext)?;
            (plaintext.len() == length)
                .then_some(plaintext)
                .ok_or(Failed)
        };
        encrypted
            .iter()
            .filter(|key| self.is_own(key))
            .find_map(|key| open(key).ok())
            .ok_or_else(|| RawRsaError::NoDataKey.into())
    }
}
