//! A message of the AWS Encryption SDK that is read from any position.

use std::cell::Cell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::{Arc, LazyLock};

use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{
    self, CommitmentPolicy, DecryptOptions, RandomAccessReader, RawAesKeyring, SignedMessages,
};
use kms_core::secret::SecretBytes;

/// The key of the messages in the corpus.
static KEYRING: LazyLock<RawAesKeyring> = LazyLock::new(|| {
    let key = SecretBytes::new(vec![7; 32]);
    RawAesKeyring::new("fuzz", "corpus", &key, Arc::new(SystemRandom)).expect("a keyring")
});

/// A file that counts the bytes that are read of it.
struct Counted<'d> {
    file: Cursor<&'d [u8]>,
    count: &'d Cell<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.count.set(self.count.get() + count);
        Ok(count)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// What is read at any position is what the message has there, read from its beginning; a read
/// costs a frame at most; and what opens whole by parts opens whole at once.
pub fn run(data: &[u8]) {
    let options = DecryptOptions {
        commitment_policy: CommitmentPolicy::RequireEncryptAllowDecrypt,
        signed_messages: SignedMessages::ReleaseUnverified,
        max_held_bytes: 1 << 20,
        ..DecryptOptions::default()
    };
    let mut released = Vec::new();
    let whole = envelope::decrypt(&mut &data[..], &mut released, &*KEYRING, &options);

    let count = Cell::new(0);
    let file = Counted {
        file: Cursor::new(data),
        count: &count,
    };
    let Ok(mut reader) = RandomAccessReader::open(file, &*KEYRING, &options) else {
        // What fails to open has no frames, or is not whole.
        assert!(whole.map_or(true, |summary| {
            summary.header.content == envelope::Content::Unframed
        }));
        return;
    };
    let length = reader.plaintext_length();
    assert!(length <= data.len() as u64);
    let frame = reader.layout().frame_length() as usize;
    let signed = reader.header().suite.signature().is_some();

    let mut authentic = true;
    // From the end to the beginning, in steps that meet every frame and its borders.
    let step = (frame as u64 / 2).max(length / 64).max(1);
    let mut position = length;
    loop {
        count.set(0);
        let mut buffer = [0; 64];
        match reader.read_at(position, &mut buffer) {
            Ok(read) => {
                let start = (position as usize).min(released.len());
                let known = &released[start..released.len().min(start + read)];
                assert_eq!(&buffer[..known.len()], known);
                assert_eq!(read == 0, position >= length);
            }
            Err(_) => authentic = false,
        }
        assert!(count.get() <= data.len().min(frame.saturating_add(40)));
        if position == 0 {
            break;
        }
        position = position.saturating_sub(step);
    }
    let mut plaintext = Vec::new();
    let read = reader.read_to_end(&mut plaintext);
    match (read, &whole) {
        (Ok(count), Ok(_)) => assert!(authentic && count as u64 == length && plaintext == released),
        // Parts do not tell whether the signature is good; all else they do.
        (Ok(_), Err(error)) => assert!(signed, "{error}"),
        (Err(_), whole) => assert!(whole.is_err()),
    }
}
