//! The NIST curves: ECDSA (FIPS 186-5) and ECDH (SP 800-56A).

use aws_lc_rs::agreement::{
    self, ECDH_P256, ECDH_P384, ECDH_P521, ParsedPublicKey as PeerKey, ParsedPublicKeyFormat,
};
use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, ParsedPublicKey,
};

use super::rsa::hashed;
use super::{Message, NewKeyPair};
use crate::api::SigningAlgorithm;
use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::secret::SecretBytes;

/// A curve, with the one hash that AWS KMS signs with on it.
#[derive(Clone, Copy)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// How often a scalar is drawn before the generator is taken for broken: one in 2³² fails at worst.
const DRAWS: usize = 64;

impl Curve {
    const fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }

    const fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }

    const fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1,
            Self::P384 => &ECDSA_P384_SHA384_ASN1,
            Self::P521 => &ECDSA_P521_SHA512_ASN1,
        }
    }

    /// The `AlgorithmIdentifier` of its public keys, RFC 5480 §2.1.1: the curve by its name.
    const fn identifier(self) -> &'static [u8] {
        match self {
            Self::P256 => &[
                0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
                0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
            ],
            Self::P384 => &[
                0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                0x81, 0x04, 0x00, 0x22,
            ],
            Self::P521 => &[
                0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                0x81, 0x04, 0x00, 0x23,
            ],
        }
    }

    /// Whether a `SubjectPublicKeyInfo` names this curve. The library would also take a curve by
    /// its parameters, which RFC 5480 forbids, and not look at all of them.
    fn is_named_by(self, spki: &[u8]) -> bool {
        let content = match spki {
            [0x30, 0x81, _, content @ ..] | [0x30, 0..=0x7f, content @ ..] => content,
            _ => return false,
        };
        content.starts_with(self.identifier())
    }

    /// The hash of `algorithm`, which must be that of the curve.
    fn hash(self, algorithm: SigningAlgorithm) -> Result<&'static digest::Algorithm, Failed> {
        match (self, algorithm) {
            (Self::P256, SigningAlgorithm::EcdsaSha256) => Ok(&digest::SHA256),
            (Self::P384, SigningAlgorithm::EcdsaSha384) => Ok(&digest::SHA384),
            (Self::P521, SigningAlgorithm::EcdsaSha512) => Ok(&digest::SHA512),
            _ => Err(Failed),
        }
    }

    /// Bytes of a scalar, and the mask of its first byte.
    const fn scalar(self) -> (usize, u8) {
        match self {
            Self::P256 => (32, 0xff),
            Self::P384 => (48, 0xff),
            Self::P521 => (66, 0x01),
        }
    }
}

/// FIPS 186-5 §A.2.2: a scalar is drawn until it is in range.
pub(super) fn generate(curve: Curve, random: &dyn Random) -> Result<NewKeyPair, Failed> {
    let (length, mask) = curve.scalar();
    for _ in 0..DRAWS {
        let scalar = SecretBytes::try_build(length, |bytes| {
            random.fill(bytes)?;
            *bytes.first_mut().ok_or(Failed)? &= mask;
            Ok(())
        })?;
        let Ok(key) = agreement::PrivateKey::from_private_key(curve.agreement(), scalar.expose())
        else {
            continue;
        };
        return encoded(&key);
    }
    Err(Failed)
}

pub(super) fn import(curve: Curve, pkcs8: &[u8]) -> Result<NewKeyPair, Failed> {
    // Signing is stricter about the form than agreement is.
    EcdsaKeyPair::from_pkcs8(curve.signing(), pkcs8).map_err(|_| Failed)?;
    let key = agreement::PrivateKey::from_private_key_der(curve.agreement(), pkcs8);
    encoded(&key.map_err(|_| Failed)?)
}

fn encoded(key: &agreement::PrivateKey) -> Result<NewKeyPair, Failed> {
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(key).map_err(|_| Failed)?;
    let public = key.compute_public_key().map_err(|_| Failed)?;
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(&public).map_err(|_| Failed)?;
    Ok(NewKeyPair {
        private: SecretBytes::new(private.as_ref().to_vec()),
        public: public.as_ref().to_vec(),
    })
}

pub(super) struct PrivateKey {
    curve: Curve,
    signing: EcdsaKeyPair,
    agreeing: agreement::PrivateKey,
}

impl PrivateKey {
    pub(super) fn open(curve: Curve, pkcs8: &[u8]) -> Result<Self, Failed> {
        let agreeing = agreement::PrivateKey::from_private_key_der(curve.agreement(), pkcs8);
        Ok(Self {
            curve,
            signing: EcdsaKeyPair::from_pkcs8(curve.signing(), pkcs8).map_err(|_| Failed)?,
            agreeing: agreeing.map_err(|_| Failed)?,
        })
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, Failed> {
        let digest = hashed(self.curve.hash(algorithm)?, message)?;
        let signature = self.signing.sign_digest(&digest).map_err(|_| Failed)?;
        Ok(signature.as_ref().to_vec())
    }

    pub(super) fn agree(&self, peer: &[u8]) -> Result<SecretBytes, Failed> {
        if !self.curve.is_named_by(peer) {
            return Err(Failed);
        }
        let peer = agreement::UnparsedPublicKey::new(self.curve.agreement(), peer);
        let peer: PeerKey = (&peer).try_into().map_err(|_| Failed)?;
        if peer.format() != ParsedPublicKeyFormat::X509 {
            return Err(Failed);
        }
        agreement::agree(&self.agreeing, peer, Failed, |secret| {
            Ok(SecretBytes::new(secret.to_vec()))
        })
    }
}

pub(super) struct PublicKey {
    curve: Curve,
    key: ParsedPublicKey,
}

impl PublicKey {
    pub(super) fn open(curve: Curve, spki: &[u8]) -> Result<Self, Failed> {
        let key = ParsedPublicKey::new(curve.verification(), spki).map_err(|_| Failed)?;
        Ok(Self { curve, key })
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Failed> {
        let digest = hashed(self.curve.hash(algorithm)?, message)?;
        self.key
            .verify_digest_sig(&digest, signature)
            .map_err(|_| Failed)
    }
}
