//! Durable records a second, with one waiter and with as many as a busy server has. The directory
//! is `KMS_BENCH_HOME`, or the system's temporary directory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kms_core::audit::{Entry, FileLedger, Ledger, LedgerOptions};
use kms_core::crypto::sign::Ed25519PrivateKey;
use kms_core::time::SystemClock;

/// Bytes of a typical record.
const RECORD: usize = 900;

fn record() -> Entry {
    let filler = "x".repeat(RECORD - r#"{"requestID":""}"#.len());
    Entry::new(format!(r#"{{"requestID":"{filler}"}}"#).into_bytes()).unwrap()
}

/// Appends `count` records from `waiters` threads, each waiting for its own to be durable.
fn append(ledger: &FileLedger, waiters: u64, count: u64) -> Duration {
    let left = AtomicU64::new(count);
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..waiters {
            scope.spawn(|| {
                let take = || {
                    let relaxed = Ordering::Relaxed;
                    left.fetch_update(relaxed, relaxed, |left| left.checked_sub(1))
                        .is_ok()
                };
                while take() {
                    ledger.append(record()).wait().unwrap();
                }
            });
        }
    });
    begin.elapsed()
}

fn records(criterion: &mut Criterion) {
    let place = std::env::var_os("KMS_BENCH_HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(place).unwrap();
    let key = Ed25519PrivateKey::from_seed(&[7; 32]).unwrap();
    let options = LedgerOptions::default();
    let ledger = FileLedger::open(
        directory.path(),
        key,
        "bench",
        Arc::new(SystemClock),
        options,
    )
    .unwrap();
    let mut group = criterion.benchmark_group("durable record");
    group
        .throughput(Throughput::Elements(1))
        .measurement_time(Duration::from_secs(3));
    for waiters in [1, 64, 256] {
        group.bench_function(format!("{waiters} waiters"), |b| {
            b.iter_custom(|count| append(&ledger, waiters, count))
        });
    }
    group.finish();
}

criterion_group!(benches, records);
criterion_main!(benches);
