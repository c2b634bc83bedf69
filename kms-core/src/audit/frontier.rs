//! The file that lets a ledger open without reading it from its start.

use std::fs::{self, File};
use std::io::Write;

use super::cursor::Place;
use super::directory::{Directory, FRONTIER, NEW_FRONTIER};
use super::error::{Fault, LedgerError};
use super::note::{Checkpoint, Signer, VerifierKey, hash_text, parse_hash, parse_number};
use super::tree::Tree;

/// No checkpoint can begin so, since no name of a ledger has a space.
const HEADER: &str = "kms ledger frontier v1";
const MAX_BYTES: u64 = 8192;

/// The tree at a place of the ledger, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frontier {
    pub(super) tree: Tree,
    pub(super) place: Place,
}

impl Frontier {
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            size: self.tree.size(),
            root: self.tree.root(),
        }
    }

    fn to_note(&self, signer: &Signer) -> Result<String, LedgerError> {
        let mut text = format!(
            "{HEADER}\n{}\n{}\n{}\n{}\n",
            signer.verifier().name(),
            self.tree.size(),
            self.place.segment,
            self.place.offset
        );
        for subtree in self.tree.subtrees() {
            text.push_str(&hash_text(subtree));
            text.push('\n');
        }
        Ok(signer.sign(&text)?)
    }

    fn parse(note: &str, key: &VerifierKey) -> Option<Self> {
        let mut lines = key.open(note)?.strip_suffix('\n')?.split('\n');
        if lines.next()? != HEADER || lines.next()? != key.name() {
            return None;
        }
        let size = parse_number(lines.next()?)?;
        let segment = parse_number(lines.next()?)?;
        let offset = parse_number(lines.next()?)?;
        let subtrees = lines.map(parse_hash).collect::<Option<Vec<_>>>()?;
        let place = Place {
            segment,
            offset,
            index: size,
        };
        Some(Self {
            tree: Tree::from_subtrees(size, subtrees)?,
            place,
        })
    }

    /// The frontier in a ledger's directory, if there is one.
    pub(super) fn load(
        directory: &Directory,
        key: &VerifierKey,
    ) -> Result<Option<Self>, LedgerError> {
        let Some(note) = directory.read_small(FRONTIER, MAX_BYTES)? else {
            return Ok(None);
        };
        Self::parse(&note, key)
            .map(Some)
            .ok_or_else(|| damaged(Fault::Malformed))
    }

    /// Replaces the frontier in the directory, whole or not at all.
    pub(super) fn store(&self, directory: &Directory, signer: &Signer) -> Result<(), LedgerError> {
        let note = self.to_note(signer)?;
        let new = directory.path(NEW_FRONTIER);
        let written = || -> std::io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(note.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, directory.path(FRONTIER))
        };
        written().map_err(LedgerError::io(&new))
    }
}

pub(super) fn damaged(fault: Fault) -> LedgerError {
    LedgerError::File {
        file: FRONTIER,
        offset: 0,
        fault,
    }
}
