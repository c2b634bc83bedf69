//! HMAC-SHA256 with a prepared key, RFC 2104.

use std::fmt;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};

/// An HMAC-SHA256 key with both hash states prepared, so that a short message costs two
/// compressions.
#[derive(Clone)]
pub struct HmacSha256(Key);

impl fmt::Debug for HmacSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSha256(…)")
    }
}

impl HmacSha256 {
    /// A key of any length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, key))
    }

    /// The tag over the concatenation of `parts`.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }
}
