//! The seam to durable storage: a revisioned, transactional, ordered map of sealed records.
//!
//! Specified in `docs/spec/store.md`.

pub mod home;
pub(crate) mod parallel;
pub mod sealed;
pub mod sqlite;

use std::error::Error;
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::root::Barrier;

/// How many changes a store has committed; 0 is a store that never held anything.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision that the next commit makes.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub use crate::root::StoreId;

/// A row as the store holds it; the store never sees what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place: segments separated by `/`.
    pub path: String,
    /// The commit that wrote it.
    pub revision: Revision,
    /// `docs/spec/sealed-record.md`.
    pub sealed: Vec<u8>,
}

/// A [`StoredRecord`] that is lent while it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct LentRecord<'a> {
    /// Its place.
    pub path: &'a str,
    /// The commit that wrote it.
    pub revision: Revision,
    /// `docs/spec/sealed-record.md`.
    pub sealed: &'a [u8],
}

/// What a row is known by without its content, lent while it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct LentSeal<'a> {
    /// Its place.
    pub path: &'a str,
    /// The commit that wrote it.
    pub revision: Revision,
    /// A [`RecordSeal`](crate::root::RecordSeal); of a row that has none, of any other length.
    pub seal: &'a [u8],
}

/// One atomic change: all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The revision that the change was computed from; any other makes it a conflict.
    pub expected: Revision,
    /// Rows to write, with the sealed bytes; they get revision `expected.next()`.
    pub puts: Vec<(String, Vec<u8>)>,
    /// Paths to remove; a path that is not there is not an error.
    pub deletes: Vec<String>,
}

/// Durable storage of sealed records. Every implementation passes `tests/contract/store`.
pub trait Store: fmt::Debug + Send + Sync {
    /// The store's identity.
    fn store_id(&self) -> StoreId;

    /// The newest committed revision, whoever committed it; cheap enough for every request.
    ///
    /// # Errors
    /// [`StoreError`], as for every method.
    fn revision(&self) -> Result<Revision, StoreError>;

    /// The row at `path`.
    fn get(&self, path: &str) -> Result<Option<StoredRecord>, StoreError>;

    /// Rows whose path starts with `prefix`, in order of path, after `after`, at most `limit`.
    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, StoreError>;

    /// Lends rows in order of path, after `after`, at most `limit`, until `each` breaks off, and gives
    /// the path of the last that it went on from.
    ///
    /// What [`Store::scan`] gives, for a store that can spare the copies.
    fn visit(
        &self,
        after: Option<&str>,
        limit: usize,
        each: &mut dyn FnMut(LentRecord<'_>) -> ControlFlow<()>,
    ) -> Result<Option<String>, StoreError> {
        let mut last = None;
        for row in self.scan("", after, limit)? {
            let lent = LentRecord {
                path: &row.path,
                revision: row.revision,
                sealed: &row.sealed,
            };
            if each(lent).is_break() {
                break;
            }
            last = Some(row.path);
        }
        Ok(last)
    }

    /// As [`Store::visit`], without the contents, for a store that keeps the seals beside them: an
    /// order of magnitude fewer bytes to read. What it tells of a row that was altered by others
    /// than a commit may differ from the row.
    fn visit_seals(
        &self,
        after: Option<&str>,
        limit: usize,
        each: &mut dyn FnMut(LentSeal<'_>) -> ControlFlow<()>,
    ) -> Result<Option<String>, StoreError> {
        self.visit(after, limit, &mut |row| {
            let seal = Barrier::seal_of(row.sealed);
            each(LentSeal {
                path: row.path,
                revision: row.revision,
                seal: seal.as_ref().map_or(&[], |seal| seal),
            })
        })
    }

    /// Rows written after `since`, in order of path. Rows deleted since do not show here.
    fn written_since(&self, since: Revision) -> Result<Vec<StoredRecord>, StoreError>;

    /// Commits durably, or returns [`StoreError::Conflict`] and changes nothing.
    fn commit(&self, change: &Change) -> Result<Revision, StoreError>;
}

/// What a store can fail with. After any error of a commit but [`StoreError::Io`] and
/// [`StoreError::Stopped`], nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another change was committed first.
    #[error("the store changed meanwhile")]
    Conflict,
    /// What was read is not what was written.
    #[error("the store is damaged or was altered: {place}")]
    Corrupt {
        /// What is damaged: a record by its path, or the part of the file.
        place: String,
    },
    /// Each record opens, but they are not the records of the newest commit.
    #[error(
        "records were removed, added or rolled back: expected {expected_count} records at \
         revision {expected_revision}, found {found_count} at revision {found_revision}"
    )]
    OtherRecords {
        /// How many records the head tells.
        expected_count: u64,
        /// The revision that the head, or what was seen before, tells.
        expected_revision: Revision,
        /// How many records there are.
        found_count: u64,
        /// The newest revision that was found.
        found_revision: Revision,
    },
    /// The file is of another kind, or of a later format.
    #[error("{0}")]
    Format(FormatError),
    /// Others than this user could read or change the file or directory.
    #[error("{} must belong to this user and be closed to all others", .0.display())]
    Exposed(PathBuf),
    /// The disk is full; nothing changed.
    #[error("the disk that holds the store is full")]
    Full,
    /// Another process holds the store for longer than a commit takes; nothing changed.
    #[error("the store is busy")]
    Busy,
    /// A change that no program of this kind makes: a path of no known kind, a path twice.
    #[error("not a valid change: {0}")]
    InvalidChange(&'static str),
    /// A write failed before, so that what the disk holds is unknown until the store is reopened.
    #[error("the store takes no changes after a failed write until it is opened again")]
    Stopped,
    /// Sealing failed: no randomness.
    #[error("cannot seal the record")]
    Seal(#[source] crate::root::BarrierError),
    /// The system refused; whether a commit took place shows when the store is opened again.
    #[error("cannot read or write the store")]
    Io(#[source] Box<dyn Error + Send + Sync>),
}

/// Why a file cannot be used as a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Another program's database, or not a database.
    #[error("the file is not a store of kms")]
    NotAStore,
    /// A later program wrote it.
    #[error("the store has format version {found}; this program knows versions up to {known}")]
    Newer {
        /// What the file tells.
        found: i64,
        /// The newest known version.
        known: i64,
    },
    /// A program from before the first release wrote it.
    #[error(
        "the store has format version {found}, from before the first release, and is not read any \
         more; this program knows version {known}"
    )]
    Older {
        /// What the file tells.
        found: i64,
        /// The known version.
        known: i64,
    },
    /// The tables are not those of its version.
    #[error("the tables of the store are not those of its format version")]
    Schema,
}

impl StoreError {
    fn corrupt(place: impl Into<String>) -> Self {
        Self::Corrupt {
            place: place.into(),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(Box::new(error)),
        }
    }
}

/// A path as an error names it: bounded, and without characters that a terminal obeys.
fn shown(path: &str) -> String {
    const LONGEST: usize = 128;
    let mut text: String = path.escape_debug().take(LONGEST).collect();
    if path.escape_debug().nth(LONGEST).is_some() {
        text.push('…');
    }
    format!("record `{text}`")
}
