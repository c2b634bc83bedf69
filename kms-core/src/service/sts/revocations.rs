//! Sessions that are ended before they expire. AWS has no operation for it but a policy that denies
//! by `aws:TokenIssueTime`; these are offered in-process.

use std::collections::BTreeMap;

use crate::Error;
use crate::api::query::QueryCode;
use crate::caller::{Principal, Session};
use crate::identity::SessionRevocation;
use crate::ids::{AccessKeyId, AccountId, RoleName, UserName, account_root_arn};
use crate::service::change::Edit;
use crate::service::context::CallContext;
use crate::service::federation_edit::FederationEdit;
use crate::service::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::state::State;
use crate::time::Timestamp;

/// Revocations by whose sessions they end.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Revocations(BTreeMap<String, SessionRevocation>);

impl Revocations {
    pub(in crate::service) fn put(&mut self, revocation: SessionRevocation) {
        self.0.insert(revocation.of.clone(), revocation);
    }

    pub(in crate::service) fn remove(&mut self, of: &str) {
        self.0.remove(of);
    }

    /// Whether the session of `principal` with these credentials was ended.
    pub(in crate::service) fn end(
        &self,
        credentials: Option<&AccessKeyId>,
        principal: &Principal,
        session: &Session,
    ) -> bool {
        let ends = |of: &str| {
            let revocation = self.0.get(of);
            revocation.is_some_and(|revocation| session.issued <= revocation.until)
        };
        !self.0.is_empty()
            && (owner(principal).is_some_and(ends)
                || credentials.is_some_and(|id| ends(id.as_str())))
    }
}

/// What tells whose a session is, so that no namesake is meant.
fn owner(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::Root { account } => Some(account.as_str()),
        Principal::User { id, .. } | Principal::AssumedRole { id, .. } => Some(id.as_str()),
        Principal::FederatedUser { issuer, .. } => Some(issuer.as_str()),
        Principal::Service { .. } => None,
    }
}

/// Whose sessions are to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionsOf {
    /// Those of a role.
    Role(RoleName),
    /// Those of a user, and of the federated users that it vouched for.
    User(UserName),
    /// Those of the account's root user.
    Root,
    /// The one with this access key, `ASIA…`.
    Credentials(AccessKeyId),
}

/// Ends the sessions of somebody that were made until now.
#[derive(Clone, Debug)]
pub struct RevokeSessionsRequest {
    /// Whose.
    pub of: SessionsOf,
    /// The account that they are of; the caller's without one.
    pub account: Option<AccountId>,
}

/// The id that names whose sessions these are.
fn id_of(of: &SessionsOf, account: &AccountId, state: &State) -> Result<String, Error> {
    if state.account(account).is_none() {
        let message = format!("The store has no account {account}.");
        return Err(Error::Query(QueryCode::NoSuchEntity, message));
    }
    let missing = |kind: &str, name: &str| {
        let message = format!("The {kind} with name {name} cannot be found.");
        Error::Query(QueryCode::NoSuchEntity, message)
    };
    Ok(match of {
        SessionsOf::Role(name) => {
            let entry = state.role(account, name);
            let entry = entry.ok_or_else(|| missing("role", name.as_str()))?;
            entry.role.id.to_string()
        }
        SessionsOf::User(name) => {
            let entry = state.user(account, name);
            let entry = entry.ok_or_else(|| missing("user", name.as_str()))?;
            entry.user.id.to_string()
        }
        SessionsOf::Root => account.to_string(),
        SessionsOf::Credentials(id) => id.to_string(),
    })
}

impl Operation for RevokeSessionsRequest {
    type Parsed = Self;
    type Response = SessionRevocation;
    const EVENT: Event = Event::service("RevokeSessions");

    fn parameters(&self, parameters: &mut Parameters) {
        match &self.of {
            SessionsOf::Role(name) => parameters.value("roleName", name),
            SessionsOf::User(name) => parameters.value("userName", name),
            SessionsOf::Root => parameters.value("rootUser", &true),
            SessionsOf::Credentials(id) => parameters.value("accessKeyId", id),
        };
        parameters.optional("accountId", self.account.as_ref());
    }

    fn parse(self) -> Result<Self, Error> {
        match &self.of {
            SessionsOf::Credentials(id) if !id.is_temporary() => Err(Error::Validation(
                "Only temporary credentials, whose access key ids begin with ASIA, have a session"
                    .to_owned(),
            )),
            _ => Ok(self),
        }
    }

    fn authorizations<'a>(
        _parsed: &'a Self,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:RevokeSessions", On::Any)])
    }

    fn perform(parsed: Self, step: &Step<'_>) -> Result<Performed<SessionRevocation>, Error> {
        let revocation = SessionRevocation {
            of: id_of(
                &parsed.of,
                parsed.account.as_ref().unwrap_or(step.call.account()),
                step.state,
            )?,
            until: step.now,
        };
        let kept = step.state.federation.revocations.0.values();
        let spent = kept.filter(|kept| kept.is_spent(step.now) && kept.of != revocation.of);
        let forget = spent.map(|spent| FederationEdit::RemoveRevocation(spent.of.clone()));
        let mut edits: Vec<Edit> = forget.map(Edit::from).collect();
        edits.push(FederationEdit::PutRevocation(revocation.clone()).into());
        Ok(Performed::changed(revocation, edits))
    }
}

/// A revocation that still ends sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRevocation {
    /// Whose, as [`SessionRevocation::of`] says it.
    pub of: String,
    /// The ARN of whom that means: a user, a role or the root user of an account. None for a single
    /// session, and for whoever was deleted since.
    pub arn: Option<String>,
    /// Sessions that were made at this moment or before are refused.
    pub until: Timestamp,
}

impl ListedRevocation {
    fn new(kept: &SessionRevocation, state: &State) -> Self {
        let account: Option<AccountId> = kept.of.parse().ok();
        let root = account.map(|account| account_root_arn(&account));
        Self {
            arn: root.or_else(|| state.arn_of_entity(&kept.of)),
            of: kept.of.clone(),
            until: kept.until,
        }
    }
}

/// The revocations that still end sessions.
#[derive(Clone, Copy, Debug)]
pub struct ListSessionRevocationsRequest;

impl Operation for ListSessionRevocationsRequest {
    type Parsed = ();
    type Response = Vec<ListedRevocation>;
    const EVENT: Event = Event::service("ListSessionRevocations").reading();

    fn parameters(&self, _parameters: &mut Parameters) {}

    fn parse(self) -> Result<(), Error> {
        Ok(())
    }

    fn authorizations<'a>(
        (): &'a (),
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:ListSessionRevocations",
            On::Any,
        )])
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
        let kept = step.state.federation.revocations.0.values();
        let ending = kept.filter(|kept| !kept.is_spent(step.now));
        let listed = ending.map(|kept| ListedRevocation::new(kept, step.state));
        Ok(Performed::read(listed.collect()))
    }
}
