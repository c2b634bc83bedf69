//! A place for plaintext that a person works on: in memory where the system has such a place, and
//! for nobody else.

use std::env;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::failure::Failure;
use crate::interrupt::Temporary;

/// The types of file systems that live in memory, as `statfs` tells them.
const TMPFS: u32 = 0x0102_1994;
const RAMFS: u32 = 0x8584_58f6;

/// A directory that only its owner can enter. It goes with all that is in it when this value is
/// dropped, and when a signal ends the command.
#[derive(Debug)]
pub(crate) struct PrivateDirectory {
    directory: TempDir,
    registered: Temporary,
}

impl PrivateDirectory {
    /// In the first of `$XDG_RUNTIME_DIR`, `/dev/shm` and the directory for temporary files in which
    /// one can be made.
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut refusal = None;
        for place in places() {
            let made = tempfile::Builder::new()
                .prefix("kms-edit-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(place);
            match made {
                Ok(directory) => {
                    let registered = Temporary::directory(directory.path());
                    return Ok(Self {
                        directory,
                        registered,
                    });
                }
                Err(error) => refusal = Some(error),
            }
        }
        let error = refusal.unwrap_or_else(|| std::io::ErrorKind::NotFound.into());
        Err(Failure::io("cannot make a private directory", &error))
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Whether what is written here stays in memory, but for swap space.
    pub(crate) fn is_in_memory(&self) -> bool {
        let found = rustix::fs::statfs(self.path());
        let kind = found
            .ok()
            .and_then(|found| u32::try_from(found.f_type).ok());
        kind.is_some_and(|kind| kind == TMPFS || kind == RAMFS)
    }

    /// Leaves the directory there for good.
    pub(crate) fn keep(self) {
        drop(self.registered);
        let _ = self.directory.keep();
    }
}

fn places() -> impl Iterator<Item = PathBuf> {
    let own = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let own = own.filter(|path| path.is_absolute() && is_own(path));
    let others = [PathBuf::from("/dev/shm"), env::temp_dir()].into_iter();
    own.into_iter()
        .chain(others.filter(|path| is_own(path) || is_of_the_system(path)))
}

/// Whether root alone could replace what is in it: in a sticky directory everybody has their own.
fn is_of_the_system(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| {
        let is_for_others = metadata.mode() & 0o022 != 0;
        metadata.uid() == 0 && (metadata.mode() & 0o1000 != 0 || !is_for_others)
    })
}

/// Whoever owns a directory can replace what is in it: that of another user is not used, as after
/// `sudo` without a new environment.
fn is_own(path: &Path) -> bool {
    let owner = path.metadata().map(|metadata| metadata.uid());
    owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_s_own_or_the_system_s() {
        let directory = tempfile::tempdir().unwrap();
        assert!(is_own(directory.path()));
        assert!(is_of_the_system(Path::new("/")) && is_of_the_system(Path::new("/tmp")));
        let open = Permissions::from_mode(0o777);
        std::fs::set_permissions(directory.path(), open).unwrap();
        assert!(!is_of_the_system(directory.path()));
    }
}
