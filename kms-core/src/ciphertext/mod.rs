//! What Encrypt returns and Decrypt takes: the encryption context and the ciphertext blob.
//!
//! The format is `docs/spec/ciphertext-blob.md`.

pub mod blob;
mod context;
mod double;

pub use blob::{CiphertextBlob, InvalidCiphertext};
pub use context::{EncryptionContext, InvalidContext};
pub use double::{DoubleBlob, Name, OuterLayer};
