//! `AssumeRole`: temporary credentials of a session of a role.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::from_form;
use super::limits::{self, Policies, PolicyArns, SessionTags};
use super::members::{Durations, SESSION_NAME, named};
use super::session_token::begin;
use super::tokens::{TemporaryCredentials, give_out};
use super::trust::{Assumer, Terms, no_such_role, require, role_of};
use crate::Error;
use crate::api::query::{QueryService, ToXml, Xml};
use crate::caller::{Principal, Session, SessionToken};
use crate::ids::{AccountId, RoleName, SessionName};
use crate::service::context::CallContext;
use crate::service::identity_state::RoleEntry;
use crate::service::mfa::{self, Shown};
use crate::service::operation::{Authorization, Event, Loaded, Operation, Performed, Step};
use crate::service::parameters::Parameters;

pub(super) const OF_ROLE: Durations = Durations {
    default: 3600,
    most: 43_200,
};

/// An hour: how long a session lasts at most that a session of a role makes.
const CHAINED: u32 = 3600;

/// A session of a role for the caller.
#[derive(Clone, Debug)]
pub struct AssumeRoleRequest {
    /// The role.
    pub role_arn: String,
    /// What the session shall be called.
    pub role_session_name: String,
    /// 900 to 43,200, and no more than the role allows; 3,600 where it is not said.
    pub duration_seconds: Option<u32>,
    /// Limits the session.
    pub policy: Option<String>,
    /// Managed policies that limit the session.
    pub policy_arns: PolicyArns,
    /// Tags of the session.
    pub tags: SessionTags,
    /// Which of them the sessions that this one makes have too.
    pub transitive_tag_keys: Option<Vec<String>>,
    /// What the role's owner agreed on with whoever calls.
    pub external_id: Option<String>,
    /// Who is behind the session.
    pub source_identity: Option<String>,
    /// The MFA device of the caller.
    pub serial_number: Option<String>,
    /// The code that the device shows.
    pub token_code: Option<String>,
}

/// The request, checked.
#[derive(Debug)]
pub struct Asked {
    role: Option<(AccountId, RoleName)>,
    role_arn: String,
    session: SessionName,
    seconds: u32,
    policies: Policies,
    tags: BTreeMap<String, String>,
    transitive: Vec<String>,
    external_id: Option<String>,
    source_identity: Option<SessionName>,
    shown: Option<Shown>,
}

/// Credentials of a session of a role.
#[derive(Debug)]
pub struct AssumedRole {
    pub(super) credentials: TemporaryCredentials,
    pub(super) arn: String,
    pub(super) id: String,
    pub(super) packed: Option<u32>,
    pub(super) source_identity: Option<SessionName>,
}

impl Operation for AssumeRoleRequest {
    type Parsed = Asked;
    type Response = AssumedRole;
    const EVENT: Event = Event::query(QueryService::Sts, "AssumeRole", true);

    /// A code is taken once.
    fn changes(&self) -> bool {
        self.token_code.is_some()
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("roleArn", &self.role_arn);
        parameters.value("roleSessionName", &self.role_session_name);
        parameters.optional("durationSeconds", self.duration_seconds.as_ref());
        parameters.optional("policy", self.policy.as_ref());
        parameters.optional("externalId", self.external_id.as_ref());
        parameters.optional("sourceIdentity", self.source_identity.as_ref());
        parameters.optional("serialNumber", self.serial_number.as_ref());
        parameters.optional("transitiveTagKeys", self.transitive_tag_keys.as_ref());
        self.policy_arns.record(parameters);
        self.tags.record(parameters);
    }

    fn parse(self) -> Result<Asked, Error> {
        let tags = limits::tags(self.tags)?;
        Ok(Asked {
            role: role_of(&self.role_arn),
            session: named(&self.role_session_name, "roleSessionName", SESSION_NAME)?,
            seconds: OF_ROLE.checked(self.duration_seconds)?,
            policies: Policies::checked(self.policy, self.policy_arns)?,
            transitive: limits::transitive(self.transitive_tag_keys, &tags)?,
            tags,
            external_id: self.external_id.map(external_id).transpose()?,
            source_identity: self
                .source_identity
                .map(|text| named(&text, "sourceIdentity", SESSION_NAME))
                .transpose()?,
            shown: Shown::parse(self.serial_number, self.token_code)?,
            role_arn: self.role_arn,
        })
    }

    /// None here: the role's trust policy decides, with the caller's own, once the code of an MFA
    /// device was looked at.
    fn authorizations<'a>(
        _asked: &'a Asked,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(Vec::new())
    }

    fn perform(asked: Asked, step: &Step<'_>) -> Result<Performed<AssumedRole>, Error> {
        let entry = find(asked.role.as_ref(), &asked.role_arn, step);
        let entry = entry.ok_or_else(|| no_such_role(step, &asked.role_arn))?;
        if matches!(step.call.caller.principal(), Principal::Root { .. }) {
            let message = "Roles may not be assumed by root accounts.";
            return Err(Error::AccessDenied(message.to_owned()));
        }
        let shown = asked.shown.as_ref();
        let edit = shown.map(|shown| mfa::verify(step, shown)).transpose()?;
        let calling = step.call.caller.session();
        let tags = limits::merged(&asked.tags, &asked.transitive, calling)?;
        let source = source_identity(asked.source_identity, calling)?;
        let terms = Terms {
            session_name: asked.session.as_str(),
            external_id: asked.external_id.as_deref(),
            source_identity: source.as_ref().map(SessionName::as_str),
            tags: &asked.tags,
            transitive: &asked.transitive,
            is_tagged: !tags.is_empty(),
            mfa: edit.is_some(),
            claims: None,
        };
        require(Assumer::Caller, entry, terms, step)?;
        let mut session = begin(step, seconds(asked.seconds, entry, step)?);
        session.tags = tags;
        session.source_identity = source;
        asked
            .policies
            .give(&mut session, &entry.role.account, step)?;
        let response = assume(entry, asked.session, session, step)?;
        let elements = response.elements();
        let edits = edit.into_iter().collect();
        Ok(Performed::changed(response, edits).with_elements(elements))
    }
}

fn external_id(text: String) -> Result<String, Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b);
    if (2..=1224).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text);
    }
    Err(limits::constraint(
        "externalId",
        "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*, with 2 to 1224 characters",
    ))
}

/// The role of that ARN, its path included.
pub(super) fn find<'a>(
    role: Option<&(AccountId, RoleName)>,
    arn: &str,
    step: &'a Step<'_>,
) -> Option<&'a Arc<RoleEntry>> {
    let (account, name) = role?;
    let entry = step.state.role(account, name)?;
    let open = !step.state.organizations.is_suspended(account);
    (open && entry.role.arn() == arn).then_some(entry)
}

/// How long the session lasts: no longer than the role allows, and an hour for the session of a
/// session.
fn seconds(asked: u32, entry: &RoleEntry, step: &Step<'_>) -> Result<u32, Error> {
    let chained = matches!(step.call.caller.principal(), Principal::AssumedRole { .. });
    if asked > entry.role.max_session_duration {
        return Err(too_long());
    }
    if chained && asked > CHAINED {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles \
                       assumed by role chaining.";
        return Err(Error::Validation(message.to_owned()));
    }
    Ok(asked)
}

pub(super) fn too_long() -> Error {
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    Error::Validation(message.to_owned())
}

/// Who is behind the session: once said, it stays.
fn source_identity(
    asked: Option<SessionName>,
    calling: Option<&Session>,
) -> Result<Option<SessionName>, Error> {
    let known = calling.and_then(|session| session.source_identity.clone());
    match (known, asked) {
        (Some(known), Some(asked)) if known != asked => {
            let message = "The source identity of the calling session cannot be changed.";
            Err(Error::AccessDenied(message.to_owned()))
        }
        (Some(known), _) => Ok(Some(known)),
        (None, asked) => Ok(asked),
    }
}

/// Makes the credentials.
pub(super) fn assume(
    entry: &RoleEntry,
    name: SessionName,
    session: Session,
    step: &Step<'_>,
) -> Result<AssumedRole, Error> {
    let role = &entry.role;
    let principal = Principal::AssumedRole {
        account: role.account.clone(),
        path: role.path.clone(),
        role: role.name.clone(),
        id: role.id.clone(),
        session: name,
    };
    let token = SessionToken { principal, session };
    let credentials = give_out(&token, step.engine.barrier(), step.engine.system_random())?;
    Ok(AssumedRole {
        credentials,
        arn: token.principal.arn(),
        id: super::caller_identity::user_id(&token.principal),
        packed: limits::packed_percent(&token.session),
        source_identity: token.session.source_identity,
    })
}

from_form!(AssumeRoleRequest {
    role_arn = "roleArn",
    role_session_name = "roleSessionName",
    duration_seconds = "durationSeconds",
    policy = "policy",
    policy_arns = "policyArns",
    tags = "tags",
    transitive_tag_keys = "transitiveTagKeys",
    external_id = "externalId",
    source_identity = "sourceIdentity",
    serial_number = "serialNumber",
    token_code = "tokenCode",
});

impl AssumedRole {
    /// The credentials.
    #[must_use]
    pub fn credentials(&self) -> &TemporaryCredentials {
        &self.credentials
    }

    pub(super) fn elements(&self) -> Parameters {
        let mut user = Parameters::default();
        user.value("assumedRoleId", &self.id);
        user.value("arn", &self.arn);
        let mut elements = self.credentials.elements();
        elements.object("assumedRoleUser", user);
        elements.optional("packedPolicySize", self.packed.as_ref());
        elements.optional("sourceIdentity", self.source_identity.as_ref());
        elements
    }
}

impl ToXml for AssumedRole {
    fn write(&self, xml: &mut Xml) {
        xml.element("AssumedRoleUser", |xml| {
            xml.text("AssumedRoleId", &self.id);
            xml.text("Arn", &self.arn);
        });
        self.credentials.write_credentials(xml);
        if let Some(packed) = self.packed {
            xml.number("PackedPolicySize", packed);
        }
        let source = self.source_identity.as_ref();
        xml.optional("SourceIdentity", source.map(SessionName::as_str));
    }
}
