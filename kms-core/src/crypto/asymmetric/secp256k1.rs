//! ECDSA with SHA-256 on secp256k1 (SEC 2 §2.4.1): nonces by RFC 6979, signatures with the lower
//! of both possible s.

use aws_lc_rs::digest::SHA256;
use k256::SecretKey;
use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};
use k256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};

use super::rsa::hashed;
use super::{Message, NewKeyPair};
use crate::api::SigningAlgorithm;
use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::secret::{Secret, SecretBytes};

/// How often a scalar is drawn before the generator is taken for broken: one in 2¹²⁷ fails.
const DRAWS: usize = 8;

pub(super) fn generate(random: &dyn Random) -> Result<NewKeyPair, Failed> {
    for _ in 0..DRAWS {
        let scalar = Secret::<32>::try_build(|bytes| random.fill(bytes))?;
        let Ok(key) = SecretKey::from_slice(scalar.expose()) else {
            continue;
        };
        return encoded(&key);
    }
    Err(Failed)
}

pub(super) fn import(pkcs8: &[u8]) -> Result<NewKeyPair, Failed> {
    encoded(&SecretKey::from_pkcs8_der(pkcs8).map_err(|_| Failed)?)
}

fn encoded(key: &SecretKey) -> Result<NewKeyPair, Failed> {
    let private = key.to_pkcs8_der().map_err(|_| Failed)?;
    let public = key.public_key().to_public_key_der().map_err(|_| Failed)?;
    Ok(NewKeyPair {
        private: SecretBytes::new(private.as_bytes().to_vec()),
        public: public.as_bytes().to_vec(),
    })
}

fn digest(algorithm: SigningAlgorithm, message: Message<'_>) -> Result<impl AsRef<[u8]>, Failed> {
    match algorithm {
        SigningAlgorithm::EcdsaSha256 => hashed(&SHA256, message),
        _ => Err(Failed),
    }
}

pub(super) struct PrivateKey(SigningKey);

impl PrivateKey {
    pub(super) fn open(pkcs8: &[u8]) -> Result<Self, Failed> {
        SigningKey::from_pkcs8_der(pkcs8)
            .map(Self)
            .map_err(|_| Failed)
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, Failed> {
        let digest = digest(algorithm, message)?;
        let signature: Signature = self.0.sign_prehash(digest.as_ref()).map_err(|_| Failed)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

pub(super) struct PublicKey(VerifyingKey);

impl PublicKey {
    pub(super) fn open(spki: &[u8]) -> Result<Self, Failed> {
        VerifyingKey::from_public_key_der(spki)
            .map(Self)
            .map_err(|_| Failed)
    }

    /// Takes either s: the library takes the lower one alone, and signatures from elsewhere may
    /// have the other, which ECDSA allows.
    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Failed> {
        let digest = digest(algorithm, message)?;
        let signature = Signature::from_der(signature).map_err(|_| Failed)?;
        self.0
            .verify_prehash(digest.as_ref(), &signature.normalize_s())
            .map_err(|_| Failed)
    }
}
