//! Reading a passphrase once, into memory that is wiped.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use kms_core::secret::SecretBytes;

use super::{ConfigError, PassphraseSource};

/// The longest passphrase, in bytes; more is taken for the wrong file.
const LONGEST: usize = 4096;

impl PassphraseSource {
    /// Reads to the end and takes off one line end. A pipe can be read only once.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], or [`ConfigError::Value`] when it is empty or longer than
    /// 4096 bytes.
    pub(crate) fn read(&self) -> Result<SecretBytes, ConfigError> {
        let path = self.path();
        let bytes = read(&path).map_err(|source| ConfigError::Unreadable { path, source })?;
        if bytes.is_empty() || bytes.len() > LONGEST {
            return Err(ConfigError::Value {
                key: "passphrase",
                reason: format!("it must have 1 to {LONGEST} bytes"),
            });
        }
        Ok(bytes)
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Descriptor(number) => format!("/proc/self/fd/{number}").into(),
        }
    }
}

fn read(path: &std::path::Path) -> io::Result<SecretBytes> {
    // Room for all that is read, so that no copy stays behind where a vector grew.
    let mut bytes = Vec::with_capacity(LONGEST + 64);
    let limit = u64::try_from(LONGEST + 3).unwrap_or(u64::MAX);
    let read = File::open(path)?.take(limit).read_to_end(&mut bytes);
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        } else {
            break;
        }
    }
    let bytes = SecretBytes::new(bytes);
    read.map(|_| bytes)
}
