//! Ciphertexts of SM2PKE, to the key of the standard's example.

use std::sync::LazyLock;

use kms_core::api::{EncryptionAlgorithm, KeySpec};
use kms_core::crypto::asymmetric::PrivateKey;

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| {
    PrivateKey::open(KeySpec::Sm2, include_bytes!("sm2_key.der")).expect("a private key")
});

/// A ciphertext of `n` bytes of plaintext, which are one at least, has its point and its digest
/// besides; whatever else is refused.
pub fn run(data: &[u8]) {
    if let Ok(plaintext) = KEY.decrypt(EncryptionAlgorithm::Sm2pke, data) {
        assert!(!plaintext.is_empty());
        assert!(data.len() > plaintext.len() + 32);
    }
}
