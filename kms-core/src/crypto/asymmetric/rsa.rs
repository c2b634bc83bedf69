//! RSA, RFC 8017: PSS with a salt as long as the digest, PKCS#1 v1.5 signatures, OAEP.

use aws_lc_rs::digest::{self, Digest, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaParameters,
};

use super::rsa_encryption::{RsaDecryptingKey, RsaEncryptingKey, RsaPadding};
use super::{Message, NewKeyPair};
use crate::api::{EncryptionAlgorithm, SigningAlgorithm};
use crate::crypto::Failed;
use crate::secret::SecretBytes;

/// The length of a modulus.
#[derive(Clone, Copy)]
pub(super) enum Size {
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

impl Size {
    const fn library(self) -> KeySize {
        match self {
            Self::Rsa2048 => KeySize::Rsa2048,
            Self::Rsa3072 => KeySize::Rsa3072,
            Self::Rsa4096 => KeySize::Rsa4096,
        }
    }

    fn bytes(self) -> usize {
        self.library().len()
    }
}

pub(super) fn generate(size: Size) -> Result<NewKeyPair, Failed> {
    encoded(&KeyPair::generate(size.library()).map_err(|_| Failed)?)
}

pub(super) fn import(size: Size, pkcs8: &[u8]) -> Result<NewKeyPair, Failed> {
    let pair = KeyPair::from_pkcs8(pkcs8).map_err(|_| Failed)?;
    if pair.public_modulus_len() != size.bytes() {
        return Err(Failed);
    }
    encoded(&pair)
}

fn encoded(pair: &KeyPair) -> Result<NewKeyPair, Failed> {
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(pair);
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key());
    Ok(NewKeyPair {
        private: SecretBytes::new(private.map_err(|_| Failed)?.as_ref().to_vec()),
        public: public.map_err(|_| Failed)?.as_ref().to_vec(),
    })
}

/// How one algorithm pads and hashes, for signing and for verifying.
struct Scheme {
    sign: &'static dyn RsaEncoding,
    verify: &'static RsaParameters,
    hash: &'static digest::Algorithm,
}

fn scheme(algorithm: SigningAlgorithm) -> Result<Scheme, Failed> {
    macro_rules! scheme {
        ($sign:ident, $verify:ident, $hash:ident) => {
            Scheme {
                sign: &$sign,
                verify: &$verify,
                hash: &digest::$hash,
            }
        };
    }
    Ok(match algorithm {
        SigningAlgorithm::RsassaPssSha256 => {
            scheme!(RSA_PSS_SHA256, RSA_PSS_2048_8192_SHA256, SHA256)
        }
        SigningAlgorithm::RsassaPssSha384 => {
            scheme!(RSA_PSS_SHA384, RSA_PSS_2048_8192_SHA384, SHA384)
        }
        SigningAlgorithm::RsassaPssSha512 => {
            scheme!(RSA_PSS_SHA512, RSA_PSS_2048_8192_SHA512, SHA512)
        }
        SigningAlgorithm::RsassaPkcs1V15Sha256 => {
            scheme!(RSA_PKCS1_SHA256, RSA_PKCS1_2048_8192_SHA256, SHA256)
        }
        SigningAlgorithm::RsassaPkcs1V15Sha384 => {
            scheme!(RSA_PKCS1_SHA384, RSA_PKCS1_2048_8192_SHA384, SHA384)
        }
        SigningAlgorithm::RsassaPkcs1V15Sha512 => {
            scheme!(RSA_PKCS1_SHA512, RSA_PKCS1_2048_8192_SHA512, SHA512)
        }
        _ => return Err(Failed),
    })
}

/// The digest of a message that comes whole or hashed.
pub(super) fn hashed(
    hash: &'static digest::Algorithm,
    message: Message<'_>,
) -> Result<Digest, Failed> {
    match message {
        Message::Raw(message) => Ok(digest(hash, message)),
        Message::Digest(value) => Digest::import_less_safe(value, hash).map_err(|_| Failed),
        Message::ExternalMu(_) => Err(Failed),
    }
}

fn padding(algorithm: EncryptionAlgorithm) -> Result<RsaPadding, Failed> {
    match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => Ok(RsaPadding::OaepSha1),
        EncryptionAlgorithm::RsaesOaepSha256 => Ok(RsaPadding::OaepSha256),
        EncryptionAlgorithm::SymmetricDefault | EncryptionAlgorithm::Sm2pke => Err(Failed),
    }
}

pub(super) struct PrivateKey {
    signing: KeyPair,
    decrypting: RsaDecryptingKey,
}

impl PrivateKey {
    pub(super) fn open(size: Size, pkcs8: &[u8]) -> Result<Self, Failed> {
        let signing = KeyPair::from_pkcs8(pkcs8).map_err(|_| Failed)?;
        if signing.public_modulus_len() != size.bytes() {
            return Err(Failed);
        }
        Ok(Self {
            signing,
            decrypting: RsaDecryptingKey::open(pkcs8)?,
        })
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, Failed> {
        let scheme = scheme(algorithm)?;
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign_digest(scheme.sign, &hashed(scheme.hash, message)?, &mut signature)
            .map_err(|_| Failed)?;
        Ok(signature)
    }

    pub(super) fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, Failed> {
        self.decrypting.decrypt(padding(algorithm)?, ciphertext)
    }
}

pub(super) struct PublicKey {
    /// For each padding and hash the library parses the key anew: at verifying.
    encrypting: RsaEncryptingKey,
}

impl PublicKey {
    pub(super) fn open(size: Size, spki: &[u8]) -> Result<Self, Failed> {
        let encrypting = RsaEncryptingKey::open(spki)?;
        if encrypting.modulus_length() != size.bytes() {
            return Err(Failed);
        }
        Ok(Self { encrypting })
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Failed> {
        let scheme = scheme(algorithm)?;
        ParsedPublicKey::new(scheme.verify, self.encrypting.spki())
            .map_err(|_| Failed)?
            .verify_digest_sig(&hashed(scheme.hash, message)?, signature)
            .map_err(|_| Failed)
    }

    pub(super) fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Failed> {
        self.encrypting.encrypt(padding(algorithm)?, plaintext)
    }
}
