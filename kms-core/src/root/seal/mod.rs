//! What guards the root keys: a key file or a passphrase.

mod blob;
pub mod file;
pub mod passphrase;

use std::fmt;

use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::secret::SecretBytes;

pub use file::{KeyFile, KeyFileError};
pub use passphrase::Passphrase;

/// Guards a secret of any length outside the store.
pub trait SealProvider: fmt::Debug + Send + Sync {
    /// What the provider is called, for people.
    fn name(&self) -> &str;

    /// Seals `secret` as `docs/spec/key-hierarchy.md` says.
    ///
    /// # Errors
    /// [`SealError::Failed`] when there is no randomness.
    fn seal(&self, secret: &[u8], random: &dyn Random) -> Result<Vec<u8>, SealError>;

    /// Opens what [`SealProvider::seal`] of the same provider made.
    ///
    /// # Errors
    /// [`SealError`]; a wrong key and an altered blob cannot be told apart.
    fn unseal(&self, sealed: &[u8]) -> Result<SecretBytes, SealError>;
}

/// Which provider made a sealed blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// [`KeyFile`].
    KeyFile,
    /// [`Passphrase`].
    Passphrase,
}

impl ProviderKind {
    /// The provider that a sealed blob names.
    ///
    /// # Errors
    /// [`SealError::Malformed`] or [`SealError::UnknownVersion`].
    pub fn of(sealed: &[u8]) -> Result<Self, SealError> {
        blob::SealedBlob::parse(sealed).map(|blob| blob.provider)
    }

    const fn code(self) -> u8 {
        match self {
            Self::KeyFile => 1,
            Self::Passphrase => 2,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::KeyFile),
            2 => Some(Self::Passphrase),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::KeyFile => "key file",
            Self::Passphrase => "passphrase",
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a secret cannot be sealed or unsealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file is not the one, or the sealed bytes were altered.
    #[error("wrong root key, or the sealed root key was altered")]
    WrongKey,
    /// The passphrase is not the one, or the sealed bytes were altered.
    #[error("wrong passphrase, or the sealed root key was altered")]
    WrongPassphrase,
    /// The bytes are not a sealed blob.
    #[error("not a sealed root key")]
    Malformed,
    /// A later program wrote it.
    #[error("the root key is sealed in format version {0}, which this program does not know")]
    UnknownVersion(u8),
    /// Another provider is needed.
    #[error("the root key is guarded by a {found}, not by a {asked}")]
    OtherProvider {
        /// What sealed it.
        found: ProviderKind,
        /// What was to open it.
        asked: ProviderKind,
    },
    /// A cost of Argon2id that is too low to protect or too high to serve.
    #[error("the cost of the passphrase hash is outside its limits")]
    Cost,
    /// A passphrase of no bytes.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// No randomness, or a secret that is too long.
    #[error(transparent)]
    Failed(#[from] Failed),
}
