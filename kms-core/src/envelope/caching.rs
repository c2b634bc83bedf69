//! A keyring that gives one data key to several messages, within limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::cache::{DataKeyCache, Entry, EntryId};
use super::error::KeyError;
use super::keyring::{
    DataKey, DataKeys, DecryptionMaterialsRequest, EncryptedDataKey, EncryptionMaterialsRequest,
};
use crate::ciphertext::{EncryptionContext, InvalidContext};
use crate::crypto::digest::{Sha512Digest, sha512_of};
use crate::secret::SecretBytes;
use crate::time::{Clock, Timestamp};

/// The most messages that one data key may encrypt: 2³².
pub const MOST_CACHED_MESSAGES: u64 = 1 << 32;
/// The most bytes of plaintext that one data key may encrypt: 2⁶³ − 1.
pub const MOST_CACHED_BYTES: u64 = (1 << 63) - 1;

/// How long, and for how much, a data key is used: the *thresholds* of the AWS Encryption SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    max_age: Duration,
    max_messages: u64,
    max_bytes: u64,
}

/// Limits that data keys cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a data key must be kept for at least a millisecond, for 1 to 4294967296 messages and at most 9223372036854775807 bytes"
)]
pub struct CacheLimitsError;

impl CacheLimits {
    /// Data keys that are used for less than `max_age` after they were made or decrypted, whole
    /// milliseconds counted, and as to messages and bytes for the most that there may be:
    /// [`MOST_CACHED_MESSAGES`] and [`MOST_CACHED_BYTES`].
    ///
    /// # Errors
    /// [`CacheLimitsError`] for less than a millisecond.
    pub fn new(max_age: Duration) -> Result<Self, CacheLimitsError> {
        if max_age.as_millis() == 0 {
            return Err(CacheLimitsError);
        }
        Ok(Self {
            max_age,
            max_messages: MOST_CACHED_MESSAGES,
            max_bytes: MOST_CACHED_BYTES,
        })
    }

    /// The same with at most so many messages encrypted under one data key.
    ///
    /// # Errors
    /// [`CacheLimitsError`] for none and for more than [`MOST_CACHED_MESSAGES`].
    pub fn with_max_messages(mut self, messages: u64) -> Result<Self, CacheLimitsError> {
        if !(1..=MOST_CACHED_MESSAGES).contains(&messages) {
            return Err(CacheLimitsError);
        }
        self.max_messages = messages;
        Ok(self)
    }

    /// The same with at most so many bytes of plaintext encrypted under one data key; a message that
    /// is longer gets a data key of its own.
    ///
    /// # Errors
    /// [`CacheLimitsError`] for more than [`MOST_CACHED_BYTES`].
    pub fn with_max_bytes(mut self, bytes: u64) -> Result<Self, CacheLimitsError> {
        if bytes > MOST_CACHED_BYTES {
            return Err(CacheLimitsError);
        }
        self.max_bytes = bytes;
        Ok(self)
    }

    /// The age in milliseconds.
    fn age(&self) -> i64 {
        i64::try_from(self.max_age.as_millis()).unwrap_or(i64::MAX)
    }

    /// Counts one message more, if it fits.
    fn count(&self, entry: &mut Entry, length: u64) -> Option<()> {
        let messages = entry.messages.checked_add(1)?;
        let bytes = entry.bytes.checked_add(length)?;
        if messages > self.max_messages || bytes > self.max_bytes {
            return None;
        }
        (entry.messages, entry.bytes) = (messages, bytes);
        Some(())
    }
}

/// Whose data keys are used.
enum Partition {
    /// This keyring's alone.
    Own(u64),
    /// Those of all keyrings that name the same.
    Named(String),
}

impl Partition {
    fn digest(&self) -> Sha512Digest {
        match self {
            // No text has the byte FF: an own partition is never one that somebody names.
            Self::Own(number) => sha512_of(&[&[0xff], &number.to_be_bytes()]),
            Self::Named(name) => sha512_of(&[name.as_bytes()]),
        }
    }
}

/// A keyring that asks another one for data keys, and again only when the ones it has do not serve:
/// the *caching cryptographic materials manager* of the AWS Encryption SDK.
///
/// It saves the calls to the service behind the keyring, which are most of the time, and of the cost,
/// that small messages take. Nothing is cached unless a keyring is wrapped in this.
///
/// **Encrypting**, a data key serves messages with the same algorithm suite and the same encryption
/// context, until one of its [`CacheLimits`] is reached. **Decrypting**, it serves messages with the
/// same suite, context and encrypted data keys until its age is reached. Passed by are
///
/// * what has no known length: [`encrypt`](super::encrypt()) reads a stream, so it takes a data key of
///   its own, while [`Sealer::seal`](super::Sealer::seal) knows how much there is. Decrypting knows no
///   such difference;
/// * messages that are written with a signature: the public key of each is in its context;
/// * the three old suites that derive no key for each message (`0x0078`, `0x0046`, `0x0014`);
/// * [`generate`](DataKeys::generate), [`wrap`](DataKeys::wrap) and [`unwrap`](DataKeys::unwrap),
///   which do not know the suite: put the cache around a [`MultiKeyring`](super::MultiKeyring), not
///   into it.
///
/// # Why several messages may share a data key
///
/// A data key encrypts nothing itself. Each message has a random id of 256 bits, from which and the
/// data key HKDF-SHA512 derives the key that encrypts this message and the commitment to it. Two
/// messages would share a key only if their ids were equal: after 2³² messages, the limit here, the
/// odds are below 2⁻¹⁹². Nonces are counted within a message, and so never repeat under a key.
///
/// # What it costs
///
/// * A data key in memory opens all messages that were made with it: that is what the limits bound.
/// * The service that keeps the key is not asked for each message. A permission that is withdrawn, a
///   key that is disabled or deleted keeps working here until the data keys are as old as the limits
///   say, and the service's log shows one use where there were many. [`DataKeyCache::clear`] ends
///   both.
/// * Messages with one data key have the same encrypted data keys, by which anybody can tell that they
///   were made together.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use kms_core::ciphertext::EncryptionContext;
/// # use kms_core::crypto::random::SystemRandom;
/// # use kms_core::time::SystemClock;
/// use kms_core::envelope::{CacheLimits, CachingKeyring, DataKeyCache, RawAesKeyring, Sealer};
/// # let key = kms_core::secret::SecretBytes::new(vec![7; 32]);
/// # let keyring = RawAesKeyring::new("example", "key", &key, Arc::new(SystemRandom))?;
/// let cache = Arc::new(DataKeyCache::new(100.try_into()?));
/// let limits = CacheLimits::new(Duration::from_secs(300))?.with_max_messages(10_000)?;
/// let keyring = CachingKeyring::new(keyring, cache, limits, Arc::new(SystemClock));
/// let sealer = Sealer::new(keyring, Arc::new(SystemRandom));
/// # let context = EncryptionContext::from([("purpose", "api-token")]);
/// # let message = sealer.seal(b"attack at dawn", &context)?;
/// # assert_eq!(sealer.open(&message, &context)?.expose(), b"attack at dawn");
/// # Ok(())
/// # }
/// ```
pub struct CachingKeyring<K> {
    keys: K,
    cache: Arc<DataKeyCache>,
    partition: Sha512Digest,
    limits: CacheLimits,
    clock: Arc<dyn Clock>,
}

impl<K> fmt::Debug for CachingKeyring<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingKeyring")
            .field("cache", &self.cache)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<K: DataKeys> CachingKeyring<K> {
    /// A keyring that keeps the data keys of `keys` in `cache`, in a partition of its own. The ages are
    /// told by `clock`; when that goes back, everything in the cache is wiped.
    #[must_use]
    pub fn new(
        keys: K,
        cache: Arc<DataKeyCache>,
        limits: CacheLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let partition = Partition::Own(cache.new_partition()).digest();
        Self {
            keys,
            cache,
            partition,
            limits,
            clock,
        }
    }

    /// The same, with all data keys of the cache that keyrings with this partition id put there.
    ///
    /// Give one id only to keyrings that can all decrypt the same: a data key that one of them got
    /// serves the others, whether they could have got it or not.
    #[must_use]
    pub fn in_partition(mut self, id: &str) -> Self {
        self.partition = Partition::Named(id.to_owned()).digest();
        self
    }

    /// By the formula of the AWS Encryption SDK Specification, `caching-cmm.md`, appendix A.
    fn encryption_id(
        &self,
        request: &EncryptionMaterialsRequest<'_>,
    ) -> Result<EntryId, InvalidContext> {
        let context = sha512_of(&[&request.context.serialise()?]);
        let suite = request.suite.id().to_be_bytes();
        Ok(sha512_of(&[&self.partition, &[1], &suite, &context]))
    }

    /// By the formula of the same appendix.
    fn decryption_id(
        &self,
        request: &DecryptionMaterialsRequest<'_>,
    ) -> Result<EntryId, InvalidContext> {
        let context = sha512_of(&[&request.context.serialise()?]);
        let mut keys: Vec<_> = request.encrypted_data_keys.iter().map(digest_of).collect();
        keys.sort_unstable();
        let suite = request.suite.id().to_be_bytes();
        let end = [0; 64];
        let parts: [&[u8]; 5] = [&self.partition, &suite, &keys.concat(), &end, &context];
        Ok(sha512_of(&parts))
    }

    fn find<T>(&self, id: &EntryId, take: impl FnOnce(&mut Entry) -> Option<T>) -> Option<T> {
        let oldest = |now| self.oldest(now);
        self.cache.find(id, self.clock.as_ref(), oldest, take)
    }

    /// An entry that was not made after this is too old.
    fn oldest(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.limits.age().saturating_neg())
    }

    fn expiry(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.limits.age())
    }
}

/// SHA-512 of an encrypted data key as it stands in a header.
fn digest_of(key: &EncryptedDataKey) -> Sha512Digest {
    // No field is longer than two bytes can tell, since it was read from a header.
    let length = |field: &[u8]| u16::try_from(field.len()).unwrap_or(u16::MAX).to_be_bytes();
    let (id, info, ciphertext) = (
        key.provider_id.as_bytes(),
        key.provider_info.as_slice(),
        key.ciphertext.as_slice(),
    );
    sha512_of(&[
        &length(id),
        id,
        &length(info),
        info,
        &length(ciphertext),
        ciphertext,
    ])
}

impl<K: DataKeys> DataKeys for CachingKeyring<K> {
    fn generate(&self, length: usize, context: &EncryptionContext) -> Result<DataKey, KeyError> {
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
        self.keys.unwrap(encrypted, context, length)
    }

    fn encryption_materials(
        &self,
        request: &EncryptionMaterialsRequest<'_>,
    ) -> Result<DataKey, KeyError> {
        let cacheable = request.suite.derives_a_key() && request.suite.signature().is_none();
        let length = request.plaintext_length.filter(|_| cacheable);
        let Some(length) = length.filter(|length| *length <= self.limits.max_bytes) else {
            return self.keys.encryption_materials(request);
        };
        let id = self.encryption_id(request)?;
        let take = |entry: &mut Entry| {
            self.limits.count(entry, length)?;
            Some(entry.data_key())
        };
        if let Some(kept) = self.find(&id, take) {
            return Ok(kept);
        }
        let data_key = self.keys.encryption_materials(request)?;
        self.cache.insert(id, self.clock.as_ref(), |now| {
            let mut entry = Entry::new(&data_key, now, self.expiry(now));
            self.limits.count(&mut entry, length)?;
            Some(entry)
        });
        Ok(data_key)
    }

    fn decryption_materials(
        &self,
        request: &DecryptionMaterialsRequest<'_>,
    ) -> Result<SecretBytes, KeyError> {
        if !request.suite.derives_a_key() {
            return self.keys.decryption_materials(request);
        }
        let id = self.decryption_id(request)?;
        let take = |entry: &mut Entry| Some(entry.plaintext());
        if let Some(kept) = self.find(&id, take) {
            return Ok(kept);
        }
        let data_key = self.keys.decryption_materials(request)?;
        self.cache.insert(id, self.clock.as_ref(), |now| {
            Some(Entry::opening(&data_key, now, self.expiry(now)))
        });
        Ok(data_key)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::crypto::random::SystemRandom;
    use crate::envelope::{AlgorithmSuite, RawAesKeyring};
    use crate::time::SystemClock;

    fn keyring() -> CachingKeyring<RawAesKeyring> {
        let key = SecretBytes::new(vec![7; 32]);
        let keys = RawAesKeyring::new("namespace", "name", &key, Arc::new(SystemRandom)).unwrap();
        let cache = Arc::new(DataKeyCache::new(1.try_into().unwrap()));
        let limits = CacheLimits::new(Duration::from_secs(1)).unwrap();
        CachingKeyring::new(keys, cache, limits, Arc::new(SystemClock))
    }

    fn data_key(provider: &str, info: &[u8], ciphertext: &[u8]) -> EncryptedDataKey {
        EncryptedDataKey {
            provider_id: provider.to_owned(),
            provider_info: info.to_vec(),
            ciphertext: ciphertext.to_vec(),
        }
    }

    fn contexts() -> [EncryptionContext; 2] {
        let full = [
            ("this", "is"),
            ("a", "non-empty"),
            ("encryption", "context"),
        ];
        [EncryptionContext::new(), full.into()]
    }

    const PARTITION: &str = "c15b9079-6d0e-42b6-8784-5e804b025692";

    /// What the AWS Encryption SDK for Python computes (`test/unit/test_caches.py`).
    #[test]
    fn data_keys_that_encrypt_have_the_ids_that_the_aws_encryption_sdk_gives_them() {
        let keyring = keyring().in_partition(PARTITION);
        let ids = contexts().map(|context| {
            let request = EncryptionMaterialsRequest {
                suite: AlgorithmSuite::from_id(0x0378).unwrap(),
                context: &context,
                plaintext_length: None,
            };
            STANDARD.encode(keyring.encryption_id(&request).unwrap())
        });
        let expected = [
            "3icBIkLK4V3fVwbm3zSxUdUQV6ZvZYUOLl8buN36g6gDMqAkghcGryxX7QiVABkW1JhB6GRp5z+bzbiuciBcKQ==",
            "mRNK7qhTb/kJiiyGPgAevp0gwFRcET4KeeNYwZHhoEDvSUzQiDgl8Of+YRDaVzKxAqpNBgcAuFXde9JlaRRsmw==",
        ];
        assert_eq!(ids, expected);
    }

    /// From the same tests.
    #[test]
    fn data_keys_that_decrypt_have_the_ids_that_the_aws_encryption_sdk_gives_them() {
        let keyring = keyring().in_partition(PARTITION);
        let one = data_key(
            "this is a provider ID",
            b"this is some key info",
            b"super secret key, now with encryption!",
        );
        let other = data_key(
            "another provider ID!",
            b"this is some different key info",
            b"better super secret key, now with encryption!",
        );
        let [empty, full] = contexts();
        let id = |suite, context: &EncryptionContext, encrypted_data_keys: &[EncryptedDataKey]| {
            let request = DecryptionMaterialsRequest {
                suite: AlgorithmSuite::from_id(suite).unwrap(),
                context,
                encrypted_data_keys,
            };
            STANDARD.encode(keyring.decryption_id(&request).unwrap())
        };
        assert_eq!(
            id(0x0114, &empty, std::slice::from_ref(&one)),
            "n0zVzk9QIVxhz6ET+aJIKKOJNxtpGtSe1yAbu7WU5l272Iw/jmhlER4psDHJs9Mr8KYiIvLGSXzggNDCc23+9w=="
        );
        assert_eq!(
            id(0x0378, &full, &[one, other]),
            "+rtwUe38CGnczGmYu12iqGWHIyDyZ44EvYQ4S6ACmsgS8VaEpiw0RTGpDk6Z/7YYN/jVHOAcNKDyCNP8EmstFg=="
        );
    }

    #[test]
    fn a_keyring_without_a_named_partition_has_its_own() {
        let one = keyring();
        let (cache, clock) = (Arc::clone(&one.cache), Arc::clone(&one.clock));
        let other = CachingKeyring::new(&one, cache, one.limits, clock);
        assert_ne!(one.partition, other.partition);
    }
}
