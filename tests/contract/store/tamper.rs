//! Nobody who can write the file can make a sealed store hold anything that was not committed.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use kms_core::crypto::random::SystemRandom;
use kms_core::root::{Barrier, RootKeyRing};
use kms_core::store::{Revision, StoreError};
use rusqlite::Connection;

use crate::support::{Sealed, commit, key, open_file, private_directory, rows};

/// Opens after `sql` ran on the file and returns the error that must come of it.
fn refusal_after(sealed: &Sealed, sql: &str) -> StoreError {
    sealed.execute(sql);
    match sealed.open() {
        Ok((_, records)) => panic!("{sql}: opened with {} records", records.len()),
        Err(error) => error,
    }
}

fn assert_names(error: &StoreError, path: &str) {
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("`{path}`")), "{error}");
}

#[test]
fn an_edited_row_is_named() {
    let edits = [
        "sealed = zeroblob(length(sealed))",
        "sealed = zeroblob(0)",
        "sealed = substr(sealed, 1, length(sealed) - 1)",
        "sealed = CAST(sealed || x'00' AS BLOB)",
        "sealed = x'01000000020000000000000000000000000000000000000000000000000000000000'",
        "sealed = CAST(x'02' || substr(sealed, 2) AS BLOB)",
        "revision = revision - 1",
        "revision = revision + 1",
        "revision = 0",
        "revision = 9223372036854775807",
        "path = 'key/2x'",
        "path = 'alias/2'",
        "path = 'keys/2'",
        "path = ''",
    ];
    for edit in edits {
        let sealed = Sealed::with_keys(6);
        let error = refusal_after(
            &sealed,
            &format!("UPDATE record SET {edit} WHERE path = 'key/2'"),
        );
        let path = edit
            .strip_prefix("path = ")
            .map_or("key/2", |path| path.trim_matches('\''));
        assert_names(&error, path);
    }
}

#[test]
fn a_negative_revision_is_refused() {
    let sealed = Sealed::with_keys(6);
    let error = refusal_after(
        &sealed,
        "UPDATE record SET revision = -1 WHERE path = 'key/2'",
    );
    assert_names(&error, "key/1");
}

#[test]
fn swapped_and_copied_rows_are_named() {
    let sealed = Sealed::with_keys(6);
    let swap = "CREATE TEMP TABLE t AS SELECT * FROM record WHERE path IN ('key/1', 'key/2');
        UPDATE record SET sealed = (SELECT sealed FROM t WHERE path = 'key/2') WHERE path = 'key/1';
        UPDATE record SET sealed = (SELECT sealed FROM t WHERE path = 'key/1') WHERE path = 'key/2';";
    let error = refusal_after(&sealed, swap);
    assert_names(&error, "key/1");
    assert_names(&error, "key/2");

    let sealed = Sealed::with_keys(6);
    let copy = "INSERT INTO record SELECT 'key/9', revision, sealed, seal FROM record WHERE path = 'key/1'";
    assert_names(&refusal_after(&sealed, copy), "key/9");

    let sealed = Sealed::with_keys(6);
    let head = "UPDATE record SET sealed = (SELECT sealed FROM record WHERE path = 'key/0')
        WHERE path = 'head'";
    assert_names(&refusal_after(&sealed, head), "head");
}

#[test]
fn a_row_of_another_store_is_named() {
    let other = Sealed::with_keys(6);
    let sealed = Sealed::with_keys(6);
    let attach = format!(
        "ATTACH '{}' AS other; UPDATE record SET sealed =
         (SELECT sealed FROM other.record WHERE path = 'key/1') WHERE path = 'key/1'",
        other.path().display()
    );
    assert_names(&refusal_after(&sealed, &attach), "key/1");
}

#[test]
fn a_removed_row_is_missed() {
    let sealed = Sealed::with_keys(6);
    let error = refusal_after(&sealed, "DELETE FROM record WHERE path = 'key/2'");
    assert_eq!(
        error.to_string(),
        "records were removed, added or rolled back: expected 7 records at revision 3, \
         found 6 at revision 3"
    );
    for sql in [
        "DELETE FROM record WHERE path = 'head'",
        "DELETE FROM record",
    ] {
        let sealed = Sealed::with_keys(6);
        let error = refusal_after(&sealed, sql);
        assert_eq!(
            error.to_string(),
            "the store is damaged or was altered: the head is missing"
        );
    }
    let sealed = Sealed::with_keys(6);
    let blank = "DELETE FROM record; UPDATE head SET revision = 0";
    assert!(matches!(
        refusal_after(&sealed, blank),
        StoreError::Corrupt { .. }
    ));
}

/// Writes rows of an older database file over those of the newer.
fn put_back(sealed: &Sealed, old: &std::path::Path, condition: &str) {
    let connection = Connection::open(sealed.path()).unwrap();
    connection
        .execute("ATTACH ?1 AS old", [old.to_str().unwrap()])
        .unwrap();
    let sql = format!(
        "INSERT INTO record SELECT * FROM old.record WHERE {condition}
         ON CONFLICT (path) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed"
    );
    assert!(connection.execute(&sql, []).unwrap() > 0);
}

#[test]
fn a_row_put_back_to_an_older_version_is_noticed() {
    let sealed = Sealed::with_keys(6);
    let old = sealed.directory.path().join("old.db");
    fs::copy(sealed.path(), &old).unwrap();
    let (store, _) = sealed.open().unwrap();
    let puts = vec![key(2, "disabled")];
    commit(&store, Revision(3), puts, vec!["key/3".to_owned()], 3).unwrap();
    drop(store);
    let newest = fs::read(sealed.path()).unwrap();
    for condition in ["path = 'key/2'", "path = 'key/3'", "path != 'head'"] {
        fs::write(sealed.path(), &newest).unwrap();
        sealed.open().unwrap();
        put_back(&sealed, &old, condition);
        let error = sealed.open().map(|_| ()).unwrap_err();
        let noticed = matches!(
            error,
            StoreError::OtherRecords {
                expected_revision: Revision(4),
                expected_count: 6,
                ..
            }
        );
        assert!(noticed, "{condition}: {error:?}");
    }
    fs::write(sealed.path(), &newest).unwrap();
    put_back(&sealed, &old, "path = 'head'");
    let error = sealed.open().map(|_| ()).unwrap_err();
    assert!(matches!(
        error,
        StoreError::OtherRecords {
            expected_revision: Revision(4),
            found_revision: Revision(3),
            ..
        }
    ));
}

#[test]
fn a_whole_older_file_opens_and_tells_its_older_revision() {
    let sealed = Sealed::with_keys(6);
    let old = fs::read(sealed.path()).unwrap();
    let (store, _) = sealed.open().unwrap();
    commit(&store, Revision(3), vec![key(2, "disabled")], Vec::new(), 3).unwrap();
    drop(store);
    fs::write(sealed.path(), old).unwrap();
    // Nothing inside one file can tell; the ledger's newest revision can.
    let (store, _) = sealed.open().unwrap();
    assert_eq!(store.head().revision, Revision(3));
    assert_eq!(store.head().ledger_size, 2);
}

#[test]
fn a_turned_back_counter_is_noticed() {
    for revision in [0, 2, 4] {
        let sealed = Sealed::with_keys(6);
        let error = refusal_after(&sealed, &format!("UPDATE head SET revision = {revision}"));
        let noticed = matches!(error, StoreError::OtherRecords { .. } | StoreError::Busy);
        assert!(noticed, "{error:?}");
    }
}

#[test]
fn another_root_key_opens_nothing_and_changes_nothing() {
    let sealed = Sealed::with_keys(6);
    let before = fs::read(sealed.path()).unwrap();
    let ring = RootKeyRing::generate([7; 16], &SystemRandom).unwrap();
    let stranger = Arc::new(Barrier::new(&ring).unwrap());
    let error = sealed.open_with(stranger).map(|_| ()).unwrap_err();
    assert_names(&error, "head");
    assert_eq!(fs::read(sealed.path()).unwrap(), before);
}

/// Every byte of a small store, each turned over in turn: it opens with exactly what was
/// committed, or it does not open.
#[test]
fn no_flipped_byte_changes_what_is_read() {
    let sealed = Sealed::with_keys(8);
    let (store, records) = sealed.open().unwrap();
    let expected = rows(&records);
    drop(store);
    let content = fs::read(sealed.path()).unwrap();
    let directory = private_directory();
    let mut errors = BTreeSet::new();
    let mut refused = 0;
    for (position, _) in content.iter().enumerate().step_by(flip_stride()) {
        let path = directory.path().join("store.db");
        let mut altered = content.clone();
        altered[position] ^= 0xff;
        for suffix in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(directory.path().join(format!("store.db{suffix}")));
        }
        write_private(&path, &altered);
        match open_file(&path, Arc::clone(&sealed.barrier)) {
            Ok((_, records)) => assert_eq!(rows(&records), expected, "byte {position}"),
            Err(error) => {
                refused += 1;
                let named = !matches!(error, StoreError::Busy | StoreError::Conflict);
                assert!(named, "byte {position}: {error:?}");
                if matches!(error, StoreError::Io(_)) {
                    errors.insert(format!("{position} {error:?}"));
                }
            }
        }
    }
    assert!(refused > 0);
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The write-ahead log is cut at its first frame whose checksum is wrong, as after a power cut:
/// what opens is then an earlier commit, whole, which the ledger's newer revision shows.
#[test]
fn a_flipped_byte_of_the_log_leaves_a_whole_commit() {
    let sealed = Sealed::with_keys(8);
    let (store, records) = sealed.open().unwrap();
    let mut commits = vec![rows(&records)];
    for (number, revision) in (3..6).enumerate() {
        commit(
            &store,
            Revision(revision),
            vec![key(number, "later")],
            Vec::new(),
            3,
        )
        .unwrap();
        commits.push(rows(&sealed.open().unwrap().1));
    }
    let database = fs::read(sealed.path()).unwrap();
    let log = fs::read(sealed.path().with_extension("db-wal")).unwrap();
    let directory = private_directory();
    let path = directory.path().join("store.db");
    let mut opened = BTreeSet::new();
    for position in (0..log.len()).step_by(if flip_stride() == 1 { 1 } else { 101 }) {
        let mut altered = log.clone();
        altered[position] ^= 0xff;
        let _ = fs::remove_file(path.with_extension("db-shm"));
        write_private(&path, &database);
        write_private(&path.with_extension("db-wal"), &altered);
        if let Ok((_, records)) = open_file(&path, Arc::clone(&sealed.barrier)) {
            let commit = commits.iter().position(|commit| *commit == rows(&records));
            opened.insert(commit.unwrap_or_else(|| panic!("byte {position}")));
        }
    }
    assert!(opened.len() > 1, "{opened:?}");
}

fn write_private(path: &std::path::Path, content: &[u8]) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    std::io::Write::write_all(&mut file, content).unwrap();
}

/// `KMS_FLIP_EVERY_BYTE` asks for all of them.
fn flip_stride() -> usize {
    if std::env::var_os("KMS_FLIP_EVERY_BYTE").is_some() {
        1
    } else {
        7
    }
}
