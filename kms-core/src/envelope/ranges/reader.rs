//! A file that holds a message, read as a file that holds its plaintext.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;

use super::layout::FrameLayout;
use super::message::{MessageStart, RangedMessage, header_length, readable_frame_length};
use super::signed::footer_length;
use crate::envelope::decrypt::DecryptOptions;
use crate::envelope::error::{DecryptError, Part};
use crate::envelope::header::{Header, ReadHeader, read_header};
use crate::envelope::input::Input;
use crate::envelope::keyring::DataKeys;
use crate::secret::SecretBytes;

/// Plaintext bytes that are kept of frames read before; one frame is kept, whatever its length.
const KEPT_BYTES: usize = 1024 * 1024;
/// Frames that are kept at most, since each read looks through them: whoever writes a message chooses how
/// short its frames are.
const MOST_KEPT: usize = 64;

/// The plaintext of a framed message, to be read from any position.
///
/// At opening, header and final frame are authenticated, so that a message that was cut off or goes on is
/// refused before anything is read; each other frame is authenticated before any of its bytes is
/// handed out. Frames that are never read are never authenticated.
///
/// Up to 1 MiB of plaintext, in at most 64 frames, is kept for reads to come, and wiped on drop. An error of
/// [`Read::read`] that is not the underlying reader's has the [`DecryptError`] inside.
///
/// ```
/// # use std::sync::Arc;
/// use std::io::{Cursor, Read, Seek, SeekFrom};
/// # use kms_core::ciphertext::EncryptionContext;
/// # use kms_core::crypto::random::SystemRandom;
/// use kms_core::envelope::{self, DecryptOptions, EncryptOptions, RandomAccessReader, RawAesKeyring};
/// # use kms_core::secret::SecretBytes;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = SecretBytes::new(vec![7; 32]);
/// # let keyring = RawAesKeyring::new("example", "backup", &key, Arc::new(SystemRandom))?;
/// # let mut message = Vec::new();
/// # let context = EncryptionContext::new();
/// # let options = EncryptOptions::default();
/// # let mut plaintext = b"a long plaintext".as_slice();
/// # envelope::encrypt(&mut plaintext, &mut message, &keyring, &context, &options, &SystemRandom)?;
/// let file = Cursor::new(message); // or a std::fs::File
/// let options = DecryptOptions::default();
/// let mut reader = RandomAccessReader::open(file, &keyring, &options)?;
/// reader.seek(SeekFrom::End(-9))?;
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// assert_eq!(text, "plaintext");
/// # Ok(())
/// # }
/// ```
pub struct RandomAccessReader<R> {
    reader: R,
    message: RangedMessage,
    position: u64,
    /// The frame bytes that are read last, as they stand in the message.
    frame: Vec<u8>,
    /// Opened frames by number, the one used last at the end.
    kept: VecDeque<(u32, SecretBytes)>,
    most_kept: usize,
}

impl<R> fmt::Debug for RandomAccessReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RandomAccessReader")
            .field("message", &self.message)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl<R: Read + Seek> RandomAccessReader<R> {
    /// Opens the message that fills `reader` from its first byte to its last.
    ///
    /// The data key is asked for once, here. A signed message is refused, unless the options release
    /// unverified; then its signature is never looked at.
    ///
    /// # Errors
    /// [`DecryptError`], as of [`MessageStart::open`] and [`MessageStart::prove_end`].
    pub fn open(
        mut reader: R,
        keys: &dyn DataKeys,
        options: &DecryptOptions,
    ) -> Result<Self, DecryptError> {
        let length = reader.seek(SeekFrom::End(0)).map_err(DecryptError::Read)?;
        reader.rewind().map_err(DecryptError::Read)?;
        let read = read_header(&mut Input::new(&mut reader), options.max_data_keys)?;
        let length = length - unread_footer(&mut reader, length, &read, options)?;
        let start = MessageStart::from_header(read, length, keys, options)?;
        let sequence = start.layout().final_frame();
        let mut frame = Vec::new();
        let range = start.layout().final_frame_range();
        read_range(&mut reader, range, &mut frame, Part::Frame(sequence))?;
        let (message, plaintext) = start.prove_end(&frame)?;
        let frame_length = usize::try_from(message.layout().frame_length()).unwrap_or(usize::MAX);
        Ok(Self {
            reader,
            message,
            position: 0,
            frame,
            kept: VecDeque::from([(sequence, plaintext)]),
            most_kept: most_kept(frame_length),
        })
    }

    /// Reads from byte `offset` of the plaintext, wherever the last read ended, and leaves the
    /// position as it is. Returns how many bytes there were, as [`Read::read`] does: 0 at the end.
    ///
    /// # Errors
    /// [`DecryptError`] when the frame that holds the byte is not authentic or could not be read.
    pub fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, DecryptError> {
        let Some(frames) = self.message.layout().frames_of(offset..u64::MAX) else {
            return Ok(0);
        };
        if buffer.is_empty() {
            return Ok(0);
        }
        let sequence = *frames.start();
        let start = self.message.layout().plaintext_of(sequence);
        let start = start.map_or(offset, |range| range.start);
        let skipped = usize::try_from(offset - start).unwrap_or(usize::MAX);
        let plaintext = self.frame(sequence)?.expose();
        let rest = plaintext.get(skipped..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    /// The plaintext of a frame, kept or opened now.
    fn frame(&mut self, sequence: u32) -> Result<&SecretBytes, DecryptError> {
        // From the end, where the frame is that was read last: most reads go on in it.
        let mut kept = self.kept.iter();
        let kept = kept.rposition(|(number, _)| *number == sequence);
        let entry = match kept.and_then(|index| self.kept.remove(index)) {
            Some(entry) => entry,
            None => (sequence, self.open_frame(sequence)?),
        };
        while self.kept.len() >= self.most_kept {
            self.kept.pop_front();
        }
        self.kept.push_back(entry);
        let last = self.kept.back().map(|(_, plaintext)| plaintext);
        last.ok_or(DecryptError::Truncated(Part::Frame(sequence)))
    }

    fn open_frame(&mut self, sequence: u32) -> Result<SecretBytes, DecryptError> {
        let part = Part::Frame(sequence);
        let range = self.message.layout().frame_range(sequence);
        let range = range.ok_or(DecryptError::Truncated(part))?;
        read_range(&mut self.reader, range, &mut self.frame, part)?;
        self.message.open_frame(sequence, &self.frame)
    }
}

impl<R> RandomAccessReader<R> {
    /// The header, authenticated.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.message.header()
    }

    /// Where the frames stand.
    #[must_use]
    pub fn layout(&self) -> &FrameLayout {
        self.message.layout()
    }

    /// Bytes of plaintext, authenticated.
    #[must_use]
    pub fn plaintext_length(&self) -> u64 {
        self.layout().plaintext_length()
    }

    /// The underlying reader, to change what it reads.
    #[cfg(test)]
    pub(in crate::envelope) fn reader_mut_for_tests(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The underlying reader, at whatever position.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: Read + Seek> Read for RandomAccessReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.read_at(self.position, buffer);
        let count = read.map_err(|error| match error {
            DecryptError::Read(error) => error,
            other => io::Error::new(ErrorKind::InvalidData, other),
        })?;
        self.position = self
            .position
            .saturating_add(count.try_into().unwrap_or(u64::MAX));
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for RandomAccessReader<R> {
    /// Positions are those of the plaintext; one beyond its end is taken, and nothing is there.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.plaintext_length().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// How many frames of this length are kept.
fn most_kept(frame_length: usize) -> usize {
    let frames = KEPT_BYTES.checked_div(frame_length);
    frames.unwrap_or_default().clamp(1, MOST_KEPT)
}

/// Bytes of the footer of a signed message that may be read without it; 0 for an unsigned one.
fn unread_footer<R: Read + Seek>(
    reader: &mut R,
    length: u64,
    read: &ReadHeader,
    options: &DecryptOptions,
) -> Result<u64, DecryptError> {
    let frame_length = readable_frame_length(&read.header, options)?;
    if read.header.suite.signature().is_none() {
        return Ok(0);
    }
    footer_length(length, header_length(read), frame_length, |range| {
        let mut bytes = Vec::new();
        read_range(reader, range, &mut bytes, Part::Signature)?;
        Ok(bytes)
    })
}

/// Reads a range of the message into `bytes`, which grow no faster than bytes come.
fn read_range<R: Read + Seek>(
    reader: &mut R,
    range: Range<u64>,
    bytes: &mut Vec<u8>,
    part: Part,
) -> Result<(), DecryptError> {
    bytes.clear();
    let length = range.end - range.start;
    reader
        .seek(SeekFrom::Start(range.start))
        .map_err(DecryptError::Read)?;
    let read = reader.by_ref().take(length).read_to_end(bytes);
    read.map_err(DecryptError::Read)?;
    if u64::try_from(bytes.len()) == Ok(length) {
        Ok(())
    } else {
        Err(DecryptError::Truncated(part))
    }
}
