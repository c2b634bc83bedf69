//! The ciphertext blob.

use kms_core::ciphertext::{CiphertextBlob, EncryptionContext};
use kms_core::crypto::kdf::Prk;
use kms_core::ids::KeyId;

/// What is accepted names the key and material of its header, and opens under no other key.
pub fn run(data: &[u8]) {
    let Ok(blob) = CiphertextBlob::parse(data) else {
        return;
    };
    let (kind, bits) = match blob.key() {
        KeyId::Uuid(bits) => (0, bits),
        KeyId::MultiRegion(bits) => (1, bits),
    };
    let head = [
        [1, 1, kind].as_slice(),
        &bits.to_be_bytes(),
        &blob.material(),
    ]
    .concat();
    assert!(data.starts_with(&head));
    assert!(
        blob.open(&Prk::extract(&[7; 32]), &EncryptionContext::new())
            .is_err()
    );
}
