//! A column of SQLite that is encrypted: no value opens in another row, and one data key serves them all.
//!
//! `cargo run -p kms-core --example column DIRECTORY`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kms_core::crypto::random::{Random, SystemRandom};
use kms_core::envelope::{CacheLimits, CachingKeyring, DataKeyCache, Encrypted, Place};
use kms_core::envelope::{RawAesKeyring, Sealer};
use kms_core::secret::SecretBytes;
use kms_core::time::SystemClock;
use rusqlite::{Connection, params};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: column DIRECTORY")?;
    run(directory.as_ref())
}

pub(crate) fn run(directory: &Path) -> Result<(), Box<dyn Error>> {
    let key = SecretBytes::try_build(32, |key| SystemRandom.fill(key))?;
    let keyring = RawAesKeyring::new("app", "columns", &key, Arc::new(SystemRandom))?;
    let (cache, hour) = (
        DataKeyCache::new(100.try_into()?),
        Duration::from_secs(3600),
    );
    let limits = CacheLimits::new(hour)?.with_max_messages(1_000_000)?;
    let keyring = CachingKeyring::new(keyring, Arc::new(cache), limits, Arc::new(SystemClock));
    let sealer = Sealer::new(keyring, Arc::new(SystemRandom));
    let column = Place::new([("table", "people"), ("column", "ssn")]);

    let database = Connection::open(directory.join("people.sqlite"))?;
    database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, ssn BLOB)", [])?;
    for (id, ssn) in [(1, "078-05-1120"), (2, "219-09-9999")] {
        let sealed = Encrypted::seal(&ssn.to_owned(), &column.row(id), &sealer)?;
        database.execute(
            "INSERT INTO people VALUES (?, ?)",
            params![id, sealed.as_bytes()],
        )?;
    }
    let stored = database.query_one("SELECT ssn FROM people WHERE id = 2", [], |row| row.get(0))?;
    let ssn = Encrypted::<String>::from_bytes(stored);
    assert_eq!(ssn.open(&column.row(2), &sealer)?, "219-09-9999");
    assert!(ssn.open(&column.row(1), &sealer).is_err());
    Ok(())
}
