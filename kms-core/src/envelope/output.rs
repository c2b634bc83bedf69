//! Keeps authenticated plaintext until it may be released.

use std::io::Write;

use super::error::{DecryptError, Part};
use crate::secret::SecretBuffer;

/// A batch of plaintext on its way to a writer, or the whole plaintext of a message that must be
/// verified first.
pub(super) struct Output<'w> {
    writer: &'w mut dyn Write,
    buffer: SecretBuffer,
    used: usize,
    /// Full buffers, with how much of each is used, that wait for the end of the message.
    held: Vec<(SecretBuffer, usize)>,
    held_length: usize,
    hold: bool,
    limit: usize,
    pub(super) plaintext_length: u64,
}

impl<'w> Output<'w> {
    /// With `hold`, nothing is released before [`Output::finish`]; no more than `limit` bytes are
    /// held in any case.
    pub(super) fn new(writer: &'w mut dyn Write, hold: bool, limit: usize) -> Self {
        Self {
            writer,
            buffer: SecretBuffer::new(0),
            used: 0,
            held: Vec::new(),
            held_length: 0,
            hold,
            limit,
            plaintext_length: 0,
        }
    }

    /// Room for `length` bytes of `part`, in a buffer of at least `capacity`.
    pub(super) fn room(
        &mut self,
        length: usize,
        capacity: usize,
        part: Part,
    ) -> Result<&mut [u8], DecryptError> {
        let held = if self.hold {
            self.held_length.saturating_add(self.used)
        } else {
            0
        };
        if held.saturating_add(length) > self.limit {
            return Err(DecryptError::TooLargeToHold(part));
        }
        if self.buffer.len().saturating_sub(self.used) < length {
            self.empty()?;
            let wanted = capacity.max(length);
            if self.buffer.len() < wanted {
                self.buffer = SecretBuffer::new(wanted);
            }
        }
        let end = self.used.saturating_add(length);
        Ok(self
            .buffer
            .expose_mut()
            .get_mut(self.used..end)
            .unwrap_or_default())
    }

    /// The most bytes that may be held.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Counts `length` bytes of the room as authenticated plaintext.
    pub(super) fn keep(&mut self, length: usize) {
        self.used = self.used.saturating_add(length).min(self.buffer.len());
        self.plaintext_length = self
            .plaintext_length
            .saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn empty(&mut self) -> Result<(), DecryptError> {
        if self.hold && self.used > 0 {
            let full = std::mem::replace(&mut self.buffer, SecretBuffer::new(0));
            self.held.push((full, self.used));
            self.held_length = self.held_length.saturating_add(self.used);
            self.used = 0;
            return Ok(());
        }
        self.release()
    }

    /// Writes what is kept, unless the message must be verified first.
    pub(super) fn release(&mut self) -> Result<(), DecryptError> {
        if self.hold || self.used == 0 {
            return Ok(());
        }
        let used = std::mem::take(&mut self.used);
        let plaintext = self.buffer.expose().get(..used).unwrap_or_default();
        self.writer
            .write_all(plaintext)
            .map_err(DecryptError::Write)
    }

    /// The message is verified: writes all that is kept or held.
    pub(super) fn finish(&mut self) -> Result<(), DecryptError> {
        for (buffer, used) in self.held.drain(..) {
            let plaintext = buffer.expose().get(..used).unwrap_or_default();
            self.writer
                .write_all(plaintext)
                .map_err(DecryptError::Write)?;
        }
        self.hold = false;
        self.release()?;
        self.writer.flush().map_err(DecryptError::Write)
    }
}
