//! Data keys that serve several messages.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::time::{Clock, SetClock, Timestamp};
use craft::Craft;

/// Counts what a keyring is asked.
#[derive(Default)]
struct Counts {
    generated: AtomicU64,
    unwrapped: AtomicU64,
}

impl Counts {
    fn generated(&self) -> u64 {
        self.generated.load(Ordering::SeqCst)
    }

    fn unwrapped(&self) -> u64 {
        self.unwrapped.load(Ordering::SeqCst)
    }
}

struct Counting<K> {
    keys: K,
    counts: Arc<Counts>,
}

impl<K: DataKeys> DataKeys for Counting<K> {
    fn generate(&self, length: usize, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        self.counts.generated.fetch_add(1, Ordering::SeqCst);
        self.keys.generate(length, context)
    }

    fn wrap(
        &self,
        data_key: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        self.keys.wrap(data_key, context)
    }

    fn unwrap(
        &self,
        encrypted: &[EncryptedDataKey],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, KeyError> {
        self.counts.unwrapped.fetch_add(1, Ordering::SeqCst);
        self.keys.unwrap(encrypted, context, length)
    }
}

/// A cache, the time, and what the keyrings behind it were asked.
struct Bench {
    cache: Arc<DataKeyCache>,
    clock: Arc<SetClock>,
    counts: Arc<Counts>,
}

impl Bench {
    fn new(capacity: usize) -> Self {
        Self {
            cache: Arc::new(DataKeyCache::new(NonZeroUsize::new(capacity).unwrap())),
            clock: Arc::new(SetClock::new(Timestamp::from_seconds(1_000_000))),
            counts: Arc::default(),
        }
    }

    fn over<K: DataKeys>(&self, keys: K, limits: CacheLimits) -> CachingKeyring<Counting<K>> {
        let counts = Arc::clone(&self.counts);
        let keys = Counting { keys, counts };
        CachingKeyring::new(keys, Arc::clone(&self.cache), limits, self.clock.clone())
    }

    fn sealer(&self, limits: CacheLimits) -> Sealer<CachingKeyring<Counting<RawAesKeyring>>> {
        Sealer::new(self.over(keyring(), limits), Arc::new(SystemRandom))
    }

    fn at(&self, milliseconds: i64) {
        let start = Timestamp::from_seconds(1_000_000);
        self.clock.set(start.plus_millis(milliseconds));
    }
}

fn a_minute() -> CacheLimits {
    CacheLimits::new(Duration::from_secs(60)).unwrap()
}

fn data_keys_of(message: &[u8]) -> Vec<EncryptedDataKey> {
    inspect(&mut &*message).unwrap().encrypted_data_keys
}

#[test]
fn messages_with_one_context_share_a_data_key_and_nothing_else() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute());
    let messages = [b"one", b"two"].map(|value| sealer.seal(value, &context()).unwrap());
    assert_eq!(bench.counts.generated(), 1);
    let [one, two] = messages
        .each_ref()
        .map(|message| inspect(&mut &message[..]).unwrap());
    assert_eq!(one.encrypted_data_keys, two.encrypted_data_keys);
    assert_ne!(one.message_id, two.message_id);
    assert_ne!(one.commitment, two.commitment);
    // What was made with a cache is read without one.
    for (message, value) in messages.iter().zip([b"one", b"two"]) {
        let (released, result) = open(message);
        result.unwrap();
        assert_eq!(released, value);
    }
}

#[test]
fn a_data_key_is_decrypted_once_for_all_messages_that_have_it() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute());
    let messages = [b"one", b"two"].map(|value| sealer.seal(value, &context()).unwrap());
    for message in messages.iter().chain(&messages) {
        sealer.open(message, &context()).unwrap();
    }
    assert_eq!(bench.counts.unwrapped(), 1);
    // The stream reader uses the cache as well.
    let keys = bench.over(keyring(), a_minute());
    for message in &messages {
        let options = DecryptOptions::default();
        decrypt(&mut &message[..], &mut io::sink(), &keys, &options).unwrap();
    }
    assert_eq!(bench.counts.unwrapped(), 2);
}

#[test]
fn another_context_has_another_data_key() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute());
    let contexts = [
        EncryptionContext::new(),
        EncryptionContext::from([("a", "bc")]),
        EncryptionContext::from([("ab", "c")]),
    ];
    let messages = contexts
        .each_ref()
        .map(|context| sealer.seal(b"value", context).unwrap());
    assert_eq!(bench.counts.generated(), 3);
    for (message, context) in messages.iter().zip(&contexts) {
        sealer.open(message, context).unwrap();
    }
    assert_eq!(bench.counts.unwrapped(), 3);
    // A cached data key does not open a message under another context.
    let options = |context: &EncryptionContext| DecryptOptions {
        reproduced_context: context.clone(),
        ..DecryptOptions::default()
    };
    let keys = bench.over(keyring(), a_minute()).in_partition("p");
    let sealed = Sealer::new(&keys, Arc::new(SystemRandom));
    let message = sealed.seal(b"value", &contexts[0]).unwrap();
    sealed.open(&message, &contexts[0]).unwrap();
    let refused = decrypt(
        &mut &message[..],
        &mut io::sink(),
        &keys,
        &options(&contexts[1]),
    );
    assert!(matches!(refused, Err(DecryptError::Key(_))));
}

#[test]
fn a_data_key_leaves_at_its_age_to_write_and_to_read() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute());
    let message = sealer.seal(b"value", &context()).unwrap();
    sealer.open(&message, &context()).unwrap();
    bench.at(59_999);
    sealer.seal(b"value", &context()).unwrap();
    sealer.open(&message, &context()).unwrap();
    assert_eq!((bench.counts.generated(), bench.counts.unwrapped()), (1, 1));
    bench.at(60_000);
    sealer.seal(b"value", &context()).unwrap();
    sealer.open(&message, &context()).unwrap();
    assert_eq!((bench.counts.generated(), bench.counts.unwrapped()), (2, 2));
}

#[test]
fn what_is_too_old_is_wiped_when_the_cache_is_used_for_anything() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute());
    for purpose in ["a", "b", "c"] {
        let context = EncryptionContext::from([("purpose", purpose)]);
        sealer.seal(b"value", &context).unwrap();
    }
    assert_eq!(bench.cache.len(), 3);
    bench.at(60_000);
    sealer.seal(b"value", &EncryptionContext::new()).unwrap();
    assert_eq!(bench.cache.len(), 1);
}

#[test]
fn when_the_clock_goes_back_no_data_key_is_kept() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute());
    sealer.seal(b"value", &context()).unwrap();
    bench.at(-1);
    sealer.seal(b"value", &context()).unwrap();
    assert_eq!(bench.counts.generated(), 2);
    assert_eq!(bench.cache.len(), 1);
}

#[test]
fn a_data_key_encrypts_as_many_messages_as_the_limit_says() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute().with_max_messages(3).unwrap());
    for message in 1..=7_u64 {
        sealer.seal(b"value", &context()).unwrap();
        assert_eq!(bench.counts.generated(), message.div_ceil(3));
    }
}

#[test]
fn a_data_key_encrypts_as_many_bytes_as_the_limit_says() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute().with_max_bytes(10).unwrap());
    let seal = |length| {
        sealer.seal(&pattern(length), &context()).unwrap();
        bench.counts.generated()
    };
    assert_eq!([4, 6, 0].map(seal), [1, 1, 1]);
    assert_eq!(seal(1), 2);
    // Too long for any shared data key: it gets its own, and the shared one stays.
    assert_eq!(seal(11), 3);
    assert_eq!(seal(9), 3);
    assert_eq!(seal(1), 4);
}

#[test]
fn limits_that_cannot_be_are_refused() {
    assert_eq!(CacheLimits::new(Duration::ZERO), Err(CacheLimitsError));
    let micro = CacheLimits::new(Duration::from_micros(999));
    assert_eq!(micro, Err(CacheLimitsError));
    assert_eq!(a_minute().with_max_messages(0), Err(CacheLimitsError));
    let messages = a_minute().with_max_messages(MOST_CACHED_MESSAGES + 1);
    assert_eq!(messages, Err(CacheLimitsError));
    let bytes = a_minute().with_max_bytes(MOST_CACHED_BYTES + 1);
    assert_eq!(bytes, Err(CacheLimitsError));
    assert!(a_minute().with_max_messages(MOST_CACHED_MESSAGES).is_ok());
    assert!(a_minute().with_max_bytes(MOST_CACHED_BYTES).is_ok());
}

#[test]
fn the_least_recently_used_data_key_leaves_a_full_cache() {
    let bench = Bench::new(2);
    let sealer = bench.sealer(a_minute());
    let seal = |purpose: &str| {
        let context = EncryptionContext::from([("purpose", purpose)]);
        sealer.seal(b"value", &context).unwrap();
        bench.counts.generated()
    };
    assert_eq!(["a", "b", "a"].map(seal), [1, 2, 2]);
    // In place of b, which was used before a was again.
    assert_eq!(seal("c"), 3);
    assert_eq!(bench.cache.len(), 2);
    assert_eq!(["a", "c"].map(seal), [3, 3]);
    assert_eq!(seal("b"), 4);
}

#[test]
fn a_cleared_cache_asks_again() {
    let bench = Bench::new(2);
    let sealer = bench.sealer(a_minute());
    sealer.seal(b"value", &context()).unwrap();
    bench.cache.clear();
    assert!(bench.cache.is_empty());
    sealer.seal(b"value", &context()).unwrap();
    assert_eq!(bench.counts.generated(), 2);
}

#[test]
fn keyrings_share_data_keys_in_one_partition_only() {
    let bench = Bench::new(10);
    let keys = || bench.over(keyring(), a_minute());
    let own = [keys(), keys()];
    let named = [
        keys().in_partition("p"),
        keys().in_partition("p"),
        keys().in_partition("q"),
    ];
    let asked = |keys: &CachingKeyring<_>| {
        let before = bench.counts.generated();
        let sealer = Sealer::new(keys, Arc::new(SystemRandom));
        sealer.seal(b"value", &context()).unwrap();
        bench.counts.generated() - before
    };
    assert_eq!(own.each_ref().map(asked), [1, 1]);
    assert_eq!(named.each_ref().map(asked), [1, 0, 1]);
    assert_eq!(own.each_ref().map(asked), [0, 0]);
}

#[test]
fn the_stricter_age_of_two_in_one_partition_holds_for_whom_it_is() {
    let bench = Bench::new(10);
    let second = CacheLimits::new(Duration::from_secs(1)).unwrap();
    let [long, short] = [a_minute(), second].map(|limits| {
        let keys = bench.over(keyring(), limits).in_partition("p");
        Sealer::new(keys, Arc::new(SystemRandom))
    });
    long.seal(b"value", &context()).unwrap();
    bench.at(1_000);
    short.seal(b"value", &context()).unwrap();
    assert_eq!(bench.counts.generated(), 2);
}

#[test]
fn streams_of_unknown_length_and_signed_messages_have_data_keys_of_their_own() {
    let bench = Bench::new(10);
    let keys = bench.over(keyring(), a_minute());
    for _ in 0..2 {
        let (options, mut plaintext) = (EncryptOptions::default(), &b"value"[..]);
        encrypt(
            &mut plaintext,
            &mut io::sink(),
            &keys,
            &context(),
            &options,
            &SystemRandom,
        )
        .unwrap();
    }
    assert_eq!(bench.counts.generated(), 2);
    let signing = Sealer::new(&keys, Arc::new(SystemRandom)).signed();
    let messages = [b"one", b"two"].map(|value| signing.seal(value, &context()).unwrap());
    assert_eq!(bench.counts.generated(), 4);
    assert_ne!(data_keys_of(&messages[0]), data_keys_of(&messages[1]));
    assert!(bench.cache.is_empty());
    // To read one again, its data key is not decrypted again.
    signing.open(&messages[0], &context()).unwrap();
    signing.open(&messages[0], &context()).unwrap();
    assert_eq!(bench.counts.unwrapped(), 1);
}

#[test]
fn the_data_keys_of_suites_that_derive_no_key_are_not_kept() {
    for (id, kept) in [(0x0078, 0), (0x0178, 1), (0x0478, 1)] {
        let bench = Bench::new(10);
        let keys = bench.over(craft::keys_of(id), a_minute());
        let message = Craft::message(id, Content::Framed(16), b"plaintext");
        let options = craft::reading_all();
        decrypt(&mut &message[..], &mut io::sink(), &keys, &options).unwrap();
        assert_eq!(bench.cache.len(), kept, "{id:04x}");
    }
}

#[test]
fn a_data_key_that_was_refused_is_not_kept() {
    let bench = Bench::new(10);
    let sealer = bench.sealer(a_minute());
    let other = SecretBytes::new(vec![8; 32]);
    let other = RawAesKeyring::new("namespace", "name", &other, Arc::new(SystemRandom)).unwrap();
    let message = Sealer::new(other, Arc::new(SystemRandom)).seal(b"value", &context());
    for tries in 1..=2 {
        let refused = sealer.open(message.as_ref().unwrap(), &context());
        assert!(matches!(refused, Err(DecryptError::Key(_))));
        assert_eq!(bench.counts.unwrapped(), tries);
    }
    assert!(bench.cache.is_empty());
}

#[test]
fn neither_cache_nor_keyring_prints_a_data_key() {
    let bench = Bench::new(10);
    let keys = bench.over(
        Fixed(b"secret data key of thirty-2 byte".to_vec()),
        a_minute(),
    );
    let sealer = Sealer::new(&keys, Arc::new(SystemRandom));
    sealer.seal(b"value", &context()).unwrap();
    let printed = format!("{keys:?} {sealer:?} {:?}", bench.cache);
    assert!(
        printed.contains("len: 1") && !printed.contains("secret"),
        "{printed}"
    );
}

/// A clock that goes on by a millisecond whenever it is read, and lets other threads go first.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let now = self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::yield_now();
        Timestamp::from_millis(now)
    }
}

#[test]
fn threads_that_wait_for_each_other_are_no_clock_that_goes_back() {
    let bench = Bench::new(10);
    let (cache, counts) = (Arc::clone(&bench.cache), Arc::clone(&bench.counts));
    let keys = Counting {
        keys: keyring(),
        counts,
    };
    let clock = Arc::new(Ticking(AtomicI64::new(0)));
    let keys = CachingKeyring::new(keys, cache, a_minute(), clock);
    let sealer = Sealer::new(keys, Arc::new(SystemRandom));
    let message = sealer.seal(b"value", &context()).unwrap();
    sealer.open(&message, &context()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..200 {
                    sealer.seal(b"value", &context()).unwrap();
                    sealer.open(&message, &context()).unwrap();
                }
            });
        }
    });
    assert_eq!((bench.counts.generated(), bench.counts.unwrapped()), (1, 1));
}
