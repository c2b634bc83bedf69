//! The contract of `Store`, run against every implementation.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use kms_core::store::{Change, LentSeal, Revision, Store, StoreError, StoredRecord};

/// An implementation under test.
pub trait Fixture {
    /// A store at revision 0.
    fn new() -> Self;
    /// Another way in, as another process has it.
    fn handle(&self) -> Arc<dyn Store>;
}

pub fn change(expected: u64, puts: &[(&str, &[u8])], deletes: &[&str]) -> Change {
    Change {
        expected: Revision(expected),
        puts: puts
            .iter()
            .map(|(path, sealed)| ((*path).to_owned(), sealed.to_vec()))
            .collect(),
        deletes: deletes.iter().map(|path| (*path).to_owned()).collect(),
    }
}

fn paths(records: &[StoredRecord]) -> Vec<&str> {
    records.iter().map(|record| record.path.as_str()).collect()
}

pub fn a_new_store_is_empty_at_revision_0<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    assert_eq!(store.revision().unwrap(), Revision(0));
    assert!(store.scan("", None, 10).unwrap().is_empty());
    assert_eq!(store.get("a").unwrap(), None);
}

pub fn what_is_committed_is_there_at_the_next_revision<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    assert_eq!(
        store
            .commit(&change(0, &[("a", b"1"), ("b", b"2")], &[]))
            .unwrap(),
        Revision(1)
    );
    assert_eq!(store.revision().unwrap(), Revision(1));
    let record = store.get("a").unwrap().unwrap();
    assert_eq!(
        (record.revision, record.sealed),
        (Revision(1), b"1".to_vec())
    );
    store
        .commit(&change(1, &[("a", b"3")], &["b", "never there"]))
        .unwrap();
    let record = store.get("a").unwrap().unwrap();
    assert_eq!(
        (record.revision, record.sealed),
        (Revision(2), b"3".to_vec())
    );
    assert_eq!(store.get("b").unwrap(), None);
}

pub fn a_change_computed_from_another_revision_changes_nothing<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    store.commit(&change(0, &[("a", b"1")], &[])).unwrap();
    for stale in [0, 2, u64::MAX] {
        let refused = store.commit(&change(stale, &[("a", b"2"), ("b", b"2")], &["a"]));
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    }
    assert_eq!(store.revision().unwrap(), Revision(1));
    assert_eq!(paths(&store.scan("", None, 10).unwrap()), ["a"]);
    assert_eq!(store.get("a").unwrap().unwrap().sealed, b"1");
}

pub fn a_scan_is_in_order_of_bytes_and_within_its_prefix<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    let all = [
        "A",
        "a",
        "a/",
        "a/1",
        "a/10",
        "a/2",
        "a0",
        "ab",
        "b",
        "ä",
        "\u{10ffff}",
    ];
    let puts: Vec<(&str, &[u8])> = all.iter().rev().map(|path| (*path, &b""[..])).collect();
    store.commit(&change(0, &puts, &[])).unwrap();
    assert_eq!(paths(&store.scan("", None, 100).unwrap()), all);
    assert_eq!(
        paths(&store.scan("a/", None, 100).unwrap()),
        ["a/", "a/1", "a/10", "a/2"]
    );
    assert_eq!(
        paths(&store.scan("\u{10ffff}", None, 100).unwrap()),
        ["\u{10ffff}"]
    );
    assert!(store.scan("a%", None, 100).unwrap().is_empty());
    assert!(store.scan("c", None, 100).unwrap().is_empty());
}

pub fn pages_of_a_scan_join_without_gap_or_overlap<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    let all: Vec<String> = (0..25).map(|number| format!("key/{number:02}")).collect();
    let mut puts: Vec<(&str, &[u8])> = all.iter().map(|path| (path.as_str(), &b""[..])).collect();
    puts.extend([("alias/x", &b""[..]), ("keys", b"")]);
    store.commit(&change(0, &puts, &[])).unwrap();
    for limit in [1, 7, 25, 100] {
        let mut found: Vec<String> = Vec::new();
        loop {
            let page = store
                .scan("key/", found.last().map(String::as_str), limit)
                .unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            found.extend(page.into_iter().map(|record| record.path));
        }
        assert_eq!(found, all);
    }
    assert!(store.scan("key/", None, 0).unwrap().is_empty());
    assert_eq!(store.scan("key/", Some("a"), 100).unwrap().len(), 25);
    assert!(store.scan("key/", Some("key0"), 100).unwrap().is_empty());
    assert_eq!(store.scan("", None, usize::MAX).unwrap().len(), 27);
}

/// The paths of a visit, of which each page breaks off at `stop`, and what it gave at its end.
fn visited(store: &dyn Store, limit: usize, stop: &str, seals: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let after = found.last().cloned();
        let mut page = Vec::new();
        let mut take = |path: &str| {
            if path == stop {
                return ControlFlow::Break(());
            }
            page.push(path.to_owned());
            ControlFlow::Continue(())
        };
        let last = if seals {
            store.visit_seals(after.as_deref(), limit, &mut |row| take(row.path))
        } else {
            store.visit(after.as_deref(), limit, &mut |row| take(row.path))
        };
        assert!(page.len() <= limit);
        assert_eq!(last.unwrap().as_ref(), page.last());
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

pub fn a_visit_lends_every_row_in_order_until_it_is_broken_off<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    let all = ["", "alias/x", "key/1", "key/2", "key/3", "\u{10ffff}"];
    let puts: Vec<(&str, &[u8])> = all.iter().rev().map(|path| (*path, &b""[..])).collect();
    store.commit(&change(0, &puts, &[])).unwrap();
    for (limit, seals) in [
        (1, false),
        (1, true),
        (4, false),
        (4, true),
        (9, false),
        (9, true),
    ] {
        assert_eq!(visited(&*store, limit, "none", seals), all);
        assert_eq!(visited(&*store, limit, "key/2", seals), all[..3]);
        assert!(visited(&*store, limit, "", seals).is_empty());
    }
}

pub fn the_seals_are_those_of_the_rows_as_they_were_committed_last<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    let sealed = |fill: u8| [&[1, 0, 0, 0, 1], &[fill; 40][..]].concat();
    let first = [("a", &sealed(3)[..]), ("b", &sealed(4)), ("none", b"short")];
    store.commit(&change(0, &first, &[])).unwrap();
    let second = [("b", &sealed(5)[..])];
    store.commit(&change(1, &second, &["a"])).unwrap();
    let mut found = Vec::new();
    let mut take = |row: LentSeal<'_>| {
        found.push((row.path.to_owned(), row.revision.0, row.seal.to_vec()));
        ControlFlow::Continue(())
    };
    store.visit_seals(None, 9, &mut take).unwrap();
    let seals = [("b", 2, vec![5; 28]), ("none", 1, Vec::new())];
    assert_eq!(
        found,
        seals.map(|(path, at, seal)| (path.to_owned(), at, seal))
    );
}

pub fn rows_written_since_a_revision_are_found<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    store
        .commit(&change(0, &[("a", b"1"), ("b", b"1")], &[]))
        .unwrap();
    store.commit(&change(1, &[("c", b"2")], &[])).unwrap();
    store.commit(&change(2, &[("a", b"3")], &["b"])).unwrap();
    let since = |revision| store.written_since(Revision(revision)).unwrap();
    assert_eq!(paths(&since(0)), ["a", "c"]);
    assert_eq!(paths(&since(1)), ["a", "c"]);
    assert_eq!(paths(&since(2)), ["a"]);
    assert!(since(3).is_empty());
}

pub fn every_handle_sees_every_commit<F: Fixture>() {
    let fixture = F::new();
    let (one, two) = (fixture.handle(), fixture.handle());
    assert_eq!(one.store_id(), two.store_id());
    assert_eq!(two.revision().unwrap(), Revision(0));
    for round in 0..20 {
        let (writer, reader) = if round % 3 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        let body = round.to_string();
        writer
            .commit(&change(round, &[("a", body.as_bytes())], &[]))
            .unwrap();
        assert_eq!(writer.revision().unwrap(), Revision(round + 1));
        assert_eq!(reader.revision().unwrap(), Revision(round + 1));
        assert_eq!(reader.get("a").unwrap().unwrap().sealed, body.as_bytes());
    }
    drop((one, two));
    let reopened = fixture.handle();
    assert_eq!(reopened.revision().unwrap(), Revision(20));
    assert_eq!(reopened.get("a").unwrap().unwrap().sealed, b"19");
}

pub fn large_and_odd_values_come_back_unchanged<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.handle();
    let large: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[1]).collect();
    let long_path = "p".repeat(5000);
    let puts: [(&str, &[u8]); 4] = [
        ("large", &large),
        ("empty", b""),
        (&long_path, b"\0"),
        ("quote'; DROP TABLE x--", b"q"),
    ];
    store.commit(&change(0, &puts, &[])).unwrap();
    for (path, sealed) in puts {
        assert_eq!(store.get(path).unwrap().unwrap().sealed, sealed);
    }
}

pub fn of_concurrent_commits_exactly_one_wins<F: Fixture>() {
    const WRITERS: usize = 6;
    const ROUNDS: u64 = 15;
    let fixture = F::new();
    let handles: Vec<Arc<dyn Store>> = (0..WRITERS).map(|_| fixture.handle()).collect();
    for round in 0..ROUNDS {
        let wins: Vec<bool> = thread::scope(|scope| {
            let commit = |number: usize, store: Arc<dyn Store>| {
                let name = number.to_string();
                match commit_in_turn(&*store, &change(round, &[("winner", name.as_bytes())], &[])) {
                    Ok(revision) => revision == Revision(round + 1),
                    Err(StoreError::Conflict) => false,
                    Err(other) => panic!("{other:?}"),
                }
            };
            let threads: Vec<_> = handles
                .iter()
                .enumerate()
                .map(|(number, store)| {
                    let store = Arc::clone(store);
                    scope.spawn(move || commit(number, store))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(wins.iter().filter(|won| **won).count(), 1, "round {round}");
        let winner = wins.iter().position(|won| *won).unwrap().to_string();
        let record = handles[0].get("winner").unwrap().unwrap();
        assert_eq!(record.sealed, winner.as_bytes());
    }
}

pub fn no_increment_is_lost_between_writers<F: Fixture>() {
    let fixture = F::new();
    fixture
        .handle()
        .commit(&change(0, &[("n", b"0")], &[]))
        .unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            let store = fixture.handle();
            scope.spawn(move || (0..25).for_each(|_| increment(&*store)));
        }
    });
    let store = fixture.handle();
    assert_eq!(store.get("n").unwrap().unwrap().sealed, b"100");
    assert_eq!(store.revision().unwrap(), Revision(101));
}

/// Commits, and as often as others held the store for longer than a commit waits.
fn commit_in_turn(store: &dyn Store, change: &Change) -> Result<Revision, StoreError> {
    loop {
        match store.commit(change) {
            Err(StoreError::Busy) => {}
            done => return done,
        }
    }
}

fn increment(store: &dyn Store) {
    loop {
        let record = store.get("n").unwrap().unwrap();
        let number: u64 = String::from_utf8(record.sealed).unwrap().parse().unwrap();
        let next = (number + 1).to_string();
        let change = change(record.revision.0, &[("n", next.as_bytes())], &[]);
        match commit_in_turn(store, &change) {
            Ok(_) => return,
            Err(StoreError::Conflict) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Makes a test of every clause of the contract for one fixture.
#[macro_export]
macro_rules! store_contract {
    ($fixture:ty: $($clause:ident)*) => {
        $(#[test] fn $clause() { $crate::contract::$clause::<$fixture>(); })*
    };
    ($fixture:ty) => {
        $crate::store_contract! { $fixture:
            a_new_store_is_empty_at_revision_0
            what_is_committed_is_there_at_the_next_revision
            a_change_computed_from_another_revision_changes_nothing
            a_scan_is_in_order_of_bytes_and_within_its_prefix
            pages_of_a_scan_join_without_gap_or_overlap
            a_visit_lends_every_row_in_order_until_it_is_broken_off
            the_seals_are_those_of_the_rows_as_they_were_committed_last
            rows_written_since_a_revision_are_found
            every_handle_sees_every_commit
            large_and_odd_values_come_back_unchanged
            of_concurrent_commits_exactly_one_wins
            no_increment_is_lost_between_writers
        }
    };
}
