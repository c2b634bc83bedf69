//! Reading a principals file and the files that it names.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::principals_file::{
    self, InvalidPrincipals, MAX_DOCUMENT, MAX_FILE, PrincipalsFile, References,
};
use crate::root::private_file::{self, PrivateFileError};
use crate::secret::{SecretBytes, SecretText};

/// The longest file with a secret, in bytes.
const MAX_SECRET: usize = 256;

/// Why there is no principals file to apply. Tells no secret.
#[derive(Debug, thiserror::Error)]
pub enum UnreadablePrincipals {
    /// The system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no plain file, or everybody can write it.
    #[error("{} must be a plain file that not everybody can write", .0.display())]
    Exposed(PathBuf),
    /// It is too long, or no text.
    #[error("{}: a principals file is text of at most 4 MiB", .0.display())]
    NoText(PathBuf),
    /// It says what it cannot.
    #[error("{}:{}: {}", path.display(), source.line, source.reason)]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: InvalidPrincipals,
    },
}

/// A principals file, and what is known of the files that it consists of.
#[derive(Debug)]
pub struct PrincipalsSource {
    path: PathBuf,
    /// Every file that was opened, or not found, when it was last read.
    seen: Vec<(PathBuf, Stamp)>,
}

/// What tells one content of a file from another one; `None` of a file that is not there.
pub type Stamp = Option<FileStamp>;

/// See [`Stamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<&Metadata> for FileStamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl PrincipalsSource {
    /// The file at `path`, which is not read yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            seen: Vec::new(),
        }
    }

    /// Reads the file, and the documents and secrets that it names.
    ///
    /// # Errors
    /// [`UnreadablePrincipals`].
    pub fn read(&mut self) -> Result<PrincipalsFile, UnreadablePrincipals> {
        let path = self.path.clone();
        self.seen.clear();
        let io = |source| UnreadablePrincipals::Io {
            path: path.clone(),
            source,
        };
        let opened = self.open(&path, private_file::open_protected);
        let opened = opened.map_err(|error| match error {
            PrivateFileError::Exposed => UnreadablePrincipals::Exposed(path.clone()),
            PrivateFileError::Io(source) => io(source),
        })?;
        let text = bounded(opened, MAX_FILE).map_err(io)?;
        let text = text.ok_or_else(|| UnreadablePrincipals::NoText(path.clone()))?;
        principals_file::parse(&text, self)
            .map_err(|source| UnreadablePrincipals::Invalid { path, source })
    }

    /// What the files were when they were last read.
    #[must_use]
    pub fn seen(&self) -> Vec<Stamp> {
        self.seen.iter().map(|(_, stamp)| *stamp).collect()
    }

    /// What they are now, in the same order.
    #[must_use]
    pub fn now(&self) -> Vec<Stamp> {
        let now = |path: &PathBuf| fs::metadata(path).ok().map(|found| (&found).into());
        self.seen.iter().map(|(path, _)| now(path)).collect()
    }

    fn open(
        &mut self,
        path: &Path,
        open: fn(&Path) -> Result<File, PrivateFileError>,
    ) -> Result<File, PrivateFileError> {
        let opened = open(path);
        // Of the file that was opened: what comes in its place is another one.
        let stamp = match &opened {
            Ok(file) => file.metadata().ok(),
            Err(_) => fs::metadata(path).ok(),
        };
        let stamp = stamp.as_ref().map(FileStamp::from);
        self.seen.push((path.to_owned(), stamp));
        opened
    }

    fn beside(&self, path: &str) -> PathBuf {
        let directory = self.path.parent().unwrap_or(Path::new(""));
        directory.join(path)
    }
}

/// A text of at most `most` bytes; `None` for what is none.
fn bounded(file: File, most: usize) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Ok(None);
    }
    Ok(String::from_utf8(bytes).ok())
}

/// The system's words without the number.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        kind => format!("cannot be read: {kind}"),
    }
}

impl References for PrincipalsSource {
    fn document(&mut self, path: &str) -> Result<String, String> {
        let opened = self.open(&self.beside(path), private_file::open_protected);
        let opened = opened.map_err(|error| match error {
            PrivateFileError::Exposed => {
                "must be a plain file that not everybody can write".to_owned()
            }
            PrivateFileError::Io(error) => words(&error),
        })?;
        match bounded(opened, MAX_DOCUMENT) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err("is not text of at most 128 KiB".to_owned()),
            Err(error) => Err(words(&error)),
        }
    }

    fn secret(&mut self, path: &str) -> Result<SecretText, String> {
        let opened = self.open(&self.beside(path), private_file::open);
        let opened = opened.map_err(|error| match error {
            PrivateFileError::Exposed => {
                "must be a plain file of mode 0600 or 0400 that this user owns".to_owned()
            }
            PrivateFileError::Io(error) => words(&error),
        })?;
        first_line(opened).map_err(|error| words(&error))
    }
}

/// The first line of a short file, without its end. The bytes are read into one buffer that does
/// not grow, which leaves no copies behind; of a longer file they are no secret access key.
fn first_line(mut file: File) -> io::Result<SecretText> {
    let mut filled = 0;
    let buffer = SecretBytes::try_build(MAX_SECRET, |buffer| {
        while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
            match file.read(free) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })?;
    let read = buffer.expose().get(..filled).unwrap_or_default();
    let line = read.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).unwrap_or_default();
    Ok(SecretText::new(text.to_owned()))
}
