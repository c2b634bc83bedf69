//! A key file: 32 random bytes that only their owner can read.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::blob::{self, SALT_LENGTH, SealedBlob};
use super::{ProviderKind, SealError, SealProvider};
use crate::crypto::random::{self, Random};
use crate::root::durable;
use crate::root::private_file::{self, PrivateFileError};
use crate::secret::{Secret, SecretBytes};

/// Why a key file cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// A file is there already; it is never overwritten.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// Others could read or replace it, or it is no plain file.
    #[error("{} must be a plain file of mode 0600 that this user owns", .0.display())]
    Exposed(PathBuf),
    /// Not 32 bytes.
    #[error("{} is not a root key file", .0.display())]
    Length(PathBuf),
    /// The system refused.
    #[error("cannot use the key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The key of a key file, in memory.
#[derive(Debug)]
pub struct KeyFile {
    key: Secret<32>,
}

impl KeyFile {
    /// Draws a key and writes it durably to `path`, mode 0600.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] when anything is at `path`, which stays as it is.
    pub fn create(path: &Path, random: &dyn Random) -> Result<Self, SealError> {
        let key = Secret::try_build(|bytes| random.fill(bytes))?;
        durable::create(path, key.expose()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
            _ => KeyFileError::Io {
                path: path.to_owned(),
                source,
            },
        })?;
        Ok(Self { key })
    }

    /// Reads the key, if `path` is a plain file of 32 bytes that this user owns and nobody else
    /// can read or write. A symbolic link is refused.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source: io::Error| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = private_file::open(path).map_err(|error| match error {
            PrivateFileError::Exposed => KeyFileError::Exposed(path.to_owned()),
            PrivateFileError::Io(source) => io(source),
        })?;
        if file.metadata().map_err(io)?.len() != 32 {
            return Err(KeyFileError::Length(path.to_owned()));
        }
        let key = Secret::try_build(|bytes| file.read_exact(bytes)).map_err(io)?;
        Ok(Self { key })
    }
}

impl SealProvider for KeyFile {
    fn name(&self) -> &str {
        ProviderKind::KeyFile.name()
    }

    fn seal(&self, secret: &[u8], random: &dyn Random) -> Result<Vec<u8>, SealError> {
        let salt = random::array::<SALT_LENGTH>(random)?;
        Ok(blob::seal(
            ProviderKind::KeyFile,
            &[],
            &salt,
            &self.key,
            secret,
        )?)
    }

    fn unseal(&self, sealed: &[u8]) -> Result<SecretBytes, SealError> {
        let blob = SealedBlob::parse_of(sealed, ProviderKind::KeyFile)?;
        if !blob.parameters.is_empty() {
            return Err(SealError::Malformed);
        }
        blob.open(&self.key).map_err(|_| SealError::WrongKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn key_file() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root.key");
        KeyFile::create(&path, &SystemRandom).unwrap();
        (directory, path)
    }

    #[test]
    fn a_loaded_key_opens_what_the_created_one_sealed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root.key");
        let sealed = KeyFile::create(&path, &SystemRandom)
            .unwrap()
            .seal(b"secret", &SystemRandom)
            .unwrap();
        let opened = KeyFile::load(&path).unwrap().unseal(&sealed).unwrap();
        assert_eq!(opened.expose(), b"secret");
    }

    #[test]
    fn a_key_file_is_never_overwritten() {
        let (_directory, path) = key_file();
        let before = fs::read(&path).unwrap();
        let refused = KeyFile::create(&path, &SystemRandom);
        assert!(matches!(
            refused,
            Err(SealError::KeyFile(KeyFileError::Exists(_)))
        ));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_key_file_that_others_can_touch_is_refused() {
        let (_directory, path) = key_file();
        for mode in [0o640, 0o620, 0o610, 0o604, 0o602, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(KeyFile::load(&path), Err(KeyFileError::Exposed(_))),
                "{mode:o}"
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(KeyFile::load(&path).is_ok());
    }

    #[test]
    fn links_directories_and_pipes_are_refused() {
        let (directory, path) = key_file();
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(
            KeyFile::load(&link),
            Err(KeyFileError::Exposed(_))
        ));
        let folder = directory.path().join("folder");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(matches!(
            KeyFile::load(&folder),
            Err(KeyFileError::Exposed(_))
        ));
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(matches!(
            KeyFile::load(&pipe),
            Err(KeyFileError::Exposed(_))
        ));
    }

    #[test]
    fn a_key_file_of_another_length_is_refused() {
        let (_directory, path) = key_file();
        for length in [0, 31, 33] {
            fs::write(&path, vec![7; length]).unwrap();
            assert!(
                matches!(KeyFile::load(&path), Err(KeyFileError::Length(_))),
                "{length}"
            );
        }
    }

    #[test]
    fn another_key_or_any_altered_bit_is_the_wrong_key() {
        let (_directory, path) = key_file();
        let (_other_directory, other) = key_file();
        let key = KeyFile::load(&path).unwrap();
        let sealed = key.seal(b"secret", &SystemRandom).unwrap();
        let other = KeyFile::load(&other).unwrap();
        assert!(matches!(other.unseal(&sealed), Err(SealError::WrongKey)));
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(key.unseal(&altered).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key.unseal(&sealed[..length]).is_err(), "{length}");
        }
    }
}
