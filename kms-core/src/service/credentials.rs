//! Access keys as the door needs them.

use std::sync::Arc;

use super::engine::{Engine, poisoned};
use super::state::State;
use crate::Error;
use crate::caller::{Caller, Credential, Principal};
use crate::identity::{AccessKey, AccessKeyOwner};
use crate::ids::{AccessKeyId, UserName};

/// An access key that exists, and whom it speaks for.
#[derive(Clone, Debug)]
pub struct SigningCredential {
    /// The key, with the secret that signs.
    pub key: Arc<AccessKey>,
    principal: Principal,
}

impl SigningCredential {
    /// The caller, once a signature by this key was verified.
    #[must_use]
    pub fn into_caller(self) -> Caller {
        Caller::assume_authenticated(self.principal, Credential::AccessKey(self.key.id.clone()))
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
    /// The access key of that id; `None` when there is none, it is inactive, or its user is gone.
    ///
    /// One that another process deletes at this moment may still be found: the walk looks again,
    /// in the state that it decides by.
    ///
    /// # Errors
    /// [`Error::Internal`] when the store fails.
    pub fn credential(&self, id: &AccessKeyId) -> Result<Option<SigningCredential>, Error> {
        let known = find(id, &*self.state.read().map_err(poisoned)?);
        if known.is_some() {
            return Ok(known);
        }
        Ok(find(id, &*self.state()?))
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
        let Some(account) = state.accounts().next().map(|account| account.id.clone()) else {
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
    let principal = principal(key, state)?;
    Some(SigningCredential {
        key: Arc::clone(key),
        principal,
    })
}

/// Whether the access key of the caller still exists, in the state that the request is decided by.
///
/// # Errors
/// [`Error::UnrecognizedClient`] when it was deleted or made inactive since.
pub(super) fn still_valid(caller: &Caller, state: &State) -> Result<(), Error> {
    match caller.credential() {
        Credential::AccessKey(id) => match state.access_key(id) {
            Some(key) if !key.inactive => Ok(()),
            _ => Err(Error::UnrecognizedClient),
        },
        _ => Ok(()),
    }
}
