//! What the tests of this contract share.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::crypto::random::SystemRandom;
use kms_core::root::{Barrier, RecordKind, RootKeyRing};
use kms_core::secret::SecretBytes;
use kms_core::store::sealed::{Delta, Record, SealedStore};
use kms_core::store::sqlite::SqliteStore;
use kms_core::store::{Revision, StoreError};

pub fn private_directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    directory
}

/// A record as a test compares it.
pub type Row = (String, RecordKind, u64, Vec<u8>);

pub fn rows(records: &[Record]) -> Vec<Row> {
    let row = |record: &Record| {
        let body = record.body.expose().to_vec();
        (record.path.clone(), record.kind, record.revision.0, body)
    };
    records.iter().map(row).collect()
}

/// A sealed store in a directory of its own.
pub struct Sealed {
    pub directory: tempfile::TempDir,
    pub ring: RootKeyRing,
    pub barrier: Arc<Barrier>,
}

impl Sealed {
    pub fn new() -> Self {
        let directory = private_directory();
        let ring = RootKeyRing::generate([7; 16], &SystemRandom).unwrap();
        let barrier = Arc::new(Barrier::new(&ring).unwrap());
        let sealed = Self {
            directory,
            ring,
            barrier,
        };
        let store = SqliteStore::create(&sealed.path(), [7; 16]).unwrap();
        SealedStore::create(&store, &sealed.barrier, &SystemRandom).unwrap();
        sealed
    }

    /// With `count` keys, every fourth of them written anew, and one alias.
    pub fn with_keys(count: usize) -> Self {
        let sealed = Self::new();
        let (store, _) = sealed.open().unwrap();
        let mut puts: Vec<_> = (0..count).map(|number| key(number, "first")).collect();
        puts.push(("alias/a".to_owned(), RecordKind::Alias, b"{}".to_vec()));
        commit(&store, Revision(1), puts, Vec::new(), 1).unwrap();
        let puts = (0..count)
            .step_by(4)
            .map(|number| key(number, "second"))
            .collect();
        commit(&store, Revision(2), puts, Vec::new(), 2).unwrap();
        sealed
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("store.db")
    }

    pub fn open(&self) -> Result<(SealedStore, Vec<Record>), StoreError> {
        self.open_with(Arc::clone(&self.barrier))
    }

    pub fn open_with(
        &self,
        barrier: Arc<Barrier>,
    ) -> Result<(SealedStore, Vec<Record>), StoreError> {
        open_file(&self.path(), barrier)
    }

    /// Changes the file behind the store's back.
    pub fn execute(&self, sql: &str) {
        rusqlite::Connection::open(self.path())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }
}

pub fn open_file(
    path: &Path,
    barrier: Arc<Barrier>,
) -> Result<(SealedStore, Vec<Record>), StoreError> {
    let store = Arc::new(SqliteStore::open(path)?);
    SealedStore::open(store, barrier, Arc::new(SystemRandom), |record| record)
}

pub fn refresh(store: &SealedStore) -> Result<Option<Delta<Record>>, StoreError> {
    store.refresh(|record| record)
}

pub fn key(number: usize, body: &str) -> (String, RecordKind, Vec<u8>) {
    let body = format!("{{\"key\":{number},\"state\":\"{body}\"}}").into_bytes();
    (
        RecordKind::Key.path(&number.to_string()),
        RecordKind::Key,
        body,
    )
}

/// Commits bodies that are no secrets.
pub fn commit(
    store: &SealedStore,
    expected: Revision,
    puts: Vec<(String, RecordKind, Vec<u8>)>,
    deletes: Vec<String>,
    ledger_size: u64,
) -> Result<Revision, StoreError> {
    let secret = |(path, kind, body)| (path, kind, SecretBytes::new(body));
    store.commit(
        expected,
        puts.into_iter().map(secret).collect(),
        deletes,
        ledger_size,
    )
}
