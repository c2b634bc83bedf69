//! What a command writes: standard output, or a file that appears only when it is complete.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::failure::{Failure, Kind};
use crate::interrupt::{self, Temporary};

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Whoever the umask lets.
    Usual,
    /// Only its owner.
    Private,
    /// Of those whom the umask lets, those who have these permissions.
    AtMost(u32),
}

impl Mode {
    /// As the file that is read, so that what was private stays so in another form.
    pub(crate) fn like(input: &File) -> Self {
        let mode = input.metadata().map(|metadata| metadata.mode());
        mode.map_or(Self::Private, |mode| Self::AtMost(mode & 0o777))
    }

    const fn bits(self) -> u32 {
        match self {
            Self::Usual => 0o666,
            Self::Private => 0o600,
            Self::AtMost(bits) => bits,
        }
    }
}

/// What happens to a file that is in the place of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced.
    Replace,
    /// It stays, and there is no output: also when it appears while the output is written.
    Keep,
}

/// Where the output goes.
///
/// For a file, the bytes go into a nameless or temporary file in the same directory, and
/// [`OutputFile::commit`] puts it in the place of the target in one step. Dropped before, nothing
/// of it stays and the target is as it was.
#[derive(Debug)]
pub(crate) struct OutputFile {
    file: File,
    name: String,
    target: Option<Target>,
}

#[derive(Debug)]
struct Target {
    path: PathBuf,
    directory: PathBuf,
    existing: Existing,
    /// The temporary name; a nameless file has none, so that not even a killed process leaves one.
    temporary: Option<(TempPath, Temporary)>,
}

impl OutputFile {
    /// Opens `path`; none and `-` are standard output.
    ///
    /// What exists and is not a regular file (a device, a pipe) is written to directly. A new
    /// content keeps the permissions of the file that it replaces.
    pub(crate) fn open(path: Option<&Path>, mode: Mode) -> Result<Self, Failure> {
        match path.filter(|path| !is_standard_output(path)) {
            Some(path) => Self::at(path, mode, Existing::Replace),
            None => Self::standard(),
        }
    }

    /// Opens `path`, of whatever name; what is there already is treated as `existing` says.
    pub(crate) fn at(path: &Path, mode: Mode, existing: Existing) -> Result<Self, Failure> {
        interrupt::fail_at_size_limits();
        let name = path.display().to_string();
        let cannot = |error: io::Error| Failure::io(format!("cannot write {name}"), &error);
        let permissions = match fs::metadata(path) {
            Ok(_) if existing == Existing::Keep => return Err(exists(&name)),
            Ok(there) if there.is_dir() => {
                return Err(Failure::new(Kind::Failed, format!("{name} is a directory")));
            }
            Ok(there) if !there.is_file() => {
                let file = open_special(path, there.file_type()).map_err(cannot)?;
                return Ok(Self {
                    file,
                    name,
                    target: None,
                });
            }
            Ok(there) => kept_permissions(&there, mode),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(cannot(error)),
        };
        let path = resolved(path).map_err(cannot)?;
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let (file, temporary) = create_beside(&directory, mode, permissions).map_err(cannot)?;
        let target = Target {
            path,
            directory,
            existing,
            temporary,
        };
        Ok(Self {
            file,
            name,
            target: Some(target),
        })
    }

    fn standard() -> Result<Self, Failure> {
        let name = "standard output".to_owned();
        let descriptor = io::stdout().as_fd().try_clone_to_owned();
        let file =
            descriptor.map_err(|error| Failure::io(format!("cannot write to {name}"), &error))?;
        Ok(Self {
            file: file.into(),
            name,
            target: None,
        })
    }

    /// The file to write to.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Whether what is written has left when it is written.
    pub(crate) fn is_standard(&self) -> bool {
        self.target.is_none()
    }

    /// Whether a terminal shows what is written.
    pub(crate) fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// What to say when writing fails.
    pub(crate) fn failed(&self, error: &io::Error) -> Failure {
        Failure::io(format!("cannot write to {}", self.name), error)
    }

    /// Makes a file durable and gives it its name; standard output has nothing left to be done.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        let Self { file, name, target } = self;
        match target {
            None => Ok(()),
            Some(target) => target.commit(&file).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => exists(&name),
                _ => Failure::io(format!("cannot write {name}"), &error),
            }),
        }
    }
}

impl Target {
    fn commit(self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        let (temporary, _registered) = match self.temporary {
            Some(temporary) => temporary,
            None => registered(give_name(file, &self.directory)?),
        };
        let persisted = match self.existing {
            Existing::Replace => temporary.persist(&self.path),
            Existing::Keep => temporary.persist_noclobber(&self.path),
        };
        persisted.map_err(|refused| refused.error)?;
        File::open(&self.directory)?.sync_all()
    }
}

fn exists(name: &str) -> Failure {
    Failure::new(Kind::Failed, format!("{name} exists already")).hint("--force replaces it")
}

/// The names of standard output, of which those in `/dev` may not be replaced by a file.
fn is_standard_output(path: &Path) -> bool {
    let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    names.iter().any(|name| path.as_os_str() == *name)
}

/// A temporary name that goes when a signal ends the command.
fn registered(path: TempPath) -> (TempPath, Temporary) {
    let temporary = Temporary::file(&path);
    (path, temporary)
}

/// The permissions that a file keeps when it is replaced: those for reading, writing and running,
/// of a file of one's own. Somebody else's file, or a bit such as set-user-ID, would give what is
/// written now to somebody whom nobody asked for; what is private stays with its owner.
fn kept_permissions(existing: &fs::Metadata, mode: Mode) -> Option<Permissions> {
    let own = existing.uid() == rustix::process::geteuid().as_raw();
    let kept = match mode {
        Mode::Usual | Mode::AtMost(_) => 0o777,
        Mode::Private => 0o600,
    };
    own.then(|| Permissions::from_mode(existing.permissions().mode() & kept))
}

/// The file that a link stands for, so that the link stays.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() && path.exists() => fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

fn open_special(path: &Path, kind: fs::FileType) -> io::Result<File> {
    if kind.is_socket() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "it is a socket"));
    }
    OpenOptions::new().write(true).open(path)
}

fn create_beside(
    directory: &Path,
    mode: Mode,
    replaced: Option<Permissions>,
) -> io::Result<(File, Option<(TempPath, Temporary)>)> {
    // What replaces a file is nobody else's to read until it has that file's permissions.
    let first = if replaced.is_some() {
        Mode::Private
    } else {
        mode
    };
    let (file, temporary) = match create_nameless(directory, first) {
        Some(file) => (file, None),
        None => {
            let named = create_named(directory, first)?;
            let (file, path) = named.into_parts();
            (file, Some(registered(path)))
        }
    };
    if let Some(permissions) = replaced {
        file.set_permissions(permissions)?;
    }
    Ok((file, temporary))
}

fn create_named(directory: &Path, mode: Mode) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".kms-")
        .permissions(Permissions::from_mode(mode.bits()))
        .tempfile_in(directory)
}

/// A file without a name, where the file system can have one that is given a name later.
#[cfg(target_os = "linux")]
fn create_nameless(directory: &Path, mode: Mode) -> Option<File> {
    if !Path::new("/proc/self/fd").exists() {
        return None;
    }
    let flags = rustix::fs::OFlags::TMPFILE.bits().try_into().ok()?;
    OpenOptions::new()
        .write(true)
        .mode(mode.bits())
        .custom_flags(flags)
        .open(directory)
        .ok()
}

#[cfg(not(target_os = "linux"))]
fn create_nameless(_directory: &Path, _mode: Mode) -> Option<File> {
    None
}

/// Gives a nameless file a temporary name, from which it can be renamed over its target.
#[cfg(target_os = "linux")]
fn give_name(file: &File, directory: &Path) -> io::Result<TempPath> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};

    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    let named = tempfile::Builder::new()
        .prefix(".kms-")
        .make_in(directory, |path| {
            linkat(CWD, nameless.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW)
                .map_err(io::Error::from)
        })?;
    Ok(named.into_temp_path())
}

#[cfg(not(target_os = "linux"))]
fn give_name(_file: &File, _directory: &Path) -> io::Result<TempPath> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn write(path: &Path, mode: Mode, content: &[u8]) {
        let output = OutputFile::open(Some(path), mode).unwrap();
        output.file().write_all(content).unwrap();
        output.commit().unwrap();
    }

    fn entries(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_appears_only_when_it_is_complete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        let output = OutputFile::open(Some(&path), Mode::Usual).unwrap();
        output.file().write_all(b"new").unwrap();
        assert!(!path.exists());
        output.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(entries(directory.path()), 1);
    }

    #[test]
    fn what_is_given_up_leaves_the_directory_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        fs::write(&path, b"old").unwrap();
        let output = OutputFile::open(Some(&path), Mode::Usual).unwrap();
        output.file().write_all(b"new").unwrap();
        drop(output);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(entries(directory.path()), 1);
    }

    #[test]
    fn a_new_content_keeps_the_permissions_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        fs::write(&path, b"old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write(&path, Mode::Usual, b"new");
        assert_eq!(mode_of(&path), 0o640);
    }

    #[test]
    fn what_exists_is_kept_also_when_it_appears_later() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        let output = OutputFile::at(&path, Mode::Usual, Existing::Keep).unwrap();
        output.file().write_all(b"new").unwrap();
        fs::write(&path, b"old").unwrap();
        assert!(output.commit().is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(entries(directory.path()), 1);
        assert!(OutputFile::at(&path, Mode::Usual, Existing::Keep).is_err());
    }

    #[test]
    fn a_file_made_of_another_is_open_to_nobody_more() {
        let directory = tempfile::tempdir().unwrap();
        let (from, path) = (directory.path().join("a"), directory.path().join("b"));
        fs::write(&from, b"").unwrap();
        fs::set_permissions(&from, Permissions::from_mode(0o600)).unwrap();
        write(&path, Mode::like(&File::open(&from).unwrap()), b"secret");
        assert_eq!(mode_of(&path), 0o600);
    }

    #[test]
    fn a_private_file_is_its_owner_s_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        write(&path, Mode::Private, b"secret");
        assert_eq!(mode_of(&path), 0o600);
    }

    #[test]
    fn a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("f"), directory.path().join("l"));
        fs::write(&path, b"old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, Mode::Usual, b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_device_is_written_to_and_a_directory_is_refused() {
        write(Path::new("/dev/null"), Mode::Usual, b"x");
        assert!(OutputFile::open(Some(Path::new("/")), Mode::Usual).is_err());
    }

    #[test]
    fn without_nameless_files_a_temporary_name_does() {
        let directory = tempfile::tempdir().unwrap();
        let (file, path) = create_named(directory.path(), Mode::Private)
            .unwrap()
            .into_parts();
        let target = Target {
            path: directory.path().join("f"),
            directory: directory.path().to_owned(),
            existing: Existing::Replace,
            temporary: Some(registered(path)),
        };
        target.commit(&file).unwrap();
        assert_eq!(entries(directory.path()), 1);
    }
}
