//! Signatures: Ed25519 (RFC 8032) for the ledger's checkpoints, ECDSA (FIPS 186-5) for messages of
//! the AWS Encryption SDK.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, SHA384};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, EcdsaVerificationAlgorithm,
    Ed25519KeyPair, KeyPair, ParsedPublicKey, UnparsedPublicKey,
};

use super::Failed;
use super::asymmetric::{self, Message, PrivateKey};
use super::random::Random;
use crate::api::{KeySpec, SigningAlgorithm};

/// An Ed25519 private key.
pub struct Ed25519PrivateKey(Ed25519KeyPair);

impl fmt::Debug for Ed25519PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519PrivateKey(…)")
    }
}

impl Ed25519PrivateKey {
    /// From the 32-byte seed of RFC 8032.
    ///
    /// # Errors
    /// [`Failed`] when the library refuses the seed.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, Failed> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self)
            .map_err(|_| Failed)
    }

    /// The 32-byte public key.
    ///
    /// # Errors
    /// [`Failed`] when the library returns another length.
    pub fn public_key(&self) -> Result<[u8; 32], Failed> {
        self.0.public_key().as_ref().try_into().map_err(|_| Failed)
    }

    /// A 64-byte signature.
    ///
    /// # Errors
    /// [`Failed`] when the library returns another length.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], Failed> {
        self.0.sign(message).as_ref().try_into().map_err(|_| Failed)
    }
}

/// Checks an Ed25519 signature.
///
/// # Errors
/// [`Failed`] when the signature is not one of `public_key` over `message`.
pub fn verify_ed25519(
    public_key: &[u8; 32],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Failed> {
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(message, signature)
        .map_err(|_| Failed)
}

/// A curve with the hash that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcdsaAlgorithm {
    /// NIST P-256 with SHA-256.
    P256Sha256,
    /// NIST P-384 with SHA-384.
    P384Sha384,
}

impl EcdsaAlgorithm {
    /// Length of a compressed point (SEC 1 §2.3.3) in bytes.
    #[must_use]
    pub fn compressed_point_length(self) -> usize {
        match self {
            Self::P256Sha256 => 33,
            Self::P384Sha384 => 49,
        }
    }

    /// The key pairs and signatures of this algorithm, as AWS KMS names them.
    const fn names(self) -> (KeySpec, SigningAlgorithm) {
        match self {
            Self::P256Sha256 => (KeySpec::EccNistP256, SigningAlgorithm::EcdsaSha256),
            Self::P384Sha384 => (KeySpec::EccNistP384, SigningAlgorithm::EcdsaSha384),
        }
    }

    const fn hash(self) -> &'static aws_lc_rs::digest::Algorithm {
        match self {
            Self::P256Sha256 => &SHA256,
            Self::P384Sha384 => &SHA384,
        }
    }
}

/// Makes one ECDSA signature, with a key pair of its own, over a message that comes in parts.
///
/// The private key is in memory only, and gone with this value.
pub struct EcdsaSigner {
    algorithm: EcdsaAlgorithm,
    digest: Context,
    key: PrivateKey,
    compressed_point: Vec<u8>,
}

impl fmt::Debug for EcdsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EcdsaSigner(…)")
    }
}

impl EcdsaSigner {
    /// A signer with a fresh key pair.
    ///
    /// # Errors
    /// [`Failed`] when there is no randomness.
    pub fn generate(algorithm: EcdsaAlgorithm, random: &dyn Random) -> Result<Self, Failed> {
        let (spec, _) = algorithm.names();
        let pair = asymmetric::generate(spec, random)?;
        Ok(Self {
            algorithm,
            digest: Context::new(algorithm.hash()),
            key: PrivateKey::open(spec, pair.private.expose())?,
            compressed_point: compressed_point(algorithm, &pair.public).ok_or(Failed)?,
        })
    }

    /// The public key as a compressed point, SEC 1 §2.3.3.
    #[must_use]
    pub fn compressed_point(&self) -> &[u8] {
        &self.compressed_point
    }

    /// Takes the next part of the message.
    pub fn update(&mut self, part: &[u8]) {
        self.digest.update(part);
    }

    /// The signature over the parts taken, DER-encoded (RFC 3279 §2.2.3).
    ///
    /// # Errors
    /// [`Failed`] when the library cannot sign.
    pub fn sign(self) -> Result<Vec<u8>, Failed> {
        let (_, algorithm) = self.algorithm.names();
        let digest = self.digest.finish();
        self.key.sign(algorithm, Message::Digest(digest.as_ref()))
    }
}

/// The point that ends a `SubjectPublicKeyInfo`, uncompressed there (RFC 5480 §2.2).
fn compressed_point(algorithm: EcdsaAlgorithm, spki: &[u8]) -> Option<Vec<u8>> {
    let coordinate = algorithm.compressed_point_length().checked_sub(1)?;
    let point = spki.get(spki.len().checked_sub(2 * coordinate + 1)?..)?;
    let (4, coordinates) = point.split_first().map(|(form, rest)| (*form, rest))? else {
        return None;
    };
    let (x, y) = coordinates.split_at_checked(coordinate)?;
    let sign = y.last()? & 1;
    Some([&[2 | sign], x].concat())
}

/// Checks one ECDSA signature over a message that comes in parts.
pub struct EcdsaVerifier {
    digest: Context,
    public_key: ParsedPublicKey,
}

impl fmt::Debug for EcdsaVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EcdsaVerifier(…)")
    }
}

impl EcdsaVerifier {
    /// A verifier for the public key given as a compressed point, SEC 1 §2.3.3.
    ///
    /// # Errors
    /// [`Failed`] when the bytes are not a compressed point on the curve.
    pub fn new(algorithm: EcdsaAlgorithm, compressed_point: &[u8]) -> Result<Self, Failed> {
        let verification: &'static EcdsaVerificationAlgorithm = match algorithm {
            EcdsaAlgorithm::P256Sha256 => &ECDSA_P256_SHA256_ASN1,
            EcdsaAlgorithm::P384Sha384 => &ECDSA_P384_SHA384_ASN1,
        };
        if compressed_point.len() != algorithm.compressed_point_length() {
            return Err(Failed);
        }
        Ok(Self {
            digest: Context::new(algorithm.hash()),
            public_key: ParsedPublicKey::new(verification, compressed_point).map_err(|_| Failed)?,
        })
    }

    /// Takes the next part of the message.
    pub fn update(&mut self, part: &[u8]) {
        self.digest.update(part);
    }

    /// Checks a DER-encoded signature over the parts taken.
    ///
    /// # Errors
    /// [`Failed`] when the signature is not one of the key over the message.
    pub fn verify(self, signature: &[u8]) -> Result<(), Failed> {
        self.public_key
            .verify_digest_sig(&self.digest.finish(), signature)
            .map_err(|_| Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    #[test]
    fn a_signature_verifies_under_the_point_of_its_signer_and_no_other() {
        for algorithm in [EcdsaAlgorithm::P256Sha256, EcdsaAlgorithm::P384Sha384] {
            // Often enough that points with either sign come up.
            for _ in 0..8 {
                let mut signer = EcdsaSigner::generate(algorithm, &SystemRandom).unwrap();
                let other = EcdsaSigner::generate(algorithm, &SystemRandom).unwrap();
                let point = signer.compressed_point().to_vec();
                assert_eq!(point.len(), algorithm.compressed_point_length());
                signer.update(b"attack ");
                signer.update(b"at dawn");
                let signature = signer.sign().unwrap();
                let verify = |point: &[u8], message: &[u8]| {
                    let mut verifier = EcdsaVerifier::new(algorithm, point).unwrap();
                    verifier.update(message);
                    verifier.verify(&signature)
                };
                assert_eq!(verify(&point, b"attack at dawn"), Ok(()));
                assert_eq!(verify(&point, b"attack at noon"), Err(Failed));
                let other = other.compressed_point();
                assert_eq!(verify(other, b"attack at dawn"), Err(Failed));
            }
        }
    }
}
