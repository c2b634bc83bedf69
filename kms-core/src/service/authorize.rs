//! From what an operation needs to a decision of the policies.

use std::sync::Arc;

use super::context::CallContext;
use super::engine::Engine;
use super::operation::{Authorization, On};
use super::own_policies::{self, OwnPolicies};
use super::resolve::unknown_ciphertext_key;
use super::state::State;
use super::sts::session_policies;
use super::values::RequestValues;
use crate::Error;
use crate::api::GrantOperation;
use crate::caller::Principal;
use crate::grants::{GrantUse, Proposal};
use crate::policy::{
    ByGrant, Decision, IdentityPolicy, KeyPolicy, Permit, Question, Resource,
    ResourceControlPolicy, ServiceControlPolicy, decide,
};
use crate::time::Timestamp;

/// What is asked about one permission: everything that has a say in it, found in the state.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    principal: &'a Principal,
    action: &'static str,
    resource: Resource<'a>,
    key_policy: Option<&'a KeyPolicy>,
    values: RequestValues<'a>,
    own: OwnPolicies<'a>,
    session: Option<Vec<Arc<IdentityPolicy>>>,
    service_control: &'a [Vec<Arc<ServiceControlPolicy>>],
    resource_control: &'a [Vec<Arc<ResourceControlPolicy>>],
    by_grant: Option<ByGrant<'a>>,
}

impl Asked<'_> {
    /// The question for the policies.
    pub(super) fn question(&self) -> Question<'_> {
        Question {
            principal: self.principal,
            action: self.action,
            resource: self.resource,
            values: &self.values,
            key_policy: self.key_policy,
            identity_policies: &self.own.identity,
            boundary: self.own.boundary,
            session_policies: self.session.as_deref(),
            service_control: self.service_control,
            resource_control: self.resource_control,
            by_grant: self.by_grant,
        }
    }
}

impl Engine {
    /// Finds everything that has a say in a permission.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] for a caller that is gone.
    pub(super) fn asked<'a>(
        &'a self,
        needed: &'a Authorization<'a>,
        state: &'a State,
        call: &'a CallContext,
        now: Timestamp,
    ) -> Result<Asked<'a>, Error> {
        let principal = call.caller.principal();
        let organizations = &state.organizations;
        let owner = needed.on.account(call);
        let (resource, key_policy) = match &needed.on {
            On::Key(target) => (
                Resource::Key(&target.key.key.arn),
                Some(&*target.key.policy),
            ),
            On::Named(arn) => (Resource::Named(arn), None),
            On::Any => (Resource::Any, None),
        };
        Ok(Asked {
            principal,
            action: needed.action,
            resource,
            key_policy,
            values: RequestValues {
                call,
                now,
                on: &needed.on,
                specific: &needed.specific,
                usage: &self.usage,
                principal_tags: own_policies::tags(principal, state),
                organizations,
            },
            own: own_policies::of(principal, state)?,
            session: session_policies(&call.caller, state)?,
            service_control: organizations.service_control(principal.account())?,
            resource_control: organizations.resource_control(&owner, needed.action)?,
            by_grant: by_grant(needed, state),
        })
    }

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
        let asked = self.asked(needed, state, call, now)?;
        match decide(&asked.question()) {
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
                    &call.caller.principal().arn(),
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
