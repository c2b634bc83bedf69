//! The embedded store: one SQLite file in WAL mode, safe for several processes at once.

mod connection;
mod error;
pub(super) mod signal;

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{Change, LentRecord, LentSeal, Revision, Store, StoreError, StoreId, StoredRecord};
use crate::root::Barrier;
use error::from_sqlite;
use signal::Signal;

/// How old a signal may be before the database itself is asked: a process that was killed between
/// its commit and its signal keeps others waiting for no longer.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Rows after a path, and rows from one on.
const AFTER: &str =
    "SELECT path, revision, sealed FROM record WHERE path > ?1 ORDER BY path LIMIT ?2";
const FROM: &str =
    "SELECT path, revision, sealed FROM record WHERE path >= ?1 ORDER BY path LIMIT ?2";
/// The same of the index, which has all that is asked for.
const SEALS_AFTER: &str = "SELECT path, revision, seal FROM record INDEXED BY record_seal \
                           WHERE path > ?1 ORDER BY path LIMIT ?2";
const SEALS_FROM: &str = "SELECT path, revision, seal FROM record INDEXED BY record_seal \
                          WHERE path >= ?1 ORDER BY path LIMIT ?2";

/// A store in one SQLite file.
///
/// Reading and writing have a connection each, so that a commit that waits for the disk holds up
/// no reader; the writing one is opened by the first commit.
pub struct SqliteStore {
    path: PathBuf,
    store_id: StoreId,
    reader: Mutex<Connection>,
    writer: Mutex<Option<Writer>>,
    signal: Signal,
    known: Mutex<Option<Known>>,
    /// Set by a commit that failed in a way that leaves open what the disk holds. What was written
    /// may be gone although a second sync succeeds, so no commit is tried again.
    stopped: AtomicBool,
}

/// A revision that was read from the database, and the signal that was read before it.
#[derive(Clone, Copy)]
struct Known {
    signal: Option<signal::Bytes>,
    revision: Revision,
    read: Instant,
}

struct Writer {
    connection: Connection,
    /// Rows were deleted, and the write-ahead log still holds them.
    residue: bool,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Creates the file, mode 0600, in a directory that is closed to others. The store is empty,
    /// at revision 0.
    ///
    /// # Errors
    /// [`StoreError::Exposed`]; [`StoreError::Io`] also when the file is there already.
    pub fn create(path: &Path, store_id: StoreId) -> Result<Self, StoreError> {
        connection::create(path, store_id)?;
        Self::open(path)
    }

    /// Opens the file, which must be there.
    ///
    /// # Errors
    /// [`StoreError::Format`], [`StoreError::Exposed`], [`StoreError::Corrupt`],
    /// [`StoreError::Io`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        connection::check_closed_to_others(path)?;
        let connection = connection::open(path)?;
        connection
            .pragma_update(None, "query_only", true)
            .map_err(from_sqlite)?;
        let store_id = connection::store_id(&connection)?;
        Ok(Self {
            path: path.to_owned(),
            store_id,
            reader: Mutex::new(connection),
            writer: Mutex::new(None),
            signal: Signal::open(path)?,
            known: Mutex::new(None),
            stopped: AtomicBool::new(false),
        })
    }

    /// Closes the file; the last one to close it leaves no write-ahead log behind.
    ///
    /// # Errors
    /// [`StoreError`] when the log cannot be moved into the database.
    pub fn close(self) -> Result<(), StoreError> {
        let reader = self
            .reader
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let writer = self
            .writer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let close =
            |connection: Connection| connection.close().map_err(|(_, error)| from_sqlite(error));
        close(reader)?;
        writer.map_or(Ok(()), |writer| close(writer.connection))
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn query(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        mut take: impl FnMut(&StoredRecord) -> bool,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(sql).map_err(from_sqlite)?;
        let mut rows = statement.query(parameters).map_err(from_sqlite)?;
        let mut records: Vec<StoredRecord> = Vec::new();
        loop {
            let record = match rows
                .next()
                .and_then(|row| row.map(stored_record).transpose())
            {
                Ok(Some(record)) => record,
                Ok(None) => return Ok(records),
                Err(error) => {
                    let last = records.last().map(|last| last.path.as_str());
                    return Err(error::after(error, last));
                }
            };
            if !take(&record) {
                return Ok(records);
            }
            records.push(record);
        }
    }

    /// Lends rows to `each`, with their paths, until it breaks off; gives the path of the last that it
    /// went on from.
    fn lend(
        &self,
        [from, following]: [&str; 2],
        after: Option<&str>,
        limit: usize,
        mut each: impl FnMut(&str, &Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<Option<String>, StoreError> {
        let sql = after.map_or(from, |_| following);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let reader = self.reader();
        let mut statement = reader.prepare_cached(sql).map_err(from_sqlite)?;
        let parameters = params![after.unwrap_or_default(), limit];
        let mut rows = statement.query(parameters).map_err(from_sqlite)?;
        let mut last: Option<String> = None;
        let mut next = || -> rusqlite::Result<bool> {
            let Some(row) = rows.next()? else {
                return Ok(false);
            };
            let path = row.get_ref(0)?.as_str()?;
            if each(path, row)?.is_break() {
                return Ok(false);
            }
            let last = last.get_or_insert_default();
            last.clear();
            last.push_str(path);
            Ok(true)
        };
        loop {
            match next() {
                Ok(true) => {}
                Ok(false) => return Ok(last),
                Err(error) => return Err(error::after(error, last.as_deref())),
            }
        }
    }

    /// Tells all others of a commit before it is acknowledged: by the signal, or by waiting until
    /// nobody trusts the one before any more.
    fn tell(&self, revision: Revision) {
        if self.signal.write(revision).is_err() {
            std::thread::sleep(ASK_AGAIN);
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn commit_in(&self, writer: &mut Writer, change: &Change) -> Result<Revision, StoreError> {
        let transaction = writer
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(from_sqlite)?;
        if read_revision(&transaction).map_err(from_sqlite)? != change.expected {
            return Err(StoreError::Conflict);
        }
        let revision = change.expected.next();
        let deleted = apply(&transaction, change, revision).map_err(from_sqlite)?;
        transaction.commit().map_err(from_sqlite)?;
        self.tell(revision);
        writer.residue |= deleted;
        Ok(revision)
    }
}

fn apply(connection: &Connection, change: &Change, revision: Revision) -> rusqlite::Result<bool> {
    let number = error::to_integer(revision)?;
    let mut put = connection.prepare_cached(
        "INSERT INTO record (path, revision, sealed, seal) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (path) DO UPDATE SET revision = ?2, sealed = ?3, seal = ?4",
    )?;
    for (path, sealed) in &change.puts {
        let seal = Barrier::seal_of(sealed);
        let seal: &[u8] = seal.as_ref().map_or(&[], |seal| seal);
        put.execute(params![path, number, sealed, seal])?;
    }
    let mut delete = connection.prepare_cached("DELETE FROM record WHERE path = ?1")?;
    let mut deleted = 0;
    for path in &change.deletes {
        deleted += delete.execute(params![path])?;
    }
    connection
        .prepare_cached("UPDATE head SET revision = ?1 WHERE id = 0")?
        .execute(params![number])?;
    Ok(deleted > 0)
}

/// Moves the write-ahead log into the database and cuts it to nothing. Where another process
/// reads just now, the next commit tries again.
fn erase_residue(writer: &mut Writer) {
    let busy = writer
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            row.get::<_, i64>(0)
        });
    writer.residue = !matches!(busy, Ok(0));
}

fn stored_record(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    Ok(StoredRecord {
        path: row.get(0)?,
        revision: error::to_revision(row, 1)?,
        sealed: row.get(2)?,
    })
}

fn read_revision(connection: &Connection) -> rusqlite::Result<Revision> {
    connection
        .prepare_cached("SELECT revision FROM head WHERE id = 0")?
        .query_row([], |row| error::to_revision(row, 0))
}

impl Store for SqliteStore {
    fn store_id(&self) -> StoreId {
        self.store_id
    }

    fn revision(&self) -> Result<Revision, StoreError> {
        // Read before the revision: a commit between the two makes the next call look again.
        let signal = self.signal.read();
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known
            && signal.is_some()
            && known.signal == signal
            && now.saturating_duration_since(known.read) < ASK_AGAIN
        {
            return Ok(known.revision);
        }
        let revision = read_revision(&self.reader()).map_err(from_sqlite)?;
        *known = Some(Known {
            signal,
            revision,
            read: now,
        });
        Ok(revision)
    }

    fn get(&self, path: &str) -> Result<Option<StoredRecord>, StoreError> {
        self.reader()
            .prepare_cached("SELECT path, revision, sealed FROM record WHERE path = ?1")
            .and_then(|mut statement| statement.query_row([path], stored_record).optional())
            .map_err(from_sqlite)
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let in_prefix = |record: &StoredRecord| record.path.starts_with(prefix);
        match after.filter(|after| *after >= prefix) {
            Some(after) => self.query(AFTER, params![after, limit], in_prefix),
            None => self.query(FROM, params![prefix, limit], in_prefix),
        }
    }

    fn visit(
        &self,
        after: Option<&str>,
        limit: usize,
        each: &mut dyn FnMut(LentRecord<'_>) -> ControlFlow<()>,
    ) -> Result<Option<String>, StoreError> {
        self.lend([FROM, AFTER], after, limit, |path, row| {
            Ok(each(LentRecord {
                path,
                revision: error::to_revision(row, 1)?,
                sealed: row.get_ref(2)?.as_blob()?,
            }))
        })
    }

    fn visit_seals(
        &self,
        after: Option<&str>,
        limit: usize,
        each: &mut dyn FnMut(LentSeal<'_>) -> ControlFlow<()>,
    ) -> Result<Option<String>, StoreError> {
        self.lend([SEALS_FROM, SEALS_AFTER], after, limit, |path, row| {
            Ok(each(LentSeal {
                path,
                revision: error::to_revision(row, 1)?,
                seal: row.get_ref(2)?.as_blob()?,
            }))
        })
    }

    fn written_since(&self, since: Revision) -> Result<Vec<StoredRecord>, StoreError> {
        self.query(
            "SELECT path, revision, sealed FROM record WHERE revision > ?1 ORDER BY path",
            params![error::to_integer(since).map_err(from_sqlite)?],
            |_| true,
        )
    }

    fn commit(&self, change: &Change) -> Result<Revision, StoreError> {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stopped.load(Ordering::Acquire) {
            return Err(StoreError::Stopped);
        }
        let writer = match &mut *slot {
            Some(writer) => writer,
            empty => {
                let connection = connection::open(&self.path)?;
                // Another file may lie at the path by now.
                if connection::store_id(&connection)? != self.store_id {
                    return Err(StoreError::corrupt("the database file was replaced"));
                }
                empty.insert(Writer {
                    connection,
                    residue: false,
                })
            }
        };
        let committed = self.commit_in(writer, change);
        if matches!(committed, Err(StoreError::Io(_))) {
            self.stopped.store(true, Ordering::Release);
        }
        if writer.residue {
            erase_residue(writer);
        }
        committed
    }
}
