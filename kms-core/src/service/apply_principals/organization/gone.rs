//! What the file managed of the organization and no longer names.

use std::collections::BTreeSet;

use super::Paths;
use super::policies::PolicyIds;
use super::units::paths_of;
use crate::Error;
use crate::identity::{MemberAccount, Organization, OrganizationPolicy, OrganizationalUnit};
use crate::ids::{AccountId, ParentId};
use crate::principals_file::FileOrganization;
use crate::service::apply_principals::reconcile::{Work, refused};

impl Work<'_> {
    /// Removes units and policies, and lets go of accounts.
    pub(super) fn remove_what_left_the_organization(
        &mut self,
        wanted: &FileOrganization,
        paths: &Paths,
        policies: &PolicyIds,
    ) -> Result<(), Error> {
        let before = &self.step.state.organizations;
        let kept: BTreeSet<&ParentId> = paths.values().collect();
        let gone = before.units().filter(|unit| {
            unit.managed_by_file && !kept.contains(&ParentId::Unit(unit.id.clone()))
        });
        for unit in gone {
            self.after.organizations.remove_unit(&unit.id);
        }
        self.check_nothing_is_left_in_what_is_gone()?;
        let kept: BTreeSet<_> = policies.values().collect();
        let gone = before
            .policies()
            .filter(|policy| policy.managed_by_file && !kept.contains(&policy.id));
        for policy in gone {
            self.after.organizations.remove_policy(&policy.id);
        }
        let numbers: BTreeSet<&AccountId> = wanted
            .accounts
            .iter()
            .filter_map(|one| one.id.as_ref())
            .collect();
        let addresses = wanted.accounts.iter().filter_map(|one| one.email.as_ref());
        let addresses: BTreeSet<String> =
            addresses.map(|email| email.to_ascii_lowercase()).collect();
        let is_named = |member: &MemberAccount| {
            let email = member.email.as_ref();
            numbers.contains(&member.id)
                || email.is_some_and(|email| addresses.contains(&email.to_ascii_lowercase()))
        };
        let members = self.after.organizations.members();
        let left = members.filter(|member| member.managed_by_file && !is_named(member));
        let left: Vec<MemberAccount> = left.cloned().collect();
        for member in left {
            self.after.organizations.put_member(MemberAccount {
                managed_by_file: false,
                ..member
            });
        }
        Ok(())
    }

    /// An account or a unit of nobody's would be in no place, and what limits it would be gone.
    fn check_nothing_is_left_in_what_is_gone(&self) -> Result<(), Error> {
        let organizations = &self.after.organizations;
        let there = paths_of(organizations);
        let before = paths_of(&self.step.state.organizations);
        let units = organizations.units();
        let units = units.map(|unit| (&unit.parent, format!("the unit {}", unit.name)));
        let members = organizations.members();
        let members = members.map(|member| (&member.parent, format!("the account {}", member.id)));
        let mut all = units.chain(members);
        let lost = all.find(|(parent, _)| !there.contains_key(parent));
        let Some((parent, what)) = lost else {
            return Ok(());
        };
        let path = before.get(parent).map(ToString::to_string);
        Err(refused(format!(
            "the organizational_unit {} is not in the file any more, and {what} is still in it: move \
             that first, or keep the unit",
            path.unwrap_or_else(|| parent.to_string())
        )))
    }

    /// Lets go of all of it: it stays as it is, and requests may change it.
    pub(super) fn release_organization(&mut self) -> Result<(), Error> {
        let before = &self.step.state.organizations;
        let after = &mut self.after.organizations;
        if let Some(one) = before.organization().filter(|one| one.managed_by_file) {
            after.put_organization(Organization {
                managed_by_file: false,
                ..one.clone()
            });
        }
        for unit in before.units().filter(|unit| unit.managed_by_file) {
            after.put_unit(OrganizationalUnit {
                managed_by_file: false,
                ..unit.clone()
            });
        }
        for member in before.members().filter(|member| member.managed_by_file) {
            after.put_member(MemberAccount {
                managed_by_file: false,
                ..member.clone()
            });
        }
        for policy in before.policies().filter(|policy| policy.managed_by_file) {
            after.put_policy(OrganizationPolicy {
                managed_by_file: false,
                ..policy.clone()
            })?;
        }
        Ok(())
    }
}
