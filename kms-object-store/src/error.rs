//! What this store refuses, as what an [`object_store::Error::Generic`] has inside.

use kms_core::ciphertext::InvalidContext;
use kms_core::envelope::{DecryptError, EncryptError};
use object_store::path::Path;

/// What errors of this store call it.
pub(crate) const STORE: &str = "EncryptedObjectStore";

/// Why an object was not read or not written, besides what the inner store says: the source of an
/// [`object_store::Error::Generic`], to be downcast to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptedObjectError {
    /// The object is not authentic, is another one's, or its data key cannot be had.
    #[error("{location} cannot be decrypted: {source}")]
    Decrypt {
        /// Which object.
        location: Path,
        /// What is wrong with it.
        source: DecryptError,
    },
    /// No object that this store wrote has this size: it is cut off, or somebody else's.
    #[error("{location} has {size} bytes, which no object encrypted by this store has")]
    Size {
        /// Which object.
        location: Path,
        /// Its bytes in the inner store.
        size: u64,
    },
    /// The object is a message whose header or frames have other lengths than this store's.
    #[error(
        "{location} was encrypted with another header length or frame length than this store's"
    )]
    Lengths {
        /// Which object.
        location: Path,
    },
    /// The inner store gave something else than what was asked for.
    #[error("{location} was changed while it was read")]
    Changed {
        /// Which object.
        location: Path,
    },
    /// The object could not be encrypted.
    #[error("{location} cannot be encrypted: {source}")]
    Encrypt {
        /// Which object.
        location: Path,
        /// Why.
        source: EncryptError,
    },
    /// A part was put into an upload that has failed, or was completed or aborted.
    #[error("the upload of {location} has ended")]
    UploadEnded {
        /// Which object.
        location: Path,
    },
}

impl From<EncryptedObjectError> for object_store::Error {
    fn from(error: EncryptedObjectError) -> Self {
        Self::Generic {
            store: STORE,
            source: Box::new(error),
        }
    }
}

/// Why no store was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStoreOptions {
    /// The frame length is not from 1 byte to 1 MiB.
    #[error("the frame length must be from 1 to 1048576 bytes")]
    FrameLength,
    /// The header length is not from 256 bytes to 64 KiB.
    #[error("the header length must be from 256 to 65536 bytes")]
    HeaderLength,
    /// The encryption context has a pair that the store or the format keeps for itself.
    #[error("the encryption context key {0:?} is reserved")]
    ReservedContextKey(String),
    /// The encryption context has no serialised form.
    #[error(transparent)]
    Context(#[from] InvalidContext),
}
