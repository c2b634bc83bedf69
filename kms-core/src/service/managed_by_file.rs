//! What the principals file manages is changed by applying the file alone.

use super::change::Edit;
use super::federation_edit::FederationEdit;
use super::iam::Entity;
use super::identity_edit::IdentityEdit;
use super::state::State;
use crate::Error;
use crate::api::query::QueryCode;
use crate::identity::{AccessKeyOwner, User, oidc_provider_arn};
use crate::ids::{AccessKeyId, AccountId, GroupName, PolicyName, RoleName, UserName};

/// A kind and a name.
type Named = (&'static str, String);

/// The answer to a change of what the file manages, in the words that AWS has for roles which it
/// manages itself.
fn unmodifiable((kind, name): Named) -> Error {
    let message = format!(
        "Cannot perform the operation on the protected {kind} '{name}' - this {kind} is only \
         modifiable by the principals file"
    );
    Error::Query(QueryCode::UnmodifiableEntity, message)
}

fn refuse(managed: Option<Named>) -> Result<(), Error> {
    managed.map_or(Ok(()), |named| Err(unmodifiable(named)))
}

/// Refuses an entity that the file manages, before anything else is found wrong with a change.
///
/// # Errors
/// [`QueryCode::UnmodifiableEntity`].
pub(super) fn check_entity(entity: &Entity) -> Result<(), Error> {
    refuse(match entity {
        Entity::User(entry) | Entity::AccessKey(_, Some(entry)) => managed_user(&entry.user),
        Entity::Group(entry) => {
            let group = &entry.group;
            group
                .managed_by_file
                .then(|| ("group", group.name.to_string()))
        }
        Entity::Role(entry) => {
            let role = &entry.role;
            role.managed_by_file
                .then(|| ("role", role.name.to_string()))
        }
        Entity::Policy(entry) => {
            let policy = &entry.policy;
            policy
                .managed_by_file
                .then(|| ("policy", policy.name.to_string()))
        }
        Entity::None | Entity::AccessKey(_, None) => None,
    })
}

/// Refuses a change of what the file manages, whichever operation makes it.
///
/// # Errors
/// [`QueryCode::UnmodifiableEntity`].
pub(super) fn check_edits(edits: &[Edit], state: &State) -> Result<(), Error> {
    for edit in edits {
        refuse(match edit {
            Edit::Identity(edit) => of_identity(edit, state),
            Edit::Federation(edit) => of_federation(edit, state),
            _ => None,
        })?;
    }
    Ok(())
}

fn of_identity(edit: &IdentityEdit, state: &State) -> Option<Named> {
    match edit {
        IdentityEdit::PutUser(user) => user_of(&user.account, &user.name, state),
        IdentityEdit::RemoveUser(account, name) => user_of(account, name, state),
        IdentityEdit::PutAccessKey(key) => match &key.owner {
            AccessKeyOwner::User(name) => user_of(&key.account, name, state),
            AccessKeyOwner::Root => access_key(&key.id, state),
        },
        IdentityEdit::RemoveAccessKey(id) => access_key(id, state),
        IdentityEdit::PutGroup(group) => group_of(&group.account, &group.name, state),
        IdentityEdit::RemoveGroup(account, name) => group_of(account, name, state),
        IdentityEdit::PutRole(role) => role_of(&role.account, &role.name, state),
        IdentityEdit::RemoveRole(account, name) => role_of(account, name, state),
        IdentityEdit::PutPolicy(policy) => policy_of(&policy.account, &policy.name, state),
        IdentityEdit::RemovePolicy(account, name) => policy_of(account, name, state),
    }
}

fn of_federation(edit: &FederationEdit, state: &State) -> Option<Named> {
    let (account, name) = match edit {
        FederationEdit::PutOidcProvider(provider) => (&provider.account, provider.name()),
        FederationEdit::RemoveOidcProvider(account, name) => (account, name.as_str()),
        FederationEdit::PutMfaDevice(_)
        | FederationEdit::RemoveMfaDevice(..)
        | FederationEdit::PutRevocation(_)
        | FederationEdit::RemoveRevocation(_) => return None,
    };
    let providers = &state.federation.oidc_providers;
    let provider = providers.of_arn(account, &oidc_provider_arn(account, name))?;
    provider
        .managed_by_file
        .then(|| ("OpenIDConnect provider", name.to_owned()))
}

fn managed_user(user: &User) -> Option<Named> {
    user.managed_by_file
        .then(|| ("user", user.name.to_string()))
}

fn user_of(account: &AccountId, name: &UserName, state: &State) -> Option<Named> {
    managed_user(&state.user(account, name)?.user)
}

fn access_key(id: &AccessKeyId, state: &State) -> Option<Named> {
    let key = state.access_key(id)?;
    match &key.owner {
        AccessKeyOwner::User(name) => user_of(&key.account, name, state),
        AccessKeyOwner::Root => None,
    }
}

fn group_of(account: &AccountId, name: &GroupName, state: &State) -> Option<Named> {
    let managed = state.group(account, name)?.group.managed_by_file;
    managed.then(|| ("group", name.to_string()))
}

fn role_of(account: &AccountId, name: &RoleName, state: &State) -> Option<Named> {
    let managed = state.role(account, name)?.role.managed_by_file;
    managed.then(|| ("role", name.to_string()))
}

fn policy_of(account: &AccountId, name: &PolicyName, state: &State) -> Option<Named> {
    let managed = state.policy(account, name)?.policy.managed_by_file;
    managed.then(|| ("policy", name.to_string()))
}
