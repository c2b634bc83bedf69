//! Whatever bytes stand in a ledger's files: nothing panics, records that a checkpoint covers are
//! never lost or changed unseen, and a ledger that opens verifies afterwards.
//!
//! The input: a byte that chooses the file, a byte whose lowest bit says whether the rest is put
//! behind what the file holds or in its place, and the rest.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use kms_core::audit::{Entry, FileLedger, Ledger, LedgerOptions, read, verify};
use kms_core::crypto::sign::Ed25519PrivateKey;
use kms_core::time::{SetClock, Timestamp};

const RECORDS: u64 = 3;
const FILES: [&str; 4] = [
    "00000000000000000000.jsonl",
    "checkpoints",
    "frontier",
    "ledger.pub",
];

/// A closed ledger of three records: the content of each of [`FILES`].
static LEDGER: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
    let directory = Directory::new("template");
    let ledger = open(&directory.0).expect("a new ledger opens");
    for number in 0..RECORDS {
        let line = format!("{{\"number\":{number}}}").into_bytes();
        let entry = Entry::new(line).expect("an object");
        ledger.append(entry).wait().expect("the disk works");
    }
    ledger.close().expect("the disk works");
    FILES.map(|name| fs::read(directory.0.join(name)).unwrap_or_default())
});

/// A directory of this thread, gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(purpose: &str) -> Self {
        let thread = format!("{:?}", std::thread::current().id());
        let name = format!("kms-fuzz-{purpose}-{}-{thread}", std::process::id());
        // In memory where there is such a place: the ledger syncs with every step.
        let memory = Path::new("/dev/shm");
        let path = match memory.is_dir() {
            true => memory.join(name),
            false => std::env::temp_dir().join(name),
        };
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn open(directory: &Path) -> Option<FileLedger> {
    let key = Ed25519PrivateKey::from_seed(&[7; 32]).ok()?;
    let clock = Arc::new(SetClock::new(Timestamp::from_seconds(0)));
    let options = LedgerOptions {
        // Nothing here is about a disk that is late.
        deadline: Duration::from_secs(3600),
        ..LedgerOptions::default()
    };
    FileLedger::open(directory, key, "fuzz", clock, options).ok()
}

fn lines(directory: &Path) -> Vec<Vec<u8>> {
    read(directory, 0)
        .into_iter()
        .flatten()
        .map_while(|record| record.ok().map(|(_, line)| line))
        .collect()
}

/// As the head of this file says.
pub fn run(data: &[u8]) {
    let Some((&[file, append], bytes)) = data.split_first_chunk() else {
        return;
    };
    let directory = Directory::new("ledger");
    for (name, content) in FILES.iter().zip(LEDGER.iter()) {
        if !content.is_empty() {
            fs::write(directory.0.join(name), content).expect("the disk works");
        }
    }
    let before = lines(&directory.0);
    let file = usize::from(file) % FILES.len();
    let kept = if append & 1 == 1 {
        LEDGER[file].as_slice()
    } else {
        b""
    };
    fs::write(directory.0.join(FILES[file]), [kept, bytes].concat()).expect("the disk works");

    let covered = verify(&directory.0, None).is_ok_and(|ledger| ledger.checkpoint.size == RECORDS);
    assert!(!covered || lines(&directory.0).starts_with(&before));
    if let Some(ledger) = open(&directory.0) {
        ledger.close().expect("the disk works");
        let verified = verify(&directory.0, None).expect("what opened verifies");
        assert_eq!(verified.uncovered(), 0);
    }
}
