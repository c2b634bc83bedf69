//! SM2 (GB/T 32918, GM/T 0003): SM2DSA with the default distinguishing ID, SM2PKE, and ECDH on its
//! curve. Nonces of signatures are by RFC 6979, with SM3.

use rand_core::{TryCryptoRng, TryRng};
use sm2::dsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use sm2::dsa::signature::{Signer, Verifier};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::elliptic_curve::point::AffineCoordinates;
use sm2::pkcs8::der::Decode;
use sm2::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use sm2::pke::{Cipher, DecryptingKey, EncryptingKey};
use sm2::{Scalar, SecretKey};
use zeroize::Zeroizing;

use super::{Message, NewKeyPair};
use crate::api::{EncryptionAlgorithm, SigningAlgorithm};
use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::secret::{Secret, SecretBytes};

/// The distinguishing ID of whoever has none of their own, GM/T 0009-2012 §10.
const DISTINGUISHING_ID: &str = "1234567812345678";

/// How often a scalar is drawn before the generator is taken for broken. One in 2³² is out of
/// range; one in 256 is drawn anew when a single byte is encrypted.
const DRAWS: usize = 64;

/// Bytes of a coordinate, which is what two keys agree on.
const COORDINATE: usize = 32;

pub(super) fn generate(random: &dyn Random) -> Result<NewKeyPair, Failed> {
    for _ in 0..DRAWS {
        let scalar = Secret::<32>::try_build(|bytes| random.fill(bytes))?;
        let Ok(key) = SecretKey::from_slice(scalar.expose()) else {
            continue;
        };
        return encoded(&usable(key)?);
    }
    Err(Failed)
}

pub(super) fn import(pkcs8: &[u8]) -> Result<NewKeyPair, Failed> {
    encoded(&opened(pkcs8)?)
}

fn opened(pkcs8: &[u8]) -> Result<SecretKey, Failed> {
    usable(SecretKey::from_pkcs8_der(pkcs8).map_err(|_| Failed)?)
}

/// GB/T 32918.1 §6.1: a private key is at most n − 2, since with n − 1 nothing can be signed.
fn usable(key: SecretKey) -> Result<SecretKey, Failed> {
    let next = Zeroizing::new(*key.to_nonzero_scalar() + Scalar::ONE);
    if next.is_zero().into() {
        return Err(Failed);
    }
    Ok(key)
}

fn encoded(key: &SecretKey) -> Result<NewKeyPair, Failed> {
    let private = key.to_pkcs8_der().map_err(|_| Failed)?;
    let public = key.public_key().to_public_key_der().map_err(|_| Failed)?;
    Ok(NewKeyPair {
        private: SecretBytes::new(private.as_bytes().to_vec()),
        public: public.as_bytes().to_vec(),
    })
}

fn signs(algorithm: SigningAlgorithm) -> Result<(), Failed> {
    match algorithm {
        SigningAlgorithm::Sm2dsa => Ok(()),
        _ => Err(Failed),
    }
}

fn encrypts(algorithm: EncryptionAlgorithm) -> Result<(), Failed> {
    match algorithm {
        EncryptionAlgorithm::Sm2pke => Ok(()),
        _ => Err(Failed),
    }
}

/// Of the library's private keys this one alone is wiped when it is dropped: those that sign and
/// decrypt are made of it for each use.
pub(super) struct PrivateKey(SecretKey);

impl PrivateKey {
    pub(super) fn open(pkcs8: &[u8]) -> Result<Self, Failed> {
        opened(pkcs8).map(Self)
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, Failed> {
        signs(algorithm)?;
        let key = SigningKey::new(DISTINGUISHING_ID, &self.0).map_err(|_| Failed)?;
        let signature: Signature = match message {
            Message::Raw(message) => key.try_sign(message),
            Message::Digest(digest) => key.sign_prehash(digest),
            Message::ExternalMu(_) => return Err(Failed),
        }
        .map_err(|_| Failed)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }

    pub(super) fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, Failed> {
        encrypts(algorithm)?;
        let cipher: Cipher<'_> = Cipher::from_der(ciphertext).map_err(|_| Failed)?;
        // GB/T 32918.4 encrypts one bit or more.
        if cipher.c2().is_empty() {
            return Err(Failed);
        }
        let key = DecryptingKey::new(self.0.clone());
        SecretBytes::try_build(cipher.c2().len(), |room| {
            let length = key.decrypt_cipher_with_buf(&cipher, room);
            length.map(|_| ()).map_err(|_| Failed)
        })
    }

    pub(super) fn agree(&self, peer: &[u8]) -> Result<SecretBytes, Failed> {
        let peer = sm2::PublicKey::from_public_key_der(peer).map_err(|_| Failed)?;
        let scalar = Zeroizing::new(self.0.to_nonzero_scalar());
        // The order of the group is prime: what is no identity is none after this either.
        let shared = Zeroizing::new((peer.to_projective() * **scalar).to_affine());
        let x = Zeroizing::new(shared.x());
        SecretBytes::try_build(COORDINATE, |room| {
            room.copy_from_slice(&x);
            Ok(())
        })
    }
}

pub(super) struct PublicKey {
    verifying: VerifyingKey,
    encrypting: EncryptingKey,
}

impl PublicKey {
    pub(super) fn open(spki: &[u8]) -> Result<Self, Failed> {
        let key = sm2::PublicKey::from_public_key_der(spki).map_err(|_| Failed)?;
        Ok(Self {
            verifying: VerifyingKey::new(DISTINGUISHING_ID, key).map_err(|_| Failed)?,
            encrypting: EncryptingKey::new(key),
        })
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Failed> {
        signs(algorithm)?;
        let signature = Signature::from_der(signature).map_err(|_| Failed)?;
        match message {
            Message::Raw(message) => self.verifying.verify(message, &signature),
            Message::Digest(digest) => self.verifying.verify_prehash(digest, &signature),
            Message::ExternalMu(_) => return Err(Failed),
        }
        .map_err(|_| Failed)
    }

    pub(super) fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, Failed> {
        encrypts(algorithm)?;
        let mut generator = Generator {
            random,
            left: DRAWS,
        };
        self.encrypting
            .encrypt_der(&mut generator, plaintext)
            .map_err(|_| Failed)
    }
}

/// A [`Random`] as the library takes it. It ends, since the library would draw for ever from a
/// source that is broken.
struct Generator<'a> {
    random: &'a dyn Random,
    left: usize,
}

impl TryRng for Generator<'_> {
    type Error = Failed;

    fn try_next_u32(&mut self) -> Result<u32, Failed> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Failed> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Failed> {
        self.left = self.left.checked_sub(1).ok_or(Failed)?;
        self.random.fill(bytes)
    }
}

impl TryCryptoRng for Generator<'_> {}

#[cfg(test)]
mod tests;
