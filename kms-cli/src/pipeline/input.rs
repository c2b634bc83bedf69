//! What a command reads: a file, or standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use kms_core::secret::SecretBytes;

use super::progress::Progress;
use crate::failure::{Failure, Kind};

/// The largest document that is read whole: policies are at most 32 KiB.
const MAX_DOCUMENT: u64 = 1 << 20;

/// An opened input and what to call it in messages.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) file: File,
    pub(crate) name: String,
    progress: Progress,
}

/// Reads the file, and tells how far it has come.
impl Read for &Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&self.file).read(buffer)?;
        self.progress.advance(count);
        Ok(count)
    }
}

/// Which content a file had when it was looked at, as far as the file system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileVersion {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl FileVersion {
    /// Of the file at `path`; `None` when there is none.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::new)
    }

    fn new(metadata: &std::fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Input {
    /// Opens `path`; none and `-` are standard input.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            return Self::standard();
        };
        Self::at(path)
    }

    /// Opens `path`, of whatever name.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| cannot_read(&name, &error))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(Failure::new(Kind::Failed, format!("{name} is a directory"))
                .hint("pack it first, as with tar"));
        }
        Ok(Self {
            file,
            name,
            progress: Progress::silent(),
        })
    }

    /// The same, which shows on a terminal how far it is read, unless it is typed there.
    pub(crate) fn showing(self, progress: impl FnOnce(Option<u64>) -> Progress) -> Self {
        if self.file.is_terminal() {
            return self;
        }
        let progress = progress(self.regular_length());
        Self { progress, ..self }
    }

    /// Takes what is shown of the reading away.
    pub(crate) fn end_of_progress(&self) {
        self.progress.clear();
    }

    fn standard() -> Result<Self, Failure> {
        let name = "standard input".to_owned();
        let descriptor = io::stdin().as_fd().try_clone_to_owned();
        let file = descriptor.map_err(|error| cannot_read(&name, &error))?;
        Ok(Self {
            file: file.into(),
            name,
            progress: Progress::silent(),
        })
    }

    /// Whether this is the very file that standard output writes to, which would read its own
    /// output, or has lost its content to the shell already.
    pub(crate) fn is_standard_output(&self) -> bool {
        let output = io::stdout().as_fd().try_clone_to_owned().map(File::from);
        let metadata = |file: &File| file.metadata().ok().filter(std::fs::Metadata::is_file);
        let (Some(input), Some(output)) = (
            metadata(&self.file),
            output.ok().as_ref().and_then(metadata),
        ) else {
            return false;
        };
        (input.dev(), input.ino()) == (output.dev(), output.ino())
    }

    /// The length in bytes of a regular file; `None` for pipes, terminals and other devices.
    pub(crate) fn regular_length(&self) -> Option<u64> {
        let metadata = self.file.metadata().ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Where a regular file is read from next; `None` for what cannot be read twice.
    pub(crate) fn position(&self) -> Option<u64> {
        self.regular_length()?;
        (&self.file).stream_position().ok()
    }

    /// Goes back to a position.
    pub(crate) fn go_back(&self, position: u64) -> Result<(), Failure> {
        self.progress.begin_again();
        let sought = (&self.file).seek(SeekFrom::Start(position));
        sought.map(|_| ()).map_err(|error| self.failed(&error))
    }

    /// What to say when reading fails.
    pub(crate) fn failed(&self, error: &io::Error) -> Failure {
        cannot_read(&self.name, error)
    }
}

fn cannot_read(name: &str, error: &io::Error) -> Failure {
    Failure::io(format!("cannot read {name}"), error)
}

/// A text document of at most a mebibyte, such as a policy.
pub(crate) fn read_document(path: &Path) -> Result<String, Failure> {
    read_text(path, MAX_DOCUMENT)
}

/// The bits of the mode of a file with a private key that must not be set: others in any way, the
/// group writing.
const FORBIDDEN_KEY_MODE: u32 = 0o037;

/// Refuses a file with a private key that others can read. A pipe is whose process it is.
pub(crate) fn refuse_exposed(file: &File, name: &str) -> Result<(), Failure> {
    let metadata = file.metadata().map_err(|error| cannot_read(name, &error))?;
    if metadata.is_file() && metadata.mode() & FORBIDDEN_KEY_MODE != 0 {
        let message = format!("{name} can be read by others");
        return Err(Failure::new(Kind::Failed, message).hint("its mode should be 0600 or 0640"));
    }
    Ok(())
}

/// A text of at most `most` bytes.
pub(crate) fn read_text(path: &Path, most: u64) -> Result<String, Failure> {
    text_of(&Input::open(Some(path))?, most)
}

/// The text of an input, of at most `most` bytes.
pub(super) fn text_of(input: &Input, most: u64) -> Result<String, Failure> {
    // Room for all that is read, so that a text with secrets leaves no copy where it grew.
    let length = input.regular_length().unwrap_or_default().min(most);
    let length = usize::try_from(length).unwrap_or_default();
    let mut text = String::with_capacity(length.saturating_add(64));
    let mut bounded = (&input.file).take(most.saturating_add(1));
    bounded
        .read_to_string(&mut text)
        .map_err(|error| input.failed(&error))?;
    if bounded.limit() == 0 {
        let message = format!("{} is larger than it can be", input.name);
        return Err(Failure::new(Kind::Failed, message));
    }
    Ok(text)
}

/// The longest line of a secret file in bytes.
const MAX_LINE: usize = 4095;

/// The first line of a small secret file, without its end of line.
///
/// The bytes are read into one buffer that does not grow, which leaves no copies behind.
pub(crate) fn read_private(file: &mut File, name: &str) -> Result<SecretBytes, Failure> {
    let mut filled = 0;
    let buffer = SecretBytes::try_build(MAX_LINE + 1, |buffer| {
        while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
            match file.read(free) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot_read(name, &error)),
            }
        }
        Ok(())
    })?;
    let mut lines = buffer.expose().split(|&byte| byte == b'\n');
    let line = lines
        .next()
        .and_then(|line| line.get(..filled.min(line.len())));
    match line {
        Some(line) if line.len() <= MAX_LINE => Ok(SecretBytes::new(line.to_vec())),
        _ => Err(Failure::usage(format!(
            "{name} is too long for a passphrase"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file_with(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn a_passphrase_is_the_first_line_without_its_end() {
        for (content, expected) in [
            (&b"a b\n"[..], &b"a b"[..]),
            (b"a b", b"a b"),
            (b"a \nrest", b"a "),
            (b"", b""),
        ] {
            let line = read_private(&mut file_with(content), "f").unwrap();
            assert_eq!(line.expose(), expected);
        }
    }

    #[test]
    fn a_passphrase_file_without_bound_is_refused() {
        assert!(read_private(&mut file_with(&[b'x'; 4096]), "f").is_err());
    }
}
