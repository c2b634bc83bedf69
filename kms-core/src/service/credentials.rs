//! Access keys as the door needs them.

use std::sync::Arc;

use super::engine::Engine;
use super::state::State;
use crate::Error;
use crate::caller::{Caller, Credential, Principal};
use crate::identity::{AccessKey, AccessKeyOwner};
use crate::ids::AccessKeyId;

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
        AccessKeyOwner::Root => Some(Principal::Root { account: key.account.clone() }),
        AccessKeyOwner::User(name) => {
            state.user(&key.account, name).map(|entry| entry.user.principal())
        }
    }
}

impl Engine {
    /// The access key of that id; `None` when there is none or its user is gone.
    ///
    /// # Errors
    /// [`Error::Internal`] when the store fails.
    pub fn credential(&self, id: &AccessKeyId) -> Result<Option<SigningCredential>, Error> {
        let state = self.state()?;
        Ok(state.access_key(id).and_then(|key| {
            principal(key, &state)
                .map(|principal| SigningCredential { key: Arc::clone(key), principal })
        }))
    }
}
