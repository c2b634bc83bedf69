//! The file of signed checkpoints, appended to.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;

use super::directory::{CHECKPOINTS, Directory};
use super::error::{Fault, LedgerError};
use super::note::{Checkpoint, VerifierKey};

/// More than the longest checkpoint with its separator.
const MAX_NOTE: usize = 1024;
/// Lines of a checkpoint in the file, the empty one that separates it from the next included.
const LINES: usize = 6;
const SIGNATURE_LINE: &[u8] = "\n\u{2014} ".as_bytes();

pub(super) fn malformed(offset: u64) -> LedgerError {
    damaged(offset, Fault::Malformed)
}

pub(super) fn damaged(offset: u64, fault: Fault) -> LedgerError {
    LedgerError::File {
        file: CHECKPOINTS,
        offset,
        fault,
    }
}

/// The newest checkpoint, and where the next one goes: what follows is a checkpoint that a crash
/// tore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Newest {
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) end: u64,
}

/// Reads the newest checkpoint from the end of the file.
pub(super) fn newest(
    file: &File,
    directory: &Directory,
    key: &VerifierKey,
) -> Result<Newest, LedgerError> {
    let io = || LedgerError::io(&directory.path(CHECKPOINTS));
    let length = file.metadata().map_err(io())?.len();
    let window = u64::try_from(4 * MAX_NOTE).unwrap_or(u64::MAX);
    let start = length.saturating_sub(window);
    let mut bytes = vec![0; usize::try_from(length - start).unwrap_or_default()];
    file.read_exact_at(&mut bytes, start).map_err(io())?;
    let position = |at: usize| start + u64::try_from(at).unwrap_or_default();

    let Some((from, to)) = last_whole(&bytes, start == 0) else {
        return if start == 0 && length < window / 4 {
            Ok(Newest {
                checkpoint: None,
                end: 0,
            })
        } else {
            Err(malformed(start))
        };
    };
    if bytes.len() - to >= MAX_NOTE {
        return Err(malformed(position(to)));
    }
    let note = bytes.get(from..to).and_then(whole_note);
    let checkpoint = note.and_then(|note| Checkpoint::open(note, key));
    match checkpoint {
        Some(checkpoint) => Ok(Newest {
            checkpoint: Some(checkpoint),
            end: position(to),
        }),
        None => Err(malformed(position(from))),
    }
}

/// A note in the file without its separator.
fn whole_note(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()?.strip_suffix('\n')
}

fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .rposition(|window| window == needle)
}

/// Start and end of the last entry whose end is there and which no NUL byte shows as torn.
fn last_whole(bytes: &[u8], from_start: bool) -> Option<(usize, usize)> {
    let mut before = bytes.len();
    loop {
        let signature = rfind(bytes.get(..before)?, SIGNATURE_LINE)?;
        let end = entry_end(bytes, signature);
        // The entry begins where the one before it ends.
        let previous = rfind(bytes.get(..signature)?, SIGNATURE_LINE);
        let start = match previous {
            Some(previous) => entry_end(bytes, previous),
            None if from_start => Some(0),
            None => None,
        };
        if let (Some(start), Some(end)) = (start, end)
            && !bytes.get(start..end)?.contains(&0)
        {
            return Some((start, end));
        }
        before = signature;
    }
}

/// Past the two newlines that end the signature line which begins at `signature`.
fn entry_end(bytes: &[u8], signature: usize) -> Option<usize> {
    let line = signature + 1;
    let length = bytes.get(line..)?.iter().position(|&b| b == b'\n')?;
    let end = line + length + 2;
    (bytes.get(end - 1) == Some(&b'\n')).then_some(end)
}

/// Reads checkpoints in order, each verified, and checks that sizes never go back.
#[derive(Debug)]
pub(super) struct Checkpoints {
    directory: Directory,
    file: BufReader<File>,
    key: VerifierKey,
    offset: u64,
    last: Option<Checkpoint>,
}

impl Checkpoints {
    pub(super) fn open(directory: &Directory, key: &VerifierKey) -> Result<Self, LedgerError> {
        let file = directory
            .open_to_read(CHECKPOINTS)?
            .ok_or_else(|| damaged(0, Fault::CheckpointsMissing))?;
        Ok(Self {
            directory: directory.clone(),
            file: BufReader::new(file),
            key: key.clone(),
            offset: 0,
            last: None,
        })
    }

    /// The last checkpoint that was read.
    pub(super) fn last(&self) -> Option<Checkpoint> {
        self.last
    }

    /// The next checkpoint and where it stands; `None` at the end and at one that is not finished.
    pub(super) fn next(&mut self) -> Result<Option<(Checkpoint, u64)>, LedgerError> {
        let at = self.offset;
        let mut note = Vec::new();
        let limit = u64::try_from(MAX_NOTE).unwrap_or_default();
        let mut limited = self.file.by_ref().take(limit);
        for _ in 0..LINES {
            let read = limited
                .read_until(b'\n', &mut note)
                .map_err(LedgerError::io(&self.directory.path(CHECKPOINTS)))?;
            if note.contains(&0) || note.len() >= MAX_NOTE {
                return Err(malformed(at));
            }
            if read == 0 || note.last() != Some(&b'\n') {
                return Ok(None);
            }
        }
        let checkpoint = whole_note(&note)
            .and_then(|note| Checkpoint::open(note, &self.key))
            .ok_or_else(|| malformed(at))?;
        let contradicts = self.last.is_some_and(|last| {
            checkpoint.size < last.size
                || (checkpoint.size == last.size && checkpoint.root != last.root)
        });
        if contradicts {
            return Err(damaged(at, Fault::Inconsistent));
        }
        self.offset += u64::try_from(note.len()).unwrap_or_default();
        self.last = Some(checkpoint);
        Ok(Some((checkpoint, at)))
    }
}
