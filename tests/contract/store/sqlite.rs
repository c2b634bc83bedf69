//! SQLite under the contract, and what only a file can get wrong.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::store::sqlite::SqliteStore;
use kms_core::store::{FormatError, Revision, Store, StoreError};
use rusqlite::Connection;

use crate::contract::{Fixture, change};
use crate::support::private_directory;

pub struct SqliteFixture {
    directory: tempfile::TempDir,
}

impl SqliteFixture {
    fn path(&self) -> PathBuf {
        self.directory.path().join("store.db")
    }

    fn open(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(&self.path())
    }

    /// Changes the file behind the store's back.
    fn execute(&self, sql: &str) {
        Connection::open(self.path())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }
}

impl Fixture for SqliteFixture {
    fn new() -> Self {
        let fixture = Self {
            directory: private_directory(),
        };
        SqliteStore::create(&fixture.path(), [7; 16]).unwrap();
        fixture
    }

    fn handle(&self) -> Arc<dyn Store> {
        Arc::new(self.open().unwrap())
    }
}

crate::store_contract!(SqliteFixture);

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn all_files_are_closed_to_others() {
    let fixture = SqliteFixture::new();
    let store = fixture.open().unwrap();
    store.commit(&change(0, &[("a", b"1")], &[])).unwrap();
    let files: Vec<PathBuf> = fs::read_dir(fixture.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(
        files.len(),
        4,
        "database, log, shared memory and signal: {files:?}"
    );
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_file_or_directory_that_others_can_reach_is_refused() {
    let fixture = SqliteFixture::new();
    let directory = fixture.directory.path();
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for mode in [0o750, 0o701, 0o702, 0o755] {
        set(directory, mode);
        assert!(
            matches!(fixture.open(), Err(StoreError::Exposed(_))),
            "{mode:o}"
        );
        let new = SqliteStore::create(&directory.join("new.db"), [1; 16]);
        assert!(matches!(new, Err(StoreError::Exposed(_))), "{mode:o}");
    }
    set(directory, 0o700);
    for mode in [0o640, 0o604, 0o660, 0o606] {
        set(&fixture.path(), mode);
        assert!(
            matches!(fixture.open(), Err(StoreError::Exposed(_))),
            "{mode:o}"
        );
    }
    set(&fixture.path(), 0o600);
    fixture.open().unwrap();
    let link = directory.join("link.db");
    symlink(fixture.path(), &link).unwrap();
    assert!(matches!(
        SqliteStore::open(&link),
        Err(StoreError::Exposed(_))
    ));
}

#[test]
fn creation_leaves_a_file_that_is_there_alone() {
    let fixture = SqliteFixture::new();
    fixture
        .open()
        .unwrap()
        .commit(&change(0, &[("a", b"1")], &[]))
        .unwrap();
    assert!(SqliteStore::create(&fixture.path(), [1; 16]).is_err());
    let store = fixture.open().unwrap();
    assert_eq!(
        (store.store_id(), store.revision().unwrap()),
        ([7; 16], Revision(1))
    );
}

#[test]
fn a_later_format_is_refused_with_both_versions() {
    let fixture = SqliteFixture::new();
    fixture.execute("PRAGMA user_version = 4");
    let refused = fixture.open().unwrap_err();
    assert!(matches!(
        refused,
        StoreError::Format(FormatError::Newer { found: 4, known: 3 })
    ));
}

#[test]
fn a_format_from_before_the_first_release_is_refused() {
    let fixture = SqliteFixture::new();
    fixture.execute("PRAGMA user_version = 2");
    let refused = fixture.open().unwrap_err();
    assert!(matches!(
        refused,
        StoreError::Format(FormatError::Older { found: 2, known: 3 })
    ));
}

#[test]
fn files_of_other_programs_are_refused_and_left_alone() {
    let directory = private_directory();
    let path = directory.path().join("store.db");
    let database = Connection::open(&path).unwrap();
    database.execute_batch("CREATE TABLE a (b)").unwrap();
    drop(database);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for content in [
        fs::read(&path).unwrap(),
        b"no database at all, but long".repeat(100),
    ] {
        fs::write(&path, &content).unwrap();
        let refused = SqliteStore::open(&path).unwrap_err();
        assert!(
            matches!(refused, StoreError::Format(FormatError::NotAStore)),
            "{refused:?}"
        );
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_schema_with_anything_else_in_it_is_refused() {
    let statements = [
        "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END",
        "CREATE TABLE other (a)",
        "CREATE VIEW v AS SELECT * FROM record",
        "DROP INDEX record_revision",
        "DROP INDEX record_seal",
        "ALTER TABLE record ADD COLUMN more TEXT",
    ];
    for sql in statements {
        let fixture = SqliteFixture::new();
        fixture.execute(sql);
        let refused = fixture.open().unwrap_err();
        assert!(
            matches!(refused, StoreError::Format(FormatError::Schema)),
            "{sql}: {refused:?}"
        );
    }
}

#[test]
fn deleted_bytes_are_in_no_file_any_more() {
    let fixture = SqliteFixture::new();
    let store = fixture.open().unwrap();
    let other = fixture.open().unwrap();
    let marker = b"bytes that must vanish ".repeat(400);
    store
        .commit(&change(0, &[("a", &marker), ("b", b"stays")], &[]))
        .unwrap();
    assert!(holds(&fixture, &marker[..64]));
    assert_eq!(other.revision().unwrap(), Revision(1));
    store.commit(&change(1, &[], &["a"])).unwrap();
    assert!(!holds(&fixture, &marker[..23]));
    assert!(holds(&fixture, b"stays"));
}

fn holds(fixture: &SqliteFixture, bytes: &[u8]) -> bool {
    fs::read_dir(fixture.directory.path())
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .any(|content| content.windows(bytes.len()).any(|window| window == bytes))
}

#[test]
fn a_store_that_another_program_holds_is_busy_and_unchanged() {
    let fixture = SqliteFixture::new();
    let store = fixture.open().unwrap();
    let other = Connection::open(fixture.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.commit(&change(0, &[("a", b"1")], &[]));
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    assert_eq!(store.revision().unwrap(), Revision(0));
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(&change(0, &[("a", b"1")], &[])).unwrap();
}

#[test]
fn a_commit_whose_signal_never_came_is_seen_a_moment_later() {
    let fixture = SqliteFixture::new();
    let store = fixture.open().unwrap();
    store.commit(&change(0, &[("a", b"1")], &[])).unwrap();
    assert_eq!(store.revision().unwrap(), Revision(1));
    let killed = Connection::open(fixture.path()).unwrap();
    killed
        .execute("UPDATE head SET revision = 2 WHERE id = 0", [])
        .unwrap();
    while store.revision().unwrap() != Revision(2) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn a_signal_that_is_not_a_revision_is_no_revision() {
    let fixture = SqliteFixture::new();
    let signal = fixture.directory.path().join("store.db-revision");
    for content in [&b""[..], b"123", &[0xff; 16], &[0xff; 4096]] {
        let store = fixture.open().unwrap();
        let before = store.revision().unwrap();
        fs::write(&signal, content).unwrap();
        assert_eq!(store.revision().unwrap(), before);
        store
            .commit(&change(before.0, &[("a", b"1")], &[]))
            .unwrap();
        assert_eq!(store.revision().unwrap(), before.next());
        assert_eq!(fixture.open().unwrap().revision().unwrap(), before.next());
    }
    fs::remove_file(&signal).unwrap();
    assert_eq!(fixture.open().unwrap().revision().unwrap(), Revision(4));
}

#[test]
fn a_store_that_was_put_back_signals_its_commits_anew() {
    let fixture = SqliteFixture::new();
    let store = fixture.open().unwrap();
    store.commit(&change(0, &[("a", b"1")], &[])).unwrap();
    store.close().unwrap();
    let old = fs::read(fixture.path()).unwrap();
    let store = fixture.open().unwrap();
    store.commit(&change(1, &[("a", b"2")], &[])).unwrap();
    store.close().unwrap();
    fs::write(fixture.path(), old).unwrap();
    let (one, two) = (fixture.open().unwrap(), fixture.open().unwrap());
    assert_eq!(one.revision().unwrap(), Revision(1));
    assert_eq!(two.revision().unwrap(), Revision(1));
    one.commit(&change(1, &[("a", b"3")], &[])).unwrap();
    assert_eq!(one.revision().unwrap(), Revision(2));
    assert_eq!(two.revision().unwrap(), Revision(2));
}

#[test]
fn a_signal_that_points_elsewhere_is_refused() {
    let fixture = SqliteFixture::new();
    drop(fixture.open().unwrap());
    let signal = fixture.directory.path().join("store.db-revision");
    let _ = fs::remove_file(&signal);
    let elsewhere = fixture.directory.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, &signal).unwrap();
    assert!(fixture.open().is_err());
    assert!(!elsewhere.exists());
}

/// Needs a file system of a few hundred KiB that is empty: `mount -t tmpfs -o size=400k tmpfs DIR`.
#[test]
#[ignore = "needs a small file system at KMS_SMALL_DISK"]
fn a_full_disk_changes_nothing_and_says_so() {
    let directory = PathBuf::from(std::env::var_os("KMS_SMALL_DISK").unwrap());
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    let path = directory.join("store.db");
    let store = SqliteStore::create(&path, [7; 16]).unwrap();
    let mut revision = 0;
    let refused = loop {
        let name = format!("key/{revision}");
        match store.commit(&change(revision, &[(&name, &[1; 5000])], &[])) {
            Ok(_) => revision += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full), "{refused:?}");
    for handle in [store, SqliteStore::open(&path).unwrap()] {
        assert_eq!(handle.revision().unwrap(), Revision(revision));
        let rows = handle.scan("", None, usize::MAX).unwrap();
        assert_eq!(rows.len(), usize::try_from(revision).unwrap());
        assert!(rows.iter().all(|row| row.sealed == [1; 5000]));
    }
}
