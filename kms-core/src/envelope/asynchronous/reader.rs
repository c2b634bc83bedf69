//! Decrypts what is read from it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

use super::super::header::Header;
use super::decoder::{Decoder, Step};

/// Bytes of a message that are worked off in one poll when none of their plaintext may be handed out.
const BYTES_PER_POLL: usize = 256 * 1024;

/// A reader of the plaintext of one message, from [`ReceivedMessage::open`](super::ReceivedMessage::open).
///
/// Frames are handed out once their tags are checked, the final one when nothing follows the message;
/// of a signed message nothing before the signature is checked. The end of the plaintext is told when the
/// whole message is verified: a caller that reads to the end without an error has all of it.
///
/// It is a `futures_io::AsyncRead` over one (feature `futures`) and a `tokio::io::AsyncRead` over one
/// (feature `tokio`).
pub struct DecryptingReader<R>(pub(super) Opening<R>);

/// A reader of the plaintext of one message **that hands out frames of a signed message before its
/// signature is checked**, from [`ReceivedMessage::open_unverified`](super::ReceivedMessage::open_unverified).
///
/// Whoever could decrypt the data key may have written them. The signature is checked before the final
/// frame is handed out and before the end is told: when that is an error, the caller must discard all that
/// was read. Otherwise it is like [`DecryptingReader`].
pub struct UnverifiedReader<R>(pub(super) Opening<R>);

macro_rules! of_one_message {
    ($($reader:ident),*) => {$(
        impl<R> $reader<R> {
            pub(super) fn new(header: Header, reader: R, decoder: Decoder) -> Self {
                Self(Opening { header, reader, decoder, failed: false })
            }

            /// The header of the message; authenticated, but for the signature.
            pub fn header(&self) -> &Header {
                &self.0.header
            }

            /// The reader behind this one.
            pub fn into_inner(self) -> R {
                self.0.reader
            }
        }

        impl<R> fmt::Debug for $reader<R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($reader))
                    .field("header", &self.0.header)
                    .finish_non_exhaustive()
            }
        }
    )*};
}

of_one_message!(DecryptingReader, UnverifiedReader);

/// A message that is being opened.
pub(super) struct Opening<R> {
    header: Header,
    reader: R,
    decoder: Decoder,
    failed: bool,
}

impl<R> Opening<R> {
    /// Fills a part of `to`; nothing is the end of the plaintext, verified.
    pub(super) fn poll_plaintext(
        &mut self,
        context: &mut Context<'_>,
        to: &mut [u8],
        mut read: impl FnMut(&mut R, &mut Context<'_>, &mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let mut worked_off = 0_usize;
        loop {
            let taken = self.decoder.take(to);
            if taken > 0 || to.is_empty() {
                return Poll::Ready(Ok(taken));
            }
            match self.step()? {
                Step::Done => return Poll::Ready(Ok(0)),
                Step::Opened(bytes) => worked_off = worked_off.saturating_add(bytes),
                Step::Needs(bytes) => {
                    let space = self.decoder.space(bytes);
                    match ready!(read(&mut self.reader, context, space)) {
                        Ok(count) => self.decoder.received(count),
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Err(error) => return Poll::Ready(Err(error)),
                    }
                }
            }
            if worked_off > BYTES_PER_POLL {
                // Others may have their turn before more of a message that is held back.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    fn step(&mut self) -> io::Result<Step> {
        if self.failed {
            return Err(io::Error::new(ErrorKind::InvalidData, RefusedBefore));
        }
        let step = self.decoder.step();
        self.failed = step.is_err();
        step.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }
}

/// There is no end of the plaintext to be told after an error.
#[derive(Debug, thiserror::Error)]
#[error("the message was refused before")]
struct RefusedBefore;
