//! The files being written: batches, segments, checkpoints. One per process and directory handle;
//! other processes may write to the same directory, so every change is made under a file lock,
//! after reading what they have appended.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::crypto::digest::sha256_of;
use crate::ids::KeyId;
use crate::time::Clock;

use super::checkpoints;
use super::cursor::{Cursor, Place, Step};
use super::directory::{CHECKPOINTS, Directory, segment_name};
use super::disk::Disk;
use super::error::{Fault, LedgerError};
use super::frontier::Frontier;
use super::ledger::is_record;
use super::note::{Checkpoint, Signer};
use super::record::Recovery;
use super::tree::{Tree, leaf_hash};
use super::{MAX_BATCH, MAX_RECORD};

/// How far the frontier may lag: what opening the ledger has to read and hash at most.
const FRONTIER_LAG: u64 = 256 * 1024;
/// Written ahead of the tail in one piece.
static ZEROS: [u8; 1024 * 1024] = [0; 1024 * 1024];
const PROBE: usize = 64 * 1024;

/// What a batch can fail with.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommitError {
    /// The disk is full, or no file can be opened. Nothing of the batch is left; a later one may
    /// succeed.
    #[error("the disk takes nothing at present")]
    Refused(#[source] LedgerError),
    /// The files can no longer be trusted to hold what was written: never write again.
    #[error("the ledger cannot be written")]
    Broken(#[from] LedgerError),
}

/// An exclusive lock among processes.
#[derive(Clone, Debug)]
pub(super) struct Lock(Arc<File>);

/// The lock, held until this is dropped.
#[derive(Debug)]
pub(super) struct Held(Arc<File>);

impl Lock {
    pub(super) fn open(directory: &Directory) -> Result<Self, LedgerError> {
        Ok(Self(Arc::new(directory.lock_file()?)))
    }

    pub(super) fn hold(&self, directory: &Directory) -> Result<Held, LedgerError> {
        loop {
            match self.0.lock() {
                Ok(()) => return Ok(Held(Arc::clone(&self.0))),
                // A signal handler ran.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LedgerError::io(&directory.lock_path())(error)),
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The lock also ends with the descriptor, so a failure here ends the process's appends.
        let _ = self.0.unlock();
    }
}

/// What a ledger is opened with.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) directory: Directory,
    pub(super) signer: Signer,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) preallocate: u64,
    pub(super) segment_bytes: u64,
}

#[derive(Debug)]
pub(super) struct Journal {
    pub(super) setup: Setup,
    pub(super) lock: Lock,
    pub(super) file: File,
    pub(super) place: Place,
    /// The segment holds zeros from `place.offset` to here.
    pub(super) zeroed_to: u64,
    pub(super) tree: Tree,
    pub(super) newest: Checkpoint,
    pub(super) checkpoints: File,
    /// Where the frontier on the disk stands.
    pub(super) frontier: Place,
}

/// Reads the records that no checkpoint covers yet into the tree, up to the end or to bytes that
/// are not a record; says whether there are such bytes.
pub(super) fn absorb(cursor: &mut Cursor, tree: &mut Tree) -> Result<bool, LedgerError> {
    loop {
        match cursor.step()? {
            Step::Line if is_record(cursor.line()) => {
                tree.push(leaf_hash(cursor.line()));
                cursor.accept();
            }
            Step::End => return Ok(false),
            Step::Line | Step::Unfinished => return Ok(true),
        }
    }
}

/// How many bytes a crash has torn at the cursor's place.
///
/// # Errors
/// When there are more than one batch, or a segment follows: no crash leaves that.
pub(super) fn torn_bytes(cursor: &Cursor, directory: &Directory) -> Result<u64, LedgerError> {
    let place = cursor.place();
    let torn = cursor.bytes_left()?;
    let later = directory.segments()?.last().copied() > Some(place.segment);
    match (torn, later) {
        (0, true) => Err(place.fault(Fault::SegmentMissing)),
        (1.., true) => Err(place.fault(Fault::NotARecord)),
        _ if torn > u64::try_from(MAX_BATCH).unwrap_or(u64::MAX) => {
            Err(place.fault(Fault::NotARecord))
        }
        _ => Ok(torn),
    }
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Journal {
    /// Appends whole lines, calls `durable` with the index of the first once they are, and then
    /// grows the tree.
    pub(super) fn commit(
        &mut self,
        lines: &[u8],
        durable: impl FnOnce(u64),
    ) -> Result<(), CommitError> {
        let held = self.lock.hold(&self.setup.directory)?;
        self.catch_up()?;
        if self.place.offset > 0 && self.place.offset + length_of(lines) > self.setup.segment_bytes
        {
            self.roll()?;
        }
        self.write(lines)?;
        drop(held);
        durable(self.place.index);
        self.grow(lines);
        Ok(())
    }

    fn io_error(&self, error: io::Error) -> LedgerError {
        let name = segment_name(self.place.segment);
        LedgerError::io(&self.setup.directory.path(&name))(error)
    }

    fn grow(&mut self, lines: &[u8]) {
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            let record = line.strip_suffix(b"\n").unwrap_or(line);
            self.tree.push(leaf_hash(record));
            self.place.offset += length_of(line);
        }
        self.place.index = self.tree.size();
    }

    /// Writes and syncs at the tail. A write that fails before its sync is cut back: nobody else
    /// writes meanwhile, and no sync has reported on those bytes. A sync that fails is final: the
    /// kernel may have dropped the pages, and the next sync would report success all the same.
    fn write(&mut self, lines: &[u8]) -> Result<(), CommitError> {
        let disk = Arc::clone(&self.setup.disk);
        if let Err(error) = disk.write(&self.file, lines, self.place.offset) {
            return Err(self.cut_back(error));
        }
        self.zero_ahead(self.place.offset + length_of(lines));
        disk.sync(&self.file)
            .map_err(|error| self.io_error(error))?;
        Ok(())
    }

    fn cut_back(&mut self, error: io::Error) -> CommitError {
        let error = self.io_error(error);
        self.zeroed_to = self.place.offset;
        match self.setup.disk.truncate(&self.file, self.place.offset) {
            Ok(()) if error.is_full() => CommitError::Refused(error),
            Ok(()) => CommitError::Broken(error),
            Err(second) => CommitError::Broken(self.io_error(second)),
        }
    }

    /// Keeps zeros ahead of the tail, so that a sync need not journal a new file length. Failing
    /// to is no failure: the segment grows as it is written.
    fn zero_ahead(&mut self, end: u64) {
        let target = end
            .saturating_add(self.setup.preallocate)
            .min(self.setup.segment_bytes);
        let from = self.zeroed_to.max(end);
        let step = length_of(&ZEROS);
        if self.setup.preallocate == 0 || target < from.saturating_add(step) {
            return;
        }
        if self.setup.disk.write(&self.file, &ZEROS, from).is_ok() {
            self.zeroed_to = from + step;
        }
    }

    /// Closes the segment and begins the next.
    fn roll(&mut self) -> Result<(), CommitError> {
        let disk = Arc::clone(&self.setup.disk);
        disk.truncate(&self.file, self.place.offset)
            .map_err(|error| self.io_error(error))?;
        disk.sync(&self.file)
            .map_err(|error| self.io_error(error))?;
        self.zeroed_to = self.place.offset;
        let directory = &self.setup.directory;
        // Nothing is written yet: a process out of file descriptors may try again.
        let names = directory.open_names().map_err(CommitError::Refused)?;
        let file = directory
            .open_or_create(&segment_name(self.place.index))
            .map_err(CommitError::Refused)?;
        directory.sync_names(&names)?;
        self.enter(file, self.place.index, 0);
        Ok(())
    }

    fn enter(&mut self, file: File, segment: u64, offset: u64) {
        self.file = file;
        self.place.segment = segment;
        self.place.offset = offset;
        self.zeroed_to = offset;
    }

    /// Reads what other processes have appended; says whether there was anything. A batch that
    /// one of them did not finish before it ended is cut away.
    fn catch_up(&mut self) -> Result<bool, LedgerError> {
        let mut byte = [0];
        let read = self
            .file
            .read_at(&mut byte, self.place.offset)
            .map_err(|error| self.io_error(error))?;
        let current = match (read, byte) {
            (0, _) => {
                self.zeroed_to = self.place.offset;
                self.place.index == self.place.segment
                    || !self.setup.directory.has_segment(self.place.index)
            }
            (_, [byte]) => byte == 0,
        };
        if current {
            return Ok(false);
        }
        let directory = self.setup.directory.clone();
        let mut cursor = Cursor::open(&directory, self.place)?
            .ok_or_else(|| self.place.fault(Fault::SegmentMissing))?;
        let torn = absorb(&mut cursor, &mut self.tree)?;
        let place = cursor.place();
        if place.segment != self.place.segment {
            let file = directory.open_or_create(&segment_name(place.segment))?;
            // Whoever made the segment may have ended before its name was durable.
            directory.sync()?;
            self.enter(file, place.segment, place.offset);
        }
        self.place = place;
        self.zeroed_to = self.zeroed_to.max(place.offset);
        if torn {
            let bytes = torn_bytes(&cursor, &directory)?;
            self.recover(bytes)?;
        }
        Ok(true)
    }

    /// Replaces torn bytes by a record that says so. The record is written before the rest is cut
    /// off: a crash between the two leaves less to cut the next time, and never a silent cut.
    pub(super) fn recover(&mut self, bytes_cut: u64) -> Result<(), LedgerError> {
        let segment = segment_name(self.place.segment);
        let seed = sha256_of(&[
            self.setup.signer.verifier().name().as_bytes(),
            &self.tree.root(),
            &self.place.index.to_be_bytes(),
            &bytes_cut.to_be_bytes(),
        ]);
        let random = seed
            .first_chunk()
            .map_or(0, |bytes| u128::from_be_bytes(*bytes));
        let recovery = Recovery {
            time: self.setup.clock.now(),
            event_id: &KeyId::uuid_from_random(random).to_string(),
            segment: &segment,
            record: self.place.index,
            offset: self.place.offset,
            bytes_cut,
        };
        let mut line = recovery.to_entry().as_bytes().to_vec();
        line.push(b'\n');
        let disk = Arc::clone(&self.setup.disk);
        let end = self.place.offset + length_of(&line);
        disk.write(&self.file, &line, self.place.offset)
            .and_then(|()| disk.truncate(&self.file, end))
            .and_then(|()| disk.sync(&self.file))
            .map_err(|error| self.io_error(error))?;
        self.grow(&line);
        self.zeroed_to = end;
        Ok(())
    }

    /// Signs a checkpoint over all records, unless the newest covers them.
    pub(super) fn checkpoint(&mut self) -> Result<(), CommitError> {
        let _held = self.lock.hold(&self.setup.directory)?;
        if self.catch_up()? {
            // Their writer may have ended before it could sync what we now sign.
            let synced = self.setup.disk.sync(&self.file);
            synced.map_err(|error| self.io_error(error))?;
        }
        let key = self.setup.signer.verifier();
        let on_disk = checkpoints::newest(&self.checkpoints, &self.setup.directory, key)?;
        let newest = on_disk
            .checkpoint
            .ok_or_else(|| checkpoints::damaged(0, Fault::CheckpointsMissing))?;
        let present = Checkpoint {
            size: self.tree.size(),
            root: self.tree.root(),
        };
        if newest.size > present.size {
            return Err(self.place.fault(Fault::RecordsMissing).into());
        }
        if newest.size == present.size && newest.root != present.root {
            return Err(self.place.fault(Fault::RootMismatch).into());
        }
        if newest.size < present.size {
            self.append_checkpoint(present, on_disk.end)?;
        }
        self.newest = present;
        self.store_frontier();
        Ok(())
    }

    fn append_checkpoint(&self, checkpoint: Checkpoint, end: u64) -> Result<(), CommitError> {
        let mut note = checkpoint
            .sign(&self.setup.signer)
            .map_err(LedgerError::from)?;
        note.push('\n');
        let disk = &self.setup.disk;
        let io = || LedgerError::io(&self.setup.directory.path(CHECKPOINTS));
        if let Err(error) = disk.write(&self.checkpoints, note.as_bytes(), end) {
            let error = io()(error);
            disk.truncate(&self.checkpoints, end).map_err(io())?;
            return Err(if error.is_full() {
                CommitError::Refused(error)
            } else {
                CommitError::Broken(error)
            });
        }
        disk.truncate(&self.checkpoints, end + length_of(note.as_bytes()))
            .and_then(|()| disk.sync(&self.checkpoints))
            .map_err(io())?;
        Ok(())
    }

    fn store_frontier(&mut self) {
        let moved = self.place.segment != self.frontier.segment
            || self.place.offset >= self.frontier.offset.saturating_add(FRONTIER_LAG);
        if !moved {
            return;
        }
        let frontier = Frontier {
            tree: self.tree.clone(),
            place: self.place,
        };
        // The frontier only saves time; without this one the next opening reads a little more.
        let stored = frontier.store(&self.setup.directory, &self.setup.signer);
        if stored.is_ok() {
            self.frontier = self.place;
        }
    }

    /// Whether a full disk has room again.
    pub(super) fn probe(&mut self) -> Result<(), CommitError> {
        let _held = self.lock.hold(&self.setup.directory)?;
        self.catch_up()?;
        let zeros = vec![0; PROBE];
        let disk = Arc::clone(&self.setup.disk);
        if let Err(error) = disk.write(&self.file, &zeros, self.place.offset) {
            return Err(self.cut_back(error));
        }
        disk.truncate(&self.file, self.place.offset)
            .map_err(|error| self.io_error(error))?;
        Ok(())
    }

    /// Signs what is not signed yet and gives back the space kept ahead.
    pub(super) fn close(&mut self) -> Result<(), CommitError> {
        self.checkpoint()?;
        if self.setup.preallocate > 0 {
            let _held = self.lock.hold(&self.setup.directory)?;
            self.catch_up()?;
            let disk = Arc::clone(&self.setup.disk);
            disk.truncate(&self.file, self.place.offset)
                .and_then(|()| disk.sync(&self.file))
                .map_err(|error| self.io_error(error))?;
        }
        Ok(())
    }
}

const _: () = assert!(MAX_RECORD < MAX_BATCH);
