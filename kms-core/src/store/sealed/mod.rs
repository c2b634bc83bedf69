//! The store as the service uses it: opened records, and a seal over which records there are.

mod head;
mod opening;
mod set;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Change, Revision, Store, StoreError, StoredRecord, shown};
use crate::crypto::constant_time_eq;
use crate::crypto::digest::sha256;
use crate::crypto::random::Random;
pub use crate::root::RecordKind;
use crate::root::{Barrier, BarrierError, Place};
use crate::secret::SecretBytes;
use head::DigestedHead;
pub use head::Head;
use opening::{Opened, Opening};
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

    /// Opens all records and checks that they are those of the newest commit. `read` gets each in
    /// turn, on any thread, and what it makes of them comes back in the order of their paths; it
    /// counts for nothing until all are checked.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the records that do not open, [`StoreError::OtherRecords`]
    /// when all open but some are missing, too many or old; [`StoreError`].
    pub fn open<R: Send>(
        store: Arc<dyn Store>,
        barrier: Arc<Barrier>,
        random: Arc<dyn Random>,
        read: impl Fn(Record) -> R + Sync,
    ) -> Result<(Self, Vec<R>), StoreError> {
        let (state, records) = load(&*store, &barrier, &read)?;
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
        let mut opening = Opening::new(&self.barrier, head.head.revision);
        opening.take(rows, &|record| record);
        let opened = opening.end()?;
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
            put: opened.read,
            deleted: Vec::new(),
            full: false,
        }))
    }

    fn reload(&self, state: &mut State) -> Result<Delta, StoreError> {
        let (fresh, put) = load(&*self.store, &self.barrier, &|record| record)?;
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

/// Rows that are in memory at a time while a store is opened.
const PAGE: usize = 16 * 1024;

/// One verified snapshot of everything.
fn load<R: Send>(
    store: &dyn Store,
    barrier: &Barrier,
    read: &(impl Fn(Record) -> R + Sync),
) -> Result<(State, Vec<R>), StoreError> {
    for _ in 0..SCAN_ATTEMPTS {
        let newest = store.revision()?;
        let head_row = head_row(store)?;
        let (head, generation) = open_head(barrier, &head_row)?;
        if head.head.revision > newest {
            continue;
        }
        let mut opening = Opening::new(barrier, newest);
        let mut after: Option<String> = None;
        loop {
            let mut rows = store.scan("", after.as_deref(), PAGE)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.path.clone());
            drop(take_head_row(&mut rows));
            opening.take(rows, read);
        }
        // Each commit writes a head, so that the same one before and after says that the pages are
        // of one revision.
        if self::head_row(store)?.sealed != head_row.sealed {
            continue;
        }
        if head.head.revision < newest {
            return Err(StoreError::OtherRecords {
                expected_count: head.head.count,
                expected_revision: newest,
                found_count: count_of(opening.count()),
                found_revision: head.head.revision,
            });
        }
        return verify(barrier, &head, generation, opening.end()?);
    }
    Err(StoreError::Busy)
}

fn verify<R>(
    barrier: &Barrier,
    head: &DigestedHead,
    generation: u32,
    opened: Opened<R>,
) -> Result<(State, Vec<R>), StoreError> {
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
    let head = head.head;
    Ok((State { head, set }, opened.read))
}

/// The opened head, the generation that sealed it, and the other rows.
type Headed = (DigestedHead, u32, Vec<StoredRecord>);

fn take_head(barrier: &Barrier, mut rows: Vec<StoredRecord>) -> Result<Option<Headed>, StoreError> {
    let Some(row) = take_head_row(&mut rows) else {
        return Ok(None);
    };
    let (head, generation) = open_head(barrier, &row)?;
    Ok(Some((head, generation, rows)))
}

fn head_row(store: &dyn Store) -> Result<StoredRecord, StoreError> {
    let row = store.get(head::PATH)?;
    row.ok_or_else(|| StoreError::corrupt("the head is missing"))
}

fn take_head_row(rows: &mut Vec<StoredRecord>) -> Option<StoredRecord> {
    let index = rows.iter().position(|row| row.path == head::PATH)?;
    Some(rows.remove(index))
}

fn open_head(barrier: &Barrier, row: &StoredRecord) -> Result<(DigestedHead, u32), StoreError> {
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
    Ok((head, generation))
}

fn unopened(path: &str, error: BarrierError) -> StoreError {
    StoreError::corrupt(unopened_name(path, &error))
}

fn unopened_name(path: &str, error: &BarrierError) -> String {
    format!("{} ({error})", shown(path))
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
