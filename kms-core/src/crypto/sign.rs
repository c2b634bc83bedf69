//! Signatures: Ed25519 (RFC 8032) for the ledger's checkpoints.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

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
