//! `AssumeRoleWithWebIdentity`: temporary credentials for whoever an identity provider speaks for.
//!
//! Nobody signs such a request: its token is what proves who sends it. [`Engine::web_identity`]
//! checks the token, which may mean to ask the provider for its keys, and says who calls; then the
//! request is walked as all are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::assume_role::{AssumedRole, OF_ROLE, assume, find, too_long};
use super::from_form;
use super::limits::{self, Policies, PolicyArns, SessionTags};
use super::members::{SESSION_NAME, named};
use super::session_token::begin;
use super::trust::{Assumer, Terms, require, role_of};
use crate::Error;
use crate::api::query::{Form, InvalidForm, Member, QueryCode, QueryService, ToXml, Xml};
use crate::caller::{Caller, Credential, Principal, ProvenIdentity, WebIdentity};
use crate::identity::OidcProvider;
use crate::ids::SessionName;
use crate::oidc::{Claims, Expected, Issuer, Refused, WebIdentityToken};
use crate::secret::SecretText;
use crate::service::context::CallContext;
use crate::service::engine::Engine;
use crate::service::operation::{Authorization, Event, Loaded, Operation, Performed, Step};
use crate::service::parameters::Parameters;

/// A token of an identity provider, which is as good as a password until it expires.
pub struct PresentedToken(SecretText);

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(…)")
    }
}

impl Member for PresentedToken {
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        String::take(form, name).map(|text| Self(SecretText::new(text)))
    }
}

/// A session of a role for whoever a token is about.
#[derive(Debug)]
pub struct AssumeRoleWithWebIdentityRequest {
    /// The role.
    pub role_arn: String,
    /// What the session shall be called.
    pub role_session_name: String,
    /// What the provider signed.
    pub web_identity_token: PresentedToken,
    /// 900 to 43,200, and no more than the role allows; 3,600 where it is not said.
    pub duration_seconds: Option<u32>,
    /// Limits the session.
    pub policy: Option<String>,
    /// Managed policies that limit the session.
    pub policy_arns: PolicyArns,
}

/// The same request, once its token was checked.
#[derive(Debug)]
pub struct ProvenRequest {
    role_arn: String,
    session: SessionName,
    seconds: Option<u32>,
    policy: Option<String>,
    policy_arns: PolicyArns,
    proven: ProvenIdentity,
    claims: Claims,
}

/// The request, checked.
#[derive(Debug)]
pub struct Asked {
    role_arn: String,
    session: SessionName,
    seconds: u32,
    policies: Policies,
    proven: ProvenIdentity,
    claims: BTreeMap<String, Vec<String>>,
    tags: BTreeMap<String, String>,
    transitive: Vec<String>,
    source_identity: Option<SessionName>,
}

/// Credentials of a session of a role, and for whom.
#[derive(Debug)]
pub struct WebIdentitySession {
    role: AssumedRole,
    proven: ProvenIdentity,
}

fn denied() -> Error {
    Error::AccessDenied("Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::Query(QueryCode::InvalidIdentityToken, message.into())
}

fn refused(refused: Refused) -> Error {
    match refused {
        Refused::Expired => Error::Query(
            QueryCode::ExpiredTokenException,
            "Token expired: current date/time must be before the expiration date/time".to_owned(),
        ),
        Refused::Audience => invalid("Incorrect token audience"),
        Refused::Claim(_) => Error::Query(QueryCode::IDPRejectedClaim, refused.to_string()),
        other => invalid(format!("The web identity token cannot be taken: {other}.")),
    }
}

impl Engine {
    /// Checks the token of a request, and says who calls: the session that is asked for, which may
    /// do nothing but be asked for.
    ///
    /// # Errors
    /// `InvalidIdentityToken` and its kin in AWS's words; [`Error::AccessDenied`] where there is no
    /// such role.
    pub async fn web_identity(
        &self,
        request: AssumeRoleWithWebIdentityRequest,
    ) -> Result<(Caller, ProvenRequest), Error> {
        let session: SessionName =
            named(&request.role_session_name, "roleSessionName", SESSION_NAME)?;
        let (account, role) = role_of(&request.role_arn).ok_or_else(denied)?;
        let token = request.web_identity_token.0.expose();
        let token = WebIdentityToken::parse(token).map_err(refused)?;
        let issuer = token.claimed_issuer().unwrap_or_default();
        let provider = {
            let state = self.state()?;
            state
                .federation
                .oidc_providers
                .of_issuer(&account, issuer)
                .cloned()
        };
        let provider = provider.ok_or_else(|| {
            invalid("No OpenIDConnect provider found in your account for the issuer of the token")
        })?;
        let claims = self.verified(&token, &provider).await?;
        let entry = self.state()?.role(&account, &role).cloned();
        let entry = entry.filter(|entry| entry.role.arn() == request.role_arn);
        let entry = entry.ok_or_else(denied)?;
        let proven = ProvenIdentity {
            provider_arn: provider.arn(),
            provider: provider.name().to_owned(),
            audience: claims.audience().join(","),
            subject: claims.subject().to_owned(),
        };
        let principal = Principal::AssumedRole {
            account,
            path: entry.role.path.clone(),
            role,
            id: entry.role.id.clone(),
            session: session.clone(),
        };
        let credential = Credential::WebIdentity(Box::new(proven.clone()));
        let request = ProvenRequest {
            role_arn: request.role_arn,
            session,
            seconds: request.duration_seconds,
            policy: request.policy,
            policy_arns: request.policy_arns,
            proven,
            claims,
        };
        Ok((Caller::assume_authenticated(principal, credential), request))
    }

    async fn verified(
        &self,
        token: &WebIdentityToken<'_>,
        provider: &Arc<OidcProvider>,
    ) -> Result<Claims, Error> {
        let unreachable = || {
            let message = "Couldn't retrieve verification key from your identity provider, please \
                           reference AssumeRoleWithWebIdentity documentation for requirements";
            Error::Query(QueryCode::IDPCommunicationError, message.to_owned())
        };
        let issuer: Issuer = provider.issuer.parse().map_err(Error::internal)?;
        let source = self.provider_keys().filter(|keys| keys.admits(&issuer));
        let keys = source
            .ok_or_else(unreachable)?
            .keys(&issuer, token.key_name())
            .await
            .map_err(|_| unreachable())?;
        let expected = Expected {
            issuer: &provider.issuer,
            audiences: &provider.client_ids,
            now: self.clock.now(),
        };
        token.verify(&keys, &expected).map_err(refused)
    }
}

impl Operation for ProvenRequest {
    type Parsed = Asked;
    type Response = WebIdentitySession;
    const EVENT: Event = Event::query(QueryService::Sts, "AssumeRoleWithWebIdentity", true);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("roleArn", &self.role_arn);
        parameters.value("roleSessionName", &self.session);
        parameters.optional("durationSeconds", self.seconds.as_ref());
        parameters.optional("policy", self.policy.as_ref());
        self.policy_arns.record(parameters);
    }

    fn parse(self) -> Result<Asked, Error> {
        let tags = self.claims.tags();
        let listed = tags.tags.clone().into_iter().collect();
        let checked = limits::tags(SessionTags(listed))?;
        let source = self.claims.source_identity();
        Ok(Asked {
            role_arn: self.role_arn,
            session: self.session,
            seconds: OF_ROLE.checked(self.seconds)?,
            policies: Policies::checked(self.policy, self.policy_arns)?,
            transitive: limits::transitive(Some(tags.transitive.clone()), &checked)?,
            tags: checked,
            source_identity: source
                .map(|text| named(text, "sourceIdentity", SESSION_NAME))
                .transpose()?,
            claims: self.claims.for_conditions(),
            proven: self.proven,
        })
    }

    /// None here: the role's trust policy decides.
    fn authorizations<'a>(
        _asked: &'a Asked,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(Vec::new())
    }

    fn perform(asked: Asked, step: &Step<'_>) -> Result<Performed<WebIdentitySession>, Error> {
        let role = role_of(&asked.role_arn);
        let entry = find(role.as_ref(), &asked.role_arn, step).ok_or_else(denied)?;
        // The provider may have been deleted while its keys were asked for.
        let account = &entry.role.account;
        let providers = &step.state.federation.oidc_providers;
        let arn = &asked.proven.provider_arn;
        providers.of_arn(account, arn).ok_or_else(denied)?;
        let terms = Terms {
            session_name: asked.session.as_str(),
            external_id: None,
            source_identity: asked.source_identity.as_ref().map(SessionName::as_str),
            tags: &asked.tags,
            transitive: &asked.transitive,
            is_tagged: !asked.tags.is_empty(),
            mfa: false,
            claims: Some((&asked.proven.provider, &asked.claims)),
        };
        require(Assumer::WebIdentity(arn), entry, terms, step)?;
        if asked.seconds > entry.role.max_session_duration {
            return Err(too_long());
        }
        let mut session = begin(step, asked.seconds);
        session.tags = limits::merged(&asked.tags, &asked.transitive, None)?;
        session.source_identity = asked.source_identity;
        session.web_identity = Some(WebIdentity {
            provider: asked.proven.provider.clone(),
            claims: asked.claims,
        });
        asked.policies.give(&mut session, account, step)?;
        let role = assume(entry, asked.session, session, step)?;
        let mut elements = role.elements();
        elements.value("subjectFromWebIdentityToken", &asked.proven.subject);
        elements.value("provider", &asked.proven.provider_arn);
        elements.value("audience", &asked.proven.audience);
        let proven = asked.proven;
        Ok(Performed::read(WebIdentitySession { role, proven }).with_elements(elements))
    }
}

from_form!(AssumeRoleWithWebIdentityRequest {
    role_arn = "roleArn",
    role_session_name = "roleSessionName",
    web_identity_token = "webIdentityToken",
    duration_seconds = "durationSeconds",
    policy = "policy",
    policy_arns = "policyArns",
});

impl ToXml for WebIdentitySession {
    fn write(&self, xml: &mut Xml) {
        self.role.write(xml);
        xml.text("SubjectFromWebIdentityToken", &self.proven.subject);
        xml.text("Audience", &self.proven.audience);
        xml.text("Provider", &self.proven.provider_arn);
    }
}
