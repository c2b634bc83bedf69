//! Which policies are attached to what, as the file says.

use std::collections::{BTreeMap, BTreeSet};

use super::policies::PolicyIds;
use super::units::paths_of;
use super::{Paths, found};
use crate::Error;
use crate::identity::PolicyType;
use crate::ids::{OrganizationPolicyId, ParentId, TargetId};
use crate::principals_file::{AccountRef, FileControlPolicy, FileOrganization, FileTarget};
use crate::service::apply_principals::reconcile::{Work, at, at_line, refused};
use crate::service::organizations::{full_access, limits, policy_of};

type Attached = BTreeSet<OrganizationPolicyId>;

/// What the file attaches.
#[derive(Default)]
struct Asked<'a> {
    /// The policies of a target, with the table that each stands in.
    policies: BTreeMap<TargetId, Vec<(&'a FileControlPolicy, OrganizationPolicyId)>>,
    /// Where `FullAWSAccess` is; everywhere where the file does not say.
    full_access: Option<BTreeSet<TargetId>>,
    /// The types that count.
    types: BTreeSet<PolicyType>,
    /// Those of them that count from now on.
    enabled: BTreeSet<PolicyType>,
    /// The policies of the file, also those that it had.
    of_the_file: Attached,
}

impl Work<'_> {
    pub(super) fn attach(
        &mut self,
        wanted: &FileOrganization,
        paths: &Paths,
        ids: &PolicyIds,
    ) -> Result<(), Error> {
        let asked = self.asked(wanted, paths, ids)?;
        let targets = self.after.organizations.attachments();
        let targets: Vec<(TargetId, Attached)> = targets
            .map(|(target, there)| (target, there.clone()))
            .collect();
        for (target, there) in targets {
            let attached = self.attached_to(&target, &there, &asked)?;
            self.check_attached(&target, &attached, wanted, &asked)?;
            let edit = self.after.organizations.with_attached(&target, attached);
            let edit = edit.ok_or_else(|| Error::internal("a target is not there"))?;
            edit.apply(&mut self.after.organizations)?;
        }
        Ok(())
    }

    fn asked<'f>(
        &self,
        wanted: &'f FileOrganization,
        paths: &Paths,
        ids: &PolicyIds,
    ) -> Result<Asked<'f>, Error> {
        let before = self.step.state.organizations.organization();
        let counted = before.map(|before| before.root.policy_types.clone());
        let after = self.after.organizations.organization();
        let types = after.map(|after| after.root.policy_types.clone());
        let types = types.unwrap_or_default();
        let mut asked = Asked {
            enabled: &types - &counted.unwrap_or_default(),
            types,
            of_the_file: self.policies_of_the_file(),
            ..Asked::default()
        };
        for policy in &wanted.policies {
            let targets = policy.targets.iter();
            let targets = targets.map(|target| self.target(target, paths));
            let targets: Result<BTreeSet<TargetId>, Error> = targets.collect();
            let targets = targets.map_err(at(policy.line, policy.table(), &policy.name))?;
            match ids.get(&(policy.kind, policy.name.clone())) {
                None => asked.full_access = Some(targets),
                Some(id) => {
                    for target in targets {
                        let of_target = asked.policies.entry(target).or_default();
                        of_target.push((policy, id.clone()));
                    }
                }
            }
        }
        Ok(asked)
    }

    fn target(&self, target: &FileTarget, paths: &Paths) -> Result<TargetId, Error> {
        match target {
            FileTarget::Unit(path) => found(paths, path).map(TargetId::from),
            FileTarget::Account(AccountRef::Id(id)) => {
                let member = self.after.organizations.member(id);
                let member = member.map(|member| TargetId::Account(member.id.clone()));
                member.ok_or_else(|| refused(format!("the organization has no account {id}")))
            }
            FileTarget::Account(AccountRef::Email(email)) => {
                let id = self.addresses.get(&email.to_ascii_lowercase());
                let why = "an address of email of its targets is that of no account";
                let id = id.ok_or_else(|| refused(why))?;
                Ok(TargetId::Account(id.clone()))
            }
        }
    }

    fn is_managed(&self, target: &TargetId) -> bool {
        let organizations = &self.after.organizations;
        match target {
            TargetId::Root(_) => true,
            TargetId::Unit(id) => organizations
                .unit(id)
                .is_some_and(|unit| unit.managed_by_file),
            TargetId::Account(id) => organizations
                .member(id)
                .is_some_and(|member| member.managed_by_file),
        }
    }

    /// What the target has from now on: of what the file manages that which the file says, of all
    /// else that beside what requests attached.
    fn attached_to(
        &self,
        target: &TargetId,
        there: &Attached,
        asked: &Asked<'_>,
    ) -> Result<Attached, Error> {
        let mut attached = match self.is_managed(target) {
            true => {
                let listed = asked.full_access.as_ref();
                let kinds = asked.types.iter().filter(|kind| match kind {
                    PolicyType::ServiceControl => {
                        listed.is_none_or(|targets| targets.contains(target))
                    }
                    PolicyType::ResourceControl => true,
                });
                full_access(kinds.copied())?
            }
            false => {
                let mut attached = there - &asked.of_the_file;
                attached.extend(full_access(asked.enabled.iter().copied())?);
                if let Some(targets) = &asked.full_access
                    && targets.contains(target)
                {
                    attached.extend(full_access([PolicyType::ServiceControl])?);
                }
                attached
            }
        };
        let of_target = asked.policies.get(target);
        let of_target = of_target.into_iter().flatten();
        attached.extend(of_target.map(|(_, id)| id.clone()));
        attached.retain(|id| {
            let policy = policy_of(id, &self.after.organizations);
            policy.is_some_and(|policy| asked.types.contains(&policy.kind))
        });
        Ok(attached)
    }

    fn check_attached(
        &self,
        target: &TargetId,
        attached: &Attached,
        wanted: &FileOrganization,
        asked: &Asked<'_>,
    ) -> Result<(), Error> {
        for kind in &asked.types {
            let of_kind = self.after.organizations.of_kind(*kind, attached);
            if of_kind.len() > limits::ATTACHED {
                let why = refused(format!(
                    "{} would have {} policies of its type, and can have {}",
                    self.shown(target),
                    of_kind.len(),
                    limits::ATTACHED
                ));
                let of_target = asked.policies.get(target).into_iter().flatten();
                let mut of_kind = of_target.filter(|(policy, _)| policy.kind == *kind);
                return Err(match of_kind.next_back() {
                    Some((policy, _)) => at(policy.line, policy.table(), &policy.name)(why),
                    None => why,
                });
            }
            if *kind == PolicyType::ServiceControl && of_kind.is_empty() {
                let why = refused(format!(
                    "{} would have no service control policy, so that nobody there could do \
                     anything: attach FullAWSAccess or another",
                    self.shown(target)
                ));
                return Err(at_line(wanted.line, "the organization")(why));
            }
        }
        Ok(())
    }

    /// The target in words, without an address of email.
    fn shown(&self, target: &TargetId) -> String {
        let organizations = &self.after.organizations;
        match target {
            TargetId::Root(_) => "root".to_owned(),
            TargetId::Unit(id) => {
                let paths = paths_of(organizations);
                let path = paths.get(&ParentId::Unit(id.clone()));
                path.map_or_else(|| id.to_string(), ToString::to_string)
            }
            TargetId::Account(id) => {
                let name = organizations.member(id).map(|member| member.name.as_str());
                format!("the account {}", name.unwrap_or_default())
            }
        }
    }
}
