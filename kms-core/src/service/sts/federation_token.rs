//! `GetFederationToken`: temporary credentials for somebody whom a user vouches for.

use std::collections::BTreeMap;

use super::from_form;
use super::limits::{self, Policies, PolicyArns, SessionTags};
use super::members::{Durations, named};
use super::session_token::begin;
use super::tokens::{TemporaryCredentials, give_out};
use crate::Error;
use crate::api::query::{QueryService, ToXml, Xml};
use crate::caller::{Principal, SessionToken};
use crate::ids::{SessionName, federated_user_arn};
use crate::service::context::CallContext;
use crate::service::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::values::Specific;

const DURATIONS: Durations = Durations {
    default: 43_200,
    most: 129_600,
};
const LONGEST_NAME: usize = 32;

/// A session of a federated user.
#[derive(Clone, Debug)]
pub struct GetFederationTokenRequest {
    /// What the federated user shall be called: 2 to 32 characters.
    pub name: String,
    /// 900 to 129,600; 43,200 where it is not said.
    pub duration_seconds: Option<u32>,
    /// Limits the session, which without any policy may do what resources allow it alone.
    pub policy: Option<String>,
    /// Managed policies to the same end.
    pub policy_arns: PolicyArns,
    /// Tags of the session.
    pub tags: SessionTags,
}

/// The request, checked.
#[derive(Debug)]
pub struct Asked {
    name: SessionName,
    seconds: u32,
    policies: Policies,
    tags: BTreeMap<String, String>,
}

/// Credentials of a federated user.
#[derive(Debug)]
pub struct FederationToken {
    credentials: TemporaryCredentials,
    arn: String,
    id: String,
    packed: Option<u32>,
}

impl FederationToken {
    /// The credentials.
    #[must_use]
    pub fn credentials(&self) -> &TemporaryCredentials {
        &self.credentials
    }
}

impl Operation for GetFederationTokenRequest {
    type Parsed = Asked;
    type Response = FederationToken;
    const EVENT: Event = Event::query(QueryService::Sts, "GetFederationToken", true);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("name", &self.name);
        parameters.optional("durationSeconds", self.duration_seconds.as_ref());
        parameters.optional("policy", self.policy.as_ref());
        self.policy_arns.record(parameters);
        self.tags.record(parameters);
    }

    fn parse(self) -> Result<Asked, Error> {
        let wanted = "Member must satisfy regular expression pattern: [\\w+=,.@-]*, with 2 to 32 \
                      characters";
        if self.name.len() > LONGEST_NAME {
            return Err(limits::constraint("name", wanted));
        }
        Ok(Asked {
            name: named(&self.name, "name", wanted)?,
            seconds: DURATIONS.checked(self.duration_seconds)?,
            policies: Policies::checked(self.policy, self.policy_arns)?,
            tags: limits::tags(self.tags)?,
        })
    }

    fn authorizations<'a>(
        asked: &'a Asked,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let ask = |action| {
            let arn = federated_user_arn(call.account(), &asked.name);
            let specific = Specific {
                request_tags: Some(&asked.tags).filter(|tags| !tags.is_empty()),
                ..Specific::default()
            };
            Authorization::new(action, On::Named(arn)).with(specific)
        };
        let tag = (!asked.tags.is_empty()).then(|| ask("sts:TagSession"));
        let token = ask("sts:GetFederationToken");
        Ok(std::iter::once(token).chain(tag).collect())
    }

    fn perform(asked: Asked, step: &Step<'_>) -> Result<Performed<FederationToken>, Error> {
        let Principal::User {
            account,
            path,
            name,
            id,
        } = step.call.caller.principal()
        else {
            let message = "Only an IAM user can call GetFederationToken here.";
            return Err(Error::AccessDenied(message.to_owned()));
        };
        let principal = Principal::FederatedUser {
            account: account.clone(),
            issuer: id.clone(),
            issuer_path: path.clone(),
            issuer_name: name.clone(),
            name: asked.name,
        };
        let mut session = begin(step, asked.seconds);
        session.tags = limits::merged(&asked.tags, &[], None)?;
        asked.policies.give(&mut session, account, step)?;
        let token = SessionToken { principal, session };
        let credentials = give_out(&token, step.engine.barrier(), step.engine.system_random())?;
        let response = FederationToken {
            credentials,
            arn: token.principal.arn(),
            id: super::caller_identity::user_id(&token.principal),
            packed: limits::packed_percent(&token.session),
        };
        let mut elements = response.credentials.elements();
        let mut user = Parameters::default();
        user.value("federatedUserId", &response.id);
        user.value("arn", &response.arn);
        elements.object("federatedUser", user);
        Ok(Performed::read(response).with_elements(elements))
    }
}

from_form!(GetFederationTokenRequest {
    name = "name",
    duration_seconds = "durationSeconds",
    policy = "policy",
    policy_arns = "policyArns",
    tags = "tags",
});

impl ToXml for FederationToken {
    fn write(&self, xml: &mut Xml) {
        self.credentials.write_credentials(xml);
        xml.element("FederatedUser", |xml| {
            xml.text("FederatedUserId", &self.id);
            xml.text("Arn", &self.arn);
        });
        if let Some(packed) = self.packed {
            xml.number("PackedPolicySize", packed);
        }
    }
}
