//! Decisions on cases that are written down, with no store: who asks for what, and every policy
//! that has a say. `docs/spec/policy-evaluation.md` says how a case is written.

mod case;
mod members;
mod subject;

use std::sync::Arc;

use super::assume::{AssumedBy, TrustQuestion, decide_trust};
use super::combine::decide;
use super::condition::Context;
use super::document::{
    IdentityPolicy, KeyPolicy, ResourceControlPolicy, ServiceControlPolicy, TrustPolicy,
};
use super::evaluate::Resource;
use super::explain::{MatchedStatement, Reason};
use super::question::{Decision, Permit, Question};
use crate::ids::{AccountId, KeyArn};
use subject::Subject;

/// One case.
#[derive(Debug)]
pub struct Simulation {
    subject: Subject,
    action: String,
    object: Object,
    context: Context,
    identity: Vec<Arc<IdentityPolicy>>,
    boundary: Option<IdentityPolicy>,
    session: Option<Vec<Arc<IdentityPolicy>>>,
    service_control: Vec<Vec<Arc<ServiceControlPolicy>>>,
    resource_control: Vec<Vec<Arc<ResourceControlPolicy>>>,
}

/// What a case is about, with the policy of it.
#[derive(Debug)]
enum Object {
    Key(KeyArn, Option<KeyPolicy>),
    Role {
        account: AccountId,
        arn: String,
        trust: TrustPolicy,
    },
    Named(String),
    Any,
}

/// Why a text is no case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSimulation(String);

/// How a case is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is allowed.
    Allowed,
    /// Nothing that must allow it does.
    ImplicitlyDenied,
    /// A Deny applies.
    ExplicitlyDenied,
}

impl Outcome {
    /// The name of the outcome.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
        }
    }
}

impl Simulation {
    /// Reads a case: a JSON object.
    ///
    /// # Errors
    /// [`InvalidSimulation`] says what is wrong, in one line.
    pub fn parse(text: &str) -> Result<Self, InvalidSimulation> {
        case::parse(text)
    }

    /// The outcome, and why, with everything that a caller would not be told.
    #[must_use]
    pub fn run(&self) -> (Outcome, String) {
        match self.decide() {
            Decision::Allow(permit) => (Outcome::Allowed, why_allowed(&permit)),
            Decision::Deny(denial) => {
                let because = denial.because(&self.action);
                match denial.reason() {
                    Reason::NotAllowed => (Outcome::ImplicitlyDenied, because),
                    Reason::ExplicitDeny(statement) => {
                        let place = place(statement);
                        (Outcome::ExplicitlyDenied, format!("{because}: {place}"))
                    }
                }
            }
        }
    }

    fn decide(&self) -> Decision {
        match (&self.object, &self.subject) {
            (
                Object::Role {
                    account,
                    arn,
                    trust,
                },
                subject,
            ) => decide_trust(&TrustQuestion {
                by: match subject {
                    Subject::WebIdentity(provider) => AssumedBy::WebIdentity(provider),
                    Subject::Principal(principal) => AssumedBy::Principal {
                        principal,
                        identity_policies: &self.identity,
                        boundary: self.boundary.as_ref(),
                        session_policies: self.session.as_deref(),
                    },
                },
                action: &self.action,
                role_account: account,
                role_arn: arn,
                trust_policy: trust,
                values: &self.context,
                service_control: &self.service_control,
                resource_control: &self.resource_control,
            }),
            (object, Subject::Principal(principal)) => {
                let (resource, key_policy) = match object {
                    Object::Key(arn, policy) => (Resource::Key(arn), policy.as_ref()),
                    Object::Named(arn) | Object::Role { arn, .. } => (Resource::Named(arn), None),
                    Object::Any => (Resource::Any, None),
                };
                decide(&Question {
                    principal,
                    action: &self.action,
                    resource,
                    values: &self.context,
                    key_policy,
                    identity_policies: &self.identity,
                    boundary: self.boundary.as_ref(),
                    session_policies: self.session.as_deref(),
                    service_control: &self.service_control,
                    resource_control: &self.resource_control,
                    by_grant: None,
                })
            }
            // Refused when the case was read; a web identity may do nothing but assume a role.
            (_, Subject::WebIdentity(_)) => Decision::Deny(super::explain::Denial::not_allowed(
                super::explain::Layer::IdentityBased,
            )),
        }
    }
}

fn why_allowed(permit: &Permit) -> String {
    let by_resource = permit
        .by_resource_policy()
        .map(|(layer, statement)| format!("the {}: {}", layer.name(), place(statement)));
    let by_identity = permit
        .by_identity_policy()
        .map(|statement| format!("an identity-based policy: {}", place(statement)));
    let grounds: Vec<String> = by_resource.into_iter().chain(by_identity).collect();
    if grounds.is_empty() {
        "allowed without a policy".to_owned()
    } else {
        format!("allowed by {}", grounds.join(", and "))
    }
}

/// Where a statement stands: `policy 0, statement 2, Sid "Use"`.
fn place(statement: &MatchedStatement) -> String {
    let MatchedStatement { policy, index, sid } = statement;
    match sid {
        Some(sid) => format!("policy {policy}, statement {index}, Sid \"{sid}\""),
        None => format!("policy {policy}, statement {index}"),
    }
}
