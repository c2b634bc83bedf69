//! Messages to asynchronous writers and from asynchronous readers.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_executor::block_on;
use futures_io::{AsyncRead, AsyncWrite};

use super::craft::{Craft, SUITES, keys_of, reading_all};
use super::*;
use crate::envelope::asynchronous::futures::receive;
use crate::envelope::asynchronous::{DecryptingReader, EncryptingWriter};

/// Gives and takes bytes in pieces of these sizes, over and over; 0 stands for not being ready.
struct Slow<'a> {
    rest: &'a [u8],
    written: Vec<u8>,
    closed: bool,
    sizes: &'a [usize],
    next: usize,
}

impl<'a> Slow<'a> {
    fn new(rest: &'a [u8], sizes: &'a [usize]) -> Self {
        Self {
            rest,
            written: Vec::new(),
            closed: false,
            sizes,
            next: 0,
        }
    }

    fn poll_size(&mut self, context: &Context<'_>) -> Poll<usize> {
        let size = self.sizes[self.next % self.sizes.len()];
        self.next += 1;
        if size == 0 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(size)
    }
}

impl AsyncRead for Slow<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let size = std::task::ready!(self.poll_size(context)).min(to.len());
        Poll::Ready(self.rest.read(&mut to[..size]))
    }
}

impl AsyncWrite for Slow<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let size = std::task::ready!(self.poll_size(context)).min(bytes.len());
        self.written.extend_from_slice(&bytes[..size]);
        Poll::Ready(Ok(size))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed = true;
        Poll::Ready(Ok(()))
    }
}

const SIZES: [&[usize]; 4] = [&[usize::MAX], &[1], &[0, 7, 0, 0, 4096], &[100_000, 0, 33]];

async fn write_all<W: AsyncWrite + Unpin>(writer: &mut W, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = poll_fn(|context| Pin::new(&mut *writer).poll_write(context, bytes)).await?;
        bytes = &bytes[count..];
    }
    Ok(())
}

async fn close<W: AsyncWrite + Unpin>(writer: &mut W) -> io::Result<()> {
    poll_fn(|context| Pin::new(&mut *writer).poll_close(context)).await
}

/// What is handed out, and how it ends.
async fn read_all<R: AsyncRead + Unpin>(reader: &mut R) -> (Vec<u8>, io::Result<()>) {
    let (mut plaintext, mut piece) = (Vec::new(), vec![0; 5000]);
    loop {
        let read = poll_fn(|context| Pin::new(&mut *reader).poll_read(context, &mut piece)).await;
        match read {
            Ok(0) => return (plaintext, Ok(())),
            Ok(count) => plaintext.extend_from_slice(&piece[..count]),
            Err(error) => return (plaintext, Err(error)),
        }
    }
}

fn refusal(error: &io::Error) -> Option<&DecryptError> {
    error.get_ref()?.downcast_ref()
}

fn holding_back() -> DecryptOptions {
    DecryptOptions {
        signed_messages: SignedMessages::HoldBack,
        ..DecryptOptions::default()
    }
}

fn written(plaintext: &[u8], options: &EncryptOptions, sizes: &[usize]) -> Vec<u8> {
    let slow = Slow::new(&[], sizes);
    let writer = EncryptingWriter::new(slow, &keyring(), &context(), options, &SystemRandom);
    let mut writer = writer.unwrap();
    block_on(async {
        write_all(&mut writer, plaintext).await.unwrap();
        close(&mut writer).await.unwrap();
    });
    let slow = writer.into_inner();
    assert!(slow.closed);
    slow.written
}

fn read(
    message: &[u8],
    keys: &dyn DataKeys,
    options: &DecryptOptions,
    sizes: &[usize],
) -> (Vec<u8>, Result<(), DecryptError>) {
    block_on(async {
        let received = match receive(Slow::new(message, sizes), options.clone()).await {
            Ok(received) => received,
            Err(error) => return (Vec::new(), Err(error)),
        };
        let mut reader = match received.open(keys) {
            Ok(reader) => reader,
            Err(error) => return (Vec::new(), Err(error)),
        };
        let (plaintext, end) = read_all(&mut reader).await;
        let Err(error) = end else {
            return (plaintext, Ok(()));
        };
        // After an error there is never an end.
        let (more, again) = read_all(&mut reader).await;
        assert!(more.is_empty() && again.is_err());
        let error = error.into_inner().unwrap().downcast::<DecryptError>();
        (plaintext, Err(*error.unwrap()))
    })
}

#[test]
fn what_was_written_is_read_however_it_comes_in_pieces() {
    for frame_length in [16, 4096, 65_536] {
        let frame = usize::try_from(frame_length).unwrap();
        for length in [0, 1, frame - 1, frame, frame + 1, 9 * frame + 3] {
            for (sizes, sign) in SIZES.into_iter().zip([false, true, false, true]) {
                if sizes == [1] && length > 100_000 {
                    continue;
                }
                let plaintext = pattern(length);
                let options = EncryptOptions {
                    sign,
                    ..with_frames_of(frame_length)
                };
                let message = written(&plaintext, &options, sizes);
                let (read, end) = read(&message, &keyring(), &holding_back(), sizes);
                end.unwrap();
                assert!(read == plaintext, "{length} bytes in frames of {frame}");
                // The reader of std::io reads it too.
                let mut released = Vec::new();
                let options = holding_back();
                decrypt(&mut &message[..], &mut released, &keyring(), &options).unwrap();
                assert!(released == plaintext);
            }
        }
    }
}

#[test]
fn the_message_is_that_of_the_writer_of_std_io() {
    #[derive(Debug)]
    struct Same;
    impl crate::crypto::random::Random for Same {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), crate::crypto::Failed> {
            bytes.fill(3);
            Ok(())
        }
    }
    let (keys, options) = (Fixed(vec![5; 32]), with_frames_of(16));
    let plaintext = pattern(40);
    let mut expected = Vec::new();
    let mut reader = &plaintext[..];
    encrypt(
        &mut reader,
        &mut expected,
        &keys,
        &context(),
        &options,
        &Same,
    )
    .unwrap();
    let slow = Slow::new(&[], &[3]);
    let mut writer = EncryptingWriter::new(slow, &keys, &context(), &options, &Same).unwrap();
    block_on(async {
        write_all(&mut writer, &plaintext).await.unwrap();
        close(&mut writer).await.unwrap();
    });
    assert_eq!(writer.into_inner().written, expected);
}

#[test]
fn a_complete_frame_is_written_before_more_plaintext_comes() {
    let slow = Slow::new(&[], &[usize::MAX]);
    let options = with_frames_of(16);
    let mut writer =
        EncryptingWriter::new(slow, &keyring(), &context(), &options, &SystemRandom).unwrap();
    block_on(write_all(&mut writer, &pattern(40))).unwrap();
    let message = writer.into_inner().written;
    // Two frames and no end: what a writer leaves that is dropped before it is closed.
    let (plaintext, end) = read(&message, &keyring(), &DecryptOptions::default(), &[1]);
    assert_eq!(plaintext, pattern(32));
    assert!(matches!(end, Err(DecryptError::Truncated(Part::Frame(3)))));
}

#[test]
fn every_suite_is_read_framed_and_unframed() {
    for id in SUITES {
        for content in [
            Content::Framed(16),
            Content::Framed(4096),
            Content::Unframed,
        ] {
            for length in [0, 1, 16, 50] {
                let message = Craft::message(id, content, &pattern(length));
                let (read, end) = read(&message, &keys_of(id), &reading_all(), &[7, 0]);
                end.unwrap_or_else(|error| panic!("{id:04x} {content:?}: {error}"));
                assert_eq!(read, pattern(length));
            }
        }
    }
}

#[test]
fn what_is_changed_cut_or_added_to_is_refused_as_the_reader_of_std_io_refuses_it() {
    let plaintext = pattern(40);
    let contents = [
        (0x0478, Content::Framed(16)),
        (0x0578, Content::Framed(16)),
        (0x0478, Content::Unframed),
    ];
    for (id, content) in contents {
        let message = Craft::message(id, content, &plaintext);
        let mut damaged: Vec<Vec<u8>> = (0..message.len())
            .map(|byte| {
                let mut altered = message.clone();
                altered[byte] ^= 1 << (byte % 8);
                altered
            })
            .collect();
        damaged.extend((0..message.len()).map(|length| message[..length].to_vec()));
        damaged.push([&message[..], b"\0"].concat());
        for message in damaged {
            let (released, end) = read(&message, &keys_of(id), &reading_all(), &[29, 0]);
            let mut expected = Vec::new();
            let refused = decrypt(
                &mut &message[..],
                &mut expected,
                &keys_of(id),
                &reading_all(),
            );
            assert_eq!(
                end.unwrap_err().to_string(),
                refused.unwrap_err().to_string()
            );
            // An authentic beginning at most: whole frames of what is not signed.
            assert!(released.len().is_multiple_of(16) && plaintext.starts_with(&released));
            if id == 0x0578 || content == Content::Unframed {
                assert_eq!(released, b"");
            }
        }
    }
}

#[test]
fn a_signed_message_is_refused_or_held_back_and_never_released_unverified_but_by_that_name() {
    let message = Craft::message(0x0578, Content::Framed(16), &pattern(40));
    let mut forged = message.clone();
    *forged.last_mut().unwrap() ^= 1;
    let with = |signed_messages| DecryptOptions {
        signed_messages,
        ..DecryptOptions::default()
    };
    for how in [SignedMessages::Refuse, SignedMessages::ReleaseUnverified] {
        let (released, end) = read(&message, &Unasked, &with(how), &[usize::MAX]);
        assert!(released.is_empty() && matches!(end, Err(DecryptError::Signed)));
    }
    let keys = keys_of(0x0578);
    let held = |message: &[u8]| read(message, &keys, &holding_back(), &[usize::MAX]);
    assert_eq!(held(&message).0, pattern(40));
    let (released, end) = held(&forged);
    assert_eq!(released, b"");
    assert!(matches!(end, Err(DecryptError::Forged(Part::Signature))));
    let unverified = |message: Vec<u8>| {
        block_on(async move {
            let slow = Slow::new(&message, &[usize::MAX]);
            let received = receive(slow, DecryptOptions::default()).await.unwrap();
            let mut reader = received.open_unverified(&keys_of(0x0578)).unwrap();
            read_all(&mut reader).await
        })
    };
    let (released, end) = unverified(message);
    end.unwrap();
    assert_eq!(released, pattern(40));
    // The final frame waits for the signature even here.
    let (released, end) = unverified(forged);
    assert_eq!(released, pattern(32));
    let end = end.unwrap_err();
    assert!(matches!(
        refusal(&end),
        Some(DecryptError::Forged(Part::Signature))
    ));
}

#[test]
fn no_more_is_held_than_the_options_allow() {
    let limited = |max_held_bytes| DecryptOptions {
        max_held_bytes,
        ..reading_all()
    };
    let refused = |id, content, most| {
        let message = Craft::message(id, content, &pattern(100));
        let (released, end) = read(&message, &keys_of(id), &limited(most), &[50]);
        assert_eq!(released, b"");
        assert!(
            matches!(end, Err(DecryptError::TooLargeToHold(_))),
            "{end:?}"
        );
    };
    refused(0x0478, Content::Framed(64), 63);
    refused(0x0478, Content::Unframed, 99);
    refused(0x0578, Content::Framed(16), 99);
    let message = Craft::message(0x0578, Content::Framed(16), &pattern(100));
    let (read, end) = read(&message, &keys_of(0x0578), &limited(100), &[50]);
    end.unwrap();
    assert_eq!(read, pattern(100));
}

#[test]
fn a_header_of_any_length_is_found_however_it_comes() {
    let long: EncryptionContext = (0..400)
        .map(|number| (format!("key {number}"), "v".repeat(100)))
        .collect();
    let sealer = Sealer::new(keyring(), Arc::new(SystemRandom));
    let message = sealer.seal(b"plaintext", &long).unwrap();
    assert!(message.len() > 40_000);
    for sizes in SIZES {
        let (read, end) = read(&message, &keyring(), &DecryptOptions::default(), sizes);
        end.unwrap();
        assert_eq!(read, b"plaintext");
    }
    let refused = |message: &[u8]| {
        read(message, &Unasked, &DecryptOptions::default(), &[1])
            .1
            .unwrap_err()
    };
    assert!(matches!(refused(b"plain text"), DecryptError::NotAMessage));
    assert!(matches!(
        refused(b""),
        DecryptError::Truncated(Part::Header)
    ));
    let cut = refused(&message[..30_000]);
    assert!(matches!(cut, DecryptError::Truncated(Part::Header)));
}

#[test]
fn while_a_message_is_held_back_others_have_their_turn() {
    let options = EncryptOptions {
        sign: true,
        ..EncryptOptions::default()
    };
    let message = written(&pattern(1 << 20), &options, &[usize::MAX]);
    let reader = async {
        let slow = Slow::new(&message, &[usize::MAX]);
        receive(slow, holding_back())
            .await
            .unwrap()
            .open(&keyring())
            .unwrap()
    };
    let mut reader = block_on(reader);
    let mut context = Context::from_waker(std::task::Waker::noop());
    let mut pending = 0;
    let mut piece = [0; 16];
    while Pin::new(&mut reader)
        .poll_read(&mut context, &mut piece)
        .is_pending()
    {
        pending += 1;
    }
    assert!(pending >= 3, "{pending} turns in a MiB");
}

/// A writer that fails once it has taken so many bytes.
struct Failing(usize);

impl AsyncWrite for Failing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = bytes.len().min(self.0);
        self.0 -= count;
        Poll::Ready(match count {
            0 => Err(ErrorKind::ConnectionReset.into()),
            count => Ok(count),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn after_a_write_that_failed_nothing_more_is_written_and_no_end_is_made() {
    let options = with_frames_of(16);
    for room in [0, 100, 250] {
        let (keys, context) = (keyring(), context());
        let writer = EncryptingWriter::new(Failing(room), &keys, &context, &options, &SystemRandom);
        let mut writer = writer.unwrap();
        let failed = block_on(write_all(&mut writer, &pattern(1000))).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::ConnectionReset);
        assert!(block_on(write_all(&mut writer, b"more")).is_err());
        assert!(block_on(close(&mut writer)).is_err());
    }
}

#[test]
fn a_closed_writer_takes_nothing_and_closes_again() {
    let (keys, context, options) = (keyring(), context(), with_frames_of(16));
    let slow = Slow::new(&[], &[usize::MAX]);
    let mut writer = EncryptingWriter::new(slow, &keys, &context, &options, &SystemRandom).unwrap();
    block_on(close(&mut writer)).unwrap();
    let refused = block_on(write_all(&mut writer, b"more")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
    block_on(close(&mut writer)).unwrap();
    let (read, end) = open(&writer.into_inner().written);
    end.unwrap();
    assert_eq!(read, b"");
}

#[test]
fn a_reader_that_fails_is_told_apart_from_a_message_that_is_refused() {
    struct Broken;
    impl AsyncRead for Broken {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
        }
    }
    let refused = block_on(receive(Broken, DecryptOptions::default())).unwrap_err();
    assert!(matches!(refused, DecryptError::Read(_)));
}

#[test]
fn tokio_s_readers_and_writers_do_the_same() {
    use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use crate::envelope::asynchronous::tokio::receive;

    let plaintext = pattern(200_000);
    let (keys, context, options) = (keyring(), context(), EncryptOptions::default());
    let mut writer =
        EncryptingWriter::new(Vec::new(), &keys, &context, &options, &SystemRandom).unwrap();
    let message = block_on(async {
        let mut rest = &plaintext[..];
        while !rest.is_empty() {
            let write = |context: &mut Context<'_>| {
                AsyncWrite::poll_write(Pin::new(&mut writer), context, rest)
            };
            let count = poll_fn(write).await.unwrap();
            rest = &rest[count..];
        }
        poll_fn(|context| AsyncWrite::poll_flush(Pin::new(&mut writer), context))
            .await
            .unwrap();
        poll_fn(|context| AsyncWrite::poll_shutdown(Pin::new(&mut writer), context))
            .await
            .unwrap();
        writer.into_inner()
    });
    let read = |message: &[u8]| -> io::Result<Vec<u8>> {
        block_on(async {
            let received = receive(message, DecryptOptions::default()).await.unwrap();
            let mut reader: DecryptingReader<&[u8]> = received.open(&keys).unwrap();
            let (mut read, mut piece) = (Vec::new(), [0; 3000]);
            loop {
                let mut piece = ReadBuf::new(&mut piece);
                let poll = |context: &mut Context<'_>| {
                    AsyncRead::poll_read(Pin::new(&mut reader), context, &mut piece)
                };
                poll_fn(poll).await?;
                if piece.filled().is_empty() {
                    return Ok(read);
                }
                read.extend_from_slice(piece.filled());
            }
        })
    };
    assert!(read(&message).unwrap() == plaintext);
    let cut = read(&message[..message.len() - 1]).unwrap_err();
    assert!(matches!(refusal(&cut), Some(DecryptError::Truncated(_))));
}
