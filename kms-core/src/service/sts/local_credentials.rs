//! `GetLocalCredentials`: temporary credentials for whom the operating system or a certificate
//! vouches, `docs/spec/local-callers.md`.
//!
//! Nobody signs such a request. [`Engine::local_caller`] says who calls, once the server's
//! configuration said which user or role a peer is; then the request is walked as all are.

use std::sync::Arc;

use super::assume_role::{OF_ROLE, too_long};
use super::session_token::begin;
use super::tokens::{TemporaryCredentials, give_out};
use crate::Error;
use crate::api::query::QueryService;
use crate::caller::{Caller, Credential, LocalPeer, Principal, SessionToken};
use crate::ids::{EntityName, EntityReference, SessionName};
use crate::service::context::CallContext;
use crate::service::engine::Engine;
use crate::service::operation::{Authorization, Event, Loaded, Operation, Performed, Step};
use crate::service::parameters::Parameters;

/// Temporary credentials of the user or role that a local caller is mapped to.
#[derive(Clone, Copy, Debug)]
pub struct GetLocalCredentialsRequest {
    /// 900 to 43,200, and no more than a role allows; 3,600 where it is not said.
    pub duration_seconds: Option<u32>,
}

fn denied() -> Error {
    Error::AccessDenied("Not authorized to perform sts:GetLocalCredentials".to_owned())
}

impl Engine {
    /// Says who calls when `peer` is mapped to `entity`: the user, or a session of the role that is
    /// called `session`, without which there is none. The caller may do nothing but ask for its credentials.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] where there is no such user or role, or what vouches for the peer is
    /// not valid at this moment.
    pub fn local_caller(
        &self,
        entity: &EntityReference,
        session: Option<SessionName>,
        peer: Arc<LocalPeer>,
    ) -> Result<Caller, Error> {
        if !peer.is_valid_at(self.clock.now()) {
            let message = "The client certificate has expired or is not yet valid";
            return Err(Error::AccessDenied(message.to_owned()));
        }
        let state = self.state()?;
        let first = || state.first_account().map(|account| account.id.clone());
        let account = entity.account.clone().or_else(first).ok_or_else(denied)?;
        let principal = match &entity.name {
            EntityName::User(name) => {
                let entry = state.user(&account, name);
                let entry = entry.filter(|entry| entry.user.path == entity.path);
                entry.ok_or_else(denied)?.user.principal()
            }
            EntityName::Role(name) => {
                let entry = state.role(&account, name);
                let entry = entry.filter(|entry| entry.role.path == entity.path);
                let role = &entry.ok_or_else(denied)?.role;
                Principal::AssumedRole {
                    account,
                    path: role.path.clone(),
                    role: role.name.clone(),
                    id: role.id.clone(),
                    session: session.ok_or_else(denied)?,
                }
            }
        };
        let credential = Credential::LocalPeer(peer);
        Ok(Caller::assume_authenticated(principal, credential))
    }
}

impl Operation for GetLocalCredentialsRequest {
    /// How long, in seconds.
    type Parsed = u32;
    type Response = TemporaryCredentials;
    const EVENT: Event = Event::query(QueryService::Sts, "GetLocalCredentials", true);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("durationSeconds", self.duration_seconds.as_ref());
    }

    fn parse(self) -> Result<u32, Error> {
        OF_ROLE.checked(self.duration_seconds)
    }

    /// None: the mapping is the word of whoever holds the store's key, and no signed request comes
    /// here.
    fn authorizations<'a>(
        _seconds: &'a u32,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(Vec::new())
    }

    fn perform(seconds: u32, step: &Step<'_>) -> Result<Performed<TemporaryCredentials>, Error> {
        let caller = &step.call.caller;
        let Credential::LocalPeer(peer) = caller.credential() else {
            return Err(denied());
        };
        if let Principal::AssumedRole { account, role, .. } = caller.principal() {
            let entry = step.state.role(account, role).ok_or_else(denied)?;
            if seconds > entry.role.max_session_duration {
                return Err(too_long());
            }
        }
        let mut session = begin(step, seconds);
        if let Some(last) = peer.vouched_until() {
            session.expires = session.expires.min(last);
        }
        let token = SessionToken {
            principal: caller.principal().clone(),
            session,
        };
        let credentials = give_out(&token, step.engine.barrier(), step.engine.system_random())?;
        let elements = credentials.elements();
        Ok(Performed::read(credentials).with_elements(elements))
    }
}
