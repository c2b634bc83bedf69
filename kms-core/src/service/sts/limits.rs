//! Policies and tags that a request gives a session.

use std::collections::BTreeMap;

use super::tokens::MAX_PACKED;
use crate::Error;
use crate::api::query::{Form, InvalidForm, Member, QueryCode, on_the_wire};
use crate::caller::{Session, SessionTag};
use crate::ids::{AccountId, PolicyArn};
use crate::policy::IdentityPolicy;
use crate::service::operation::Step;
use crate::service::parameters::Parameters;

const LONGEST_POLICY: usize = 2048;
const MOST_POLICY_ARNS: usize = 10;
const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// `PolicyArns`, each with the member `arn`.
#[derive(Clone, Debug, Default)]
pub struct PolicyArns(pub Vec<PolicyArn>);

/// `Tags`, each with the members `Key` and `Value`.
#[derive(Clone, Debug, Default)]
pub struct SessionTags(pub Vec<(String, String)>);

impl PolicyArns {
    /// Adds them to what the ledger keeps.
    pub(super) fn record(&self, parameters: &mut Parameters) {
        if !self.0.is_empty() {
            parameters.value("policyArns", &self.0);
        }
    }
}

impl SessionTags {
    /// Adds them to what the ledger keeps.
    pub(super) fn record(&self, parameters: &mut Parameters) {
        let tag = |(key, value): &(String, String)| serde_json::json!({"key": key, "value": value});
        if !self.0.is_empty() {
            let tags: Vec<_> = self.0.iter().map(tag).collect();
            parameters.value("tags", &tags);
        }
    }
}

impl Member for PolicyArns {
    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        let rows = form.rows(&on_the_wire(name), |row| {
            let arn = row.text("arn").and_then(|text| text.parse().ok());
            arn.ok_or_else(|| InvalidForm::Value {
                name: name.to_owned(),
                wanted: "It must be a list of ARNs of managed policies.",
            })
        })?;
        Ok(Self(rows.unwrap_or_default()))
    }
}

impl Member for SessionTags {
    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        let rows = form.rows(&on_the_wire(name), |row| {
            Ok((Member::take(row, "key")?, Member::take(row, "value")?))
        })?;
        Ok(Self(rows.unwrap_or_default()))
    }
}

/// The policies of a request, checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies {
    inline: Option<String>,
    arns: Vec<PolicyArn>,
}

impl Policies {
    /// Checks how many there are, how long, and that the inline one is a policy.
    pub(super) fn checked(inline: Option<String>, arns: PolicyArns) -> Result<Self, Error> {
        if let Some(text) = &inline {
            if text.is_empty() || text.chars().count() > LONGEST_POLICY {
                return Err(constraint(
                    "policy",
                    "Member must have length between 1 and 2048",
                ));
            }
            let parsed = IdentityPolicy::parse(text);
            parsed.map_err(|refusal| Error::MalformedPolicyDocument(refusal.to_string()))?;
        }
        if arns.0.len() > MOST_POLICY_ARNS {
            let wanted = "Member must have length less than or equal to 10";
            return Err(constraint("policyArns", wanted));
        }
        Ok(Self {
            inline,
            arns: arns.0,
        })
    }

    /// Gives the policies to a session of `account`, whose managed policies they have to be.
    pub(super) fn give(
        self,
        session: &mut Session,
        account: &AccountId,
        step: &Step<'_>,
    ) -> Result<(), Error> {
        for arn in &self.arns {
            let own = arn.account().is_none_or(|owner| owner == *account);
            if !own || step.state.managed_policy(arn).is_none() {
                return Err(Error::NotFound(format!(
                    "Policy {arn} does not exist or is not attachable."
                )));
            }
        }
        session.policy = self.inline;
        session.policy_arns = self.arns.iter().map(PolicyArn::to_string).collect();
        Ok(())
    }
}

/// The tags of a request, checked: no two keys differ by case alone.
///
/// # Errors
/// In AWS's words.
pub(super) fn tags(tags: SessionTags) -> Result<BTreeMap<String, String>, Error> {
    if tags.0.len() > MOST_TAGS {
        let wanted = "Member must have length less than or equal to 50";
        return Err(constraint("tags", wanted));
    }
    let mut checked: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in tags.0 {
        let key_fits = !key.is_empty() && key.chars().count() <= LONGEST_KEY && is_plain(&key);
        if !key_fits || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(constraint("tags", "Member must be a valid tag key"));
        }
        if value.chars().count() > LONGEST_VALUE || !is_plain(&value) {
            return Err(constraint("tags", "Member must be a valid tag value"));
        }
        let same = |known: &String| known.to_lowercase() == key.to_lowercase();
        if checked.keys().any(same) {
            let message = "Duplicate tag keys found. Please note that Tag keys are case \
                           insensitive.";
            return Err(invalid(message));
        }
        checked.insert(key, value);
    }
    Ok(checked)
}

fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}

/// The keys of the request that the sessions which this one makes have too.
pub(super) fn transitive(
    keys: Option<Vec<String>>,
    tags: &BTreeMap<String, String>,
) -> Result<Vec<String>, Error> {
    let keys = keys.unwrap_or_default();
    if keys.iter().all(|key| tags.contains_key(key)) {
        return Ok(keys);
    }
    Err(invalid(
        "The specified transitive tag key must be included in the requested tags.",
    ))
}

/// The tags of a session: those of the request, and those that the caller's session hands on.
///
/// # Errors
/// `InvalidParameterValue` when the request would change one that is handed on.
pub(super) fn merged(
    asked: &BTreeMap<String, String>,
    transitive: &[String],
    calling: Option<&Session>,
) -> Result<BTreeMap<String, SessionTag>, Error> {
    let handed_on = calling.into_iter().flat_map(|session| &session.tags);
    let mut merged: BTreeMap<String, SessionTag> = handed_on
        .filter(|(_, tag)| tag.transitive)
        .map(|(key, tag)| (key.clone(), tag.clone()))
        .collect();
    for (key, value) in asked {
        let same = |known: &String| known.to_lowercase() == key.to_lowercase();
        if merged.keys().any(same) {
            return Err(invalid(
                "One of the specified transitive tag keys can't be set because it conflicts with \
                 a transitive tag key from the calling session.",
            ));
        }
        let tag = SessionTag {
            value: value.clone(),
            transitive: transitive.contains(key),
        };
        merged.insert(key.clone(), tag);
    }
    Ok(merged)
}

/// How much of the room for policies and tags a session takes, in percent; `None` for none.
pub(super) fn packed_percent(session: &Session) -> Option<u32> {
    let size = session.packed_size();
    let percent = size.saturating_mul(100).div_ceil(MAX_PACKED);
    u32::try_from(percent).ok().filter(|percent| *percent > 0)
}

pub(super) fn constraint(member: &str, wanted: &str) -> Error {
    Error::Validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {wanted}"
    ))
}

fn invalid(message: &str) -> Error {
    Error::Query(QueryCode::InvalidParameterValue, message.to_owned())
}
