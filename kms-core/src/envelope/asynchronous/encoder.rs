//! Plaintext in, message out, without a reader or a writer.

use super::super::encrypt::Prepared;
use super::super::error::EncryptError;
use super::super::header::Header;
use super::super::seal::Frames;
use super::super::signature::footer;
use crate::crypto::sign::EcdsaSigner;

/// A message on its way out, one frame at a time.
pub(super) struct Encoder {
    pub(super) header: Header,
    frames: Frames,
    /// The most plaintext that is taken at once.
    frame_length: usize,
    signer: Option<EcdsaSigner>,
    /// Bytes of the message that wait to be written.
    message: Vec<u8>,
    written: usize,
    finished: bool,
}

impl Encoder {
    /// A message whose header waits to be written.
    pub(super) fn new(prepared: Prepared, frame_length: u32) -> Result<Self, EncryptError> {
        let (header, message, frames, signer) = prepared.into_parts()?;
        let mut encoder = Self {
            header,
            frames,
            frame_length: usize::try_from(frame_length).map_err(|_| EncryptError::FrameLength)?,
            signer,
            message,
            written: 0,
            finished: false,
        };
        encoder.sign_from(0);
        Ok(encoder)
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

    /// Takes plaintext, up to a frame, and returns how much.
    pub(super) fn take(&mut self, plaintext: &[u8]) -> Result<usize, EncryptError> {
        let most = plaintext.len().min(self.frame_length);
        let count = self
            .frames
            .take(plaintext.get(..most).unwrap_or_default())?;
        let start = self.message.len();
        self.frames.write_complete(&mut self.message)?;
        self.sign_from(start);
        Ok(count)
    }

    /// Ends the message; nothing happens when it has ended.
    pub(super) fn finish(&mut self) -> Result<(), EncryptError> {
        if self.finished {
            return Ok(());
        }
        self.finished = true;
        let start = self.message.len();
        self.frames.finish(&mut self.message)?;
        self.sign_from(start);
        if let Some(signer) = self.signer.take() {
            self.message.extend_from_slice(&footer(signer)?);
        }
        Ok(())
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    fn sign_from(&mut self, start: usize) {
        if let Some(signer) = &mut self.signer {
            signer.update(self.message.get(start..).unwrap_or_default());
        }
    }
}
