//! What the file managed and no longer names.

use std::collections::BTreeSet;

use super::reconcile::{Work, at, refused};
use crate::Error;
use crate::identity::{AccessKeyOwner, User, oidc_provider_arn};
use crate::ids::AccountId;
use crate::principals_file::PrincipalsFile;
use crate::service::federation_edit::FederationEdit;
use crate::service::identity_edit::IdentityEdit;

/// Kind, account and name of what the file names.
type Names = BTreeSet<(&'static str, AccountId, String)>;

impl Work<'_> {
    /// Refuses what stands twice: the reader does not know which account is the store's own.
    fn names(&self, file: &PrincipalsFile) -> Result<Names, Error> {
        let users = file.users.iter();
        let users = users.map(|one| ("user", &one.place, one.name.to_string()));
        let groups = file.groups.iter();
        let groups = groups.map(|one| ("group", &one.place, one.name.to_string()));
        let roles = file.roles.iter();
        let roles = roles.map(|one| ("role", &one.place, one.name.to_string()));
        let policies = file.policies.iter();
        let policies = policies.map(|one| ("policy", &one.place, one.name.to_string()));
        let providers = file.providers.iter().map(|one| {
            let name = one.url.split_once("://").map_or("", |(_, name)| name);
            ("oidc_provider", &one.place, name.to_owned())
        });
        let all = users
            .chain(groups)
            .chain(roles)
            .chain(policies)
            .chain(providers);
        let (mut names, mut folded) = (Names::new(), Names::new());
        for (kind, place, name) in all {
            let account = self.named_account(place);
            let account = account.map_err(at(place.line, kind, &name))?;
            if !folded.insert((kind, account.clone(), name.to_lowercase())) {
                return Err(at(place.line, kind, &name)(refused("stands twice")));
            }
            names.insert((kind, account, name));
        }
        Ok(names)
    }

    /// Removes what the file managed and no longer names.
    pub(super) fn remove_what_is_not_in(&mut self, file: &PrincipalsFile) -> Result<(), Error> {
        let names = self.names(file)?;
        let state = self.step.state;
        for account in state.accounts() {
            let id = &account.id;
            let gone = |kind, managed: bool, name: &str| {
                managed && !names.contains(&(kind, id.clone(), name.to_owned()))
            };
            for entry in state.users(id) {
                let user = &entry.user;
                if gone("user", user.managed_by_file, user.name.as_str()) {
                    self.remove_user(user)?;
                }
            }
            for entry in state.groups(id) {
                let group = &entry.group;
                if gone("group", group.managed_by_file, group.name.as_str()) {
                    self.note_removed(group);
                    self.remove(IdentityEdit::RemoveGroup(id.clone(), group.name.clone()))?;
                }
            }
            for entry in state.roles(id) {
                let role = &entry.role;
                if gone("role", role.managed_by_file, role.name.as_str()) {
                    self.note_removed(role);
                    self.remove(IdentityEdit::RemoveRole(id.clone(), role.name.clone()))?;
                }
            }
            for entry in state.managed_policies(id) {
                let policy = &entry.policy;
                if gone("policy", policy.managed_by_file, policy.name.as_str()) {
                    self.note_removed(policy);
                    self.remove(IdentityEdit::RemovePolicy(id.clone(), policy.name.clone()))?;
                }
            }
            for provider in state.federation.oidc_providers.of_account(id) {
                if gone("oidc_provider", provider.managed_by_file, provider.name()) {
                    self.note_removed(&**provider);
                    let name = provider.name().to_owned();
                    self.after.federation.oidc_providers.remove(id, &name);
                    let edit = FederationEdit::RemoveOidcProvider(id.clone(), name);
                    self.edits.push(edit.into());
                }
            }
        }
        Ok(())
    }

    fn remove(&mut self, edit: IdentityEdit) -> Result<(), Error> {
        let identities = &mut self.after.identities;
        match &edit {
            IdentityEdit::RemoveUser(account, name) => {
                identities.remove_user(account.clone(), name.clone());
            }
            IdentityEdit::RemoveGroup(account, name) => {
                identities.remove_group(account.clone(), name.clone());
            }
            IdentityEdit::RemoveRole(account, name) => {
                identities.remove_role(account.clone(), name.clone());
            }
            IdentityEdit::RemovePolicy(account, name) => {
                identities.remove_policy(account.clone(), name.clone());
            }
            _ => return Err(Error::internal("what is removed here is an entity")),
        }
        self.edits.push(edit.into());
        Ok(())
    }

    /// A user goes with its access keys; its MFA devices are nobody's then.
    fn remove_user(&mut self, user: &User) -> Result<(), Error> {
        self.note_removed(user);
        let state = self.step.state;
        let owner = AccessKeyOwner::User(user.name.clone());
        for key in state.access_keys(&user.account) {
            if key.owner == owner && !self.file_keys.contains(&key.id) {
                let edit = IdentityEdit::RemoveAccessKey(key.id.clone());
                self.edits.push(edit.into());
            }
        }
        let devices = &state.federation.mfa_devices;
        for device in devices.of_user(&user.account, &user.id) {
            let nobodys = device.with(None, device.used);
            self.edits
                .push(FederationEdit::PutMfaDevice(nobodys).into());
        }
        let (account, name) = (user.account.clone(), user.name.clone());
        self.remove(IdentityEdit::RemoveUser(account, name))
    }
}

/// The name of the provider of that address, as ARNs have it.
pub(super) fn provider_arn(account: &AccountId, url: &str) -> String {
    let name = url.split_once("://").map_or(url, |(_, name)| name);
    oidc_provider_arn(account, name)
}
