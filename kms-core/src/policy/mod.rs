//! Key policies and identity policies: parsed strictly once, then evaluated as pure functions.
//!
//! [`KeyPolicy::parse`] and [`IdentityPolicy::parse`] turn a document into compiled statements;
//! [`decide`] answers a [`Question`] with a [`Permit`] or a [`Denial`]. The language is AWS's IAM
//! policy language; `docs/spec/policy-evaluation.md` states every rule that is implemented here.

mod combine;
mod condition;
mod document;
mod evaluate;
mod explain;
mod grants;
mod pattern;
mod truth;
mod variable;

#[cfg(test)]
mod tests;

pub use combine::{Decision, Permit, Question, decide};
pub use condition::{ConditionKey, ConditionValues, Context, InvalidConditionKey, Value};
pub use document::{IdentityPolicy, KeyPolicy, MalformedPolicy, PolicyPrincipal};
pub use evaluate::Resource;
pub use explain::{Denial, Layer, MatchedStatement, Reason};
pub use grants::ByGrant;
