//! Opens a ledger: from its frontier to its tail, checking what the newest checkpoint covers.

use std::fs::File;
use std::sync::Arc;

use super::checkpoints::{self, Newest};
use super::cursor::{Cursor, Place, Step};
use super::directory::{CHECKPOINTS, Directory, PUBLIC_KEY, segment_name};
use super::disk::Disk;
use super::error::{Fault, LedgerError};
use super::frontier::{self, Frontier};
use super::journal::{Journal, Lock, Setup, absorb, torn_bytes};
use super::note::{Checkpoint, VerifierKey};
use super::tree::{Tree, leaf_hash};

const MAX_PUBLIC_KEY: u64 = 512;

/// The key that `ledger.pub` names; `None` when the file is not there.
pub(super) fn public_key(directory: &Directory) -> Result<Option<VerifierKey>, LedgerError> {
    let Some(text) = directory.read_small(PUBLIC_KEY, MAX_PUBLIC_KEY)? else {
        return Ok(None);
    };
    text.strip_suffix('\n')
        .and_then(|line| line.parse().ok())
        .map(Some)
        .ok_or_else(|| of_public_key(Fault::Malformed))
}

pub(super) fn of_public_key(fault: Fault) -> LedgerError {
    LedgerError::File {
        file: PUBLIC_KEY,
        offset: 0,
        fault,
    }
}

pub(super) fn open(setup: Setup) -> Result<Journal, LedgerError> {
    setup.directory.create()?;
    let lock = Lock::open(&setup.directory)?;
    let held = lock.hold(&setup.directory)?;
    let checkpoints = setup.directory.open_or_create(CHECKPOINTS)?;
    let newest = begin(&setup, &checkpoints)?;
    let start = start(&setup, newest)?;
    let frontier_place = start.place;

    let mut cursor = Cursor::open(&setup.directory, start.place)?
        .ok_or_else(|| start.place.fault(Fault::SegmentMissing))?;
    if !cursor.at_start_of_record()? {
        return Err(cursor.place().fault(Fault::RecordsMissing));
    }
    let mut tree = start.tree;
    replay(&mut cursor, &mut tree, newest)?;
    absorb(&mut cursor, &mut tree)?;
    let torn = torn_bytes(&cursor, &setup.directory)?;

    let place = cursor.place();
    let name = segment_name(place.segment);
    let file = setup.directory.open_or_create(&name)?;
    let length = file
        .metadata()
        .map_err(LedgerError::io(&setup.directory.path(&name)))?
        .len();
    if tree.size() > newest.size {
        // Their writer may have ended before it could sync them, and a checkpoint will cover them.
        let synced = setup.disk.sync(&file);
        synced.map_err(LedgerError::io(&setup.directory.path(&name)))?;
    }
    let mut journal = Journal {
        setup,
        lock,
        file,
        place,
        zeroed_to: length.max(place.offset),
        tree,
        newest,
        checkpoints,
        frontier: frontier_place,
    };
    if torn > 0 {
        journal.recover(torn)?;
    }
    drop(held);
    Ok(journal)
}

/// Makes what a new ledger has, or checks that an old one has it; returns the newest checkpoint.
fn begin(setup: &Setup, checkpoints: &File) -> Result<Checkpoint, LedgerError> {
    let directory = &setup.directory;
    let key = setup.signer.verifier();
    let io = || LedgerError::io(&directory.path(CHECKPOINTS));
    let unwritten = directory.segments()?.is_empty()
        && directory
            .open_to_read(super::directory::FRONTIER)?
            .is_none();
    let unsigned = checkpoints.metadata().map_err(io())?.len() == 0;
    match public_key(directory) {
        Ok(Some(found)) if found == *key => {}
        Ok(Some(_)) => return Err(of_public_key(Fault::OtherKey)),
        // Nothing was ever signed, so nothing can have been lost with the key's file.
        Ok(None) | Err(LedgerError::File { .. }) if unwritten && unsigned => {
            write_new(setup, PUBLIC_KEY, &format!("{key}\n"))?;
        }
        Ok(None) => return Err(of_public_key(Fault::Malformed)),
        Err(error) => return Err(error),
    }
    let Newest { checkpoint, end } = checkpoints::newest(checkpoints, directory, key)?;
    let newest = match checkpoint {
        Some(newest) => {
            // A checkpoint that a crash tore: a verifier would take it for damage.
            if checkpoints.metadata().map_err(io())?.len() > end {
                setup.disk.truncate(checkpoints, end).map_err(io())?;
            }
            newest
        }
        None if unwritten => {
            let empty = Checkpoint {
                size: 0,
                root: Tree::default().root(),
            };
            let note = format!("{}\n", empty.sign(&setup.signer)?);
            replace(&*setup.disk, checkpoints, &note).map_err(io())?;
            empty
        }
        None => return Err(checkpoints::damaged(end, Fault::CheckpointsMissing)),
    };
    if unwritten && newest.size == 0 {
        directory.open_or_create(&segment_name(0))?;
        directory.sync()?;
    }
    Ok(newest)
}

fn write_new(setup: &Setup, name: &str, text: &str) -> Result<(), LedgerError> {
    let file = setup.directory.open_or_create(name)?;
    replace(&*setup.disk, &file, text).map_err(LedgerError::io(&setup.directory.path(name)))
}

fn replace(disk: &dyn Disk, file: &File, text: &str) -> std::io::Result<()> {
    disk.truncate(file, 0)?;
    disk.write(file, text.as_bytes(), 0)?;
    disk.sync(file)
}

/// Where to read on from: the frontier, or without one the beginning.
fn start(setup: &Setup, newest: Checkpoint) -> Result<Frontier, LedgerError> {
    let found = Frontier::load(&setup.directory, setup.signer.verifier())?;
    let Some(found) = found else {
        return Ok(Frontier {
            tree: Tree::default(),
            place: Place::default(),
        });
    };
    let checkpoint = found.checkpoint();
    if checkpoint.size > newest.size {
        return Err(checkpoints::damaged(0, Fault::CheckpointsMissing));
    }
    if checkpoint.size == newest.size && checkpoint.root != newest.root {
        return Err(frontier::damaged(Fault::Inconsistent));
    }
    Ok(found)
}

/// Reads the records that the checkpoint covers into the tree.
pub(super) fn replay(
    cursor: &mut Cursor,
    tree: &mut Tree,
    checkpoint: Checkpoint,
) -> Result<(), LedgerError> {
    let from = cursor.place();
    while tree.size() < checkpoint.size {
        match cursor.step()? {
            Step::Line => {
                tree.push(leaf_hash(cursor.line()));
                cursor.accept();
            }
            Step::End => return Err(cursor.place().fault(Fault::RecordsMissing)),
            Step::Unfinished => return Err(cursor.place().fault(Fault::NotARecord)),
        }
    }
    if tree.root() == checkpoint.root {
        Ok(())
    } else {
        Err(from.fault(Fault::RootMismatch))
    }
}

/// Opens with what the process has.
pub(super) fn system_disk() -> Arc<dyn Disk> {
    Arc::new(super::disk::SystemDisk)
}
