//! Where the frames of a message stand, by arithmetic.

use std::ops::{Range, RangeInclusive};

/// Bytes that a regular frame has around its ciphertext.
const FRAME_OVERHEAD: u64 = 32;
/// Bytes that the final frame has around its ciphertext.
const FINAL_OVERHEAD: u64 = 40;
/// The most regular frames: the greatest sequence number is the marker of the final frame.
const MAX_REGULAR_FRAMES: u64 = 0xffff_fffe;

/// Where the frames of a framed message stand, in the message and in the plaintext.
///
/// It follows from three lengths, so it is as true as these are. A range of plaintext is asked for
/// with its bounds cut to the plaintext; all positions are bytes from the beginning of the message
/// or of the plaintext.
///
/// ```
/// use kms_core::envelope::FrameLayout;
///
/// // 100 bytes of header, frames of 10, and 25 bytes of plaintext.
/// let layout = FrameLayout::of_plaintext(25, 100, 10).unwrap();
/// assert_eq!(layout.message_length(), 100 + 2 * (10 + 32) + 5 + 40);
/// assert_eq!(layout.frames_of(8..12), Some(1..=2));
/// assert_eq!(layout.ciphertext_range(8..12), Some(100..184));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLayout {
    header_length: u64,
    frame_length: u32,
    /// The number of the final frame; the regular ones come before it.
    last: u32,
    last_length: u32,
}

impl FrameLayout {
    /// The layout of a message of `message_length` bytes, less its footer if it has one.
    ///
    /// `header_length` is that of header and header authentication; `frame_length` is the header's,
    /// in bytes of plaintext. `None` when no message has these lengths.
    #[must_use]
    pub fn of_message(message_length: u64, header_length: u64, frame_length: u32) -> Option<Self> {
        let frame = u64::from(frame_length);
        let body = message_length
            .checked_sub(header_length)?
            .checked_sub(FINAL_OVERHEAD)?;
        let regular = body / (frame + FRAME_OVERHEAD);
        let rest = body % (frame + FRAME_OVERHEAD);
        if rest > frame {
            return None;
        }
        Self::new(header_length, frame_length, regular, rest)
    }

    /// The layout of the message that is written of `plaintext_length` bytes: its final frame is
    /// shorter than the others, and may be empty. `None` when no message holds as much.
    #[must_use]
    pub fn of_plaintext(
        plaintext_length: u64,
        header_length: u64,
        frame_length: u32,
    ) -> Option<Self> {
        let frame = u64::from(frame_length);
        let regular = plaintext_length.checked_div(frame)?;
        let rest = plaintext_length.checked_rem(frame)?;
        let body = regular.checked_mul(frame + FRAME_OVERHEAD)?;
        body.checked_add(header_length)?
            .checked_add(rest + FINAL_OVERHEAD)?;
        Self::new(header_length, frame_length, regular, rest)
    }

    /// The caller knows that the length of the whole message is no more than a `u64` holds.
    fn new(header_length: u64, frame_length: u32, regular: u64, rest: u64) -> Option<Self> {
        if frame_length == 0 || regular > MAX_REGULAR_FRAMES {
            return None;
        }
        Some(Self {
            header_length,
            frame_length,
            last: u32::try_from(regular + 1).ok()?,
            last_length: u32::try_from(rest).ok()?,
        })
    }

    /// Bytes of header and header authentication.
    #[must_use]
    pub fn header_length(&self) -> u64 {
        self.header_length
    }

    /// Bytes of plaintext in each frame but the final one.
    #[must_use]
    pub fn frame_length(&self) -> u32 {
        self.frame_length
    }

    /// The number of the final frame, and of all frames: they count from 1.
    #[must_use]
    pub fn final_frame(&self) -> u32 {
        self.last
    }

    /// The bytes of the final frame in the message.
    #[must_use]
    pub fn final_frame_range(&self) -> Range<u64> {
        let stride = u64::from(self.frame_length) + FRAME_OVERHEAD;
        let start = self.header_length + (u64::from(self.last) - 1) * stride;
        start..start + u64::from(self.last_length) + FINAL_OVERHEAD
    }

    /// Bytes of the message, without its footer.
    #[must_use]
    pub fn message_length(&self) -> u64 {
        self.final_frame_range().end
    }

    /// Bytes of the plaintext.
    #[must_use]
    pub fn plaintext_length(&self) -> u64 {
        let regular = u64::from(self.last) - 1;
        regular * u64::from(self.frame_length) + u64::from(self.last_length)
    }

    /// The bytes of frame `sequence` in the plaintext; `None` for a number that no frame has.
    #[must_use]
    pub fn plaintext_of(&self, sequence: u32) -> Option<Range<u64>> {
        let start = self.regular_before(sequence)? * u64::from(self.frame_length);
        Some(start..start + self.length_of(sequence))
    }

    /// The bytes of frame `sequence` in the message, with number, IV and tag; `None` for a number
    /// that no frame has.
    #[must_use]
    pub fn frame_range(&self, sequence: u32) -> Option<Range<u64>> {
        if sequence == self.last {
            return Some(self.final_frame_range());
        }
        let stride = u64::from(self.frame_length) + FRAME_OVERHEAD;
        let start = self.header_length + self.regular_before(sequence)? * stride;
        Some(start..start + stride)
    }

    /// The numbers of the frames that hold a range of plaintext; `None` when the range, cut to the
    /// plaintext, is empty.
    #[must_use]
    pub fn frames_of(&self, plaintext: Range<u64>) -> Option<RangeInclusive<u32>> {
        let end = plaintext.end.min(self.plaintext_length());
        if plaintext.start >= end {
            return None;
        }
        Some(self.frame_at(plaintext.start)..=self.frame_at(end - 1))
    }

    /// The bytes of the message that hold a range of plaintext: whole frames. `None` when the range,
    /// cut to the plaintext, is empty.
    #[must_use]
    pub fn ciphertext_range(&self, plaintext: Range<u64>) -> Option<Range<u64>> {
        let frames = self.frames_of(plaintext)?;
        Some(self.frame_range(*frames.start())?.start..self.frame_range(*frames.end())?.end)
    }

    /// The frame with this byte of the plaintext, which has that many. A final frame may be full.
    fn frame_at(&self, offset: u64) -> u32 {
        let before = offset / u64::from(self.frame_length);
        u32::try_from(before).map_or(self.last, |before| before.saturating_add(1).min(self.last))
    }

    /// How many frames come before this one, if it is one.
    fn regular_before(&self, sequence: u32) -> Option<u64> {
        let before = sequence.checked_sub(1)?;
        (sequence <= self.last).then_some(u64::from(before))
    }

    /// Bytes of plaintext in a frame.
    fn length_of(&self, sequence: u32) -> u64 {
        if sequence == self.last {
            u64::from(self.last_length)
        } else {
            u64::from(self.frame_length)
        }
    }
}
