//! The store as the service uses it: opened records, and a seal over which records there are.

mod head;
mod opening;
mod set;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};

use super::{Change, Revision, Store, StoreError, StoredRecord, shown};
use crate::crypto::constant_time_eq;
use crate::crypto::random::Random;
pub use crate::root::RecordKind;
use crate::root::{Barrier, BarrierError, Place};
use crate::secret::SecretBytes;
use head::DigestedHead;
pub use head::Head;
use opening::{FoundRow, Opening, Terms};
use set::{Entry, RecordSet, SetChange, SetDigest};

/// How often a scan starts again because a commit came in between.
const SCAN_ATTEMPTS: usize = 16;

/// A store of so many records is opened whole. In a larger one the records that can wait
/// ([`RecordKind::can_wait`]) are left sealed until they are needed; that they are there, all of
/// them and no older ones, is checked all the same.
pub const OPENED_WHOLE: u64 = 16 * 1024;

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
pub struct Delta<R> {
    /// What was made of the records that are new or changed; with `full`, of all records.
    pub put: Vec<R>,
    /// Whether `put` is everything there is, and what was known and is not in it is gone.
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
    /// Whether the records that can wait were left sealed when all were read.
    deferred: bool,
}

/// What is known of one record, as of a revision.
struct Known {
    entry: Option<Entry>,
    revision: Revision,
}

impl State {
    fn known(&self, path: &str) -> Known {
        Known {
            entry: self.set.get(path),
            revision: self.head.revision,
        }
    }
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
        let sealed = seal_head(barrier, random, head, SetDigest::default())?;
        let puts = vec![(head::PATH.to_owned(), sealed)];
        store.commit(&Change {
            expected,
            puts,
            deletes: Vec::new(),
        })
    }

    /// Opens the records and checks that they are those of the newest commit. `read` gets each in
    /// turn, on any thread, and what it makes of them comes back in the order of their paths; it
    /// counts for nothing until all are checked.
    ///
    /// A store of more than [`OPENED_WHOLE`] records leaves those that can wait sealed; `read` does not
    /// get them, and [`SealedStore::for_each_deferred`] tells of them.
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

    /// The record at `path` as this process knows it; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody committed meanwhile: it is as it was, or not, after a
    /// [`SealedStore::refresh`]. [`StoreError::Corrupt`] when another row stands in its place, or
    /// none; [`StoreError`].
    pub fn read(&self, path: &str) -> Result<Option<Record>, StoreError> {
        loop {
            let known = self.state().known(path);
            let row = self.store.get(path)?;
            let found = row.as_ref().map(entry_of).transpose().ok();
            match (row, known.entry) {
                (None, None) => return Ok(None),
                (Some(row), Some(_)) if found == Some(known.entry) => {
                    let kind = RecordKind::of_path(path).ok_or_else(|| unread(path))?;
                    let record =
                        opening::open(&self.barrier, kind, path, row.revision, &row.sealed);
                    return record.map(Some).map_err(|error| unopened(path, error));
                }
                _ if self.head().revision != known.revision => {}
                _ if self.store.revision()? != known.revision => return Err(StoreError::Conflict),
                _ => return Err(unread(path)),
            }
        }
    }

    /// Gives the path of each record, in order, that was left sealed when the store was opened, or
    /// when a refresh read all records anew.
    pub fn for_each_deferred(&self, each: impl FnMut(&str)) {
        let state = self.state();
        let can_wait = |path: &&str| RecordKind::of_path(path).is_some_and(RecordKind::can_wait);
        let found = state.set.found().filter(|_| state.deferred);
        found.filter(can_wait).for_each(each);
    }

    /// Takes in what others committed; `None`, after a microsecond, when nobody did.
    ///
    /// Each change is told once: a caller that shares this between threads applies what it gets
    /// before another thread may ask.
    ///
    /// # Errors
    /// As [`SealedStore::open`]; what was known before is then still known.
    pub fn refresh<R: Send>(
        &self,
        read: impl Fn(Record) -> R + Sync,
    ) -> Result<Option<Delta<R>>, StoreError> {
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
        let delta = match self.advance(&mut state, &read)? {
            Some(delta) => delta,
            None => self.reload(&mut state, &read)?,
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
                seal: Barrier::seal_of(&sealed).map_err(StoreError::Seal)?,
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
        let sealed_head = seal_head(&self.barrier, &*self.random, head, planned.digest)?;
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
    fn advance<R: Send>(
        &self,
        state: &mut State,
        read: &(impl Fn(Record) -> R + Sync),
    ) -> Result<Option<Delta<R>>, StoreError> {
        let rows = self.store.written_since(state.head.revision)?;
        let Some((head, generation, rows)) = take_head(&self.barrier, rows)? else {
            return Ok(None);
        };
        let terms = Terms {
            barrier: &self.barrier,
            generation,
            newest: head.head.revision,
            defer: false,
        };
        let mut opening = Opening::new(terms, rows.len());
        opening.take(rows.into_iter().map(FoundRow::from).collect(), read);
        let opened = opening.end()?;
        let change = SetChange {
            puts: opened.entries,
            deletes: Vec::new(),
        };
        let planned = state
            .set
            .plan(&self.barrier, generation, change)
            .map_err(|error| unopened(head::PATH, error))?;
        if !fits(&head, planned.count, planned.digest) {
            return Ok(None);
        }
        state.set.apply(planned);
        state.head = head.head;
        Ok(Some(Delta {
            put: opened.read,
            full: false,
        }))
    }

    fn reload<R: Send>(
        &self,
        state: &mut State,
        read: &(impl Fn(Record) -> R + Sync),
    ) -> Result<Delta<R>, StoreError> {
        let (fresh, put) = load(&*self.store, &self.barrier, read)?;
        if fresh.head.revision < state.head.revision {
            return Err(other_records(&state.head, fresh.head.revision, &fresh.set));
        }
        *state = fresh;
        Ok(Delta { put, full: true })
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
        let terms = Terms {
            barrier,
            generation,
            newest,
            defer: head.head.count > OPENED_WHOLE,
        };
        // What a head that was sealed here says of its store is believed as a size, and no more.
        let expected = usize::try_from(head.head.count).unwrap_or_default();
        let mut opening = Opening::new(terms, expected);
        for_each_page(store, terms, |rows| opening.take(rows, read))?;
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
        let opened = opening.end()?;
        let set = RecordSet::of(generation, opened.digest, opened.entries);
        if !fits(&head, set.len(), set.digest()) {
            return Err(other_records(&head.head, set.newest(), &set));
        }
        let state = State {
            head: head.head,
            set,
            deferred: terms.defer,
        };
        return Ok((state, opened.read));
    }
    Err(StoreError::Busy)
}

/// All rows but the head in order of path, some at a time; the next are read while `take` works on those before.
fn for_each_page(
    store: &dyn Store,
    terms: Terms<'_>,
    mut take: impl FnMut(Vec<FoundRow>),
) -> Result<(), StoreError> {
    let (sender, pages) = sync_channel(1);
    thread::scope(|scope| {
        let scan = move || {
            let mut after: Option<String> = None;
            loop {
                let mut rows = Vec::with_capacity(PAGE);
                let last = next_page(store, terms, after.as_deref(), &mut rows)?;
                if last.is_none() || sender.send(rows).is_err() {
                    return Ok(());
                }
                after = last;
            }
        };
        let scanned = Builder::new().spawn_scoped(scope, scan)?;
        for rows in pages {
            take(rows);
        }
        let stopped = || StoreError::corrupt("the reading of the store was cut short");
        scanned.join().unwrap_or_else(|_| Err(stopped()))
    })
}

/// The next rows after `after`: of those that wait the seals, of the others all. Gives the path of the last
/// that was looked at; `None` after the last of all.
fn next_page(
    store: &dyn Store,
    terms: Terms<'_>,
    after: Option<&str>,
    rows: &mut Vec<FoundRow>,
) -> Result<Option<String>, StoreError> {
    let opened = store.visit(after, PAGE, &mut |row| {
        if terms.waits(row.path) {
            return ControlFlow::Break(());
        }
        if row.path != head::PATH {
            rows.push(FoundRow::of_record(row));
        }
        ControlFlow::Continue(())
    })?;
    if opened.is_some() || !terms.defer {
        return Ok(opened);
    }
    store.visit_seals(after, PAGE, &mut |row| {
        if !terms.waits(row.path) {
            return ControlFlow::Break(());
        }
        rows.push(FoundRow::of_seal(row));
        ControlFlow::Continue(())
    })
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

fn entry_of(row: &StoredRecord) -> Result<Entry, BarrierError> {
    Ok(Entry {
        revision: row.revision,
        seal: Barrier::seal_of(&row.sealed)?,
    })
}

fn unread(path: &str) -> StoreError {
    StoreError::corrupt(shown(path))
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

fn fits(head: &DigestedHead, count: usize, digest: SetDigest) -> bool {
    head.head.count == count_of(count) && constant_time_eq(&head.digest, &digest.to_bytes())
}

fn count_of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn seal_head(
    barrier: &Barrier,
    random: &dyn Random,
    head: Head,
    digest: SetDigest,
) -> Result<Vec<u8>, StoreError> {
    let digest = digest.to_bytes();
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
