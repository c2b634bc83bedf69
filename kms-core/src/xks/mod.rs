//! External key stores: custom key stores as they are kept, and both sides of AWS's External Key
//! Store Proxy API, `docs/spec/external-key-stores.md`.
//!
//! Pure: what is said to a proxy and what its answers mean. Who carries it is an
//! [`ExternalKeyProxy`], which the program brings.

mod client;
mod error_name;
mod integrity;
mod message;
mod proxy;
pub mod sealing;
mod store;

pub use client::{Failure, ProxyCall};
pub use error_name::ErrorName;
pub use integrity::{authenticated, integrity_value};
pub use message::{
    DecryptReply, DecryptRequest, EncryptReply, EncryptRequest, ErrorReply, ExternalKeyManager,
    HealthReply, Malformed, MetadataReply, MetadataRequest, RequestMetadata, read,
};
pub use proxy::{ExternalKeyProxy, ProxyFailure, ProxyReply, ProxyRequest, Replying};
pub use store::{Connection, CustomKeyStore, ExternalKey, Proxy, ProxyCredential};

/// The service that requests to a proxy are signed for.
pub const SERVICE: &str = "kms-xks-proxy";

/// The end of every proxy's path.
pub const PATH_END: &str = "/kms/xks/v1";

/// The only algorithm.
pub const AES_GCM: &str = "AES_GCM";

/// The only algorithm of the integrity value.
pub const SHA_256: &str = "SHA_256";

/// The longest plaintext that a proxy has to take, in bytes.
pub const MAX_PLAINTEXT: usize = 4300;

/// The longest AAD that a proxy has to take, in bytes.
pub const MAX_AUTHENTICATED_DATA: usize = 8192;

/// The longest `ciphertextMetadata`, in bytes.
pub const MAX_CIPHERTEXT_METADATA: usize = 20;

/// The longest answer of a proxy that is read, in bytes.
pub const MAX_REPLY: usize = 64 * 1024;
