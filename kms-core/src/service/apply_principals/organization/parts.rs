//! What becomes of the parts of the organization: told, and made.

use std::collections::{BTreeMap, BTreeSet};

use super::units::paths_of;
use crate::Error;
use crate::identity::{MemberAccount, Organization, OrganizationPolicy, OrganizationalUnit};
use crate::ids::{OrganizationPolicyId, ParentId};
use crate::principals_file::{UnitPath, table_of};
use crate::service::apply_principals::outcome::{ChangeAction, PrincipalChange};
use crate::service::apply_principals::reconcile::Work;
use crate::service::apply_principals::shown::{Properties, difference, each, put};
use crate::service::organizations::{OrganizationEdit, Organizations};

/// A part of the organization as a plan tells of it.
struct Part {
    kind: &'static str,
    name: String,
    arn: String,
    id: String,
    is_managed: bool,
    properties: Properties,
}

/// Where the kinds of parts stand in a plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Organization,
    Unit,
    Account,
    Policy,
}

type Parts = BTreeMap<(Rank, String), Part>;

/// One state of the organization, to be told.
struct Telling<'a> {
    organizations: &'a Organizations,
    organization: &'a Organization,
    paths: BTreeMap<ParentId, UnitPath>,
}

fn parts(organizations: &Organizations) -> Parts {
    let Some(organization) = organizations.organization() else {
        return Parts::new();
    };
    let telling = Telling {
        organizations,
        organization,
        paths: paths_of(organizations),
    };
    let units = organizations.units().map(|unit| telling.unit(unit));
    let members = organizations.members().map(|member| telling.member(member));
    let policies = organizations
        .policies()
        .map(|policy| telling.policy(policy));
    let root = [(Rank::Organization, telling.root())];
    let all = root
        .into_iter()
        .chain(units.map(|part| (Rank::Unit, part)))
        .chain(members.map(|part| (Rank::Account, part)))
        .chain(policies.map(|part| (Rank::Policy, part)));
    all.map(|(rank, part)| ((rank, part.id.clone()), part))
        .collect()
}

impl Telling<'_> {
    fn root(&self) -> Part {
        let root = &self.organization.root;
        let mut properties = Properties::new();
        for kind in &root.policy_types {
            put(
                &mut properties,
                &format!("policy_types/{}", kind.as_str()),
                "counts",
            );
        }
        each(&mut properties, "tags", &root.tags);
        self.attached(&mut properties, &root.attached);
        Part {
            kind: "organization",
            name: UnitPath::default().to_string(),
            arn: self.organization.arn(),
            id: self.organization.id.to_string(),
            is_managed: self.organization.managed_by_file,
            properties,
        }
    }

    fn path(&self, parent: &ParentId) -> String {
        let path = self.paths.get(parent);
        path.map_or_else(|| parent.to_string(), ToString::to_string)
    }

    /// What is attached. Of what AWS manages it is told where it is not: it is everywhere else.
    fn attached(&self, properties: &mut Properties, ids: &BTreeSet<OrganizationPolicyId>) {
        for policy in ids.iter().filter_map(|id| self.organizations.policy(id)) {
            let name = format!("{}/{}", table_of(policy.kind), policy.name);
            put(properties, &name, "attached");
        }
        for kind in &self.organization.root.policy_types {
            if !ids.iter().any(|id| id.as_str() == kind.full_access()) {
                let name = format!("{}/{}", table_of(*kind), kind.full_access_name());
                put(properties, &name, "not attached");
            }
        }
    }

    fn unit(&self, unit: &OrganizationalUnit) -> Part {
        let mut properties = Properties::new();
        each(&mut properties, "tags", &unit.tags);
        self.attached(&mut properties, &unit.attached);
        Part {
            kind: "organizational_unit",
            name: self.path(&ParentId::Unit(unit.id.clone())),
            arn: self.organization.arn_of("ou", unit.id.as_str()),
            id: unit.id.to_string(),
            is_managed: unit.managed_by_file,
            properties,
        }
    }

    fn member(&self, member: &MemberAccount) -> Part {
        let mut properties = Properties::new();
        put(&mut properties, "name", &member.name);
        if let Some(email) = &member.email {
            put(&mut properties, "email", email);
        }
        put(&mut properties, "parent", self.path(&member.parent));
        each(&mut properties, "tags", &member.tags);
        self.attached(&mut properties, &member.attached);
        Part {
            kind: "account",
            name: member.name.clone(),
            arn: self.organization.arn_of("account", member.id.as_str()),
            id: member.id.to_string(),
            is_managed: member.managed_by_file,
            properties,
        }
    }

    fn policy(&self, policy: &OrganizationPolicy) -> Part {
        let mut properties = Properties::new();
        put(&mut properties, "document", &policy.content);
        if !policy.description.is_empty() {
            put(&mut properties, "description", &policy.description);
        }
        each(&mut properties, "tags", &policy.tags);
        Part {
            kind: table_of(policy.kind),
            name: policy.name.clone(),
            arn: self.organization.policy_arn(policy.kind, &policy.id),
            id: policy.id.to_string(),
            is_managed: policy.managed_by_file,
            properties,
        }
    }
}

/// What becomes of a part; `None` where nothing does.
fn change(before: Option<Part>, after: Option<Part>) -> Option<PrincipalChange> {
    let none = Properties::new();
    let (action, part, fields) = match (before, after) {
        (None, None) => return None,
        (None, Some(after)) => {
            let fields = difference(&none, &after.properties);
            (ChangeAction::Create, after, fields)
        }
        (Some(before), None) => (ChangeAction::Remove, before, Vec::new()),
        (Some(before), Some(after)) => {
            let fields = difference(&before.properties, &after.properties);
            let action = match (before.is_managed, after.is_managed) {
                (true, false) => ChangeAction::Release,
                (false, true) => ChangeAction::Adopt,
                _ if fields.is_empty() => return None,
                _ => ChangeAction::Change,
            };
            (action, after, fields)
        }
    };
    Some(PrincipalChange {
        action,
        kind: part.kind,
        name: Some(part.name),
        arn: part.arn,
        unique_id: Some(part.id),
        fields,
    })
}

impl Work<'_> {
    /// Notes what becomes of the organization, and what makes it so.
    pub(super) fn note_organization(&mut self) -> Result<(), Error> {
        let (before, after) = (&self.step.state.organizations, &self.after.organizations);
        let (mut old, mut new) = (parts(before), parts(after));
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
        let mut changes: Vec<(Rank, PrincipalChange)> = Vec::new();
        for key in keys {
            let change = change(old.remove(&key), new.remove(&key));
            changes.extend(change.map(|change| (key.0, change)));
        }
        // Ids are drawn, and those of a plan are not those of its apply.
        changes.sort_by(|(rank, one), (other_rank, other)| {
            (rank, one.kind, &one.name).cmp(&(other_rank, other.kind, &other.name))
        });
        // The roles of new accounts are noted already, and come after them.
        let changes = changes.into_iter().map(|(_, change)| change);
        self.changes.splice(0..0, changes);
        let edits = edits(before, after);
        self.edits.extend(edits.into_iter().map(Into::into));
        Ok(())
    }
}

/// What makes one organization of another one.
fn edits(before: &Organizations, after: &Organizations) -> Vec<OrganizationEdit> {
    let mut edits = Vec::new();
    let organization = after.organization();
    if organization != before.organization() {
        edits.extend(organization.cloned().map(OrganizationEdit::Put));
    }
    let policies = after.policies();
    let policies = policies.filter(|policy| before.policy(&policy.id) != Some(*policy));
    edits.extend(policies.cloned().map(OrganizationEdit::PutPolicy));
    let units = after.units();
    let units = units.filter(|unit| before.unit(&unit.id) != Some(*unit));
    edits.extend(units.cloned().map(OrganizationEdit::PutUnit));
    let members = after.members();
    let members = members.filter(|member| before.member(&member.id) != Some(*member));
    edits.extend(members.cloned().map(OrganizationEdit::PutMember));
    let gone = before.units().map(|unit| &unit.id);
    let gone = gone.filter(|id| after.unit(id).is_none());
    edits.extend(gone.cloned().map(OrganizationEdit::RemoveUnit));
    let gone = before.policies().map(|policy| &policy.id);
    let gone = gone.filter(|id| after.policy(id).is_none());
    edits.extend(gone.cloned().map(OrganizationEdit::RemovePolicy));
    edits
}
