//! The store as its users see it.

mod conformance;
mod inner;
mod parquet_files;
mod ranges;
mod replaced;
mod requests;
mod tampered;
mod uploads;

use std::sync::Arc;

use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{DataKey, DataKeys, EncryptedDataKey, KeyError, RawAesKeyring};
use kms_core::secret::SecretBytes;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;

/// Bytes of a frame in the tests that count them.
const FRAME: u64 = 64 * 1024;

fn raw_keyring(byte: u8) -> RawAesKeyring {
    let key = SecretBytes::new(vec![byte; 32]);
    RawAesKeyring::new("namespace", "name", &key, Arc::new(SystemRandom)).unwrap()
}

fn keyring() -> Keyring {
    Arc::new(raw_keyring(7))
}

fn frames_of(frame_length: u32) -> StoreOptions {
    StoreOptions {
        frame_length,
        ..StoreOptions::default()
    }
}

fn store_over(inner: Arc<dyn ObjectStore>, options: StoreOptions) -> EncryptedObjectStore {
    EncryptedObjectStore::new(inner, keyring(), options).unwrap()
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251).try_into().unwrap()).collect()
}

/// What is inside an error of this store.
fn refusal(error: &object_store::Error) -> &EncryptedObjectError {
    match error {
        object_store::Error::Generic { source, .. } => source.downcast_ref().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Gives no data key.
struct NoKeys;

impl DataKeys for NoKeys {
    fn generate(&self, _: usize, _: &EncryptionContext) -> Result<DataKey, KeyError> {
        Err("access denied".into())
    }

    fn wrap(
        &self,
        _: &SecretBytes,
        _: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        Err("access denied".into())
    }

    fn unwrap(
        &self,
        _: &[EncryptedDataKey],
        _: &EncryptionContext,
        _: usize,
    ) -> Result<SecretBytes, KeyError> {
        Err("access denied".into())
    }
}

#[tokio::test]
async fn whoever_has_no_data_key_neither_reads_nor_writes_and_is_told_why() {
    let inner = Arc::new(InMemory::new());
    let location = Path::from("a");
    let store = store_over(inner.clone(), StoreOptions::default());
    store.put(&location, "secret".into()).await.unwrap();
    let keyless = EncryptedObjectStore::new(inner.clone(), Arc::new(NoKeys), frames_of(65_536));
    let keyless = keyless.unwrap();
    for error in [
        keyless.get(&location).await.unwrap_err(),
        keyless.put(&Path::from("b"), "x".into()).await.unwrap_err(),
        keyless.put_multipart(&Path::from("b")).await.unwrap_err(),
    ] {
        let mut text = String::new();
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            text += &error.to_string();
            cause = error.source();
        }
        assert!(text.contains("access denied"), "{text}");
    }
    assert!(inner.head(&Path::from("b")).await.is_err());
}

#[tokio::test]
async fn nothing_of_an_object_or_its_name_stands_in_the_inner_store_in_clear() {
    let inner = Arc::new(InMemory::new());
    let location = Path::from("folder/name");
    let store = store_over(inner.clone(), frames_of(16));
    let plaintext = b"attack at dawn, attack at dawn";
    store
        .put(&location, plaintext.to_vec().into())
        .await
        .unwrap();
    let stored = inner.get(&location).await.unwrap().bytes().await.unwrap();
    for clear in [&b"attack"[..], b"folder/name"] {
        assert!(!stored.windows(clear.len()).any(|bytes| bytes == clear));
    }
}

#[test]
fn options_that_no_object_could_be_written_with_are_refused() {
    let refused =
        |options| EncryptedObjectStore::new(Arc::new(InMemory::new()), keyring(), options);
    for frame_length in [0, 1_048_577] {
        let refused = refused(frames_of(frame_length));
        assert!(matches!(refused, Err(InvalidStoreOptions::FrameLength)));
    }
    for header_length in [0, 255, 65_537] {
        let refused = refused(StoreOptions {
            header_length,
            ..StoreOptions::default()
        });
        assert!(matches!(refused, Err(InvalidStoreOptions::HeaderLength)));
    }
    for key in [LOCATION_CONTEXT_KEY, "aws-crypto-public-key"] {
        let context = [(key.to_owned(), "x".to_owned())].into_iter().collect();
        let refused = refused(StoreOptions {
            context,
            ..StoreOptions::default()
        });
        assert!(matches!(
            refused,
            Err(InvalidStoreOptions::ReservedContextKey(_))
        ));
    }
}

#[test]
fn a_store_works_without_a_runtime() {
    let store = store_over(Arc::new(InMemory::new()), frames_of(16));
    let location = Path::from("a");
    let read = futures_util::FutureExt::now_or_never(async {
        store.put(&location, pattern(100).into()).await?;
        store.get(&location).await?.bytes().await
    });
    assert_eq!(read.unwrap().unwrap(), pattern(100));
}

#[test]
fn a_store_prints_no_key() {
    let store = store_over(Arc::new(InMemory::new()), StoreOptions::default());
    assert_eq!(store.to_string(), "EncryptedObjectStore(InMemory)");
    assert!(!format!("{store:?}").contains("key"));
}
