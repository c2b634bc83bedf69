//! What is wrong with a ledger, and where.

use std::io;
use std::path::{Path, PathBuf};

use super::note::InvalidVerifierKey;

/// What is wrong at a place of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The tree over the records is not the one that the checkpoint signs.
    #[error(
        "a record from here to the next checkpoint was edited, removed, added or moved: the tree does not match the checkpoint"
    )]
    RootMismatch,
    /// Records that a checkpoint covers are not there.
    #[error("records that a checkpoint covers are missing from here on")]
    RecordsMissing,
    /// Bytes that no checkpoint covers are not a record, and are more than a crash can tear.
    #[error("the bytes from here on are not a record")]
    NotARecord,
    /// A segment that another one follows does not end with its last record.
    #[error("bytes follow the last record of a closed segment")]
    TrailingBytes,
    /// A segment lies beyond the end of the records before it.
    #[error("the segment before this one is missing or cut short")]
    SegmentMissing,
    /// A file is not what its format says or the ledger's key did not sign it.
    #[error("not in the form that the format asks for, or not signed by the ledger's key")]
    Malformed,
    /// Checkpoints whose sizes go backwards, or two of one size with different roots.
    #[error("this checkpoint contradicts an earlier one")]
    Inconsistent,
    /// There is no checkpoint, or the newest is older than the frontier.
    #[error("checkpoints are missing")]
    CheckpointsMissing,
    /// The file names another key than the one expected.
    #[error("the ledger belongs to another key")]
    OtherKey,
}

/// A ledger that cannot be opened, read or verified.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The operating system refused.
    #[error("{} cannot be used", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The records are not those that were written.
    #[error("segment {segment}, record {record}, byte {offset}: {fault}")]
    Records {
        /// The segment's file name.
        segment: String,
        /// The record, counted from 0 over the whole ledger.
        record: u64,
        /// The record's first byte in the segment.
        offset: u64,
        /// What is wrong there.
        fault: Fault,
    },
    /// A file beside the segments is not what it should be.
    #[error("{file}, byte {offset}: {fault}")]
    File {
        /// The file's name.
        file: &'static str,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        fault: Fault,
    },
    /// The name or the key cannot sign checkpoints.
    #[error("the ledger's name or key cannot be used")]
    Key(#[from] InvalidVerifierKey),
    /// Signing failed.
    #[error("the checkpoint cannot be signed")]
    Signing(#[from] crate::crypto::Failed),
}

impl LedgerError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// Whether the disk or a quota is full, which passes.
    pub(super) fn is_full(&self) -> bool {
        matches!(
            self,
            Self::Io { source, .. }
                if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        )
    }
}
