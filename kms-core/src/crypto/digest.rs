//! SHA-2, FIPS 180-4.

use std::fmt::{self, Write as _};

use aws_lc_rs::digest::{Context, SHA256, SHA384, SHA512, digest};

use crate::api::SigningAlgorithm;

/// A SHA-256 digest.
pub type Sha256Digest = [u8; 32];

/// A SHA-512 digest.
pub type Sha512Digest = [u8; 64];

/// SHA-256 of one byte string.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Sha256Digest {
    to_array(digest(&SHA256, bytes).as_ref())
}

/// SHA-256 of several byte strings, one after the other, without separators.
#[must_use]
pub fn sha256_of(parts: &[&[u8]]) -> Sha256Digest {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    to_array(context.finish().as_ref())
}

/// SHA-512 of several byte strings, one after the other, without separators.
#[must_use]
pub fn sha512_of(parts: &[&[u8]]) -> Sha512Digest {
    let mut context = Context::new(&SHA512);
    for part in parts {
        context.update(part);
    }
    let mut array = [0; 64];
    array.copy_from_slice(context.finish().as_ref());
    array
}

/// The bytes as lower-case hexadecimal digits, two for each.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a text cannot fail; a text cut short would match nothing.
        if write!(text, "{byte:02x}").is_err() {
            return String::new();
        }
    }
    text
}

fn to_array(digest: &[u8]) -> Sha256Digest {
    let mut array = Sha256Digest::default();
    array.copy_from_slice(digest);
    array
}

/// The digest of a message that is to be signed and comes in parts.
pub struct MessageDigest(Context);

impl fmt::Debug for MessageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageDigest(…)")
    }
}

impl MessageDigest {
    /// The digest that `algorithm` signs; `None` for those that sign whole messages alone.
    #[must_use]
    pub fn of(algorithm: SigningAlgorithm) -> Option<Self> {
        use SigningAlgorithm::{
            EcdsaSha256, EcdsaSha384, EcdsaSha512, Ed25519PhSha512, Ed25519Sha512, MlDsaShake256,
            RsassaPkcs1V15Sha256, RsassaPkcs1V15Sha384, RsassaPkcs1V15Sha512, RsassaPssSha256,
            RsassaPssSha384, RsassaPssSha512, Sm2dsa,
        };
        let hash = match algorithm {
            RsassaPssSha256 | RsassaPkcs1V15Sha256 | EcdsaSha256 => &SHA256,
            RsassaPssSha384 | RsassaPkcs1V15Sha384 | EcdsaSha384 => &SHA384,
            RsassaPssSha512 | RsassaPkcs1V15Sha512 | EcdsaSha512 | Ed25519PhSha512 => &SHA512,
            Ed25519Sha512 | MlDsaShake256 | Sm2dsa => return None,
        };
        Some(Self(Context::new(hash)))
    }

    /// Takes the next part of the message.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of the parts taken.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256, Sha384, Sha512};

    use super::*;

    #[test]
    fn parts_have_the_digest_of_the_whole() {
        let parts: [&[u8]; 3] = [b"attack ", b"", b"at dawn"];
        let whole = Sha512::digest(b"attack at dawn").to_vec();
        assert_eq!(sha512_of(&parts).to_vec(), whole);
    }

    #[test]
    fn a_message_in_parts_has_the_digest_of_the_whole() {
        let digest = |algorithm| {
            let mut digest = MessageDigest::of(algorithm).unwrap();
            digest.update(b"attack ");
            digest.update(b"at dawn");
            digest.finish()
        };
        let whole = b"attack at dawn";
        let sha256 = Sha256::digest(whole).to_vec();
        assert_eq!(digest(SigningAlgorithm::RsassaPssSha256), sha256);
        let sha384 = Sha384::digest(whole).to_vec();
        assert_eq!(digest(SigningAlgorithm::EcdsaSha384), sha384);
        let sha512 = Sha512::digest(whole).to_vec();
        assert_eq!(digest(SigningAlgorithm::Ed25519PhSha512), sha512);
        assert!(MessageDigest::of(SigningAlgorithm::MlDsaShake256).is_none());
    }
}
