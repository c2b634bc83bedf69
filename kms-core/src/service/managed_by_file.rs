//! What the principals file manages is changed by applying the file alone.

use super::change::Edit;
use super::federation_edit::FederationEdit;
use super::iam::Entity;
use super::identity_edit::IdentityEdit;
use super::organizations::{OrganizationEdit, Organizations};
use super::state::State;
use crate::Error;
use crate::api::OrganizationsCode;
use crate::api::query::QueryCode;
use crate::identity::{AccessKeyOwner, Group, ManagedPolicy, Role, User, oidc_provider_arn};
use crate::ids::{
    AccessKeyId, AccountId, GroupName, OrganizationPolicyId, OrganizationalUnitId, PolicyName,
    RoleName, UserName,
};

/// A kind and a name.
type Named = (&'static str, String);

/// The answer to a change of what the file manages, in the words that AWS has for roles which it
/// manages itself.
fn protected((kind, name): Named) -> String {
    format!(
        "Cannot perform the operation on the protected {kind} '{name}' - this {kind} is only \
         modifiable by the principals file"
    )
}

fn refuse(managed: Option<Named>) -> Result<(), Error> {
    let unmodifiable = |named| Error::Query(QueryCode::UnmodifiableEntity, protected(named));
    managed.map_or(Ok(()), |named| Err(unmodifiable(named)))
}

/// The same of a part of the organization. AWS Organizations has no code for it; this one all of its
/// operations have.
fn refuse_part(managed: Option<Named>) -> Result<(), Error> {
    let code = OrganizationsCode::AccessDeniedException;
    managed.map_or(Ok(()), |named| {
        Err(Error::Organizations(code, protected(named)))
    })
}

/// Refuses an entity that the file manages, before anything else is found wrong with a change.
///
/// # Errors
/// [`QueryCode::UnmodifiableEntity`].
pub(super) fn check_entity(entity: &Entity) -> Result<(), Error> {
    refuse(match entity {
        Entity::User(entry) | Entity::AccessKey(_, Some(entry)) => managed_user(&entry.user),
        Entity::Group(entry) => managed_group(&entry.group),
        Entity::Role(entry) => managed_role(&entry.role),
        Entity::Policy(entry) => managed_policy(&entry.policy),
        Entity::None | Entity::AccessKey(_, None) => None,
    })
}

/// Refuses a change of what the file manages, whichever operation makes it.
///
/// # Errors
/// [`QueryCode::UnmodifiableEntity`], of the organization
/// [`OrganizationsCode::AccessDeniedException`].
pub(super) fn check_edits(edits: &[Edit], state: &State) -> Result<(), Error> {
    for edit in edits {
        refuse(match edit {
            Edit::Identity(edit) => of_identity(edit, state),
            Edit::Federation(edit) => of_federation(edit, state),
            Edit::Organization(edit) => {
                refuse_part(of_organization(edit, &state.organizations))?;
                None
            }
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

fn of_organization(edit: &OrganizationEdit, organizations: &Organizations) -> Option<Named> {
    match edit {
        OrganizationEdit::Put(_) | OrganizationEdit::Remove(_) => {
            let organization = organizations.organization()?;
            organization
                .managed_by_file
                .then(|| ("organization", organization.id.to_string()))
        }
        OrganizationEdit::PutUnit(unit) => {
            let there = organizations.unit(&unit.id)?;
            let moved = there.attached.symmetric_difference(&unit.attached);
            unit_of(&unit.id, organizations).or_else(|| attached(moved, organizations))
        }
        OrganizationEdit::RemoveUnit(id) => unit_of(id, organizations),
        OrganizationEdit::PutMember(member) => {
            let there = organizations.member(&member.id)?;
            let moved = there.attached.symmetric_difference(&member.attached);
            member_of(&member.id, organizations).or_else(|| attached(moved, organizations))
        }
        OrganizationEdit::RemoveMember(id) => member_of(id, organizations),
        OrganizationEdit::PutPolicy(policy) => control_policy_of(&policy.id, organizations),
        OrganizationEdit::RemovePolicy(id) => control_policy_of(id, organizations),
        OrganizationEdit::PutRequest(_) | OrganizationEdit::RemoveRequest(_) => None,
    }
}

/// A policy of the file among those that are attached or detached: its targets are the file's too.
fn attached<'a>(
    mut moved: impl Iterator<Item = &'a OrganizationPolicyId>,
    organizations: &Organizations,
) -> Option<Named> {
    moved.find_map(|id| control_policy_of(id, organizations))
}

fn unit_of(id: &OrganizationalUnitId, organizations: &Organizations) -> Option<Named> {
    let unit = organizations.unit(id)?;
    unit.managed_by_file
        .then(|| ("organizational unit", unit.name.clone()))
}

fn member_of(id: &AccountId, organizations: &Organizations) -> Option<Named> {
    let member = organizations.member(id)?;
    member.managed_by_file.then(|| ("account", id.to_string()))
}

fn control_policy_of(id: &OrganizationPolicyId, organizations: &Organizations) -> Option<Named> {
    let policy = organizations.policy(id)?;
    policy
        .managed_by_file
        .then(|| ("policy", policy.name.clone()))
}

fn managed_user(user: &User) -> Option<Named> {
    user.managed_by_file
        .then(|| ("user", user.name.to_string()))
}

fn managed_group(group: &Group) -> Option<Named> {
    group
        .managed_by_file
        .then(|| ("group", group.name.to_string()))
}

fn managed_role(role: &Role) -> Option<Named> {
    role.managed_by_file
        .then(|| ("role", role.name.to_string()))
}

fn managed_policy(policy: &ManagedPolicy) -> Option<Named> {
    policy
        .managed_by_file
        .then(|| ("policy", policy.name.to_string()))
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
    managed_group(&state.group(account, name)?.group)
}

fn role_of(account: &AccountId, name: &RoleName, state: &State) -> Option<Named> {
    managed_role(&state.role(account, name)?.role)
}

fn policy_of(account: &AccountId, name: &PolicyName, state: &State) -> Option<Named> {
    managed_policy(&state.policy(account, name)?.policy)
}
