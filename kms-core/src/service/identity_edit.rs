//! Changes of IAM entities: as records to commit, and as steps of the state in memory.

use super::change::{Put, body, read};
use super::identity_state::Identities;
use crate::Error;
use crate::identity::{AccessKey, Group, ManagedPolicy, Role, User};
use crate::ids::{AccessKeyId, AccountId, GroupName, PolicyName, RoleName, UserName};
use crate::root::RecordKind;
use crate::store::sealed::Record;

/// One entity to put or to remove. The paths of the records do not hold the paths of the entities:
/// names are unique in an account.
#[derive(Debug)]
pub enum IdentityEdit {
    /// Keeps a user.
    PutUser(User),
    /// Forgets a user.
    RemoveUser(AccountId, UserName),
    /// Keeps an access key.
    PutAccessKey(AccessKey),
    /// Forgets an access key.
    RemoveAccessKey(AccessKeyId),
    /// Keeps a group.
    PutGroup(Group),
    /// Forgets a group.
    RemoveGroup(AccountId, GroupName),
    /// Keeps a role.
    PutRole(Role),
    /// Forgets a role.
    RemoveRole(AccountId, RoleName),
    /// Keeps a managed policy.
    PutPolicy(ManagedPolicy),
    /// Forgets a managed policy.
    RemovePolicy(AccountId, PolicyName),
}

fn named(kind: RecordKind, account: &AccountId, name: &str) -> String {
    kind.path(&format!("{account}/{name}"))
}

impl IdentityEdit {
    /// Adds the record to write, or the path to delete.
    pub(super) fn to_record(
        &self,
        puts: &mut Vec<Put>,
        deletes: &mut Vec<String>,
    ) -> Result<(), Error> {
        let path = self.path();
        let kind = self.kind();
        match self {
            Self::PutUser(user) => puts.push((path, kind, body(user)?)),
            Self::PutAccessKey(key) => puts.push((path, kind, body(key)?)),
            Self::PutGroup(group) => puts.push((path, kind, body(group)?)),
            Self::PutRole(role) => puts.push((path, kind, body(role)?)),
            Self::PutPolicy(policy) => puts.push((path, kind, body(policy)?)),
            Self::RemoveUser(..)
            | Self::RemoveAccessKey(_)
            | Self::RemoveGroup(..)
            | Self::RemoveRole(..)
            | Self::RemovePolicy(..) => deletes.push(path),
        }
        Ok(())
    }

    fn kind(&self) -> RecordKind {
        match self {
            Self::PutUser(_) | Self::RemoveUser(..) => RecordKind::User,
            Self::PutAccessKey(_) | Self::RemoveAccessKey(_) => RecordKind::AccessKey,
            Self::PutGroup(_) | Self::RemoveGroup(..) => RecordKind::Group,
            Self::PutRole(_) | Self::RemoveRole(..) => RecordKind::Role,
            Self::PutPolicy(_) | Self::RemovePolicy(..) => RecordKind::Policy,
        }
    }

    fn path(&self) -> String {
        let kind = self.kind();
        match self {
            Self::PutUser(user) => named(kind, &user.account, user.name.as_str()),
            Self::RemoveUser(account, name) => named(kind, account, name.as_str()),
            Self::PutAccessKey(key) => kind.path(key.id.as_str()),
            Self::RemoveAccessKey(id) => kind.path(id.as_str()),
            Self::PutGroup(group) => named(kind, &group.account, group.name.as_str()),
            Self::RemoveGroup(account, name) => named(kind, account, name.as_str()),
            Self::PutRole(role) => named(kind, &role.account, role.name.as_str()),
            Self::RemoveRole(account, name) => named(kind, account, name.as_str()),
            Self::PutPolicy(policy) => named(kind, &policy.account, policy.name.as_str()),
            Self::RemovePolicy(account, name) => named(kind, account, name.as_str()),
        }
    }

    /// What a verified record of an entity says; `None` for a record of another kind.
    pub(super) fn from_record(record: &Record) -> Result<Option<Self>, Error> {
        let text = record.body.expose();
        Ok(Some(match record.kind {
            RecordKind::User => Self::PutUser(read(text)?),
            RecordKind::AccessKey => Self::PutAccessKey(read(text)?),
            RecordKind::Group => Self::PutGroup(read(text)?),
            RecordKind::Role => Self::PutRole(read(text)?),
            RecordKind::Policy => Self::PutPolicy(read(text)?),
            _ => return Ok(None),
        }))
    }

    /// Makes the same change in memory.
    pub(super) fn apply(self, state: &mut Identities) -> Result<(), Error> {
        match self {
            Self::PutUser(user) => state.put_user(user)?,
            Self::RemoveUser(account, name) => state.remove_user(account, name),
            Self::PutAccessKey(key) => state.put_access_key(key),
            Self::RemoveAccessKey(id) => state.remove_access_key(&id),
            Self::PutGroup(group) => state.put_group(group)?,
            Self::RemoveGroup(account, name) => state.remove_group(account, name),
            Self::PutRole(role) => state.put_role(role)?,
            Self::RemoveRole(account, name) => state.remove_role(account, name),
            Self::PutPolicy(policy) => state.put_policy(policy)?,
            Self::RemovePolicy(account, name) => state.remove_policy(account, name),
        }
        Ok(())
    }
}
