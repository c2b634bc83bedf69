//! An object store that encrypts.
//!
//! [`EncryptedObjectStore`] stands before any [`ObjectStore`](object_store::ObjectStore) of the Apache
//! Arrow project (Amazon S3, Google Cloud Storage, Azure, files, memory) and is one itself. What is
//! put is encrypted before it leaves the process, as one message of the AWS Encryption SDK for each
//! object; what is read is authenticated before it is handed out. A range costs the frames that it
//! touches, so that readers of Parquet and the like fetch little more than they would without.
//!
//! `docs/spec/encrypted-objects.md` tells what an object looks like, what it is bound to, and what is
//! not protected.
//!
//! ```
//! # use std::sync::Arc;
//! # use kms_core::crypto::random::SystemRandom;
//! # use kms_core::envelope::RawAesKeyring;
//! # use kms_core::secret::SecretBytes;
//! use kms_object_store::{EncryptedObjectStore, StoreOptions};
//! use object_store::{ObjectStoreExt, memory::InMemory, path::Path};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = SecretBytes::new(vec![7; 32]);
//! # let keyring = RawAesKeyring::new("example", "lake", &key, Arc::new(SystemRandom))?;
//! let inner = Arc::new(InMemory::new()); // or Amazon S3, or a directory
//! let store = EncryptedObjectStore::new(inner, Arc::new(keyring), StoreOptions::default())?;
//! let location = Path::from("a/b");
//! store.put(&location, "attack at dawn".into()).await?;
//! assert_eq!(store.get_range(&location, 10..14).await?, "dawn");
//! assert_eq!(store.head(&location).await?.size, 14);
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
extern crate self as kms_object_store; // for the example, which is run as a test

mod blocking;
mod cache;
mod copy;
mod error;
mod frames;
mod lengths;
mod open;
mod put;
mod ranges;
mod read;
mod store;
#[cfg(test)]
#[expect(clippy::as_conversions, reason = "lengths of test data")]
mod tests;

pub use error::{EncryptedObjectError, InvalidStoreOptions};
pub use store::{EncryptedObjectStore, Keyring, LOCATION_CONTEXT_KEY, StoreOptions};
