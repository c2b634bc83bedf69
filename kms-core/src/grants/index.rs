//! Every grant of a store, found by key, by grantee, by name and by retiring principal.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use super::grant::Grant;
use super::held::{GrantUse, HeldGrants};
use super::principal::{GrantPrincipal, Naming, handles};
use crate::caller::Principal;
use crate::ids::{GrantId, KeyArn};

/// The grants on one key.
#[derive(Debug, Default)]
pub struct KeyGrants {
    all: BTreeMap<GrantId, Arc<Grant>>,
    by_grantee: HashMap<String, HeldGrants>,
    by_name: HashMap<String, BTreeSet<GrantId>>,
}

impl KeyGrants {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The grant of that id.
    #[must_use]
    pub fn get(&self, id: &GrantId) -> Option<&Arc<Grant>> {
        self.all.get(id)
    }

    /// Every grant in the order of the ids, after one of them if it is named, whether or not that
    /// one is still there.
    pub fn after(&self, id: Option<&GrantId>) -> impl Iterator<Item = &Arc<Grant>> {
        let start = id.map_or(Bound::Unbounded, Bound::Excluded);
        let grants = self.all.range((start, Bound::Unbounded));
        grants.map(|(_, grant)| grant)
    }

    /// The grant that a repeated request for `grant` made the first time.
    #[must_use]
    pub fn repeated(&self, grant: &Grant) -> Option<&Arc<Grant>> {
        let named = self.by_name.get(grant.name.as_deref()?)?;
        let mut found = named.iter().filter_map(|id| self.all.get(id));
        found.find(|known| known.is_repeated_by(grant))
    }

    /// A grant to `caller`, or to its account, that allows `wanted` and that `accept` takes.
    pub fn find(
        &self,
        caller: &Principal,
        wanted: &GrantUse<'_>,
        accept: impl Fn(&Grant, Naming) -> bool,
    ) -> Option<&Arc<Grant>> {
        handles(caller).find_map(|(handle, naming)| {
            let held = self.by_grantee.get(&*handle)?;
            held.find(wanted, &|grant| accept(grant, naming))
        })
    }

    /// Adds a grant, in place of one with the same id.
    pub fn insert(&mut self, grant: Arc<Grant>) {
        self.remove(&grant.id);
        let handle = grant.grantee.handle().into_owned();
        self.by_grantee.entry(handle).or_default().insert(&grant);
        if let Some(name) = &grant.name {
            let named = self.by_name.entry(name.clone()).or_default();
            named.insert(grant.id.clone());
        }
        self.all.insert(grant.id.clone(), grant);
    }

    /// Takes a grant out.
    pub fn remove(&mut self, id: &GrantId) -> Option<Arc<Grant>> {
        let grant = self.all.remove(id)?;
        let handle = grant.grantee.handle();
        if let Some(held) = self.by_grantee.get_mut(&*handle) {
            held.remove(&grant);
            if held.is_empty() {
                self.by_grantee.remove(&*handle);
            }
        }
        if let Some(name) = &grant.name
            && let Some(named) = self.by_name.get_mut(name)
        {
            named.remove(id);
            if named.is_empty() {
                self.by_name.remove(name);
            }
        }
        Some(grant)
    }
}

/// The grants on every key.
#[derive(Debug, Default)]
pub struct GrantIndex {
    keys: HashMap<KeyArn, KeyGrants>,
    by_retiring: HashMap<String, BTreeMap<GrantId, Arc<Grant>>>,
}

impl GrantIndex {
    /// The grants on a key; `None` when it has none.
    #[must_use]
    pub fn of_key(&self, key: &KeyArn) -> Option<&KeyGrants> {
        self.keys.get(key)
    }

    /// The grants that `principal` is the retiring principal of, in the order of the ids, after one
    /// of them if it is named.
    pub fn retirable<'a>(
        &'a self,
        principal: &GrantPrincipal,
        after: Option<&GrantId>,
    ) -> impl Iterator<Item = &'a Arc<Grant>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let grants = self.by_retiring.get(&*principal.handle());
        let grants = grants.map(|grants| grants.range((start, Bound::Unbounded)));
        grants.into_iter().flatten().map(|(_, grant)| grant)
    }

    /// Adds a grant, in place of one with the same id on the same key.
    pub fn insert(&mut self, grant: Grant) {
        let grant = Arc::new(grant);
        self.remove(&grant.key, &grant.id);
        if let Some(retiring) = &grant.retiring {
            let handle = retiring.handle().into_owned();
            let grants = self.by_retiring.entry(handle).or_default();
            grants.insert(grant.id.clone(), Arc::clone(&grant));
        }
        let key = grant.key.clone();
        self.keys.entry(key).or_default().insert(grant);
    }

    /// Takes a grant out.
    pub fn remove(&mut self, key: &KeyArn, id: &GrantId) {
        let Some(grants) = self.keys.get_mut(key) else {
            return;
        };
        let removed = grants.remove(id);
        if grants.is_empty() {
            self.keys.remove(key);
        }
        let Some(retiring) = removed.as_ref().and_then(|grant| grant.retiring.as_ref()) else {
            return;
        };
        let handle = retiring.handle();
        if let Some(grants) = self.by_retiring.get_mut(&*handle) {
            grants.remove(id);
            if grants.is_empty() {
                self.by_retiring.remove(&*handle);
            }
        }
    }
}
