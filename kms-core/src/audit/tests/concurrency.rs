//! Many threads, several processes.

use std::collections::BTreeSet;
use std::thread;

use super::*;

#[test]
fn two_ledgers_on_one_directory_make_one_ledger_with_every_record_once() {
    for (preallocate, segment_bytes) in [(0, 2000), (2 << 20, 2000), (2 << 20, 1 << 20)] {
        let directory = TempDir::new().unwrap();
        let options = |preallocate| LedgerOptions {
            preallocate,
            segment_bytes,
            checkpoint_every: Duration::from_millis(1),
            ..quiet()
        };
        let ledgers = [
            open(directory.path(), options(preallocate)),
            open(directory.path(), options(0)),
        ];
        let receipts: Vec<(u64, u64)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let ledger = &ledgers[number % 2];
                    let number = u64::try_from(number).unwrap();
                    scope.spawn(move || {
                        (0..60)
                            .map(|n| {
                                let id = number * 1000 + n;
                                (ledger.append(entry(id)).wait().unwrap().index, id)
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        drop(ledgers);
        let lines = lines(directory.path());
        assert_eq!(lines.len(), 240);
        for (index, id) in &receipts {
            let line = &lines[usize::try_from(*index).unwrap()];
            assert_eq!(line.as_bytes(), entry(*id).as_bytes());
        }
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), 240);
        let verified = verify(directory.path(), None).unwrap();
        assert_eq!((verified.records, verified.uncovered()), (240, 0));
    }
}

#[test]
fn a_ledger_verifies_and_can_be_read_while_it_is_written() {
    let directory = TempDir::new().unwrap();
    let options = LedgerOptions {
        preallocate: 2 << 20,
        segment_bytes: 3000,
        checkpoint_every: Duration::from_millis(1),
        ..quiet()
    };
    let ledger = open(directory.path(), options);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..500 {
                append(&ledger, number * 3..number * 3 + 3);
            }
        });
        let mut seen = 0;
        while !writer.is_finished() {
            let verified = verify(directory.path(), None).unwrap();
            assert!(verified.records >= seen);
            seen = verified.records;
        }
    });
    assert_eq!(verify(directory.path(), None).unwrap().records, 1500);
}

#[test]
fn what_another_process_left_unfinished_is_cut_by_the_next_to_write() {
    let directory = TempDir::new().unwrap();
    let ledger = open(directory.path(), quiet());
    append(&ledger, 0..2);
    let file = fs::OpenOptions::new()
        .append(true)
        .open(segment(directory.path(), 0))
        .unwrap();
    let end = file.metadata().unwrap().len();
    file.write_all_at(b"{\"eventID\":\"whole\"}\n{\"eventID\":\"ha", end)
        .unwrap();
    append(&ledger, 2..3);
    ledger.close().unwrap();
    let lines = lines(directory.path());
    assert_eq!(lines.len(), 5);
    assert!(lines[2].contains("whole"));
    assert!(lines[3].contains("LedgerRecovered"));
    assert!(lines[4].contains("event-2"));
    assert_eq!(verify(directory.path(), None).unwrap().uncovered(), 0);
}

#[test]
fn a_dropped_ledger_writes_what_waits() {
    let directory = TempDir::new().unwrap();
    let ledger = open(directory.path(), quiet());
    let pending: Vec<Pending> = (0..500).map(|n| ledger.append(entry(n))).collect();
    drop(ledger);
    let indices: Vec<u64> = pending
        .into_iter()
        .map(|p| p.wait().unwrap().index)
        .collect();
    assert_eq!(indices, (0..500).collect::<Vec<_>>());
    assert_eq!(verify(directory.path(), None).unwrap().uncovered(), 0);
}
