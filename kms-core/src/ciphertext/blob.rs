//! The ciphertext blob, `docs/spec/ciphertext-blob.md`.

use crate::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::kdf::Prk;
use crate::crypto::random::{self, Random};
use crate::crypto::{Failed, constant_time_eq};
use crate::ids::{KeyId, KeyMaterialId};
use crate::secret::{Secret, SecretBytes};

use super::EncryptionContext;

pub(super) const FORMAT: u8 = 1;
const SUITE: u8 = 1;
const KIND_UUID: u8 = 0;
const KIND_MULTI_REGION: u8 = 1;

/// Bytes before the commitment.
const DERIVED_FROM: usize = 59;
const NONCE: usize = 32;
const COMMITMENT: usize = 32;
/// Bytes before the ciphertext.
const HEADER: usize = DERIVED_FROM + COMMITMENT;
/// The longest plaintext in bytes.
pub const MAX_PLAINTEXT: usize = 4096;
/// How much longer a blob is than its plaintext.
pub const OVERHEAD: usize = HEADER + TAG_LENGTH;

const INFO: &[u8] = b"kms/v1/ciphertext";

/// A ciphertext that does not open; it says no more, since detail is an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext is invalid")]
pub struct InvalidCiphertext;

/// The first 8 bytes of a key material's id.
pub type MaterialTag = [u8; 8];

/// The short form of a key material's id that a blob carries.
#[must_use]
pub fn material_tag(material: &KeyMaterialId) -> MaterialTag {
    let mut tag = MaterialTag::default();
    for (byte, digits) in tag
        .iter_mut()
        .zip(material.as_str().as_bytes().chunks_exact(2))
    {
        *byte = digits
            .iter()
            .fold(0, |value, digit| value << 4 | hex_value(*digit));
    }
    tag
}

const fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => 0,
    }
}

/// A well-formed blob: what it says of itself, before anything is known to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiphertextBlob {
    key: KeyId,
    material: MaterialTag,
    bytes: Vec<u8>,
}

impl CiphertextBlob {
    /// Takes the blob apart without opening it.
    ///
    /// # Errors
    /// [`InvalidCiphertext`] unless the bytes are what [`seal`] could have written.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidCiphertext> {
        if bytes.len() <= OVERHEAD || bytes.len() > OVERHEAD + MAX_PLAINTEXT {
            return Err(InvalidCiphertext);
        }
        let (head, rest) = bytes.split_first_chunk::<3>().ok_or(InvalidCiphertext)?;
        let (key, rest) = rest.split_first_chunk::<16>().ok_or(InvalidCiphertext)?;
        let (material, _) = rest.split_first_chunk::<8>().ok_or(InvalidCiphertext)?;
        let [FORMAT, SUITE, kind] = *head else {
            return Err(InvalidCiphertext);
        };
        Ok(Self {
            key: key_of(kind, u128::from_be_bytes(*key)).ok_or(InvalidCiphertext)?,
            material: *material,
            bytes: bytes.to_vec(),
        })
    }

    /// The key that the header names.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The key material that the header names.
    #[must_use]
    pub fn material(&self) -> MaterialTag {
        self.material
    }

    /// Opens the blob with the key material that the header names.
    ///
    /// # Errors
    /// [`InvalidCiphertext`] when the material, the context or any bit is another.
    pub fn open(
        mut self,
        material: &Prk,
        context: &EncryptionContext,
    ) -> Result<SecretBytes, InvalidCiphertext> {
        let (header, sealed) = self
            .bytes
            .split_at_mut_checked(HEADER)
            .ok_or(InvalidCiphertext)?;
        let (derived_from, commitment) = header
            .split_at_checked(DERIVED_FROM)
            .ok_or(InvalidCiphertext)?;
        let keys = CallKeys::derive(material, derived_from).map_err(|_| InvalidCiphertext)?;
        if !constant_time_eq(keys.commitment(), commitment) {
            return Err(InvalidCiphertext);
        }
        let aad = bind(header, context).map_err(|_| InvalidCiphertext)?;
        let cipher = keys.cipher().map_err(|_| InvalidCiphertext)?;
        let opened = cipher
            .open(IV, &aad, sealed)
            .map_err(|_| InvalidCiphertext)?
            .len();
        self.bytes.truncate(HEADER + opened);
        self.bytes.drain(..HEADER);
        Ok(SecretBytes::new(self.bytes))
    }
}

/// The call key encrypts one message only, so that its IV need not vary.
const IV: [u8; NONCE_LENGTH] = [0; NONCE_LENGTH];

/// What one message is encrypted with: a key of its own, and the commitment to it.
struct CallKeys(Secret<64>);

impl CallKeys {
    fn derive(material: &Prk, derived_from: &[u8]) -> Result<Self, Failed> {
        material.expand(&[INFO, derived_from]).map(Self)
    }

    fn halves(&self) -> (&[u8], &[u8]) {
        self.0.expose().split_at(32)
    }

    fn cipher(&self) -> Result<AesGcm, Failed> {
        AesGcm::new(self.halves().0)
    }

    fn commitment(&self) -> &[u8] {
        self.halves().1
    }
}

fn bind(header: &[u8], context: &EncryptionContext) -> Result<Vec<u8>, Failed> {
    let mut aad = Vec::with_capacity(HEADER + 128);
    aad.extend_from_slice(header);
    aad.extend_from_slice(&context.serialise().map_err(|_| Failed)?);
    Ok(aad)
}

/// Which key material a blob is made with.
#[derive(Clone, Copy, Debug)]
pub struct SealingMaterial<'a> {
    /// The key.
    pub key: KeyId,
    /// The short form of the key material's id.
    pub tag: MaterialTag,
    /// The key material.
    pub prk: &'a Prk,
}

/// Encrypts `plaintext` (1 to 4,096 bytes) into a blob.
///
/// # Errors
/// [`Failed`] when there is no randomness or the context exceeds 65,535 bytes.
pub fn seal(
    material: SealingMaterial<'_>,
    context: &EncryptionContext,
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, Failed> {
    let mut blob = Vec::with_capacity(OVERHEAD + plaintext.len());
    blob.extend_from_slice(&[FORMAT, SUITE, kind(material.key)]);
    blob.extend_from_slice(&material.key.bits().to_be_bytes());
    blob.extend_from_slice(&material.tag);
    blob.extend_from_slice(&random::array::<NONCE>(random)?);
    let keys = CallKeys::derive(material.prk, &blob)?;
    blob.extend_from_slice(keys.commitment());
    let aad = bind(&blob, context)?;
    blob.extend_from_slice(plaintext);
    let (_, in_out) = blob.split_at_mut_checked(HEADER).ok_or(Failed)?;
    let tag = keys.cipher()?.seal_in_place(IV, &aad, in_out)?;
    blob.extend_from_slice(&tag);
    Ok(blob)
}

/// The key of that kind and those bits.
pub(super) const fn key_of(kind: u8, bits: u128) -> Option<KeyId> {
    match kind {
        KIND_UUID => Some(KeyId::Uuid(bits)),
        KIND_MULTI_REGION => Some(KeyId::MultiRegion(bits)),
        _ => None,
    }
}

pub(super) const fn kind(key: KeyId) -> u8 {
    match key {
        KeyId::Uuid(_) => KIND_UUID,
        KeyId::MultiRegion(_) => KIND_MULTI_REGION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    const KEY: KeyId = KeyId::Uuid(0x1234_abcd_12ab_34cd_56ef_1234_5678_90ab);
    const TAG: MaterialTag = [7; 8];

    fn context() -> EncryptionContext {
        [("purpose".to_owned(), "test".to_owned())]
            .into_iter()
            .collect()
    }

    fn sealed(prk: &Prk, plaintext: &[u8]) -> Vec<u8> {
        let material = SealingMaterial {
            key: KEY,
            tag: TAG,
            prk,
        };
        seal(material, &context(), plaintext, &SystemRandom).unwrap()
    }

    fn open(
        bytes: &[u8],
        prk: &Prk,
        context: &EncryptionContext,
    ) -> Result<Vec<u8>, InvalidCiphertext> {
        CiphertextBlob::parse(bytes)?
            .open(prk, context)
            .map(|plain| plain.expose().to_vec())
    }

    #[test]
    fn a_blob_opens_to_what_was_sealed_and_names_its_key() {
        let prk = Prk::extract(&[1; 32]);
        for length in [1, 32, 4096] {
            let plaintext = vec![0x5a; length];
            let blob = sealed(&prk, &plaintext);
            assert_eq!(blob.len(), length + OVERHEAD);
            let parsed = CiphertextBlob::parse(&blob).unwrap();
            assert_eq!((parsed.key(), parsed.material()), (KEY, TAG));
            assert_eq!(open(&blob, &prk, &context()).unwrap(), plaintext);
        }
    }

    #[test]
    fn no_single_bit_may_change() {
        let prk = Prk::extract(&[1; 32]);
        let blob = sealed(&prk, b"secret");
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                open(&flipped, &prk, &context()),
                Err(InvalidCiphertext),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn another_key_or_context_does_not_open_it() {
        let prk = Prk::extract(&[1; 32]);
        let blob = sealed(&prk, b"secret");
        assert!(open(&blob, &Prk::extract(&[2; 32]), &context()).is_err());
        assert!(open(&blob, &prk, &EncryptionContext::new()).is_err());
    }

    #[test]
    fn every_other_length_is_refused() {
        let prk = Prk::extract(&[1; 32]);
        let blob = sealed(&prk, b"secret");
        for length in 0..blob.len() {
            assert!(open(&blob[..length], &prk, &context()).is_err(), "{length}");
        }
        assert!(open(&[blob, vec![0]].concat(), &prk, &context()).is_err());
        assert!(CiphertextBlob::parse(&vec![1; OVERHEAD + MAX_PLAINTEXT + 1]).is_err());
    }

    #[test]
    fn two_blobs_of_one_plaintext_share_nothing_after_the_key() {
        let prk = Prk::extract(&[1; 32]);
        let (a, b) = (sealed(&prk, &[0; 32]), sealed(&prk, &[0; 32]));
        assert_eq!(a[..27], b[..27]);
        assert_ne!(a[27..59], b[27..59]);
        assert_ne!(a[91..], b[91..]);
    }

    #[test]
    fn the_material_tag_is_the_start_of_the_material_id() {
        let id: KeyMaterialId = format!("0123456789abcdef{}", "0".repeat(48))
            .parse()
            .unwrap();
        assert_eq!(
            material_tag(&id),
            [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
        );
    }
}
