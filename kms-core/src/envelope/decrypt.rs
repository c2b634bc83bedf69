//! Message to plaintext: nothing is released before its tag is checked.

use std::io::{Read, Write};

use super::derive::message_key;
use super::error::{DecryptError, Part};
use super::frame::{
    FINAL_MARKER, FINAL_OVERHEAD, FINAL_PREFIX, FRAME_OVERHEAD, FRAME_PREFIX, FrameAad, Kind,
    SEQUENCE_LENGTH,
};
use super::header::{Content, Header, ReadHeader, read_header};
use super::input::Input;
use super::keyring::DataKeys;
use super::output::Output;
use super::{BATCH_BYTES, DEFAULT_MAX_DATA_KEYS, Summary, batch_frames};
use crate::ciphertext::EncryptionContext;
use crate::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::sign::EcdsaVerifier;

/// Bytes that are held back until they are verified, unless the options say otherwise.
pub const DEFAULT_MAX_HELD_BYTES: usize = 16 * 1024 * 1024;

/// Which messages are read, by whether they commit to their key. Only committing ones are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitmentPolicy {
    /// Only messages that commit to their key.
    #[default]
    RequireEncryptRequireDecrypt,
    /// All messages. One without commitment can be made to open to another plaintext for each
    /// recipient.
    RequireEncryptAllowDecrypt,
}

/// What happens to a signed message, whose signature can only be checked at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedMessages {
    /// It is refused right after its header.
    #[default]
    Refuse,
    /// Its plaintext is held in memory, up to `max_held_bytes`, and released once the signature is
    /// verified.
    HoldBack,
    /// Frames are released as they are authenticated, all but the final one before the signature
    /// is verified; when it is not, the caller must discard what was released.
    ReleaseUnverified,
}

/// What is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecryptOptions {
    /// Whether messages without key commitment are read.
    pub commitment_policy: CommitmentPolicy,
    /// Whether and how signed messages are read.
    pub signed_messages: SignedMessages,
    /// The largest number of encrypted data keys; each may cost a call to a key service.
    pub max_data_keys: usize,
    /// The most plaintext bytes held until they are verified: a frame, an unframed body, the whole
    /// of a signed message that is held back.
    pub max_held_bytes: usize,
    /// Pairs that the caller knows. One that the message stores must be equal; one that it does
    /// not store is added to the encryption context.
    pub reproduced_context: EncryptionContext,
}

impl Default for DecryptOptions {
    fn default() -> Self {
        Self {
            commitment_policy: CommitmentPolicy::default(),
            signed_messages: SignedMessages::default(),
            max_data_keys: DEFAULT_MAX_DATA_KEYS,
            max_held_bytes: DEFAULT_MAX_HELD_BYTES,
            reproduced_context: EncryptionContext::new(),
        }
    }
}

/// Reads one message of the AWS Encryption SDK, version 1 or 2, to the end of the input and writes
/// its plaintext.
///
/// Each frame is written once its tag is checked and as soon as the reader gives no more: a
/// message that turns out to be altered or cut off has by then given up an authentic beginning, so
/// the error, which comes last, decides whether the plaintext is whole.
///
/// # Errors
/// [`DecryptError`]. The commitment policy and the bounds are checked before `keys` is asked.
pub fn decrypt(
    reader: &mut dyn Read,
    writer: &mut dyn Write,
    keys: &dyn DataKeys,
    options: &DecryptOptions,
) -> Result<Summary, DecryptError> {
    let mut input = Input::new(reader);
    let read = read_header(&mut input, options.max_data_keys)?;
    let (key, verifier) = open_header(&read, keys, options)?;
    let hold = verifier.is_some() && options.signed_messages == SignedMessages::HoldBack;
    let mut body = Body {
        input,
        output: Output::new(writer, hold, options.max_held_bytes),
        key,
        verifier,
    };
    match read.header.content {
        Content::Framed(frame_length) => body.frames(&read.header.message_id, frame_length)?,
        Content::Unframed => body.single_block(&read.header.message_id, options.max_held_bytes)?,
    }
    let plaintext_length = body.finish()?;
    Ok(Summary {
        header: read.header,
        plaintext_length,
    })
}

/// Reads the header of a message and nothing of its body, though more may be taken off `reader`.
///
/// The header is *not* authenticated: that takes the data key.
///
/// # Errors
/// [`DecryptError`] when the input does not start with a well-formed header.
pub fn inspect(reader: &mut dyn Read) -> Result<Header, DecryptError> {
    let read = read_header(&mut Input::new(reader), usize::from(u16::MAX))?;
    read.header.verifier()?;
    Ok(read.header)
}

/// Checks all that the header can be checked for, the policy first, and gets the key.
fn open_header(
    read: &ReadHeader,
    keys: &dyn DataKeys,
    options: &DecryptOptions,
) -> Result<(AesGcm, Option<EcdsaVerifier>), DecryptError> {
    let header = &read.header;
    if !header.suite.commits_to_key()
        && options.commitment_policy == CommitmentPolicy::RequireEncryptRequireDecrypt
    {
        return Err(DecryptError::Uncommitted);
    }
    let mut verifier = header.verifier()?;
    if verifier.is_some() && options.signed_messages == SignedMessages::Refuse {
        return Err(DecryptError::Signed);
    }
    let (context, unstored) = full_context(&header.context, &options.reproduced_context)?;
    let data_key = keys
        .unwrap(
            &header.encrypted_data_keys,
            &context,
            header.suite.key_length(),
        )
        .map_err(DecryptError::Key)?;
    let key = message_key(header, &data_key)?;
    let aad = [read.body.as_slice(), &unstored.serialise()?].concat();
    key.open_into(read.nonce, &aad, &[], &read.tag, &mut [])
        .map_err(|_| DecryptError::Forged(Part::Header))?;
    if let Some(verifier) = &mut verifier {
        verifier.update(&read.body);
        verifier.update(&read.authentication);
    }
    Ok((key, verifier))
}

/// The stored pairs with the reproduced ones, and of these the ones that are not stored.
fn full_context(
    stored: &EncryptionContext,
    reproduced: &EncryptionContext,
) -> Result<(EncryptionContext, EncryptionContext), DecryptError> {
    let mut full = stored.clone();
    let mut unstored = EncryptionContext::new();
    for (key, value) in reproduced.iter() {
        match stored.get(key) {
            Some(same) if same == value => {}
            Some(_) => return Err(DecryptError::ContextMismatch),
            None => {
                full.insert(key.clone(), value.clone());
                unstored.insert(key.clone(), value.clone());
            }
        }
    }
    Ok((full, unstored))
}

/// A frame found at the start of the available bytes.
struct Found {
    kind: Kind,
    /// Length of what stands before the ciphertext.
    prefix: usize,
    /// Length of the ciphertext, and of the plaintext.
    length: usize,
}

/// What stands at the start of `available`: a frame, or so many bytes are needed to tell.
fn find_frame(
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
fn split_frame(
    bytes: &[u8],
    nonce_offset: usize,
    prefix: usize,
) -> Option<([u8; NONCE_LENGTH], &[u8], &[u8; TAG_LENGTH])> {
    let (before, rest) = bytes.split_at_checked(prefix)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_LENGTH>()?;
    Some((*before.get(nonce_offset..)?.first_chunk()?, ciphertext, tag))
}

/// The body of a message, from reader to writer.
struct Body<'r, 'w> {
    input: Input<'r>,
    output: Output<'w>,
    key: AesGcm,
    verifier: Option<EcdsaVerifier>,
}

impl Body<'_, '_> {
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
        // The IV stands before the ciphertext, or before the length field that stands there.
        let nonce_offset = match (part, prefix) {
            (Part::Frame(_), FRAME_PREFIX) => SEQUENCE_LENGTH,
            (Part::Frame(_), _) => 2 * SEQUENCE_LENGTH,
            _ => 0,
        };
        let capacity = self.input.capacity();
        let bytes = self.input.available().get(..total).unwrap_or_default();
        let (nonce, ciphertext, tag) =
            split_frame(bytes, nonce_offset, prefix).ok_or(DecryptError::Truncated(part))?;
        let plaintext = self.output.room(length, capacity, part)?;
        self.key
            .open_into(nonce, aad, ciphertext, tag, plaintext)
            .map_err(|_| DecryptError::Forged(part))?;
        self.output.keep(length);
        if let Some(verifier) = &mut self.verifier {
            verifier.update(bytes);
        }
        self.input.consume(total);
        Ok(())
    }

    fn single_block(&mut self, message_id: &[u8], limit: usize) -> Result<(), DecryptError> {
        const PREFIX: usize = NONCE_LENGTH + 8;
        let prefix = self.input.require(PREFIX, Part::Body)?;
        let length = prefix.last_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        let length = length
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length <= limit)
            .ok_or(DecryptError::TooLargeToHold(Part::Body))?;
        let total = length.saturating_add(PREFIX + TAG_LENGTH);
        self.input.require(total, Part::Body)?;
        let mut aad = FrameAad::new(message_id, Kind::SingleBlock);
        let aad = aad.of(1, to_u64(length));
        self.open(aad, Part::Body, PREFIX, length)
    }

    /// Checks the signature, if there must be one, and that nothing follows; then releases what is
    /// left and returns the length of the plaintext.
    fn finish(mut self) -> Result<u64, DecryptError> {
        if let Some(verifier) = self.verifier {
            let part = Part::Signature;
            let length = self.input.require(2, part)?.first_chunk().copied();
            let length = 2 + usize::from(length.map_or(0, u16::from_be_bytes));
            let footer = self.input.require(length, part)?;
            verifier
                .verify(footer.get(2..).unwrap_or_default())
                .map_err(|_| DecryptError::Forged(part))?;
            self.input.consume(length);
        }
        self.input.require_end()?;
        self.output.finish()?;
        Ok(self.output.plaintext_length)
    }
}

fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
