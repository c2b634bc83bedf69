//! Frames sealed in place, in the order and at the places in which they are written.

use std::io::{self, ErrorKind, IoSliceMut, Read, Write};
use std::ops::{Deref, Range};

use super::error::EncryptError;
use super::frame::{
    FINAL_MARKER, FINAL_OVERHEAD, FINAL_PREFIX, FRAME_OVERHEAD, FRAME_PREFIX, FrameAad, Kind,
    SEQUENCE_LENGTH, written_nonce,
};
use super::{MAX_BATCH_FRAMES, batch_frames};
use crate::crypto::Failed;
use crate::crypto::aead::AesGcm;
use crate::secret::SecretBuffer;

/// A batch of frames laid out as they will be written; plaintext is read to where its ciphertext
/// will stand.
pub(super) struct Frames<K> {
    key: K,
    regular: FrameAad,
    last: FrameAad,
    frame_length: usize,
    /// Frames in the batch.
    slots: usize,
    buffer: SecretBuffer,
    /// The slot that plaintext is read into; those before it are complete.
    current: usize,
    /// Plaintext bytes in the current slot.
    filled: usize,
    /// The first complete slot that is not sealed and written yet.
    unwritten: usize,
    /// The number of the next frame.
    sequence: u32,
}

/// A batch as it is written.
pub(super) struct SealedBatch<'b> {
    pub(super) bytes: &'b [u8],
    /// That of the whole message, from the batch that ends it.
    pub(super) plaintext_length: Option<u64>,
}

impl<K: Deref<Target = AesGcm>> Frames<K> {
    pub(super) fn new(key: K, message_id: &[u8], frame_length: u32) -> Result<Self, EncryptError> {
        let frame_length = usize::try_from(frame_length).map_err(|_| EncryptError::FrameLength)?;
        let mut frames = Self {
            key,
            regular: FrameAad::new(message_id, Kind::Regular),
            last: FrameAad::new(message_id, Kind::Final),
            frame_length,
            slots: 0,
            buffer: SecretBuffer::new(0),
            current: 0,
            filled: 0,
            unwritten: 0,
            sequence: 1,
        };
        frames.resize(1);
        Ok(frames)
    }

    fn stride(&self) -> usize {
        self.frame_length + FRAME_OVERHEAD
    }

    /// A new batch; the final frame, which can stand in any slot, has a longer prefix.
    fn resize(&mut self, slots: usize) {
        self.slots = slots;
        self.buffer = SecretBuffer::new(slots * self.stride() + FINAL_OVERHEAD - FRAME_OVERHEAD);
    }

    /// Reads to the end and writes all frames; returns the length of the plaintext.
    pub(super) fn run(
        &mut self,
        reader: &mut dyn Read,
        writer: &mut dyn Write,
    ) -> Result<u64, EncryptError> {
        while self.read(reader)? > 0 {
            self.write_complete(writer)?;
        }
        self.write_final(writer)
    }

    /// Seals and writes the final frame; returns the length of the plaintext.
    pub(super) fn write_final(&mut self, writer: &mut dyn Write) -> Result<u64, EncryptError> {
        let last = self.seal_final()?;
        write(writer, self.sealed(last)?)?;
        Ok(self.plaintext_length())
    }

    /// Starts over with a batch whose first frame is number `sequence`, and reads until it is full
    /// or the plaintext ends; `true` is the end.
    pub(super) fn fill(
        &mut self,
        reader: &mut dyn Read,
        sequence: u32,
    ) -> Result<bool, EncryptError> {
        self.restart();
        self.sequence = sequence;
        while self.current < self.slots {
            if self.read(reader)? == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Complete frames in the batch.
    pub(super) fn complete(&self) -> usize {
        self.current
    }

    /// Seals the batch that was filled, with the final frame where the plaintext has its `end`.
    pub(super) fn seal_batch(&mut self, end: bool) -> Result<SealedBatch<'_>, EncryptError> {
        let mut range = self.seal_complete()?;
        if end {
            range.end = self.seal_final()?.end;
        }
        Ok(SealedBatch {
            bytes: self.sealed(range)?,
            plaintext_length: end.then(|| self.plaintext_length()),
        })
    }

    /// Bytes of plaintext in the whole message, once all of its frames are sealed.
    fn plaintext_length(&self) -> u64 {
        let length = |length| u64::try_from(length).unwrap_or(u64::MAX);
        let regular = u64::from(self.sequence).saturating_sub(1);
        regular
            .saturating_mul(length(self.frame_length))
            .saturating_add(length(self.filled))
    }

    /// One read over the rest of the batch; 0 is the end of the plaintext.
    pub(super) fn read(&mut self, reader: &mut dyn Read) -> Result<usize, EncryptError> {
        loop {
            match self.read_once(reader) {
                Ok(count) => {
                    let filled = self.filled + count;
                    self.current += filled / self.frame_length;
                    self.filled = filled % self.frame_length;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(EncryptError::Read(error)),
            }
        }
    }

    fn read_once(&mut self, reader: &mut dyn Read) -> io::Result<usize> {
        let (stride, end) = (self.stride(), FRAME_PREFIX + self.frame_length);
        let mut start = FRAME_PREFIX + self.filled;
        let mut slices: [IoSliceMut<'_>; MAX_BATCH_FRAMES] =
            std::array::from_fn(|_| IoSliceMut::new(&mut []));
        let mut count = 0;
        let rest = self.buffer.expose_mut().get_mut(self.current * stride..);
        let slots = rest.unwrap_or_default().chunks_exact_mut(stride);
        for (slice, slot) in slices.iter_mut().zip(slots) {
            *slice = IoSliceMut::new(slot.get_mut(start..end).unwrap_or_default());
            start = FRAME_PREFIX;
            count += 1;
        }
        reader.read_vectored(slices.get_mut(..count).unwrap_or_default())
    }

    /// Seals and writes the complete frames, and starts over when the batch is used up.
    pub(super) fn write_complete(&mut self, writer: &mut dyn Write) -> Result<(), EncryptError> {
        let range = self.seal_complete()?;
        write(writer, self.sealed(range)?)?;
        self.unwritten = self.current;
        if self.current == self.slots {
            self.restart();
        }
        Ok(())
    }

    /// An empty batch, of full size.
    fn restart(&mut self) {
        (self.current, self.filled, self.unwritten) = (0, 0, 0);
        let slots = batch_frames(self.frame_length);
        if self.slots != slots {
            self.resize(slots);
        }
    }

    /// Seals the complete frames that are not written; returns where they stand.
    fn seal_complete(&mut self) -> Result<Range<usize>, EncryptError> {
        for slot in self.unwritten..self.current {
            self.seal(slot)?;
        }
        let stride = self.stride();
        Ok(self.unwritten * stride..self.current * stride)
    }

    fn sealed(&self, range: Range<usize>) -> Result<&[u8], EncryptError> {
        Ok(self.buffer.expose().get(range).ok_or(Failed)?)
    }

    fn seal(&mut self, slot: usize) -> Result<(), EncryptError> {
        let sequence = self.sequence;
        self.sequence = sequence.checked_add(1).ok_or(EncryptError::TooLong)?;
        let stride = self.stride();
        let frame = self.buffer.expose_mut();
        let frame = frame.get_mut(slot * stride..).ok_or(Failed)?;
        let (prefix, rest) = frame.split_at_mut_checked(FRAME_PREFIX).ok_or(Failed)?;
        let (number, nonce) = prefix
            .split_first_chunk_mut::<SEQUENCE_LENGTH>()
            .ok_or(Failed)?;
        *number = sequence.to_be_bytes();
        nonce.copy_from_slice(&written_nonce(sequence));
        let length = u64::try_from(self.frame_length).map_err(|_| Failed)?;
        let aad = self.regular.of(sequence, length);
        seal_payload(&self.key, sequence, aad, rest, self.frame_length)
    }

    /// Seals what the current slot holds, which is less than a frame and may be nothing; returns
    /// where it stands.
    fn seal_final(&mut self) -> Result<Range<usize>, EncryptError> {
        let (sequence, length) = (self.sequence, self.filled);
        let start = self.current * self.stride();
        let frame = self.buffer.expose_mut();
        let frame = frame.get_mut(start..).ok_or(Failed)?;
        frame.copy_within(FRAME_PREFIX..FRAME_PREFIX + length, FINAL_PREFIX);
        seal_final_frame(&self.key, &mut self.last, sequence, frame, length)?;
        Ok(start..start + length + FINAL_OVERHEAD)
    }
}

/// Writes sealed frames, if there are any.
fn write(writer: &mut dyn Write, sealed: &[u8]) -> Result<(), EncryptError> {
    if sealed.is_empty() {
        return Ok(());
    }
    writer.write_all(sealed).map_err(EncryptError::Write)
}

/// Makes the final frame out of `frame`, where `length` bytes of plaintext stand behind room for
/// what goes before them.
pub(super) fn seal_final_frame(
    key: &AesGcm,
    aad: &mut FrameAad,
    sequence: u32,
    frame: &mut [u8],
    length: usize,
) -> Result<(), EncryptError> {
    let (prefix, rest) = frame.split_at_mut_checked(FINAL_PREFIX).ok_or(Failed)?;
    let count = u32::try_from(length).map_err(|_| Failed)?;
    let fields: [&[u8]; 4] = [
        &FINAL_MARKER.to_be_bytes(),
        &sequence.to_be_bytes(),
        &written_nonce(sequence),
        &count.to_be_bytes(),
    ];
    prefix.copy_from_slice(&fields.concat());
    let aad = aad.of(sequence, u64::from(count));
    seal_payload(key, sequence, aad, rest, length)
}

/// Seals the first `length` bytes of `frame` and puts the tag after them.
fn seal_payload(
    key: &AesGcm,
    sequence: u32,
    aad: &[u8],
    frame: &mut [u8],
    length: usize,
) -> Result<(), EncryptError> {
    let (payload, rest) = frame.split_at_mut_checked(length).ok_or(Failed)?;
    *rest.first_chunk_mut().ok_or(Failed)? =
        key.seal_in_place(written_nonce(sequence), aad, payload)?;
    Ok(())
}
