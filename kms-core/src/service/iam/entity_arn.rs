//! The ARNs of users, groups and roles, as requests name whose policies they are about.

use super::holder::Kept;
use super::invalid_input;
use super::subject::{Entity, Subject};
use crate::Error;
use crate::caller::Principal;
use crate::identity::{Group, Role, User};
use crate::ids::{AccountId, EntityPath, GroupName, PARTITION, RoleName, UniqueId, UserName};
use crate::service::named_policies::{self, NamedPolicy};
use crate::service::operation::Step;

/// A name by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EntityName {
    User(UserName),
    Group(GroupName),
    Role(RoleName),
}

/// The ARN of a user, a group or a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntityArn {
    pub(super) account: AccountId,
    pub(super) path: EntityPath,
    pub(super) name: EntityName,
}

/// A path that no entity has, so that no document names who stands below it.
const NOWHERE: &str = "/*/";

/// The name of a user or a session that is only thought of.
const SESSION: &str = "simulated";

fn parse(text: &str) -> Option<EntityArn> {
    let segments: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", PARTITION, "iam", "", account, entity] = segments.as_slice() else {
        return None;
    };
    let (kind, place) = entity.split_once('/')?;
    let (path, name) = match place.rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/").parse().ok()?, name),
        None => (EntityPath::default(), place),
    };
    let name = match kind {
        "user" => EntityName::User(name.parse().ok()?),
        "group" => EntityName::Group(name.parse().ok()?),
        "role" => EntityName::Role(name.parse().ok()?),
        _ => return None,
    };
    Some(EntityArn {
        account: account.parse().ok()?,
        path,
        name,
    })
}

/// Reads the ARN of an entity.
///
/// # Errors
/// `InvalidInput` in AWS's words, for a session and whatever else is no entity.
pub(super) fn entity_arn(text: &str) -> Result<EntityArn, Error> {
    parse(text).ok_or_else(|| invalid_input(format!("Invalid Entity Arn: {text}")))
}

/// The subject of a request about the entity of that ARN; none for a text that is refused anyway.
pub(super) fn subject(text: &str) -> Subject {
    match parse(text).map(|arn| arn.name) {
        Some(EntityName::User(name)) => Subject::User(name),
        Some(EntityName::Group(name)) => Subject::Group(name),
        Some(EntityName::Role(name)) => Subject::Role(name),
        None => Subject::Any,
    }
}

impl EntityArn {
    /// The policies of the entity, which the request loaded.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such entity in the caller's account.
    pub(super) fn policies<'a>(&self, step: &'a Step<'_>) -> Result<Vec<NamedPolicy<'a>>, Error> {
        let own = self.account == *step.call.account();
        let is_it = |path: &EntityPath| own && *path == self.path;
        match step.loaded.iam() {
            Entity::User(entry) if is_it(&entry.user.path) => {
                named_policies::of_user(entry, step.state)
            }
            Entity::Group(entry) if is_it(&entry.group.path) => {
                named_policies::of_group(entry, step.state)
            }
            Entity::Role(entry) if is_it(&entry.role.path) => {
                named_policies::of_role(entry, step.state)
            }
            _ => Err(match &self.name {
                EntityName::User(name) => User::no_such(name),
                EntityName::Group(name) => Group::no_such(name),
                EntityName::Role(name) => Role::no_such(name),
            }),
        }
    }

    /// The entity as a caller; a role through a session. A group calls nobody: it stands for a user
    /// whom no document names, and so does `None`.
    ///
    /// # Errors
    /// [`Error::Internal`] never: the names are as they must be.
    pub(super) fn principal(&self) -> Result<Principal, Error> {
        let account = self.account.clone();
        Ok(match &self.name {
            EntityName::User(name) => Principal::User {
                account,
                path: self.path.clone(),
                name: name.clone(),
                id: id("AIDAAAAAAAAAAAAAAAAAA")?,
            },
            EntityName::Role(role) => Principal::AssumedRole {
                account,
                path: self.path.clone(),
                role: role.clone(),
                id: id("AROAAAAAAAAAAAAAAAAAA")?,
                session: SESSION.parse().map_err(Error::internal)?,
            },
            EntityName::Group(_) => nobody(&account)?,
        })
    }
}

/// A user of the account whom no document names.
///
/// # Errors
/// [`Error::Internal`] never: the names are as they must be.
pub(super) fn nobody(account: &AccountId) -> Result<Principal, Error> {
    Ok(Principal::User {
        account: account.clone(),
        path: NOWHERE.parse().map_err(Error::internal)?,
        name: SESSION.parse().map_err(Error::internal)?,
        id: id("AIDAAAAAAAAAAAAAAAAAA")?,
    })
}

/// No document of a simulation is bound to an id, so that any will do.
fn id(text: &str) -> Result<UniqueId, Error> {
    text.parse().map_err(Error::internal)
}
