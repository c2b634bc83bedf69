//! From the data key to the key that encrypts, and the commitment to it.

use super::error::{DecryptError, Part};
use super::header::Header;
use super::suite::{AlgorithmSuite, Derivation};
use crate::crypto::aead::AesGcm;
use crate::crypto::kdf::{HkdfHash, hkdf};
use crate::crypto::{Failed, constant_time_eq};
use crate::secret::{Secret, SecretBytes};

/// Length of the commitment in bytes.
pub(super) const COMMITMENT_LENGTH: usize = 32;

/// The key of a version 2 message, and the commitment to the data key it came from.
pub(super) fn committing_key(
    suite: AlgorithmSuite,
    data_key: &SecretBytes,
    message_id: &[u8],
) -> Result<(AesGcm, [u8; COMMITMENT_LENGTH]), Failed> {
    let key_info = [&suite.id().to_be_bytes()[..], b"DERIVEKEY"].concat();
    let mut commitment = [0; COMMITMENT_LENGTH];
    let key = Secret::<32>::try_build(|key| {
        let mut outputs: [(&[u8], &mut [u8]); 2] =
            [(&key_info, key), (b"COMMITKEY", &mut commitment)];
        hkdf(
            HkdfHash::Sha512,
            message_id,
            data_key.expose(),
            &mut outputs,
        )
    })?;
    Ok((AesGcm::new(key.expose())?, commitment))
}

fn version_1_key(
    suite: AlgorithmSuite,
    hash: HkdfHash,
    data_key: &SecretBytes,
    message_id: &[u8],
) -> Result<AesGcm, Failed> {
    let info = [&suite.id().to_be_bytes()[..], message_id].concat();
    let salt: &[u8] = match hash {
        HkdfHash::Sha256 => &[0; 32],
        HkdfHash::Sha384 => &[0; 48],
        HkdfHash::Sha512 => &[0; 64],
    };
    let key = SecretBytes::try_build(suite.key_length(), |key| {
        hkdf(hash, salt, data_key.expose(), &mut [(&info, key)])
    })?;
    AesGcm::new(key.expose())
}

/// The key that opens a message; the commitment, if the suite has one, is checked before the key
/// is used for anything.
pub(super) fn message_key(header: &Header, data_key: &SecretBytes) -> Result<AesGcm, DecryptError> {
    let suite = header.suite;
    if data_key.len() != suite.key_length() {
        return Err(DecryptError::KeyMaterial);
    }
    let forged = |Failed| DecryptError::Forged(Part::Header);
    match suite.derivation() {
        Derivation::None => AesGcm::new(data_key.expose()).map_err(forged),
        Derivation::Hkdf(hash) => {
            version_1_key(suite, hash, data_key, &header.message_id).map_err(forged)
        }
        Derivation::Committing => {
            let (key, commitment) =
                committing_key(suite, data_key, &header.message_id).map_err(forged)?;
            if constant_time_eq(&commitment, &header.commitment) {
                Ok(key)
            } else {
                Err(DecryptError::CommitmentMismatch)
            }
        }
    }
}
