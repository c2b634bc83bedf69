//! The names of a ledger's files.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::LedgerError;

pub(super) const CHECKPOINTS: &str = "checkpoints";
pub(super) const FRONTIER: &str = "frontier";
pub(super) const NEW_FRONTIER: &str = "frontier.new";
pub(super) const PUBLIC_KEY: &str = "ledger.pub";
const LOCK: &str = "lock";
const DIGITS: usize = 20;
const SUFFIX: &str = ".jsonl";

/// The file name of the segment whose first record has this index.
pub(super) fn segment_name(first: u64) -> String {
    format!("{first:020}{SUFFIX}")
}

fn parse_segment_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// The directory of one ledger.
#[derive(Clone, Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the directory, readable by its owner only, unless it is there.
    pub(super) fn create(&self) -> Result<(), LedgerError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(LedgerError::io(&self.0))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Opens a file to read and write, and makes it when it is not there.
    pub(super) fn open_or_create(&self, name: &str) -> Result<File, LedgerError> {
        let path = self.path(name);
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(LedgerError::io(&path))
    }

    pub(super) fn open_to_read(&self, name: &str) -> Result<Option<File>, LedgerError> {
        let path = self.path(name);
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LedgerError::io(&path)(error)),
        }
    }

    /// Reads a small file; `None` when it is not there. More than `limit` bytes are not read.
    pub(super) fn read_small(&self, name: &str, limit: u64) -> Result<Option<String>, LedgerError> {
        let Some(file) = self.open_to_read(name)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(file, limit), &mut bytes)
            .map_err(LedgerError::io(&self.path(name)))?;
        // Bytes that are not text fail where the text is parsed.
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(super) fn has_segment(&self, first: u64) -> bool {
        self.path(&segment_name(first)).exists()
    }

    /// The first record of each segment, in order.
    pub(super) fn segments(&self) -> Result<Vec<u64>, LedgerError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(LedgerError::io(&self.0))? {
            let entry = entry.map_err(LedgerError::io(&self.0))?;
            found.extend(entry.file_name().to_str().and_then(parse_segment_name));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Makes new names in the directory durable.
    pub(super) fn sync(&self) -> Result<(), LedgerError> {
        self.sync_names(&self.open_names()?)
    }

    /// The directory itself, for [`Directory::sync_names`].
    pub(super) fn open_names(&self) -> Result<File, LedgerError> {
        File::open(&self.0).map_err(LedgerError::io(&self.0))
    }

    /// Like [`Directory::sync`], with the directory opened before.
    pub(super) fn sync_names(&self, names: &File) -> Result<(), LedgerError> {
        names.sync_all().map_err(LedgerError::io(&self.0))
    }

    pub(super) fn lock_file(&self) -> Result<File, LedgerError> {
        self.open_or_create(LOCK)
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.path(LOCK)
    }
}
