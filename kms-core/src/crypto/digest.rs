//! SHA-2, FIPS 180-4.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 digest.
pub type Sha256Digest = [u8; 32];

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

fn to_array(digest: &[u8]) -> Sha256Digest {
    let mut array = Sha256Digest::default();
    array.copy_from_slice(digest);
    array
}
