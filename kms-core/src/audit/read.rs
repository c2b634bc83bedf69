//! Reads records in order, and follows as they are written.

use std::path::Path;

use super::cursor::{Cursor, Place, Step};
use super::directory::Directory;
use super::error::{Fault, LedgerError};

/// Records with their indices, in order. At the end of the ledger `next` returns `None`, and may
/// be called again later to follow what is appended. Nothing is verified.
#[derive(Debug)]
pub struct Records {
    cursor: Cursor,
    from: u64,
}

/// Reads the ledger in `directory` from the record `from` on.
///
/// # Errors
/// [`LedgerError`] when the segment that the record is in cannot be read.
pub fn read(directory: &Path, from: u64) -> Result<Records, LedgerError> {
    let directory = Directory::new(directory);
    let segments = directory.segments()?;
    let segment = segments
        .into_iter()
        .rev()
        .find(|&first| first <= from)
        .unwrap_or_default();
    let place = Place {
        segment,
        offset: 0,
        index: segment,
    };
    let cursor =
        Cursor::open(&directory, place)?.ok_or_else(|| place.fault(Fault::SegmentMissing))?;
    Ok(Records { cursor, from })
}

impl Records {
    fn advance(&mut self) -> Result<Option<(u64, Vec<u8>)>, LedgerError> {
        loop {
            match self.cursor.step()? {
                Step::Line => {
                    let index = self.cursor.place().index;
                    let line = (index >= self.from).then(|| (index, self.cursor.line().to_vec()));
                    self.cursor.accept();
                    if line.is_some() {
                        return Ok(line);
                    }
                }
                Step::End | Step::Unfinished => return Ok(None),
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<(u64, Vec<u8>), LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}
