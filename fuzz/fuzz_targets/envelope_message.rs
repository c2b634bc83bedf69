//! Messages of the AWS Encryption SDK: arbitrary bytes are refused in bounded memory, and edits of
//! a good message release nothing that was not encrypted.
#![no_main]

use std::sync::{Arc, LazyLock};

use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{
    CommitmentPolicy, DecryptOptions, EncryptOptions, RawAesKeyring, SignedMessages, decrypt,
    encrypt, inspect,
};
use kms_core::secret::SecretBytes;
use libfuzzer_sys::fuzz_target;

const PLAINTEXT: &[u8] = b"five frames of sixteen bytes each, of which the final one is the shorter";

static KEYRING: LazyLock<RawAesKeyring> = LazyLock::new(|| {
    let key = SecretBytes::new(vec![7; 32]);
    RawAesKeyring::new("namespace", "name", &key, Arc::new(SystemRandom)).unwrap()
});

static MESSAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut message = Vec::new();
    let options = EncryptOptions {
        frame_length: 16,
        ..EncryptOptions::default()
    };
    let context: EncryptionContext = [("key".to_owned(), "value".to_owned())].into_iter().collect();
    encrypt(&mut &PLAINTEXT[..], &mut message, &*KEYRING, &context, &options, &SystemRandom).unwrap();
    message
});

fn options() -> DecryptOptions {
    DecryptOptions {
        commitment_policy: CommitmentPolicy::RequireEncryptAllowDecrypt,
        signed_messages: SignedMessages::ReleaseUnverified,
        max_held_bytes: 1024 * 1024,
        ..DecryptOptions::default()
    }
}

/// Edits of three bytes each: position, new byte. The last one may also cut the message.
fn edited(edits: &[u8]) -> Vec<u8> {
    let mut message = MESSAGE.clone();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([edit[0], edit[1]]));
        if at & 0x8000 != 0 {
            message.truncate(at & 0x7fff);
        } else if let Some(byte) = message.get_mut(at) {
            *byte = edit[2];
        } else {
            message.push(edit[2]);
        }
    }
    message
}

fuzz_target!(|data: &[u8]| {
    let _ = inspect(&mut &data[..]);
    let mut released = Vec::new();
    assert!(decrypt(&mut &data[..], &mut released, &*KEYRING, &options()).is_err());
    assert!(released.is_empty());

    let message = edited(data);
    let result = decrypt(&mut &message[..], &mut released, &*KEYRING, &options());
    assert!(PLAINTEXT.starts_with(&released));
    assert_eq!(result.is_ok(), message == *MESSAGE);
});
