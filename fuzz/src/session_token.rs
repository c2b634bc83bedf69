//! What a session token says once it is opened.

use kms_core::caller::SessionToken;

/// A session has one content.
pub fn run(data: &[u8]) {
    if let Ok(token) = SessionToken::parse(data) {
        assert_eq!(token.to_bytes().as_deref(), Ok(data));
    }
}
