//! Policies of keys, identities, roles and organizations: parsed strictly once, then evaluated as
//! pure functions.
//!
//! `parse` of each type turns a document into compiled statements; [`decide`] answers a
//! [`Question`] with a [`Permit`] or a [`Denial`], and [`decide_trust`] who may assume a role. The language is AWS's IAM
//! policy language; `docs/spec/policy-evaluation.md` states every rule that is implemented here.
//! [`consult`] tells what every statement says to a question, for whoever explains the answer.

mod assume;
mod combine;
mod condition;
mod consult;
mod document;
mod evaluate;
mod explain;
mod grants;
mod lint;
mod own_side;
mod pattern;
mod question;
mod simulate;
mod truth;
mod variable;
mod written;

#[cfg(test)]
mod tests;

pub use assume::{AssumedBy, TrustQuestion, decide_trust};
pub use combine::{crosses_accounts, decide};
pub use condition::{
    ConditionKey, ConditionValues, Context, ContextKeyType, Found, InvalidConditionKey,
    InvalidContextKeyType, MULTIVALUED, Recording, Unmet, Value,
};
pub use consult::{Consultation, Consulted, consult};
pub use document::{
    Bindings, IdentityPolicy, KeyPolicy, MalformedPolicy, PolicyPrincipal, ResourceControlPolicy,
    ServiceControlPolicy, TrustPolicy,
};
pub use evaluate::Resource;
pub use explain::{Denial, Layer, MatchedStatement, Reason};
pub use grants::ByGrant;
pub use lint::{Finding, PolicyType, Severity, guess_type, lint};
pub use question::{Decision, Permit, Question};
pub use simulate::{InvalidSimulation, Outcome, Simulation};
pub use written::{Position, Span, WrittenClause, WrittenPolicy};
