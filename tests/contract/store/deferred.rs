//! A store of many records: its keys stay sealed until they are needed.

use std::sync::Arc;

use kms_core::crypto::random::SystemRandom;
use kms_core::store::sealed::{OPENED_WHOLE, SealedStore};
use kms_core::store::sqlite::SqliteStore;
use kms_core::store::{Revision, Store, StoreError, StoredRecord};

use crate::support::{Sealed, commit, key, refresh};

/// More records than are opened at once; every fourth key was written anew at revision 3.
fn large() -> Sealed {
    Sealed::with_keys(usize::try_from(OPENED_WHOLE).unwrap())
}

/// The paths that were left sealed, and those that were opened.
fn open(sealed: &Sealed) -> Result<(SealedStore, Vec<String>, Vec<String>), StoreError> {
    let store = Arc::new(SqliteStore::open(&sealed.path())?);
    let barrier = Arc::clone(&sealed.barrier);
    let random = Arc::new(SystemRandom);
    let (store, opened) = SealedStore::open(store, barrier, random, |record| record.path)?;
    let mut deferred = Vec::new();
    store.for_each_deferred(|path| deferred.push(path.to_owned()));
    Ok((store, deferred, opened))
}

fn body(store: &SealedStore, path: &str) -> Vec<u8> {
    store.read(path).unwrap().unwrap().body.expose().to_vec()
}

fn refused(store: &SealedStore, path: &str) {
    let refused = store.read(path).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains(path), "{refused}");
}

#[test]
fn keys_are_left_sealed_and_read_when_they_are_needed() {
    let (store, deferred, opened) = open(&large()).unwrap();
    assert_eq!(opened, ["alias/a"]);
    assert_eq!(deferred.len() as u64, OPENED_WHOLE);
    assert_eq!(body(&store, "key/4"), key(4, "second").2);
    assert_eq!(body(&store, "key/5"), key(5, "first").2);
    assert_eq!(body(&store, "alias/a"), b"{}");
    assert!(store.read("key/none").unwrap().is_none());
}

#[test]
fn a_store_that_is_not_larger_is_opened_whole() {
    let sealed = Sealed::with_keys(usize::try_from(OPENED_WHOLE).unwrap() - 1);
    let (_, deferred, opened) = open(&sealed).unwrap();
    assert!(deferred.is_empty());
    assert_eq!(opened.len() as u64, OPENED_WHOLE);
}

#[test]
fn records_that_are_missing_moved_or_old_are_found_when_the_store_is_opened() {
    for altered in [
        "DELETE FROM record WHERE path = 'key/7'",
        "UPDATE record SET path = 'key/x' WHERE path = 'key/7'",
        "UPDATE record SET revision = 2 WHERE path = 'key/8'",
        "UPDATE record SET (sealed, seal) = \
         (SELECT sealed, seal FROM record WHERE path = 'key/5') WHERE path = 'key/7'",
        "INSERT INTO record SELECT 'key/x', revision, sealed, seal FROM record \
         WHERE path = 'key/7'",
    ] {
        let sealed = large();
        sealed.execute(altered);
        let refused = open(&sealed).map(|_| ()).unwrap_err();
        let told = matches!(refused, StoreError::OtherRecords { .. });
        assert!(told, "{altered}: {refused:?}");
    }
}

#[test]
fn a_seal_that_is_none_is_named_when_the_store_is_opened() {
    for none in ["x''", "zeroblob(27)", "zeroblob(29)"] {
        let sealed = large();
        let set = format!("UPDATE record SET seal = {none} WHERE path = 'key/7'");
        sealed.execute(&set);
        let refused = open(&sealed).map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("`key/7`"), "{refused}");
    }
}

#[test]
fn a_record_that_its_seal_does_not_tell_of_is_refused_when_it_is_read() {
    for altered in [
        "UPDATE record SET sealed = (SELECT sealed FROM record WHERE path = 'key/5') \
         WHERE path = 'key/7'",
        "UPDATE record SET sealed = zeroblob(0) WHERE path = 'key/7'",
    ] {
        let sealed = large();
        sealed.execute(altered);
        let (store, ..) = open(&sealed).unwrap();
        refused(&store, "key/7");
        assert_eq!(body(&store, "key/5"), key(5, "first").2);
    }
}

#[test]
fn an_altered_record_is_refused_when_it_is_read() {
    let sealed = large();
    // Neither the nonce nor the tag: the seal of the record is as it was.
    let file = SqliteStore::open(&sealed.path()).unwrap();
    let mut altered = file.get("key/7").unwrap().unwrap().sealed;
    altered[20] ^= 1;
    let digits: String = altered.iter().map(|byte| format!("{byte:02x}")).collect();
    sealed.execute(&format!(
        "UPDATE record SET sealed = x'{digits}' WHERE path = 'key/7'"
    ));
    let (store, ..) = open(&sealed).unwrap();
    refused(&store, "key/7");
    assert_eq!(body(&store, "key/5"), key(5, "first").2);
}

#[test]
fn what_is_done_behind_the_back_of_a_running_process_is_refused_when_it_is_read() {
    let sealed = large();
    let (store, ..) = open(&sealed).unwrap();
    sealed.execute(
        "DELETE FROM record WHERE path = 'key/1'; \
         UPDATE record SET sealed = (SELECT sealed FROM record WHERE path = 'key/6') \
         WHERE path = 'key/5'; \
         UPDATE record SET revision = 2 WHERE path = 'key/8'; \
         INSERT INTO record SELECT 'key/x', revision, sealed, seal FROM record \
         WHERE path = 'key/7'; \
         UPDATE record SET revision = 9 WHERE path = 'key/7'",
    );
    for path in ["key/1", "key/5", "key/7", "key/8", "key/x"] {
        refused(&store, path);
    }
}

#[test]
fn a_record_that_another_process_changed_is_read_once_the_change_is_taken_in() {
    let sealed = large();
    let (reader, ..) = open(&sealed).unwrap();
    let (writer, ..) = open(&sealed).unwrap();
    let puts = vec![key(1, "newer"), key(2, "newer")];
    commit(&writer, Revision(3), puts, Vec::new(), 3).unwrap();
    for path in ["key/1", "key/2"] {
        let refused = reader.read(path).map(|_| ()).unwrap_err();
        assert!(matches!(refused, StoreError::Conflict), "{refused:?}");
    }
    assert_eq!(body(&reader, "key/3"), key(3, "first").2);
    assert_eq!(body(&writer, "key/1"), key(1, "newer").2);
    refresh(&reader).unwrap().unwrap();
    assert_eq!(body(&reader, "key/1"), key(1, "newer").2);
    let gone = vec!["key/2".to_owned()];
    commit(&writer, Revision(4), Vec::new(), gone, 4).unwrap();
    assert!(reader.read("key/2").is_err());
    reader.refresh(|_| ()).unwrap().unwrap();
    assert!(reader.read("key/2").unwrap().is_none());
}

#[test]
fn a_genuine_record_of_a_history_that_was_given_up_is_refused() {
    let sealed = large();
    let (writer, ..) = open(&sealed).unwrap();
    let file = SqliteStore::open(&sealed.path()).unwrap();
    let before = file.get("key/1").unwrap().unwrap();
    let head = file.get("head").unwrap().unwrap();
    commit(&writer, Revision(3), vec![key(1, "later")], Vec::new(), 3).unwrap();
    drop(writer);
    let later = file.get("key/1").unwrap().unwrap();
    let put = |row: &StoredRecord| {
        let digits: String = row.sealed.iter().map(|b| format!("{b:02x}")).collect();
        let (path, revision) = (&row.path, row.revision);
        sealed.execute(&format!(
            "UPDATE record SET sealed = x'{digits}', revision = {revision}, \
             seal = CAST(substr(x'{digits}', 6, 12) || substr(x'{digits}', -16) AS BLOB) \
             WHERE path = '{path}'"
        ));
    };
    put(&before);
    put(&head);
    sealed.execute("UPDATE head SET revision = 3");
    let (store, ..) = open(&sealed).unwrap();
    assert_eq!(body(&store, "key/1"), key(1, "first").2);
    put(&later);
    refused(&store, "key/1");
}
