//! The body of a message, from reader to writer: nothing leaves before its tag is checked.

use super::error::{DecryptError, Part};
use super::frame::{
    FINAL_MARKER, FINAL_OVERHEAD, FINAL_PREFIX, FRAME_OVERHEAD, FRAME_PREFIX, FrameAad, Kind,
    SEQUENCE_LENGTH,
};
use super::header::{Content, Header};
use super::input::Input;
use super::output::Output;
use super::{BATCH_BYTES, batch_frames};
use crate::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::sign::EcdsaVerifier;

/// A frame found at the start of the available bytes.
pub(super) struct Found {
    pub(super) kind: Kind,
    /// Length of what stands before the ciphertext.
    pub(super) prefix: usize,
    /// Length of the ciphertext, and of the plaintext.
    pub(super) length: usize,
}

/// What stands at the start of `available`: a frame, or so many bytes are needed to tell.
pub(super) fn find_frame(
    available: &[u8],
    sequence: u32,
    frame_length: usize,
) -> Result<Result<Found, usize>, DecryptError> {
    let malformed = |reason| DecryptError::MalformedBody {
        part: Part::Frame(sequence),
        reason,
    };
    let Some((marker, rest)) = take_number(available) else {
        return Ok(Err(SEQUENCE_LENGTH));
    };
    let found = if marker == FINAL_MARKER {
        let Some((number, after)) = take_number(rest) else {
            return Ok(Err(FINAL_PREFIX));
        };
        if number != sequence {
            return Err(malformed("sequence number"));
        }
        let Some((length, _)) = after.get(NONCE_LENGTH..).and_then(take_number) else {
            return Ok(Err(FINAL_PREFIX));
        };
        let length = usize::try_from(length).map_err(|_| malformed("length"))?;
        if length > frame_length {
            return Err(malformed("length"));
        }
        Found {
            kind: Kind::Final,
            prefix: FINAL_PREFIX,
            length,
        }
    } else if marker == sequence {
        Found {
            kind: Kind::Regular,
            prefix: FRAME_PREFIX,
            length: frame_length,
        }
    } else {
        return Err(malformed("sequence number"));
    };
    Ok(Ok(found))
}

fn take_number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

/// The parts of a frame; `None` when `bytes` is too short.
pub(super) fn split_frame(
    bytes: &[u8],
    nonce_offset: usize,
    prefix: usize,
) -> Option<([u8; NONCE_LENGTH], &[u8], &[u8; TAG_LENGTH])> {
    let (before, rest) = bytes.split_at_checked(prefix)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_LENGTH>()?;
    Some((*before.get(nonce_offset..)?.first_chunk()?, ciphertext, tag))
}

/// What stands before the ciphertext of an unframed body: IV, length.
pub(super) const BLOCK_PREFIX: usize = NONCE_LENGTH + 8;

/// Checks the tag of a frame or block and decrypts it into `plaintext`.
pub(super) fn open_piece(
    key: &AesGcm,
    piece: &[u8],
    part: Part,
    prefix: usize,
    aad: &[u8],
    plaintext: &mut [u8],
) -> Result<(), DecryptError> {
    // The IV stands before the ciphertext, or before the length field that stands there.
    let nonce_offset = match (part, prefix) {
        (Part::Frame(_), FRAME_PREFIX) => SEQUENCE_LENGTH,
        (Part::Frame(_), _) => 2 * SEQUENCE_LENGTH,
        _ => 0,
    };
    let (nonce, ciphertext, tag) =
        split_frame(piece, nonce_offset, prefix).ok_or(DecryptError::Truncated(part))?;
    key.open_into(nonce, aad, ciphertext, tag, plaintext)
        .map_err(|_| DecryptError::Forged(part))
}

/// What there is to do about the signature of a message.
pub(super) enum Signature {
    /// The suite has none.
    None,
    /// It is verified at the end.
    Unverified(EcdsaVerifier),
    /// It was verified before, over these very bytes.
    Verified,
}

/// The body of a message, from reader to writer.
pub(super) struct Body<'r, 'w, 'k> {
    input: Input<'r>,
    output: Output<'w>,
    key: &'k AesGcm,
    signature: Signature,
}

impl<'r, 'w, 'k> Body<'r, 'w, 'k> {
    /// The body that `input` goes on with; a verifier has seen the header.
    pub(super) fn new(
        input: Input<'r>,
        output: Output<'w>,
        key: &'k AesGcm,
        signature: Signature,
    ) -> Self {
        Self {
            input,
            output,
            key,
            signature,
        }
    }

    /// Opens the body of the message with this header and returns the length of the plaintext.
    pub(super) fn run(mut self, header: &Header) -> Result<u64, DecryptError> {
        match header.content {
            Content::Framed(frame_length) => self.frames(&header.message_id, frame_length)?,
            Content::Unframed => self.single_block(&header.message_id)?,
        }
        self.finish()
    }

    fn frames(&mut self, message_id: &[u8], frame_length: u32) -> Result<(), DecryptError> {
        let frame_length = usize::try_from(frame_length)
            .map_err(|_| DecryptError::TooLargeToHold(Part::Frame(1)))?;
        let mut regular = FrameAad::new(message_id, Kind::Regular);
        let mut last = FrameAad::new(message_id, Kind::Final);
        let mut sequence = 1_u32;
        let result = loop {
            match self.next_frame(sequence, frame_length) {
                Ok(Found {
                    kind,
                    prefix,
                    length,
                }) => {
                    let aad = match kind {
                        Kind::Final => &mut last,
                        Kind::Regular | Kind::SingleBlock => &mut regular,
                    };
                    let part = Part::Frame(sequence);
                    let aad = aad.of(sequence, to_u64(length));
                    match self.open(aad, part, prefix, length) {
                        Ok(()) if kind == Kind::Final => return Ok(()),
                        // A regular frame never bears the greatest number, the final marker.
                        Ok(()) => sequence = sequence.saturating_add(1),
                        Err(error) => break error,
                    }
                }
                Err(error) => break error,
            }
        };
        // The frames before the bad one are as authentic as those released with an earlier batch.
        self.output.release()?;
        Err(result)
    }

    /// Reads until the next frame is complete; releases what is kept before the reader may block.
    fn next_frame(&mut self, sequence: u32, frame_length: usize) -> Result<Found, DecryptError> {
        let stride = frame_length.saturating_add(FRAME_OVERHEAD);
        let batch = batch_frames(frame_length).saturating_mul(stride);
        loop {
            let available = self.input.available();
            let needed = match find_frame(available, sequence, frame_length)? {
                Ok(found) => {
                    let needed = (found.prefix + TAG_LENGTH).saturating_add(found.length);
                    if available.len() >= needed {
                        return Ok(found);
                    }
                    needed
                }
                Err(needed) => needed,
            };
            self.output.release()?;
            let preferred = if stride > BATCH_BYTES { 0 } else { batch };
            let limit = self.output.limit().saturating_add(FINAL_OVERHEAD);
            if needed > limit {
                return Err(DecryptError::TooLargeToHold(Part::Frame(sequence)));
            }
            if self.input.read(needed, preferred)? == 0 {
                return Err(DecryptError::Truncated(Part::Frame(sequence)));
            }
        }
    }

    /// Opens the frame or block at the start of the available bytes and consumes it.
    fn open(
        &mut self,
        aad: &[u8],
        part: Part,
        prefix: usize,
        length: usize,
    ) -> Result<(), DecryptError> {
        let total = prefix.saturating_add(length).saturating_add(TAG_LENGTH);
        let capacity = self.input.capacity();
        let bytes = self.input.available().get(..total).unwrap_or_default();
        let plaintext = self.output.room(length, capacity, part)?;
        open_piece(self.key, bytes, part, prefix, aad, plaintext)?;
        self.output.keep(length);
        if let Signature::Unverified(verifier) = &mut self.signature {
            verifier.update(bytes);
        }
        self.input.consume(total);
        Ok(())
    }

    fn single_block(&mut self, message_id: &[u8]) -> Result<(), DecryptError> {
        let limit = self.output.limit();
        let prefix = self.input.require(BLOCK_PREFIX, Part::Body)?;
        let length = prefix.last_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        let length = length
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length <= limit)
            .ok_or(DecryptError::TooLargeToHold(Part::Body))?;
        let total = length.saturating_add(BLOCK_PREFIX + TAG_LENGTH);
        self.input.require(total, Part::Body)?;
        let mut aad = FrameAad::new(message_id, Kind::SingleBlock);
        let aad = aad.of(1, to_u64(length));
        self.open(aad, Part::Body, BLOCK_PREFIX, length)
    }

    /// Checks the signature, if there must be one, and that nothing follows; then releases what is
    /// left and returns the length of the plaintext.
    fn finish(mut self) -> Result<u64, DecryptError> {
        match std::mem::replace(&mut self.signature, Signature::None) {
            Signature::None => {}
            Signature::Unverified(verifier) => {
                let footer = self.footer()?;
                let verified = verifier.verify(&footer);
                verified.map_err(|_| DecryptError::Forged(Part::Signature))?;
            }
            Signature::Verified => {
                self.footer()?;
            }
        }
        self.input.require_end()?;
        self.output.finish()?;
        Ok(self.output.plaintext_length)
    }

    /// Takes the signature off the input.
    fn footer(&mut self) -> Result<Vec<u8>, DecryptError> {
        let part = Part::Signature;
        let length = self.input.require(2, part)?.first_chunk().copied();
        let length = 2 + usize::from(length.map_or(0, u16::from_be_bytes));
        let footer = self.input.require(length, part)?;
        let signature = footer.get(2..).unwrap_or_default().to_vec();
        self.input.consume(length);
        Ok(signature)
    }
}

pub(super) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
