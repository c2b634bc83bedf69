//! Objects that change while a store knows them.

use object_store::{GetOptions, PutMode, PutPayload, UpdateVersion};

use super::*;

#[tokio::test]
async fn an_object_that_is_replaced_is_read_as_it_is_now() {
    let inner = Arc::new(InMemory::new());
    let location = Path::from("a");
    let (reader, writer) = (
        store_over(inner.clone(), frames_of(16)),
        store_over(inner.clone(), frames_of(16)),
    );
    // Longer, shorter, as long, empty: the reader knows the one before each time.
    for length in [40, 400, 20, 20, 0, 100] {
        let plaintext: Vec<u8> = (0..length).map(|_| length as u8).collect();
        writer
            .put(&location, plaintext.clone().into())
            .await
            .unwrap();
        if length > 0 {
            let last = length as u64 - 1..length as u64;
            let part = reader.get_range(&location, last.clone()).await.unwrap();
            assert_eq!(part, [length as u8][..]);
            let parts = reader.get_ranges(&location, &[0..1, last]).await.unwrap();
            assert_eq!(parts, [vec![length as u8], vec![length as u8]]);
        }
        let whole = reader.get(&location).await.unwrap().bytes().await.unwrap();
        assert_eq!(whole, plaintext);
    }
    inner.delete(&location).await.unwrap();
    let gone = reader.get(&location).await.unwrap_err();
    assert!(matches!(gone, object_store::Error::NotFound { .. }));
    let gone = reader
        .get_ranges(&location, std::slice::from_ref(&(0..1)))
        .await
        .unwrap_err();
    assert!(matches!(gone, object_store::Error::NotFound { .. }));
}

#[tokio::test]
async fn several_ranges_of_a_replaced_object_are_of_one_state() {
    let inner = Arc::new(InMemory::new());
    let location = Path::from("a");
    let (reader, writer) = (
        store_over(inner.clone(), frames_of(16)),
        store_over(inner.clone(), frames_of(16)),
    );
    for byte in 0..5_u8 {
        writer.put(&location, vec![byte; 100].into()).await.unwrap();
        let parts = reader
            .get_ranges(&location, &[0..1, 50..51, 99..100])
            .await
            .unwrap();
        assert_eq!(parts, vec![vec![byte]; 3]);
    }
}

/// The object `a`, all of these bytes, as it is stored.
async fn stored(byte: u8, length: usize) -> PutPayload {
    let inner = Arc::new(InMemory::new());
    let (store, location) = (
        store_over(inner.clone(), StoreOptions::default()),
        Path::from("a"),
    );
    store
        .put(&location, vec![byte; length].into())
        .await
        .unwrap();
    inner
        .get(&location)
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap()
        .into()
}

#[tokio::test]
async fn an_object_that_is_replaced_between_two_requests_is_read_in_one_state() {
    const LENGTH: usize = 300_000;
    let location = Path::from("a");
    // The object is the first of them, and is replaced before the request of this place: the ones that
    // open it, the one that reads.
    for place in 0..4 {
        let inner = Arc::new(inner::Watched::default());
        let store = store_over(inner.clone(), StoreOptions::default());
        inner
            .memory
            .put(&location, stored(1, LENGTH).await)
            .await
            .unwrap();
        let mut requests = vec![None; place];
        requests.push(Some(stored(2, LENGTH).await));
        inner.replace_before(requests.clone());
        let whole = store.get(&location).await.unwrap().bytes().await.unwrap();
        assert!(whole == vec![whole[0]; LENGTH], "request {place}");

        let store = store_over(inner.clone(), StoreOptions::default());
        inner
            .memory
            .put(&location, stored(1, LENGTH).await)
            .await
            .unwrap();
        inner.replace_before(requests);
        let ranges = [0..1, 150_000..150_001, 299_999..300_000];
        let parts = store.get_ranges(&location, &ranges).await.unwrap();
        assert_eq!(parts, vec![parts[0].clone(); 3]);
    }
}

#[tokio::test]
async fn an_object_that_never_stays_the_same_is_told_as_changed() {
    let location = Path::from("a");
    let inner = Arc::new(inner::Watched::default());
    let store = store_over(inner.clone(), StoreOptions::default());
    inner
        .memory
        .put(&location, stored(0, 300_000).await)
        .await
        .unwrap();
    for byte in 1..60 {
        inner.replace_before([Some(stored(byte, 300_000).await)]);
    }
    let whole = store.get(&location).await.unwrap_err();
    let parts = store
        .get_ranges(&location, std::slice::from_ref(&(0..1)))
        .await
        .unwrap_err();
    for error in [whole, parts] {
        assert!(matches!(
            refusal(&error),
            EncryptedObjectError::Changed { .. }
        ));
    }
}

#[tokio::test]
async fn a_put_on_a_condition_has_the_e_tags_of_the_inner_store() {
    let inner = Arc::new(InMemory::new());
    let store = store_over(inner.clone(), frames_of(16));
    let location = Path::from("a");
    let first = store.put(&location, pattern(40).into()).await.unwrap();
    let stored = inner.head(&location).await.unwrap();
    assert_eq!(first.e_tag, stored.e_tag);
    assert_eq!(store.head(&location).await.unwrap().e_tag, stored.e_tag);
    assert_eq!(store.get(&location).await.unwrap().meta.e_tag, stored.e_tag);

    let update = |e_tag: &Option<String>| {
        PutMode::Update(UpdateVersion {
            e_tag: e_tag.clone(),
            version: None,
        })
    };
    let second = store.put_opts(&location, pattern(41).into(), update(&first.e_tag).into());
    let second = second.await.unwrap();
    let stale = store.put_opts(&location, pattern(42).into(), update(&first.e_tag).into());
    let stale = stale.await.unwrap_err();
    assert!(matches!(stale, object_store::Error::Precondition { .. }));

    let matching = |e_tag: &Option<String>| GetOptions::new().with_if_match(e_tag.clone());
    let read = store
        .get_opts(&location, matching(&second.e_tag))
        .await
        .unwrap();
    assert_eq!(read.bytes().await.unwrap(), pattern(41));
    let stale = store
        .get_opts(&location, matching(&first.e_tag))
        .await
        .unwrap_err();
    assert!(matches!(stale, object_store::Error::Precondition { .. }));
}

#[tokio::test]
async fn a_copy_is_encrypted_for_its_place_and_an_object_renamed_to_itself_stays() {
    let inner = Arc::new(inner::Watched::default());
    let store = store_over(inner.clone(), StoreOptions::default());
    let [a, b, c] = ["a", "b", "c"].map(Path::from);
    for length in [100, 20_000_003] {
        let plaintext = pattern(length);
        store.put(&a, plaintext.clone().into()).await.unwrap();
        store.copy(&a, &b).await.unwrap();
        store.copy_if_not_exists(&b, &c).await.unwrap();
        let exists = store.copy_if_not_exists(&a, &c).await.unwrap_err();
        assert!(matches!(exists, object_store::Error::AlreadyExists { .. }));
        store.rename(&b, &b).await.unwrap();
        for location in [&a, &b, &c] {
            let read = store.get(location).await.unwrap().bytes().await.unwrap();
            assert!(read == plaintext, "{location}");
        }
        let stored = [&a, &b].map(|location| inner.memory.get(location));
        let [one, other] = stored;
        let one = one.await.unwrap().bytes().await.unwrap();
        let other = other.await.unwrap().bytes().await.unwrap();
        assert!(one.len() == other.len() && one[1024..] != other[1024..]);
        store.delete(&c).await.unwrap();
    }
    let missing = store.rename(&c, &c).await.unwrap_err();
    assert!(matches!(missing, object_store::Error::NotFound { .. }));
}
