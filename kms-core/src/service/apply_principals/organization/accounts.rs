//! Accounts of the file.

use std::collections::{BTreeMap, BTreeSet};

use super::{Paths, check_member, found};
use crate::Error;
use crate::identity::{MemberAccount, MemberStatus, Organization};
use crate::ids::{AccountId, ParentId};
use crate::principals_file::{AccountRef, FileAccount, FileRole};
use crate::service::apply_principals::reconcile::{Work, at, refused};
use crate::service::change::Edit;
use crate::service::identity_edit::IdentityEdit;
use crate::service::organizations::rules::{ACCOUNT_NAME, EMAIL};
use crate::service::organizations::{
    ACCESS_ROLE, access_role, check_tags, new_account, new_member,
};

/// Whether the file has the role by which a new account is reached.
fn has_access_role(roles: &[FileRole], account: &FileAccount) -> bool {
    let named = |role: &FileRole| match &role.place.account {
        None => false,
        Some(AccountRef::Id(id)) => account.id.as_ref() == Some(id),
        Some(AccountRef::Email(email)) => {
            let own = account.email.as_ref();
            own.is_some_and(|own| own.eq_ignore_ascii_case(email))
        }
    };
    roles
        .iter()
        .any(|role| role.name.as_str() == ACCESS_ROLE && named(role))
}

impl Work<'_> {
    /// Makes the accounts, those with numbers first: none of theirs is drawn for another.
    pub(super) fn members(
        &mut self,
        wanted: &[FileAccount],
        paths: &Paths,
        organization: &Organization,
        roles: &[FileRole],
    ) -> Result<(), Error> {
        let numbered: BTreeSet<&AccountId> =
            wanted.iter().filter_map(|one| one.id.as_ref()).collect();
        let known = self.step.state.organizations.members();
        let known = known.filter(|member| !numbered.contains(&member.id));
        let known: BTreeMap<String, AccountId> = known
            .filter_map(|member| {
                Some((
                    member.email.as_ref()?.to_ascii_lowercase(),
                    member.id.clone(),
                ))
            })
            .collect();
        let (given, others): (Vec<_>, Vec<_>) = wanted.iter().partition(|one| one.id.is_some());
        for account in given.into_iter().chain(others) {
            let email = account
                .email
                .as_ref()
                .map(|email| email.to_ascii_lowercase());
            let by_email = || known.get(&email?).cloned();
            let id = account.id.clone().or_else(by_email);
            let done = self
                .check_is_known(account, id.as_ref())
                .and_then(|()| found(paths, &account.parent))
                .and_then(|parent| self.one_member(account, id, parent, organization, roles));
            done.map_err(at(account.line, "account", &account.name))?;
        }
        self.check_addresses(wanted)
    }

    /// An address alone takes over no account that a request has made: whoever made it has chosen who
    /// may enter it.
    fn check_is_known(&self, wanted: &FileAccount, id: Option<&AccountId>) -> Result<(), Error> {
        if wanted.id.is_some() {
            return Ok(());
        }
        let member = id.and_then(|id| self.step.state.organizations.member(id));
        match member {
            Some(member) if !member.managed_by_file && member.status != MemberStatus::Suspended => {
                Err(refused(format!(
                    "an account with this address, {}, is there already: give it as id to have it managed",
                    member.id
                )))
            }
            _ => Ok(()),
        }
    }

    fn one_member(
        &mut self,
        wanted: &FileAccount,
        id: Option<AccountId>,
        parent: ParentId,
        organization: &Organization,
        roles: &[FileRole],
    ) -> Result<(), Error> {
        check_member("name", &wanted.name, ACCOUNT_NAME)?;
        if let Some(email) = &wanted.email {
            check_member("email", email, EMAIL)?;
        }
        check_tags(&wanted.tags)?;
        if wanted.email.is_none() && id.as_ref() != Some(&organization.management_account) {
            return Err(refused("needs email"));
        }
        let there = id
            .as_ref()
            .and_then(|id| self.after.organizations.member(id));
        let there = match there.cloned() {
            Some(there) if there.status == MemberStatus::Suspended => {
                return Err(refused(format!("the account {} is closed", there.id)));
            }
            Some(there) => there,
            None => self.made(wanted, id.as_ref(), organization, roles)?,
        };
        self.after.organizations.put_member(MemberAccount {
            name: wanted.name.clone(),
            email: wanted.email.clone(),
            parent,
            tags: wanted.tags.clone(),
            managed_by_file: true,
            ..there
        });
        Ok(())
    }

    /// A new account, with the role by which the management account reaches it.
    fn made(
        &mut self,
        wanted: &FileAccount,
        id: Option<&AccountId>,
        organization: &Organization,
        roles: &[FileRole],
    ) -> Result<MemberAccount, Error> {
        let email = wanted.email.clone().unwrap_or_default();
        let account = new_account(organization, id, &self.after, self.step)?;
        let new = account.id.clone();
        if self.after.account(&new).is_some() {
            return Err(refused(format!("the store has an account {new} already")));
        }
        if id.is_none() {
            self.drawn.insert(new.to_string(), email.clone());
        }
        self.after.put_account(account.clone());
        self.edits.push(Edit::PutAccount(account));
        if !has_access_role(roles, wanted) {
            let role = access_role(&new, ACCESS_ROLE, organization, self.step)?;
            self.after.identities.put_role(role.clone())?;
            self.note(None, &role);
            self.edits.push(IdentityEdit::PutRole(role).into());
        }
        new_member(&new, wanted.name.clone(), email, organization, self.step)
    }

    /// No address is that of two accounts.
    fn check_addresses(&self, wanted: &[FileAccount]) -> Result<(), Error> {
        let mut owners: BTreeMap<String, &AccountId> = BTreeMap::new();
        for member in self.after.organizations.members() {
            let Some(email) = &member.email else {
                continue;
            };
            let email = email.to_ascii_lowercase();
            if let Some(other) = owners.insert(email.clone(), &member.id) {
                let why = refused(format!(
                    "its address of email would be that of the accounts {other} and {}",
                    member.id
                ));
                let named = |one: &&FileAccount| {
                    let own = one.email.as_ref();
                    own.is_some_and(|own| own.eq_ignore_ascii_case(&email))
                };
                return Err(match wanted.iter().find(named) {
                    Some(account) => at(account.line, "account", &account.name)(why),
                    None => why,
                });
            }
        }
        Ok(())
    }
}
