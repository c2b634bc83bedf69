//! Roles of the file.

use super::entities::checked_tags;
use super::reconcile::{Work, at, inline};
use crate::Error;
use crate::identity::{EntityKind, Role};
use crate::policy::Bindings;
use crate::principals_file::FileRole;
use crate::service::iam::{check_description, check_duration, check_inline, documents};
use crate::service::identity_edit::IdentityEdit;

/// A role as it is and as it will be, but for whom its trust policy means.
struct Half {
    there: Option<Role>,
    role: Role,
}

impl Work<'_> {
    /// Roles may trust each other: all of them are known before it is asked whom they mean.
    pub(super) fn roles(&mut self, wanted: &[FileRole]) -> Result<(), Error> {
        let mut halves = Vec::with_capacity(wanted.len());
        for role in wanted {
            let half = self.half(role);
            let half = half.map_err(at(role.place.line, "role", role.name.as_str()))?;
            self.after.identities.put_role(half.role.clone())?;
            halves.push((role, half));
        }
        for (wanted, half) in halves {
            let done = self.role(half);
            done.map_err(at(wanted.place.line, "role", wanted.name.as_str()))?;
        }
        Ok(())
    }

    fn half(&mut self, wanted: &FileRole) -> Result<Half, Error> {
        let account = self.account(&wanted.place)?;
        check_description(wanted.description.as_ref())?;
        check_duration(Some(wanted.max_session_duration))?;
        documents::trust(&wanted.trust)?;
        let entry = self.step.state.role(&account, &wanted.name);
        let there = entry.map(|entry| entry.role.clone());
        let there = self.unless_replaced(there, |there| there.path == wanted.path)?;
        let known = there.as_ref().map(|there| (&there.id, there.created));
        let others = self.after.roles(&account);
        let others = others.map(|entry| entry.role.name.as_str());
        let (id, created) = self.identity(
            known,
            (EntityKind::Role, "Role"),
            wanted.name.as_str(),
            others,
        )?;
        let role = Role {
            attached: self.attached(&account, &wanted.permissions)?,
            boundary: self.boundary(&account, wanted.boundary.as_ref())?,
            account,
            path: wanted.path.clone(),
            name: wanted.name.clone(),
            id,
            created,
            trust_policy: wanted.trust.clone(),
            trusted: Bindings::default(),
            description: wanted.description.clone(),
            max_session_duration: wanted.max_session_duration,
            policies: inline(&wanted.permissions)?,
            tags: checked_tags(&wanted.tags)?,
            managed_by_file: true,
        };
        check_inline(&role)?;
        Ok(Half { there, role })
    }

    fn role(&mut self, half: Half) -> Result<(), Error> {
        let Half { there, mut role } = half;
        let same = there
            .as_ref()
            .filter(|there| there.trust_policy == role.trust_policy);
        // A file that says the same again gives nothing to a namesake of whom it meant.
        role.trusted = match same {
            Some(there) => there.trusted.clone(),
            None => documents::trusted(&role.trust_policy, &self.after)?,
        };
        if there.as_ref() == Some(&role) {
            return Ok(());
        }
        self.end_sessions(
            there.as_ref().is_some_and(|there| !there.managed_by_file),
            &role.id,
        );
        self.note(there.as_ref(), &role);
        self.edits.push(IdentityEdit::PutRole(role).into());
        Ok(())
    }
}
