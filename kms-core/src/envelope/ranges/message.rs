//! A message that is read by ranges, whoever brings its bytes.

use std::fmt;
use std::io::Read;

use super::layout::FrameLayout;
use crate::crypto::aead::{AesGcm, TAG_LENGTH};
use crate::envelope::body::{find_frame, split_frame};
use crate::envelope::decrypt::{DecryptOptions, holds_back, open_header};
use crate::envelope::error::{DecryptError, Part};
use crate::envelope::frame::{FrameAad, Kind, SEQUENCE_LENGTH};
use crate::envelope::header::{Content, Header, ReadHeader, read_header};
use crate::envelope::input::Input;
use crate::envelope::keyring::DataKeys;
use crate::secret::SecretBytes;

/// What a message is told whose length is not the one it was written with.
const WRONG_END: &str = "it is cut off, or goes on after its end";

/// A message whose header is authenticated, and its length not yet: the way to a [`RangedMessage`]
/// leads through its final frame.
pub struct MessageStart(RangedMessage);

impl fmt::Debug for MessageStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MessageStart").field(&self.0).finish()
    }
}

impl MessageStart {
    /// Reads the header off `start`, where the message begins, and gets the data key.
    ///
    /// `message_length` is what is claimed of the whole message, in bytes, without the footer of a
    /// signed one. More than the header may be taken off `start`, which may end after it.
    ///
    /// # Errors
    /// [`DecryptError`]: as of [`decrypt`](super::super::decrypt); [`DecryptError::Unframed`]; and
    /// [`DecryptError::Signed`] unless the options release unverified. All that the header and the
    /// lengths can be refused for is, before `keys` is asked.
    pub fn open(
        start: &mut dyn Read,
        message_length: u64,
        keys: &dyn DataKeys,
        options: &DecryptOptions,
    ) -> Result<Self, DecryptError> {
        let read = read_header(&mut Input::new(start), options.max_data_keys)?;
        Self::from_header(read, message_length, keys, options)
    }

    pub(super) fn from_header(
        read: ReadHeader,
        message_length: u64,
        keys: &dyn DataKeys,
        options: &DecryptOptions,
    ) -> Result<Self, DecryptError> {
        let frame_length = readable_frame_length(&read.header, options)?;
        let layout = FrameLayout::of_message(message_length, header_length(&read), frame_length);
        let layout = layout.ok_or(DecryptError::MalformedBody {
            part: Part::Body,
            reason: WRONG_END,
        })?;
        check_bound(&layout, options.max_held_bytes)?;
        let (key, _unverified) = open_header(&read, keys, options)?;
        Ok(Self(RangedMessage {
            header: read.header,
            key,
            layout,
        }))
    }

    /// Where everything stands, if the message has the length that was claimed.
    #[must_use]
    pub fn layout(&self) -> &FrameLayout {
        &self.0.layout
    }

    /// Authenticates the final frame, whose bytes are those of
    /// [`FrameLayout::final_frame_range`], and with it the length of the message. Returns the
    /// plaintext of that frame too.
    ///
    /// # Errors
    /// [`DecryptError`] when it is not the final frame of a message of this length.
    pub fn prove_end(
        self,
        final_frame: &[u8],
    ) -> Result<(RangedMessage, SecretBytes), DecryptError> {
        let message = self.0;
        let sequence = message.layout.final_frame();
        let plaintext = message.open_frame(sequence, final_frame)?;
        Ok((message, plaintext))
    }
}

/// A message of which header and length are authenticated, ready to open its frames in any order.
///
/// Frames that are not opened are not authenticated.
pub struct RangedMessage {
    header: Header,
    key: AesGcm,
    layout: FrameLayout,
}

impl fmt::Debug for RangedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RangedMessage")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

impl RangedMessage {
    /// The header, authenticated.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where the frames stand.
    #[must_use]
    pub fn layout(&self) -> &FrameLayout {
        &self.layout
    }

    /// Opens frame `sequence`, whose bytes are those of [`FrameLayout::frame_range`].
    ///
    /// # Errors
    /// [`DecryptError`] when the bytes are not this frame of this message.
    pub fn open_frame(&self, sequence: u32, frame: &[u8]) -> Result<SecretBytes, DecryptError> {
        let part = Part::Frame(sequence);
        let length = self.layout.plaintext_of(sequence);
        let length = length.map(|range| range.end - range.start);
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or(DecryptError::Truncated(part))?;
        SecretBytes::try_build(length, |plaintext| {
            self.open_frame_into(sequence, frame, plaintext)
        })
    }

    /// As [`RangedMessage::open_frame`], into a buffer as long as the frame's plaintext; on an error it
    /// holds nothing of use.
    ///
    /// # Errors
    /// As [`RangedMessage::open_frame`].
    pub fn open_frame_into(
        &self,
        sequence: u32,
        frame: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), DecryptError> {
        let part = Part::Frame(sequence);
        let malformed = |reason| DecryptError::MalformedBody { part, reason };
        let is_final = sequence == self.layout.final_frame();
        let (expected, nonce_offset) = if is_final {
            (Kind::Final, 2 * SEQUENCE_LENGTH)
        } else {
            (Kind::Regular, SEQUENCE_LENGTH)
        };
        let frame_length = usize::try_from(self.layout.frame_length());
        let frame_length = frame_length.map_err(|_| DecryptError::TooLargeToHold(part))?;
        let found = match find_frame(frame, sequence, frame_length) {
            Ok(Ok(found)) if found.kind == expected => found,
            _ if is_final => return Err(malformed(WRONG_END)),
            Ok(Ok(_)) => return Err(malformed("sequence number")),
            Ok(Err(_needed)) => return Err(DecryptError::Truncated(part)),
            Err(error) => return Err(error),
        };
        let total = found.prefix.saturating_add(found.length) + TAG_LENGTH;
        if found.length != plaintext.len() || total != frame.len() {
            return Err(malformed("length"));
        }
        let (nonce, ciphertext, tag) =
            split_frame(frame, nonce_offset, found.prefix).ok_or(DecryptError::Truncated(part))?;
        let mut aad = FrameAad::new(&self.header.message_id, expected);
        let length = u64::try_from(found.length).unwrap_or(u64::MAX);
        self.key
            .open_into(nonce, aad.of(sequence, length), ciphertext, tag, plaintext)
            .map_err(|_| DecryptError::Forged(part))
    }
}

/// Bytes of the header and its authentication.
pub(super) fn header_length(read: &ReadHeader) -> u64 {
    let length = read.body.len().saturating_add(read.authentication.len());
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The frame length of a message that may be read by ranges.
pub(super) fn readable_frame_length(
    header: &Header,
    options: &DecryptOptions,
) -> Result<u32, DecryptError> {
    // A signature that is to be verified first, needs the whole message.
    if holds_back(header, options)? {
        return Err(DecryptError::Signed);
    }
    match header.content {
        Content::Framed(frame_length) => Ok(frame_length),
        Content::Unframed => Err(DecryptError::Unframed),
    }
}

fn check_bound(layout: &FrameLayout, max_held_bytes: usize) -> Result<(), DecryptError> {
    for sequence in [1, layout.final_frame()] {
        let plaintext = layout.plaintext_of(sequence).unwrap_or_default();
        let length = usize::try_from(plaintext.end - plaintext.start).unwrap_or(usize::MAX);
        if length > max_held_bytes {
            return Err(DecryptError::TooLargeToHold(Part::Frame(sequence)));
        }
    }
    Ok(())
}
