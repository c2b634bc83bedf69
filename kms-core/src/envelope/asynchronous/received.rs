//! A message whose header has come in.

use std::fmt;

use super::super::decrypt::{DecryptOptions, SignedMessages, holds_back, open_header};
use super::super::header::{Header, ReadHeader, read_header};
use super::super::input::{Buffer, Input};
use super::super::keyring::DataKeys;
use super::decoder::Decoder;
use super::reader::{DecryptingReader, UnverifiedReader};
use crate::envelope::error::{DecryptError, Part};

/// A header up to this length is looked for whenever more of it has come.
const OFTEN: usize = 4 * 1024;

/// A message whose header was received and not authenticated, before any key is asked for:
/// `futures::receive` and `tokio::receive` give one.
pub struct ReceivedMessage<R> {
    reader: R,
    read: ReadHeader,
    body: Buffer,
    options: DecryptOptions,
}

impl<R> fmt::Debug for ReceivedMessage<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedMessage")
            .field("header", &self.read.header)
            .finish_non_exhaustive()
    }
}

impl<R> ReceivedMessage<R> {
    /// What the header says. Anybody may have written it.
    pub fn header(&self) -> &Header {
        &self.read.header
    }

    /// Decrypts the data key by `keys`, which may block, and authenticates the header.
    ///
    /// Whether signed messages are read is in the options: [`SignedMessages::HoldBack`] holds their
    /// plaintext back until the signature is checked.
    ///
    /// # Errors
    /// [`DecryptError`]; what the options refuse is refused before `keys` is asked. A signed message is
    /// with [`SignedMessages::ReleaseUnverified`] too: for that there is
    /// [`open_unverified`](Self::open_unverified).
    pub fn open(self, keys: &dyn DataKeys) -> Result<DecryptingReader<R>, DecryptError> {
        let mut options = self.options.clone();
        if options.signed_messages == SignedMessages::ReleaseUnverified {
            options.signed_messages = SignedMessages::Refuse;
        }
        let hold = holds_back(&self.read.header, &options)?;
        let (header, reader, decoder) = self.decoder(keys, hold)?;
        Ok(DecryptingReader::new(header, reader, decoder))
    }

    /// The same for a reader that hands out frames of signed messages before the signature is checked,
    /// whatever the options say of them.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for signed messages.
    pub fn open_unverified(self, keys: &dyn DataKeys) -> Result<UnverifiedReader<R>, DecryptError> {
        let (header, reader, decoder) = self.decoder(keys, false)?;
        Ok(UnverifiedReader::new(header, reader, decoder))
    }

    fn decoder(
        self,
        keys: &dyn DataKeys,
        hold: bool,
    ) -> Result<(Header, R, Decoder), DecryptError> {
        let (key, signature) = open_header(&self.read, keys, &self.options)?;
        let header = self.read.header;
        let most = self.options.max_held_bytes;
        let decoder = Decoder::new(&header, key, signature, self.body, hold, most)?;
        Ok((header, self.reader, decoder))
    }
}

/// The beginning of a message, until its header is whole.
pub(super) struct HeaderBuffer {
    buffer: Buffer,
    options: DecryptOptions,
    /// With less than this, it is not looked at again: so that a header that comes byte by byte is not
    /// read from its beginning for each.
    look_at: usize,
}

impl HeaderBuffer {
    pub(super) fn new(options: DecryptOptions) -> Self {
        Self {
            buffer: Buffer::with_capacity(usize::MAX),
            options,
            look_at: 0,
        }
    }

    /// Where the message can be read to.
    pub(super) fn space(&mut self) -> &mut [u8] {
        self.buffer.space(0, usize::MAX)
    }

    /// Takes `count` bytes that were read there, none at the end of the input; the header, when it is
    /// whole.
    pub(super) fn received(&mut self, count: usize) -> Result<Option<ReadHeader>, DecryptError> {
        self.buffer.received(count);
        let available = self.buffer.available();
        if count > 0 && available.len() < self.look_at {
            return Ok(None);
        }
        let mut reader = available;
        let mut input = Input::with_capacity(&mut reader, available.len());
        match read_header(&mut input, self.options.max_data_keys) {
            Ok(read) => {
                let length = read.body.len().saturating_add(read.authentication.len());
                self.buffer.consume(length);
                Ok(Some(read))
            }
            Err(DecryptError::Truncated(Part::Header)) if count > 0 => {
                let length = available.len();
                let more = if length < OFTEN { 1 } else { length / 8 };
                self.look_at = length.saturating_add(more);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The message under the header that came, from `reader`.
    pub(super) fn message<R>(self, read: ReadHeader, reader: R) -> ReceivedMessage<R> {
        ReceivedMessage {
            reader,
            read,
            body: self.buffer,
            options: self.options,
        }
    }
}
