//! `GetKeyPolicy` and `ListKeyPolicies`

use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use crate::Error;
use crate::api::limits::POLICY_NAME;
use crate::api::{
    GetKeyPolicyRequest, GetKeyPolicyResponse, ListKeyPoliciesRequest, ListKeyPoliciesResponse,
};

/// A key has one policy, and its name is `default`.
pub(super) fn policy_name(name: Option<&str>) -> Result<(), Error> {
    match name {
        None | Some(POLICY_NAME) => Ok(()),
        Some(_) => Err(Error::NotFound("No such policy exists".to_owned())),
    }
}

impl KeyOperation for GetKeyPolicyRequest {
    type Checked = ();

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional("policyName", self.policy_name.as_ref());
    }

    fn check(self) -> Result<(), Error> {
        policy_name(self.policy_name.as_deref())
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<GetKeyPolicyResponse>, Error> {
        Ok(Performed::read(GetKeyPolicyResponse {
            policy: step.loaded.primary()?.key.key.policy.clone(),
            policy_name: POLICY_NAME.to_owned(),
        }))
    }
}

impl KeyOperation for ListKeyPoliciesRequest {
    /// The marker.
    type Checked = Option<String>;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional("limit", self.limit.as_ref());
    }

    fn check(self) -> Result<Self::Checked, Error> {
        Ok(self.marker)
    }

    fn perform(
        marker: Self::Checked,
        step: &Step<'_>,
    ) -> Result<Performed<ListKeyPoliciesResponse>, Error> {
        step.engine
            .markers()
            .start("ListKeyPolicies", marker.as_deref())?;
        Ok(Performed::read(ListKeyPoliciesResponse {
            policy_names: vec![POLICY_NAME.to_owned()],
            next_marker: None,
            truncated: false,
        }))
    }
}
