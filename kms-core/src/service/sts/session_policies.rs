//! The policies that limit a session.

use std::sync::Arc;

use crate::Error;
use crate::caller::{Caller, Principal};
use crate::policy::IdentityPolicy;
use crate::service::state::State;

/// The policies that the caller's session was made with; `None` where nothing limits it.
///
/// A federated user may do nothing that a policy of the session does not allow, also where there is
/// none.
///
/// # Errors
/// [`Error::AccessDenied`] when one of its managed policies is gone: what that denied is not known any
/// more.
/// [`Error::Internal`] when the policy of the session does not parse: it was checked when the
/// credentials were made.
pub(in crate::service) fn session_policies(
    caller: &Caller,
    state: &State,
) -> Result<Option<Vec<Arc<IdentityPolicy>>>, Error> {
    let federated = matches!(caller.principal(), Principal::FederatedUser { .. });
    let Some(session) = caller.session().filter(|session| session.is_limited()) else {
        return Ok(federated.then(Vec::new));
    };
    let inline = session.policy.iter().map(|text| {
        let policy = IdentityPolicy::parse(text).map_err(Error::internal)?;
        Ok(Arc::new(policy))
    });
    let mut policies = inline.collect::<Result<Vec<_>, Error>>()?;
    for arn in &session.policy_arns {
        let arn = arn.parse().map_err(Error::internal)?;
        let Some(entry) = state.managed_policy(&arn) else {
            return Err(Error::AccessDenied(format!(
                "User: {} is not authorized: the session policy {arn} does not exist",
                caller.principal().arn()
            )));
        };
        policies.push(Arc::clone(&entry.document));
    }
    Ok(Some(policies))
}
