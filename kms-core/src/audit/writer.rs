//! The ledger on disk: one thread writes, everybody else waits for it.

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::crypto::sign::Ed25519PrivateKey;
use crate::time::Clock;

use super::directory::Directory;
use super::disk::Disk;
use super::error::LedgerError;
use super::journal::{CommitError, Journal, Setup};
use super::ledger::{Entry, Gathered, Ledger, LedgerUnavailable, Pending};
use super::note::{Checkpoint, Signer, VerifierKey};
use super::open;
use super::queue::{Queue, Task};
use super::read::read;

/// How a ledger on disk is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerOptions {
    /// Bytes of zeros kept ahead of the tail; 0 lets the segment grow as it is written.
    pub preallocate: u64,
    /// The length at which a segment is closed.
    pub segment_bytes: u64,
    /// The most time between a record and the checkpoint that covers it.
    pub checkpoint_every: Duration,
    /// The most time that an append waits.
    pub deadline: Duration,
    /// The most records that wait for the disk.
    pub queue_records: usize,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self {
            preallocate: 0,
            segment_bytes: 256 * 1024 * 1024,
            checkpoint_every: Duration::from_secs(1),
            deadline: Duration::from_secs(5),
            queue_records: 16_384,
        }
    }
}

/// A ledger in a directory, as `docs/spec/audit-log.md` specifies it.
///
/// Several processes may have one directory open. To drop it writes what waits, signs a checkpoint
/// and ends the writer's thread.
#[derive(Debug)]
pub struct FileLedger {
    queue: Arc<Queue>,
    directory: Directory,
    verifier: VerifierKey,
    threads: Vec<JoinHandle<()>>,
}

impl FileLedger {
    /// Opens the ledger whose files are in `directory`, or begins one there.
    ///
    /// `name` is the origin of its checkpoints: 1 to 128 printable ASCII characters without `+`.
    /// Records that a crash tore are cut away, and a record says so; it reads at most about
    /// 256 KiB and the records since the newest checkpoint.
    ///
    /// # Errors
    /// [`LedgerError`] names the place that does not verify.
    pub fn open(
        directory: &Path,
        key: Ed25519PrivateKey,
        name: &str,
        clock: Arc<dyn Clock>,
        options: LedgerOptions,
    ) -> Result<Self, LedgerError> {
        Self::open_on(
            directory,
            Signer::new(key, name)?,
            clock,
            options,
            open::system_disk(),
        )
    }

    pub(super) fn open_on(
        directory: &Path,
        signer: Signer,
        clock: Arc<dyn Clock>,
        options: LedgerOptions,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, LedgerError> {
        let directory = Directory::new(directory);
        let verifier = signer.verifier().clone();
        let journal = open::open(Setup {
            directory: directory.clone(),
            signer,
            disk,
            clock,
            preallocate: options.preallocate,
            segment_bytes: options.segment_bytes,
        })?;
        let queue = Arc::new(Queue::new(
            options.queue_records,
            options.deadline,
            journal.tree.size(),
            journal.newest,
        ));
        let mut ledger = Self {
            queue: Arc::clone(&queue),
            directory,
            verifier,
            threads: Vec::new(),
        };
        let watched = Arc::clone(&queue);
        ledger.spawn("kms-ledger-watch", move || watched.watch())?;
        let writer = Writer {
            queue,
            journal,
            checkpoint_every: options.checkpoint_every,
            signed_at: Instant::now(),
        };
        ledger.spawn("kms-ledger", move || writer.run())?;
        Ok(ledger)
    }

    fn spawn(
        &mut self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), LedgerError> {
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(LedgerError::io(&self.directory.path("")))?;
        self.threads.push(thread);
        Ok(())
    }

    /// How many durable records this process knows of.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.queue.size()
    }

    /// The newest checkpoint that this process has seen or signed.
    #[must_use]
    pub fn newest_checkpoint(&self) -> Option<Checkpoint> {
        self.queue.newest()
    }

    /// The key that others verify this ledger with.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Whether a record from index `from` on has this `eventID`.
    ///
    /// Reads the segment that `from` is in from its start.
    ///
    /// # Errors
    /// [`LedgerError`] when the segments cannot be read.
    pub fn contains_since(&self, from: u64, event_id: &str) -> Result<bool, LedgerError> {
        for record in read(&self.directory.path(""), from)? {
            if has_event_id(&record?.1, event_id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes what waits, signs a checkpoint and gives back the space kept ahead.
    ///
    /// # Errors
    /// [`LedgerUnavailable`] when the ledger broke before, or now.
    pub fn close(mut self) -> Result<(), LedgerUnavailable> {
        self.end();
        self.queue.broken().map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                let reason = LedgerUnavailable::because("the ledger's thread ended early");
                self.queue.break_off(&reason);
            }
        }
    }
}

impl Drop for FileLedger {
    fn drop(&mut self) {
        self.end();
    }
}

impl Ledger for FileLedger {
    fn append(&self, entry: Entry) -> Pending {
        let gathered = self.queue.append(&entry);
        self.queue.flush();
        gathered.pending
    }

    fn gather(&self, entry: Entry) -> Gathered {
        self.queue.append(&entry)
    }

    fn flush(&self) {
        self.queue.flush();
    }

    fn healthy(&self) -> bool {
        self.queue.healthy()
    }
}

fn has_event_id(line: &[u8], event_id: &str) -> bool {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(rename = "eventID", borrow)]
        id: std::borrow::Cow<'a, str>,
    }
    let wanted = event_id.as_bytes();
    // Most lines do not have the id at all and need not be parsed.
    !wanted.is_empty()
        && line.windows(wanted.len()).any(|window| window == wanted)
        && serde_json::from_slice::<Event<'_>>(line).is_ok_and(|event| event.id == event_id)
}

struct Writer {
    queue: Arc<Queue>,
    journal: Journal,
    checkpoint_every: Duration,
    signed_at: Instant,
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let idle_after = self.idle_after();
            let outcome = match self.queue.next(&mut batch, idle_after) {
                Task::Write => self.write(&batch),
                Task::Idle if self.queue.is_full() => {
                    self.signed_at = Instant::now();
                    self.probe()
                }
                Task::Idle => self.sign(),
                Task::Close => self.settle(Journal::close).and(Err(Broken)),
            };
            if outcome.is_err() {
                // Closed, or broken: a broken ledger is not written again, not even to close it.
                return;
            }
        }
    }

    fn idle_after(&self) -> Option<Duration> {
        let unsigned = self.journal.tree.size() > self.journal.newest.size;
        (unsigned || self.queue.is_full()).then(|| {
            self.checkpoint_every
                .saturating_sub(self.signed_at.elapsed())
        })
    }

    fn write(&mut self, batch: &[u8]) -> Result<(), Broken> {
        let queue = Arc::clone(&self.queue);
        self.settle(|journal| journal.commit(batch, |first| queue.release(first)))?;
        let due = self.journal.tree.size() > self.journal.newest.size
            && self.signed_at.elapsed() >= self.checkpoint_every;
        if due { self.sign() } else { Ok(()) }
    }

    fn sign(&mut self) -> Result<(), Broken> {
        self.signed_at = Instant::now();
        self.settle(Journal::checkpoint)?;
        self.queue.signed(self.journal.newest);
        Ok(())
    }

    fn probe(&mut self) -> Result<(), Broken> {
        let queue = Arc::clone(&self.queue);
        self.settle(|journal| journal.probe().map(|()| queue.recovered()))
    }

    /// Does something with the files; a full disk fails those who wait, anything else everybody.
    fn settle(
        &mut self,
        work: impl FnOnce(&mut Journal) -> Result<(), CommitError>,
    ) -> Result<(), Broken> {
        match work(&mut self.journal) {
            Ok(()) => Ok(()),
            Err(error @ CommitError::Refused(_)) => {
                self.queue.fail(&LedgerUnavailable::because(error));
                Ok(())
            }
            Err(error @ CommitError::Broken(_)) => {
                self.queue.break_off(&LedgerUnavailable::because(error));
                Err(Broken)
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if thread::panicking() {
            let reason = LedgerUnavailable::because("the ledger's thread panicked");
            self.queue.break_off(&reason);
        }
    }
}

/// The ledger must not be written any more.
struct Broken;
