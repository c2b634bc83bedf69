//! Which entity a request is about: named by the request, found before it is permitted.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::caller::Principal;
use crate::identity::{AccessKey, AccessKeyOwner};
use crate::ids::{
    AccessKeyId, AccountId, EntityPath, GroupName, PolicyArn, PolicyName, RoleName, UserName,
    account_root_arn, group_arn, role_arn, user_arn,
};
use crate::service::context::CallContext;
use crate::service::identity_state::{GroupEntry, PolicyEntry, RoleEntry, UserEntry};
use crate::service::operation::On;
use crate::service::state::State;
use crate::service::values::Specific;

/// How a request names the entity that it is about, in the caller's account.
#[derive(Clone, Debug)]
pub(in crate::service) enum Subject {
    /// None: permission is asked on nothing in particular.
    Any,
    /// A user, or whoever calls.
    UserOrCaller(Option<UserName>),
    /// A user.
    User(UserName),
    /// A group.
    Group(GroupName),
    /// A role.
    Role(RoleName),
    /// A managed policy.
    Policy(PolicyArn),
    /// Whoever has the access key, who is the user of that name if one is given.
    AccessKey(AccessKeyId, Option<UserName>),
    /// A user that may not exist yet, with the path that it will have; so below.
    NewUser(EntityPath, UserName),
    /// A group.
    NewGroup(EntityPath, GroupName),
    /// A role.
    NewRole(EntityPath, RoleName),
    /// A managed policy.
    NewPolicy(EntityPath, PolicyName),
}

/// The entity that was found.
#[derive(Clone, Debug, Default)]
pub(in crate::service) enum Entity {
    /// There is none of that name.
    #[default]
    None,
    /// A user.
    User(Arc<UserEntry>),
    /// A group.
    Group(Arc<GroupEntry>),
    /// A role.
    Role(Arc<RoleEntry>),
    /// A managed policy.
    Policy(Arc<PolicyEntry>),
    /// An access key, and whose it is unless it is the root user's.
    AccessKey(Arc<AccessKey>, Option<Arc<UserEntry>>),
}

impl Subject {
    fn arn(&self, call: &CallContext) -> Option<String> {
        let account = call.account();
        let path = EntityPath::default();
        Some(match self {
            Self::Any => return None,
            Self::UserOrCaller(None) => call.caller.principal().arn(),
            Self::UserOrCaller(Some(name)) | Self::User(name) | Self::AccessKey(_, Some(name)) => {
                user_arn(account, &path, name)
            }
            Self::Group(name) => group_arn(account, &path, name),
            Self::Role(name) => role_arn(account, &path, name),
            Self::Policy(arn) => arn.to_string(),
            // Whose key it would be is not known: every user, which only a policy on all matches.
            Self::AccessKey(_, None) => format!("arn:aws:iam::{account}:user/*"),
            Self::NewUser(path, name) => user_arn(account, path, name),
            Self::NewGroup(path, name) => group_arn(account, path, name),
            Self::NewRole(path, name) => role_arn(account, path, name),
            Self::NewPolicy(path, name) => PolicyArn::new(account, path, name).to_string(),
        })
    }
}

/// Finds the entity in the caller's account.
pub(in crate::service) fn load(subject: &Subject, state: &State, call: &CallContext) -> Entity {
    let account = call.account();
    match subject {
        Subject::UserOrCaller(None) => match call.caller.principal() {
            Principal::User { name, .. } => found(state.user(account, name), Entity::User),
            _ => Entity::None,
        },
        Subject::UserOrCaller(Some(name)) | Subject::User(name) => {
            found(state.user(account, name), Entity::User)
        }
        Subject::Group(name) => found(state.group(account, name), Entity::Group),
        Subject::Role(name) => found(state.role(account, name), Entity::Role),
        Subject::Policy(arn) if arn.account().as_ref() == Some(account) => {
            found(state.managed_policy(arn), Entity::Policy)
        }
        Subject::Policy(_)
        | Subject::Any
        | Subject::NewUser(..)
        | Subject::NewGroup(..)
        | Subject::NewRole(..)
        | Subject::NewPolicy(..) => Entity::None,
        Subject::AccessKey(id, name) => access_key(id, name.as_ref(), state, account),
    }
}

/// The key, or the user who is said to have it: what is another one's does not exist.
fn access_key(
    id: &AccessKeyId,
    name: Option<&UserName>,
    state: &State,
    account: &AccountId,
) -> Entity {
    let key = state.access_key(id).filter(|key| key.account == *account);
    let owner = |name: &UserName| state.user(account, name).cloned();
    match (key.map(|key| (key, &key.owner)), name) {
        (Some((key, AccessKeyOwner::Root)), None) => Entity::AccessKey(Arc::clone(key), None),
        (Some((key, AccessKeyOwner::User(user))), name) if name.is_none_or(|name| name == user) => {
            owner(user).map_or(Entity::None, |user| {
                Entity::AccessKey(Arc::clone(key), Some(user))
            })
        }
        (_, Some(name)) => owner(name).map_or(Entity::None, Entity::User),
        _ => Entity::None,
    }
}

fn found<T>(entry: Option<&Arc<T>>, entity: fn(Arc<T>) -> Entity) -> Entity {
    entry.map_or(Entity::None, |entry| entity(Arc::clone(entry)))
}

impl Entity {
    /// What permission is asked on: the entity with its path where there is one, so that a caller
    /// who may not ask does not learn whether there is.
    pub(in crate::service) fn on(&self, subject: &Subject, call: &CallContext) -> On<'static> {
        let arn = match self {
            Self::None => subject.arn(call),
            Self::User(entry) => Some(entry.user.arn()),
            Self::Group(entry) => Some(entry.group.arn()),
            Self::Role(entry) => Some(entry.role.arn()),
            Self::Policy(entry) => Some(entry.policy.arn().to_string()),
            Self::AccessKey(_, Some(entry)) => Some(entry.user.arn()),
            Self::AccessKey(key, None) => Some(account_root_arn(&key.account)),
        };
        arn.map_or(On::Any, On::Named)
    }

    fn tags(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::User(entry) | Self::AccessKey(_, Some(entry)) => Some(&entry.user.tags),
            Self::Role(entry) => Some(&entry.role.tags),
            Self::Policy(entry) => Some(&entry.policy.tags),
            Self::None | Self::Group(_) | Self::AccessKey(_, None) => None,
        }
    }

    fn boundary(&self) -> Option<&PolicyArn> {
        match self {
            Self::User(entry) | Self::AccessKey(_, Some(entry)) => entry.user.boundary.as_ref(),
            Self::Role(entry) => entry.role.boundary.as_ref(),
            Self::None | Self::Group(_) | Self::Policy(_) | Self::AccessKey(_, None) => None,
        }
    }

    /// The values that conditions may ask of the entity: its tags and its boundary.
    pub(super) fn specific(&self) -> Specific<'_> {
        Specific {
            entity_tags: self.tags(),
            permissions_boundary: self.boundary(),
            ..Specific::default()
        }
    }
}
