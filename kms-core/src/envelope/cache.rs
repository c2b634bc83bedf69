//! Where data keys are kept: bounded, and wiped when they leave.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard};

use super::keyring::{DataKey, EncryptedDataKey};
use crate::crypto::digest::Sha512Digest;
use crate::secret::SecretBytes;
use crate::time::{Clock, Timestamp};

/// What an entry is found by.
pub(super) type EntryId = Sha512Digest;

/// Data keys in memory, at most so many: the *local cryptographic materials cache* of the AWS
/// Encryption SDK.
///
/// It is empty at first and belongs to whoever made it; there is none but those that are made.
/// Several [`CachingKeyring`](super::CachingKeyring)s can share one by an `Arc`, and do not see each
/// other's data keys unless they are put into one partition. When it is full, the data key that was
/// not used for longest leaves. Data keys that leave, for whatever reason, are wiped; those that are
/// too old leave when the cache is next used.
pub struct DataKeyCache(Mutex<Entries>);

impl fmt::Debug for DataKeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKeyCache")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl DataKeyCache {
    /// An empty cache for `capacity` data keys.
    ///
    /// Each takes a few hundred bytes; those of messages that are written, the encrypted data keys
    /// besides.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(Entries {
            capacity: capacity.get(),
            latest: Timestamp::from_millis(i64::MIN),
            uses: 0,
            partitions: 0,
            by_id: HashMap::new(),
            by_expiry: BTreeSet::new(),
            by_use: BTreeMap::new(),
        }))
    }

    /// How many data keys are kept, the ones that are too old and not wiped yet among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().by_id.len()
    }

    /// Whether no data key is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Wipes all data keys: the next message of each kind asks its keyring again. For when a
    /// permission is withdrawn or a key is disabled and the age of the data keys is not to be waited
    /// for.
    pub fn clear(&self) {
        self.entries().clear();
    }

    /// A number that no other partition of this cache has.
    pub(super) fn new_partition(&self) -> u64 {
        let mut entries = self.entries();
        entries.partitions = entries.partitions.saturating_add(1);
        entries.partitions
    }

    /// What `take` makes of the entry, if there is one that was made after what `oldest` makes of the
    /// time. An entry of which it makes nothing leaves.
    pub(super) fn find<T>(
        &self,
        id: &EntryId,
        clock: &dyn Clock,
        oldest: impl FnOnce(Timestamp) -> Timestamp,
        take: impl FnOnce(&mut Entry) -> Option<T>,
    ) -> Option<T> {
        let mut entries = self.entries();
        let now = entries.tick(clock);
        let found = entries.by_id.get_mut(id)?;
        let taken = (found.created > oldest(now)).then(|| take(found)).flatten();
        if taken.is_some() {
            entries.mark_used(id);
        } else {
            entries.remove(id);
        }
        taken
    }

    /// Keeps the entry that `make` makes at this time, if it does, in the place of the one that had its
    /// id, and of older ones where there is no room.
    pub(super) fn insert(
        &self,
        id: EntryId,
        clock: &dyn Clock,
        make: impl FnOnce(Timestamp) -> Option<Entry>,
    ) {
        let mut entries = self.entries();
        let now = entries.tick(clock);
        let Some(entry) = make(now) else {
            return;
        };
        entries.remove(&id);
        entries.make_room();
        entries.insert(id, entry);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(|poisoned| {
            // Whoever panicked may have left an entry half counted.
            self.0.clear_poison();
            let mut entries = poisoned.into_inner();
            entries.clear();
            entries
        })
    }
}

/// A data key and what was done with it.
pub(super) struct Entry {
    plaintext: SecretBytes,
    /// Empty for a data key that opens messages.
    encrypted: Vec<EncryptedDataKey>,
    created: Timestamp,
    expires: Timestamp,
    /// Messages that were encrypted.
    pub(super) messages: u64,
    /// Bytes of plaintext that were encrypted.
    pub(super) bytes: u64,
    /// When it was used last, by the count of all uses.
    used: u64,
}

impl Entry {
    /// A copy of `data_key` that is kept from `created` and until `expires`.
    pub(super) fn new(data_key: &DataKey, created: Timestamp, expires: Timestamp) -> Self {
        Self {
            encrypted: data_key.encrypted.clone(),
            ..Self::opening(&data_key.plaintext, created, expires)
        }
    }

    /// The same for a data key that opens messages.
    pub(super) fn opening(key: &SecretBytes, created: Timestamp, expires: Timestamp) -> Self {
        Self {
            plaintext: copy(key),
            encrypted: Vec::new(),
            created,
            expires,
            messages: 0,
            bytes: 0,
            used: 0,
        }
    }

    /// A copy of the data key in clear.
    pub(super) fn plaintext(&self) -> SecretBytes {
        copy(&self.plaintext)
    }

    /// A copy of the data key.
    pub(super) fn data_key(&self) -> DataKey {
        DataKey {
            plaintext: self.plaintext(),
            encrypted: self.encrypted.clone(),
        }
    }
}

fn copy(key: &SecretBytes) -> SecretBytes {
    SecretBytes::new(key.expose().to_vec())
}

struct Entries {
    capacity: usize,
    /// The latest time that was seen.
    latest: Timestamp,
    uses: u64,
    partitions: u64,
    by_id: HashMap<EntryId, Entry>,
    by_expiry: BTreeSet<(Timestamp, EntryId)>,
    by_use: BTreeMap<u64, EntryId>,
}

impl Entries {
    fn clear(&mut self) {
        self.by_id.clear();
        self.by_expiry.clear();
        self.by_use.clear();
    }

    /// The time now; what is too old by then is dropped.
    ///
    /// It is read here, by whoever has the entries to itself: of threads that read it before they wait
    /// for each other, one that waited would look like a clock that went back.
    fn tick(&mut self, clock: &dyn Clock) -> Timestamp {
        let now = clock.now();
        self.drop_expired(now);
        now
    }

    /// Drops what is too old; and everything when the clock went back, for then no age is known.
    fn drop_expired(&mut self, now: Timestamp) {
        if now < self.latest {
            self.clear();
        }
        self.latest = now;
        while let Some((expires, id)) = self.by_expiry.first().copied() {
            if expires > now {
                break;
            }
            self.remove(&id);
        }
    }

    fn make_room(&mut self) {
        while self.by_id.len() >= self.capacity {
            let Some(id) = self.by_use.first_key_value().map(|(_, id)| *id) else {
                break;
            };
            self.remove(&id);
        }
    }

    fn insert(&mut self, id: EntryId, entry: Entry) {
        self.by_expiry.insert((entry.expires, id));
        self.by_id.insert(id, entry);
        self.mark_used(&id);
    }

    fn remove(&mut self, id: &EntryId) {
        if let Some(entry) = self.by_id.remove(id) {
            self.by_expiry.remove(&(entry.expires, *id));
            self.by_use.remove(&entry.used);
        }
    }

    fn mark_used(&mut self, id: &EntryId) {
        self.uses = self.uses.saturating_add(1);
        if let Some(entry) = self.by_id.get_mut(id) {
            self.by_use.remove(&entry.used);
            entry.used = self.uses;
            self.by_use.insert(self.uses, *id);
        }
    }
}
