//! The joint between messages and keys.

use std::sync::Arc;

use super::error::KeyError;
use super::suite::AlgorithmSuite;
use crate::ciphertext::EncryptionContext;
use crate::crypto::random::Random;
use crate::secret::SecretBytes;

/// The provider id of data keys that AWS KMS, or a service that speaks its protocol, encrypted.
pub const AWS_KMS_PROVIDER: &str = "aws-kms";

/// The provider id of an encrypted data key that is none: it fills the header up to a length, and no
/// keyring takes it for its own.
pub(super) const PADDING_PROVIDER: &str = "kms-padding";

/// A data key encrypted for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// Who can decrypt it: [`AWS_KMS_PROVIDER`], or the namespace of a raw key. At most 65,535
    /// bytes, like the two other fields.
    pub provider_id: String,
    /// Under which key: for `aws-kms` the key ARN.
    pub provider_info: Vec<u8>,
    /// The encrypted data key: for `aws-kms` a `CiphertextBlob`.
    pub ciphertext: Vec<u8>,
}

impl EncryptedDataKey {
    /// A data key as GenerateDataKey and Encrypt of AWS KMS return it.
    #[must_use]
    pub fn aws_kms(key_arn: &str, ciphertext_blob: Vec<u8>) -> Self {
        Self {
            provider_id: AWS_KMS_PROVIDER.to_owned(),
            provider_info: key_arn.as_bytes().to_vec(),
            ciphertext: ciphertext_blob,
        }
    }

    /// The key ARN, when the provider is `aws-kms` and the info is text.
    #[must_use]
    pub fn aws_kms_key_arn(&self) -> Option<&str> {
        (self.provider_id == AWS_KMS_PROVIDER)
            .then(|| std::str::from_utf8(&self.provider_info).ok())
            .flatten()
    }
}

/// A fresh data key, in clear for this message and encrypted for each recipient.
#[derive(Debug)]
pub struct DataKey {
    /// The key itself.
    pub plaintext: SecretBytes,
    /// The same key for each recipient; at least one.
    pub encrypted: Vec<EncryptedDataKey>,
}

/// What a message that is to be written asks of its keyring: the *encryption materials request* of
/// the AWS Encryption SDK.
#[derive(Clone, Copy, Debug)]
pub struct EncryptionMaterialsRequest<'a> {
    /// The suite that the message will have; it tells how long the data key is.
    pub suite: AlgorithmSuite,
    /// What the data key is bound to: all pairs, stored in the message or not.
    pub context: &'a EncryptionContext,
    /// Bytes of plaintext, where they are known before they are encrypted.
    pub plaintext_length: Option<u64>,
}

/// What a message that is to be read asks of a keyring: the *decrypt materials request* of the AWS
/// Encryption SDK. Nothing of it is authenticated yet.
#[derive(Clone, Copy, Debug)]
pub struct DecryptionMaterialsRequest<'a> {
    /// The suite that the message says it has.
    pub suite: AlgorithmSuite,
    /// What the data key must be bound to.
    pub context: &'a EncryptionContext,
    /// The data key, encrypted for each recipient.
    pub encrypted_data_keys: &'a [EncryptedDataKey],
}

/// A keyring: makes data keys, encrypts them for its recipients and decrypts them again.
///
/// The embedded engine, a remote endpoint and a raw key each make one, and several together make
/// one too ([`MultiKeyring`](super::MultiKeyring)).
pub trait DataKeys {
    /// A fresh data key of `length` bytes, bound to `context` wherever the provider can bind.
    ///
    /// # Errors
    /// Whatever stands behind the keyring says.
    fn generate(&self, length: usize, context: &EncryptionContext) -> Result<DataKey, KeyError>;

    /// The data key that another keyring made, encrypted for each recipient of this one and bound
    /// to `context` wherever the provider can bind; at least one.
    ///
    /// # Errors
    /// Whatever stands behind the keyring says.
    fn wrap(
        &self,
        data_key: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError>;

    /// The data key of `length` bytes out of the first of `encrypted` that this keyring can
    /// decrypt under `context`.
    ///
    /// `encrypted` is not authenticated yet: anybody may have written it.
    ///
    /// # Errors
    /// Whatever stands behind the keyring says when none can be decrypted.
    fn unwrap(
        &self,
        encrypted: &[EncryptedDataKey],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, KeyError>;

    /// The data key for one message: a fresh one, unless the keyring keeps data keys for several
    /// ([`CachingKeyring`](super::CachingKeyring)).
    ///
    /// # Errors
    /// Whatever stands behind the keyring says.
    fn encryption_materials(
        &self,
        request: &EncryptionMaterialsRequest<'_>,
    ) -> Result<DataKey, KeyError> {
        self.generate(request.suite.key_length(), request.context)
    }

    /// The data key of one message.
    ///
    /// # Errors
    /// Whatever stands behind the keyring says.
    fn decryption_materials(
        &self,
        request: &DecryptionMaterialsRequest<'_>,
    ) -> Result<SecretBytes, KeyError> {
        let length = request.suite.key_length();
        self.unwrap(request.encrypted_data_keys, request.context, length)
    }
}

/// What points to a keyring is one.
macro_rules! keyring_behind {
    ($($pointer:ty),*) => {$(
        impl<K: DataKeys + ?Sized> DataKeys for $pointer {
            fn generate(
                &self,
                length: usize,
                context: &EncryptionContext,
            ) -> Result<DataKey, KeyError> {
                (**self).generate(length, context)
            }

            fn wrap(
                &self,
                data_key: &SecretBytes,
                context: &EncryptionContext,
            ) -> Result<Vec<EncryptedDataKey>, KeyError> {
                (**self).wrap(data_key, context)
            }

            fn unwrap(
                &self,
                encrypted: &[EncryptedDataKey],
                context: &EncryptionContext,
                length: usize,
            ) -> Result<SecretBytes, KeyError> {
                (**self).unwrap(encrypted, context, length)
            }

            fn encryption_materials(
                &self,
                request: &EncryptionMaterialsRequest<'_>,
            ) -> Result<DataKey, KeyError> {
                (**self).encryption_materials(request)
            }

            fn decryption_materials(
                &self,
                request: &DecryptionMaterialsRequest<'_>,
            ) -> Result<SecretBytes, KeyError> {
                (**self).decryption_materials(request)
            }
        }
    )*};
}

keyring_behind!(&K, Box<K>, Arc<K>);

/// What the data keys of a raw key are marked with.
pub(super) struct RawKeyName {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl RawKeyName {
    /// `None` when one is not ASCII, or the namespace is the one of AWS KMS.
    pub(super) fn new(namespace: &str, name: &str) -> Option<Self> {
        let fits = namespace.is_ascii() && name.is_ascii() && namespace != AWS_KMS_PROVIDER;
        fits.then(|| Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// A data key of `length` bytes out of `random`, encrypted by `keyring`.
pub(super) fn generate_and_wrap(
    keyring: &dyn DataKeys,
    length: usize,
    context: &EncryptionContext,
    random: &dyn Random,
) -> Result<DataKey, KeyError> {
    let plaintext = SecretBytes::try_build(length, |key| random.fill(key))?;
    let encrypted = keyring.wrap(&plaintext, context)?;
    Ok(DataKey {
        plaintext,
        encrypted,
    })
}
