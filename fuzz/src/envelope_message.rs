//! A message of the AWS Encryption SDK.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use futures_executor::block_on;
use futures_io::AsyncRead;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::asynchronous::futures::receive;
use kms_core::envelope::{
    self, CommitmentPolicy, DecryptOptions, EncryptOptions, PUBLIC_KEY_CONTEXT_KEY, RawAesKeyring,
    ReencryptError, Sealer, SignedMessages,
};
use kms_core::secret::SecretBytes;

/// The key of the messages in the corpus, which are of every suite, framed and unframed.
static KEYRING: LazyLock<RawAesKeyring> = LazyLock::new(|| {
    let key = SecretBytes::new(vec![7; 32]);
    RawAesKeyring::new("fuzz", "corpus", &key, Arc::new(SystemRandom)).expect("a keyring")
});

/// Reading a message ends, under every policy, and gives no more than came in; all ways to read it
/// agree on whether it opens, and on its plaintext.
pub fn run(data: &[u8]) {
    let header = envelope::inspect(&mut &data[..]);
    let opened = |commitment_policy, signed_messages| {
        let options = DecryptOptions {
            commitment_policy,
            signed_messages,
            max_held_bytes: 1 << 20,
            ..DecryptOptions::default()
        };
        let mut plaintext = Vec::new();
        let opened = envelope::decrypt(&mut &data[..], &mut plaintext, &*KEYRING, &options);
        assert!(plaintext.len() <= data.len());
        if let Ok(summary) = &opened {
            let header = header.as_ref().expect("a message that opens has a header");
            assert_eq!(summary.header.context, header.context);
        }
        (opened.map(|_| plaintext), options)
    };
    let require = CommitmentPolicy::RequireEncryptRequireDecrypt;
    let allow = CommitmentPolicy::RequireEncryptAllowDecrypt;
    let (strictly, _) = opened(require, SignedMessages::Refuse);
    let (released, _) = opened(allow, SignedMessages::ReleaseUnverified);
    let (held, options) = opened(allow, SignedMessages::HoldBack);
    assert_eq!(released.ok(), held.as_ref().ok().cloned());
    assert!(strictly.is_err() || held.is_ok());

    let asynchronously = block_on(read_asynchronously(data, &options));
    assert_eq!(asynchronously, held.as_ref().ok().cloned());
    if let Ok(header) = &header {
        let mut context = header.context.clone();
        context.remove(PUBLIC_KEY_CONTEXT_KEY);
        let sealer = Sealer::new(&*KEYRING, Arc::new(SystemRandom)).with_commitment_policy(allow);
        let at_once = sealer.open(data, &context).ok();
        let at_once = at_once.map(|plaintext| plaintext.expose().to_vec());
        assert_eq!(at_once, held.as_ref().ok().cloned());
    }

    let verified = envelope::verify(&mut &data[..], &*KEYRING, &options);
    assert_eq!(verified.is_ok(), held.is_ok());
    if let (Ok(verified), Ok(held)) = (verified, &held) {
        let mut plaintext = Vec::new();
        let released = verified.release(&mut &data[..], &mut plaintext);
        assert!(released.is_ok() && plaintext == *held);
    }
    let anew = envelope::reencrypt(
        &mut &data[..],
        &mut io::sink(),
        &*KEYRING,
        &*KEYRING,
        &options,
        &EncryptOptions::default(),
        &SystemRandom,
    );
    match anew {
        Ok(_) => assert!(held.is_ok()),
        // What is wrong is wrong with the message that came in.
        Err(error) => assert!(held.is_err() && matches!(error, ReencryptError::Decrypt(_))),
    }
}

async fn read_asynchronously(data: &[u8], options: &DecryptOptions) -> Option<Vec<u8>> {
    let received = receive(data, options.clone()).await.ok()?;
    let mut reader = received.open(&*KEYRING).ok()?;
    let (mut plaintext, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = poll_fn(|context| Pin::new(&mut reader).poll_read(context, &mut piece));
        match read.await.ok()? {
            0 => return Some(plaintext),
            count => plaintext.extend_from_slice(&piece[..count]),
        }
    }
}
