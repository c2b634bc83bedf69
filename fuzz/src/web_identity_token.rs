//! Tokens of identity providers.

use std::sync::LazyLock;

use kms_core::oidc::{Expected, KeySet, WebIdentityToken};
use kms_core::time::Timestamp;

/// The key of appendix A.2 of RFC 8037, by the names that the corpus has.
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let json = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    KeySet::parse(json).expect("a key set")
});

/// What is taken has a key that there is, and a subject.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(token) = WebIdentityToken::parse(text) else {
        return;
    };
    let expected = Expected {
        issuer: token.claimed_issuer().unwrap_or_default(),
        audiences: &["sts.amazonaws.com".to_owned()],
        now: Timestamp::from_seconds(1_800_000_000),
    };
    if let Ok(claims) = token.verify(&KEYS, &expected) {
        assert!(KEYS.has(token.key_name()));
        assert!(!claims.subject().is_empty());
        assert!(claims.for_conditions().contains_key("aud"));
    }
}
