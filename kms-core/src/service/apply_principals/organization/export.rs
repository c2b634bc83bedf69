//! The organization of what is there.

use std::collections::{BTreeMap, BTreeSet};

use super::units::paths_of;
use crate::identity::{MemberStatus, OrganizationPolicy, PolicyType};
use crate::ids::{OrganizationPolicyId, ParentId, TargetId};
use crate::principals_file::{
    AccountRef, FileAccount, FileControlPolicy, FileOrganization, FileTarget, FileUnit, UnitPath,
};
use crate::service::organizations::Organizations;

/// The organization as a file has to say it for it to stay as it is; closed accounts are not in a
/// file.
pub(in crate::service::apply_principals) fn exported(
    organizations: &Organizations,
) -> Option<FileOrganization> {
    let organization = organizations.organization()?;
    let paths = paths_of(organizations);
    let path = |parent: &ParentId| paths.get(parent).cloned().unwrap_or_default();
    let units = organizations.units().map(|unit| FileUnit {
        line: 0,
        path: path(&ParentId::Unit(unit.id.clone())),
        tags: unit.tags.clone(),
    });
    let mut units: Vec<_> = units.collect();
    units.sort_by(|one, other| one.path.cmp(&other.path));
    let open = organizations.members();
    let open = open.filter(|member| member.status == MemberStatus::Active);
    let accounts = open.map(|member| FileAccount {
        line: 0,
        id: Some(member.id.clone()),
        name: member.name.clone(),
        email: member.email.clone(),
        parent: path(&member.parent),
        tags: member.tags.clone(),
    });
    let accounts: Vec<_> = accounts.collect();
    let mut policies: Vec<_> = full_access(organizations, &paths).into_iter().collect();
    let own = organizations.policies();
    policies.extend(own.map(|policy| control_policy(policy, organizations, &paths)));
    policies.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
    Some(FileOrganization {
        line: 0,
        policy_types: Some(organization.root.policy_types.clone()),
        tags: organization.root.tags.clone(),
        units,
        accounts,
        policies,
    })
}

/// What has the policy attached.
fn targets(
    id: &OrganizationPolicyId,
    organizations: &Organizations,
    paths: &BTreeMap<ParentId, UnitPath>,
) -> BTreeSet<FileTarget> {
    let with = organizations.attachments();
    let with = with.filter(|(_, attached)| attached.contains(id));
    with.map(|(target, _)| file_target(target, paths)).collect()
}

fn file_target(target: TargetId, paths: &BTreeMap<ParentId, UnitPath>) -> FileTarget {
    let parent = match target {
        TargetId::Account(id) => return FileTarget::Account(AccountRef::Id(id)),
        TargetId::Root(id) => ParentId::Root(id),
        TargetId::Unit(id) => ParentId::Unit(id),
    };
    FileTarget::Unit(paths.get(&parent).cloned().unwrap_or_default())
}

fn control_policy(
    policy: &OrganizationPolicy,
    organizations: &Organizations,
    paths: &BTreeMap<ParentId, UnitPath>,
) -> FileControlPolicy {
    FileControlPolicy {
        line: 0,
        kind: policy.kind,
        name: policy.name.clone(),
        description: policy.description.clone(),
        document: Some(policy.content.clone()),
        targets: targets(&policy.id, organizations, paths),
        tags: policy.tags.clone(),
    }
}

/// Where the policy that AWS manages is attached, if not everywhere.
fn full_access(
    organizations: &Organizations,
    paths: &BTreeMap<ParentId, UnitPath>,
) -> Option<FileControlPolicy> {
    let kind = PolicyType::ServiceControl;
    let root = &organizations.organization()?.root;
    let id: OrganizationPolicyId = kind.full_access().parse().ok()?;
    let mut all = organizations.attachments();
    let everywhere = all.all(|(target, attached)| {
        let closed = match &target {
            TargetId::Account(account) => organizations.is_suspended(account),
            TargetId::Root(_) | TargetId::Unit(_) => false,
        };
        closed || attached.contains(&id)
    });
    if everywhere || !root.policy_types.contains(&kind) {
        return None;
    }
    Some(FileControlPolicy {
        line: 0,
        kind,
        name: kind.full_access_name().to_owned(),
        description: String::new(),
        document: None,
        targets: targets(&id, organizations, paths),
        tags: BTreeMap::new(),
    })
}
