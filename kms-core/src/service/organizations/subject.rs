//! What a request to Organizations is about: named by the request, found before it is permitted.

use std::collections::BTreeMap;

use super::state::{Organizations, full_access_document};
use crate::identity::{Organization, OrganizationPolicy, PolicyType};
use crate::ids::{AccountId, OrganizationPolicyId, TargetId};
use crate::service::context::CallContext;
use crate::service::operation::On;
use crate::service::state::State;
use crate::service::values::Specific;

/// What the caller's account is in the organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::service) enum Standing {
    /// In none.
    #[default]
    Alone,
    /// The one that administers it.
    Management,
    /// One of the others.
    Member,
}

/// A part of the organization that permission is asked on.
#[derive(Clone, Debug)]
struct Part {
    arn: String,
    tags: BTreeMap<String, String>,
    policy_type: Option<PolicyType>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Located {
    standing: Standing,
    parts: Vec<Part>,
}

/// Finds what a request names, by the ids in it.
pub(in crate::service) fn load(ids: &[String], state: &State, call: &CallContext) -> Located {
    let organizations = &state.organizations;
    let Some(organization) = organizations.organization() else {
        return Located::default();
    };
    let standing = standing(organization, call.account(), organizations);
    // Of others nothing is asked but whether they may ask at all: it is not in their account.
    let ids = match standing {
        Standing::Management => ids,
        Standing::Alone | Standing::Member => &[],
    };
    let parts = ids
        .iter()
        .map(|id| part(id, organization, organizations))
        .collect();
    Located { standing, parts }
}

fn standing(
    organization: &Organization,
    account: &AccountId,
    organizations: &Organizations,
) -> Standing {
    if organization.management_account == *account {
        Standing::Management
    } else if organizations.member(account).is_some() {
        Standing::Member
    } else {
        Standing::Alone
    }
}

/// The part of that id; of one that there is not, what it would be called.
fn part(id: &str, organization: &Organization, organizations: &Organizations) -> Part {
    let none = BTreeMap::new();
    let (arn, tags, policy_type) = match (id.parse(), id.parse::<OrganizationPolicyId>()) {
        (Ok(TargetId::Root(_)), _) => {
            let root = &organization.root;
            (organization.arn_of("root", id), &root.tags, None)
        }
        (Ok(TargetId::Unit(unit)), _) => {
            let unit = organizations.unit(&unit);
            let tags = unit.map_or(&none, |unit| &unit.tags);
            (organization.arn_of("ou", id), tags, None)
        }
        (Ok(TargetId::Account(account)), _) => {
            let member = organizations.member(&account);
            let tags = member.map_or(&none, |member| &member.tags);
            (organization.arn_of("account", id), tags, None)
        }
        (Err(_), Ok(policy)) => match (managed(&policy), organizations.policy(&policy)) {
            (Some(kind), _) => (organization.policy_arn(kind, &policy), &none, Some(kind)),
            (None, Some(found)) => {
                let arn = organization.policy_arn(found.kind, &policy);
                (arn, &found.tags, Some(found.kind))
            }
            (None, None) => (
                organization.arn_of("policy", &format!("*/{id}")),
                &none,
                None,
            ),
        },
        (Err(_), Err(_)) => (organization.arn_of("*", id), &none, None),
    };
    Part {
        arn,
        tags: tags.clone(),
        policy_type,
    }
}

/// The type of the policy, if AWS manages it.
pub(super) fn managed(id: &OrganizationPolicyId) -> Option<PolicyType> {
    PolicyType::ALL
        .into_iter()
        .find(|kind| kind.full_access() == id.as_str())
}

/// A policy of the organization or one that AWS manages.
pub(in crate::service) fn policy_of(
    id: &OrganizationPolicyId,
    organizations: &Organizations,
) -> Option<OrganizationPolicy> {
    match managed(id) {
        Some(kind) => Some(managed_policy(kind, id)),
        None => organizations.policy(id).cloned(),
    }
}

fn managed_policy(kind: PolicyType, id: &OrganizationPolicyId) -> OrganizationPolicy {
    let description = match kind {
        PolicyType::ServiceControl => "Allows access to every operation",
        PolicyType::ResourceControl => "Allows access to every resource",
    };
    OrganizationPolicy {
        id: id.clone(),
        kind,
        name: kind.full_access_name().to_owned(),
        description: description.to_owned(),
        content: full_access_document(kind).to_owned(),
        tags: BTreeMap::new(),
        managed_by_file: false,
    }
}

impl Located {
    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// What permission is asked on, with what conditions may ask of it.
    pub(super) fn asked<'a>(&'a self, specific: &Specific<'a>) -> Vec<(On<'static>, Specific<'a>)> {
        if self.parts.is_empty() {
            return vec![(On::Any, specific.clone())];
        }
        // Every part is asked about, with the type of policy that the request is about.
        let kind = self.parts.iter().find_map(|part| part.policy_type);
        let parts = self.parts.iter().map(|part| {
            let specific = Specific {
                entity_tags: Some(&part.tags),
                organization_policy_type: specific.organization_policy_type.or(kind),
                ..specific.clone()
            };
            (On::Named(part.arn.clone()), specific)
        });
        parts.collect()
    }
}
