//! A message of the AWS Encryption SDK.

use std::sync::{Arc, LazyLock};

use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{self, CommitmentPolicy, DecryptOptions, RawAesKeyring};
use kms_core::secret::SecretBytes;

/// The key of the messages in the corpus.
static KEYRING: LazyLock<RawAesKeyring> = LazyLock::new(|| {
    let key = SecretBytes::new(vec![7; 32]);
    RawAesKeyring::new("fuzz", "corpus", &key, Arc::new(SystemRandom)).expect("a keyring")
});

/// Reading a message ends, under every policy, and gives no more than came in.
pub fn run(data: &[u8]) {
    let header = envelope::inspect(&mut &data[..]);
    let policies = [
        CommitmentPolicy::RequireEncryptRequireDecrypt,
        CommitmentPolicy::RequireEncryptAllowDecrypt,
    ];
    for commitment_policy in policies {
        let options = DecryptOptions {
            commitment_policy,
            max_held_bytes: 1 << 20,
            ..DecryptOptions::default()
        };
        let mut plaintext = Vec::new();
        let opened = envelope::decrypt(&mut &data[..], &mut plaintext, &*KEYRING, &options);
        assert!(plaintext.len() <= data.len());
        if let Ok(summary) = opened {
            let header = header.as_ref().expect("a message that opens has a header");
            assert_eq!(summary.header.context, header.context);
        }
    }
}
