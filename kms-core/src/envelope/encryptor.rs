//! Plaintext to message where the plaintext is handed over, piece by piece.

use std::fmt;

use super::Summary;
use super::encrypt::{EncryptOptions, Prepared};
use super::error::EncryptError;
use super::header::Header;
use super::keyring::DataKeys;
use super::seal::Frames;
use super::signature::footer;
use crate::ciphertext::EncryptionContext;
use crate::crypto::aead::AesGcm;
use crate::crypto::random::Random;
use crate::crypto::sign::EcdsaSigner;

/// Makes the message that [`encrypt`](super::encrypt()) makes, for a caller who has the plaintext in
/// pieces of any length and wants the message as it grows: an upload in parts.
///
/// Seals on the thread that calls. Memory is a batch of half a MiB at most, or of one frame.
pub struct MessageEncryptor {
    header: Header,
    /// The header as it is written, until it is.
    head: Vec<u8>,
    frames: Frames<Box<AesGcm>>,
    signer: Option<EcdsaSigner>,
}

impl fmt::Debug for MessageEncryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageEncryptor")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

impl MessageEncryptor {
    /// Gets a data key and makes the header, as [`encrypt`](super::encrypt()) does.
    ///
    /// # Errors
    /// [`EncryptError`].
    pub fn new(
        keys: &dyn DataKeys,
        context: &EncryptionContext,
        options: &EncryptOptions,
        random: &dyn Random,
    ) -> Result<Self, EncryptError> {
        let prepared = Prepared::new(keys, context, options, random, None)?;
        let message_id = &prepared.header.message_id;
        let frames = Frames::new(Box::new(prepared.key), message_id, prepared.frame_length)?;
        Ok(Self {
            head: prepared.bytes,
            frames,
            signer: prepared.signer,
            header: prepared.header,
        })
    }

    /// The header of the message.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Takes the next piece of plaintext and appends to `message` what is complete with it.
    ///
    /// # Errors
    /// [`EncryptError`]; the message cannot be completed then.
    pub fn update(&mut self, plaintext: &[u8], message: &mut Vec<u8>) -> Result<(), EncryptError> {
        let start = message.len();
        message.append(&mut self.head);
        let mut rest = plaintext;
        while !rest.is_empty() {
            self.frames.read(&mut rest)?;
            self.frames.write_complete(message)?;
        }
        self.sign(message, start);
        Ok(())
    }

    /// Appends what is left of the message to `message`, its final frame and its signature.
    ///
    /// # Errors
    /// [`EncryptError`].
    pub fn finish(mut self, message: &mut Vec<u8>) -> Result<Summary, EncryptError> {
        let start = message.len();
        message.append(&mut self.head);
        let plaintext_length = self.frames.write_final(message)?;
        self.sign(message, start);
        if let Some(signer) = self.signer {
            message.extend_from_slice(&footer(signer)?);
        }
        Ok(Summary {
            header: self.header,
            plaintext_length,
        })
    }

    fn sign(&mut self, message: &[u8], start: usize) {
        if let Some(signer) = &mut self.signer {
            signer.update(message.get(start..).unwrap_or_default());
        }
    }
}
