//! The opening of many rows, page by page, on all cores.

use super::set::Entry;
use super::{Record, unopened_name};
use crate::crypto::digest::sha256;
use crate::root::{Barrier, BarrierError, Place, RecordKind};
use crate::store::{Revision, StoreError, StoredRecord, parallel};

/// Rows as they are opened.
pub(super) struct Opening<'a, R> {
    barrier: &'a Barrier,
    newest: Revision,
    opened: Opened<R>,
    count: usize,
    previous: Option<String>,
    faults: Faults,
}

/// What was opened.
pub(super) struct Opened<R> {
    /// What was made of the records, in the order of their paths.
    pub(super) read: Vec<R>,
    /// What the set keeps of them.
    pub(super) entries: Vec<(String, Entry)>,
}

impl<'a, R: Send> Opening<'a, R> {
    /// Of rows none of which is newer than `newest`.
    pub(super) fn new(barrier: &'a Barrier, newest: Revision) -> Self {
        Self {
            barrier,
            newest,
            opened: Opened {
                read: Vec::new(),
                entries: Vec::new(),
            },
            count: 0,
            previous: None,
            faults: Faults::default(),
        }
    }

    /// Opens rows that come after those before, in order of path.
    pub(super) fn take(&mut self, rows: Vec<StoredRecord>, read: &(impl Fn(Record) -> R + Sync)) {
        let (barrier, newest) = (self.barrier, self.newest);
        let opened = parallel::map(rows, |row| open(barrier, newest, row, read));
        for (path, result) in opened {
            let misplaced = self.previous.as_ref().is_some_and(|p| *p >= path);
            match result {
                Ok(_) if misplaced => self.faults.add(&path, BarrierError::Altered),
                Ok((entry, read)) => {
                    self.opened.entries.push((path.clone(), entry));
                    self.opened.read.push(read);
                }
                Err(error) => self.faults.add(&path, error),
            }
            self.previous = Some(path);
            self.count = self.count.saturating_add(1);
        }
    }

    /// How many rows there were.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What was opened, or the names of the rows that do not open.
    pub(super) fn end(self) -> Result<Opened<R>, StoreError> {
        self.faults.into_result().map(|()| self.opened)
    }
}

fn open<R>(
    barrier: &Barrier,
    newest: Revision,
    row: StoredRecord,
    read: &impl Fn(Record) -> R,
) -> (String, Result<(Entry, R), BarrierError>) {
    let kind = RecordKind::of_path(&row.path).filter(|_| row.revision <= newest);
    let opened = kind.ok_or(BarrierError::Altered).and_then(|kind| {
        let place = Place {
            path: &row.path,
            revision: row.revision.0,
            kind,
        };
        let body = barrier.open(place, &row.sealed)?;
        let entry = Entry {
            revision: row.revision,
            sealed_digest: sha256(&row.sealed),
        };
        let record = Record {
            path: row.path.clone(),
            kind,
            revision: row.revision,
            body,
        };
        Ok((entry, read(record)))
    });
    (row.path, opened)
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
