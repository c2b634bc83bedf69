//! A disk that fails: nobody is told that a record is durable when it is not.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

use super::disk::{Disk, SystemDisk};
use super::*;

/// Fails the operation number `fail_at`, counted from 0, writing half of what it was to write.
#[derive(Debug)]
struct FailingDisk {
    fail_at: u64,
    kind: io::ErrorKind,
    done: AtomicU64,
    failed: AtomicBool,
}

impl FailingDisk {
    fn new(fail_at: u64, kind: io::ErrorKind) -> Arc<Self> {
        Arc::new(Self {
            fail_at,
            kind,
            done: AtomicU64::new(0),
            failed: AtomicBool::new(false),
        })
    }

    fn pass(&self) -> io::Result<()> {
        if self.done.fetch_add(1, Ordering::SeqCst) == self.fail_at {
            self.failed.store(true, Ordering::SeqCst);
            return Err(self.kind.into());
        }
        Ok(())
    }
}

impl Disk for FailingDisk {
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.pass() {
            SystemDisk.write(file, &bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        SystemDisk.write(file, bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.pass()?;
        SystemDisk.sync(file)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        self.pass()?;
        SystemDisk.truncate(file, length)
    }
}

fn open_on(
    directory: &Path,
    options: LedgerOptions,
    disk: Arc<dyn Disk>,
) -> Result<FileLedger, LedgerError> {
    FileLedger::open_on(directory, signer(), clock(), options, disk)
}

/// Appends a few records one by one; returns those that were said to be durable.
fn acknowledged(ledger: &FileLedger) -> Vec<(u64, u64)> {
    (0..5)
        .filter_map(|number| {
            let receipt = ledger.append(entry(number)).wait().ok()?;
            Some((receipt.index, number))
        })
        .collect()
}

fn every_failure_in_turn(kind: io::ErrorKind, preallocate: u64) {
    for fail_at in 0.. {
        let options = LedgerOptions {
            preallocate,
            segment_bytes: 100,
            checkpoint_every: Duration::ZERO,
            ..quiet()
        };
        let directory = TempDir::new().unwrap();
        let disk = FailingDisk::new(fail_at, kind);
        let told = match open_on(directory.path(), options, disk.clone()) {
            Ok(ledger) => {
                let told = acknowledged(&ledger);
                drop(ledger);
                told
            }
            Err(_) => Vec::new(),
        };
        let ledger = open(directory.path(), options);
        append(&ledger, 100..101);
        ledger.close().unwrap();
        let lines = lines(directory.path());
        for (index, number) in told {
            let line = &lines[usize::try_from(index).unwrap()];
            assert_eq!(line.as_bytes(), entry(number).as_bytes(), "{fail_at}");
        }
        assert_eq!(verify(directory.path(), None).unwrap().uncovered(), 0);
        if !disk.failed.load(Ordering::SeqCst) {
            assert!(fail_at > 15, "{fail_at}");
            return;
        }
    }
}

#[test]
fn whatever_operation_fails_nothing_acknowledged_is_lost() {
    every_failure_in_turn(io::ErrorKind::Other, 0);
    every_failure_in_turn(io::ErrorKind::Other, 4 << 20);
}

#[test]
fn whenever_the_disk_is_full_nothing_acknowledged_is_lost() {
    every_failure_in_turn(io::ErrorKind::StorageFull, 0);
    every_failure_in_turn(io::ErrorKind::StorageFull, 4 << 20);
}

/// Fails what it is told to fail.
#[derive(Debug, Default)]
struct SwitchedDisk {
    full: AtomicBool,
    sync_fails: AtomicBool,
    syncs: AtomicU64,
    held: Mutex<bool>,
    freed: Condvar,
    stuck: AtomicBool,
}

impl SwitchedDisk {
    fn hold(&self) {
        *self.held.lock().unwrap() = true;
    }

    /// Until the writer is in a sync that does not end.
    fn wait_until_stuck(&self) {
        while !self.stuck.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    }

    fn free(&self) {
        *self.held.lock().unwrap() = false;
        self.freed.notify_all();
    }
}

impl Disk for SwitchedDisk {
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.full.load(Ordering::SeqCst) {
            SystemDisk.write(file, &bytes[..bytes.len() / 2], offset)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        SystemDisk.write(file, bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let mut held = self.held.lock().unwrap();
        while *held {
            self.stuck.store(true, Ordering::SeqCst);
            held = self.freed.wait(held).unwrap();
        }
        self.syncs.fetch_add(1, Ordering::SeqCst);
        if self.sync_fails.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::Other.into());
        }
        SystemDisk.sync(file)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        SystemDisk.truncate(file, length)
    }
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let directory = TempDir::new().unwrap();
    let disk = Arc::new(SwitchedDisk::default());
    let ledger = open_on(directory.path(), quiet(), disk.clone()).unwrap();
    append(&ledger, 0..1);
    disk.sync_fails.store(true, Ordering::SeqCst);
    assert!(ledger.append(entry(1)).wait().is_err());
    disk.sync_fails.store(false, Ordering::SeqCst);
    let syncs = disk.syncs.load(Ordering::SeqCst);
    assert!(!ledger.healthy());
    assert!(ledger.append(entry(2)).wait().is_err());
    assert!(ledger.close().is_err());
    assert_eq!(disk.syncs.load(Ordering::SeqCst), syncs);
}

#[test]
fn a_full_disk_refuses_and_then_recovers_by_itself() {
    for preallocate in [0, 4 << 20] {
        let directory = TempDir::new().unwrap();
        let disk = Arc::new(SwitchedDisk::default());
        let options = LedgerOptions {
            preallocate,
            checkpoint_every: Duration::from_millis(1),
            ..quiet()
        };
        let ledger = open_on(directory.path(), options, disk.clone()).unwrap();
        append(&ledger, 0..2);
        disk.full.store(true, Ordering::SeqCst);
        assert!(ledger.append(entry(2)).wait().is_err());
        assert!(!ledger.healthy());
        disk.full.store(false, Ordering::SeqCst);
        while !ledger.healthy() {
            std::thread::yield_now();
        }
        assert_eq!(ledger.append(entry(3)).wait().unwrap().index, 2);
        ledger.close().unwrap();
        assert_eq!(lines(directory.path()).len(), 3);
        assert_eq!(verify(directory.path(), None).unwrap().uncovered(), 0);
    }
}

#[test]
fn a_disk_that_does_not_answer_fails_those_who_wait_at_their_deadline() {
    let directory = TempDir::new().unwrap();
    let disk = Arc::new(SwitchedDisk::default());
    let options = LedgerOptions {
        deadline: Duration::from_millis(20),
        ..quiet()
    };
    let ledger = open_on(directory.path(), options, disk.clone()).unwrap();
    disk.hold();
    let stuck = ledger.append(entry(0));
    disk.wait_until_stuck();
    let queued = ledger.append(entry(1));
    assert!(stuck.wait().is_err());
    assert!(queued.wait().is_err());
    assert!(!ledger.healthy());
    disk.free();
    // The disk was late, not broken: what it wrote stands, and it goes on. A busy machine may miss
    // this deadline more than once.
    while ledger.append(entry(2)).wait().is_err() {}
    while !ledger.healthy() {
        std::thread::yield_now();
    }
    ledger.close().unwrap();
    let lines = lines(directory.path());
    for (number, line) in (0..3).zip(&lines) {
        assert_eq!(line.as_bytes(), entry(number).as_bytes());
    }
    let stored = u64::try_from(lines.len()).unwrap();
    assert_eq!(verify(directory.path(), None).unwrap().records, stored);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let directory = TempDir::new().unwrap();
    let disk = Arc::new(SwitchedDisk::default());
    let options = LedgerOptions {
        queue_records: 2,
        ..quiet()
    };
    let ledger = open_on(directory.path(), options, disk.clone()).unwrap();
    disk.hold();
    let with_the_disk = ledger.append(entry(0));
    disk.wait_until_stuck();
    let waiting = [1, 2].map(|number| ledger.append(entry(number)));
    assert!(ledger.append(entry(3)).wait().is_err());
    disk.free();
    assert_eq!(with_the_disk.wait().unwrap().index, 0);
    for (index, pending) in (1..).zip(waiting) {
        assert_eq!(pending.wait().unwrap().index, index);
    }
    ledger.close().unwrap();
    assert_eq!(lines(directory.path()).len(), 3);
}
