//! What a command writes: standard output, or a file that appears only when it is complete.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

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
    /// Of those whom the umask lets, those who have this access.
    AtMost(Access),
}

/// Who has which permissions on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    owner: u32,
    group: u32,
    bits: u32,
}

impl Access {
    /// Those for reading, writing and running: a bit such as set-user-ID is for one content only.
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            owner: metadata.uid(),
            group: metadata.gid(),
            bits: metadata.mode() & 0o777,
        }
    }
}

impl Mode {
    /// As the file that is read, so that what was private stays so in another form.
    pub(crate) fn like(input: &File) -> Self {
        let metadata = input.metadata();
        metadata.map_or(Self::Private, |metadata| {
            Self::AtMost(Access::of(&metadata))
        })
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
        let existing_access = match fs::metadata(path) {
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
            Ok(there) => Some(Access::of(&there)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(cannot(error)),
        };
        let path = resolved(path).map_err(cannot)?;
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let planned = match existing_access {
            Some(old) if is_planted(old, &directory) => Plan::PRIVATE,
            Some(old) => Plan::in_place_of(old, mode),
            None => Plan::of_new(mode),
        };
        let (file, temporary) = create_beside(&directory, planned).map_err(cannot)?;
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

/// What a file is given before anything is written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// Whose it becomes, where the system lets it; nobody but who writes it when there is none.
    owner: Option<u32>,
    /// The group that `bits` is meant for; when there is none, that of a new file.
    group: Option<u32>,
    bits: u32,
}

impl Plan {
    const PRIVATE: Self = Self {
        owner: None,
        group: None,
        bits: 0o600,
    };

    fn of_new(mode: Mode) -> Self {
        match mode {
            Mode::Usual => Self {
                bits: 0o666 & !umask(),
                ..Self::PRIVATE
            },
            Mode::Private => Self::PRIVATE,
            Mode::AtMost(like) => Self {
                owner: None,
                group: Some(like.group),
                bits: like.bits & !umask(),
            },
        }
    }

    /// A new content is for those for whom the old one was, whoever writes it; one that is private, or
    /// made of another file, for those of them who may have it.
    fn in_place_of(old: Access, mode: Mode) -> Self {
        match mode {
            Mode::Usual => Self {
                owner: Some(old.owner),
                group: Some(old.group),
                bits: old.bits,
            },
            Mode::Private => Self {
                bits: old.bits & 0o600,
                ..Self::PRIVATE
            },
            Mode::AtMost(like) => {
                let bits = old.bits & like.bits;
                let is_one_group = old.group == like.group;
                Self {
                    owner: (old.owner == like.owner).then_some(old.owner),
                    group: is_one_group.then_some(old.group),
                    bits: if is_one_group {
                        bits
                    } else {
                        without_group(bits)
                    },
                }
            }
        }
    }

    /// Gives all of it to a file that is still private.
    fn apply(self, file: &File) -> io::Result<()> {
        let Self { owner, group, bits } = self;
        // Only root gives a file away; everybody can give it to a group of theirs. Where neither can
        // be, what follows shuts the group out.
        if (owner.is_some() || group.is_some()) && fchown(file, owner, group).is_err() {
            let _ = fchown(file, None, group);
        }
        let has = file.metadata()?.gid();
        let bits = match group {
            Some(group) if group != has => without_group(bits),
            _ => bits,
        };
        // A file system without permissions refuses that; with them, the file just stays private.
        let _ = file.set_permissions(Permissions::from_mode(bits));
        Ok(())
    }
}

/// The permissions when the file belongs to another group than they were meant for: nothing for that,
/// and no more for the others, among whom the old group is now, than it had.
const fn without_group(bits: u32) -> u32 {
    bits & 0o707 & (0o770 | (bits >> 3 & 0o7))
}

/// Whether somebody else has put the file where everybody can put files: to get what is written now.
fn is_planted(old: Access, directory: &Path) -> bool {
    let Ok(directory) = fs::metadata(directory) else {
        return true;
    };
    let is_sticky = directory.mode() & 0o1000 != 0;
    let own = rustix::process::geteuid().as_raw();
    is_sticky && old.owner != own && old.owner != directory.uid()
}

/// The permissions that new files do not have.
fn umask() -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    // It can only be read by being set. Once: two threads at it would leave the wrong one.
    *UMASK.get_or_init(|| {
        let found = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        rustix::process::umask(found);
        found.as_raw_mode()
    })
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

/// Makes a file that is nobody else's to open until it has its own permissions.
fn create_beside(
    directory: &Path,
    planned: Plan,
) -> io::Result<(File, Option<(TempPath, Temporary)>)> {
    let (file, temporary) = match create_nameless(directory) {
        Some(file) => (file, None),
        None => {
            let (file, path) = create_named(directory)?.into_parts();
            (file, Some(registered(path)))
        }
    };
    planned.apply(&file)?;
    Ok((file, temporary))
}

fn create_named(directory: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".kms-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)
}

/// A file without a name, where the file system can have one that is given a name later.
#[cfg(target_os = "linux")]
fn create_nameless(directory: &Path) -> Option<File> {
    if !Path::new("/proc/self/fd").exists() {
        return None;
    }
    let flags = rustix::fs::OFlags::TMPFILE.bits().try_into().ok()?;
    OpenOptions::new()
        .write(true)
        .mode(0o600)
        .custom_flags(flags)
        .open(directory)
        .ok()
}

#[cfg(not(target_os = "linux"))]
fn create_nameless(_directory: &Path) -> Option<File> {
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
    fn what_replaces_a_file_is_open_to_nobody_more() {
        let directory = tempfile::tempdir().unwrap();
        let (from, path) = (directory.path().join("a"), directory.path().join("b"));
        for (path, bits) in [(&from, 0o600), (&path, 0o644)] {
            fs::write(path, b"").unwrap();
            fs::set_permissions(path, Permissions::from_mode(bits)).unwrap();
        }
        write(&path, Mode::like(&File::open(&from).unwrap()), b"secret");
        assert_eq!(mode_of(&path), 0o600);
    }

    #[test]
    fn a_group_keeps_only_what_was_its_own() {
        let access = |owner, group, bits| Access { owner, group, bits };
        let plan = |owner, group, bits| Plan { owner, group, bits };
        let old = access(1, 2, 0o640);
        let usual = Plan::in_place_of(old, Mode::Usual);
        assert_eq!(usual, plan(Some(1), Some(2), 0o640));
        let private = Plan::in_place_of(old, Mode::Private);
        assert_eq!(private, plan(None, None, 0o600));
        let like = |like| Plan::in_place_of(old, Mode::AtMost(like));
        assert_eq!(like(access(1, 2, 0o444)), plan(Some(1), Some(2), 0o440));
        assert_eq!(like(access(9, 3, 0o666)), plan(None, None, 0o600));
        assert_eq!(without_group(0o664), 0o604);
        assert_eq!(without_group(0o604), 0o600);
    }

    #[test]
    fn the_owner_and_the_group_stay_where_they_can() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        fs::write(&path, b"old").unwrap();
        // Who is not root cannot make the files that this is about.
        if fchown(File::open(&path).unwrap(), Some(12_345), Some(12_346)).is_err() {
            return;
        }
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write(&path, Mode::Usual, b"new");
        let kept = fs::metadata(&path).unwrap();
        assert_eq!((kept.uid(), kept.gid()), (12_345, 12_346));
        assert_eq!(mode_of(&path), 0o640);
    }

    #[test]
    fn where_everybody_puts_files_that_of_another_is_not_trusted() {
        let directory = tempfile::tempdir().unwrap();
        let own = rustix::process::geteuid().as_raw();
        let access = |owner| Access {
            owner,
            group: 0,
            bits: 0o644,
        };
        assert!(!is_planted(access(own + 1), directory.path()));
        fs::set_permissions(directory.path(), Permissions::from_mode(0o1777)).unwrap();
        assert!(is_planted(access(own + 1), directory.path()));
        assert!(!is_planted(access(own), directory.path()));
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
        let (file, path) = create_named(directory.path()).unwrap().into_parts();
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
