//! Uploads in parts.

use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::FutureExt;
use object_store::local::LocalFileSystem;
use object_store::{MultipartUpload, PutPayload, PutResult, UploadPart};

use super::*;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn parts_of_any_size_make_the_object() {
    let directory = tempfile::tempdir().unwrap();
    let files = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    for inner in [
        Arc::new(InMemory::new()) as Arc<dyn ObjectStore>,
        Arc::new(files),
    ] {
        let store = store_over(inner, StoreOptions::default());
        let location = Path::from("a/b");
        for sizes in [
            &[][..],
            &[0],
            &[1],
            &[65_536],
            &[65_535, 1, 65_537, 0, 3],
            &[6 * MIB, 6 * MIB, 100],
            &[1, 12 * MIB, 2],
        ] {
            let plaintext = pattern(sizes.iter().sum());
            let mut rest = &plaintext[..];
            let mut upload = store.put_multipart(&location).await.unwrap();
            for size in sizes {
                let (part, after) = rest.split_at(*size);
                upload.put_part(part.to_vec().into()).await.unwrap();
                rest = after;
            }
            upload.complete().await.unwrap();
            let read = store.get(&location).await.unwrap();
            assert_eq!(read.meta.size, plaintext.len() as u64);
            assert!(read.bytes().await.unwrap() == plaintext, "{sizes:?}");
        }
    }
}

#[tokio::test]
async fn an_upload_that_is_aborted_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let files = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    let store = store_over(Arc::new(files), StoreOptions::default());
    let location = Path::from("a");
    let mut upload = store.put_multipart(&location).await.unwrap();
    upload.put_part(pattern(7 * MIB).into()).await.unwrap();
    upload.abort().await.unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    let error = upload.put_part("more".into()).await.unwrap_err();
    assert!(matches!(
        refusal(&error),
        EncryptedObjectError::UploadEnded { .. }
    ));
    let error = upload.complete().await.unwrap_err();
    assert!(matches!(
        refusal(&error),
        EncryptedObjectError::UploadEnded { .. }
    ));
}

/// An upload that keeps the lengths of its parts and fails from one on.
#[derive(Debug)]
struct Parts {
    lengths: Arc<Mutex<Vec<usize>>>,
    /// Where the parts start in memory.
    addresses: Arc<Mutex<Vec<usize>>>,
}

#[async_trait]
impl MultipartUpload for Parts {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.lengths.lock().unwrap().push(data.content_length());
        let pieces = data.iter().map(|piece| piece.as_ptr().addr());
        self.addresses.lock().unwrap().extend(pieces);
        async { Ok(()) }.boxed()
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        Ok(PutResult {
            e_tag: None,
            version: None,
            extensions: Default::default(),
        })
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn parts_are_handed_on_in_one_size_that_stores_take() {
    for (size, expected) in [
        (1000, 5 * MIB),
        (5 * MIB, 5 * MIB),
        (6 * MIB + 1, 6 * MIB + 1),
    ] {
        let store = store_over(Arc::new(InMemory::new()), StoreOptions::default());
        let lengths = Arc::new(Mutex::new(Vec::new()));
        let mut upload = store.put_multipart_for_tests(&Path::from("a")).await;
        upload.replace_for_tests(Box::new(Parts {
            lengths: lengths.clone(),
            addresses: Arc::default(),
        }));
        let count = 20 * MIB / size;
        for _ in 0..count {
            upload.put_part(pattern(size).into()).await.unwrap();
        }
        upload.complete().await.unwrap();
        let lengths = lengths.lock().unwrap();
        let (last, others) = lengths.split_last().unwrap();
        assert!(others.len() >= 3 && others.iter().all(|length| *length == expected));
        assert!(*last > 0 && *last <= expected);
        let frames = count * size / 65_536;
        let sealed = 1024 + count * size + frames * 32 + 40;
        assert_eq!(lengths.iter().sum::<usize>(), sealed);
    }
}

#[tokio::test]
async fn a_part_longer_than_the_first_is_handed_on_without_copies() {
    const SIZE: usize = 5 * MIB;
    let store = store_over(Arc::new(InMemory::new()), StoreOptions::default());
    let parts = Parts {
        lengths: Arc::default(),
        addresses: Arc::default(),
    };
    let (lengths, addresses) = (parts.lengths.clone(), parts.addresses.clone());
    let mut upload = store.put_multipart_for_tests(&Path::from("a")).await;
    upload.replace_for_tests(Box::new(parts));
    upload.put_part("first".into()).await.unwrap();
    upload.put_part(pattern(4 * SIZE).into()).await.unwrap();
    assert_eq!(*lengths.lock().unwrap(), [SIZE; 4]);
    // One after the other in memory, as they were sealed.
    for pair in addresses.lock().unwrap().windows(2) {
        assert_eq!(pair[1] - pair[0], SIZE);
    }
    // What waits does not hold on to the memory of the parts.
    let (waiting, held) = upload.waiting_for_tests();
    assert!(waiting > 0 && waiting < SIZE && held < SIZE);
}
