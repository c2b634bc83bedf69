//! Over the traits of tokio.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::decrypt::DecryptOptions;
use super::reader::{DecryptingReader, UnverifiedReader};
use super::received::{HeaderBuffer, ReceivedMessage};
use super::writer::EncryptingWriter;
use crate::envelope::error::DecryptError;

/// Reads the header of a message; more than the header may be taken off `reader`.
///
/// # Errors
/// [`DecryptError`] when what comes does not start with a well-formed header within the bounds of the
/// options.
pub async fn receive<R: AsyncRead + Unpin>(
    mut reader: R,
    options: DecryptOptions,
) -> Result<ReceivedMessage<R>, DecryptError> {
    let mut header = HeaderBuffer::new(options);
    loop {
        let read = |context: &mut Context<'_>| poll_read(&mut reader, context, header.space());
        match poll_fn(read).await {
            Ok(count) => {
                if let Some(read) = header.received(count)? {
                    return Ok(header.message(read, reader));
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(DecryptError::Read(error)),
        }
    }
}

fn poll_read<R: AsyncRead + Unpin>(
    reader: &mut R,
    context: &mut Context<'_>,
    to: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut to = ReadBuf::new(to);
    ready!(Pin::new(reader).poll_read(context, &mut to))?;
    Poll::Ready(Ok(to.filled().len()))
}

impl<R: AsyncRead + Unpin> AsyncRead for DecryptingReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let space = to.initialize_unfilled();
        let count = ready!(self.0.poll_plaintext(context, space, poll_read))?;
        to.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for UnverifiedReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let space = to.initialize_unfilled();
        let count = ready!(self.0.poll_plaintext(context, space, poll_read))?;
        to.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for EncryptingWriter<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        plaintext: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_take(plaintext, |writer, bytes| {
            Pin::new(writer).poll_write(context, bytes)
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(|writer, bytes| Pin::new(writer).poll_write(context, bytes)))?;
        Pin::new(&mut self.writer).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_finish(|writer, bytes| Pin::new(writer).poll_write(context, bytes)))?;
        Pin::new(&mut self.writer).poll_shutdown(context)
    }
}
