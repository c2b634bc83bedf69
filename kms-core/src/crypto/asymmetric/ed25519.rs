//! Ed25519 and Ed25519ph, RFC 8032 and FIPS 186-5 §7.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha512};

use super::{Message, NewKeyPair};
use crate::api::SigningAlgorithm;
use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::secret::{Secret, SecretBytes};

/// What stands before the 32 bytes of a public key, RFC 8410 §4.
const SPKI_PREFIX: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// What stands before the 32 bytes of a private key in version 1, RFC 8410 §7.
const PKCS8_PREFIX: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// The length of a digest that Ed25519ph takes.
const DIGEST: usize = 64;

pub(super) fn generate(random: &dyn Random) -> Result<NewKeyPair, Failed> {
    let seed = Secret::<32>::try_build(|bytes| random.fill(bytes))?;
    encoded(&Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| Failed)?)
}

pub(super) fn import(pkcs8: &[u8]) -> Result<NewKeyPair, Failed> {
    encoded(&Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| Failed)?)
}

fn encoded(pair: &Ed25519KeyPair) -> Result<NewKeyPair, Failed> {
    let private = pair.to_pkcs8v1().map_err(|_| Failed)?;
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(|_| Failed)?;
    Ok(NewKeyPair {
        private: SecretBytes::new(private.as_ref().to_vec()),
        public: public.as_ref().to_vec(),
    })
}

/// Ed25519ph over a digest: AWS KMS hashes it once more, as RFC 8032 hashes any message.
fn prehashed(message: Message<'_>) -> Result<Sha512, Failed> {
    match message {
        Message::Digest(digest) if digest.len() == DIGEST => Ok(Sha512::new().chain_update(digest)),
        Message::Digest(_) | Message::Raw(_) | Message::ExternalMu(_) => Err(Failed),
    }
}

fn whole(message: Message<'_>) -> Result<&[u8], Failed> {
    match message {
        Message::Raw(message) => Ok(message),
        Message::Digest(_) | Message::ExternalMu(_) => Err(Failed),
    }
}

pub(super) struct PrivateKey {
    pure: Ed25519KeyPair,
    prehashing: SigningKey,
}

impl PrivateKey {
    pub(super) fn open(pkcs8: &[u8]) -> Result<Self, Failed> {
        let pure = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| Failed)?;
        // Not by the library's `seed()`, which leaves a copy behind that nobody wipes.
        let seed = pkcs8.strip_prefix(PKCS8_PREFIX).ok_or(Failed)?;
        let seed = Secret::<32>::from_slice(seed).ok_or(Failed)?;
        Ok(Self {
            pure,
            prehashing: SigningKey::from_bytes(seed.expose()),
        })
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, Failed> {
        match algorithm {
            SigningAlgorithm::Ed25519Sha512 => {
                let signature = self.pure.try_sign(whole(message)?).map_err(|_| Failed)?;
                Ok(signature.as_ref().to_vec())
            }
            SigningAlgorithm::Ed25519PhSha512 => {
                let digest = prehashed(message)?;
                let signature = self.prehashing.sign_prehashed(digest, None);
                Ok(signature.map_err(|_| Failed)?.to_bytes().to_vec())
            }
            _ => Err(Failed),
        }
    }
}

pub(super) struct PublicKey {
    pure: ParsedPublicKey,
    prehashing: VerifyingKey,
}

impl PublicKey {
    pub(super) fn open(spki: &[u8]) -> Result<Self, Failed> {
        let raw = spki.strip_prefix(SPKI_PREFIX).ok_or(Failed)?;
        let raw: &[u8; 32] = raw.try_into().map_err(|_| Failed)?;
        Ok(Self {
            pure: ParsedPublicKey::new(&ED25519, raw).map_err(|_| Failed)?,
            prehashing: VerifyingKey::from_bytes(raw).map_err(|_| Failed)?,
        })
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Failed> {
        match algorithm {
            SigningAlgorithm::Ed25519Sha512 => self
                .pure
                .verify_sig(whole(message)?, signature)
                .map_err(|_| Failed),
            SigningAlgorithm::Ed25519PhSha512 => {
                let digest = prehashed(message)?;
                let signature = Signature::from_slice(signature).map_err(|_| Failed)?;
                self.prehashing
                    .verify_prehashed_strict(digest, None, &signature)
                    .map_err(|_| Failed)
            }
            _ => Err(Failed),
        }
    }
}
