//! The IAM entities of the store in memory, with their policies compiled.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::state::State;
use crate::Error;
use crate::identity::{AccessKey, Group, ManagedPolicy, Role, User};
use crate::ids::{
    AccessKeyId, AccountId, GroupName, PolicyArn, PolicyName, RoleName, UniqueId, UserName,
};
use crate::policy::{IdentityPolicy, TrustPolicy};

/// The inline policies of an entity, compiled.
type Compiled = Vec<Arc<IdentityPolicy>>;

/// A user with the inline policies compiled.
#[derive(Debug)]
pub(super) struct UserEntry {
    /// The user as stored.
    pub user: User,
    /// The user's inline policies.
    pub policies: Compiled,
}

/// A group with the inline policies compiled.
#[derive(Debug)]
pub(super) struct GroupEntry {
    /// The group as stored.
    pub group: Group,
    /// The group's inline policies.
    pub policies: Compiled,
}

/// A role with the inline policies compiled.
#[derive(Debug)]
pub(super) struct RoleEntry {
    /// The role as stored.
    pub role: Role,
    /// The role's inline policies.
    pub policies: Compiled,
    /// Who may assume it.
    pub trust: TrustPolicy,
}

/// A managed policy, compiled.
#[derive(Debug)]
pub(super) struct PolicyEntry {
    /// The policy as stored.
    pub policy: ManagedPolicy,
    /// Its default version.
    pub document: Arc<IdentityPolicy>,
}

/// Every IAM entity, as of one revision of the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Identities {
    users: BTreeMap<(AccountId, UserName), Arc<UserEntry>>,
    access_keys: BTreeMap<AccessKeyId, Arc<AccessKey>>,
    groups: BTreeMap<(AccountId, GroupName), Arc<GroupEntry>>,
    groups_by_id: HashMap<UniqueId, Arc<GroupEntry>>,
    roles: BTreeMap<(AccountId, RoleName), Arc<RoleEntry>>,
    policies: BTreeMap<(AccountId, PolicyName), Arc<PolicyEntry>>,
}

/// Stored documents were checked when they were put.
fn compiled(policies: &BTreeMap<String, String>) -> Result<Compiled, Error> {
    policies.values().map(|text| compile(text)).collect()
}

fn compile(text: &str) -> Result<Arc<IdentityPolicy>, Error> {
    IdentityPolicy::parse(text)
        .map(Arc::new)
        .map_err(Error::internal)
}

/// The entities of an account, in order of name.
fn of_account<'a, N: Ord, T>(
    all: &'a BTreeMap<(AccountId, N), Arc<T>>,
    account: &'a AccountId,
) -> impl Iterator<Item = &'a Arc<T>> {
    all.iter()
        .filter(move |((owner, _), _)| owner == account)
        .map(|(_, entry)| entry)
}

impl State {
    /// A user by name.
    #[must_use]
    pub(super) fn user(&self, account: &AccountId, name: &UserName) -> Option<&Arc<UserEntry>> {
        let place = (account.clone(), name.clone());
        self.identities.users.get(&place)
    }

    /// The users of an account in order of name.
    pub(super) fn users<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<UserEntry>> {
        of_account(&self.identities.users, account)
    }

    /// An access key by id.
    #[must_use]
    pub(super) fn access_key(&self, id: &AccessKeyId) -> Option<&Arc<AccessKey>> {
        self.identities.access_keys.get(id)
    }

    /// Every access key of an account.
    pub(super) fn access_keys<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<AccessKey>> {
        let keys = self.identities.access_keys.values();
        keys.filter(move |key| key.account == *account)
    }

    /// A group by name.
    #[must_use]
    pub(super) fn group(&self, account: &AccountId, name: &GroupName) -> Option<&Arc<GroupEntry>> {
        let place = (account.clone(), name.clone());
        self.identities.groups.get(&place)
    }

    /// A group by unique id.
    #[must_use]
    pub(super) fn group_of_id(&self, id: &UniqueId) -> Option<&Arc<GroupEntry>> {
        self.identities.groups_by_id.get(id)
    }

    /// The groups of an account in order of name.
    pub(super) fn groups<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<GroupEntry>> {
        of_account(&self.identities.groups, account)
    }

    /// A role by name.
    #[must_use]
    pub(super) fn role(&self, account: &AccountId, name: &RoleName) -> Option<&Arc<RoleEntry>> {
        let place = (account.clone(), name.clone());
        self.identities.roles.get(&place)
    }

    /// The roles of an account in order of name.
    pub(super) fn roles<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<RoleEntry>> {
        of_account(&self.identities.roles, account)
    }

    /// The unique ids of all users and roles.
    pub(super) fn entity_ids(&self) -> HashSet<&UniqueId> {
        let users = self.identities.users.values();
        let roles = self.identities.roles.values();
        users
            .map(|entry| &entry.user.id)
            .chain(roles.map(|entry| &entry.role.id))
            .collect()
    }

    /// The ARN of the user or role with that unique id, if it is still there.
    pub(super) fn arn_of_entity(&self, id: &str) -> Option<String> {
        let users = self.identities.users.values().map(|entry| &entry.user);
        let roles = self.identities.roles.values().map(|entry| &entry.role);
        let user = users.filter(|user| user.id.as_str() == id).map(User::arn);
        let role = roles.filter(|role| role.id.as_str() == id).map(Role::arn);
        user.chain(role).next()
    }

    /// A managed policy by ARN.
    #[must_use]
    pub(super) fn managed_policy(&self, arn: &PolicyArn) -> Option<&Arc<PolicyEntry>> {
        let place = (arn.account()?, arn.name().parse().ok()?);
        let entry = self.identities.policies.get(&place)?;
        (entry.policy.arn() == *arn).then_some(entry)
    }

    /// A managed policy by name, wherever its path puts it.
    #[must_use]
    pub(super) fn policy(
        &self,
        account: &AccountId,
        name: &PolicyName,
    ) -> Option<&Arc<PolicyEntry>> {
        let place = (account.clone(), name.clone());
        self.identities.policies.get(&place)
    }

    /// The managed policies of an account in order of name.
    pub(super) fn managed_policies<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<PolicyEntry>> {
        of_account(&self.identities.policies, account)
    }

    /// The documents of attached policies. One that is not there might deny: then nothing is said
    /// without it.
    pub(super) fn attached<'a>(
        &'a self,
        attached: &'a BTreeSet<PolicyArn>,
    ) -> impl Iterator<Item = Result<&'a Arc<IdentityPolicy>, Error>> {
        attached.iter().map(|arn| self.managed_document(arn))
    }

    /// The document of a policy that an entity refers to.
    ///
    /// # Errors
    /// [`Error::Internal`] when it is not there: a policy is not deleted while it is referred to.
    pub(super) fn managed_document(&self, arn: &PolicyArn) -> Result<&Arc<IdentityPolicy>, Error> {
        self.managed_policy(arn)
            .map(|entry| &entry.document)
            .ok_or_else(|| Error::internal("a policy that is attached does not exist"))
    }
}

impl Identities {
    /// Takes a stored user in.
    ///
    /// # Errors
    /// [`Error::Internal`] when a stored policy does not parse, here and below.
    pub(super) fn put_user(&mut self, user: User) -> Result<(), Error> {
        let policies = compiled(&user.policies)?;
        let place = (user.account.clone(), user.name.clone());
        let entry = UserEntry { user, policies };
        self.users.insert(place, Arc::new(entry));
        Ok(())
    }

    pub(super) fn remove_user(&mut self, account: AccountId, name: UserName) {
        self.users.remove(&(account, name));
    }

    pub(super) fn put_access_key(&mut self, key: AccessKey) {
        self.access_keys.insert(key.id.clone(), Arc::new(key));
    }

    pub(super) fn remove_access_key(&mut self, id: &AccessKeyId) {
        self.access_keys.remove(id);
    }

    pub(super) fn put_group(&mut self, group: Group) -> Result<(), Error> {
        let policies = compiled(&group.policies)?;
        let place = (group.account.clone(), group.name.clone());
        let entry = Arc::new(GroupEntry { group, policies });
        let id = entry.group.id.clone();
        self.groups_by_id.insert(id, Arc::clone(&entry));
        self.groups.insert(place, entry);
        Ok(())
    }

    /// A group that got another name may have been put under it already: its id stays then.
    pub(super) fn remove_group(&mut self, account: AccountId, name: GroupName) {
        let Some(removed) = self.groups.remove(&(account, name)) else {
            return;
        };
        let id = &removed.group.id;
        let current = self.groups_by_id.get(id);
        if current.is_some_and(|current| current.group.name == removed.group.name) {
            self.groups_by_id.remove(id);
        }
    }

    pub(super) fn put_role(&mut self, role: Role) -> Result<(), Error> {
        let policies = compiled(&role.policies)?;
        let trust = TrustPolicy::parse_bound(&role.trust_policy, &role.trusted);
        let trust = trust.map_err(Error::internal)?;
        let place = (role.account.clone(), role.name.clone());
        let entry = RoleEntry {
            role,
            policies,
            trust,
        };
        self.roles.insert(place, Arc::new(entry));
        Ok(())
    }

    pub(super) fn remove_role(&mut self, account: AccountId, name: RoleName) {
        self.roles.remove(&(account, name));
    }

    pub(super) fn put_policy(&mut self, policy: ManagedPolicy) -> Result<(), Error> {
        let text = policy
            .document()
            .ok_or_else(|| Error::internal("a managed policy has no default version"))?;
        let document = compile(text)?;
        let place = (policy.account.clone(), policy.name.clone());
        let entry = PolicyEntry { policy, document };
        self.policies.insert(place, Arc::new(entry));
        Ok(())
    }

    pub(super) fn remove_policy(&mut self, account: AccountId, name: PolicyName) {
        self.policies.remove(&(account, name));
    }
}
