//! Which policies are attached to what.

use std::collections::BTreeSet;

use serde::Serialize;

use super::answers::{Nothing, PoliciesAnswer, ROOT_NAME, page, page_answer};
use super::policies::{self, existing};
use super::rules::{
    MAX_RESULTS, NEXT_TOKEN, POLICY_ID, POLICY_TYPE, TARGET_ID, invalid, parsed, refused,
};
use super::state::Organizations;
use super::subject::policy_of;
use super::{OrganizationEdit, OrganizationsRequest, limits, organization, organizations_request};
use crate::Error;
use crate::api::{ConstraintReason, InputReason, OrganizationsCode, Response};
use crate::identity::{Organization, OrganizationPolicy, PolicyType};
use crate::ids::{OrganizationPolicyId, TargetId};
use crate::service::operation::{Performed, Step};
use crate::service::page;
use crate::service::values::Specific;

type Attached = BTreeSet<OrganizationPolicyId>;

impl Organizations {
    /// Everything that policies can be attached to, with those that are.
    pub(in crate::service) fn attachments(&self) -> impl Iterator<Item = (TargetId, &Attached)> {
        let root = self.organization().map(|organization| &organization.root);
        let root = root.map(|root| (TargetId::Root(root.id.clone()), &root.attached));
        let units = self.units();
        let units = units.map(|unit| (TargetId::Unit(unit.id.clone()), &unit.attached));
        let members = self.members();
        let members =
            members.map(|member| (TargetId::Account(member.id.clone()), &member.attached));
        root.into_iter().chain(units).chain(members)
    }

    fn attached(&self, target: &TargetId) -> Option<&Attached> {
        match target {
            TargetId::Root(id) => {
                let root = &self.organization()?.root;
                (root.id == *id).then_some(&root.attached)
            }
            TargetId::Unit(id) => Some(&self.unit(id)?.attached),
            TargetId::Account(id) => Some(&self.member(id)?.attached),
        }
    }

    /// The same target with other policies.
    pub(in crate::service) fn with_attached(
        &self,
        target: &TargetId,
        attached: Attached,
    ) -> Option<OrganizationEdit> {
        Some(match target {
            TargetId::Root(_) => {
                let mut organization = self.organization()?.clone();
                organization.root.attached = attached;
                OrganizationEdit::Put(organization)
            }
            TargetId::Unit(id) => {
                let mut unit = self.unit(id)?.clone();
                unit.attached = attached;
                OrganizationEdit::PutUnit(unit)
            }
            TargetId::Account(id) => {
                let mut member = self.member(id)?.clone();
                member.attached = attached;
                OrganizationEdit::PutMember(member)
            }
        })
    }

    /// The policies of a type among those that are attached.
    pub(in crate::service) fn of_kind(&self, kind: PolicyType, attached: &Attached) -> Attached {
        let is = |id: &&OrganizationPolicyId| {
            policy_of(id, self).is_some_and(|policy| policy.kind == kind)
        };
        attached.iter().filter(is).cloned().collect()
    }
}

fn absent() -> Error {
    refused(OrganizationsCode::TargetNotFoundException)
}

fn broken(reason: ConstraintReason) -> Error {
    refused(OrganizationsCode::ConstraintViolationException(reason))
}

/// The change of what is attached to a target: `change` puts the policy to what is there, or takes
/// it away.
fn change(
    step: &Step<'_>,
    policy: Option<&String>,
    target: Option<&String>,
    change: impl FnOnce(&OrganizationPolicy, &mut Attached) -> Result<(), Error>,
) -> Result<Performed<Nothing>, Error> {
    let organizations = &step.state.organizations;
    let policy = existing(step, policy)?;
    let target = parsed(target)?;
    let mut attached = organizations.attached(&target).ok_or_else(absent)?.clone();
    change(&policy, &mut attached)?;
    let edit = organizations.with_attached(&target, attached);
    let edits = vec![edit.ok_or_else(absent)?.into()];
    Ok(Performed::changed(Nothing {}, edits))
}

fn subjects(policy: Option<&String>, target: Option<&String>) -> Vec<String> {
    policy.into_iter().chain(target).cloned().collect()
}

organizations_request! {
    /// Attaches a policy, which counts from the next request on.
    AttachOrganizationPolicyRequest "AttachPolicy" false -> Nothing {
        /// The policy.
        policy_id: String = "policyId", Required, POLICY_ID;
        /// The root, unit or account.
        target_id: String = "targetId", Required, TARGET_ID;
    }
}

impl OrganizationsRequest for AttachOrganizationPolicyRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        subjects(self.policy_id.as_ref(), self.target_id.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let (policy, target) = (self.policy_id.as_ref(), self.target_id.as_ref());
        change(step, policy, target, |policy, attached| {
            if !organization(step)?.root.policy_types.contains(&policy.kind) {
                return Err(refused(OrganizationsCode::PolicyTypeNotEnabledException));
            }
            let others = step.state.organizations.of_kind(policy.kind, attached);
            if others.len() >= limits::ATTACHED && !attached.contains(&policy.id) {
                return Err(broken(ConstraintReason::MaxAttachments));
            }
            if !attached.insert(policy.id.clone()) {
                let code = OrganizationsCode::DuplicatePolicyAttachmentException;
                return Err(refused(code));
            }
            Ok(())
        })
    }
}

organizations_request! {
    /// Detaches a policy, unless it is the last that allows anything there.
    DetachOrganizationPolicyRequest "DetachPolicy" false -> Nothing {
        /// The policy.
        policy_id: String = "policyId", Required, POLICY_ID;
        /// The root, unit or account.
        target_id: String = "targetId", Required, TARGET_ID;
    }
}

impl OrganizationsRequest for DetachOrganizationPolicyRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        subjects(self.policy_id.as_ref(), self.target_id.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let (policy, target) = (self.policy_id.as_ref(), self.target_id.as_ref());
        change(step, policy, target, |policy, attached| {
            if policy.id.as_str() == PolicyType::ResourceControl.full_access() {
                return Err(invalid(InputReason::NonDetachablePolicy));
            }
            if !attached.remove(&policy.id) {
                return Err(refused(OrganizationsCode::PolicyNotAttachedException));
            }
            let left = step.state.organizations.of_kind(policy.kind, attached);
            if policy.kind == PolicyType::ServiceControl && left.is_empty() {
                return Err(broken(ConstraintReason::MinAttachments));
            }
            Ok(())
        })
    }
}

organizations_request! {
    /// The policies of a type that are attached to a target itself.
    ListPoliciesForTargetRequest "ListPoliciesForTarget" true -> PoliciesAnswer {
        /// The root, unit or account.
        target_id: String = "targetId", Required, TARGET_ID;
        /// The type.
        filter: String = "filter", Required, POLICY_TYPE;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListPoliciesForTargetRequest {
    type Response = PoliciesAnswer;

    fn subjects(&self) -> Vec<String> {
        self.target_id.iter().cloned().collect()
    }

    fn specific(&self) -> Specific<'_> {
        policies::about_type(self.filter.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<PoliciesAnswer>, Error> {
        let organizations = &step.state.organizations;
        let target: TargetId = parsed(self.target_id.as_ref())?;
        let attached = organizations.attached(&target).ok_or_else(absent)?;
        let kind = policies::kind(self.filter.as_ref())?;
        let ids: Vec<_> = organizations.of_kind(kind, attached).into_iter().collect();
        let listing = format!("ListPoliciesForTarget/{target}/{}", kind.as_str());
        let asked = (self.next_token.as_ref(), self.max_results);
        policies::listed(step, &listing, asked, &ids)
    }
}

/// What a policy is attached to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyTarget {
    target_id: TargetId,
    arn: String,
    name: String,
    #[serde(rename = "Type")]
    kind: &'static str,
}

page_answer! {
    /// What a policy is attached to.
    TargetsAnswer { targets: PolicyTarget }
}

fn shown(
    target: TargetId,
    organization: &Organization,
    organizations: &Organizations,
) -> Option<PolicyTarget> {
    let id = target.to_string();
    let (arn, name, kind) = match &target {
        TargetId::Root(_) => (organization.arn_of("root", &id), ROOT_NAME, "ROOT"),
        TargetId::Unit(unit) => {
            let name = organizations.unit(unit)?.name.as_str();
            (organization.arn_of("ou", &id), name, "ORGANIZATIONAL_UNIT")
        }
        TargetId::Account(account) => {
            let name = organizations.member(account)?.name.as_str();
            (organization.arn_of("account", &id), name, "ACCOUNT")
        }
    };
    Some(PolicyTarget {
        arn,
        name: name.to_owned(),
        kind,
        target_id: target,
    })
}

organizations_request! {
    /// What a policy is attached to.
    ListTargetsForPolicyRequest "ListTargetsForPolicy" true -> TargetsAnswer {
        /// The policy.
        policy_id: String = "policyId", Required, POLICY_ID;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListTargetsForPolicyRequest {
    type Response = TargetsAnswer;

    fn subjects(&self) -> Vec<String> {
        self.policy_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<TargetsAnswer>, Error> {
        let organizations = &step.state.organizations;
        let organization = organization(step)?;
        let policy = existing(step, self.policy_id.as_ref())?;
        let attachments = organizations.attachments();
        let with = attachments.filter(|(_, attached)| attached.contains(&policy.id));
        let mut targets: Vec<(String, TargetId)> = with
            .map(|(target, _)| (target.to_string(), target))
            .collect();
        targets.sort();
        let targets = targets
            .into_iter()
            .filter_map(|(id, target)| Some((id, shown(target, organization, organizations)?)));
        let listing = format!("ListTargetsForPolicy/{}", policy.id);
        let asked = (self.next_token.as_ref(), self.max_results);
        Ok(Performed::read(
            page(step, &listing, asked, targets)?.into(),
        ))
    }
}
