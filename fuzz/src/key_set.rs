//! Key sets and addresses of identity providers.

use kms_core::oidc::{Issuer, KeySet};

/// A key set is read or refused; an address comes back as it was written.
pub fn run(data: &[u8]) {
    if let Ok(keys) = KeySet::parse(data) {
        assert!(keys.len() <= 100);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(issuer) = text.parse::<Issuer>()
    {
        assert_eq!(issuer.as_str(), text);
        assert!(text.ends_with(&format!("{}{}", issuer.authority(), issuer.path())));
    }
}
