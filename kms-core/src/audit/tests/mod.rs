//! The ledger as a whole.

mod concurrency;
mod faults;
mod tampering;
mod vectors;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::note::Signer;
use super::*;
use crate::crypto::sign::Ed25519PrivateKey;
use crate::time::{SetClock, Timestamp};

const NAME: &str = "kms.example/ledger";

fn key() -> Ed25519PrivateKey {
    Ed25519PrivateKey::from_seed(&[7; 32]).unwrap()
}

fn signer() -> Signer {
    Signer::new(key(), NAME).unwrap()
}

fn clock() -> Arc<SetClock> {
    Arc::new(SetClock::new(Timestamp::from_seconds(1_764_000_000)))
}

/// No checkpoint but those of the opening and the closing, and no deadline that a busy machine
/// misses.
fn quiet() -> LedgerOptions {
    LedgerOptions {
        checkpoint_every: Duration::from_secs(3600),
        deadline: Duration::from_secs(3600),
        ..LedgerOptions::default()
    }
}

fn open(directory: &Path, options: LedgerOptions) -> FileLedger {
    try_open(directory, options).unwrap()
}

fn try_open(directory: &Path, options: LedgerOptions) -> Result<FileLedger, LedgerError> {
    FileLedger::open(directory, key(), NAME, clock(), options)
}

fn entry(number: u64) -> Entry {
    Entry::new(format!("{{\"eventID\":\"event-{number}\"}}").into_bytes()).unwrap()
}

fn append(ledger: &FileLedger, numbers: std::ops::Range<u64>) {
    let pending: Vec<Pending> = numbers.map(|n| ledger.append(entry(n))).collect();
    for waiter in pending {
        waiter.wait().unwrap();
    }
}

/// A closed ledger of `count` records, a checkpoint after every third opening.
fn ledger_of(count: u64, options: LedgerOptions) -> TempDir {
    let directory = TempDir::new().unwrap();
    let ledger = open(directory.path(), options);
    append(&ledger, 0..count);
    ledger.close().unwrap();
    directory
}

fn lines(directory: &Path) -> Vec<String> {
    read(directory, 0)
        .unwrap()
        .map(|record| String::from_utf8(record.unwrap().1).unwrap())
        .collect()
}

fn segment(directory: &Path, first: u64) -> std::path::PathBuf {
    directory.join(directory::segment_name(first))
}

/// Ends the ledger as a crash would: without a checkpoint and without giving back zeros.
fn crash(directory: &Path, options: LedgerOptions, records: u64) {
    let snapshot = TempDir::new().unwrap();
    let ledger = open(directory, options);
    append(&ledger, 0..records);
    copy(directory, snapshot.path());
    drop(ledger);
    for file in fs::read_dir(directory).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    copy(snapshot.path(), directory);
}

fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn records_are_numbered_in_order_and_read_back_after_reopening() {
    let directory = TempDir::new().unwrap();
    for round in 0..3 {
        let ledger = open(directory.path(), quiet());
        assert_eq!(ledger.size(), round * 4);
        for number in round * 4..round * 4 + 4 {
            let receipt = ledger.append(entry(number)).wait().unwrap();
            assert_eq!(receipt.index, number);
        }
        assert!(ledger.healthy());
        ledger.close().unwrap();
    }
    let expected: Vec<String> = (0..12)
        .map(|n| format!("{{\"eventID\":\"event-{n}\"}}"))
        .collect();
    assert_eq!(lines(directory.path()), expected);
    let verified = verify(directory.path(), Some(signer().verifier())).unwrap();
    assert_eq!((verified.records, verified.uncovered()), (12, 0));
    assert_eq!(verified.checkpoints, 4);
    assert_eq!(verified.unfinished_bytes, 0);
}

#[test]
fn an_empty_ledger_verifies() {
    let directory = ledger_of(0, quiet());
    let verified = verify(directory.path(), None).unwrap();
    assert_eq!(verified.records, 0);
    assert_eq!(verified.key, *signer().verifier());
}

#[test]
fn segments_roll_over_and_are_cut_to_their_length() {
    for preallocate in [0, 4 << 20] {
        let options = LedgerOptions {
            segment_bytes: 100,
            preallocate,
            ..quiet()
        };
        let directory = TempDir::new().unwrap();
        let ledger = open(directory.path(), options);
        for number in 0..20 {
            append(&ledger, number..number + 1);
        }
        ledger.close().unwrap();
        let segments = directory::Directory::new(directory.path())
            .segments()
            .unwrap();
        assert!(segments.len() > 4, "{segments:?}");
        assert_eq!(lines(directory.path()).len(), 20);
        assert_eq!(verify(directory.path(), None).unwrap().records, 20);
        assert_eq!(open(directory.path(), options).size(), 20);
    }
}

#[test]
fn zeros_kept_ahead_are_no_records_and_are_given_back() {
    let options = LedgerOptions {
        preallocate: 4 << 20,
        ..quiet()
    };
    let directory = TempDir::new().unwrap();
    let ledger = open(directory.path(), options);
    append(&ledger, 0..3);
    assert!(fs::metadata(segment(directory.path(), 0)).unwrap().len() > 1 << 20);
    let live = verify(directory.path(), None).unwrap();
    assert_eq!((live.records, live.uncovered()), (3, 3));
    ledger.close().unwrap();
    assert!(fs::metadata(segment(directory.path(), 0)).unwrap().len() < 200);
}

#[test]
fn a_checkpoint_is_signed_soon_after_a_record_without_another_coming() {
    let directory = TempDir::new().unwrap();
    let options = LedgerOptions {
        checkpoint_every: Duration::from_millis(1),
        ..quiet()
    };
    let ledger = open(directory.path(), options);
    append(&ledger, 0..3);
    while ledger.newest_checkpoint().unwrap().size < 3 {
        std::thread::yield_now();
    }
    assert_eq!(verify(directory.path(), None).unwrap().uncovered(), 0);
}

#[test]
fn a_ledger_that_was_never_closed_opens_and_counts_what_no_checkpoint_covers() {
    for preallocate in [0, 4 << 20] {
        let options = LedgerOptions {
            preallocate,
            ..quiet()
        };
        let directory = TempDir::new().unwrap();
        crash(directory.path(), options, 5);
        let verified = verify(directory.path(), None).unwrap();
        assert_eq!((verified.records, verified.uncovered()), (5, 5));
        let ledger = open(directory.path(), options);
        assert_eq!(ledger.size(), 5);
        append(&ledger, 5..6);
        ledger.close().unwrap();
        assert_eq!(verify(directory.path(), None).unwrap().uncovered(), 0);
    }
}

#[test]
fn a_torn_tail_is_cut_back_and_a_record_says_so() {
    let torn: [&[u8]; 5] = [
        b"{\"eventID\":\"unfin",
        b"{\"eventID\":\"no line break\"}",
        b"{\"broken\":\n{\"whole\":1}\n",
        b"\0\0\0\0{\"late\":1}\n",
        b"{\"a\":1\0\0\0}\n",
    ];
    for (preallocate, tail) in [0, 4 << 20].into_iter().flat_map(|p| torn.map(|t| (p, t))) {
        let options = LedgerOptions {
            preallocate,
            ..quiet()
        };
        let directory = TempDir::new().unwrap();
        crash(directory.path(), options, 2);
        let path = segment(directory.path(), 0);
        let end: u64 = lines(directory.path())
            .iter()
            .map(|l| u64::try_from(l.len()).unwrap() + 1)
            .sum();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(tail, end).unwrap();
        let before = verify(directory.path(), None).unwrap();
        assert_eq!(before.records, 2);
        assert_eq!(before.unfinished_bytes, u64::try_from(tail.len()).unwrap());

        let ledger = open(directory.path(), options);
        append(&ledger, 2..4);
        ledger.close().unwrap();
        let after = lines(directory.path());
        assert_eq!(after.len(), 5, "{after:?}");
        let recovered: serde_json::Value = serde_json::from_str(&after[2]).unwrap();
        assert_eq!(recovered["eventName"], "LedgerRecovered");
        assert_eq!(recovered["serviceEventDetails"]["bytesCut"], tail.len());
        assert_eq!(recovered["serviceEventDetails"]["offset"], end);
        assert_eq!(verify(directory.path(), None).unwrap().uncovered(), 0);
    }
}

#[test]
fn more_torn_bytes_than_one_batch_stop_the_opening() {
    let directory = TempDir::new().unwrap();
    crash(directory.path(), quiet(), 2);
    let file = fs::OpenOptions::new()
        .append(true)
        .open(segment(directory.path(), 0))
        .unwrap();
    let end = file.metadata().unwrap().len();
    file.write_all_at(&vec![b'x'; MAX_BATCH + 1], end).unwrap();
    let error = try_open(directory.path(), quiet()).unwrap_err();
    assert!(
        matches!(error, LedgerError::Records { fault: Fault::NotARecord, record: 2, offset, .. } if offset == end),
        "{error}"
    );
}

#[test]
fn a_checkpoint_that_a_crash_tore_is_written_anew() {
    for torn in [
        &b"kms.example/ledger\n9"[..],
        b"\0\0\0\0\0\0",
        b"kms.example/ledger\n4\nAAAA\n\n",
    ] {
        let directory = ledger_of(3, quiet());
        let path = directory.path().join("checkpoints");
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(torn);
        fs::write(&path, bytes).unwrap();
        let ledger = open(directory.path(), quiet());
        append(&ledger, 3..4);
        ledger.close().unwrap();
        let verified = verify(directory.path(), None).unwrap();
        assert_eq!((verified.records, verified.uncovered()), (4, 0));
    }
}

#[test]
fn a_frontier_spares_reading_the_ledger_from_its_start() {
    let directory = TempDir::new().unwrap();
    let ledger = open(
        directory.path(),
        LedgerOptions {
            segment_bytes: 1000,
            ..quiet()
        },
    );
    for number in 0..100 {
        append(&ledger, number..number + 1);
    }
    ledger.close().unwrap();
    assert!(directory.path().join("frontier").exists());
    // An archived segment is not needed to go on, but to verify from the start it is.
    fs::remove_file(segment(directory.path(), 0)).unwrap();
    let ledger = open(directory.path(), quiet());
    assert_eq!(ledger.size(), 100);
    append(&ledger, 100..101);
    ledger.close().unwrap();
    assert!(verify(directory.path(), None).is_err());
}

#[test]
fn without_its_frontier_a_ledger_is_read_from_its_start() {
    let directory = ledger_of(
        10,
        LedgerOptions {
            segment_bytes: 100,
            ..quiet()
        },
    );
    fs::remove_file(directory.path().join("frontier")).ok();
    assert_eq!(open(directory.path(), quiet()).size(), 10);
}

#[test]
fn another_key_or_name_is_refused() {
    let directory = ledger_of(3, quiet());
    let other = || Ed25519PrivateKey::from_seed(&[8; 32]).unwrap();
    for (key, name) in [(other(), NAME), (key(), "kms.example/other")] {
        let signer = Signer::new(key, name).unwrap();
        assert!(matches!(
            verify(directory.path(), Some(signer.verifier())),
            Err(LedgerError::File {
                file: "ledger.pub",
                fault: Fault::OtherKey,
                ..
            })
        ));
    }
    assert!(FileLedger::open(directory.path(), other(), NAME, clock(), quiet()).is_err());
    assert!(FileLedger::open(directory.path(), key(), "a b", clock(), quiet()).is_err());
}

#[test]
fn an_event_is_found_by_its_own_id_only() {
    let directory = TempDir::new().unwrap();
    let ledger = open(directory.path(), quiet());
    append(&ledger, 0..5);
    let nested = br#"{"eventID":"other","requestParameters":{"eventID":"hidden"}}"#;
    ledger
        .append(Entry::new(nested.to_vec()).unwrap())
        .wait()
        .unwrap();
    assert!(ledger.contains_since(0, "event-3").unwrap());
    assert!(ledger.contains_since(3, "event-3").unwrap());
    assert!(!ledger.contains_since(4, "event-3").unwrap());
    assert!(!ledger.contains_since(0, "hidden").unwrap());
    assert!(!ledger.contains_since(0, "event-").unwrap());
    assert!(!ledger.contains_since(0, "").unwrap());
}

#[test]
fn a_reader_follows_what_is_appended() {
    let directory = TempDir::new().unwrap();
    let options = LedgerOptions {
        segment_bytes: 100,
        preallocate: 1 << 20,
        ..quiet()
    };
    let ledger = open(directory.path(), options);
    let mut records = read(directory.path(), 2).unwrap();
    for number in 0..20 {
        assert!(records.next().is_none());
        append(&ledger, number..number + 1);
        if number >= 2 {
            assert_eq!(records.next().unwrap().unwrap().0, number);
        }
    }
}

#[test]
fn a_response_is_released_with_its_record_and_dropped_without() {
    let directory = TempDir::new().unwrap();
    let ledger = open(directory.path(), quiet());
    let recorded =
        futures_executor::block_on(Recorded::release(&ledger, entry(0), "plaintext")).unwrap();
    assert_eq!(*recorded.get(), "plaintext");
    assert_eq!(recorded.into_inner(), "plaintext");
    assert_eq!(lines(directory.path()).len(), 1);

    #[derive(Debug)]
    struct Refusing;
    impl Ledger for Refusing {
        fn append(&self, _: Entry) -> Pending {
            Pending::ready(Err(LedgerUnavailable::because("full")))
        }
        fn gather(&self, entry: Entry) -> Gathered {
            let pending = self.append(entry);
            Gathered {
                pending,
                first: true,
            }
        }
        fn flush(&self) {}
        fn healthy(&self) -> bool {
            false
        }
    }
    let response = Arc::new(());
    let outcome =
        futures_executor::block_on(Recorded::release(&Refusing, entry(0), response.clone()));
    assert!(outcome.is_err());
    assert_eq!(Arc::strong_count(&response), 1);
}
