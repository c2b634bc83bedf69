//! Key pairs: making them, signing, encrypting and agreeing on secrets with them.
//!
//! A private key is kept as PKCS#8 (RFC 5208; RFC 5915 and RFC 8410 inside), one of ML-DSA as its
//! seed (FIPS 204 §6.1). A public key is kept as `SubjectPublicKeyInfo` (RFC 5280; RFC 5480,
//! RFC 8410 and RFC 9881 inside), DER all of them.

mod ec;
mod ed25519;
mod ml_dsa;
mod rsa;
mod rsa_encryption;
mod secp256k1;
mod sm2;

use std::fmt;

pub use rsa_encryption::{RsaDecryptingKey, RsaEncryptingKey, RsaPadding};

use super::Failed;
use super::random::Random;
use crate::api::{EncryptionAlgorithm, KeySpec, SigningAlgorithm};
use crate::secret::SecretBytes;

/// What is signed.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message.
    Raw(&'a [u8]),
    /// Its digest, of the algorithm's length.
    Digest(&'a [u8]),
    /// The 64 bytes μ of FIPS 204 §6.2.
    ExternalMu(&'a [u8]),
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(…)")
    }
}

/// A new key pair in the forms in which it is kept.
#[derive(Debug)]
pub struct NewKeyPair {
    /// PKCS#8, or the seed of ML-DSA.
    pub private: SecretBytes,
    /// `SubjectPublicKeyInfo`.
    pub public: Vec<u8>,
}

/// Makes a key pair. Those of RSA come from the library's own generator and take from a tenth of a
/// second to several seconds; all others are made of `random` in far less than a millisecond.
///
/// # Errors
/// [`Failed`] when there is no randomness, and for a spec that is no key pair.
pub fn generate(spec: KeySpec, random: &dyn Random) -> Result<NewKeyPair, Failed> {
    match kind(spec)? {
        Kind::Rsa(size) => rsa::generate(size),
        Kind::Ec(curve) => ec::generate(curve, random),
        Kind::Secp256k1 => secp256k1::generate(random),
        Kind::Sm2 => sm2::generate(random),
        Kind::Ed25519 => ed25519::generate(random),
        Kind::MlDsa(set) => ml_dsa::generate(set, random),
    }
}

/// Takes over a key pair from outside, from its private key as PKCS#8: the public key is derived, and
/// the private one written in the form in which it is kept.
///
/// # Errors
/// [`Failed`] for anything but a private key of `spec`, and for specs of which none is taken over.
pub fn import(spec: KeySpec, pkcs8: &[u8]) -> Result<NewKeyPair, Failed> {
    let pair = match kind(spec)? {
        Kind::Rsa(size) => rsa::import(size, pkcs8)?,
        Kind::Ec(curve) => ec::import(curve, pkcs8)?,
        Kind::Secp256k1 => secp256k1::import(pkcs8)?,
        Kind::Sm2 => sm2::import(pkcs8)?,
        Kind::Ed25519 => ed25519::import(pkcs8)?,
        Kind::MlDsa(_) => return Err(Failed),
    };
    // What could not be used later is refused now.
    PrivateKey::open(spec, pair.private.expose())?;
    PublicKey::open(spec, &pair.public)?;
    Ok(pair)
}

/// The family of a key pair, with what tells its members apart.
enum Kind {
    Rsa(rsa::Size),
    Ec(ec::Curve),
    Secp256k1,
    Sm2,
    Ed25519,
    MlDsa(ml_dsa::ParameterSet),
}

fn kind(spec: KeySpec) -> Result<Kind, Failed> {
    Ok(match spec {
        KeySpec::Rsa2048 => Kind::Rsa(rsa::Size::Rsa2048),
        KeySpec::Rsa3072 => Kind::Rsa(rsa::Size::Rsa3072),
        KeySpec::Rsa4096 => Kind::Rsa(rsa::Size::Rsa4096),
        KeySpec::EccNistP256 => Kind::Ec(ec::Curve::P256),
        KeySpec::EccNistP384 => Kind::Ec(ec::Curve::P384),
        KeySpec::EccNistP521 => Kind::Ec(ec::Curve::P521),
        KeySpec::EccSecgP256k1 => Kind::Secp256k1,
        KeySpec::Sm2 => Kind::Sm2,
        KeySpec::EccNistEdwards25519 => Kind::Ed25519,
        KeySpec::MlDsa44 => Kind::MlDsa(ml_dsa::ParameterSet::MlDsa44),
        KeySpec::MlDsa65 => Kind::MlDsa(ml_dsa::ParameterSet::MlDsa65),
        KeySpec::MlDsa87 => Kind::MlDsa(ml_dsa::ParameterSet::MlDsa87),
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac384
        | KeySpec::Hmac512 => return Err(Failed),
    })
}

enum Private {
    Rsa(rsa::PrivateKey),
    Ec(ec::PrivateKey),
    Secp256k1(secp256k1::PrivateKey),
    Sm2(sm2::PrivateKey),
    Ed25519(ed25519::PrivateKey),
    MlDsa(ml_dsa::PrivateKey),
}

/// A private key, parsed once and ready for use.
pub struct PrivateKey(Private);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

impl PrivateKey {
    /// Reads a private key in the form in which it is kept.
    ///
    /// # Errors
    /// [`Failed`] for anything else.
    pub fn open(spec: KeySpec, private: &[u8]) -> Result<Self, Failed> {
        Ok(Self(match kind(spec)? {
            Kind::Rsa(size) => Private::Rsa(rsa::PrivateKey::open(size, private)?),
            Kind::Ec(curve) => Private::Ec(ec::PrivateKey::open(curve, private)?),
            Kind::Secp256k1 => Private::Secp256k1(secp256k1::PrivateKey::open(private)?),
            Kind::Sm2 => Private::Sm2(sm2::PrivateKey::open(private)?),
            Kind::Ed25519 => Private::Ed25519(ed25519::PrivateKey::open(private)?),
            Kind::MlDsa(set) => Private::MlDsa(ml_dsa::PrivateKey::open(set, private)?),
        }))
    }

    /// Signs. ECDSA and SM2DSA signatures are DER (RFC 3279 §2.2.3), the others as their standards have them.
    ///
    /// # Errors
    /// [`Failed`] for an algorithm, a type of message or a length that does not fit the key.
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, Failed> {
        match &self.0 {
            Private::Rsa(key) => key.sign(algorithm, message),
            Private::Ec(key) => key.sign(algorithm, message),
            Private::Secp256k1(key) => key.sign(algorithm, message),
            Private::Sm2(key) => key.sign(algorithm, message),
            Private::Ed25519(key) => key.sign(algorithm, message),
            Private::MlDsa(key) => key.sign(algorithm, message),
        }
    }

    /// Decrypts what [`PublicKey::encrypt`] made.
    ///
    /// # Errors
    /// [`Failed`] without a word on why, and for keys that do not encrypt.
    pub fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, Failed> {
        match &self.0 {
            Private::Rsa(key) => key.decrypt(algorithm, ciphertext),
            Private::Sm2(key) => key.decrypt(algorithm, ciphertext),
            Private::Ec(_) | Private::Secp256k1(_) | Private::Ed25519(_) | Private::MlDsa(_) => {
                Err(Failed)
            }
        }
    }

    /// The secret shared with the owner of `peer`, a `SubjectPublicKeyInfo`: the x-coordinate of
    /// SP 800-56A §5.7.1.2, as long as the field.
    ///
    /// # Errors
    /// [`Failed`] for keys that do not agree, and a peer that is not a point on the same curve.
    pub fn agree(&self, peer: &[u8]) -> Result<SecretBytes, Failed> {
        match &self.0 {
            Private::Ec(key) => key.agree(peer),
            Private::Sm2(key) => key.agree(peer),
            Private::Rsa(_) | Private::Secp256k1(_) | Private::Ed25519(_) | Private::MlDsa(_) => {
                Err(Failed)
            }
        }
    }
}

enum Public {
    Rsa(rsa::PublicKey),
    Ec(ec::PublicKey),
    Secp256k1(secp256k1::PublicKey),
    Sm2(sm2::PublicKey),
    Ed25519(ed25519::PublicKey),
    MlDsa(ml_dsa::PublicKey),
}

/// A public key, parsed once and ready for use.
pub struct PublicKey(Public);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(…)")
    }
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`Failed`] when it is not a key of `spec`.
    pub fn open(spec: KeySpec, public: &[u8]) -> Result<Self, Failed> {
        Ok(Self(match kind(spec)? {
            Kind::Rsa(size) => Public::Rsa(rsa::PublicKey::open(size, public)?),
            Kind::Ec(curve) => Public::Ec(ec::PublicKey::open(curve, public)?),
            Kind::Secp256k1 => Public::Secp256k1(secp256k1::PublicKey::open(public)?),
            Kind::Sm2 => Public::Sm2(sm2::PublicKey::open(public)?),
            Kind::Ed25519 => Public::Ed25519(ed25519::PublicKey::open(public)?),
            Kind::MlDsa(set) => Public::MlDsa(ml_dsa::PublicKey::open(set, public)?),
        }))
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// [`Failed`] when it is not one of the key over the message.
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Failed> {
        match &self.0 {
            Public::Rsa(key) => key.verify(algorithm, message, signature),
            Public::Ec(key) => key.verify(algorithm, message, signature),
            Public::Secp256k1(key) => key.verify(algorithm, message, signature),
            Public::Sm2(key) => key.verify(algorithm, message, signature),
            Public::Ed25519(key) => key.verify(algorithm, message, signature),
            Public::MlDsa(key) => key.verify(algorithm, message, signature),
        }
    }

    /// Encrypts with RSAES-OAEP (RFC 8017 §7.1) without a label, MGF1 over the same hash, and with
    /// the library's own randomness; or with SM2PKE (GB/T 32918.4), as DER (GB/T 35276 §7.2).
    ///
    /// # Errors
    /// [`Failed`] for a plaintext that is too long, and for keys that do not encrypt.
    pub fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, Failed> {
        match &self.0 {
            Public::Rsa(key) => key.encrypt(algorithm, plaintext),
            Public::Sm2(key) => key.encrypt(algorithm, plaintext, random),
            Public::Ec(_) | Public::Secp256k1(_) | Public::Ed25519(_) | Public::MlDsa(_) => {
                Err(Failed)
            }
        }
    }
}

#[cfg(test)]
mod tests;
