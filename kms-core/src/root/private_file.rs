//! Files with secrets: opened only where their owner alone can reach them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Why a file with a secret is not opened.
#[derive(Debug)]
pub enum PrivateFileError {
    /// Others could read or replace it, or it is no plain file.
    Exposed,
    /// The system refused.
    Io(io::Error),
}

impl From<io::Error> for PrivateFileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Opens a plain file that this user owns and nobody else can read or write. A symbolic link is
/// refused.
///
/// # Errors
/// [`PrivateFileError`].
pub fn open(path: &Path) -> Result<File, PrivateFileError> {
    let file = open_without_waiting(path, OFlags::NOFOLLOW).map_err(|error| {
        if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            return PrivateFileError::Exposed;
        }
        PrivateFileError::Io(error)
    })?;
    // What is checked is the file that was opened, whatever the path names by now.
    let metadata = file.metadata()?;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if !metadata.is_file() || !ours || metadata.mode() & 0o077 != 0 {
        return Err(PrivateFileError::Exposed);
    }
    Ok(file)
}

/// Opens a plain file that not everybody can write.
///
/// # Errors
/// [`PrivateFileError`].
pub fn open_protected(path: &Path) -> Result<File, PrivateFileError> {
    let file = open_without_waiting(path, OFlags::empty())?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.mode() & 0o002 != 0 {
        return Err(PrivateFileError::Exposed);
    }
    Ok(file)
}

/// A FIFO or a device must not be able to hold up the opening.
fn open_without_waiting(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = (flags | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let flags = i32::try_from(flags).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}
