//! Service and resource control policies of the file.

use std::collections::{BTreeMap, BTreeSet};

use super::check_member;
use crate::Error;
use crate::identity::{OrganizationPolicy, PolicyType, generate_organization_policy_id};
use crate::ids::OrganizationPolicyId;
use crate::principals_file::FileControlPolicy;
use crate::service::apply_principals::reconcile::{Work, at};
use crate::service::organizations::rules::{DESCRIPTION, POLICY_NAME};
use crate::service::organizations::{check_document, check_tags};

/// The policies of the file by type and name; the one that AWS manages is not among them.
pub(super) type PolicyIds = BTreeMap<(PolicyType, String), OrganizationPolicyId>;

impl Work<'_> {
    pub(super) fn control_policies(
        &mut self,
        wanted: &[FileControlPolicy],
    ) -> Result<PolicyIds, Error> {
        let known = self.after.organizations.policies();
        let known: PolicyIds = known
            .map(|policy| ((policy.kind, policy.name.clone()), policy.id.clone()))
            .collect();
        let mut ids = PolicyIds::new();
        for policy in wanted {
            let Some(document) = &policy.document else {
                continue;
            };
            let name = (policy.kind, policy.name.clone());
            let made = self.control_policy(policy, document, known.get(&name));
            let made = made.map_err(at(policy.line, policy.table(), &policy.name))?;
            ids.insert(name, made);
        }
        Ok(ids)
    }

    fn control_policy(
        &mut self,
        wanted: &FileControlPolicy,
        document: &str,
        known: Option<&OrganizationPolicyId>,
    ) -> Result<OrganizationPolicyId, Error> {
        check_member("name", &wanted.name, POLICY_NAME)?;
        check_member("description", &wanted.description, DESCRIPTION)?;
        check_tags(&wanted.tags)?;
        check_document(wanted.kind, document)?;
        let id = match known {
            Some(id) => id.clone(),
            None => {
                let id = generate_organization_policy_id(self.step.engine.system_random())?;
                self.draws(id.as_str());
                id
            }
        };
        self.after.organizations.put_policy(OrganizationPolicy {
            id: id.clone(),
            kind: wanted.kind,
            name: wanted.name.clone(),
            description: wanted.description.clone(),
            content: document.to_owned(),
            tags: wanted.tags.clone(),
            managed_by_file: true,
        })?;
        Ok(id)
    }

    /// The policies that are the file's, before or after.
    pub(super) fn policies_of_the_file(&self) -> BTreeSet<OrganizationPolicyId> {
        let before = self.step.state.organizations.policies();
        let all = before.chain(self.after.organizations.policies());
        let managed = all.filter(|policy| policy.managed_by_file);
        managed.map(|policy| policy.id.clone()).collect()
    }
}
