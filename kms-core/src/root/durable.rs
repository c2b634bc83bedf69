//! Files that are there whole or not at all, also after a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Creates `path` with mode 0600 and durable content; never touches a file that is there.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when something is at `path`; otherwise what the system said.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = write_beside(path, bytes)?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    linked?;
    sync_parent(path)
}

/// Creates or replaces `path` with mode 0600 and durable content.
///
/// # Errors
/// What the system said; the old content is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = write_beside(path, bytes)?;
    fs::rename(&temporary, path)?;
    sync_parent(path)
}

/// Makes the directory entry of `path` durable.
///
/// # Errors
/// What the system said.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// `path` with `.new` behind it: where its next content is gathered.
#[must_use]
pub fn pending(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Removes a file that may not be there.
///
/// # Errors
/// What the system said, except that there is no such file.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let temporary = pending(path);
    remove_if_there(&temporary)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(temporary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_created_once_and_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        create(&path, b"first").unwrap();
        let refused = create(&path, b"second").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(!pending(&path).exists());
    }

    #[test]
    fn what_an_earlier_attempt_left_is_in_nobody_s_way() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(pending(&path), b"half").unwrap();
        create(&path, b"first").unwrap();
        fs::write(pending(&path), b"half").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }

    #[test]
    fn a_dangling_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let target = directory.path().join("target");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(create(&path, b"secret").is_err());
        assert!(!target.exists());
    }
}
