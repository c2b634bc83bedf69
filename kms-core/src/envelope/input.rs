//! Reads a message in large pieces and hands it out in contiguous parts.

use std::io::{ErrorKind, Read};

use super::error::{DecryptError, Part};

/// Bytes asked for at first: small messages need no more.
const FIRST_CAPACITY: usize = 64 * 1024;

/// The smallest buffer that is read into.
const LEAST_CAPACITY: usize = 256;

/// Bytes that were read and not used yet; ciphertext only.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// A first buffer of `capacity` bytes, within bounds.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity.clamp(LEAST_CAPACITY, FIRST_CAPACITY)],
            start: 0,
            end: 0,
        }
    }

    /// What has been read and not consumed.
    pub(super) fn available(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Marks `length` of the available bytes as used.
    pub(super) fn consume(&mut self, length: usize) {
        self.start = self.start.saturating_add(length).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Where more can be read to; never empty.
    ///
    /// The buffer grows, by doubling and so never far beyond what was really sent, while it is
    /// smaller than `preferred` or cannot hold the `needed` bytes that must come to stand together.
    pub(super) fn space(&mut self, needed: usize, preferred: usize) -> &mut [u8] {
        let held = self.end.saturating_sub(self.start);
        let full = self.end == self.bytes.len();
        if self.start > 0 && (full || self.start.saturating_add(needed) > self.bytes.len()) {
            self.bytes.copy_within(self.start..self.end, 0);
            self.start = 0;
            self.end = held;
        }
        let target = needed.max(preferred);
        if full && self.bytes.len() < target {
            let doubled = self.bytes.len().saturating_mul(2);
            self.bytes.resize(doubled.min(target), 0);
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// So many bytes were read to where there was space.
    pub(super) fn received(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.bytes.len());
    }
}

/// A read-ahead buffer over a reader.
pub(super) struct Input<'r> {
    reader: &'r mut dyn Read,
    buffer: Buffer,
}

impl<'r> Input<'r> {
    pub(super) fn new(reader: &'r mut dyn Read) -> Self {
        Self::with_capacity(reader, FIRST_CAPACITY)
    }

    /// For an input that is known to be short: a first buffer of `capacity` bytes, within bounds.
    pub(super) fn with_capacity(reader: &'r mut dyn Read, capacity: usize) -> Self {
        let buffer = Buffer::with_capacity(capacity);
        Self { reader, buffer }
    }

    /// What has been read and not consumed.
    pub(super) fn available(&self) -> &[u8] {
        self.buffer.available()
    }

    /// How many bytes the buffer can hold.
    pub(super) fn capacity(&self) -> usize {
        self.buffer.bytes.len()
    }

    /// Marks `length` of the available bytes as used.
    pub(super) fn consume(&mut self, length: usize) {
        self.buffer.consume(length);
    }

    /// Makes one read, as large as the buffer allows, and returns how many bytes came; 0 is the
    /// end of the input. The buffer grows as [`Buffer::space`] says.
    pub(super) fn read(&mut self, needed: usize, preferred: usize) -> Result<usize, DecryptError> {
        let space = self.buffer.space(needed, preferred);
        loop {
            match self.reader.read(space) {
                Ok(count) => {
                    self.buffer.received(count);
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(DecryptError::Read(error)),
            }
        }
    }

    /// Reads until `length` bytes are available and returns them, without consuming.
    pub(super) fn require(&mut self, length: usize, part: Part) -> Result<&[u8], DecryptError> {
        while self.available().len() < length {
            if self.read(length, 0)? == 0 {
                return Err(DecryptError::Truncated(part));
            }
        }
        Ok(self.available().get(..length).unwrap_or_default())
    }

    /// Fails unless the input is used up.
    pub(super) fn require_end(&mut self) -> Result<(), DecryptError> {
        if self.available().is_empty() && self.read(1, 0)? == 0 {
            Ok(())
        } else {
            Err(DecryptError::TrailingData)
        }
    }
}
