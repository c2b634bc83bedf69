//! What conditions may ask of the session of temporary credentials.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{ConditionKey, Principal, Timestamp, Value, flag, one};
use crate::caller::{Caller, Session};
use crate::ids::PARTITION;

/// AWS's global keys that only temporary credentials have.
pub(super) fn global<'a>(caller: &'a Caller, name: &str, now: Timestamp) -> Option<Value<'a>> {
    let session = caller.session()?;
    match name {
        "aws:tokenissuetime" => one(session.issued.to_rfc3339()),
        "aws:multifactorauthpresent" => flag(mfa(caller, session).is_some()),
        "aws:multifactorauthage" => {
            let age = now.millis_since(mfa(caller, session)?).max(0);
            one(age.div_euclid(1000).to_string())
        }
        "aws:sourceidentity" => {
            let identity = session.source_identity.as_ref()?;
            Some(Value::One(Cow::Borrowed(identity.as_str())))
        }
        "aws:federatedprovider" => {
            let provider = &session.web_identity.as_ref()?.provider;
            let account = caller.principal().account();
            one(format!(
                "arn:{PARTITION}:iam::{account}:oidc-provider/{provider}"
            ))
        }
        _ => None,
    }
}

/// When an MFA device was shown, for a user's own session: a role's has none, whoever assumed it.
fn mfa(caller: &Caller, session: &Session) -> Option<Timestamp> {
    match caller.principal() {
        Principal::User { .. } | Principal::Root { .. } => session.mfa,
        Principal::AssumedRole { .. }
        | Principal::FederatedUser { .. }
        | Principal::Service { .. } => None,
    }
}

/// The tag of the session whose key is the condition key's suffix but for case.
pub(super) fn tag<'a>(caller: &'a Caller, key: &ConditionKey) -> Option<Value<'a>> {
    let value = caller.session()?.tag(key.suffix()?)?;
    Some(Value::One(Cow::Borrowed(value)))
}

/// `PROVIDER:CLAIM`, for whom an identity provider spoke.
pub(super) fn claim<'a>(caller: &'a Caller, key: &ConditionKey) -> Option<Value<'a>> {
    let identity = caller.session()?.web_identity.as_ref()?;
    claim_of(&identity.provider, &identity.claims, key)
}

/// `PROVIDER:CLAIM`, as `provider` says it.
pub(in crate::service) fn claim_of<'a>(
    provider: &str,
    claims: &'a BTreeMap<String, Vec<String>>,
    key: &ConditionKey,
) -> Option<Value<'a>> {
    let provider = provider.to_ascii_lowercase();
    let name = key.folded().strip_prefix(&provider)?.strip_prefix(':')?;
    let mut found = claims
        .iter()
        .filter(|(claim, _)| claim.eq_ignore_ascii_case(name));
    let (_, values) = found.next()?;
    // Claims that differ by case alone contradict each other.
    if found.next().is_some() {
        return Some(Value::Ambiguous);
    }
    Some(match values.as_slice() {
        [value] => Value::One(Cow::Borrowed(value)),
        many => Value::Many(
            many.iter()
                .map(|value| Cow::Borrowed(value.as_str()))
                .collect(),
        ),
    })
}
