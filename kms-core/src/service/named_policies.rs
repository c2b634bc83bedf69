//! The policies of an entity with how people know them: by their holder and name, or by their ARN.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::identity_state::{GroupEntry, RoleEntry, UserEntry};
use super::state::State;
use crate::Error;
use crate::caller::Principal;
use crate::identity::ManagedPolicy;
use crate::ids::PolicyArn;
use crate::policy::IdentityPolicy;

/// Where a policy is kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kept<'a> {
    /// In a user, a group or a role.
    Inline {
        /// `user`, `group` or `role`.
        kind: &'static str,
        /// The name of the user, group or role.
        holder: &'a str,
        /// The name of the policy.
        name: &'a str,
    },
    /// On its own; its default version counts.
    Managed(&'a ManagedPolicy),
}

impl Kept<'_> {
    /// The policy in words; one that is kept on its own is called `what`.
    pub(super) fn described(self, what: &str) -> String {
        match self {
            Self::Inline { kind, holder, name } => {
                format!("the inline policy {name} of the {kind} {holder}")
            }
            Self::Managed(policy) => {
                let (arn, version) = (policy.arn(), policy.default_version);
                format!("the {what} {arn} (v{version})")
            }
        }
    }
}

/// A policy that counts for somebody.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedPolicy<'a> {
    pub(super) kept: Kept<'a>,
    /// The document, as it was given.
    pub(super) text: &'a str,
    pub(super) policy: &'a Arc<IdentityPolicy>,
}

/// The identity policies of a principal in the order in which decisions count them: inline before
/// attached, its own before those of its groups.
///
/// # Errors
/// [`Error::Internal`] when a policy or a group is missing that the entity refers to.
pub(super) fn of<'a>(
    principal: &Principal,
    state: &'a State,
) -> Result<Vec<NamedPolicy<'a>>, Error> {
    let user = match principal {
        Principal::Root { .. } | Principal::Service { .. } => return Ok(Vec::new()),
        Principal::AssumedRole { account, role, .. } => {
            let entry = state.role(account, role);
            return entry.map_or(Ok(Vec::new()), |entry| of_role(entry, state));
        }
        Principal::User { account, name, .. }
        | Principal::FederatedUser {
            account,
            issuer_name: name,
            ..
        } => state.user(account, name),
    };
    user.map_or(Ok(Vec::new()), |entry| of_user(entry, state))
}

/// Those of a user, and of the groups that it is in.
pub(super) fn of_user<'a>(
    entry: &'a UserEntry,
    state: &'a State,
) -> Result<Vec<NamedPolicy<'a>>, Error> {
    let user = &entry.user;
    let inline = inline("user", user.name.as_str(), &user.policies, &entry.policies);
    let mut all = with_attached(inline, &user.attached, state)?;
    for id in &user.groups {
        let group = state.group_of_id(id);
        let group = group.ok_or_else(|| Error::internal("a user is in no group that exists"))?;
        all.extend(of_group(group, state)?);
    }
    Ok(all)
}

/// Those of a group.
pub(super) fn of_group<'a>(
    entry: &'a GroupEntry,
    state: &'a State,
) -> Result<Vec<NamedPolicy<'a>>, Error> {
    let group = &entry.group;
    let name = group.name.as_str();
    let inline = inline("group", name, &group.policies, &entry.policies);
    with_attached(inline, &group.attached, state)
}

/// Those of a role.
pub(super) fn of_role<'a>(
    entry: &'a RoleEntry,
    state: &'a State,
) -> Result<Vec<NamedPolicy<'a>>, Error> {
    let role = &entry.role;
    let inline = inline("role", role.name.as_str(), &role.policies, &entry.policies);
    with_attached(inline, &role.attached, state)
}

/// A managed policy that an entity refers to.
///
/// # Errors
/// [`Error::Internal`] when it is not there.
pub(super) fn managed<'a>(arn: &PolicyArn, state: &'a State) -> Result<NamedPolicy<'a>, Error> {
    let entry = state.managed_policy(arn);
    let entry = entry.ok_or_else(|| Error::internal("a policy that is attached does not exist"))?;
    let text = entry.policy.document();
    Ok(NamedPolicy {
        kept: Kept::Managed(&entry.policy),
        text: text.ok_or_else(|| Error::internal("a managed policy has no default version"))?,
        policy: &entry.document,
    })
}

fn inline<'a>(
    kind: &'static str,
    holder: &'a str,
    texts: &'a BTreeMap<String, String>,
    compiled: &'a [Arc<IdentityPolicy>],
) -> impl Iterator<Item = NamedPolicy<'a>> {
    let named = texts.iter().zip(compiled);
    named.map(move |((name, text), policy)| NamedPolicy {
        kept: Kept::Inline { kind, holder, name },
        text,
        policy,
    })
}

/// The inline policies, and then those that are attached.
fn with_attached<'a>(
    inline: impl Iterator<Item = NamedPolicy<'a>>,
    attached: &BTreeSet<PolicyArn>,
    state: &'a State,
) -> Result<Vec<NamedPolicy<'a>>, Error> {
    let attached = attached.iter().map(|arn| managed(arn, state));
    inline.map(Ok).chain(attached).collect()
}
