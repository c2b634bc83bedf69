//! Key material: the secret behind a key; a symmetric one has one for each rotation.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::import::Imported;
use super::rotation::RotationCause;
use crate::crypto::Failed;
use crate::crypto::digest::sha256_of;
use crate::crypto::kdf::Prk;
use crate::crypto::random::Random;
use crate::ids::{KeyId, KeyMaterialId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// 256 random bits from which the keys of single messages are derived; it encrypts nothing itself.
#[derive(Debug)]
pub struct BackingKey(Secret<32>);

impl BackingKey {
    /// Draws a new one.
    ///
    /// # Errors
    /// [`Failed`] when there is no randomness.
    pub fn generate(random: &dyn Random) -> Result<Self, Failed> {
        Secret::try_build(|bytes| random.fill(bytes)).map(Self)
    }

    /// Takes over what was unwrapped.
    #[must_use]
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The bytes, to be wrapped.
    #[must_use]
    pub fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// What the keys of single messages are expanded from.
    #[must_use]
    pub fn prk(&self) -> Prk {
        Prk::extract(self.0.expose())
    }

    /// The public name of this material under `key`: SHA-256 over a value derived one way from the
    /// material, so that it identifies the material and says nothing about it.
    ///
    /// # Errors
    /// [`Failed`] when the derivation does.
    pub fn material_id(&self, key: KeyId) -> Result<KeyMaterialId, Failed> {
        secret_material_id(key, self.0.expose())
    }
}

/// The public name of a secret material under `key`, as [`BackingKey::material_id`].
///
/// # Errors
/// [`Failed`] when the derivation does.
pub fn secret_material_id(key: KeyId, secret: &[u8]) -> Result<KeyMaterialId, Failed> {
    let fingerprint = Prk::extract(secret).expand::<32>(&[b"kms/v1/key-material-id"])?;
    material_id(key, fingerprint.expose())
}

/// The public name of a key pair under `key`: of its public key, so that the private key, which is
/// wrapped under that name, belongs to no other public key.
///
/// # Errors
/// None in practice.
pub fn public_material_id(key: KeyId, public_key: &[u8]) -> Result<KeyMaterialId, Failed> {
    material_id(key, &sha256_of(&[public_key]))
}

pub(super) fn material_id(key: KeyId, fingerprint: &[u8; 32]) -> Result<KeyMaterialId, Failed> {
    let digest = sha256_of(&[fingerprint, key.to_string().as_bytes()]);
    let mut text = String::with_capacity(64);
    for byte in digest {
        write!(text, "{byte:02x}").map_err(|_| Failed)?;
    }
    text.parse().map_err(|_| Failed)
}

/// One key material as it is stored: wrapped, with its name and its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMaterial {
    /// Its public name.
    pub id: KeyMaterialId,
    /// When it was made.
    pub created: Timestamp,
    /// Why it replaced the one before; `None` for a key's first.
    pub rotation: Option<RotationCause>,
    /// The secret under the material key, `docs/spec/sealed-record.md`: a backing key, an HMAC key
    /// or a private key. Empty for an imported one that was destroyed.
    #[serde(with = "super::base64_bytes")]
    pub wrapped: Vec<u8>,
    /// `SubjectPublicKeyInfo`; empty for keys that have none.
    #[serde(
        with = "super::base64_bytes",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub public_key: Vec<u8>,
    /// What was said when it was imported; none for those that this service made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_material_id_names_the_material_and_the_key() {
        let first = BackingKey::from_secret(Secret::build(|bytes| *bytes = [1; 32]));
        let second = BackingKey::from_secret(Secret::build(|bytes| *bytes = [2; 32]));
        let id = |material: &BackingKey, key| material.material_id(KeyId::Uuid(key)).unwrap();
        assert_eq!(id(&first, 1), id(&first, 1));
        assert_ne!(id(&first, 1), id(&first, 2));
        assert_ne!(id(&first, 1), id(&second, 1));
    }
}
