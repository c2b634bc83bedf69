//! Armor: a message as text.
//!
//! `BEGIN` line, base64 (RFC 4648, padded) in lines of 64 characters of which the last may be
//! shorter, `END` line; lines end with a line feed. The reader accepts what the writer writes and
//! nothing else, but for the very last line feed, which shells drop from a variable.

use std::io::{self, Read, Write};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The first line, without its line feed.
pub(crate) const BEGIN: &str = "-----BEGIN AWS ENCRYPTION SDK MESSAGE-----";
/// The last line, without its line feed.
const END: &str = "-----END AWS ENCRYPTION SDK MESSAGE-----";

/// Bytes in a full line, and characters that stand for them.
const LINE_BYTES: usize = 48;
const LINE_CHARACTERS: usize = 64;
/// Lines handled at a time.
const BATCH_LINES: usize = 1024;

/// Writes bytes as armor. [`ArmorWriter::finish`] must be called: without it the end is missing,
/// and the reader refuses the text.
#[derive(Debug)]
pub(crate) struct ArmorWriter<W> {
    inner: W,
    /// Bytes that do not fill a batch yet.
    pending: Vec<u8>,
    text: Vec<u8>,
}

impl<W: Write> ArmorWriter<W> {
    /// Starts with the first line, which is written with the first batch.
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            pending: Vec::with_capacity(BATCH_LINES * LINE_BYTES),
            text: format!("{BEGIN}\n").into_bytes(),
        }
    }

    /// Writes what is pending and the last line.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.write_pending()?;
        self.inner.write_all(format!("{END}\n").as_bytes())?;
        self.inner.flush()
    }

    fn write_pending(&mut self) -> io::Result<()> {
        for line in STANDARD
            .encode(&self.pending)
            .as_bytes()
            .chunks(LINE_CHARACTERS)
        {
            self.text.extend_from_slice(line);
            self.text.push(b'\n');
        }
        self.pending.clear();
        self.inner.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }
}

impl<W: Write> Write for ArmorWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let free = BATCH_LINES * LINE_BYTES - self.pending.len();
        let taken = bytes.get(..free.min(bytes.len())).unwrap_or_default();
        self.pending.extend_from_slice(taken);
        if self.pending.len() == BATCH_LINES * LINE_BYTES {
            self.write_pending()?;
        }
        Ok(taken.len())
    }

    /// Whole batches only: a line that is not full may only be the last.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads armor as the bytes that it stands for.
#[derive(Debug)]
pub(crate) struct ArmorReader<R> {
    inner: R,
    /// Text that was read, of which `consumed` bytes are done with.
    text: Vec<u8>,
    consumed: usize,
    /// Bytes that were decoded, of which `taken` were handed out.
    bytes: Vec<u8>,
    taken: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begin,
    Lines,
    /// A line shorter than the others was read; only the end may follow.
    LastLine,
    Done,
}

impl<R: Read> ArmorReader<R> {
    /// Reads from `inner`, whose first bytes are [`BEGIN`].
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            text: Vec::new(),
            consumed: 0,
            bytes: Vec::new(),
            taken: 0,
            state: State::Begin,
        }
    }

    fn decode_batch(&mut self) -> io::Result<()> {
        let mut characters = Vec::with_capacity(BATCH_LINES * LINE_CHARACTERS);
        while self.state != State::Done && characters.len() < BATCH_LINES * LINE_CHARACTERS {
            let line = self.next_line()?;
            let line = self.text.get(line).unwrap_or_default();
            match self.state {
                State::Begin if line == BEGIN.as_bytes() => self.state = State::Lines,
                State::Lines | State::LastLine if line == END.as_bytes() => {
                    self.expect_end_of_input()?;
                    self.state = State::Done;
                }
                State::Lines if !line.is_empty() && line.len() <= LINE_CHARACTERS => {
                    if line.len() < LINE_CHARACTERS || line.ends_with(b"=") {
                        self.state = State::LastLine;
                    }
                    characters.extend_from_slice(line);
                }
                _ => return Err(malformed()),
            }
        }
        // Padding is refused anywhere but at the end, which only a last line reaches.
        self.bytes = STANDARD.decode(&characters).map_err(|_| malformed())?;
        self.taken = 0;
        Ok(())
    }

    /// Where the next line stands in the text, without its line feed; at the end of the input only
    /// the end marker may lack one.
    fn next_line(&mut self) -> io::Result<Range<usize>> {
        let longest = LINE_CHARACTERS.max(BEGIN.len()) + 1;
        loop {
            let start = self.consumed;
            let rest = self.text.get(start..).unwrap_or_default();
            let candidates = rest.iter().take(longest);
            if let Some(length) = candidates.into_iter().position(|&byte| byte == b'\n') {
                self.consumed = start + length + 1;
                return Ok(start..start + length);
            }
            if rest.len() >= longest {
                return Err(malformed());
            }
            let is_end = rest == END.as_bytes();
            if !self.refill()? {
                let rest = 0..self.text.len();
                self.consumed = rest.end;
                return if is_end { Ok(rest) } else { Err(truncated()) };
            }
        }
    }

    fn expect_end_of_input(&mut self) -> io::Result<()> {
        if self.consumed < self.text.len() || self.refill()? {
            return Err(malformed());
        }
        Ok(())
    }

    /// Reads more text behind what is there; false at the end of the input.
    fn refill(&mut self) -> io::Result<bool> {
        self.text.drain(..self.consumed.min(self.text.len()));
        self.consumed = 0;
        let before = self.text.len();
        self.text.resize(before + BATCH_LINES * LINE_CHARACTERS, 0);
        let read = loop {
            match self
                .inner
                .read(self.text.get_mut(before..).unwrap_or_default())
            {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.text.truncate(before + *read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }
}

impl<R: Read> Read for ArmorReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.bytes.len() && self.state != State::Done {
            self.decode_batch()?;
        }
        let mut rest = self.bytes.get(self.taken..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the armor is malformed")
}

fn truncated() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the armor is truncated")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armor(bytes: &[u8]) -> String {
        let mut text = Vec::new();
        let mut writer = ArmorWriter::new(&mut text);
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap();
        String::from_utf8(text).unwrap()
    }

    fn dearmor(text: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        ArmorReader::new(text).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Hands out one byte at a time.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    #[test]
    fn armor_has_lines_of_64_characters_between_its_markers() {
        let text = armor(&[0; 49]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, [BEGIN, &"A".repeat(64), "AA==", END]);
    }

    #[test]
    fn bytes_of_every_length_around_a_line_and_a_batch_come_back() {
        let batch = BATCH_LINES * LINE_BYTES;
        for length in (0..100).chain(batch - 50..batch + 50).chain([3 * batch]) {
            let bytes: Vec<u8> = (0..length)
                .map(|i| u8::try_from(i % 251).unwrap())
                .collect();
            assert_eq!(
                dearmor(armor(&bytes).as_bytes()).unwrap(),
                bytes,
                "{length}"
            );
        }
    }

    #[test]
    fn armor_that_trickles_in_is_read_the_same() {
        let bytes = [7; 500];
        let mut read = Vec::new();
        let text = armor(&bytes);
        ArmorReader::new(Trickle(text.as_bytes()))
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, bytes);
    }

    #[test]
    fn only_the_last_line_feed_may_be_missing() {
        let text = armor(&[1; 60]);
        assert!(dearmor(text.trim_end().as_bytes()).is_ok());
        for length in 0..text.len() - 1 {
            assert!(dearmor(&text.as_bytes()[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn armor_with_anything_out_of_place_is_refused() {
        let good = armor(&[1; 60]);
        for bad in [
            good.replace('\n', "\r\n"),
            good.replace("AQEB\n", "AQEB \n"),
            good.replacen("AQEB", "AQ\nEB", 1),
            good.replacen('\n', "\n\n", 1),
            format!("{good}\n"),
            format!("{good}x"),
            format!("\n{good}"),
            good.replace("BEGIN AWS", "BEGIN PGP"),
            armor(&[1; 1]).replace("AQ==", "AR=="),
            armor(&[1; 1]).replace("AQ==", "AQ"),
            armor(&[1; 48]).replace("AQEB\n", "AQEBAQEB\n"),
        ] {
            assert_ne!(bad, good);
            assert!(dearmor(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_is_all_read() {
        let endless = Read::chain(BEGIN.as_bytes(), io::repeat(b'A'));
        let mut reader = ArmorReader::new(endless);
        assert!(reader.read(&mut [0; 10]).is_err());
    }
}
