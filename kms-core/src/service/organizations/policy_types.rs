//! Which types of policies count.

use super::answers::RootAnswer;
use super::organization::full_access;
use super::policies::{about_type, kind};
use super::rules::{POLICY_TYPE, ROOT_ID, parsed, refused};
use super::{OrganizationEdit, OrganizationsRequest, organization, organizations_request};
use crate::Error;
use crate::api::OrganizationsCode;
use crate::identity::{Organization, PolicyType};
use crate::ids::RootId;
use crate::service::change::Edit;
use crate::service::operation::{Performed, Step};
use crate::service::values::Specific;

/// The organization, if the root is its own.
fn of_root(step: &Step<'_>, root: Option<&String>) -> Result<Organization, Error> {
    let organization = organization(step)?;
    let root: RootId = parsed(root)?;
    if organization.root.id != root {
        return Err(refused(OrganizationsCode::RootNotFoundException));
    }
    Ok(organization.clone())
}

/// Everything with the policies of a type taken away and `instead` in their place, and the root
/// as `organization` has it.
fn replaced(
    step: &Step<'_>,
    mut organization: Organization,
    kind: PolicyType,
    counts: bool,
) -> Result<Performed<RootAnswer>, Error> {
    let organizations = &step.state.organizations;
    let instead = full_access(counts.then_some(kind))?;
    let mut edits: Vec<Edit> = Vec::new();
    for (target, attached) in organizations.attachments() {
        let gone = organizations.of_kind(kind, attached);
        let mut left = attached - &gone;
        left.extend(instead.iter().cloned());
        match organizations.with_attached(&target, left) {
            Some(OrganizationEdit::Put(changed)) => {
                organization.root.attached = changed.root.attached;
            }
            Some(edit) => edits.push(edit.into()),
            None => return Err(Error::internal("a target is not there")),
        }
    }
    let answer = RootAnswer {
        root: (&organization).into(),
    };
    edits.push(OrganizationEdit::Put(organization).into());
    Ok(Performed::changed(answer, edits))
}

/// Lets policies of a type count, or count no longer.
fn switched(
    step: &Step<'_>,
    root: Option<&String>,
    policy_type: Option<&String>,
    counts: bool,
) -> Result<Performed<RootAnswer>, Error> {
    let mut organization = of_root(step, root)?;
    let kind = kind(policy_type)?;
    let types = &mut organization.root.policy_types;
    let (changed, unchanged) = match counts {
        true => (
            types.insert(kind),
            OrganizationsCode::PolicyTypeAlreadyEnabledException,
        ),
        false => (
            types.remove(&kind),
            OrganizationsCode::PolicyTypeNotEnabledException,
        ),
    };
    if !changed {
        return Err(refused(unchanged));
    }
    replaced(step, organization, kind, counts)
}

organizations_request! {
    /// Lets policies of a type count; what allows everything is attached everywhere first.
    EnablePolicyTypeRequest "EnablePolicyType" false -> RootAnswer {
        /// The root.
        root_id: String = "rootId", Required, ROOT_ID;
        /// The type.
        policy_type: String = "policyType", Required, POLICY_TYPE;
    }
}

impl OrganizationsRequest for EnablePolicyTypeRequest {
    type Response = RootAnswer;

    fn subjects(&self) -> Vec<String> {
        self.root_id.iter().cloned().collect()
    }

    fn specific(&self) -> Specific<'_> {
        about_type(self.policy_type.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<RootAnswer>, Error> {
        switched(step, self.root_id.as_ref(), self.policy_type.as_ref(), true)
    }
}

organizations_request! {
    /// Lets policies of a type count no longer, and detaches all of them.
    DisablePolicyTypeRequest "DisablePolicyType" false -> RootAnswer {
        /// The root.
        root_id: String = "rootId", Required, ROOT_ID;
        /// The type.
        policy_type: String = "policyType", Required, POLICY_TYPE;
    }
}

impl OrganizationsRequest for DisablePolicyTypeRequest {
    type Response = RootAnswer;

    fn subjects(&self) -> Vec<String> {
        self.root_id.iter().cloned().collect()
    }

    fn specific(&self) -> Specific<'_> {
        about_type(self.policy_type.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<RootAnswer>, Error> {
        switched(
            step,
            self.root_id.as_ref(),
            self.policy_type.as_ref(),
            false,
        )
    }
}
