//! Users of the file.

use std::collections::BTreeSet;

use super::entities::checked_tags;
use super::reconcile::{Work, inline, refused, within};
use super::shown::{Shown, difference};
use crate::Error;
use crate::identity::{EntityKind, User};
use crate::ids::{AccountId, UniqueId};
use crate::principals_file::FileUser;
use crate::service::iam::{check_inline, limits};
use crate::service::identity_edit::IdentityEdit;

impl Work<'_> {
    pub(super) fn user(&mut self, wanted: &FileUser) -> Result<(), Error> {
        let account = self.account(&wanted.place)?;
        let entry = self.step.state.user(&account, &wanted.name);
        let there = entry.map(|entry| entry.user.clone());
        let known = there.as_ref().map(|there| (&there.id, there.created));
        let others = self.after.users(&account);
        let others = others.map(|entry| entry.user.name.as_str());
        let (id, created) = self.identity(
            known,
            (EntityKind::User, "User"),
            wanted.name.as_str(),
            others,
        )?;
        let user = User {
            groups: self.groups_of(&account, wanted)?,
            attached: self.attached(&account, &wanted.permissions)?,
            boundary: self.boundary(&account, wanted.boundary.as_ref())?,
            account,
            path: wanted.path.clone(),
            name: wanted.name.clone(),
            id,
            created,
            policies: inline(&wanted.permissions)?,
            tags: checked_tags(&wanted.tags)?,
            managed_by_file: true,
        };
        check_inline(&user)?;
        let keys = self.access_keys(wanted, &user)?;
        let same = there.as_ref() == Some(&user);
        // One that another user has from now on is put there, and told here too.
        if same && keys.edits.is_empty() && keys.before == keys.after {
            return Ok(());
        }
        let before = there
            .as_ref()
            .map(|there| there.properties(self.step.state));
        let mut before = before.unwrap_or_default();
        let mut after = user.properties(&self.after);
        before.extend(keys.before);
        after.extend(keys.after);
        self.end_sessions(
            there.as_ref().is_some_and(|there| !there.managed_by_file),
            &user.id,
        );
        self.note_fields(there.as_ref(), &user, difference(&before, &after));
        self.edits.extend(keys.edits);
        if !same {
            self.after.identities.put_user(user.clone())?;
            self.edits.push(IdentityEdit::PutUser(user).into());
        }
        Ok(())
    }

    fn groups_of(
        &self,
        account: &AccountId,
        wanted: &FileUser,
    ) -> Result<BTreeSet<UniqueId>, Error> {
        within(
            wanted.groups.len(),
            "GroupsPerUser",
            limits::GROUPS_PER_USER,
        )?;
        let groups = wanted.groups.iter().map(|name| {
            let entry = self.after.group(account, name);
            let id = entry.map(|entry| entry.group.id.clone());
            id.ok_or_else(|| refused(format!("there is no group {name}")))
        });
        groups.collect()
    }
}
