//! From what an operation needs to a decision of the policies.

use super::context::CallContext;
use super::engine::Engine;
use super::operation::{Authorization, On};
use super::own_policies;
use super::resolve::unknown_ciphertext_key;
use super::state::State;
use super::sts::session_policies;
use super::values::RequestValues;
use crate::Error;
use crate::api::GrantOperation;
use crate::grants::{GrantUse, Proposal};
use crate::policy::{ByGrant, Decision, Permit, Question, Resource, decide};
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
        let organizations = &state.organizations;
        let owner = needed.on.account(call);
        let values = RequestValues {
            call,
            now,
            on: &needed.on,
            specific: &needed.specific,
            usage: &self.usage,
            principal_tags: own_policies::tags(principal, state),
            organizations,
        };
        let (resource, key_policy) = match &needed.on {
            On::Key(target) => (
                Resource::Key(&target.key.key.arn),
                Some(&*target.key.policy),
            ),
            On::Named(arn) => (Resource::Named(arn), None),
            On::Any => (Resource::Any, None),
        };
        let own = own_policies::of(principal, state)?;
        let session = session_policies(&call.caller, state)?;
        let question = Question {
            principal,
            action: needed.action,
            resource,
            values: &values,
            key_policy,
            identity_policies: &own.identity,
            boundary: own.boundary,
            session_policies: session.as_deref(),
            service_control: organizations.service_control(principal.account())?,
            resource_control: organizations.resource_control(&owner, needed.action)?,
            by_grant: by_grant(needed, state),
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
                Err(Error::AccessDenied(denial.message(
                    &principal.arn(),
                    needed.action,
                    name,
                )))
            }
        }
    }
}

/// What grants have to do with a permission: the one that the request is about says who may retire
/// it; else those on the key may allow what a grant can hold.
fn by_grant<'a>(needed: &'a Authorization<'_>, state: &'a State) -> Option<ByGrant<'a>> {
    let On::Key(target) = &needed.on else {
        return None;
    };
    if let Some(grant) = &target.grant {
        return Some(ByGrant::Retires(grant));
    }
    let grants = state.grants().of_key(&target.key.key.arn)?;
    let wanted = match GrantOperation::of_action(needed.action)? {
        // Decided by the grant that is to be retired, which the request named.
        GrantOperation::RetireGrant => return None,
        GrantOperation::CreateGrant => {
            let asked = needed.specific.grant?;
            GrantUse::Create(Proposal {
                operations: asked.operations,
                constraint: asked.constraint,
            })
        }
        operation @ GrantOperation::DescribeKey => GrantUse::Unconstrained(operation),
        operation => GrantUse::Cryptographic(operation, needed.specific.encryption_context),
    };
    Some(ByGrant::Allows {
        grants,
        wanted,
        propagation: needed.propagation,
    })
}
