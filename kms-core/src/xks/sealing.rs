//! What this service encrypts with as a proxy: a key for each message, derived from a key material.

use crate::ciphertext::blob::{MaterialTag, SealingMaterial};
use crate::ciphertext::{InvalidCiphertext, OuterLayer};
use crate::crypto::Failed;
use crate::crypto::aead::{AesGcm, NONCE_LENGTH};
use crate::crypto::random::{self, Random};
use crate::secret::{Secret, SecretBytes};

use super::{MAX_CIPHERTEXT_METADATA, authenticated};

const VERSION: u8 = 1;
const VECTOR: usize = 16;
const INFO: &[u8] = b"kms/v1/xks-proxy";

/// A message key encrypts one message only, so that its IV need not vary.
const IV: [u8; NONCE_LENGTH] = [0; NONCE_LENGTH];

/// The key material that a `ciphertextMetadata` of this service names.
///
/// # Errors
/// [`InvalidCiphertext`] unless this service could have written it.
pub fn material_of(metadata: &[u8]) -> Result<MaterialTag, InvalidCiphertext> {
    if metadata.len() != MAX_CIPHERTEXT_METADATA {
        return Err(InvalidCiphertext);
    }
    match metadata.split_first() {
        Some((&VERSION, rest)) => rest.first_chunk().copied().ok_or(InvalidCiphertext),
        _ => Err(InvalidCiphertext),
    }
}

fn message_key(
    material: SealingMaterial<'_>,
    metadata: &[u8],
    vector: &[u8],
) -> Result<AesGcm, Failed> {
    let key = material.key.bits().to_be_bytes();
    let okm: Secret<32> = material.prk.expand(&[INFO, &key, metadata, vector])?;
    AesGcm::new(okm.expose())
}

/// Encrypts `plaintext`, bound to `additional`.
///
/// # Errors
/// [`Failed`] when there is no randomness, or `additional` exceeds 65,535 bytes.
pub fn seal(
    material: SealingMaterial<'_>,
    additional: &[u8],
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<OuterLayer, Failed> {
    let mut metadata = vec![VERSION];
    metadata.extend_from_slice(&material.tag);
    metadata.extend_from_slice(&random::array::<11>(random)?);
    let vector = random::array::<VECTOR>(random)?;
    let aad = authenticated(additional, &metadata).ok_or(Failed)?;
    let mut ciphertext = plaintext.to_vec();
    let cipher = message_key(material, &metadata, &vector)?;
    let tag = cipher.seal_in_place(IV, &aad, &mut ciphertext)?;
    Ok(OuterLayer {
        metadata,
        initialization_vector: vector.to_vec(),
        tag: tag.to_vec(),
        ciphertext,
    })
}

/// Decrypts what [`seal`] made with the material that [`material_of`] names.
///
/// # Errors
/// [`InvalidCiphertext`] when the material, `additional` or any bit is another.
pub fn open(
    material: SealingMaterial<'_>,
    additional: &[u8],
    layer: OuterLayer,
) -> Result<SecretBytes, InvalidCiphertext> {
    let named = material_of(&layer.metadata)?;
    if layer.initialization_vector.len() != VECTOR || named != material.tag {
        return Err(InvalidCiphertext);
    }
    let aad = authenticated(additional, &layer.metadata).ok_or(InvalidCiphertext)?;
    let cipher = message_key(material, &layer.metadata, &layer.initialization_vector);
    let cipher = cipher.map_err(|_| InvalidCiphertext)?;
    let length = layer.ciphertext.len();
    let mut sealed = layer.ciphertext;
    sealed.extend_from_slice(&layer.tag);
    let opened = cipher.open(IV, &aad, &mut sealed);
    if opened.map_err(|_| InvalidCiphertext)?.len() != length {
        return Err(InvalidCiphertext);
    }
    sealed.truncate(length);
    Ok(SecretBytes::new(sealed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kdf::Prk;
    use crate::crypto::random::SystemRandom;
    use crate::ids::KeyId;

    fn material(prk: &Prk, key: u128) -> SealingMaterial<'_> {
        SealingMaterial {
            key: KeyId::Uuid(key),
            tag: [7; 8],
            prk,
        }
    }

    #[test]
    fn what_is_sealed_opens_and_nothing_that_was_changed_does() {
        let prk = Prk::extract(&[1; 32]);
        let own = material(&prk, 5);
        let sealed = seal(own, b"aad", b"attack", &SystemRandom).unwrap();
        assert_eq!((sealed.metadata.len(), sealed.ciphertext.len()), (20, 6));
        let opened = open(own, b"aad", sealed.clone()).unwrap();
        assert_eq!(opened.expose(), b"attack");
        assert!(open(own, b"aae", sealed.clone()).is_err());
        assert!(open(material(&prk, 6), b"aad", sealed.clone()).is_err());
        let other = Prk::extract(&[2; 32]);
        assert!(open(material(&other, 5), b"aad", sealed.clone()).is_err());
        let parts: [fn(&mut OuterLayer) -> &mut Vec<u8>; 4] = [
            |layer| &mut layer.metadata,
            |layer| &mut layer.initialization_vector,
            |layer| &mut layer.tag,
            |layer| &mut layer.ciphertext,
        ];
        for part in parts {
            let length = part(&mut sealed.clone()).len();
            for bit in 0..length * 8 {
                let mut changed = sealed.clone();
                part(&mut changed)[bit / 8] ^= 1 << (bit % 8);
                assert!(open(own, b"aad", changed).is_err(), "bit {bit}");
            }
            let mut shorter = sealed.clone();
            part(&mut shorter).pop();
            assert!(open(own, b"aad", shorter).is_err());
            let mut longer = sealed.clone();
            part(&mut longer).push(0);
            assert!(open(own, b"aad", longer).is_err());
        }
        assert!(material_of(b"").is_err() && material_of(&[2; 20]).is_err());
    }
}
