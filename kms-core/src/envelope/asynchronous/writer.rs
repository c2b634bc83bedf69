//! Encrypts what is written to it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::task::{Poll, ready};

use super::super::encrypt::EncryptOptions;
use super::super::encryptor::MessageEncryptor;
use super::super::header::Header;
use super::super::keyring::DataKeys;
use super::encoder::Encoder;
use crate::ciphertext::EncryptionContext;
use crate::crypto::random::Random;
use crate::envelope::error::EncryptError;

/// A writer of plaintext that writes one message to the writer behind it.
///
/// A frame is written as soon as it is complete. **The message ends when the writer is closed**
/// (`close`, in tokio `shutdown`), which closes the writer behind it as well; flushing writes complete
/// frames only, since a shorter one can only be the last.
///
/// It is a `futures_io::AsyncWrite` over one (feature `futures`) and a `tokio::io::AsyncWrite` over one
/// (feature `tokio`).
pub struct EncryptingWriter<W> {
    pub(super) writer: W,
    header: Header,
    encoder: Encoder,
    failed: bool,
}

impl<W> fmt::Debug for EncryptingWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptingWriter")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

impl<W> EncryptingWriter<W> {
    /// Gets a data key of `keys`, which may block, and makes the header, which is written with the first
    /// plaintext. As for [`encrypt`](super::super::encrypt()), `context` is authenticated and, but for the
    /// required keys of the options, stored in the message in clear.
    ///
    /// # Errors
    /// [`EncryptError`]; nothing is written then.
    pub fn new(
        writer: W,
        keys: &dyn DataKeys,
        context: &EncryptionContext,
        options: &EncryptOptions,
        random: &dyn Random,
    ) -> Result<Self, EncryptError> {
        let encryptor = MessageEncryptor::new(keys, context, options, random)?;
        Ok(Self {
            writer,
            header: encryptor.header().clone(),
            encoder: Encoder::new(encryptor, options.frame_length)?,
            failed: false,
        })
    }

    /// The header of the message.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The writer behind this one. The message is whole only if this was closed.
    pub fn into_inner(self) -> W {
        self.writer
    }

    /// Takes plaintext once all that waits is written; then tries to write what is complete.
    pub(super) fn poll_take(
        &mut self,
        plaintext: &[u8],
        mut write: impl FnMut(&mut W, &[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_drain(&mut write))?;
        let Some(taken) = self.encoder.take(plaintext) else {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        };
        let taken = self.checked(taken)?;
        if let Poll::Ready(Err(error)) = self.poll_drain(&mut write) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(taken))
    }

    /// Writes all that waits.
    pub(super) fn poll_drain(
        &mut self,
        mut write: impl FnMut(&mut W, &[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        if self.failed {
            return Poll::Ready(Err(io::Error::other(FailedBefore)));
        }
        while !self.encoder.pending().is_empty() {
            let written = match ready!(write(&mut self.writer, self.encoder.pending())) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                written => written,
            };
            self.failed = written.is_err();
            self.encoder.wrote(written?);
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the message and writes the rest of it.
    pub(super) fn poll_finish(
        &mut self,
        mut write: impl FnMut(&mut W, &[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(&mut write))?;
        let finished = self.encoder.finish();
        self.checked(finished)?;
        self.poll_drain(write)
    }

    fn checked<T>(&mut self, result: Result<T, EncryptError>) -> io::Result<T> {
        self.failed |= result.is_err();
        result.map_err(io::Error::other)
    }
}

/// Nothing more can be written after an error: some of the message may be missing.
#[derive(Debug, thiserror::Error)]
#[error("writing the encrypted message failed before")]
struct FailedBefore;
