//! What somebody does who has the inner store and no key.

use futures_util::TryStreamExt;
use object_store::{GetOptions, GetRange};

use super::*;

const HEADER: usize = 1024;

struct Attacked {
    inner: Arc<InMemory>,
    location: Path,
    plaintext: Vec<u8>,
    stored: Vec<u8>,
}

impl Attacked {
    async fn new(length: usize) -> Self {
        let inner = Arc::new(InMemory::new());
        let (location, plaintext) = (Path::from("a/b"), pattern(length));
        let store = store_over(inner.clone(), frames_of(16));
        store
            .put(&location, plaintext.clone().into())
            .await
            .unwrap();
        let stored = inner.get(&location).await.unwrap().bytes().await.unwrap();
        Self {
            inner,
            location,
            plaintext,
            stored: stored.to_vec(),
        }
    }

    /// Puts these bytes in the place of the object and reads it whole, in parts and by ranges: what
    /// comes is authentic, and each way of reading says whether it was.
    async fn outcomes(&self, stored: Vec<u8>) -> Vec<object_store::Result<()>> {
        self.inner.put(&self.location, stored.into()).await.unwrap();
        let (location, plaintext) = (&self.location, &self.plaintext);
        let mut outcomes = Vec::new();

        let store = store_over(self.inner.clone(), frames_of(16));
        outcomes.push(match store.get(location).await {
            Err(error) => Err(error),
            Ok(result) => {
                let mut released = Vec::new();
                let mut stream = result.into_stream();
                loop {
                    match stream.try_next().await {
                        Ok(Some(piece)) => released.extend_from_slice(&piece),
                        Ok(None) => break Ok(()),
                        Err(error) => break Err(error),
                    }
                }
                .inspect(|()| assert_eq!(&released, plaintext))
                .inspect_err(|_| assert!(plaintext.starts_with(&released)))
            }
        });
        let whole = 0..plaintext.len() as u64;
        let ranges = store.get_ranges(location, &[whole.clone(), 0..1]).await;
        outcomes.push(ranges.map(|parts| assert_eq!(parts[0], plaintext)));
        let suffix = GetOptions::new().with_range(Some(GetRange::Suffix(whole.end)));
        outcomes.push(match store.get_opts(location, suffix).await {
            Ok(result) => result.bytes().await.map(|read| assert_eq!(read, plaintext)),
            Err(error) => Err(error),
        });
        outcomes
    }

    async fn refused(&self, stored: Vec<u8>, what: &str) {
        for outcome in self.outcomes(stored).await {
            let error = outcome.expect_err(what);
            let refused = matches!(
                refusal(&error),
                EncryptedObjectError::Decrypt { .. } | EncryptedObjectError::Size { .. }
            );
            assert!(refused, "{what}: {error}");
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_anywhere_is_refused() {
    let attacked = Attacked::new(40).await;
    let end = attacked.stored.len();
    // Every bit of the fields, and of the filling of the header each byte.
    for byte in 0..end {
        let filling = (250..900).contains(&byte);
        for bit in if filling { 3..4 } else { 0..8 } {
            let mut altered = attacked.stored.clone();
            altered[byte] ^= 1 << bit;
            attacked
                .refused(altered, &format!("bit {bit} of byte {byte}"))
                .await;
        }
    }
    let intact = attacked.outcomes(attacked.stored.clone()).await;
    assert!(intact.iter().all(Result::is_ok));
}

#[tokio::test]
async fn an_object_that_is_cut_off_or_goes_on_is_refused() {
    let attacked = Attacked::new(56).await;
    for length in 1..attacked.stored.len() {
        let cut = attacked.stored[..length].to_vec();
        attacked.refused(cut, &format!("{length} bytes")).await;
    }
    for more in 1..=100 {
        let longer = [attacked.stored.clone(), vec![0; more]].concat();
        attacked
            .refused(longer, &format!("{more} bytes more"))
            .await;
    }
    let none = attacked.outcomes(Vec::new()).await;
    assert!(none.iter().all(Result::is_err));
}

#[tokio::test]
async fn frames_swapped_doubled_or_left_out_are_refused() {
    let attacked = Attacked::new(56).await;
    let (header, body) = attacked.stored.split_at(HEADER);
    let (regular, last) = body.split_at(3 * 48);
    let frames: Vec<&[u8]> = regular.chunks(48).chain([last]).collect();
    for order in [
        &[1, 0, 2, 3][..],
        &[0, 1, 3],
        &[1, 2, 3],
        &[3],
        &[0, 1, 2, 2, 3],
        &[0, 1, 2],
    ] {
        let frames: Vec<u8> = order
            .iter()
            .flat_map(|&frame| frames[frame].to_vec())
            .collect();
        let altered = [header, &frames].concat();
        attacked.refused(altered, &format!("{order:?}")).await;
    }
}

#[tokio::test]
async fn objects_that_are_swapped_or_moved_in_the_inner_store_are_refused() {
    let inner = Arc::new(InMemory::new());
    let store = store_over(inner.clone(), frames_of(16));
    let (a, b, c) = (Path::from("a"), Path::from("b"), Path::from("c"));
    store.put(&a, pattern(40).into()).await.unwrap();
    store.put(&b, pattern(41).into()).await.unwrap();
    // Both are known to the store, and still not taken for each other.
    assert!(store.get(&a).await.is_ok() && store.get(&b).await.is_ok());
    inner.copy(&a, &c).await.unwrap();
    inner.copy(&b, &a).await.unwrap();
    inner.copy(&c, &b).await.unwrap();
    for location in [&a, &b, &c] {
        for error in [
            store.get(location).await.unwrap_err(),
            store.get_range(location, 0..1).await.unwrap_err(),
            store
                .get_ranges(location, &[0..1, 20..21])
                .await
                .unwrap_err(),
        ] {
            let refused = refusal(&error);
            assert!(matches!(refused, EncryptedObjectError::Decrypt { .. }));
            assert!(refused.to_string().starts_with(location.as_ref()));
        }
    }
    inner.copy(&c, &a).await.unwrap();
    assert!(store.get(&a).await.is_ok());
}

#[tokio::test]
async fn an_object_of_other_lengths_is_refused_and_its_size_is_not_made_up() {
    let inner = Arc::new(InMemory::new());
    let location = Path::from("a");
    store_over(inner.clone(), frames_of(32))
        .put(&location, pattern(70).into())
        .await
        .unwrap();
    let other_header = StoreOptions {
        header_length: 1040,
        ..frames_of(32)
    };
    for options in [frames_of(16), other_header] {
        let store = store_over(inner.clone(), options);
        let error = store.get(&location).await.unwrap_err();
        let refused = matches!(
            refusal(&error),
            EncryptedObjectError::Lengths { .. }
                | EncryptedObjectError::Size { .. }
                | EncryptedObjectError::Decrypt { .. }
        );
        assert!(refused, "{error}");
    }
    inner.put(&location, "no message".into()).await.unwrap();
    let store = store_over(inner, frames_of(16));
    let listed: Vec<_> = futures_util::StreamExt::collect(store.list(None)).await;
    for error in [
        store.head(&location).await.unwrap_err(),
        store.list_with_delimiter(None).await.unwrap_err(),
        listed.into_iter().next().unwrap().unwrap_err(),
    ] {
        let size = matches!(refusal(&error), EncryptedObjectError::Size { size: 10, .. });
        assert!(size, "{error}");
    }
    store.delete(&location).await.unwrap();
}

#[tokio::test]
async fn nothing_comes_out_of_a_stream_after_a_frame_that_is_refused() {
    let attacked = Attacked::new(56).await;
    let mut altered = attacked.stored.clone();
    // In the second of three regular frames, of 48 bytes each.
    altered[HEADER + 48 + 20] ^= 1;
    attacked
        .inner
        .put(&attacked.location, altered.into())
        .await
        .unwrap();
    let store = store_over(attacked.inner.clone(), frames_of(16));
    let read = store.get(&attacked.location).await.unwrap();
    let items: Vec<_> = futures_util::StreamExt::collect(read.into_stream()).await;
    assert_eq!(items.len(), 2);
    assert_eq!(*items[0].as_ref().unwrap(), attacked.plaintext[..16]);
    assert!(items[1].is_err());
}

#[tokio::test]
async fn an_inner_store_that_answers_with_another_object_and_its_name_is_refused() {
    let (a, b) = (Path::from("a"), Path::from("b"));
    for length in [40, 300_000] {
        let inner = Arc::new(inner::Watched::default());
        let store = store_over(inner.clone(), StoreOptions::default());
        store.put(&a, pattern(length).into()).await.unwrap();
        store.put(&b, pattern(length).into()).await.unwrap();
        inner.answer_with(&b);
        // Once when nothing is known of either, and once when the object that is given is.
        for _ in 0..2 {
            for error in [
                store.get(&a).await.unwrap_err(),
                store.get_ranges(&a, &[0..1, 20..21]).await.unwrap_err(),
            ] {
                let refused = refusal(&error);
                assert!(matches!(refused, EncryptedObjectError::Decrypt { .. }));
                assert!(refused.to_string().starts_with("a "), "{refused}");
            }
            assert_eq!(store.head(&a).await.unwrap().location, a);
            let read = store.get(&b).await.unwrap();
            assert_eq!(read.bytes().await.unwrap(), pattern(length));
        }
    }
}

#[tokio::test]
async fn ranges_that_come_short_too_few_or_too_many_are_refused() {
    let location = Path::from("a");
    let spoils: [inner::Spoil; 6] = [
        |read| read.clear(),
        |read| drop(read.pop()),
        |read| read.push(read[0].clone()),
        |read| read[0].truncate(47),
        |read| read[1].truncate(0),
        |read| read[1] = [&read[1][..], b"more"].concat().into(),
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let inner = Arc::new(inner::Watched::default());
        let store = store_over(inner.clone(), frames_of(16));
        store.put(&location, pattern(200).into()).await.unwrap();
        let ranges = [0..1, 100..120];
        let parts = store.get_ranges(&location, &ranges).await.unwrap();
        assert_eq!(parts, [&pattern(200)[..1], &pattern(200)[100..120]]);
        inner.spoil_ranges(spoil);
        let error = store.get_ranges(&location, &ranges).await.unwrap_err();
        let changed = matches!(refusal(&error), EncryptedObjectError::Changed { .. });
        assert!(changed, "{number}: {error}");
    }
}
