//! Whether the principals that documents name exist, and which entities they mean.

use super::state::State;
use crate::ids::UniqueId;
use crate::policy::{Bindings, PolicyPrincipal};

/// Whether there is somebody of that name. A name that belongs to nobody today may belong to
/// somebody tomorrow, who would then have what nobody meant to give.
pub(super) fn exists(principal: &PolicyPrincipal<'_>, state: &State) -> bool {
    match principal {
        PolicyPrincipal::Anyone | PolicyPrincipal::Service(_) => true,
        PolicyPrincipal::Account(account) | PolicyPrincipal::FederatedUser { account, .. } => {
            state.account(account).is_some()
        }
        PolicyPrincipal::User { .. }
        | PolicyPrincipal::Role { .. }
        | PolicyPrincipal::Session { .. } => id_of(principal, state).is_some(),
        PolicyPrincipal::Provider(name) => provider_exists(name, state).unwrap_or(false),
        PolicyPrincipal::Other(_) => false,
    }
}

/// Whether an account trusts the identity provider of that ARN.
fn provider_exists(arn: &str, state: &State) -> Option<bool> {
    let (account, _) = arn
        .strip_prefix("arn:aws:iam::")?
        .split_once(":oidc-provider/")?;
    let account = account.parse().ok()?;
    let providers = &state.federation.oidc_providers;
    Some(providers.of_arn(&account, arn).is_some())
}

/// The unique id of the user or role of that name.
fn id_of(principal: &PolicyPrincipal<'_>, state: &State) -> Option<UniqueId> {
    match principal {
        PolicyPrincipal::User {
            account,
            path,
            name,
        } => {
            let user = &state.user(account, name)?.user;
            (user.path == **path).then(|| user.id.clone())
        }
        PolicyPrincipal::Role {
            account,
            path,
            name,
        } => {
            let role = &state.role(account, name)?.role;
            (role.path == **path).then(|| role.id.clone())
        }
        PolicyPrincipal::Session { account, role, .. } => {
            Some(state.role(account, role)?.role.id.clone())
        }
        _ => None,
    }
}

/// Which users and roles the names mean now, to be kept beside their document.
pub(super) fn bindings<'a>(
    principals: impl Iterator<Item = PolicyPrincipal<'a>>,
    state: &State,
) -> Bindings {
    principals
        .filter_map(|principal| Some((principal.arn()?, id_of(&principal, state)?)))
        .collect()
}
