//! The sealed store as the service uses it.

use std::sync::Arc;

use kms_core::crypto::random::SystemRandom;
use kms_core::root::{Barrier, RecordKind};
use kms_core::store::sealed::{Head, SealedStore};
use kms_core::store::{Revision, StoreError};

use crate::contract::Fixture;
use crate::memory::MemoryStore;
use crate::support::{Sealed, commit, key, refresh, rows};

#[test]
fn what_was_committed_opens_again() {
    let sealed = Sealed::with_keys(8);
    let (store, records) = sealed.open().unwrap();
    assert_eq!(
        store.head(),
        Head {
            revision: Revision(3),
            count: 9,
            ledger_size: 2
        }
    );
    let found = rows(&records);
    assert_eq!(found.len(), 9);
    let (path, kind, body) = key(4, "second");
    assert!(found.contains(&(path, kind, 3, body)));
    let (path, kind, body) = key(5, "first");
    assert!(found.contains(&(path, kind, 2, body)));
}

#[test]
fn an_empty_store_opens_only_when_it_was_created_so() {
    let (_, records) = Sealed::new().open().unwrap();
    assert!(records.is_empty());
    let sealed = Sealed::new();
    let refused = SealedStore::open(
        MemoryStore::new().handle(),
        Arc::clone(&sealed.barrier),
        Arc::new(SystemRandom),
        |record| record,
    );
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_stale_change_is_a_conflict_and_changes_nothing() {
    let sealed = Sealed::with_keys(3);
    let (one, _) = sealed.open().unwrap();
    let (two, _) = sealed.open().unwrap();
    commit(&one, Revision(3), vec![key(1, "one")], Vec::new(), 3).unwrap();
    for stale in [2, 3, 4] {
        let refused = commit(&two, Revision(stale), vec![key(1, "two")], Vec::new(), 3);
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    }
    assert_eq!(two.head().revision, Revision(3));
    refresh(&two).unwrap().unwrap();
    commit(&two, Revision(4), vec![key(1, "two")], Vec::new(), 4).unwrap();
    let (_, records) = sealed.open().unwrap();
    let (path, kind, body) = key(1, "two");
    assert!(rows(&records).contains(&(path, kind, 5, body)));
}

#[test]
fn a_refresh_tells_what_others_committed_once() {
    let sealed = Sealed::with_keys(3);
    let (one, _) = sealed.open().unwrap();
    let (two, _) = sealed.open().unwrap();
    assert!(refresh(&two).unwrap().is_none());
    commit(
        &one,
        Revision(3),
        vec![key(1, "x"), key(7, "new")],
        Vec::new(),
        3,
    )
    .unwrap();
    commit(&one, Revision(4), vec![key(1, "y")], Vec::new(), 4).unwrap();
    assert!(refresh(&one).unwrap().is_none(), "own commits are no news");
    let delta = refresh(&two).unwrap().unwrap();
    assert!(!delta.full);
    let (path, kind, body) = key(1, "y");
    let (new_path, new_kind, new_body) = key(7, "new");
    let expected = [(path, kind, 5, body), (new_path, new_kind, 4, new_body)];
    assert_eq!(rows(&delta.put), expected);
    assert_eq!(
        two.head(),
        Head {
            revision: Revision(5),
            count: 5,
            ledger_size: 4
        }
    );
    assert!(refresh(&two).unwrap().is_none());
}

#[test]
fn a_refresh_tells_what_others_deleted() {
    let sealed = Sealed::with_keys(3);
    let (one, _) = sealed.open().unwrap();
    let (two, _) = sealed.open().unwrap();
    let gone = vec![
        "key/1".to_owned(),
        "alias/a".to_owned(),
        "alias/never".to_owned(),
    ];
    commit(&one, Revision(3), vec![key(0, "z")], gone, 3).unwrap();
    let delta = refresh(&two).unwrap().unwrap();
    assert!(delta.full);
    let (_, records) = sealed.open().unwrap();
    assert_eq!(rows(&delta.put), rows(&records));
    assert_eq!(two.head().count, 2);
    commit(&two, Revision(4), vec![key(1, "back")], Vec::new(), 4).unwrap();
    sealed.open().unwrap();
}

#[test]
fn a_refresh_finds_what_was_done_behind_its_back() {
    let sealed = Sealed::with_keys(3);
    let (one, _) = sealed.open().unwrap();
    let (two, _) = sealed.open().unwrap();
    sealed.execute("DELETE FROM record WHERE path = 'key/2'");
    commit(&one, Revision(3), vec![key(0, "z")], Vec::new(), 3).unwrap();
    // The rows written since lead to the new head: the deletion shows in the next full scan.
    assert!(refresh(&two).unwrap().is_some());
    let refused = sealed.open().map(|_| ()).unwrap_err();
    assert!(
        matches!(refused, StoreError::OtherRecords { .. }),
        "{refused:?}"
    );
    sealed.execute("UPDATE head SET revision = 3");
    // Whoever writes behind our back gives no signal: the file is asked again when the last is old.
    let refused = loop {
        match refresh(&two) {
            Ok(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(
        refused,
        StoreError::OtherRecords {
            expected_revision: Revision(4),
            found_revision: Revision(3),
            ..
        }
    ));
}

#[test]
fn changes_that_make_no_sense_are_refused() {
    let sealed = Sealed::with_keys(3);
    let (store, _) = sealed.open().unwrap();
    let put = |path: &str, kind| (path.to_owned(), kind, b"{}".to_vec());
    let changes = [
        (vec![put("key/1", RecordKind::Alias)], vec![]),
        (vec![put("keys/1", RecordKind::Key)], vec![]),
        (vec![put("key/", RecordKind::Key)], vec![]),
        (vec![put("head", RecordKind::Head)], vec![]),
        (
            vec![put("key/1", RecordKind::Key), put("key/1", RecordKind::Key)],
            vec![],
        ),
        (
            vec![put("key/1", RecordKind::Key)],
            vec!["key/1".to_owned()],
        ),
        (vec![], vec!["key/1".to_owned(), "key/1".to_owned()]),
        (vec![], vec!["head".to_owned()]),
    ];
    for (puts, deletes) in changes {
        let refused = commit(&store, Revision(3), puts, deletes, 3);
        assert!(
            matches!(refused, Err(StoreError::InvalidChange(_))),
            "{refused:?}"
        );
    }
    assert_eq!(store.head().revision, Revision(3));
}

#[test]
fn a_rotated_root_key_seals_what_is_written_next_and_opens_the_rest() {
    let mut sealed = Sealed::with_keys(3);
    sealed.ring.rotate(&SystemRandom).unwrap();
    let rotated = Arc::new(Barrier::new(&sealed.ring).unwrap());
    let (store, _) = sealed.open_with(Arc::clone(&rotated)).unwrap();
    commit(&store, Revision(3), vec![key(1, "new")], Vec::new(), 3).unwrap();
    commit(
        &store,
        Revision(4),
        vec![key(2, "new")],
        vec!["key/0".to_owned()],
        4,
    )
    .unwrap();
    let (store, records) = sealed.open_with(rotated).unwrap();
    assert_eq!((store.head().count, records.len()), (3, 3));
    let refused = sealed.open().map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("root key generation 2"), "{refused}");
}

#[test]
fn the_sealed_store_needs_nothing_but_the_contract() {
    let memory = MemoryStore::new();
    let sealed = Sealed::new();
    SealedStore::create(&memory, &sealed.barrier, &SystemRandom).unwrap();
    let open = || {
        let barrier = Arc::clone(&sealed.barrier);
        SealedStore::open(memory.handle(), barrier, Arc::new(SystemRandom), |record| {
            record
        })
        .unwrap()
    };
    let (one, _) = open();
    let (two, _) = open();
    commit(
        &one,
        Revision(1),
        vec![key(1, "a"), key(2, "a")],
        Vec::new(),
        1,
    )
    .unwrap();
    refresh(&two).unwrap().unwrap();
    commit(&two, Revision(2), Vec::new(), vec!["key/1".to_owned()], 2).unwrap();
    let (_, records) = open();
    assert_eq!(records.len(), 1);
}
