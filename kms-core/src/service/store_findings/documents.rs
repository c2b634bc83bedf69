//! Findings on the documents of a store.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::StoreFinding;
use super::entities;
use crate::Error;
use crate::identity;
use crate::ids::{AccountId, UniqueId};
use crate::policy::{Finding, PolicyType, Severity, lint};
use crate::service::named_policies::{self, Kept};
use crate::service::state::State;

/// The policies of keys, of which many are the same, and the grants on the keys.
pub(super) fn of_keys(
    account: &AccountId,
    state: &State,
    findings: &mut Vec<StoreFinding>,
) -> Result<(), Error> {
    let there = state.entity_ids();
    let mut known: HashMap<String, Vec<Finding>> = HashMap::new();
    for arn in state.key_arns(account) {
        let Some(entry) = state.key(&arn)? else {
            continue;
        };
        let key = &entry.key;
        let place = format!("the policy of the key {arn}");
        let linted = known
            .entry(key.policy.clone())
            .or_insert_with(|| lint(&key.policy, PolicyType::Key));
        let told = linted.iter();
        findings.extend(told.map(|one| StoreFinding::of_document(one, &place, &key.policy)));
        let bound = key.policy_principals.iter();
        gone(
            bound.map(|(arn, id)| (arn.as_str(), id)),
            &place,
            &there,
            findings,
        );
        entities::grants(&arn, state, findings);
    }
    Ok(())
}

/// The policies of users, groups and roles, and managed ones, whether they are attached or not.
pub(super) fn of_principals(
    account: &AccountId,
    state: &State,
    findings: &mut Vec<StoreFinding>,
) -> Result<(), Error> {
    let there = state.entity_ids();
    let mut inline = Vec::new();
    for user in state.users(account) {
        inline.extend(named_policies::of_user(user, state)?);
    }
    for group in state.groups(account) {
        inline.extend(named_policies::of_group(group, state)?);
    }
    for role in state.roles(account) {
        inline.extend(named_policies::of_role(role, state)?);
        let place = format!("the trust policy of the role {}", role.role.name);
        let text = &role.role.trust_policy;
        of_document(text, PolicyType::Trust, &place, findings);
        gone(role.role.trusted.iter(), &place, &there, findings);
    }
    // Those of the groups of a user were taken twice.
    let mut told = BTreeSet::new();
    for named in inline {
        let place = named.kept.described("managed policy");
        if matches!(named.kept, Kept::Inline { .. }) && told.insert(place.clone()) {
            of_document(named.text, PolicyType::Identity, &place, findings);
        }
    }
    for entry in state.managed_policies(account) {
        let place = Kept::Managed(&entry.policy).described("managed policy");
        let text = entry.policy.document().unwrap_or_default();
        of_document(text, PolicyType::Identity, &place, findings);
    }
    Ok(())
}

/// The policies of the organization, attached or not, which are of none of the accounts.
pub(super) fn of_organization(state: &State, findings: &mut Vec<StoreFinding>) {
    for policy in state.organizations.policies() {
        let (kind, called) = match policy.kind {
            identity::PolicyType::ServiceControl => {
                (PolicyType::ServiceControl, "service control policy")
            }
            identity::PolicyType::ResourceControl => {
                (PolicyType::ResourceControl, "resource control policy")
            }
        };
        let place = format!("the {called} {} ({})", policy.name, policy.id);
        of_document(&policy.content, kind, &place, findings);
    }
}

fn of_document(text: &str, kind: PolicyType, place: &str, findings: &mut Vec<StoreFinding>) {
    let told = lint(text, kind);
    let told = told.iter();
    findings.extend(told.map(|finding| StoreFinding::of_document(finding, place, text)));
}

/// Users and roles that a policy meant when it was put, and that are there no more.
fn gone<'a>(
    bound: impl Iterator<Item = (&'a str, &'a UniqueId)>,
    place: &str,
    there: &HashSet<&UniqueId>,
    findings: &mut Vec<StoreFinding>,
) {
    let absent = bound.filter(|(_, id)| !there.contains(id));
    findings.extend(absent.map(|(arn, id)| {
        let message = format!(
            "The policy names {arn}, which was deleted ({id}): nobody has what it gives, not even \
             somebody who was made later under that name; put the policy again without it."
        );
        let place = place.to_owned();
        StoreFinding::new(Severity::Medium, "DELETED_PRINCIPAL", place, message)
    }));
}
