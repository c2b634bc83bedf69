//! From what an operation needs to a decision of the policies.

use std::sync::Arc;

use super::context::CallContext;
use super::engine::Engine;
use super::operation::{Authorization, On};
use super::resolve::unknown_ciphertext_key;
use super::state::State;
use super::values::RequestValues;
use crate::Error;
use crate::caller::Principal;
use crate::policy::{Decision, IdentityPolicy, Permit, Question, Resource, decide};
use crate::time::Timestamp;

impl Engine {
    /// Asks the policies.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] in AWS's words.
    pub(super) fn authorize(
        &self,
        needed: &Authorization<'_>,
        state: &State,
        call: &CallContext,
        now: Timestamp,
    ) -> Result<Permit, Error> {
        let principal = call.caller.principal();
        let values = RequestValues { call, now, on: &needed.on, specific: &needed.specific };
        let (resource, key_policy) = match &needed.on {
            On::Key(target) => (Resource::Key(&target.key.key.arn), Some(&target.key.policy)),
            On::Named(arn) => (Resource::Named(arn), None),
            On::Any => (Resource::Any, None),
        };
        let question = Question {
            principal,
            action: needed.action,
            resource,
            values: &values,
            key_policy,
            identity_policies: identity_policies(principal, state)?,
        };
        match decide(&question) {
            Decision::Allow(permit) => Ok(permit),
            Decision::Deny(denial) => {
                if let On::Key(target) = &needed.on
                    && target.by_ciphertext
                    && target.key.key.arn.account != *call.account()
                {
                    return Err(unknown_ciphertext_key());
                }
                let name = match &needed.on {
                    On::Key(target) => target.key.arn.as_str(),
                    On::Named(arn) => arn,
                    On::Any => "*",
                };
                Err(Error::AccessDenied(denial.message(&principal.arn(), needed.action, name)))
            }
        }
    }
}

/// The caller's own policies. A user that is gone, or was replaced by a namesake, has no say.
fn identity_policies<'a>(
    principal: &Principal,
    state: &'a State,
) -> Result<&'a [Arc<IdentityPolicy>], Error> {
    let Principal::User { account, name, id } = principal else { return Ok(&[]) };
    match state.user(account, name) {
        Some(entry) if entry.user.id == *id => Ok(&entry.policies),
        _ => Err(Error::AccessDenied(format!(
            "User: {} is not authorized: the user does not exist",
            principal.arn()
        ))),
    }
}
