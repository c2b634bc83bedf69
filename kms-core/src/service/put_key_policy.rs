//! `PutKeyPolicy`

use super::change::Edit;
use super::get_key_policy::policy_name;
use super::key_operation::KeyOperation;
use super::new_policy;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::request::present;
use super::values::Specific;
use crate::Error;
use crate::api::{PutKeyPolicyRequest, PutKeyPolicyResponse};
use crate::policy::{PolicyType, lint};

/// A checked new policy.
#[derive(Debug)]
pub struct NewPolicy {
    text: String,
    bypass_lockout_check: Option<bool>,
}

impl KeyOperation for PutKeyPolicyRequest {
    type Checked = NewPolicy;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("policyName", self.policy_name.as_ref())
            .optional("policy", self.policy.as_ref())
            .optional(
                "bypassPolicyLockoutSafetyCheck",
                self.bypass_policy_lockout_safety_check.as_ref(),
            );
    }

    fn check(self) -> Result<NewPolicy, Error> {
        policy_name(self.policy_name.as_deref())?;
        let text = present(self.policy)?;
        new_policy::check_document(&text)?;
        Ok(NewPolicy {
            text,
            bypass_lockout_check: self.bypass_policy_lockout_safety_check,
        })
    }

    fn specific(policy: &NewPolicy) -> Specific<'_> {
        Specific {
            bypass_policy_lockout_safety_check: policy.bypass_lockout_check,
            ..Specific::default()
        }
    }

    fn perform(
        policy: NewPolicy,
        step: &Step<'_>,
    ) -> Result<Performed<PutKeyPolicyResponse>, Error> {
        let target = step.loaded.primary()?;
        let mut key = target.key.key.clone();
        let findings = lint(&policy.text, PolicyType::Key);
        key.policy = policy.text;
        let bypass = policy.bypass_lockout_check == Some(true);
        new_policy::check_effect(step, &mut key, &target.aliases, bypass)?;
        let done = Performed::changed(PutKeyPolicyResponse {}, vec![Edit::PutKey(Box::new(key))]);
        // Nothing is refused that AWS takes; whoever reads the ledger sees what was put.
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        Ok(match codes.is_empty() {
            true => done,
            false => done.with_additional("policyFindings", &codes),
        })
    }
}
