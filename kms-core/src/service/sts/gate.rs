//! What temporary credentials cannot be used for, whatever the policies say.

use crate::Error;
use crate::api::query::QueryService;
use crate::caller::{Caller, Credential, Principal};
use crate::service::operation::Event;

const ASSUME_ROLE: &str = "AssumeRole";
const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "AssumeRoleWithWebIdentity";
const GET_LOCAL_CREDENTIALS: &str = "GetLocalCredentials";
const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";
/// What makes credentials for whoever is no session itself.
const FOR_NO_SESSION: [&str; 2] = ["GetFederationToken", "GetSessionToken"];

/// Whether the caller's kind of credentials may ask for an operation at all.
///
/// The credentials of `GetSessionToken` reach IAM only where an MFA device was shown; those of
/// `GetFederationToken` never do. Of STS, everybody may ask who they are, all but federated users
/// assume roles, and sessions of roles ask for whatever makes no credentials of a user.
///
/// # Errors
/// [`Error::UnrecognizedClient`] for IAM, as AWS answers, and [`Error::AccessDenied`] for STS.
pub(in crate::service) fn admit(caller: &Caller, event: Event) -> Result<(), Error> {
    let only = match caller.credential() {
        Credential::WebIdentity(_) => Some(ASSUME_ROLE_WITH_WEB_IDENTITY),
        Credential::LocalPeer(_) => Some(GET_LOCAL_CREDENTIALS),
        Credential::AccessKey(_)
        | Credential::StoreOwner(_)
        | Credential::XksProxy(_)
        | Credential::Internal => None,
    };
    if only.is_some_and(|only| only != event.name()) {
        return Err(Error::UnrecognizedClient);
    }
    let Some(session) = caller.session() else {
        return Ok(());
    };
    let federated = matches!(caller.principal(), Principal::FederatedUser { .. });
    let is = |service: QueryService| event.source() == service.event_source();
    if is(QueryService::Iam) {
        let own = matches!(
            caller.principal(),
            Principal::User { .. } | Principal::Root { .. }
        );
        let barred = federated || own && session.mfa.is_none();
        return (!barred).then_some(()).ok_or(Error::UnrecognizedClient);
    }
    let name = event.name();
    let of_role = matches!(caller.principal(), Principal::AssumedRole { .. });
    let open = name == GET_CALLER_IDENTITY
        || name == ASSUME_ROLE && !federated
        || of_role && !FOR_NO_SESSION.contains(&name);
    if is(QueryService::Sts) && !open {
        let message = format!("Cannot call {name} with session credentials");
        return Err(Error::AccessDenied(message));
    }
    Ok(())
}
