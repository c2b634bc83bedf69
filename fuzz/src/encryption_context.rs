//! The serialised encryption context.

use kms_core::ciphertext::EncryptionContext;

/// What is accepted has one spelling.
pub fn run(data: &[u8]) {
    let Ok(context) = EncryptionContext::parse(data) else {
        return;
    };
    assert_eq!(
        context.serialise().expect("a parsed context serialises"),
        data
    );
}
