//! The bytes of a sealed blob, the same for every provider.

use super::{ProviderKind, SealError};
use crate::crypto::Failed;
use crate::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::kdf::Prk;
use crate::secret::{Secret, SecretBytes};

const MAGIC: &[u8; 8] = b"kms-seal";
const VERSION: u8 = 1;
pub(super) const SALT_LENGTH: usize = 32;

/// A sealed blob, taken apart but not opened.
pub(super) struct SealedBlob<'a> {
    pub(super) provider: ProviderKind,
    pub(super) parameters: &'a [u8],
    pub(super) salt: &'a [u8; SALT_LENGTH],
    /// All that stands before the ciphertext.
    header: &'a [u8],
    /// Ciphertext and tag.
    body: &'a [u8],
}

impl<'a> SealedBlob<'a> {
    pub(super) fn parse(sealed: &'a [u8]) -> Result<Self, SealError> {
        let (magic, rest) = sealed.split_first_chunk().ok_or(SealError::Malformed)?;
        let (&[version, provider], rest) = rest.split_first_chunk().ok_or(SealError::Malformed)?;
        if magic != MAGIC {
            return Err(SealError::Malformed);
        }
        if version != VERSION {
            return Err(SealError::UnknownVersion(version));
        }
        let provider = ProviderKind::from_code(provider).ok_or(SealError::Malformed)?;
        let (length, rest) = rest.split_first_chunk().ok_or(SealError::Malformed)?;
        let (parameters, rest) = rest
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(SealError::Malformed)?;
        let (salt, body) = rest.split_first_chunk().ok_or(SealError::Malformed)?;
        let header_length = sealed.len() - body.len();
        let (header, body) = sealed
            .split_at_checked(header_length)
            .filter(|(_, body)| body.len() >= TAG_LENGTH)
            .ok_or(SealError::Malformed)?;
        Ok(Self {
            provider,
            parameters,
            salt,
            header,
            body,
        })
    }

    /// The blob, if `provider` made it.
    pub(super) fn parse_of(sealed: &'a [u8], provider: ProviderKind) -> Result<Self, SealError> {
        let blob = Self::parse(sealed)?;
        if blob.provider != provider {
            return Err(SealError::OtherProvider {
                found: blob.provider,
                asked: provider,
            });
        }
        Ok(blob)
    }

    pub(super) fn open(&self, guard: &Secret<32>) -> Result<SecretBytes, Failed> {
        let key = sealing_key(guard, self.provider, self.salt)?;
        let mut buffer = self.body.to_vec();
        let length = key.open(NONCE, self.header, &mut buffer)?.len();
        buffer.truncate(length);
        Ok(SecretBytes::new(buffer))
    }
}

/// The key is derived from a fresh salt and seals one message, so the nonce need not differ.
const NONCE: [u8; NONCE_LENGTH] = [0; NONCE_LENGTH];

pub(super) fn seal(
    provider: ProviderKind,
    parameters: &[u8],
    salt: &[u8; SALT_LENGTH],
    guard: &Secret<32>,
    secret: &[u8],
) -> Result<Vec<u8>, Failed> {
    let parameters_length = u16::try_from(parameters.len()).map_err(|_| Failed)?;
    let mut header = Vec::new();
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&[VERSION, provider.code()]);
    header.extend_from_slice(&parameters_length.to_be_bytes());
    header.extend_from_slice(parameters);
    header.extend_from_slice(salt);
    let mut sealed = Vec::with_capacity(header.len() + secret.len() + TAG_LENGTH);
    sealed.extend_from_slice(&header);
    sealed.extend_from_slice(secret);
    let body = sealed.get_mut(header.len()..).ok_or(Failed)?;
    let tag = sealing_key(guard, provider, salt)?.seal_in_place(NONCE, &header, body)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

fn sealing_key(
    guard: &Secret<32>,
    provider: ProviderKind,
    salt: &[u8; SALT_LENGTH],
) -> Result<AesGcm, Failed> {
    let key: Secret<32> =
        Prk::extract(guard.expose()).expand(&[b"kms/v1/seal", &[provider.code()], salt])?;
    AesGcm::new(key.expose())
}
