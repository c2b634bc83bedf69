//! From what the file says and what is there to what changes.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{ChangeAction, FieldChange, PrincipalChange, PrincipalsOutcome};
use super::shown::{Properties, Shown, difference};
use crate::Error;
use crate::identity::{EntityKind, SessionRevocation, generate_unique_id};
use crate::ids::{AccessKeyId, AccountId, PolicyArn, UniqueId};
use crate::principals_file::{AccountRef, Permissions, Place, PolicyRef, PrincipalsFile};
use crate::service::change::Edit;
use crate::service::federation_edit::FederationEdit;
use crate::service::iam::{already, documents, limits, taken};
use crate::service::oidc::MOST_PROVIDERS;
use crate::service::operation::Step;
use crate::service::state::State;
use crate::time::Timestamp;

/// What is found out while the entities of the file are gone through.
pub(super) struct Work<'a> {
    pub(super) step: &'a Step<'a>,
    /// The accounts as they will be, as far as that is known.
    pub(super) after: State,
    pub(super) edits: Vec<Edit>,
    pub(super) changes: Vec<PrincipalChange>,
    /// Every access key of the file.
    pub(super) file_keys: BTreeSet<&'a AccessKeyId>,
    /// The accounts by their addresses of email, in lower case.
    pub(super) addresses: BTreeMap<String, AccountId>,
    /// Names that were drawn and that the apply of a plan would draw anew, with what a plan says
    /// instead.
    pub(super) drawn: BTreeMap<String, String>,
}

/// What changes, and what makes it change.
///
/// # Errors
/// What the file asks for and cannot be, with the line.
pub(super) fn reconcile(
    file: &PrincipalsFile,
    step: &Step<'_>,
) -> Result<(PrincipalsOutcome, Vec<Edit>), Error> {
    let keys = file.users.iter().flat_map(|user| &user.access_keys);
    let mut work = Work {
        step,
        after: step.state.principals_alone(),
        edits: Vec::new(),
        changes: Vec::new(),
        file_keys: keys.map(|key| &key.id).collect(),
        addresses: BTreeMap::new(),
        drawn: BTreeMap::new(),
    };
    work.organization(file.organization.as_ref(), &file.roles)?;
    work.remove_what_is_not_in(file)?;
    for provider in &file.providers {
        let done = work.provider(provider);
        done.map_err(at(provider.place.line, "oidc_provider", &provider.url))?;
    }
    for policy in &file.policies {
        let done = work.policy(policy);
        done.map_err(at(policy.place.line, "policy", policy.name.as_str()))?;
    }
    for group in &file.groups {
        let done = work.group(group);
        done.map_err(at(group.place.line, "group", group.name.as_str()))?;
    }
    for user in &file.users {
        let done = work.user(user);
        done.map_err(at(user.place.line, "user", user.name.as_str()))?;
    }
    work.roles(&file.roles)?;
    work.check_references()?;
    work.check_quotas()?;
    let outcome = PrincipalsOutcome {
        changes: work.changes,
        drawn: work.drawn,
    };
    Ok((outcome, work.edits))
}

/// Says which entity of the file is refused; the service's own failures stay what they are.
pub(super) fn at(line: usize, kind: &'static str, name: &str) -> impl FnOnce(Error) -> Error {
    at_line(line, &format!("the {kind} {name}"))
}

/// Says which table of the file is refused.
pub(super) fn at_line(line: usize, what: &str) -> impl FnOnce(Error) -> Error + use<> {
    let whose = format!("line {line}: {what}");
    move |error| match error {
        internal @ Error::Internal(_) => internal,
        refused => Error::Validation(format!("{whose}: {refused}")),
    }
}

/// A refusal in words of its own.
pub(super) fn refused(why: impl Into<String>) -> Error {
    Error::Validation(why.into())
}

impl<'a> Work<'a> {
    /// The account of an entity, without a look whether there is one.
    pub(super) fn named_account(&self, place: &Place) -> Result<AccountId, Error> {
        match &place.account {
            None => Ok(self.step.call.account().clone()),
            Some(AccountRef::Id(id)) => Ok(id.clone()),
            // The address is not told: refusals are recorded, and it is private.
            Some(AccountRef::Email(email)) => {
                let id = self.addresses.get(&email.to_ascii_lowercase());
                let why = "no account of the store has the address of email that it names";
                id.cloned().ok_or_else(|| refused(why))
            }
        }
    }

    /// Ends the sessions of whom the file takes over: whoever made the entity before may still hold
    /// some, and would get what the file gives to it.
    pub(super) fn end_sessions(&mut self, adopted: bool, id: &UniqueId) {
        if adopted {
            let revocation = SessionRevocation {
                of: id.to_string(),
                until: self.step.now,
            };
            self.edits
                .push(FederationEdit::PutRevocation(revocation).into());
        }
    }

    /// The account of an entity.
    pub(super) fn account(&self, place: &Place) -> Result<AccountId, Error> {
        let account = self.named_account(place)?;
        if self.after.account(&account).is_none() {
            return Err(refused(format!("the store has no account {account}")));
        }
        Ok(account)
    }

    /// The unique id of an entity and when it was made: those of the one that is there, or new ones.
    /// One that its new namesake takes the place of may still be among the others.
    pub(super) fn identity<'n>(
        &self,
        there: Option<(&UniqueId, Timestamp)>,
        (kind, shown): (EntityKind, &str),
        name: &str,
        others: impl Iterator<Item = &'n str>,
    ) -> Result<(UniqueId, Timestamp), Error> {
        if let Some((id, created)) = there {
            return Ok((id.clone(), created));
        }
        if taken(others.filter(|other| *other != name), name) {
            return Err(already(shown, name));
        }
        let id = generate_unique_id(kind, self.step.engine.system_random())?;
        Ok((id, self.step.now))
    }

    /// The managed policy that the file names, as it will be.
    pub(super) fn policy_arn(
        &self,
        account: &AccountId,
        policy: &PolicyRef,
    ) -> Result<PolicyArn, Error> {
        match policy {
            PolicyRef::Name(name) => {
                let entry = self.after.policy(account, name);
                let entry = entry.filter(|entry| entry.policy.managed_by_file);
                entry.map(|entry| entry.policy.arn()).ok_or_else(|| {
                    refused(format!(
                        "the file has no policy {name} in account {account}; name another one by \
                         its ARN"
                    ))
                })
            }
            PolicyRef::Arn(arn) => {
                let own = arn.account().as_ref() == Some(account);
                if own && self.after.managed_policy(arn).is_some() {
                    return Ok(arn.clone());
                }
                Err(refused(format!(
                    "the policy {arn} does not exist or is of another account"
                )))
            }
        }
    }

    pub(super) fn attached(
        &self,
        account: &AccountId,
        permissions: &Permissions,
    ) -> Result<BTreeSet<PolicyArn>, Error> {
        let policies = permissions.policies.iter();
        let attached: Result<BTreeSet<_>, Error> = policies
            .map(|policy| self.policy_arn(account, policy))
            .collect();
        let attached = attached?;
        within(attached.len(), "AttachedPolicies", limits::ATTACHED)?;
        Ok(attached)
    }

    pub(super) fn boundary(
        &self,
        account: &AccountId,
        boundary: Option<&PolicyRef>,
    ) -> Result<Option<PolicyArn>, Error> {
        boundary
            .map(|policy| self.policy_arn(account, policy))
            .transpose()
    }

    /// Notes what becomes of an entity whose record changes.
    pub(super) fn note<T: Shown>(&mut self, there: Option<&T>, wanted: &T) {
        let before = there.map(|there| there.properties(self.step.state));
        let after = wanted.properties(&self.after);
        let fields = difference(&before.unwrap_or_default(), &after);
        self.note_fields(there, wanted, fields);
    }

    pub(super) fn note_fields<T: Shown>(
        &mut self,
        there: Option<&T>,
        wanted: &T,
        fields: Vec<FieldChange>,
    ) {
        let action = match there {
            None => ChangeAction::Create,
            Some(there) if there.is_managed() => ChangeAction::Change,
            Some(_) => ChangeAction::Adopt,
        };
        self.changes.push(PrincipalChange {
            action,
            kind: T::KIND,
            name: None,
            arn: wanted.arn_text(),
            unique_id: wanted.unique_id(),
            fields,
        });
    }

    pub(super) fn note_removed<T: Shown>(&mut self, gone: &T) {
        self.changes.push(PrincipalChange {
            action: ChangeAction::Remove,
            kind: T::KIND,
            name: None,
            arn: gone.arn_text(),
            unique_id: gone.unique_id(),
            fields: Vec::new(),
        });
    }

    /// An entity whose path is a part of what it is: with another one it is made anew.
    pub(super) fn unless_replaced<T: Shown>(
        &mut self,
        there: Option<T>,
        same_path: impl FnOnce(&T) -> bool,
    ) -> Result<Option<T>, Error> {
        let Some(there) = there else {
            return Ok(None);
        };
        if same_path(&there) {
            return Ok(Some(there));
        }
        if !there.is_managed() {
            return Err(refused(format!(
                "{} is there and not of the file: give it the same path",
                there.arn_text()
            )));
        }
        self.note_removed(&there);
        Ok(None)
    }

    /// Everybody has what the policies and groups that they are left with are.
    fn check_references(&self) -> Result<(), Error> {
        let after = &self.after;
        let there = |whose: String, arns: Vec<&PolicyArn>| {
            let gone = arns
                .into_iter()
                .find(|arn| after.managed_policy(arn).is_none());
            gone.map_or(Ok(()), |arn| {
                Err(refused(format!(
                    "{whose} has the policy {arn}, which would be gone: detach it first"
                )))
            })
        };
        for account in after.accounts() {
            for entry in after.users(&account.id) {
                let user = &entry.user;
                there(
                    user.arn(),
                    user.attached.iter().chain(&user.boundary).collect(),
                )?;
                if user.groups.iter().any(|id| after.group_of_id(id).is_none()) {
                    return Err(refused(format!(
                        "{} is in a group that would be gone: take it out first",
                        user.arn()
                    )));
                }
            }
            for entry in after.groups(&account.id) {
                there(entry.group.arn(), entry.group.attached.iter().collect())?;
            }
            for entry in after.roles(&account.id) {
                let role = &entry.role;
                there(
                    role.arn(),
                    role.attached.iter().chain(&role.boundary).collect(),
                )?;
            }
        }
        Ok(())
    }

    fn check_quotas(&self) -> Result<(), Error> {
        let after = &self.after;
        for account in after.accounts() {
            let id = &account.id;
            within(after.users(id).count(), "UsersPerAccount", limits::USERS)?;
            within(after.groups(id).count(), "GroupsPerAccount", limits::GROUPS)?;
            within(after.roles(id).count(), "RolesPerAccount", limits::ROLES)?;
            let policies = after.managed_policies(id).count();
            within(policies, "PoliciesPerAccount", limits::POLICIES)?;
            let providers = after.federation.oidc_providers.of_account(id).count();
            within(
                providers,
                "OpenIdConnectProvidersPerAccount",
                MOST_PROVIDERS,
            )?;
        }
        Ok(())
    }
}

/// Refuses more than there may be.
pub(super) fn within(count: usize, quota: &str, limit: usize) -> Result<(), Error> {
    limits::within(count.saturating_sub(1), quota, limit)
}

/// The inline policies of an entity, each of them one that can be kept.
pub(super) fn inline(permissions: &Permissions) -> Result<Properties, Error> {
    let policies = permissions.inline.iter();
    policies
        .map(|(name, text)| {
            documents::inline(text)?;
            Ok((name.to_string(), text.clone()))
        })
        .collect()
}
