//! What stands above an account in its organization, level by level, as people know it.

use super::state::{Organizations, full_access_document};
use crate::Error;
use crate::identity::PolicyType;
use crate::ids::{AccountId, OrganizationPolicyId};

/// A policy that is attached to a level.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct LevelPolicy<'a> {
    pub(in crate::service) id: &'a OrganizationPolicyId,
    pub(in crate::service) name: &'a str,
    /// The document, as it was given.
    pub(in crate::service) text: &'a str,
}

/// The root, a unit or the account, with the policies of one type that are attached to it.
#[derive(Clone, Debug)]
pub(in crate::service) struct Level<'a> {
    /// `the root r-…`, `the unit prod (ou-…)`, `the account 111122223333 (team-a)`.
    pub(in crate::service) target: String,
    /// In the order in which decisions count them.
    pub(in crate::service) policies: Vec<LevelPolicy<'a>>,
}

impl Organizations {
    /// The levels above an account whose policies of a type count for it, from the root down, the
    /// account itself the last: those of [`Organizations::service_control`] by name. None where
    /// there is no organization, or no policy of it counts.
    ///
    /// # Errors
    /// [`Error::Internal`] when what is above the account is not whole.
    pub(in crate::service) fn levels(
        &self,
        account: &AccountId,
        kind: PolicyType,
    ) -> Result<Vec<Level<'_>>, Error> {
        let Some(organization) = self.organization() else {
            return Ok(Vec::new());
        };
        let (root, management) = (&organization.root, &organization.management_account);
        let member = match self.member(account) {
            Some(member) if root.policy_types.contains(&kind) && member.id != *management => member,
            _ => return Ok(Vec::new()),
        };
        let units = self
            .units_above(&member.parent, organization)
            .ok_or_else(|| Error::internal("what is above an account is not whole"))?;
        let units = units.into_iter().map(|unit| {
            (
                format!("the unit {} ({})", unit.name, unit.id),
                &unit.attached,
            )
        });
        let (id, name) = (&member.id, &member.name);
        let levels = std::iter::once((format!("the root {}", root.id), &root.attached))
            .chain(units)
            .chain([(format!("the account {id} ({name})"), &member.attached)]);
        levels
            .map(|(target, attached)| {
                let of_kind = attached
                    .iter()
                    .filter_map(|id| self.policy_of_kind(id, kind));
                Ok(Level {
                    target,
                    policies: of_kind.collect::<Result<_, Error>>()?,
                })
            })
            .collect()
    }

    /// The policy of that id, if it is of that type.
    fn policy_of_kind<'a>(
        &'a self,
        id: &'a OrganizationPolicyId,
        kind: PolicyType,
    ) -> Option<Result<LevelPolicy<'a>, Error>> {
        if let Some(of) = PolicyType::ALL
            .into_iter()
            .find(|kind| kind.full_access() == id.as_str())
        {
            return (of == kind).then(|| {
                Ok(LevelPolicy {
                    id,
                    name: kind.full_access_name(),
                    text: full_access_document(kind),
                })
            });
        }
        match self.policy(id) {
            None => Some(Err(Error::internal(
                "a policy that is attached does not exist",
            ))),
            Some(policy) if policy.kind == kind => Some(Ok(LevelPolicy {
                id,
                name: &policy.name,
                text: &policy.content,
            })),
            Some(_) => None,
        }
    }
}
