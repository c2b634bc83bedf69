//! Walks the records in order, across segments.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use memchr::memchr2;

use super::MAX_RECORD;
use super::directory::{Directory, segment_name};
use super::error::{Fault, LedgerError};

const CHUNK: usize = 64 * 1024;

/// Where a record starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The first record of the segment that it is in.
    pub(super) segment: u64,
    /// Its first byte in that segment.
    pub(super) offset: u64,
    /// The record, counted from 0 over the whole ledger.
    pub(super) index: u64,
}

impl Place {
    pub(super) fn fault(self, fault: Fault) -> LedgerError {
        LedgerError::Records {
            segment: segment_name(self.segment),
            record: self.index,
            offset: self.offset,
            fault,
        }
    }
}

/// What stands at a cursor's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Bytes that a newline ends: [`Cursor::line`]. [`Cursor::accept`] goes past them.
    Line,
    /// The end of the file, or a NUL byte.
    End,
    /// Bytes that no newline ends, or too many.
    Unfinished,
}

/// Reads lines from a place onward; what was read stays in one buffer of bounded size.
#[derive(Debug)]
pub(super) struct Cursor {
    directory: Directory,
    file: File,
    place: Place,
    buffer: Vec<u8>,
    consumed: usize,
    line: Range<usize>,
}

impl Cursor {
    /// At a place whose segment is there; `None` when it is not.
    pub(super) fn open(directory: &Directory, place: Place) -> Result<Option<Self>, LedgerError> {
        let file = directory.open_to_read(&segment_name(place.segment))?;
        Ok(file.map(|file| Self {
            directory: directory.clone(),
            file,
            place,
            buffer: Vec::new(),
            consumed: 0,
            line: 0..0,
        }))
    }

    /// Whether the place is where a record can start: the segment's first byte, or past a newline.
    pub(super) fn at_start_of_record(&self) -> Result<bool, LedgerError> {
        let Some(before) = self.place.offset.checked_sub(1) else {
            return Ok(self.place.index == self.place.segment);
        };
        let mut byte = [0];
        let path = self.directory.path(&segment_name(self.place.segment));
        let read = self
            .file
            .read_at(&mut byte, before)
            .map_err(LedgerError::io(&path))?;
        Ok(read == 1 && byte == *b"\n")
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The bytes that [`Step::Line`] found, without the newline.
    pub(super) fn line(&self) -> &[u8] {
        self.buffer.get(self.line.clone()).unwrap_or_default()
    }

    /// Goes past the line.
    pub(super) fn accept(&mut self) {
        let length = self.line.len() + 1;
        self.consumed = self.line.end + 1;
        self.line = self.consumed..self.consumed;
        self.place.offset += u64::try_from(length).unwrap_or(u64::MAX);
        self.place.index += 1;
    }

    /// Looks at what stands here, going over into the next segment where one follows.
    pub(super) fn step(&mut self) -> Result<Step, LedgerError> {
        let mut searched = 0;
        loop {
            let ahead = self.buffer.get(self.consumed..).unwrap_or_default();
            let rest = ahead.get(searched..).unwrap_or_default();
            match memchr2(b'\n', 0, rest) {
                Some(at) if rest.get(at) == Some(&b'\n') => {
                    self.line = self.consumed..self.consumed + searched + at;
                    return Ok(Step::Line);
                }
                Some(at) if searched + at > 0 => return Ok(self.stop(Step::Unfinished)),
                Some(_) => return self.end(),
                None => searched = ahead.len(),
            }
            if searched > MAX_RECORD {
                return Ok(self.stop(Step::Unfinished));
            }
            if self.fill()? == 0 {
                return if searched > 0 {
                    Ok(self.stop(Step::Unfinished))
                } else {
                    self.end()
                };
            }
        }
    }

    fn stop(&mut self, step: Step) -> Step {
        // The file may grow meanwhile; the next step looks at it anew.
        self.buffer.clear();
        self.consumed = 0;
        step
    }

    fn end(&mut self) -> Result<Step, LedgerError> {
        self.stop(Step::End);
        let next = self.place.index;
        if next == self.place.segment || !self.directory.has_segment(next) {
            return Ok(Step::End);
        }
        // A segment is cut to its length before the next one is made.
        let path = self.directory.path(&segment_name(self.place.segment));
        let length = self.file.metadata().map_err(LedgerError::io(&path))?.len();
        if length > self.place.offset {
            return self.trailing();
        }
        let name = segment_name(next);
        let Some(file) = self.directory.open_to_read(&name)? else {
            return Ok(Step::End);
        };
        self.file = file;
        self.place = Place {
            segment: next,
            offset: 0,
            index: next,
        };
        self.step()
    }

    fn trailing(&self) -> Result<Step, LedgerError> {
        Err(self.place.fault(Fault::TrailingBytes))
    }

    fn fill(&mut self) -> Result<usize, LedgerError> {
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        let held = self.buffer.len();
        let path = self.directory.path(&segment_name(self.place.segment));
        self.buffer.resize(held + CHUNK, 0);
        let offset = self.place.offset + u64::try_from(held).unwrap_or(u64::MAX);
        let fresh = self.buffer.get_mut(held..).unwrap_or_default();
        let read = self
            .file
            .read_at(fresh, offset)
            .map_err(LedgerError::io(&path));
        self.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
        read
    }

    /// How many bytes there are from here to the last that is not NUL.
    pub(super) fn bytes_left(&self) -> Result<u64, LedgerError> {
        let path = self.directory.path(&segment_name(self.place.segment));
        let mut chunk = vec![0; CHUNK];
        let mut offset = self.place.offset;
        let mut end = offset;
        loop {
            let read = self
                .file
                .read_at(&mut chunk, offset)
                .map_err(LedgerError::io(&path))?;
            let bytes = chunk.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(end - self.place.offset);
            }
            if let Some(last) = bytes.iter().rposition(|&byte| byte != 0) {
                end = offset + u64::try_from(last).unwrap_or(u64::MAX) + 1;
            }
            offset += u64::try_from(read).unwrap_or(u64::MAX);
        }
    }
}
