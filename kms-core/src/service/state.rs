//! All that the store holds, opened and compiled, in memory; kept equal to the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::change::{key_of_path, key_path, read};
use super::federation_edit::Federation;
use super::identity_state::Identities;
use super::key_entry::{KeyEntry, SharedPolicies};
use super::organizations::Organizations;
use super::secrets::kept;
use crate::Error;
use crate::api::KeyState;
use crate::grants::GrantIndex;
use crate::identity::Account;
use crate::ids::{AccountId, AliasArn, AliasName, CustomKeyStoreId, KeyArn, KeyId, Region};
use crate::keys::{Alias, ExternalKey, Key, KeyIndex};
use crate::store::sealed::SealedStore;
use crate::time::Timestamp;
use crate::xks::{Connection, CustomKeyStore};

/// A key that there is; it is read when it is first needed.
type HeldKey = OnceLock<Arc<KeyEntry>>;

/// The keys and aliases of one account in one Region.
#[derive(Debug, Default)]
pub(super) struct RegionState {
    /// Keys by id, in the order that they are listed.
    keys: BTreeMap<KeyId, HeldKey>,
    /// Aliases by name, in the order that they are listed.
    pub aliases: BTreeMap<AliasName, Alias>,
    /// Custom key stores by id, in the order that they are listed.
    pub custom_key_stores: BTreeMap<CustomKeyStoreId, Arc<CustomKeyStore>>,
    by_target: HashMap<KeyId, BTreeSet<AliasName>>,
}

impl RegionState {
    /// How many keys there are.
    pub(super) fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// The ids of the keys after `after`, in order.
    pub(super) fn key_ids(&self, after: Option<KeyId>) -> impl Iterator<Item = KeyId> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.keys
            .range((start, Bound::Unbounded))
            .map(|(id, _)| *id)
    }

    /// The aliases that point to `key`, in order.
    pub(super) fn aliases_of(&self, key: KeyId) -> impl Iterator<Item = &AliasName> {
        self.by_target.get(&key).into_iter().flatten()
    }

    fn put_alias(&mut self, alias: Alias) {
        self.remove_alias(&alias.arn.alias);
        self.by_target
            .entry(alias.target)
            .or_default()
            .insert(alias.arn.alias.clone());
        self.aliases.insert(alias.arn.alias.clone(), alias);
    }

    fn remove_alias(&mut self, name: &AliasName) {
        let Some(old) = self.aliases.remove(name) else {
            return;
        };
        if let Some(names) = self.by_target.get_mut(&old.target) {
            names.remove(name);
        }
    }
}

/// Everything, as of one revision of the store.
#[derive(Debug)]
pub(super) struct State {
    records: Arc<SealedStore>,
    accounts: BTreeMap<AccountId, Account>,
    regions: HashMap<(AccountId, Region), RegionState>,
    /// IAM's entities.
    pub(super) identities: Identities,
    grants: GrantIndex,
    /// What is to be known of keys that need not be read; nothing of most.
    key_index: HashMap<KeyArn, KeyIndex>,
    /// The keys that something is due for, the first first.
    due: BTreeSet<(Timestamp, KeyArn)>,
    policies: Mutex<SharedPolicies>,
    /// What stands behind temporary credentials.
    pub(super) federation: Federation,
    /// The organization that the accounts are in, if they are in one.
    pub(super) organizations: Organizations,
}

impl State {
    /// Nothing; keys that it is told of and not given are read from `records`.
    pub(super) fn new(records: Arc<SealedStore>) -> Self {
        Self {
            records,
            accounts: BTreeMap::new(),
            regions: HashMap::new(),
            identities: Identities::default(),
            grants: GrantIndex::default(),
            key_index: HashMap::new(),
            due: BTreeSet::new(),
            policies: Mutex::default(),
            federation: Federation::default(),
            organizations: Organizations::default(),
        }
    }

    /// A copy of the accounts, their organization and who is in them, without keys: to see what a change would make
    /// of them.
    pub(super) fn principals_alone(&self) -> Self {
        Self {
            accounts: self.accounts.clone(),
            identities: self.identities.clone(),
            federation: self.federation.clone(),
            organizations: self.organizations.clone(),
            ..Self::new(Arc::clone(&self.records))
        }
    }

    /// The account of that id.
    #[must_use]
    pub(super) fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// The account of that id, for whoever may know which there are.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub(super) fn known_account(&self, id: &AccountId) -> Result<&Account, Error> {
        self.account(id).ok_or_else(|| {
            Error::NotFound(format!(
                "The account {id} is not in this store, which knows nothing of what it allows."
            ))
        })
    }

    /// The account that the store was made with: it manages the organization, once there is one,
    /// and is the only one before.
    #[must_use]
    pub(super) fn first_account(&self) -> Option<&Account> {
        match self.organizations.organization() {
            Some(organization) => self.account(&organization.management_account),
            None => self.accounts.values().next(),
        }
    }

    /// Every account.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The keys and aliases of an account in a Region; `None` when it never had any there.
    #[must_use]
    pub(super) fn region(&self, account: &AccountId, region: &Region) -> Option<&RegionState> {
        self.regions.get(&(account.clone(), region.clone()))
    }

    /// Every key of an account, in order of Region and id.
    pub(super) fn key_arns(&self, account: &AccountId) -> Vec<KeyArn> {
        let regions = self.regions.iter();
        let mut regions: Vec<(&Region, &RegionState)> = regions
            .filter(|((owner, _), _)| owner == account)
            .map(|((_, region), keys)| (region, keys))
            .collect();
        regions.sort_by_key(|(region, _)| region.as_str());
        let keys = regions.into_iter().flat_map(|(region, keys)| {
            keys.key_ids(None).map(|key| KeyArn {
                region: region.clone(),
                account: account.clone(),
                key,
            })
        });
        keys.collect()
    }

    /// The keys that something was due for at `now`, the first first.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = &KeyArn> {
        let due = self.due.iter().take_while(move |(time, _)| *time <= now);
        due.map(|(_, key)| key)
    }

    /// The keys of an account in a Region that are in a custom key store, with what they are there.
    pub(super) fn external_keys(
        &self,
        account: &AccountId,
        region: &Region,
    ) -> impl Iterator<Item = &ExternalKey> {
        let of_region = |key: &KeyArn| key.account == *account && key.region == *region;
        let indexed = self.key_index.iter();
        indexed
            .filter(move |(key, _)| of_region(key))
            .filter_map(|(_, index)| index.external.as_ref())
    }

    /// What is to be known of a key that need not be read.
    pub(super) fn key_index(&self, key: &KeyArn) -> KeyIndex {
        self.key_index.get(key).cloned().unwrap_or_default()
    }

    /// Whether there is a key of that ARN.
    #[must_use]
    pub(super) fn has_key(&self, arn: &KeyArn) -> bool {
        self.held(arn).is_some()
    }

    /// The key of that ARN.
    ///
    /// # Errors
    /// [`Error::Internal`] when its record was altered since the store was opened, or cannot be
    /// read.
    pub(super) fn key(&self, arn: &KeyArn) -> Result<Option<&Arc<KeyEntry>>, Error> {
        let Some(held) = self.held(arn) else {
            return Ok(None);
        };
        if let Some(key) = held.get() {
            return Ok(Some(key));
        }
        match self.records.read(&key_path(arn)).map_err(Error::internal)? {
            Some(record) => {
                let key: Key = read(record.body.expose())?;
                kept(held, || self.entry(key)).map(Some)
            }
            None => Ok(None),
        }
    }

    fn held(&self, arn: &KeyArn) -> Option<&HeldKey> {
        self.region(&arn.account, &arn.region)?.keys.get(&arn.key)
    }

    fn entry(&self, key: Key) -> Result<Arc<KeyEntry>, Error> {
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let policy = policies.compiled(&key)?;
        Ok(Arc::new(KeyEntry::with_policy(key, policy)))
    }

    /// The keys that are related to one by having its id in other Regions, in order of Region;
    /// none for a single-Region key.
    ///
    /// # Errors
    /// As [`State::key`].
    pub(super) fn related(&self, arn: &KeyArn) -> Result<Vec<&Arc<KeyEntry>>, Error> {
        if matches!(arn.key, KeyId::Uuid(_)) {
            return Ok(Vec::new());
        }
        let places = self.regions.keys();
        let others =
            places.filter(|(account, region)| *account == arn.account && *region != arn.region);
        let mut arns: Vec<KeyArn> = others
            .map(|(_, region)| KeyArn {
                region: region.clone(),
                ..arn.clone()
            })
            .collect();
        arns.sort_by(|one, other| one.region.cmp(&other.region));
        let keys = arns.iter().map(|arn| self.key(arn));
        keys.filter_map(Result::transpose).collect()
    }

    /// The state of a key: its own, unless the external store that it is in is not connected.
    #[must_use]
    pub(super) fn key_state(&self, key: &Key, now: Timestamp) -> KeyState {
        let own = key.state(now);
        let settled = own != KeyState::PendingDeletion;
        match &key.external {
            Some(external) if settled && !self.is_connected(&key.arn, &external.store) => {
                KeyState::Unavailable
            }
            _ => own,
        }
    }

    fn is_connected(&self, key: &KeyArn, store: &CustomKeyStoreId) -> bool {
        let region = self.region(&key.account, &key.region);
        let store = region.and_then(|region| region.custom_key_stores.get(store));
        store.is_some_and(|store| store.connection == Connection::Connected)
    }

    /// Every grant.
    #[must_use]
    pub(super) fn grants(&self) -> &GrantIndex {
        &self.grants
    }

    pub(super) fn grants_mut(&mut self) -> &mut GrantIndex {
        &mut self.grants
    }

    fn region_mut(&mut self, account: &AccountId, region: &Region) -> &mut RegionState {
        self.regions
            .entry((account.clone(), region.clone()))
            .or_default()
    }

    pub(super) fn put_account(&mut self, account: Account) {
        self.accounts.insert(account.id.clone(), account);
    }

    /// Takes a stored key in.
    ///
    /// # Errors
    /// As [`KeyEntry::new`].
    pub(super) fn put_key(&mut self, key: Key) -> Result<(), Error> {
        let arn = key.arn.clone();
        self.put_key_index(arn.clone(), key.index());
        let entry = self.entry(key)?;
        self.hold(arn, HeldKey::from(entry));
        Ok(())
    }

    /// Takes in that there are the keys whose records were left sealed; they are read when they are
    /// needed. There may be very many: those of one account and Region, which stand together in
    /// order, are put in place at once.
    ///
    /// # Errors
    /// [`Error::Internal`] when the path of a record names no key.
    pub(super) fn put_unread_keys(&mut self) -> Result<(), Error> {
        let records = Arc::clone(&self.records);
        // Most records of a store of many are keys, and most keys are of one Region.
        let about = usize::try_from(records.head().count).unwrap_or_default();
        let (mut together, mut result) = (Vec::with_capacity(about), Ok(()));
        let mut place: Option<(String, KeyArn)> = None;
        records.for_each_deferred(|path| {
            let Some((region, name)) = path.rsplit_once('/') else {
                return;
            };
            if place.as_ref().is_none_or(|(of, _)| of != region) {
                let before = place.take();
                self.hold_unread(before, std::mem::take(&mut together));
                match key_of_path(path) {
                    Ok(arn) => place = Some((region.to_owned(), arn)),
                    Err(error) => result = Err(error),
                }
            }
            match name.parse::<KeyId>() {
                Ok(key) => together.push((key, HeldKey::new())),
                Err(error) => result = Err(Error::internal(error)),
            }
        });
        self.hold_unread(place, together);
        result
    }

    fn hold_unread(&mut self, place: Option<(String, KeyArn)>, keys: Vec<(KeyId, HeldKey)>) {
        if let Some((_, arn)) = place {
            let region = self.region_mut(&arn.account, &arn.region);
            region.keys.append(&mut BTreeMap::from_iter(keys));
        }
    }

    fn hold(&mut self, arn: KeyArn, key: HeldKey) {
        self.region_mut(&arn.account, &arn.region)
            .keys
            .insert(arn.key, key);
    }

    /// Takes in what is to be known of a key.
    pub(super) fn put_key_index(&mut self, arn: KeyArn, index: KeyIndex) {
        self.remove_key_index(&arn);
        if let Some(due) = index.due {
            self.due.insert((due, arn.clone()));
        }
        if index != KeyIndex::default() {
            self.key_index.insert(arn, index);
        }
    }

    fn remove_key_index(&mut self, arn: &KeyArn) {
        let index = self.key_index.remove(arn);
        if let Some(due) = index.and_then(|index| index.due) {
            self.due.remove(&(due, arn.clone()));
        }
    }

    pub(super) fn remove_key(&mut self, arn: &KeyArn) {
        self.remove_key_index(arn);
        self.region_mut(&arn.account, &arn.region)
            .keys
            .remove(&arn.key);
    }

    pub(super) fn put_alias(&mut self, alias: Alias) {
        self.region_mut(&alias.arn.account.clone(), &alias.arn.region.clone())
            .put_alias(alias);
    }

    pub(super) fn remove_alias(&mut self, arn: &AliasArn) {
        self.region_mut(&arn.account, &arn.region)
            .remove_alias(&arn.alias);
    }

    pub(super) fn put_custom_key_store(&mut self, store: CustomKeyStore) {
        self.region_mut(&store.account, &store.region)
            .custom_key_stores
            .insert(store.id.clone(), Arc::new(store));
    }

    pub(super) fn remove_custom_key_store(
        &mut self,
        account: &AccountId,
        region: &Region,
        id: &CustomKeyStoreId,
    ) {
        self.region_mut(account, region)
            .custom_key_stores
            .remove(id);
    }
}
