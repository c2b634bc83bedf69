//! Whole objects and ranges of them.

use std::ops::Range;

use object_store::{GetOptions, GetRange};

use super::*;

async fn with(length: usize, frame_length: u32) -> (EncryptedObjectStore, Path, Vec<u8>) {
    let store = store_over(Arc::new(InMemory::new()), frames_of(frame_length));
    let (location, plaintext) = (Path::from("a/b"), pattern(length));
    store
        .put(&location, plaintext.clone().into())
        .await
        .unwrap();
    (store, location, plaintext)
}

async fn get(
    store: &EncryptedObjectStore,
    location: &Path,
    range: Option<GetRange>,
) -> object_store::Result<(Range<u64>, Vec<u8>)> {
    let options = GetOptions::new().with_range(range);
    let result = store.get_opts(location, options).await?;
    let range = result.range.clone();
    Ok((range, result.bytes().await?.to_vec()))
}

#[tokio::test]
async fn any_range_is_what_the_plaintext_has_there() {
    for length in [0, 1, 15, 16, 17, 32, 33, 50] {
        let (store, location, plaintext) = with(length, 16).await;
        assert_eq!(store.head(&location).await.unwrap().size, length as u64);
        let whole = get(&store, &location, None).await.unwrap();
        assert_eq!(whole, (0..length as u64, plaintext.clone()));
        for start in 0..length {
            for end in start + 1..=length + 1 {
                let (from, to) = (start as u64, end as u64);
                let ends = [from..to.min(length as u64), from..length as u64];
                let wanted = [GetRange::Bounded(from..to), GetRange::Offset(from)];
                for (range, expected) in wanted.into_iter().zip(ends) {
                    let bytes = &plaintext[start..expected.end as usize];
                    let read = get(&store, &location, Some(range)).await.unwrap();
                    assert_eq!(read, (expected, bytes.to_vec()));
                }
            }
            let suffix = GetRange::Suffix(start as u64);
            let (range, read) = get(&store, &location, Some(suffix)).await.unwrap();
            assert_eq!(range, (length - start) as u64..length as u64);
            assert_eq!(read, plaintext[length - start..]);
        }
    }
}

#[tokio::test]
async fn frames_of_every_length_are_read_at_their_borders() {
    for frame_length in [1, 4096, 65_536, 1_048_576] {
        let frame = frame_length as usize;
        for length in [frame - 1, frame, frame + 1, 3 * frame, 3 * frame + 7] {
            let (store, location, plaintext) = with(length, frame_length).await;
            let (_, whole) = get(&store, &location, None).await.unwrap();
            assert!(whole == plaintext, "{length} bytes in frames of {frame}");
            for border in (0..=length).step_by(frame) {
                let (start, end) = (border.saturating_sub(2), length.min(border + 2));
                if start < end {
                    let range = start as u64..end as u64;
                    let part = store.get_range(&location, range).await.unwrap();
                    assert_eq!(part, plaintext[start..end]);
                }
            }
        }
    }
}

#[tokio::test]
async fn several_ranges_are_read_in_any_order_and_overlapping() {
    let (store, location, plaintext) = with(1000, 16).await;
    let bounds = [
        (0, 1),
        (990, 1000),
        (17, 40),
        (30, 33),
        (17, 40),
        (500, 700),
        (0, 1000),
    ];
    // Opened by the first call, known to the second.
    for _ in 0..2 {
        let ranges = bounds.map(|(start, end)| start..end);
        let parts = store.get_ranges(&location, &ranges).await.unwrap();
        for ((start, end), part) in bounds.into_iter().zip(parts) {
            assert_eq!(
                part,
                plaintext[start as usize..end as usize],
                "{start}..{end}"
            );
        }
    }
    assert!(store.get_ranges(&location, &[]).await.unwrap().is_empty());
    let beyond = store
        .get_ranges(&location, std::slice::from_ref(&(990..2000)))
        .await
        .unwrap();
    assert_eq!(beyond[0], plaintext[990..]);
}

#[tokio::test]
async fn ranges_that_no_store_has_are_refused() {
    let (store, location, _) = with(40, 16).await;
    let backwards = Range { start: 5, end: 4 };
    for _ in 0..2 {
        for range in [40..41, 5..5, backwards.clone(), u64::MAX - 1..u64::MAX] {
            let ranges = [0..1, range.clone()];
            assert!(store.get_ranges(&location, &ranges).await.is_err());
            let read = get(&store, &location, Some(GetRange::Bounded(range))).await;
            assert!(read.is_err());
        }
        let read = get(&store, &location, Some(GetRange::Offset(40))).await;
        assert!(read.is_err());
        store.get(&location).await.unwrap();
    }
}

#[tokio::test]
async fn another_store_with_the_same_key_and_options_reads_what_this_one_wrote() {
    let inner = Arc::new(InMemory::new());
    let location = Path::from("a");
    let context = |name: &str| StoreOptions {
        context: [("store".to_owned(), name.to_owned())]
            .into_iter()
            .collect(),
        ..frames_of(16)
    };
    let one = store_over(inner.clone(), context("lake"));
    one.put(&location, pattern(50).into()).await.unwrap();
    let same = store_over(inner.clone(), context("lake"));
    let read = same.get(&location).await.unwrap().bytes().await.unwrap();
    assert_eq!(read, pattern(50));
    let refused = [
        store_over(inner.clone(), context("pond")),
        store_over(inner.clone(), frames_of(16)),
        EncryptedObjectStore::new(inner.clone(), Arc::new(raw_keyring(8)), context("lake"))
            .unwrap(),
    ];
    for other in refused {
        let error = other.get(&location).await.unwrap_err();
        assert!(matches!(
            refusal(&error),
            EncryptedObjectError::Decrypt { .. }
        ));
    }
}
