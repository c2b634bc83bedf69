//! Signatures: Ed25519 (RFC 8032) for the ledger's checkpoints, ECDSA (FIPS 186-5) for messages of
//! the AWS Encryption SDK.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, SHA384};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, EcdsaVerificationAlgorithm,
    Ed25519KeyPair, KeyPair, ParsedPublicKey, UnparsedPublicKey,
};

use super::Failed;

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
        let (verification, hash): (&'static EcdsaVerificationAlgorithm, _) = match algorithm {
            EcdsaAlgorithm::P256Sha256 => (&ECDSA_P256_SHA256_ASN1, &SHA256),
            EcdsaAlgorithm::P384Sha384 => (&ECDSA_P384_SHA384_ASN1, &SHA384),
        };
        if compressed_point.len() != algorithm.compressed_point_length() {
            return Err(Failed);
        }
        Ok(Self {
            digest: Context::new(hash),
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
