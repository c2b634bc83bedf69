//! Encryption with RSA: RSAES-OAEP and RSAES-PKCS1-v1_5, RFC 8017 §7.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey,
    Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};

use crate::crypto::Failed;
use crate::secret::SecretBytes;

/// How a plaintext is padded. With OAEP, MGF1 is over the same hash, and there is no label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaPadding {
    /// RSAES-PKCS1-v1_5: for what others wrote. Whoever learns of many ciphertexts whether they
    /// decrypt can decrypt one of their choice (Bleichenbacher, 1998).
    Pkcs1V15,
    /// RSAES-OAEP with SHA-1.
    OaepSha1,
    /// RSAES-OAEP with SHA-256.
    OaepSha256,
    /// RSAES-OAEP with SHA-384.
    OaepSha384,
    /// RSAES-OAEP with SHA-512.
    OaepSha512,
}

impl RsaPadding {
    /// The library's OAEP; `None` for the other padding.
    fn oaep(self) -> Option<&'static OaepAlgorithm> {
        match self {
            Self::Pkcs1V15 => None,
            Self::OaepSha1 => Some(&OAEP_SHA1_MGF1SHA1),
            Self::OaepSha256 => Some(&OAEP_SHA256_MGF1SHA256),
            Self::OaepSha384 => Some(&OAEP_SHA384_MGF1SHA384),
            Self::OaepSha512 => Some(&OAEP_SHA512_MGF1SHA512),
        }
    }
}

/// A private RSA key of 2048 to 8192 bits that decrypts.
pub struct RsaDecryptingKey {
    oaep: OaepPrivateDecryptingKey,
    pkcs1: Pkcs1PrivateDecryptingKey,
    public: RsaEncryptingKey,
}

impl fmt::Debug for RsaDecryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaDecryptingKey(…)")
    }
}

impl RsaDecryptingKey {
    /// Reads a private key in PKCS#8 (RFC 5208).
    ///
    /// # Errors
    /// [`Failed`] for anything else.
    pub fn open(pkcs8: &[u8]) -> Result<Self, Failed> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| Failed)?;
        Ok(Self {
            public: RsaEncryptingKey::of(&key.public_key())?,
            oaep: OaepPrivateDecryptingKey::new(key.clone()).map_err(|_| Failed)?,
            pkcs1: Pkcs1PrivateDecryptingKey::new(key).map_err(|_| Failed)?,
        })
    }

    /// The public key that goes with it.
    #[must_use]
    pub fn public(&self) -> &RsaEncryptingKey {
        &self.public
    }

    /// Decrypts what [`RsaEncryptingKey::encrypt`] made with the same padding.
    ///
    /// # Errors
    /// [`Failed`] without a word on why, since that is an oracle.
    pub fn decrypt(&self, padding: RsaPadding, ciphertext: &[u8]) -> Result<SecretBytes, Failed> {
        if ciphertext.len() != self.oaep.key_size_bytes() {
            return Err(Failed);
        }
        let mut length = 0;
        let padded = SecretBytes::try_build(self.oaep.min_output_size(), |room| {
            let plaintext = match padding.oaep() {
                Some(oaep) => self.oaep.decrypt(oaep, ciphertext, room, None),
                None => self.pkcs1.decrypt(ciphertext, room),
            };
            length = plaintext.map_err(|_| Failed)?.len();
            Ok(())
        })?;
        let plaintext = padded.expose().get(..length).ok_or(Failed)?;
        Ok(SecretBytes::new(plaintext.to_vec()))
    }
}

/// A public RSA key of 2048 to 8192 bits that encrypts.
#[derive(Clone)]
pub struct RsaEncryptingKey {
    spki: Vec<u8>,
    key: PublicEncryptingKey,
}

impl fmt::Debug for RsaEncryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaEncryptingKey(…)")
    }
}

impl RsaEncryptingKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280) in its one DER form.
    ///
    /// # Errors
    /// [`Failed`] for anything else.
    pub fn open(spki: &[u8]) -> Result<Self, Failed> {
        let key = Self::of(&PublicEncryptingKey::from_der(spki).map_err(|_| Failed)?)?;
        // The library does not look at what follows the key.
        if key.spki != spki {
            return Err(Failed);
        }
        Ok(key)
    }

    fn of(key: &PublicEncryptingKey) -> Result<Self, Failed> {
        let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(key).map_err(|_| Failed)?;
        Ok(Self {
            spki: spki.as_ref().to_vec(),
            key: key.clone(),
        })
    }

    /// The `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Length of the modulus, and of a ciphertext, in bytes.
    #[must_use]
    pub fn modulus_length(&self) -> usize {
        self.key.key_size_bytes()
    }

    /// Encrypts with the library's own randomness.
    ///
    /// # Errors
    /// [`Failed`] for a plaintext that is too long.
    pub fn encrypt(&self, padding: RsaPadding, plaintext: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut ciphertext = vec![0; self.modulus_length()];
        let length = match padding.oaep() {
            Some(oaep) => OaepPublicEncryptingKey::new(self.key.clone())
                .and_then(|key| Ok(key.encrypt(oaep, plaintext, &mut ciphertext, None)?.len())),
            None => Pkcs1PublicEncryptingKey::new(self.key.clone())
                .and_then(|key| Ok(key.encrypt(plaintext, &mut ciphertext)?.len())),
        };
        ciphertext.truncate(length.map_err(|_| Failed)?);
        Ok(ciphertext)
    }
}
