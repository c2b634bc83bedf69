//! `BinaryEquals`: bytes, written in base64 (RFC 4648 with padding) on both sides.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The bytes that `text` stands for.
pub(super) fn parse(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
