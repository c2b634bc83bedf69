//! Access keys of the users of the file.

use super::reconcile::{Work, refused};
use super::shown::{Properties, access_key};
use crate::Error;
use crate::crypto::constant_time_eq;
use crate::identity::{AccessKey, AccessKeyOwner, User};
use crate::principals_file::{FileAccessKey, FileUser};
use crate::secret::SecretText;
use crate::service::change::Edit;
use crate::service::identity_edit::IdentityEdit;

/// What becomes of the access keys of one user.
#[derive(Default)]
pub(super) struct AccessKeys {
    pub(super) edits: Vec<Edit>,
    pub(super) before: Properties,
    pub(super) after: Properties,
}

impl Work<'_> {
    pub(super) fn access_keys(&self, wanted: &FileUser, user: &User) -> Result<AccessKeys, Error> {
        let owner = AccessKeyOwner::User(user.name.clone());
        let mut keys = AccessKeys::default();
        let all = self.step.state.access_keys(&user.account);
        for key in all.filter(|key| key.owner == owner) {
            keys.before.extend([access_key(key)]);
            // One that another user of the file has now is put there.
            if !self.file_keys.contains(&key.id) {
                let edit = IdentityEdit::RemoveAccessKey(key.id.clone());
                keys.edits.push(edit.into());
            }
        }
        for file_key in &wanted.access_keys {
            self.one_access_key(file_key, user, &owner, &mut keys)?;
        }
        Ok(keys)
    }

    fn one_access_key(
        &self,
        wanted: &FileAccessKey,
        user: &User,
        owner: &AccessKeyOwner,
        keys: &mut AccessKeys,
    ) -> Result<(), Error> {
        let id = &wanted.id;
        let there = self.step.state.access_key(id);
        if let Some(key) = there {
            self.check_movable(key, user, owner)?;
        }
        let own = there.filter(|key| key.account == user.account && key.owner == *owner);
        let given = wanted.secret.as_ref().map(SecretText::expose);
        let secret = given.or(own.map(|key| key.secret.expose()));
        let secret = secret.ok_or_else(|| {
            refused(format!(
                "the access key {id} is not one of the user yet: give its secret_file"
            ))
        })?;
        let same_secret = own
            .is_some_and(|key| constant_time_eq(key.secret.expose().as_bytes(), secret.as_bytes()));
        let key = AccessKey {
            id: id.clone(),
            account: user.account.clone(),
            owner: owner.clone(),
            created: own.map_or(self.step.now, |key| key.created),
            inactive: wanted.inactive,
            secret: SecretText::new(secret.to_owned()),
        };
        let (name, mut status) = access_key(&key);
        if own.is_some() && !same_secret {
            status.push_str(", with another secret");
        }
        keys.after.insert(name, status);
        if !same_secret || own.is_some_and(|own| own.inactive != wanted.inactive) {
            keys.edits.push(IdentityEdit::PutAccessKey(key).into());
        }
        Ok(())
    }

    /// An access key may come from a user of the file, who has it no more: each stands there once.
    fn check_movable(
        &self,
        key: &AccessKey,
        user: &User,
        owner: &AccessKeyOwner,
    ) -> Result<(), Error> {
        if key.account == user.account && key.owner == *owner {
            return Ok(());
        }
        let of_the_file = match &key.owner {
            AccessKeyOwner::Root => false,
            AccessKeyOwner::User(name) => {
                let other = self.step.state.user(&key.account, name);
                other.is_some_and(|entry| entry.user.managed_by_file)
            }
        };
        if of_the_file {
            return Ok(());
        }
        Err(refused(format!(
            "the access key {} is somebody else's",
            key.id
        )))
    }
}
