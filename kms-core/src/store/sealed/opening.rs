//! The taking in of many rows, page by page, on all cores.

use super::set::{Entry, RecordSet, SetDigest};
use super::{Found, Record, entry_of, unopened_name};
use crate::root::{Barrier, BarrierError, Place, RecordKind};
use crate::store::{Revision, StoreError, StoredRecord, parallel};

/// How rows are taken in.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) barrier: &'a Barrier,
    /// The root key generation that sealed the head.
    pub(super) generation: u32,
    /// The newest revision that a row may have.
    pub(super) newest: Revision,
    /// Whether the records that can wait are left sealed until they are needed.
    pub(super) defer: bool,
}

/// Rows as they are taken in.
pub(super) struct Opening<'a, R> {
    terms: Terms<'a>,
    read: Vec<R>,
    entries: Vec<(String, Entry)>,
    digest: SetDigest,
    count: usize,
    previous: Option<String>,
    faults: Faults,
}

/// What was taken in.
pub(super) struct Opened<R> {
    /// What was made of the records, in the order of their paths.
    pub(super) read: Vec<R>,
    /// The records.
    pub(super) set: RecordSet,
}

/// A row that was taken in.
struct Taken<R> {
    entry: Entry,
    element: [u8; 32],
    read: R,
}

impl<'a, R: Send> Opening<'a, R> {
    /// Of about `expected` rows.
    pub(super) fn new(terms: Terms<'a>, expected: usize) -> Self {
        Self {
            terms,
            read: Vec::with_capacity(expected),
            entries: Vec::with_capacity(expected),
            digest: SetDigest::default(),
            count: 0,
            previous: None,
            faults: Faults::default(),
        }
    }

    /// Takes in rows that come after those before, in order of path.
    pub(super) fn take(
        &mut self,
        rows: Vec<StoredRecord>,
        read: &(impl Fn(Found<'_>) -> R + Sync),
    ) {
        let terms = self.terms;
        let taken = parallel::map(rows, |row| {
            let taken = terms.take(&row, read);
            (row.path, taken)
        });
        for (path, taken) in taken {
            let previous = self.entries.last().map(|(path, _)| path);
            let previous = self.previous.as_ref().or(previous);
            let misplaced = previous.is_some_and(|previous| *previous >= path);
            self.count = self.count.saturating_add(1);
            match taken {
                Ok(taken) if !misplaced => {
                    self.digest.add(&taken.element);
                    self.read.push(taken.read);
                    self.entries.push((path, taken.entry));
                    self.previous = None;
                    continue;
                }
                Ok(_) => self.faults.add(&path, BarrierError::Altered),
                Err(error) => self.faults.add(&path, error),
            }
            self.previous = Some(path);
        }
    }

    /// How many rows there were.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What was taken in, or the names of the rows that do not open.
    pub(super) fn end(self) -> Result<Opened<R>, StoreError> {
        self.faults.into_result()?;
        let entries = self.entries.into_iter();
        let set = RecordSet::of(self.terms.generation, self.digest, entries);
        Ok(Opened {
            read: self.read,
            set,
        })
    }
}

impl Terms<'_> {
    fn take<R>(
        &self,
        row: &StoredRecord,
        read: &impl Fn(Found<'_>) -> R,
    ) -> Result<Taken<R>, BarrierError> {
        let kind = RecordKind::of_path(&row.path).filter(|_| row.revision <= self.newest);
        let kind = kind.ok_or(BarrierError::Altered)?;
        let entry = entry_of(row)?;
        let element = entry.element(self.barrier, self.generation, &row.path)?;
        let found = if self.defer && kind.can_wait() {
            Found::Deferred {
                kind,
                path: &row.path,
            }
        } else {
            Found::Opened(open(self.barrier, kind, row)?)
        };
        Ok(Taken {
            entry,
            element,
            read: read(found),
        })
    }
}

/// Opens one row as a record of `kind`.
pub(super) fn open(
    barrier: &Barrier,
    kind: RecordKind,
    row: &StoredRecord,
) -> Result<Record, BarrierError> {
    let place = Place {
        path: &row.path,
        revision: row.revision.0,
        kind,
    };
    Ok(Record {
        path: row.path.clone(),
        kind,
        revision: row.revision,
        body: barrier.open(place, &row.sealed)?,
    })
}

/// The records that do not open; the first few by name.
#[derive(Default)]
struct Faults {
    named: Vec<String>,
    unnamed: usize,
}

impl Faults {
    const NAMED: usize = 5;

    fn add(&mut self, path: &str, error: BarrierError) {
        if self.named.len() < Self::NAMED {
            self.named.push(unopened_name(path, &error));
        } else {
            self.unnamed = self.unnamed.saturating_add(1);
        }
    }

    fn into_result(mut self) -> Result<(), StoreError> {
        if self.named.is_empty() {
            return Ok(());
        }
        if self.unnamed > 0 {
            self.named.push(format!("{} more", self.unnamed));
        }
        Err(StoreError::corrupt(self.named.join(", ")))
    }
}
