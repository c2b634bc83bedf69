//! Whatever bytes stand in a ledger's files: nothing panics, records that a checkpoint covers are
//! never lost or changed unseen, and a ledger that opens verifies afterwards.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::audit::{Entry, FileLedger, Ledger, LedgerOptions, read, verify};
use kms_core::crypto::sign::Ed25519PrivateKey;
use kms_core::time::{SetClock, Timestamp};
use libfuzzer_sys::fuzz_target;

const RECORDS: u64 = 3;
const FILES: [&str; 4] = [
    "00000000000000000000.jsonl",
    "checkpoints",
    "frontier",
    "ledger.pub",
];

fn open(directory: &Path) -> Option<FileLedger> {
    let key = Ed25519PrivateKey::from_seed(&[7; 32]).ok()?;
    let clock = Arc::new(SetClock::new(Timestamp::from_seconds(0)));
    FileLedger::open(directory, key, "fuzz", clock, LedgerOptions::default()).ok()
}

fn directory() -> PathBuf {
    std::env::temp_dir().join(format!("kms-fuzz-ledger-{}", std::process::id()))
}

fn begin(directory: &Path) {
    let _ = fs::remove_dir_all(directory);
    let ledger = open(directory).expect("a new ledger opens");
    for number in 0..RECORDS {
        let line = format!("{{\"number\":{number}}}").into_bytes();
        let entry = Entry::new(line).expect("an object");
        ledger.append(entry).wait().expect("the disk works");
    }
    ledger.close().expect("the disk works");
}

fn lines(directory: &Path) -> Vec<Vec<u8>> {
    read(directory, 0)
        .into_iter()
        .flatten()
        .map_while(|record| record.ok().map(|(_, line)| line))
        .collect()
}

fuzz_target!(|input: (u8, bool, Vec<u8>)| {
    let (file, append, bytes) = input;
    let directory = directory();
    begin(&directory);
    let before = lines(&directory);
    let path = directory.join(FILES[usize::from(file) % FILES.len()]);
    let mut content = Vec::new();
    if append {
        content = fs::read(&path).unwrap_or_default();
    }
    content.extend_from_slice(&bytes);
    fs::write(&path, content).expect("the disk works");

    if let Ok(verified) = verify(&directory, None) {
        if verified.checkpoint.size == RECORDS {
            assert!(lines(&directory).starts_with(&before));
        }
    }
    if let Some(ledger) = open(&directory) {
        ledger.close().expect("the disk works");
        let verified = verify(&directory, None).expect("what opened verifies");
        assert_eq!(verified.uncovered(), 0);
    }
});
