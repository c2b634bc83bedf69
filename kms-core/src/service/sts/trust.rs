//! Whether somebody may assume a role, and have the session as it is asked for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::session_policies::session_policies;
use crate::Error;
use crate::ids::RoleName;
use crate::policy::{
    AssumedBy, ConditionKey, ConditionValues, Decision, TrustQuestion, Value, decide_trust,
};
use crate::service::identity_state::RoleEntry;
use crate::service::operation::{On, Step};
use crate::service::own_policies;
use crate::service::values::session::claim_of;
use crate::service::values::{RequestValues, Specific};

/// What the trust policy of a role can ask of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) session_name: &'a str,
    pub(super) external_id: Option<&'a str>,
    pub(super) source_identity: Option<&'a str>,
    /// The tags of the request.
    pub(super) tags: &'a BTreeMap<String, String>,
    pub(super) transitive: &'a [String],
    /// Whether the session gets tags, its caller's among them.
    pub(super) is_tagged: bool,
    /// Whether a code of an MFA device was shown with the request.
    pub(super) mfa: bool,
    /// What an identity provider says: the provider's name and its claims.
    pub(super) claims: Option<(&'a str, &'a BTreeMap<String, Vec<String>>)>,
}

struct TrustValues<'a> {
    base: RequestValues<'a>,
    terms: Terms<'a>,
}

fn one(text: &str) -> Option<Value<'_>> {
    Some(Value::One(Cow::Borrowed(text)))
}

fn many(texts: &[String]) -> Option<Value<'_>> {
    let texts = texts.iter().map(|text| Cow::Borrowed(text.as_str()));
    let texts: Vec<_> = texts.collect();
    (!texts.is_empty()).then_some(Value::Many(texts))
}

impl TrustValues<'_> {
    /// What only an authenticated caller has: an identity provider's word makes none.
    fn of_caller(&self, key: &ConditionKey) -> Option<Value<'_>> {
        const ANYBODY: &[&str] = &[
            "aws:currenttime",
            "aws:epochtime",
            "aws:securetransport",
            "aws:sourceip",
            "aws:useragent",
            "aws:requestedregion",
            "aws:requesttag",
            "aws:tagkeys",
            "aws:resourcetag",
            "aws:resourceaccount",
            "aws:resourceorgid",
            "aws:resourceorgpaths",
        ];
        let known = self.terms.claims.is_none() || ANYBODY.contains(&key.name());
        known.then(|| self.base.value(key)).flatten()
    }
}

impl ConditionValues for TrustValues<'_> {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let terms = &self.terms;
        match key.name() {
            "sts:rolesessionname" => one(terms.session_name),
            "sts:externalid" => one(terms.external_id?),
            "sts:sourceidentity" => one(terms.source_identity?),
            "sts:transitivetagkeys" => many(terms.transitive),
            "aws:multifactorauthpresent" if terms.mfa => one("true"),
            "aws:multifactorauthage" if terms.mfa => one("0"),
            // No claim passes for what the service itself says of a request.
            name if name.starts_with("aws:") => self.of_caller(key),
            _ => match terms.claims {
                Some((provider, claims)) => claim_of(provider, claims, key),
                None => None,
            }
            .or_else(|| self.of_caller(key)),
        }
    }
}

/// Who wants to assume the role.
#[derive(Clone, Copy, Debug)]
pub(super) enum Assumer<'a> {
    /// The caller.
    Caller,
    /// Somebody whose token a provider signed, by the provider's ARN.
    WebIdentity(&'a str),
}

/// Refuses whoever may not assume the role, tag the session or say who is behind it.
///
/// # Errors
/// [`Error::AccessDenied`] in AWS's words.
pub(super) fn require(
    assumer: Assumer<'_>,
    entry: &RoleEntry,
    terms: Terms<'_>,
    step: &Step<'_>,
) -> Result<(), Error> {
    let assume = match assumer {
        Assumer::Caller => "sts:AssumeRole",
        Assumer::WebIdentity(_) => "sts:AssumeRoleWithWebIdentity",
    };
    let tags = terms.is_tagged.then_some("sts:TagSession");
    let source = terms.source_identity.map(|_| "sts:SetSourceIdentity");
    let actions = [Some(assume), tags, source];
    actions
        .into_iter()
        .flatten()
        .try_for_each(|action| decide(assumer, action, entry, terms, step))
}

fn decide(
    assumer: Assumer<'_>,
    action: &'static str,
    entry: &RoleEntry,
    terms: Terms<'_>,
    step: &Step<'_>,
) -> Result<(), Error> {
    let arn = entry.role.arn();
    let caller = &step.call.caller;
    let organizations = &step.state.organizations;
    let on = On::Named(arn.clone());
    let specific = Specific {
        request_tags: Some(terms.tags).filter(|tags| !tags.is_empty()),
        entity_tags: Some(&entry.role.tags),
        ..Specific::default()
    };
    let values = TrustValues {
        base: RequestValues {
            call: step.call,
            now: step.now,
            on: &on,
            specific: &specific,
            usage: &step.engine.usage,
            principal_tags: own_policies::tags(caller.principal(), step.state),
            organizations,
        },
        terms,
    };
    let session = session_policies(caller, step.state)?;
    let own = own_policies::of(caller.principal(), step.state)?;
    let by = match assumer {
        Assumer::Caller => AssumedBy::Principal {
            principal: caller.principal(),
            identity_policies: &own.identity,
            boundary: own.boundary,
            session_policies: session.as_deref(),
        },
        Assumer::WebIdentity(provider) => AssumedBy::WebIdentity(provider),
    };
    let service_control = match assumer {
        Assumer::Caller => organizations.service_control(caller.principal().account())?,
        Assumer::WebIdentity(_) => &[],
    };
    let question = TrustQuestion {
        by,
        action,
        role_account: &entry.role.account,
        role_arn: &arn,
        trust_policy: &entry.trust,
        values: &values,
        service_control,
        resource_control: organizations.resource_control(&entry.role.account, action)?,
    };
    match decide_trust(&question) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(denial) => {
            let who = caller.principal().arn();
            Err(Error::AccessDenied(denial.message(&who, action, &arn)))
        }
    }
}

/// The refusal of a role that there is not, which tells no more than that of one in another
/// account.
pub(super) fn no_such_role(step: &Step<'_>, arn: &str) -> Error {
    let who = step.call.caller.principal().arn();
    Error::AccessDenied(format!(
        "User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    ))
}

/// The account and name that the ARN of a role has; its path is compared once the role is found.
pub(super) fn role_of(arn: &str) -> Option<(crate::ids::AccountId, RoleName)> {
    let (account, rest) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
    let name = rest.rsplit('/').next()?;
    Some((account.parse().ok()?, name.parse().ok()?))
}
