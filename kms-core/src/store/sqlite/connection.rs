//! How the database file is made, checked and opened.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, params};

use super::error::from_sqlite;
use crate::root::durable;
use crate::store::{FormatError, StoreError, StoreId};

/// `kms1`, in the header of the file.
const APPLICATION_ID: i64 = 0x6b6d_7331;
const FORMAT_VERSION: i64 = 3;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest row; more than the longest record takes.
const LONGEST_ROW: i32 = 16 << 20;

/// Name and text of everything in the schema, in order of name.
const SCHEMA: [(&str, &str); 5] = [
    (
        "head",
        "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL) STRICT",
    ),
    (
        "meta",
        "CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 0), store_id BLOB NOT NULL) STRICT",
    ),
    (
        "record",
        "CREATE TABLE record (path TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, \
         sealed BLOB NOT NULL, seal BLOB NOT NULL) STRICT, WITHOUT ROWID",
    ),
    (
        "record_revision",
        "CREATE INDEX record_revision ON record (revision)",
    ),
    (
        "record_seal",
        "CREATE INDEX record_seal ON record (path, revision, seal)",
    ),
];

pub(super) fn create(path: &Path, store_id: StoreId) -> Result<(), StoreError> {
    check_directory(path)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let connection = connect(path)?;
    lay_out(&connection, store_id).map_err(from_sqlite)?;
    connection
        .close()
        .map_err(|(_, error)| from_sqlite(error))?;
    Ok(durable::sync_parent(path)?)
}

fn lay_out(connection: &Connection, store_id: StoreId) -> rusqlite::Result<()> {
    keep_log(connection)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT_VERSION)?;
    for (_, sql) in SCHEMA {
        connection.execute(sql, [])?;
    }
    connection.execute(
        "INSERT INTO meta (id, store_id) VALUES (0, ?1)",
        params![store_id],
    )?;
    connection.execute("INSERT INTO head (id, revision) VALUES (0, 0)", [])?;
    connection.execute_batch("COMMIT")
}

/// Opens a file that is a store of a known format, and refuses any other before it is changed.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    let pragma = |name: &str| -> Result<i64, StoreError> {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(from_sqlite)
    };
    if pragma("application_id")? != APPLICATION_ID {
        return Err(StoreError::Format(FormatError::NotAStore));
    }
    let found = pragma("user_version")?;
    if found > FORMAT_VERSION {
        return Err(StoreError::Format(FormatError::Newer {
            found,
            known: FORMAT_VERSION,
        }));
    }
    if found < FORMAT_VERSION {
        return Err(StoreError::Format(FormatError::Older {
            found,
            known: FORMAT_VERSION,
        }));
    }
    check_schema(&connection)?;
    keep_log(&connection).map_err(from_sqlite)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(from_sqlite)?;
    configure(&connection).map_err(from_sqlite)?;
    Ok(connection)
}

/// Settings that live as long as the connection. The schema is data from outside until it is
/// checked: it must not be able to run anything.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_ROW)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;",
    )
}

fn keep_log(connection: &Connection) -> rusqlite::Result<()> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode == "wal" {
        Ok(())
    } else {
        Err(rusqlite::Error::InvalidQuery)
    }
}

fn check_schema(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
        .map_err(from_sqlite)?;
    let found: Vec<(Option<String>, Option<String>)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(from_sqlite)?;
    let expected = SCHEMA.map(|(name, sql)| (Some(name.to_owned()), Some(sql.to_owned())));
    if found == expected {
        Ok(())
    } else {
        Err(StoreError::Format(FormatError::Schema))
    }
}

pub(super) fn store_id(connection: &Connection) -> Result<StoreId, StoreError> {
    connection
        .query_row("SELECT store_id FROM meta WHERE id = 0", [], |row| {
            row.get(0)
        })
        .map_err(from_sqlite)
}

/// The file must be a plain file, and it and its directory ours alone.
pub(super) fn check_closed_to_others(path: &Path) -> Result<(), StoreError> {
    check_directory(path)?;
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_file() && is_ours_alone(&metadata) {
        return Ok(());
    }
    Err(StoreError::Exposed(path.to_owned()))
}

fn check_directory(path: &Path) -> Result<(), StoreError> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
    if is_ours_alone(&fs::metadata(directory)?) {
        return Ok(());
    }
    Err(StoreError::Exposed(directory.to_owned()))
}

fn is_ours_alone(metadata: &fs::Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o077 == 0
}
