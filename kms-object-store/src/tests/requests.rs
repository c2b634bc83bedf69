//! What is asked of the inner store.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt;
use object_store::{GetOptions, GetRange};

use super::inner::Watched;
use super::*;

const HEADER: u64 = 1024;
/// What is asked for first: header, and a frame of plaintext in as many as two frames.
const FIRST: u64 = HEADER + FRAME + 72;
const STRIDE: u64 = FRAME + 32;

/// Where a frame stands, counted from 0.
fn frame(index: u64) -> std::ops::Range<u64> {
    HEADER + index * STRIDE..HEADER + (index + 1) * STRIDE
}

/// Counts how often a data key is asked for.
struct CountedKeys(RawAesKeyring, AtomicUsize);

impl DataKeys for CountedKeys {
    fn generate(&self, length: usize, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        self.0.generate(length, context)
    }

    fn wrap(
        &self,
        data_key: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        self.0.wrap(data_key, context)
    }

    fn unwrap(
        &self,
        encrypted: &[EncryptedDataKey],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, KeyError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.unwrap(encrypted, context, length)
    }
}

#[tokio::test]
async fn sizes_are_told_without_reading_an_object() {
    let inner = Arc::new(Watched::default());
    let store = store_over(inner.clone(), frames_of(16));
    for length in [0, 1, 15, 16, 17, 100] {
        let location = Path::from(format!("folder/{length:03}"));
        store.put(&location, pattern(length).into()).await.unwrap();
        assert_eq!(store.head(&location).await.unwrap().size, length as u64);
    }
    let offset = Path::from("folder/001");
    let listed = [
        (store.list(None), vec![0, 1, 15, 16, 17, 100]),
        (store.list_with_offset(None, &offset), vec![15, 16, 17, 100]),
    ];
    for (listed, expected) in listed {
        let mut listed: Vec<_> = listed.try_collect().await.unwrap();
        listed.sort_by(|a, b| a.location.cmp(&b.location));
        let sizes: Vec<u64> = listed.iter().map(|meta| meta.size).collect();
        assert_eq!(sizes, expected);
    }
    let folder = store
        .list_with_delimiter(Some(&Path::from("folder")))
        .await
        .unwrap();
    assert_eq!(
        folder.objects.iter().map(|meta| meta.size).sum::<u64>(),
        149
    );
    assert_eq!(inner.take(), []);
}

#[tokio::test]
async fn an_object_is_opened_once_and_then_costs_one_request_for_its_frames() {
    let inner = Arc::new(Watched::default());
    let keys = Arc::new(CountedKeys(raw_keyring(7), AtomicUsize::new(0)));
    let store = EncryptedObjectStore::new(inner.clone(), keys.clone(), StoreOptions::default());
    let store = store.unwrap();
    let location = Path::from("a");
    let plaintext = pattern(10 * 65_536 + 5);
    store
        .put(&location, plaintext.clone().into())
        .await
        .unwrap();
    let last = HEADER + 10 * STRIDE..HEADER + 10 * STRIDE + 45;

    let part = store
        .get_range(&location, 3 * FRAME - 1..3 * FRAME + 1)
        .await
        .unwrap();
    assert_eq!(part, plaintext[3 * 65_536 - 1..3 * 65_536 + 1]);
    let two = frame(2).start..frame(3).end;
    assert_eq!(inner.take(), [0..FIRST, last.clone(), two]);

    store
        .get_range(&location, 7 * FRAME..7 * FRAME + 1)
        .await
        .unwrap();
    assert_eq!(inner.take(), [frame(7)]);
    let options = GetOptions::new().with_range(Some(GetRange::Suffix(5)));
    store
        .get_opts(&location, options)
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(inner.take(), std::slice::from_ref(&last));
    let ranges = [
        9 * FRAME..9 * FRAME + 1,
        0..1,
        FRAME..FRAME + 1,
        5..6,
        4 * FRAME..4 * FRAME + 9,
    ];
    store.get_ranges(&location, &ranges).await.unwrap();
    assert_eq!(
        inner.take(),
        [frame(0).start..frame(1).end, frame(4), frame(9)]
    );
    assert_eq!(keys.1.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_is_read_again_that_came_with_the_opening() {
    let inner = Arc::new(Watched::default());
    let store = store_over(inner.clone(), StoreOptions::default());
    let location = Path::from("a");
    store
        .put(&location, pattern(65_536 + 5).into())
        .await
        .unwrap();
    let last = HEADER + STRIDE..HEADER + STRIDE + 45;
    store.get_range(&location, FRAME..FRAME + 5).await.unwrap();
    assert_eq!(inner.take(), [0..FIRST, last.clone()]);

    let other = store_over(inner.clone(), StoreOptions::default());
    let read = other.get(&location).await.unwrap().bytes().await.unwrap();
    assert_eq!(read, pattern(65_536 + 5));
    assert_eq!(inner.take(), [0..FIRST, last]);
}

#[tokio::test]
async fn an_object_of_a_frame_or_less_costs_one_request() {
    let inner = Arc::new(Watched::default());
    let store = store_over(inner.clone(), StoreOptions::default());
    let location = Path::from("a");
    for length in [0, 1, 65_535, 65_536] {
        store.put(&location, pattern(length).into()).await.unwrap();
        let read = store.get(&location).await.unwrap().bytes().await.unwrap();
        assert_eq!(read, pattern(length));
        assert_eq!(inner.take().len(), 1, "{length} bytes");
    }
}

#[tokio::test]
async fn a_stream_gives_a_frame_at_a_time() {
    let store = store_over(Arc::new(InMemory::new()), frames_of(16));
    let location = Path::from("a");
    store.put(&location, pattern(40).into()).await.unwrap();
    // Opened first, then known.
    for _ in 0..2 {
        let stream = store.get(&location).await.unwrap().into_stream();
        let pieces: Vec<_> = stream.try_collect().await.unwrap();
        let lengths: Vec<usize> = pieces.iter().map(bytes::Bytes::len).collect();
        assert_eq!(lengths, [16, 16, 8]);
    }
}
