//! Access keys as the door needs them.

use std::sync::Arc;

use super::engine::{Engine, poisoned};
use super::state::State;
use super::sts;
use crate::Error;
use crate::caller::{Caller, Credential, Principal, Session};
use crate::identity::{AccessKey, AccessKeyOwner};
use crate::ids::{AccessKeyId, UserName};
use crate::secret::SecretText;
use crate::time::Timestamp;

/// What signs.
#[derive(Clone, Debug)]
enum Signs {
    /// A key that is kept.
    LongTerm(Arc<AccessKey>),
    /// One that came out of a session token.
    Temporary(AccessKeyId, Arc<SecretText>, Arc<Session>),
}

/// An access key that exists, and whom it speaks for.
#[derive(Clone, Debug)]
pub struct SigningCredential {
    signs: Signs,
    principal: Principal,
}

impl SigningCredential {
    /// The access key, unless it belongs to temporary credentials: its secret never changes under
    /// its id, so that what is derived from it can be kept.
    #[must_use]
    pub fn long_term(&self) -> Option<&AccessKey> {
        match &self.signs {
            Signs::LongTerm(key) => Some(key),
            Signs::Temporary(..) => None,
        }
    }

    /// The secret that signs.
    #[must_use]
    pub fn secret(&self) -> &SecretText {
        match &self.signs {
            Signs::LongTerm(key) => &key.secret,
            Signs::Temporary(_, secret, _) => secret,
        }
    }

    /// The caller, once a signature by this key was verified; `None` when the session is over.
    #[must_use]
    pub fn into_caller(self, now: Timestamp) -> Option<Caller> {
        let by = |id| Caller::assume_authenticated(self.principal, Credential::AccessKey(id));
        match self.signs {
            Signs::LongTerm(key) => Some(by(key.id.clone())),
            Signs::Temporary(id, _, session) if now < session.expires => {
                Some(by(id).in_session(session))
            }
            Signs::Temporary(..) => None,
        }
    }
}

fn principal(key: &AccessKey, state: &State) -> Option<Principal> {
    match &key.owner {
        AccessKeyOwner::Root => Some(Principal::Root {
            account: key.account.clone(),
        }),
        AccessKeyOwner::User(name) => state
            .user(&key.account, name)
            .map(|entry| entry.user.principal()),
    }
}

impl Engine {
    /// The access key of that id, with the session token that came with it; `None` when there is
    /// none, it is inactive, its user or role is gone, or the token is not one of it: a key that is kept has no
    /// token, and one of temporary credentials always has.
    ///
    /// What another process deletes at this moment may still be found: the walk looks again, in
    /// the state that it decides by.
    ///
    /// # Errors
    /// [`Error::Internal`] when the store fails.
    pub fn credential(
        &self,
        id: &AccessKeyId,
        session_token: Option<&str>,
    ) -> Result<Option<SigningCredential>, Error> {
        let opened = match (id.is_temporary(), session_token) {
            (false, None) => None,
            (true, Some(text)) => match sts::open(id, text, self.barrier()) {
                Some(opened) => Some(opened),
                None => return Ok(None),
            },
            (true, None) | (false, Some(_)) => return Ok(None),
        };
        let Some((token, secret)) = opened else {
            let known = find(id, &*self.state.read().map_err(poisoned)?);
            if known.is_some() {
                return Ok(known);
            }
            return Ok(find(id, &*self.state()?));
        };
        let state = self.state()?;
        let stands = stands(Some(id), &token.principal, &token.session, &state);
        drop(state);
        Ok(stands.then(|| SigningCredential {
            signs: Signs::Temporary(id.clone(), Arc::new(secret), Arc::new(token.session)),
            principal: token.principal,
        }))
    }
}

impl Engine {
    /// The user of that name in the store's first account, or its root user; `None` when there is
    /// no such user.
    ///
    /// # Errors
    /// [`Error::Internal`] when the store fails.
    pub fn principal(&self, user: Option<&UserName>) -> Result<Option<Principal>, Error> {
        let state = self.state()?;
        let Some(account) = state.first_account().map(|account| account.id.clone()) else {
            return Ok(None);
        };
        Ok(match user {
            None => Some(Principal::Root { account }),
            Some(name) => state
                .user(&account, name)
                .map(|entry| entry.user.principal()),
        })
    }
}

fn find(id: &AccessKeyId, state: &State) -> Option<SigningCredential> {
    let key = state.access_key(id).filter(|key| !key.inactive)?;
    if state.organizations.is_suspended(&key.account) {
        return None;
    }
    let principal = principal(key, state)?;
    Some(SigningCredential {
        signs: Signs::LongTerm(Arc::clone(key)),
        principal,
    })
}

/// Whether whoever a session speaks for is still the one that it was made for: what was deleted
/// and made again under the same name is another. Nobody is there of an account that was closed.
fn exists(principal: &Principal, state: &State) -> bool {
    !state.organizations.is_suspended(principal.account()) && is_same(principal, state)
}

fn is_same(principal: &Principal, state: &State) -> bool {
    match principal {
        Principal::Root { account } => state.account(account).is_some(),
        // A session tells the path that its user had; policies are not to see one that was left.
        Principal::User {
            account,
            path,
            name,
            id,
        } => state
            .user(account, name)
            .is_some_and(|entry| entry.user.id == *id && entry.user.path == *path),
        Principal::FederatedUser {
            account,
            issuer,
            issuer_path,
            issuer_name,
            ..
        } => state
            .user(account, issuer_name)
            .is_some_and(|entry| entry.user.id == *issuer && entry.user.path == *issuer_path),
        Principal::AssumedRole {
            account, role, id, ..
        } => state
            .role(account, role)
            .is_some_and(|entry| entry.role.id == *id),
        Principal::Service { .. } => false,
    }
}

/// Whether a session was not ended, and whoever it speaks for exists.
fn stands(
    id: Option<&AccessKeyId>,
    principal: &Principal,
    session: &Session,
    state: &State,
) -> bool {
    exists(principal, state) && !state.federation.revocations.end(id, principal, session)
}

/// Whether the access key of the caller still exists, in the state that the request is decided by.
///
/// # Errors
/// [`Error::UnrecognizedClient`] when it was deleted or made inactive since, whoever a session
/// speaks for was deleted, the session was ended, or the account was closed.
pub(super) fn still_valid(caller: &Caller, state: &State) -> Result<(), Error> {
    let valid = match (caller.credential(), caller.session()) {
        (Credential::AccessKey(id), Some(session)) => {
            stands(Some(id), caller.principal(), session, state)
        }
        (_, Some(session)) => stands(None, caller.principal(), session, state),
        (Credential::LocalPeer(_), None) => exists(caller.principal(), state),
        (Credential::AccessKey(id), None) => state
            .access_key(id)
            .is_some_and(|key| !key.inactive && !state.organizations.is_suspended(&key.account)),
        // What was due before an account was closed is done all the same.
        (Credential::Internal, None) => true,
        (_, None) => !state
            .organizations
            .is_suspended(caller.principal().account()),
    };
    valid.then_some(()).ok_or(Error::UnrecognizedClient)
}
