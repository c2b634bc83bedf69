//! The organization of the file: its units, accounts and policies, before the entities of the
//! accounts.

mod accounts;
mod attachments;
mod export;
mod gone;
mod parts;
mod policies;
mod units;

pub(super) use export::exported;

use std::collections::BTreeMap;

use super::reconcile::{Work, at_line, refused, within};
use crate::Error;
use crate::identity::{Organization, OrganizationRoot, PolicyType};
use crate::ids::ParentId;
use crate::principals_file::{FileOrganization, FileRole, UnitPath};
use crate::service::organizations::rules::Rule;
use crate::service::organizations::{check_tags, limits, new_organization};

/// What the paths of the file name.
type Paths = BTreeMap<UnitPath, ParentId>;

impl Work<'_> {
    /// Makes the organization as the file says, or lets go of it where it says nothing.
    pub(super) fn organization(
        &mut self,
        wanted: Option<&FileOrganization>,
        roles: &[FileRole],
    ) -> Result<(), Error> {
        match wanted {
            Some(wanted) => self.keep_organization(wanted, roles)?,
            None => {
                self.release_organization()?;
                self.know_addresses();
            }
        }
        self.note_organization()
    }

    fn know_addresses(&mut self) {
        let members = self.after.organizations.members();
        let addresses = members.filter_map(|member| {
            let email = member.email.as_ref()?;
            Some((email.to_ascii_lowercase(), member.id.clone()))
        });
        self.addresses = addresses.collect();
    }

    fn keep_organization(
        &mut self,
        wanted: &FileOrganization,
        roles: &[FileRole],
    ) -> Result<(), Error> {
        let root = self.root(wanted);
        let organization = root.map_err(at_line(wanted.line, "the organization"))?;
        let paths = self.units(&wanted.units, &organization.root.id)?;
        self.members(&wanted.accounts, &paths, &organization, roles)?;
        self.know_addresses();
        let ids = self.control_policies(&wanted.policies)?;
        self.remove_what_left_the_organization(wanted, &paths, &ids)?;
        self.attach(wanted, &paths, &ids)?;
        self.check_organization()
    }

    /// The organization itself, which is made where there is none.
    fn root(&mut self, wanted: &FileOrganization) -> Result<Organization, Error> {
        check_tags(&wanted.tags)?;
        let there = match self.after.organizations.organization() {
            Some(there) => there.clone(),
            None => {
                let (made, management) = new_organization(self.step)?;
                self.after.organizations.put_member(management);
                self.draws(made.id.as_str());
                self.draws(made.root.id.as_str());
                made
            }
        };
        let counting = || {
            let mut types = there.root.policy_types.clone();
            types.insert(PolicyType::ServiceControl);
            types
        };
        let organization = Organization {
            root: OrganizationRoot {
                policy_types: wanted.policy_types.clone().unwrap_or_else(counting),
                tags: wanted.tags.clone(),
                ..there.root
            },
            managed_by_file: true,
            ..there
        };
        let organizations = &mut self.after.organizations;
        organizations.put_organization(organization.clone());
        Ok(organization)
    }

    /// Notes an id that another apply would draw anew.
    fn draws(&mut self, id: &str) {
        self.drawn.insert(id.to_owned(), "*".to_owned());
    }

    fn check_organization(&self) -> Result<(), Error> {
        let organizations = &self.after.organizations;
        let accounts = organizations.members().count();
        within(accounts, "AccountsPerOrganization", limits::ACCOUNTS)?;
        let units = organizations.units().count();
        within(units, "OrganizationalUnitsPerOrganization", limits::UNITS)?;
        for kind in PolicyType::ALL {
            let policies = organizations.policies();
            let count = policies.filter(|policy| policy.kind == kind).count();
            let quota = format!("PoliciesPerOrganization of {}", kind.as_str());
            within(count, &quota, limits::POLICIES)?;
        }
        Ok(())
    }
}

/// Refuses a member that Organizations would refuse, and says which it is.
fn check_member(name: &str, value: &str, rule: Rule<String>) -> Result<(), Error> {
    rule(&value.to_owned()).map_err(|reason| refused(format!("{name}: {}", reason.message())))
}

/// What the path of the file names; the reader has seen that there is such a table.
fn found(paths: &Paths, path: &UnitPath) -> Result<ParentId, Error> {
    let found = paths.get(path).cloned();
    found.ok_or_else(|| refused(format!("the file has no organizational_unit {path}")))
}
