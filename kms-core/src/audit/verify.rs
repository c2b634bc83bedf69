//! Checks a whole ledger with its public key alone, in one pass and constant memory.

use std::path::Path;

use super::MAX_BATCH;
use super::checkpoints::{self, Checkpoints};
use super::cursor::{Cursor, Place};
use super::directory::Directory;
use super::error::{Fault, LedgerError};
use super::frontier::{self, Frontier};
use super::journal::absorb;
use super::note::{Checkpoint, VerifierKey};
use super::open::{of_public_key, public_key, replay};
use super::tree::Tree;

/// What a ledger that verifies holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLedger {
    /// The key that signed the checkpoints. It proves something only to those who know it from
    /// elsewhere than the ledger's own directory.
    pub key: VerifierKey,
    /// How many records there are.
    pub records: u64,
    /// The newest checkpoint: its records are proven. Those after it are not yet covered by one.
    pub checkpoint: Checkpoint,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// Bytes after the last record: being written now, or torn by a crash and cut away when the
    /// ledger is opened next.
    pub unfinished_bytes: u64,
}

impl VerifiedLedger {
    /// How many records are not yet covered by a checkpoint.
    #[must_use]
    pub fn uncovered(&self) -> u64 {
        self.records.saturating_sub(self.checkpoint.size)
    }
}

/// Verifies every record, segment and checkpoint of the ledger in `directory`, which may be in use.
///
/// Without `expected`, the key in `ledger.pub` is believed, which proves that the ledger is
/// consistent but not whose it is.
///
/// # Errors
/// [`LedgerError`] names the first place that does not verify.
pub fn verify(
    directory: &Path,
    expected: Option<&VerifierKey>,
) -> Result<VerifiedLedger, LedgerError> {
    let directory = Directory::new(directory);
    let found = public_key(&directory)?;
    let key = match (expected, found) {
        (Some(expected), Some(found)) if *expected != found => {
            return Err(of_public_key(Fault::OtherKey));
        }
        (Some(key), _) => key.clone(),
        (None, Some(found)) => found,
        (None, None) => return Err(of_public_key(Fault::Malformed)),
    };
    // Read before the checkpoints, so that it is no newer than they are.
    let frontier = Frontier::load(&directory, &key)?;
    let mut checkpoints = Checkpoints::open(&directory, &key)?;
    let mut cursor = Cursor::open(&directory, Place::default())?
        .ok_or_else(|| Place::default().fault(Fault::SegmentMissing))?;
    let mut tree = Tree::default();
    let mut count = 0;
    while let Some((checkpoint, _)) = checkpoints.next()? {
        replay_past(&mut cursor, &mut tree, checkpoint, frontier.as_ref())?;
        count += 1;
    }
    let checkpoint = checkpoints
        .last()
        .ok_or_else(|| checkpoints::damaged(0, Fault::CheckpointsMissing))?;
    if frontier.is_some_and(|frontier| frontier.tree.size() > checkpoint.size) {
        return Err(checkpoints::damaged(0, Fault::CheckpointsMissing));
    }
    let unfinished_bytes = tail(&mut cursor, &mut tree, &directory)?;
    Ok(VerifiedLedger {
        key,
        records: tree.size(),
        checkpoint,
        checkpoints: count,
        unfinished_bytes,
    })
}

/// Replays up to a checkpoint; compares the frontier with what stands where it was taken.
fn replay_past(
    cursor: &mut Cursor,
    tree: &mut Tree,
    checkpoint: Checkpoint,
    frontier: Option<&Frontier>,
) -> Result<(), LedgerError> {
    replay(cursor, tree, checkpoint)?;
    let disagrees = frontier.is_some_and(|frontier| {
        frontier.tree.size() == checkpoint.size
            && (frontier.tree != *tree || !same_place(frontier.place, cursor.place()))
    });
    if disagrees {
        return Err(frontier::damaged(Fault::Inconsistent));
    }
    Ok(())
}

/// The end of a segment and the start of the one that follows are the same place.
fn same_place(frontier: Place, cursor: Place) -> bool {
    frontier == cursor || (frontier.offset == 0 && frontier.segment == cursor.index)
}

/// Reads the records after the newest checkpoint. Where a writer is at work, what is there can
/// change under the eyes, so the end is believed only when it looks the same twice.
fn tail(cursor: &mut Cursor, tree: &mut Tree, directory: &Directory) -> Result<u64, LedgerError> {
    loop {
        absorb(cursor, tree)?;
        let place = cursor.place();
        let left = cursor.bytes_left()?;
        let last = directory.segments()?.last().copied().unwrap_or_default();
        absorb(cursor, tree)?;
        if cursor.place() != place {
            continue;
        }
        if last > place.segment {
            let fault = if left == 0 {
                Fault::SegmentMissing
            } else {
                Fault::NotARecord
            };
            return Err(place.fault(fault));
        }
        if left > u64::try_from(MAX_BATCH).unwrap_or(u64::MAX) {
            return Err(place.fault(Fault::NotARecord));
        }
        return Ok(left);
    }
}
