//! Message in, plaintext out, without a reader or a writer.

use super::super::body::{BLOCK_PREFIX, Found, Signature, find_frame, open_piece, to_u64};
use super::super::frame::{FINAL_OVERHEAD, FrameAad, Kind};
use super::super::header::{Content, Header};
use super::super::input::Buffer;
use super::withheld::Withheld;
use crate::crypto::aead::{AesGcm, TAG_LENGTH};
use crate::envelope::error::{DecryptError, Part};

/// What comes next in the message.
enum Next {
    /// A frame of at most so many bytes.
    Frame(usize),
    Block,
    Footer,
    /// Nothing but the end of the input.
    End,
    /// The message is verified.
    Done,
}

/// What a step came to.
pub(super) enum Step {
    /// A piece of the message was used up: so many bytes.
    Opened(usize),
    /// More of the message is needed; so many bytes must come to stand together.
    Needs(usize),
    /// The whole message is verified and released.
    Done,
}

/// The body of a message on its way in, one frame at a time.
pub(super) struct Decoder {
    key: AesGcm,
    signature: Signature,
    next: Next,
    sequence: u32,
    regular: FrameAad,
    last: FrameAad,
    block: FrameAad,
    /// Whether nothing is released before the message is verified.
    hold: bool,
    most_held: usize,
    input: Buffer,
    ended: bool,
    plaintext: Withheld,
}

impl Decoder {
    /// For the body under `header`, of which `input` has the beginning.
    pub(super) fn new(
        header: &Header,
        key: AesGcm,
        signature: Signature,
        input: Buffer,
        hold: bool,
        most_held: usize,
    ) -> Result<Self, DecryptError> {
        let aad = |kind| FrameAad::new(&header.message_id, kind);
        let next = match header.content {
            Content::Framed(length) => Next::Frame(
                usize::try_from(length)
                    .map_err(|_| DecryptError::TooLargeToHold(Part::Frame(1)))?,
            ),
            Content::Unframed => Next::Block,
        };
        Ok(Self {
            key,
            signature,
            next,
            sequence: 1,
            regular: aad(Kind::Regular),
            last: aad(Kind::Final),
            block: aad(Kind::SingleBlock),
            hold,
            most_held,
            input,
            ended: false,
            plaintext: Withheld::default(),
        })
    }

    /// Where more of the message can be read to, when so many bytes are needed.
    pub(super) fn space(&mut self, needed: usize) -> &mut [u8] {
        self.input.space(needed, 0)
    }

    /// So many bytes were read to that space; none is the end of the input.
    pub(super) fn received(&mut self, count: usize) {
        self.ended |= count == 0;
        self.input.received(count);
    }

    /// Hands out plaintext that is released; returns how many bytes that were.
    pub(super) fn take(&mut self, to: &mut [u8]) -> usize {
        self.plaintext.take(to)
    }

    /// Opens the next piece of the message, if all of it is there.
    pub(super) fn step(&mut self) -> Result<Step, DecryptError> {
        match self.next {
            Next::Frame(frame_length) => self.frame(frame_length),
            Next::Block => self.single_block(),
            Next::Footer => self.footer(),
            Next::End => self.end(),
            Next::Done => Ok(Step::Done),
        }
    }

    fn needs(&self, bytes: usize, part: Part) -> Result<Step, DecryptError> {
        if self.ended {
            return Err(DecryptError::Truncated(part));
        }
        Ok(Step::Needs(bytes))
    }

    fn frame(&mut self, frame_length: usize) -> Result<Step, DecryptError> {
        let part = Part::Frame(self.sequence);
        let available = self.input.available();
        let Found {
            kind,
            prefix,
            length,
        } = match find_frame(available, self.sequence, frame_length)? {
            Ok(found) => found,
            Err(needed) => return self.needs(needed, part),
        };
        let total = prefix.saturating_add(length).saturating_add(TAG_LENGTH);
        if available.len() < total {
            if total > self.most_held.saturating_add(FINAL_OVERHEAD) {
                return Err(DecryptError::TooLargeToHold(part));
            }
            return self.needs(total, part);
        }
        self.open(kind, part, prefix, length)?;
        match kind {
            Kind::Regular if !self.hold => self.plaintext.release(),
            Kind::Regular => {}
            Kind::Final | Kind::SingleBlock => self.end_body(),
        }
        // A regular frame never bears the greatest number, the final marker.
        self.sequence = self.sequence.saturating_add(1);
        Ok(Step::Opened(total))
    }

    fn single_block(&mut self) -> Result<Step, DecryptError> {
        let available = self.input.available();
        let prefix = available.get(..BLOCK_PREFIX);
        let Some(length) = prefix.and_then(|prefix| prefix.last_chunk().copied()) else {
            return self.needs(BLOCK_PREFIX, Part::Body);
        };
        let length = usize::try_from(u64::from_be_bytes(length)).ok();
        let length = length
            .filter(|length| *length <= self.most_held)
            .ok_or(DecryptError::TooLargeToHold(Part::Body))?;
        let total = length.saturating_add(BLOCK_PREFIX + TAG_LENGTH);
        if available.len() < total {
            return self.needs(total, Part::Body);
        }
        self.open(Kind::SingleBlock, Part::Body, BLOCK_PREFIX, length)?;
        self.end_body();
        Ok(Step::Opened(total))
    }

    /// Opens what stands at the start of the input, all of which is there, and keeps its plaintext.
    fn open(
        &mut self,
        kind: Kind,
        part: Part,
        prefix: usize,
        length: usize,
    ) -> Result<(), DecryptError> {
        if self.plaintext.waiting().saturating_add(length) > self.most_held {
            return Err(DecryptError::TooLargeToHold(part));
        }
        let aad = match kind {
            Kind::Regular => &mut self.regular,
            Kind::Final => &mut self.last,
            Kind::SingleBlock => &mut self.block,
        };
        let aad = aad.of(self.sequence, to_u64(length));
        let total = prefix.saturating_add(length).saturating_add(TAG_LENGTH);
        let piece = self.input.available().get(..total).unwrap_or_default();
        let plaintext = self.plaintext.room(length);
        open_piece(&self.key, piece, part, prefix, aad, plaintext)?;
        self.plaintext.keep(length);
        if let Signature::Unverified(verifier) = &mut self.signature {
            verifier.update(piece);
        }
        self.input.consume(total);
        Ok(())
    }

    /// What ends the body waits until the message is verified.
    fn end_body(&mut self) {
        self.next = match self.signature {
            Signature::None => Next::End,
            Signature::Unverified(_) | Signature::Verified => Next::Footer,
        };
    }

    fn footer(&mut self) -> Result<Step, DecryptError> {
        let part = Part::Signature;
        let available = self.input.available();
        let Some((length, rest)) = available.split_first_chunk::<2>() else {
            return self.needs(2, part);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(footer) = rest.get(..length) else {
            return self.needs(length.saturating_add(2), part);
        };
        let signature = std::mem::replace(&mut self.signature, Signature::None);
        if let Signature::Unverified(verifier) = signature {
            let verified = verifier.verify(footer);
            verified.map_err(|_| DecryptError::Forged(part))?;
        }
        self.input.consume(length.saturating_add(2));
        self.next = Next::End;
        Ok(Step::Opened(length))
    }

    fn end(&mut self) -> Result<Step, DecryptError> {
        if !self.input.available().is_empty() {
            return Err(DecryptError::TrailingData);
        }
        if !self.ended {
            return Ok(Step::Needs(1));
        }
        self.plaintext.release();
        self.next = Next::Done;
        Ok(Step::Opened(0))
    }
}
