//! `DescribeEffectivePolicy`: what is made of several policies that an account inherits. Service and
//! resource control policies are not merged so, and the types that are do not exist here.

use super::answers::Nothing;
use super::rules::{EFFECTIVE_POLICY_TYPE, TARGET_ID, parsed, refused};
use super::{Callers, OrganizationsRequest, organizations_request};
use crate::Error;
use crate::api::OrganizationsCode;
use crate::ids::TargetId;
use crate::service::operation::{Performed, Step};

organizations_request! {
    /// The policy that an account's inherited ones come to.
    DescribeEffectivePolicyRequest "DescribeEffectivePolicy" true -> Nothing {
        /// The type.
        policy_type: String = "policyType", Required, EFFECTIVE_POLICY_TYPE;
        /// The account; the caller's where it is absent.
        target_id: String = "targetId", Optional, TARGET_ID;
    }
}

impl OrganizationsRequest for DescribeEffectivePolicyRequest {
    type Response = Nothing;
    const CALLERS: Callers = Callers::Members;

    fn subjects(&self) -> Vec<String> {
        self.target_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let organizations = &step.state.organizations;
        let target = self.target_id.as_ref();
        let target = target.map(|id| parsed::<TargetId>(Some(id))).transpose()?;
        if target.is_some_and(|target| !organizations.has(&target)) {
            return Err(refused(OrganizationsCode::TargetNotFoundException));
        }
        Err(refused(OrganizationsCode::EffectivePolicyNotFoundException))
    }
}
