//! What holds for messages as a whole.

#[cfg(all(feature = "futures", feature = "tokio"))]
mod asynchronous;
mod cached;
mod craft;
mod encryptor;
mod fields;
mod keyrings;
mod malformed_body;
mod malformed_header;
mod ranges;
mod reencrypted;
mod sealed;
mod signed;
mod streaming;
mod suites;

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::ciphertext::EncryptionContext;
use crate::crypto::random::SystemRandom;
use crate::secret::SecretBytes;

fn keyring() -> RawAesKeyring {
    let key = SecretBytes::new(vec![7; 32]);
    RawAesKeyring::new("namespace", "name", &key, Arc::new(SystemRandom)).unwrap()
}

fn context() -> EncryptionContext {
    [("b", "2"), ("B", "1")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into_iter()
        .collect()
}

fn with_frames_of(frame_length: u32) -> EncryptOptions {
    EncryptOptions {
        frame_length,
        ..EncryptOptions::default()
    }
}

fn encrypted(reader: &mut (dyn Read + Send), frame_length: u32) -> Vec<u8> {
    let mut message = Vec::new();
    let options = with_frames_of(frame_length);
    let (keys, context) = (keyring(), context());
    encrypt(
        reader,
        &mut message,
        &keys,
        &context,
        &options,
        &SystemRandom,
    )
    .unwrap();
    message
}

fn message(plaintext: &[u8], frame_length: u32) -> Vec<u8> {
    encrypted(&mut &plaintext[..], frame_length)
}

/// What was released, and how it ended.
fn decrypted(reader: &mut dyn Read) -> (Vec<u8>, Result<Summary, DecryptError>) {
    let mut plaintext = Vec::new();
    let result = decrypt(
        reader,
        &mut plaintext,
        &keyring(),
        &DecryptOptions::default(),
    );
    (plaintext, result)
}

fn open(message: &[u8]) -> (Vec<u8>, Result<Summary, DecryptError>) {
    decrypted(&mut &message[..])
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect()
}

/// Gives its bytes in pieces of these sizes, over and over; 0 stands for an interruption.
struct Pieces<'a> {
    rest: &'a [u8],
    sizes: Vec<usize>,
    next: usize,
}

impl<'a> Pieces<'a> {
    fn new(rest: &'a [u8], sizes: &[usize]) -> Self {
        Self {
            rest,
            sizes: sizes.to_vec(),
            next: 0,
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()];
        self.next += 1;
        if size == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let size = size.min(buffer.len());
        self.rest.read(&mut buffer[..size])
    }

    fn read_vectored(&mut self, buffers: &mut [io::IoSliceMut<'_>]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()];
        self.next += 1;
        if size == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let (mut piece, _) = self.rest.split_at(size.min(self.rest.len()));
        let count = piece.read_vectored(buffers)?;
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

/// The lengths of the parts of a message: header, then each frame.
fn part_lengths(message: &[u8], plaintext_length: usize, frame_length: usize) -> Vec<usize> {
    let frames = plaintext_length / frame_length;
    let last = plaintext_length % frame_length + 40;
    let header = message.len() - frames * (frame_length + 32) - last;
    let mut lengths = vec![header];
    lengths.extend(std::iter::repeat_n(frame_length + 32, frames));
    lengths.push(last);
    lengths
}

fn parts(message: &[u8], plaintext_length: usize, frame_length: usize) -> Vec<Vec<u8>> {
    let mut rest = message;
    let take = |length| {
        let (part, after) = rest.split_at(length);
        rest = after;
        part.to_vec()
    };
    part_lengths(message, plaintext_length, frame_length)
        .into_iter()
        .map(take)
        .collect()
}

#[test]
fn what_was_encrypted_comes_back_at_every_size_around_a_frame() {
    for frame_length in [1, 2, 16, 4096, 65_536, 1_048_576] {
        let frame = usize::try_from(frame_length).unwrap();
        for length in [0, 1, frame - 1, frame, frame + 1, 2 * frame, 9 * frame + 3] {
            let plaintext = pattern(length);
            let message = message(&plaintext, frame_length);
            let (released, result) = open(&message);
            let summary = result.unwrap();
            assert!(released == plaintext, "{length} bytes in frames of {frame}");
            assert_eq!(summary.plaintext_length, u64::try_from(length).unwrap());
            assert_eq!(summary.header.context, context());
        }
    }
}

#[test]
fn a_message_has_the_length_that_the_format_says_and_ends_in_a_short_frame() {
    for length in [0, 15, 16, 17, 160] {
        let message = message(&pattern(length), 16);
        let last = length % 16;
        // One data key in namespace `namespace`, key `name`; a context of two pairs.
        let header = 1 + 2 + 32 + (2 + 14) + 2 + (2 + 9 + 2 + 24 + 2 + 48) + 1 + 4 + 32 + 16;
        assert_eq!(message.len(), header + length / 16 * 48 + 40 + last);
        let tail = &message[message.len() - 40 - last..];
        assert_eq!(&tail[..4], [0xff; 4]);
        let length_field = u32::from_be_bytes(tail[20..24].try_into().unwrap());
        assert_eq!(usize::try_from(length_field).unwrap(), last);
    }
}

#[test]
fn two_messages_of_the_same_plaintext_share_neither_id_nor_key() {
    let (one, two) = (message(b"same", 16), message(b"same", 16));
    let (one, two) = (inspect(&mut &one[..]), inspect(&mut &two[..]));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.message_id, two.message_id);
    assert_ne!(one.commitment, two.commitment);
}

#[test]
fn a_flipped_bit_anywhere_is_refused_and_releases_authentic_frames_only() {
    let plaintext = pattern(40);
    let message = message(&plaintext, 16);
    for bit in 0..message.len() * 8 {
        let mut altered = message.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let (released, result) = open(&altered);
        assert!(result.is_err(), "bit {bit}");
        assert!(released.len() % 16 == 0 && plaintext.starts_with(&released));
    }
}

#[test]
fn a_message_cut_at_any_byte_is_refused_as_truncated() {
    let plaintext = pattern(40);
    let message = message(&plaintext, 16);
    for length in 0..message.len() {
        let (released, result) = open(&message[..length]);
        let Err(DecryptError::Truncated(_)) = result else {
            panic!("{length} bytes: {result:?}");
        };
        assert!(released.len() % 16 == 0 && plaintext.starts_with(&released));
    }
}

#[test]
fn a_byte_after_the_message_is_refused() {
    let mut message = message(b"plaintext", 16);
    message.push(0);
    let (released, result) = open(&message);
    assert!(matches!(result, Err(DecryptError::TrailingData)));
    assert_eq!(released, b"");
}

#[test]
fn two_messages_in_a_row_are_not_one() {
    let message = [message(b"one", 16), message(b"two", 16)].concat();
    assert!(matches!(open(&message).1, Err(DecryptError::TrailingData)));
}

#[test]
fn frames_that_are_swapped_doubled_or_left_out_are_refused() {
    let plaintext = pattern(56);
    let whole = message(&plaintext, 16);
    let orders: [&[usize]; 8] = [
        &[0, 2, 1, 3, 4],
        &[0, 1, 1, 2, 3, 4],
        &[0, 1, 3, 4],
        &[0, 1, 2, 4],
        &[0, 1, 2, 3, 3, 4],
        &[0, 1, 2, 3, 4, 4],
        &[0, 4],
        &[0, 1, 2, 4, 3],
    ];
    let parts = parts(&whole, 56, 16);
    for order in orders {
        let altered: Vec<u8> = order.iter().flat_map(|&i| parts[i].clone()).collect();
        let (released, result) = open(&altered);
        assert!(result.is_err(), "{order:?}");
        assert!(plaintext.starts_with(&released));
    }
}

#[test]
fn a_frame_renumbered_to_fill_a_gap_is_forged() {
    let mut parts = parts(&message(&pattern(56), 16), 56, 16);
    parts.remove(1);
    parts[1][..4].copy_from_slice(&1_u32.to_be_bytes());
    let (released, result) = open(&parts.concat());
    assert!(matches!(result, Err(DecryptError::Forged(Part::Frame(1)))));
    assert_eq!(released, b"");
}

#[test]
fn a_body_under_another_messages_header_is_forged() {
    let (one, two) = (message(&pattern(20), 16), message(&pattern(20), 16));
    let (mut one, two) = (parts(&one, 20, 16), parts(&two, 20, 16));
    one.splice(1.., two[1..].to_vec());
    let (_, result) = open(&one.concat());
    assert!(matches!(result, Err(DecryptError::Forged(Part::Frame(1)))));
}

#[test]
fn a_full_final_frame_as_other_writers_make_it_is_read() {
    // Made by hand: this writer never writes one.
    let whole = message(&pattern(16), 16);
    let header = inspect(&mut &whole[..]).unwrap();
    let data_key = keyring()
        .unwrap(&header.encrypted_data_keys, &context(), 32)
        .unwrap();
    let (key, _) = derive::committing_key(header.suite, &data_key, &header.message_id).unwrap();
    let mut aad = frame::FrameAad::new(&header.message_id, frame::Kind::Final);
    let mut sealed = pattern(16);
    key.seal(frame::written_nonce(1), aad.of(1, 16), &mut sealed)
        .unwrap();
    let mut altered = parts(&whole, 16, 16)[0].clone();
    altered.extend_from_slice(&[0xff; 4]);
    altered.extend_from_slice(&1_u32.to_be_bytes());
    altered.extend_from_slice(&frame::written_nonce(1));
    altered.extend_from_slice(&16_u32.to_be_bytes());
    altered.extend_from_slice(&sealed);
    let (released, result) = open(&altered);
    result.unwrap();
    assert_eq!(released, pattern(16));
}

#[test]
fn another_key_or_context_opens_nothing() {
    let message = message(b"plaintext", 16);
    let other = SecretBytes::new(vec![8; 32]);
    let other = RawAesKeyring::new("namespace", "name", &other, Arc::new(SystemRandom)).unwrap();
    let options = DecryptOptions::default();
    let result = decrypt(&mut &message[..], &mut io::sink(), &other, &options);
    let Err(DecryptError::Key(source)) = result else {
        panic!("{result:?}");
    };
    let source = source.downcast_ref::<RawAesError>();
    assert_eq!(source, Some(&RawAesError::NoDataKey));

    for (key, value) in [("b", "3"), ("unstored", "1")] {
        let options = DecryptOptions {
            reproduced_context: [(key.to_owned(), value.to_owned())].into_iter().collect(),
            ..DecryptOptions::default()
        };
        assert!(decrypt(&mut &message[..], &mut io::sink(), &keyring(), &options).is_err());
    }
}

/// Keys that nobody may ask for.
struct Unasked;

impl DataKeys for Unasked {
    fn generate(&self, _: usize, _: &EncryptionContext) -> Result<DataKey, KeyError> {
        panic!("asked for a key");
    }
    fn wrap(
        &self,
        _: &SecretBytes,
        _: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        panic!("asked for a key");
    }
    fn unwrap(
        &self,
        _: &[EncryptedDataKey],
        _: &EncryptionContext,
        _: usize,
    ) -> Result<SecretBytes, KeyError> {
        panic!("asked for a key");
    }
}

/// A keyring that gives a key of its own, whatever the message says.
struct Fixed(Vec<u8>);

impl DataKeys for Fixed {
    fn generate(&self, _: usize, _: &EncryptionContext) -> Result<DataKey, KeyError> {
        Ok(DataKey {
            plaintext: SecretBytes::new(self.0.clone()),
            encrypted: vec![EncryptedDataKey::aws_kms("arn:aws:kms:x:1:key/1", vec![1])],
        })
    }

    fn wrap(
        &self,
        _: &SecretBytes,
        _: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        Ok(Vec::new())
    }

    fn unwrap(
        &self,
        _: &[EncryptedDataKey],
        _: &EncryptionContext,
        _: usize,
    ) -> Result<SecretBytes, KeyError> {
        Ok(SecretBytes::new(self.0.clone()))
    }
}

#[test]
fn a_data_key_that_the_message_does_not_commit_to_is_refused() {
    let message = message(b"plaintext", 16);
    let options = DecryptOptions::default();
    let open = |key: Vec<u8>| {
        decrypt(&mut &message[..], &mut io::sink(), &Fixed(key), &options).unwrap_err()
    };
    assert!(matches!(
        open(vec![1; 32]),
        DecryptError::CommitmentMismatch
    ));
    assert!(matches!(open(vec![1; 16]), DecryptError::KeyMaterial));
}

#[test]
fn no_key_is_asked_for_a_message_that_the_policy_refuses() {
    let header = |suite: u16, context: EncryptionContext, keys: usize| {
        let suite = AlgorithmSuite::from_id(suite).unwrap();
        let header = Header {
            suite,
            message_id: vec![0; suite.version().message_id_length()],
            context,
            encrypted_data_keys: vec![EncryptedDataKey::aws_kms("arn", vec![1]); keys],
            content: Content::Framed(16),
            commitment: vec![0; if suite.commits_to_key() { 32 } else { 0 }],
        };
        [header.to_bytes().unwrap(), vec![0; 28]].concat()
    };
    let refused = |message: Vec<u8>| {
        let options = DecryptOptions::default();
        decrypt(&mut &message[..], &mut io::sink(), &Unasked, &options).unwrap_err()
    };
    let point = "AyN8lUlM5nwMVGBkpHnjTIqY7ZRBEgkWa9GLXCmUDdrV";
    let signed: EncryptionContext = [(PUBLIC_KEY_CONTEXT_KEY.to_owned(), point.to_owned())]
        .into_iter()
        .collect();
    let uncommitted = refused(header(0x0178, context(), 1));
    assert!(matches!(uncommitted, DecryptError::Uncommitted));
    let many = refused(header(0x0478, context(), 17));
    assert!(matches!(many, DecryptError::TooManyDataKeys(16)));
    let unsigned = refused(header(0x0578, context(), 1));
    assert!(matches!(unsigned, DecryptError::MalformedHeader(_)));
    let falsely_signed = refused(header(0x0478, signed, 1));
    assert!(matches!(falsely_signed, DecryptError::MalformedHeader(_)));
}

#[test]
fn a_stored_context_is_read_in_any_order_but_never_with_a_key_twice() {
    let with_context = |context: &[u8]| {
        let message = message(b"plaintext", 16);
        let stored = 2 + context_bytes().len();
        [&message[..35], context, &message[35 + stored..]].concat()
    };
    let sized = |pairs: &[&str]| {
        let mut bytes = vec![0, u8::try_from(pairs.len() / 2).unwrap()];
        for text in pairs {
            bytes.extend_from_slice(&[0, u8::try_from(text.len()).unwrap()]);
            bytes.extend_from_slice(text.as_bytes());
        }
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        [length.to_vec(), bytes].concat()
    };
    let read = |context: &[u8]| inspect(&mut &with_context(context)[..]);
    let unsorted = read(&sized(&["b", "2", "B", "1"])).unwrap();
    assert_eq!(unsorted.context, context());
    assert_eq!(read(&[0, 0]).unwrap().context, EncryptionContext::new());
    let refused = [
        sized(&["b", "2", "b", "2"]),       // a key twice
        sized(&[]),                         // no pairs, but a count
        vec![0, 3, 0, 1, 0],                // cut off
        vec![0, 7, 0, 1, 0, 0, 0, 0, 0],    // a byte too many
        vec![0, 7, 0, 1, 0, 1, 0xff, 0, 0], // not UTF-8
    ];
    for context in refused {
        let result = read(&context);
        assert!(
            matches!(
                result,
                Err(DecryptError::MalformedHeader("encryption context"))
            ),
            "{context:?}"
        );
    }
}

fn context_bytes() -> Vec<u8> {
    context().serialise().unwrap()
}

#[test]
fn what_is_no_message_is_told_apart() {
    let refused = |bytes: &[u8]| open(bytes).1.unwrap_err();
    assert!(matches!(refused(b"plain text"), DecryptError::NotAMessage));
    assert!(matches!(refused(b"AgR4abcdef"), DecryptError::Base64));
    assert!(matches!(refused(b"AYADeE0abc"), DecryptError::Base64));
    assert!(matches!(
        refused(b"\x02\x09\x99   "),
        DecryptError::Unsupported(_)
    ));
    assert!(matches!(
        refused(b""),
        DecryptError::Truncated(Part::Header)
    ));
}

#[test]
fn bad_options_and_reserved_context_keys_are_refused_before_anything_is_written() {
    let mut written = Vec::new();
    let mut encrypt = |context: &EncryptionContext, frame_length| {
        let options = with_frames_of(frame_length);
        let mut reader: &[u8] = b"plaintext";
        encrypt(
            &mut reader,
            &mut written,
            &keyring(),
            context,
            &options,
            &SystemRandom,
        )
        .unwrap_err()
    };
    let reserved: EncryptionContext = [("aws-crypto-x".to_owned(), String::new())]
        .into_iter()
        .collect();
    assert!(matches!(encrypt(&context(), 0), EncryptError::FrameLength));
    assert!(matches!(
        encrypt(&context(), 1_048_577),
        EncryptError::FrameLength
    ));
    assert!(matches!(
        encrypt(&reserved, 16),
        EncryptError::ReservedContextKey
    ));
    assert_eq!(written, b"");
}

#[test]
fn a_frame_larger_than_may_be_held_is_refused() {
    let message = message(&pattern(100), 64);
    let options = DecryptOptions {
        max_held_bytes: 63,
        ..DecryptOptions::default()
    };
    let result = decrypt(&mut &message[..], &mut io::sink(), &keyring(), &options);
    assert!(matches!(
        result,
        Err(DecryptError::TooLargeToHold(Part::Frame(1)))
    ));
}

#[test]
fn failures_to_read_and_to_write_are_told_apart() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::ConnectionReset.into())
        }
    }
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let encrypt = |reader: &mut (dyn Read + Send), writer: &mut (dyn Write + Send)| {
        let options = EncryptOptions::default();
        encrypt(
            reader,
            writer,
            &keyring(),
            &context(),
            &options,
            &SystemRandom,
        )
        .unwrap_err()
    };
    let message = message(b"plaintext", 16);
    let options = DecryptOptions::default();
    let unread = decrypt(&mut Broken, &mut io::sink(), &keyring(), &options);
    let unwritten = decrypt(&mut &message[..], &mut Broken, &keyring(), &options);
    assert!(matches!(
        encrypt(&mut Broken, &mut io::sink()),
        EncryptError::Read(_)
    ));
    assert!(matches!(
        encrypt(&mut io::empty(), &mut Broken),
        EncryptError::Write(_)
    ));
    assert!(matches!(unread, Err(DecryptError::Read(_))));
    assert!(matches!(unwritten, Err(DecryptError::Write(_))));
}
