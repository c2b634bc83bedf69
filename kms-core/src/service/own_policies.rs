//! The policies that are a caller's own: inline, attached, of groups, and the boundary.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::identity_state::UserEntry;
use super::state::State;
use crate::Error;
use crate::caller::Principal;
use crate::ids::{AccountId, PolicyArn, UniqueId, UserName};
use crate::policy::IdentityPolicy;

type Policies<'a> = Cow<'a, [Arc<IdentityPolicy>]>;

/// What a caller's user or role lets it do, and beyond what it may do nothing.
#[derive(Debug, Default)]
pub(super) struct OwnPolicies<'a> {
    pub(super) identity: Policies<'a>,
    pub(super) boundary: Option<&'a IdentityPolicy>,
}

/// The policies of a caller, as they are now.
///
/// # Errors
/// [`Error::AccessDenied`] for a user or role that is gone, or was replaced by a namesake;
/// [`Error::Internal`] when a policy is missing that it refers to.
pub(super) fn of<'a>(principal: &Principal, state: &'a State) -> Result<OwnPolicies<'a>, Error> {
    match principal {
        Principal::Root { .. } | Principal::Service { .. } => Ok(OwnPolicies::default()),
        Principal::User {
            account, name, id, ..
        } => of_user(user(account, name, id, principal, state)?, state),
        Principal::FederatedUser {
            account,
            issuer,
            issuer_name,
            ..
        } => of_user(user(account, issuer_name, issuer, principal, state)?, state),
        Principal::AssumedRole {
            account, role, id, ..
        } => {
            let entry = state.role(account, role);
            let entry = entry.filter(|entry| entry.role.id == *id);
            let entry = entry.ok_or_else(|| gone(principal, "role"))?;
            let attached = state.attached(&entry.role.attached);
            Ok(OwnPolicies {
                identity: joined(&entry.policies, attached)?,
                boundary: boundary(entry.role.boundary.as_ref(), state)?,
            })
        }
    }
}

/// The tags of a caller's user or role, as they are now.
pub(super) fn tags<'a>(
    principal: &Principal,
    state: &'a State,
) -> Option<&'a BTreeMap<String, String>> {
    match principal {
        Principal::Root { .. } | Principal::Service { .. } => None,
        Principal::User { account, name, .. }
        | Principal::FederatedUser {
            account,
            issuer_name: name,
            ..
        } => Some(&state.user(account, name)?.user.tags),
        Principal::AssumedRole { account, role, .. } => Some(&state.role(account, role)?.role.tags),
    }
}

fn user<'a>(
    account: &AccountId,
    name: &UserName,
    id: &UniqueId,
    principal: &Principal,
    state: &'a State,
) -> Result<&'a UserEntry, Error> {
    match state.user(account, name) {
        Some(entry) if entry.user.id == *id => Ok(entry),
        _ => Err(gone(principal, "user")),
    }
}

fn gone(principal: &Principal, kind: &str) -> Error {
    Error::AccessDenied(format!(
        "User: {} is not authorized: the {kind} does not exist",
        principal.arn()
    ))
}

fn of_user<'a>(entry: &'a UserEntry, state: &'a State) -> Result<OwnPolicies<'a>, Error> {
    let mut identity = joined(&entry.policies, state.attached(&entry.user.attached))?;
    for id in &entry.user.groups {
        let group = state.group_of_id(id);
        let group = group.ok_or_else(|| Error::internal("a user is in no group that exists"))?;
        let all = identity.to_mut();
        all.extend(group.policies.iter().cloned());
        for policy in state.attached(&group.group.attached) {
            all.push(Arc::clone(policy?));
        }
    }
    Ok(OwnPolicies {
        identity,
        boundary: boundary(entry.user.boundary.as_ref(), state)?,
    })
}

/// Nothing is copied for whoever has inline policies alone.
fn joined<'a>(
    inline: &'a [Arc<IdentityPolicy>],
    attached: impl Iterator<Item = Result<&'a Arc<IdentityPolicy>, Error>>,
) -> Result<Policies<'a>, Error> {
    let mut all = Cow::Borrowed(inline);
    for policy in attached {
        all.to_mut().push(Arc::clone(policy?));
    }
    Ok(all)
}

fn boundary<'a>(
    arn: Option<&PolicyArn>,
    state: &'a State,
) -> Result<Option<&'a IdentityPolicy>, Error> {
    arn.map(|arn| state.managed_document(arn).map(|document| &**document))
        .transpose()
}
