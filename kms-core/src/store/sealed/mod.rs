//! The store as the service uses it: opened records, and a seal over which records there are.

mod head;
mod set;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Change, Revision, Store, StoreError, StoredRecord, parallel, shown};
use crate::crypto::constant_time_eq;
use crate::crypto::digest::sha256;
use crate::crypto::random::Random;
pub use crate::root::RecordKind;
use crate::root::{Barrier, BarrierError, Place};
use crate::secret::SecretBytes;
use head::DigestedHead;
pub use head::Head;
use set::{Entry, PlannedSet, RecordSet, SetChange};

/// How often a scan starts again because a commit came in between.
const SCAN_ATTEMPTS: usize = 16;

/// An opened record.
#[derive(Debug)]
pub struct Record {
    /// Its place.
    pub path: String,
    /// What it is about; the first segment of the path says the same.
    pub kind: RecordKind,
    /// The commit that wrote it.
    pub revision: Revision,
    /// What the service put.
    pub body: SecretBytes,
}

/// What others have committed since this process last looked.
#[derive(Debug)]
pub struct Delta {
    /// Records that are new or changed; with `full`, all records.
    pub put: Vec<Record>,
    /// Paths of records that are gone.
    pub deleted: Vec<String>,
    /// Whether `put` is everything there is.
    pub full: bool,
}

/// A [`Store`] behind a [`Barrier`], with the integrity of the set of its records.
#[derive(Debug)]
pub struct SealedStore {
    store: Arc<dyn Store>,
    barrier: Arc<Barrier>,
    random: Arc<dyn Random>,
    state: Mutex<State>,
    /// The revision of `state`, to be compared without its lock.
    seen: AtomicU64,
}

#[derive(Debug)]
struct State {
    head: Head,
    set: RecordSet,
}

impl SealedStore {
    /// Writes the head of an empty set of records as revision 1 of a store that never held
    /// anything.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a store that holds or held records; [`StoreError`].
    pub fn create(
        store: &dyn Store,
        barrier: &Barrier,
        random: &dyn Random,
    ) -> Result<Revision, StoreError> {
        let expected = Revision::default();
        let head = Head {
            revision: expected.next(),
            count: 0,
            ledger_size: 0,
        };
        let empty = RecordSet::empty(barrier.active_generation());
        let planned = empty
            .plan(barrier, barrier.active_generation(), SetChange::default())
            .map_err(StoreError::Seal)?;
        let sealed = seal_head(barrier, random, head, &planned)?;
        let puts = vec![(head::PATH.to_owned(), sealed)];
        store.commit(&Change {
            expected,
            puts,
            deletes: Vec::new(),
        })
    }

    /// Opens all records and checks that they are those of the newest commit.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the records that do not open, [`StoreError::OtherRecords`]
    /// when all open but some are missing, too many or old; [`StoreError`].
    pub fn open(
        store: Arc<dyn Store>,
        barrier: Arc<Barrier>,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Vec<Record>), StoreError> {
        let (state, records) = load(&*store, &barrier)?;
        let seen = AtomicU64::new(state.head.revision.0);
        Ok((
            Self {
                store,
                barrier,
                random,
                state: Mutex::new(state),
                seen,
            },
            records,
        ))
    }

    /// What the newest commit that this process knows left.
    #[must_use]
    pub fn head(&self) -> Head {
        self.state().head
    }

    /// Whether nobody committed anything that this process has not taken in; costs a microsecond.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_current(&self) -> Result<bool, StoreError> {
        Ok(self.store.revision()?.0 == self.seen.load(Ordering::Acquire))
    }

    /// Takes in what others committed; `None`, after a microsecond, when nobody did.
    ///
    /// Each change is told once: a caller that shares this between threads applies what it gets
    /// before another thread may ask.
    ///
    /// # Errors
    /// As [`SealedStore::open`]; what was known before is then still known.
    pub fn refresh(&self) -> Result<Option<Delta>, StoreError> {
        if self.is_current()? {
            return Ok(None);
        }
        let mut state = self.state();
        let current = self.store.revision()?;
        if current == state.head.revision {
            return Ok(None);
        }
        if current < state.head.revision {
            return Err(other_records(&state.head, current, &state.set));
        }
        let delta = match self.advance(&mut state)? {
            Some(delta) => delta,
            None => self.reload(&mut state)?,
        };
        self.seen.store(state.head.revision.0, Ordering::Release);
        Ok(Some(delta))
    }

    /// Seals and commits a change that was computed from revision `expected`, with a new head.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody committed first; [`StoreError::InvalidChange`] for
    /// a path twice or of another kind; [`StoreError`].
    pub fn commit(
        &self,
        expected: Revision,
        puts: Vec<(String, RecordKind, SecretBytes)>,
        deletes: Vec<String>,
        ledger_size: u64,
    ) -> Result<Revision, StoreError> {
        check_change(&puts, &deletes)?;
        let mut state = self.state();
        if state.head.revision != expected {
            return Err(StoreError::Conflict);
        }
        let revision = expected.next();
        let mut change = Change {
            expected,
            puts: Vec::new(),
            deletes: deletes.clone(),
        };
        let mut set_change = SetChange {
            puts: Vec::new(),
            deletes,
        };
        for (path, kind, body) in puts {
            let place = Place {
                path: &path,
                revision: revision.0,
                kind,
            };
            let sealed = self
                .barrier
                .seal(place, body.expose(), &*self.random)
                .map_err(StoreError::Seal)?;
            let entry = Entry {
                revision,
                sealed_digest: sha256(&sealed),
            };
            set_change.puts.push((path.clone(), entry));
            change.puts.push((path, sealed));
        }
        let planned = state
            .set
            .plan(&self.barrier, self.barrier.active_generation(), set_change)
            .map_err(StoreError::Seal)?;
        let count = count_of(planned.count);
        let head = Head {
            revision,
            count,
            ledger_size,
        };
        let sealed_head = seal_head(&self.barrier, &*self.random, head, &planned)?;
        change.puts.push((head::PATH.to_owned(), sealed_head));
        self.store.commit(&change)?;
        state.set.apply(planned);
        state.head = head;
        self.seen.store(revision.0, Ordering::Release);
        Ok(revision)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A change is applied in full or not at all, so a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies the rows written since; `None` when they alone do not lead to the new head.
    fn advance(&self, state: &mut State) -> Result<Option<Delta>, StoreError> {
        let rows = self.store.written_since(state.head.revision)?;
        let Some((head, generation, rows)) = take_head(&self.barrier, rows)? else {
            return Ok(None);
        };
        let opened = open_all(&self.barrier, rows, head.head.revision)?;
        let change = SetChange {
            puts: opened.entries,
            deletes: Vec::new(),
        };
        let planned = state
            .set
            .plan(&self.barrier, generation, change)
            .map_err(|error| unopened(head::PATH, error))?;
        if !fits(&head, &planned) {
            return Ok(None);
        }
        state.set.apply(planned);
        state.head = head.head;
        Ok(Some(Delta {
            put: opened.records,
            deleted: Vec::new(),
            full: false,
        }))
    }

    fn reload(&self, state: &mut State) -> Result<Delta, StoreError> {
        let (fresh, put) = load(&*self.store, &self.barrier)?;
        if fresh.head.revision < state.head.revision {
            return Err(other_records(&state.head, fresh.head.revision, &fresh.set));
        }
        let gone = state.set.paths().filter(|path| !fresh.set.contains(path));
        let deleted = gone.cloned().collect();
        *state = fresh;
        Ok(Delta {
            put,
            deleted,
            full: true,
        })
    }
}

struct Opened {
    records: Vec<Record>,
    entries: Vec<(String, Entry)>,
}

/// One verified snapshot of everything.
fn load(store: &dyn Store, barrier: &Barrier) -> Result<(State, Vec<Record>), StoreError> {
    for _ in 0..SCAN_ATTEMPTS {
        let before = store.revision()?;
        let rows = store.scan("", None, usize::MAX)?;
        let found_count = count_of(rows.len().saturating_sub(1));
        let Some((head, generation, rows)) = take_head(barrier, rows)? else {
            return Err(StoreError::corrupt("the head is missing"));
        };
        if head.head.revision > before {
            continue;
        }
        if head.head.revision < before {
            return Err(StoreError::OtherRecords {
                expected_count: head.head.count,
                expected_revision: before,
                found_count,
                found_revision: head.head.revision,
            });
        }
        return verify(barrier, &head, generation, rows);
    }
    Err(StoreError::Busy)
}

fn verify(
    barrier: &Barrier,
    head: &DigestedHead,
    generation: u32,
    rows: Vec<StoredRecord>,
) -> Result<(State, Vec<Record>), StoreError> {
    let opened = open_all(barrier, rows, head.head.revision)?;
    let mut set = RecordSet::empty(generation);
    let change = SetChange {
        puts: opened.entries,
        deletes: Vec::new(),
    };
    let planned = set
        .plan(barrier, generation, change)
        .map_err(|error| unopened(head::PATH, error))?;
    let fits = fits(head, &planned);
    set.apply(planned);
    if !fits {
        return Err(other_records(&head.head, set.newest(), &set));
    }
    Ok((
        State {
            head: head.head,
            set,
        },
        opened.records,
    ))
}

/// The opened head, the generation that sealed it, and the other rows.
type Headed = (DigestedHead, u32, Vec<StoredRecord>);

fn take_head(barrier: &Barrier, mut rows: Vec<StoredRecord>) -> Result<Option<Headed>, StoreError> {
    let Some(index) = rows.iter().position(|row| row.path == head::PATH) else {
        return Ok(None);
    };
    let row = rows.remove(index);
    let place = Place {
        path: &row.path,
        revision: row.revision.0,
        kind: RecordKind::Head,
    };
    let opened = Barrier::generation_of(&row.sealed)
        .and_then(|generation| Ok((generation, barrier.open(place, &row.sealed)?)));
    let (generation, body) = opened.map_err(|error| unopened(&row.path, error))?;
    let head = DigestedHead::parse(body.expose())
        .filter(|parsed| parsed.head.revision == row.revision)
        .ok_or_else(|| StoreError::corrupt(shown(&row.path)))?;
    Ok(Some((head, generation, rows)))
}

/// Opens every row, or names those that do not open.
fn open_all(
    barrier: &Barrier,
    rows: Vec<StoredRecord>,
    newest: Revision,
) -> Result<Opened, StoreError> {
    let mut opened = Opened {
        records: Vec::new(),
        entries: Vec::new(),
    };
    let mut faults = Faults::default();
    let mut previous: Option<String> = None;
    for (row, result) in parallel::map(rows, |row| open_row(barrier, row)) {
        let misplaced =
            row.entry.revision > newest || previous.as_ref().is_some_and(|p| *p >= row.path);
        match result {
            Ok(_) if misplaced => faults.add(&row.path, BarrierError::Altered),
            Ok((kind, body)) => opened.add(&row, kind, body),
            Err(error) => faults.add(&row.path, error),
        }
        previous = Some(row.path);
    }
    faults.into_result().map(|()| opened)
}

/// A row without its sealed bytes.
struct Row {
    path: String,
    entry: Entry,
}

type Body = Result<(RecordKind, SecretBytes), BarrierError>;

fn open_row(barrier: &Barrier, row: StoredRecord) -> (Row, Body) {
    let body = match RecordKind::of_path(&row.path) {
        None => Err(BarrierError::Altered),
        Some(kind) => {
            let place = Place {
                path: &row.path,
                revision: row.revision.0,
                kind,
            };
            barrier.open(place, &row.sealed).map(|body| (kind, body))
        }
    };
    let entry = Entry {
        revision: row.revision,
        sealed_digest: sha256(&row.sealed),
    };
    let path = row.path;
    (Row { path, entry }, body)
}

impl Opened {
    fn add(&mut self, row: &Row, kind: RecordKind, body: SecretBytes) {
        self.entries.push((row.path.clone(), row.entry));
        self.records.push(Record {
            path: row.path.clone(),
            kind,
            revision: row.entry.revision,
            body,
        });
    }
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
            self.named.push(format!("{} ({error})", shown(path)));
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

fn unopened(path: &str, error: BarrierError) -> StoreError {
    StoreError::corrupt(format!("{} ({error})", shown(path)))
}

fn other_records(expected: &Head, found_revision: Revision, found: &RecordSet) -> StoreError {
    StoreError::OtherRecords {
        expected_count: expected.count,
        expected_revision: expected.revision,
        found_count: count_of(found.len()),
        found_revision,
    }
}

fn fits(head: &DigestedHead, planned: &PlannedSet) -> bool {
    head.head.count == count_of(planned.count)
        && constant_time_eq(&head.digest, &planned.digest.to_bytes())
}

fn count_of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn seal_head(
    barrier: &Barrier,
    random: &dyn Random,
    head: Head,
    planned: &PlannedSet,
) -> Result<Vec<u8>, StoreError> {
    let digest = planned.digest.to_bytes();
    let place = Place {
        path: head::PATH,
        revision: head.revision.0,
        kind: RecordKind::Head,
    };
    barrier
        .seal(place, &DigestedHead { head, digest }.to_bytes(), random)
        .map_err(StoreError::Seal)
}

fn check_change(
    puts: &[(String, RecordKind, SecretBytes)],
    deletes: &[String],
) -> Result<(), StoreError> {
    let mut paths = HashSet::new();
    for (path, kind, _) in puts {
        if RecordKind::of_path(path) != Some(*kind) || *kind == RecordKind::Head {
            return Err(StoreError::InvalidChange(
                "a path that is not of the record's kind",
            ));
        }
        if !paths.insert(path) {
            return Err(StoreError::InvalidChange("a path is written twice"));
        }
    }
    for path in deletes {
        if path == head::PATH {
            return Err(StoreError::InvalidChange("the head cannot be deleted"));
        }
        if !paths.insert(path) {
            return Err(StoreError::InvalidChange(
                "a path is deleted twice, or written too",
            ));
        }
    }
    Ok(())
}
