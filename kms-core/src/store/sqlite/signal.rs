//! How a process learns for the price of one small read that nobody has committed since.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::crypto::random::{self, SystemRandom};
use crate::store::Revision;

/// What stands behind the name of the database.
const SUFFIX: &str = "-revision";

/// Bytes beside the database that every commit changes before it is acknowledged: the revision,
/// big-endian, and eight random bytes of the handle that committed, since a store that was put back
/// has its revisions twice.
///
/// They are a hint and not a record: two commits may write them in the wrong order, and a process
/// that is killed may leave them behind its commit. Equal bytes mean that no commit was
/// acknowledged since they were read; what the revision is, the database says.
#[derive(Debug)]
pub(super) struct Signal {
    file: File,
    handle: [u8; 8],
}

/// What lies in the file.
pub(super) type Bytes = [u8; 16];

impl Signal {
    /// Opens the file beside `database`, or makes it, mode 0600.
    pub(super) fn open(database: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(path_of(database))?;
        let handle = random::array(&SystemRandom).map_err(io::Error::other)?;
        Ok(Self { file, handle })
    }

    /// What the last commit left; `None` where none has.
    pub(super) fn read(&self) -> Option<Bytes> {
        let mut bytes = Bytes::default();
        self.file.read_exact_at(&mut bytes, 0).ok()?;
        Some(bytes)
    }

    /// Tells of a commit. After a failure the others learn of it when their signal is old, and not
    /// before.
    pub(super) fn write(&self, revision: Revision) -> io::Result<()> {
        let mut bytes = Bytes::default();
        let parts = revision.0.to_be_bytes().into_iter().chain(self.handle);
        for (place, byte) in bytes.iter_mut().zip(parts) {
            *place = byte;
        }
        self.file.write_all_at(&bytes, 0)
    }
}

/// The name of the file.
pub(in crate::store) fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(SUFFIX);
    PathBuf::from(name)
}
