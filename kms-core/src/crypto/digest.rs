//! SHA-2, FIPS 180-4.

use sha2::Digest;

/// A SHA-256 digest.
pub type Sha256Digest = [u8; 32];

/// SHA-256 of one byte string.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Sha256Digest {
    sha2::Sha256::digest(bytes).into()
}

/// SHA-256 of several byte strings, one after the other, without separators.
#[must_use]
pub fn sha256_of(parts: &[&[u8]]) -> Sha256Digest {
    let mut digest = sha2::Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}
