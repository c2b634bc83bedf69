//! A message that waits to be written while it grows.

use super::super::encryptor::MessageEncryptor;
use crate::envelope::error::EncryptError;

/// A message on its way out, one frame at a time.
pub(super) struct Encoder {
    /// Until the message is finished.
    encryptor: Option<MessageEncryptor>,
    /// The most plaintext that is taken at once.
    frame_length: usize,
    /// Bytes of the message that wait to be written.
    message: Vec<u8>,
    written: usize,
}

impl Encoder {
    /// Nothing waits before the first plaintext comes.
    pub(super) fn new(
        encryptor: MessageEncryptor,
        frame_length: u32,
    ) -> Result<Self, EncryptError> {
        Ok(Self {
            encryptor: Some(encryptor),
            frame_length: usize::try_from(frame_length).map_err(|_| EncryptError::FrameLength)?,
            message: Vec::new(),
            written: 0,
        })
    }

    /// What waits to be written.
    pub(super) fn pending(&self) -> &[u8] {
        self.message.get(self.written..).unwrap_or_default()
    }

    /// So much of it was written.
    pub(super) fn wrote(&mut self, count: usize) {
        self.written = self.written.saturating_add(count);
        if self.written >= self.message.len() {
            self.message.clear();
            self.written = 0;
        }
    }

    /// Takes plaintext, up to a frame, and returns how much; `None` when the message is finished.
    pub(super) fn take(&mut self, plaintext: &[u8]) -> Option<Result<usize, EncryptError>> {
        let count = plaintext.len().min(self.frame_length);
        let plaintext = plaintext.get(..count).unwrap_or_default();
        let taken = self
            .encryptor
            .as_mut()?
            .update(plaintext, &mut self.message);
        Some(taken.map(|()| count))
    }

    /// Ends the message; nothing happens when it has ended.
    pub(super) fn finish(&mut self) -> Result<(), EncryptError> {
        match self.encryptor.take() {
            Some(encryptor) => encryptor.finish(&mut self.message).map(|_| ()),
            None => Ok(()),
        }
    }
}
