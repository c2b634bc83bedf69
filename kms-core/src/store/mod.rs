//! The seam to durable storage: a revisioned, transactional, ordered map of sealed records.

use std::fmt;

use serde::{Deserialize, Serialize};

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

/// The identity of one store, drawn at random when it is created.
pub type StoreId = [u8; 16];

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

    /// Rows written after `since`, in order of path. Rows deleted since do not show here.
    fn written_since(&self, since: Revision) -> Result<Vec<StoredRecord>, StoreError>;

    /// Commits durably, or returns [`StoreError::Conflict`] and changes nothing.
    fn commit(&self, change: &Change) -> Result<Revision, StoreError>;
}

/// What a store can fail with.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another change was committed first.
    #[error("the store changed meanwhile")]
    Conflict,
}
