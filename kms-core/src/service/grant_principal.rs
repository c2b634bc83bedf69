//! The principals of grants, as requests name them and as answers show them.

use super::state::State;
use crate::Error;
use crate::grants::{GrantPrincipal, PrincipalName};

/// The principal of that name as it is now; `None` when it does not exist here.
pub(super) fn bind(name: PrincipalName, state: &State) -> Option<GrantPrincipal> {
    match name {
        PrincipalName::Account(account) => {
            let known = state.account(&account).is_some();
            known.then_some(GrantPrincipal::Account(account))
        }
        PrincipalName::User(account, path, name) => {
            let user = &state.user(&account, &name)?.user;
            let id = user.id.clone();
            (user.path == path).then_some(GrantPrincipal::User {
                account,
                path,
                name,
                id,
            })
        }
        PrincipalName::Role(account, path, name) => {
            let role = &state.role(&account, &name)?.role;
            let id = role.id.clone();
            (role.path == path).then_some(GrantPrincipal::Role {
                account,
                path,
                name,
                id,
            })
        }
        PrincipalName::Session(account, role, session) => {
            let id = state.role(&account, &role)?.role.id.clone();
            Some(GrantPrincipal::Session {
                account,
                role,
                id,
                session,
            })
        }
        PrincipalName::FederatedUser(account, name) => {
            let known = state.account(&account).is_some();
            known.then_some(GrantPrincipal::FederatedUser { account, name })
        }
        PrincipalName::Service(name) => Some(GrantPrincipal::Service(name)),
    }
}

/// The ARN of a principal; of a user or role that is gone, the unique id, as AWS answers.
pub(super) fn shown(principal: &GrantPrincipal, state: &State) -> String {
    match principal {
        GrantPrincipal::User {
            account, name, id, ..
        } => match state.user(account, name) {
            Some(entry) if entry.user.id == *id => principal.to_string(),
            _ => id.to_string(),
        },
        GrantPrincipal::Role {
            account, name, id, ..
        } => match state.role(account, name) {
            Some(entry) if entry.role.id == *id => principal.to_string(),
            _ => id.to_string(),
        },
        GrantPrincipal::Account(_)
        | GrantPrincipal::Session { .. }
        | GrantPrincipal::FederatedUser { .. }
        | GrantPrincipal::Service(_) => principal.to_string(),
    }
}

/// The answer to text that names no principal of this store.
pub(super) fn invalid(text: &str) -> Error {
    Error::InvalidArn(format!("ARN does not refer to a valid principal: {text}"))
}
