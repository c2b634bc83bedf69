//! A message made anew for other recipients, without its plaintext leaving this process.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Summary;
use super::body::Body;
use super::decrypt::{DecryptOptions, full_context, holds_back, open_header};
use super::encrypt::{EncryptOptions, Prepared};
use super::error::{DecryptError, EncryptError};
use super::header::{Header, PUBLIC_KEY_CONTEXT_KEY, read_header};
use super::input::Input;
use super::keyring::DataKeys;
use super::output::Output;
use crate::crypto::random::Random;
use crate::secret::SecretBytes;

/// Pieces of plaintext that wait to be sealed, each of a batch at most.
const WAITING_PIECES: usize = 2;

/// Why a message was not made anew.
#[derive(Debug, thiserror::Error)]
pub enum ReencryptError {
    /// The message was refused, or could not be read.
    #[error(transparent)]
    Decrypt(DecryptError),
    /// The new message could not be made or written.
    #[error(transparent)]
    Encrypt(EncryptError),
}

/// A message that was made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reencrypted {
    /// The new message.
    pub written: Summary,
    /// Whether the old one was signed.
    pub signed: bool,
}

/// Decrypts one message by `from`, to the end of `reader`, and encrypts it anew by `to`: another
/// data key, another message id, another tag on every frame.
///
/// The encryption context stays, and what of it is not stored is not stored in the new message
/// either. A signature is verified and not carried over: the options say whether the new message has
/// one. The new message is complete only when the old one was verified whole. Its frames are written
/// as those of the old one are opened, or, of a signed message, as [`SignedMessages`](super::SignedMessages) says:
/// whoever reads the new message as it is written would else take them for verified.
///
/// Whoever could decrypt the old message can decrypt every copy of it that is left. New headers are
/// not put before old bodies: the header's tag has a fixed IV, and two tags under one key give away
/// what forges all others.
///
/// # Errors
/// [`ReencryptError`]; what was written until then is not a whole message and cannot be taken for
/// one.
#[expect(
    clippy::too_many_arguments,
    reason = "both sides of a message, each with its keys and options"
)]
pub fn reencrypt(
    reader: &mut dyn Read,
    writer: &mut (dyn Write + Send),
    from: &dyn DataKeys,
    to: &dyn DataKeys,
    read_options: &DecryptOptions,
    options: &EncryptOptions,
    random: &dyn Random,
) -> Result<Reencrypted, ReencryptError> {
    let mut input = Input::new(reader);
    let read = read_header(&mut input, read_options.max_data_keys);
    let read = read.map_err(ReencryptError::Decrypt)?;
    let signed = read.header.suite.signature().is_some();
    let hold = holds_back(&read.header, read_options).map_err(ReencryptError::Decrypt)?;
    let (key, signature) =
        open_header(&read, from, read_options).map_err(ReencryptError::Decrypt)?;
    let prepared = prepared(&read.header, to, read_options, options, random)?;
    let (sender, receiver) = sync_channel(WAITING_PIECES);
    thread::scope(|scope| {
        let sealing = scope.spawn(|| {
            let mut plaintext = Pieces::new(receiver);
            prepared.write(&mut plaintext, writer)
        });
        let mut sink = Sink(sender);
        let output = Output::new(&mut sink, hold, read_options.max_held_bytes);
        let opened = Body::new(input, output, &key, signature).run(&read.header);
        if opened.is_ok() {
            // Without an end, the new message is not completed. Nobody listens if it has failed.
            let _ = sink.0.send(Piece::End);
        }
        drop(sink);
        let sealed = sealing
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match (opened, sealed) {
            (Ok(_), Ok(written)) => Ok(Reencrypted { written, signed }),
            // The one side fails in writing when the other has gone.
            (Ok(_) | Err(DecryptError::Write(_)), Err(error)) => {
                Err(ReencryptError::Encrypt(error))
            }
            (Err(error), _) => Err(ReencryptError::Decrypt(error)),
        }
    })
}

fn prepared(
    old: &Header,
    to: &dyn DataKeys,
    read_options: &DecryptOptions,
    options: &EncryptOptions,
    random: &dyn Random,
) -> Result<Prepared, ReencryptError> {
    let (mut context, unstored) = full_context(&old.context, &read_options.reproduced_context)
        .map_err(ReencryptError::Decrypt)?;
    context.remove(PUBLIC_KEY_CONTEXT_KEY);
    let mut options = options.clone();
    let unstored = unstored.iter().map(|(key, _)| key.clone());
    options.required_context_keys.extend(unstored);
    Prepared::new(to, &context, &options, random, None).map_err(ReencryptError::Encrypt)
}

/// What goes from the opening to the sealing side.
enum Piece {
    Plaintext(SecretBytes),
    /// The old message was verified to its end.
    End,
}

/// The opening side.
struct Sink(SyncSender<Piece>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Piece::Plaintext(SecretBytes::new(bytes.to_vec()));
        let sent = self.0.send(piece);
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The sealing side.
struct Pieces {
    receiver: Receiver<Piece>,
    piece: SecretBytes,
    taken: usize,
    ended: bool,
}

impl Pieces {
    fn new(receiver: Receiver<Piece>) -> Self {
        Self {
            receiver,
            piece: SecretBytes::new(Vec::new()),
            taken: 0,
            ended: false,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.piece.len() && !self.ended {
            match self.receiver.recv() {
                Ok(Piece::Plaintext(piece)) => (self.piece, self.taken) = (piece, 0),
                Ok(Piece::End) => self.ended = true,
                Err(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let rest = self.piece.expose().get(self.taken..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.taken = self.taken.saturating_add(count);
        Ok(count)
    }
}
