//! What must hold of a document before it is kept.

use super::limits;
use crate::Error;
use crate::policy::{Bindings, IdentityPolicy, MalformedPolicy, PolicyPrincipal, TrustPolicy};
use crate::service::principals::{bindings, exists};
use crate::service::state::State;

/// The length that quotas count: without white space.
pub(in crate::service) fn dense(text: &str) -> usize {
    text.chars().filter(|c| !c.is_ascii_whitespace()).count()
}

fn malformed(malformed: &MalformedPolicy) -> Error {
    let message = malformed.to_string();
    match malformed {
        MalformedPolicy::TooLarge { .. } => Error::LimitExceeded(message),
        _ => Error::MalformedPolicyDocument(message),
    }
}

/// Checks an inline policy; how long all of an entity's are is checked when it is put.
pub(in crate::service) fn inline(text: &str) -> Result<(), Error> {
    IdentityPolicy::parse(text)
        .map(drop)
        .map_err(|refusal| malformed(&refusal))
}

/// Checks a version of a managed policy.
pub(in crate::service) fn managed(text: &str) -> Result<(), Error> {
    if dense(text) > limits::MANAGED_POLICY {
        return Err(limits::exceeded("PolicySize", limits::MANAGED_POLICY));
    }
    IdentityPolicy::parse_managed(text)
        .map(drop)
        .map_err(|refusal| malformed(&refusal))
}

/// Checks a trust policy as such.
pub(in crate::service) fn trust(text: &str) -> Result<(), Error> {
    if dense(text) > limits::TRUST_POLICY {
        return Err(limits::exceeded("ACLSizePerRole", limits::TRUST_POLICY));
    }
    TrustPolicy::parse(text)
        .map(drop)
        .map_err(|refusal| malformed(&refusal))
}

/// Which users and roles a trust policy means, all of which must exist.
pub(in crate::service) fn trusted(text: &str, state: &State) -> Result<Bindings, Error> {
    let policy = TrustPolicy::parse(text).map_err(|refusal| malformed(&refusal))?;
    let absent = policy
        .principals()
        .find(|principal| !exists(principal, state));
    match absent {
        None => Ok(bindings(policy.principals(), state)),
        Some(PolicyPrincipal::Provider(name)) => Err(invalid_principal("Federated", name)),
        Some(other) => Err(invalid_principal("AWS", &other.arn().unwrap_or_default())),
    }
}

fn invalid_principal(kind: &str, name: &str) -> Error {
    Error::MalformedPolicyDocument(format!(
        "Invalid principal in policy: \"{kind}\":\"{name}\""
    ))
}
