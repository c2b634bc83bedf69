//! The taking in of many rows, page by page, on all cores.

use super::set::{Entry, SetDigest};
use super::{Record, unopened_name};
use crate::root::{Barrier, BarrierError, Place, RecordKind, RecordSeal};
use crate::store::{LentRecord, LentSeal, Revision, StoreError, StoredRecord, parallel};

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

/// A row on its way to be taken in.
pub(super) struct FoundRow {
    path: String,
    revision: Revision,
    content: Content,
}

/// What of a row is needed.
enum Content {
    /// All of it, to be opened.
    Sealed(Vec<u8>),
    /// What the set keeps of it: the row can wait.
    Seal(RecordSeal),
}

impl FoundRow {
    /// To be opened.
    pub(super) fn of_record(row: LentRecord<'_>) -> Self {
        Self {
            path: row.path.to_owned(),
            revision: row.revision,
            content: Content::Sealed(row.sealed.to_vec()),
        }
    }

    /// That waits. One that has no seal is told of, by its path, when it is taken in.
    pub(super) fn of_seal(row: LentSeal<'_>) -> Self {
        let seal = row.seal.try_into().map(Content::Seal);
        Self {
            path: row.path.to_owned(),
            revision: row.revision,
            content: seal.unwrap_or_else(|_| Content::Sealed(Vec::new())),
        }
    }
}

impl From<StoredRecord> for FoundRow {
    fn from(row: StoredRecord) -> Self {
        Self {
            path: row.path,
            revision: row.revision,
            content: Content::Sealed(row.sealed),
        }
    }
}

/// Rows as they are taken in.
pub(super) struct Opening<'a, R> {
    terms: Terms<'a>,
    taken: Opened<R>,
    count: usize,
    last: Option<String>,
    faults: Faults,
}

/// What was taken in.
pub(super) struct Opened<R> {
    /// What was made of the records, in the order of their paths.
    pub(super) read: Vec<R>,
    /// The records, in the order of their paths.
    pub(super) entries: Vec<(String, Entry)>,
    /// What they add up to.
    pub(super) digest: SetDigest,
}

impl<R> Opened<R> {
    fn with_capacity(count: usize) -> Self {
        Self {
            read: Vec::new(),
            entries: Vec::with_capacity(count),
            digest: SetDigest::default(),
        }
    }
}

/// Some rows that were taken in together.
struct Chunk<R> {
    taken: Opened<R>,
    count: usize,
    first: Option<String>,
    last: Option<String>,
    faults: Vec<(String, BarrierError)>,
}

impl<'a, R: Send> Opening<'a, R> {
    /// Of about `expected` rows.
    pub(super) fn new(terms: Terms<'a>, expected: usize) -> Self {
        Self {
            terms,
            taken: Opened::with_capacity(expected),
            count: 0,
            last: None,
            faults: Faults::default(),
        }
    }

    /// Takes in rows that come after those before, in order of path.
    pub(super) fn take(&mut self, rows: Vec<FoundRow>, read: &(impl Fn(Record) -> R + Sync)) {
        let terms = self.terms;
        for chunk in parallel::map_chunks(rows, |rows| terms.take_all(rows, read)) {
            self.count = self.count.saturating_add(chunk.count);
            if let Some(first) = chunk
                .first
                .filter(|first| self.last.as_ref() >= Some(first))
            {
                self.faults.add(&first, BarrierError::Altered);
            }
            self.last = chunk.last.or(self.last.take());
            for (path, error) in chunk.faults {
                self.faults.add(&path, error);
            }
            let Opened {
                mut read,
                mut entries,
                digest,
            } = chunk.taken;
            self.taken.read.append(&mut read);
            self.taken.entries.append(&mut entries);
            self.taken.digest.join(digest);
        }
    }

    /// How many rows there were.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What was taken in, or the names of the rows that do not open.
    pub(super) fn end(self) -> Result<Opened<R>, StoreError> {
        self.faults.into_result().map(|()| self.taken)
    }
}

impl Terms<'_> {
    fn take_all<R>(&self, rows: Vec<FoundRow>, read: &impl Fn(Record) -> R) -> Chunk<R> {
        let mut taken = Opened::with_capacity(rows.len());
        let (count, mut faults) = (rows.len(), Vec::new());
        let first = rows.first().map(|row| row.path.clone());
        let last = rows.last().map(|row| row.path.clone());
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let in_order = rows.peek().is_none_or(|next| row.path < next.path);
            match self.take(&row, read) {
                Ok((entry, element, read)) if in_order => {
                    taken.digest.add(&element);
                    taken.read.extend(read);
                    taken.entries.push((row.path, entry));
                }
                Ok(_) => faults.push((row.path, BarrierError::Altered)),
                Err(error) => faults.push((row.path, error)),
            }
        }
        Chunk {
            taken,
            count,
            first,
            last,
            faults,
        }
    }

    /// Whether the record at `path` is left sealed until it is needed.
    pub(super) fn waits(&self, path: &str) -> bool {
        self.defer && RecordKind::of_path(path).is_some_and(RecordKind::can_wait)
    }

    /// What is kept of a row, what it adds to the digest, and what `read` makes of it unless it waits.
    fn take<R>(
        &self,
        row: &FoundRow,
        read: &impl Fn(Record) -> R,
    ) -> Result<(Entry, [u8; 32], Option<R>), BarrierError> {
        let (path, revision) = (row.path.as_str(), row.revision);
        let kind = RecordKind::of_path(path).filter(|_| revision <= self.newest);
        let kind = kind.ok_or(BarrierError::Altered)?;
        let (seal, record) = match &row.content {
            Content::Seal(seal) => (*seal, None),
            Content::Sealed(sealed) => {
                let record = open(self.barrier, kind, path, revision, sealed)?;
                (Barrier::seal_of(sealed)?, Some(record))
            }
        };
        let entry = Entry { revision, seal };
        let element = entry.element(self.barrier, self.generation, path)?;
        Ok((entry, element, record.map(read)))
    }
}

/// Opens one row as a record of `kind`.
pub(super) fn open(
    barrier: &Barrier,
    kind: RecordKind,
    path: &str,
    revision: Revision,
    sealed: &[u8],
) -> Result<Record, BarrierError> {
    let place = Place {
        path,
        revision: revision.0,
        kind,
    };
    Ok(Record {
        path: path.to_owned(),
        kind,
        revision,
        body: barrier.open(place, sealed)?,
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
