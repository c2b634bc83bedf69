//! What Encrypt returns and Decrypt takes: the encryption context and the ciphertext blob.
//!
//! The format is `docs/spec/ciphertext-blob.md`.

mod context;

pub use context::{EncryptionContext, InvalidContext};
