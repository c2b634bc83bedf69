//! All that the store holds, opened and compiled, in memory; kept equal to the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, Weak};

use super::secrets::{Secrets, kept};
use crate::Error;
use crate::api::KeyState;
use crate::ciphertext::blob::{MaterialTag, SealingMaterial, material_tag};
use crate::crypto::kdf::Prk;
use crate::grants::GrantIndex;
use crate::identity::{AccessKey, Account, User};
use crate::ids::{
    AccessKeyId, AccountId, AliasArn, AliasName, CustomKeyStoreId, KeyArn, KeyId, KeyMaterialId,
    Region, UserName,
};
use crate::keys::{Alias, BackingKey, Key};
use crate::policy::{IdentityPolicy, KeyPolicy, Permit};
use crate::root::Barrier;
use crate::time::Timestamp;
use crate::xks::{Connection, CustomKeyStore};

/// One material of a key; what messages are derived from is unwrapped at first use.
#[derive(Debug)]
struct Material {
    id: KeyMaterialId,
    tag: MaterialTag,
    prk: OnceLock<Prk>,
}

impl Material {
    /// Ready to seal and open under `key`, once it was unwrapped.
    fn usable(&self, key: KeyId) -> Option<UsableMaterial<'_>> {
        Some(UsableMaterial {
            id: &self.id,
            sealing: SealingMaterial {
                key,
                tag: self.tag,
                prk: self.prk.get()?,
            },
        })
    }
}

/// A key with its policy compiled.
#[derive(Debug)]
pub struct KeyEntry {
    /// The key as it is stored.
    pub key: Key,
    /// Its ARN as text.
    pub arn: String,
    /// Its policy, which keys with the same one share.
    pub policy: Arc<KeyPolicy>,
    materials: Vec<Material>,
    secrets: Secrets,
}

/// A key material that may be used, since a [`Permit`] for its key was shown.
#[derive(Clone, Copy, Debug)]
pub struct UsableMaterial<'a> {
    /// Its public name.
    pub id: &'a KeyMaterialId,
    /// The key and the material, ready to seal and open.
    pub sealing: SealingMaterial<'a>,
}

/// A key material that may be used after the state is let go, since a [`Permit`] for its key was
/// shown.
#[derive(Clone, Debug)]
pub(super) struct KeptMaterial {
    key: Arc<KeyEntry>,
    index: usize,
}

impl KeptMaterial {
    /// The material.
    ///
    /// # Errors
    /// [`Error::Internal`] never: the material was unwrapped when it was permitted.
    pub(super) fn usable(&self) -> Result<UsableMaterial<'_>, Error> {
        let material = self.key.materials.get(self.index);
        let usable = material.and_then(|material| material.usable(self.key.key.arn.key));
        usable.ok_or_else(no_material)
    }
}

impl KeyEntry {
    /// The material that encrypts, to be kept.
    ///
    /// # Errors
    /// [`Error::Internal`] when `permit` is for another key, or the material does not unwrap.
    pub(super) fn keep_current_material(
        self: &Arc<Self>,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<KeptMaterial, Error> {
        self.keep(self.materials.len().saturating_sub(1), permit, barrier)
    }

    /// The material of that tag, to be kept; `None` when the key never had it.
    ///
    /// # Errors
    /// [`Error::Internal`] when `permit` is for another key, or the material does not unwrap.
    pub(super) fn keep_material(
        self: &Arc<Self>,
        tag: MaterialTag,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<Option<KeptMaterial>, Error> {
        self.place_of(tag)
            .map(|index| self.keep(index, permit, barrier))
            .transpose()
    }

    fn keep(
        self: &Arc<Self>,
        index: usize,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<KeptMaterial, Error> {
        self.material_at(index, permit, barrier)?;
        let key = Arc::clone(self);
        Ok(KeptMaterial { key, index })
    }

    fn place_of(&self, tag: MaterialTag) -> Option<usize> {
        self.materials
            .iter()
            .position(|material| material.tag == tag)
    }

    /// Compiles a stored key.
    ///
    /// # Errors
    /// [`Error::Internal`] when the stored policy does not parse: it was checked when it was put.
    pub fn new(key: Key) -> Result<Self, Error> {
        let policy = compiled(&key.policy)?;
        Ok(Self::with_policy(key, policy))
    }

    fn with_policy(key: Key, policy: Arc<KeyPolicy>) -> Self {
        let materials = key
            .materials
            .iter()
            .map(|material| Material {
                id: material.id.clone(),
                tag: material_tag(&material.id),
                prk: OnceLock::new(),
            })
            .collect();
        Self {
            arn: key.arn.to_string(),
            key,
            policy,
            materials,
            secrets: Secrets::default(),
        }
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The material of that tag; `None` when the key never had it.
    ///
    /// # Errors
    /// [`Error::Internal`] when `permit` is for another key, or the material does not unwrap.
    pub fn material(
        &self,
        tag: MaterialTag,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<Option<UsableMaterial<'_>>, Error> {
        self.place_of(tag)
            .map(|index| self.material_at(index, permit, barrier))
            .transpose()
    }

    fn material_at(
        &self,
        index: usize,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<UsableMaterial<'_>, Error> {
        self.only_with(permit)?;
        if !self.key.kind.is_symmetric() {
            return Err(Error::internal("the key is not symmetric"));
        }
        let material = self.materials.get(index);
        let stored = self.key.materials.get(index);
        let (Some(material), Some(stored)) = (material, stored) else {
            return Err(no_material());
        };
        let key = self.key.arn.key;
        kept(&material.prk, || {
            let unwrapped = barrier.unwrap_material(&key, &stored.id, &stored.wrapped);
            let secret = unwrapped.map_err(Error::internal)?;
            Ok(BackingKey::from_secret(secret).prk())
        })?;
        material.usable(key).ok_or_else(no_material)
    }
}

fn no_material() -> Error {
    Error::internal("the key has no material")
}

fn compiled(text: &str) -> Result<Arc<KeyPolicy>, Error> {
    KeyPolicy::parse(text)
        .map(Arc::new)
        .map_err(Error::internal)
}

/// The compiled key policies by their text: most keys have one that others have too.
#[derive(Debug, Default)]
struct SharedPolicies {
    by_text: HashMap<String, Weak<KeyPolicy>>,
    /// At how many texts those that no key has any more are let go.
    full: usize,
}

impl SharedPolicies {
    fn compiled(&mut self, text: &str) -> Result<Arc<KeyPolicy>, Error> {
        if let Some(shared) = self.by_text.get(text).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        if self.by_text.len() >= self.full {
            self.by_text.retain(|_, policy| policy.strong_count() > 0);
            self.full = self.by_text.len().saturating_mul(2).max(64);
        }
        let policy = compiled(text)?;
        self.by_text
            .insert(text.to_owned(), Arc::downgrade(&policy));
        Ok(policy)
    }
}

/// A user with the policies compiled.
#[derive(Debug)]
pub(super) struct UserEntry {
    /// The user as stored.
    pub user: User,
    /// The user's inline policies.
    pub policies: Vec<Arc<IdentityPolicy>>,
}

impl UserEntry {
    /// Compiles a stored user.
    ///
    /// # Errors
    /// [`Error::Internal`] when a stored policy does not parse: it was checked when it was put.
    pub(super) fn new(user: User) -> Result<Self, Error> {
        let policies = user
            .policies
            .values()
            .map(|text| {
                IdentityPolicy::parse(text)
                    .map(Arc::new)
                    .map_err(Error::internal)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { user, policies })
    }
}

/// The keys and aliases of one account in one Region.
#[derive(Debug, Default)]
pub(super) struct RegionState {
    /// Keys by id, in the order that they are listed.
    pub keys: BTreeMap<KeyId, Arc<KeyEntry>>,
    /// Aliases by name, in the order that they are listed.
    pub aliases: BTreeMap<AliasName, Alias>,
    /// Custom key stores by id, in the order that they are listed.
    pub custom_key_stores: BTreeMap<CustomKeyStoreId, Arc<CustomKeyStore>>,
    by_target: HashMap<KeyId, BTreeSet<AliasName>>,
}

impl RegionState {
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
#[derive(Debug, Default)]
pub(super) struct State {
    accounts: BTreeMap<AccountId, Account>,
    regions: HashMap<(AccountId, Region), RegionState>,
    users: BTreeMap<(AccountId, UserName), Arc<UserEntry>>,
    access_keys: BTreeMap<AccessKeyId, Arc<AccessKey>>,
    grants: GrantIndex,
    policies: SharedPolicies,
}

impl State {
    /// The account of that id.
    #[must_use]
    pub(super) fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.get(id)
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

    /// Every account's keys.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &Arc<KeyEntry>> {
        self.regions
            .values()
            .flat_map(|region| region.keys.values())
    }

    /// The key of that ARN.
    #[must_use]
    pub(super) fn key(&self, arn: &KeyArn) -> Option<&Arc<KeyEntry>> {
        self.region(&arn.account, &arn.region)?.keys.get(&arn.key)
    }

    /// The keys that are related to one by having its id in other Regions, in order of Region;
    /// none for a single-Region key.
    pub(super) fn related(&self, arn: &KeyArn) -> Vec<&Arc<KeyEntry>> {
        if matches!(arn.key, KeyId::Uuid(_)) {
            return Vec::new();
        }
        let others = self
            .regions
            .iter()
            .filter(|((account, region), _)| *account == arn.account && *region != arn.region);
        let mut keys: Vec<_> = others
            .filter_map(|(_, region)| region.keys.get(&arn.key))
            .collect();
        keys.sort_by(|one, other| one.key.arn.region.cmp(&other.key.arn.region));
        keys
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

    /// A user by name.
    #[must_use]
    pub(super) fn user(&self, account: &AccountId, name: &UserName) -> Option<&Arc<UserEntry>> {
        self.users.get(&(account.clone(), name.clone()))
    }

    /// The users of an account in order of name.
    pub(super) fn users<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<UserEntry>> {
        self.users
            .values()
            .filter(move |entry| entry.user.account == *account)
    }

    /// An access key by id.
    #[must_use]
    pub(super) fn access_key(&self, id: &AccessKeyId) -> Option<&Arc<AccessKey>> {
        self.access_keys.get(id)
    }

    /// Every access key of an account.
    pub(super) fn access_keys<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<AccessKey>> {
        self.access_keys
            .values()
            .filter(move |key| key.account == *account)
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
        let policy = self.policies.compiled(&key.policy)?;
        let entry = KeyEntry::with_policy(key, policy);
        let arn = entry.key.arn.clone();
        self.region_mut(&arn.account, &arn.region)
            .keys
            .insert(arn.key, Arc::new(entry));
        Ok(())
    }

    pub(super) fn remove_key(&mut self, arn: &KeyArn) {
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

    pub(super) fn put_user(&mut self, entry: UserEntry) {
        let place = (entry.user.account.clone(), entry.user.name.clone());
        self.users.insert(place, Arc::new(entry));
    }

    pub(super) fn put_access_key(&mut self, key: AccessKey) {
        self.access_keys.insert(key.id.clone(), Arc::new(key));
    }

    pub(super) fn remove_access_key(&mut self, id: &AccessKeyId) {
        self.access_keys.remove(id);
    }
}
