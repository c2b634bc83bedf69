//! The constraints on members of requests, as AWS's model has them.

use std::collections::BTreeSet;

use super::tags::{OrganizationTags, is_of_tag};
use crate::Error;
use crate::api::{InputReason, OrganizationsCode};
use crate::identity::PolicyType;
use crate::ids::{
    AccountId, AccountRequestId, OrganizationPolicyId, OrganizationalUnitId, ParentId, RoleName,
    RootId, TargetId,
};

/// Why a value is not one that can be taken, if it is not.
pub(in crate::service) type Rule<T> = fn(&T) -> Result<(), InputReason>;

/// Whether a member has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    Required,
    Optional,
    /// As [`Needed::Required`], and kept out of the ledger, as AWS keeps it out of CloudTrail.
    Private,
}

/// Checks a member.
///
/// # Errors
/// `InvalidInputException` in AWS's words.
pub(super) fn check<T>(member: Option<&T>, needed: Needed, rule: Rule<T>) -> Result<(), Error> {
    match (member, needed) {
        (Some(value), _) => rule(value).map_err(invalid),
        (None, Needed::Optional) => Ok(()),
        (None, Needed::Required | Needed::Private) => Err(invalid(InputReason::InputRequired)),
    }
}

pub(super) fn invalid(reason: InputReason) -> Error {
    refused(OrganizationsCode::InvalidInputException(reason))
}

/// A refusal in AWS's words for its code.
pub(super) fn refused(code: OrganizationsCode) -> Error {
    Error::Organizations(code, code.message().to_owned())
}

/// A member that the rules have seen to be there and to have its form.
pub(super) fn given<T>(member: Option<T>) -> Result<T, Error> {
    member.ok_or_else(|| invalid(InputReason::InputRequired))
}

/// The name that a member is, which the rules have seen to have its form.
pub(super) fn parsed<T: std::str::FromStr>(member: Option<&String>) -> Result<T, Error> {
    let text = member.ok_or_else(|| invalid(InputReason::InputRequired))?;
    text.parse()
        .map_err(|_| invalid(InputReason::InvalidPattern))
}

fn form<T: std::str::FromStr>(text: &str) -> Result<(), InputReason> {
    text.parse::<T>()
        .map(drop)
        .map_err(|_| InputReason::InvalidPattern)
}

fn length(text: &str, min: usize, max: usize) -> Result<(), InputReason> {
    match text.chars().count() {
        count if count < min => Err(InputReason::MinLengthExceeded),
        count if count > max => Err(InputReason::MaxLengthExceeded),
        _ => Ok(()),
    }
}

fn one_of(text: &str, known: &[&str]) -> Result<(), InputReason> {
    known
        .contains(&text)
        .then_some(())
        .ok_or(InputReason::InvalidEnum)
}

pub(super) const PARENT_ID: Rule<String> = |text| form::<ParentId>(text);
pub(super) const ROOT_ID: Rule<String> = |text| form::<RootId>(text);
pub(super) const UNIT_ID: Rule<String> = |text| form::<OrganizationalUnitId>(text);
pub(super) const ACCOUNT_ID: Rule<String> = |text| form::<AccountId>(text);
pub(super) const POLICY_ID: Rule<String> = |text| form::<OrganizationPolicyId>(text);
pub(super) const REQUEST_ID: Rule<String> = |text| form::<AccountRequestId>(text);
pub(super) const TARGET_ID: Rule<String> =
    |text| form::<TargetId>(text).map_err(|_| InputReason::InvalidPatternTargetId);

/// A unit or an account.
pub(super) const CHILD_ID: Rule<String> = |text| match text.parse() {
    Ok(TargetId::Unit(_) | TargetId::Account(_)) => Ok(()),
    Ok(TargetId::Root(_)) | Err(_) => Err(InputReason::InvalidPattern),
};

/// Anything that can have tags.
pub(super) const RESOURCE_ID: Rule<String> =
    |text| form::<TargetId>(text).or_else(|_| form::<OrganizationPolicyId>(text));

pub(in crate::service) const UNIT_NAME: Rule<String> = |text| length(text, 1, 128);
pub(in crate::service) const POLICY_NAME: Rule<String> = |text| length(text, 1, 128);
pub(in crate::service) const DESCRIPTION: Rule<String> = |text| length(text, 0, 512);

/// What is longer than a policy may be is told so when it is read as one; this is what one request
/// may hold of it.
pub(super) const CONTENT: Rule<String> = |text| length(text, 1, 131_072);

pub(in crate::service) const ACCOUNT_NAME: Rule<String> = |text| {
    length(text, 1, 50)?;
    let plain = text.bytes().all(|b| matches!(b, b' '..=b'~'));
    plain.then_some(()).ok_or(InputReason::InvalidPattern)
};

/// `[^\s@]+@[^\s@]+\.[^\s@]+`, 6 to 64 characters.
pub(in crate::service) const EMAIL: Rule<String> = |text| {
    length(text, 6, 64)?;
    let plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    let at = text.split_once('@').filter(|(_, host)| !host.contains('@'));
    let dot = at.and_then(|(user, host)| Some((user, host.rsplit_once('.')?)));
    let good = dot.is_some_and(|(user, (host, top))| plain(user) && plain(host) && plain(top));
    good.then_some(()).ok_or(InputReason::InvalidPattern)
};

pub(super) const ROLE_NAME: Rule<String> = |text| {
    let reserved = text.starts_with("AWSServiceRoleFor");
    match text.parse::<RoleName>() {
        Ok(_) if !reserved => Ok(()),
        _ => Err(InputReason::InvalidRoleName),
    }
};

/// `[\w+=,.@-]*`, 1 to 128 characters.
pub(super) const SERVICE_PRINCIPAL: Rule<String> = |text| {
    length(text, 1, 128)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let plain = text.chars().all(allowed);
    plain.then_some(()).ok_or(InputReason::InvalidPattern)
};

pub(super) const BILLING: Rule<String> = |text| one_of(text, &["ALLOW", "DENY"]);
pub(super) const FEATURE_SET: Rule<String> = |text| one_of(text, &["ALL", "CONSOLIDATED_BILLING"]);
pub(super) const CHILD_TYPE: Rule<String> =
    |text| one_of(text, &["ACCOUNT", "ORGANIZATIONAL_UNIT"]);

/// The types of policies that AWS has besides those that are here.
const OTHER_POLICY_TYPES: [&str; 13] = [
    "TAG_POLICY",
    "BACKUP_POLICY",
    "AISERVICES_OPT_OUT_POLICY",
    "CHATBOT_POLICY",
    "DECLARATIVE_POLICY_EC2",
    "SECURITYHUB_POLICY",
    "SECURITYHUB_CSPM_POLICY",
    "INSPECTOR_POLICY",
    "UPGRADE_ROLLOUT_POLICY",
    "BEDROCK_POLICY",
    "S3_POLICY",
    "NETWORK_SECURITY_DIRECTOR_POLICY",
    "GUARDDUTY_POLICY",
];

pub(super) const POLICY_TYPE: Rule<String> = |text| {
    let known = PolicyType::named(text).is_some() || OTHER_POLICY_TYPES.contains(&text.as_str());
    known
        .then_some(())
        .ok_or(InputReason::InvalidEnumPolicyType)
};

/// Those types that something is made of where an account inherits several.
pub(super) const EFFECTIVE_POLICY_TYPE: Rule<String> = |text| {
    OTHER_POLICY_TYPES
        .contains(&text.as_str())
        .then_some(())
        .ok_or(InputReason::InvalidEnumPolicyType)
};

pub(super) const STATES: Rule<Vec<String>> = |states| {
    let known = ["IN_PROGRESS", "SUCCEEDED", "FAILED"];
    let good = states.iter().all(|state| known.contains(&state.as_str()));
    good.then_some(()).ok_or(InputReason::InvalidListMember)
};

pub(super) const MAX_RESULTS: Rule<i64> = |count| match count {
    ..1 => Err(InputReason::MinValueExceeded),
    1..=20 => Ok(()),
    _ => Err(InputReason::MaxValueExceeded),
};

/// As long as the tokens that are given out can be, and far longer.
pub(super) const NEXT_TOKEN: Rule<String> = |text| length(text, 0, 100_000);

fn tag_key(key: &str) -> Result<(), InputReason> {
    length(key, 1, 128)?;
    if !key.chars().all(is_of_tag) {
        return Err(InputReason::InvalidPattern);
    }
    let system = key
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
    match system {
        true => Err(InputReason::InvalidSystemTags),
        false => Ok(()),
    }
}

pub(super) const TAGS: Rule<OrganizationTags> = |tags| {
    let mut keys = BTreeSet::new();
    for tag in tags.iter() {
        let (Some(key), Some(value)) = (&tag.key, &tag.value) else {
            return Err(InputReason::InputRequired);
        };
        tag_key(key)?;
        length(value, 0, 256)?;
        if !value.chars().all(is_of_tag) {
            return Err(InputReason::InvalidPattern);
        }
        if !keys.insert(key) {
            return Err(InputReason::DuplicateTagKey);
        }
    }
    Ok(())
};

pub(super) const TAG_KEYS: Rule<Vec<String>> = |keys| keys.iter().try_for_each(|key| tag_key(key));
