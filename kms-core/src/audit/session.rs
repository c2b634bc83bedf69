//! CloudTrail's `sessionContext`: what a record tells of the session of temporary credentials.

use super::json::{Object, string};
use crate::caller::{Principal, ProvenIdentity, Session, WebIdentity};
use crate::ids::{role_arn, user_arn};

/// Adds `sessionContext` to a `userIdentity`. Tags and policies of the session are not recorded.
pub(super) fn write(identity: &mut Object<'_>, principal: &Principal, session: &Session) {
    let mut context = identity.object("sessionContext");
    write_issuer(&mut context, principal);
    if let Some(web) = &session.web_identity {
        write_web_identity(&mut context, web);
    }
    let mut attributes = context.object("attributes");
    string(
        attributes.name("creationDate"),
        &session.issued.to_rfc3339(),
    );
    let shown = session.mfa.is_some();
    attributes.text("mfaAuthenticated", if shown { "true" } else { "false" });
    attributes.end();
    if let Some(source) = &session.source_identity {
        context.text("sourceIdentity", source.as_str());
    }
    context.end();
}

/// The role or the user that the session is of, where that is not the caller.
fn write_issuer(context: &mut Object<'_>, principal: &Principal) {
    let (kind, id, arn, account, name) = match principal {
        Principal::AssumedRole {
            account,
            path,
            role,
            id,
            ..
        } => (
            "Role",
            id,
            role_arn(account, path, role),
            account,
            role.as_str(),
        ),
        Principal::FederatedUser {
            account,
            issuer,
            issuer_path,
            issuer_name,
            ..
        } => (
            "IAMUser",
            issuer,
            user_arn(account, issuer_path, issuer_name),
            account,
            issuer_name.as_str(),
        ),
        _ => return,
    };
    let mut issuer = context.object("sessionIssuer");
    issuer.text("type", kind);
    issuer.text("principalId", id.as_str());
    issuer.text("arn", &arn);
    issuer.text("accountId", account.as_str());
    issuer.text("userName", name);
    issuer.end();
}

fn write_web_identity(context: &mut Object<'_>, web: &WebIdentity) {
    let mut data = context.object("webIdFederationData");
    data.text("federatedProvider", &web.provider);
    data.object("attributes").end();
    data.end();
}

/// Whoever asks for a session with the word of an identity provider.
pub(super) fn write_proven(identity: &mut Object<'_>, proven: &ProvenIdentity) {
    let ProvenIdentity {
        provider_arn,
        audience,
        subject,
        ..
    } = proven;
    identity.text("type", "WebIdentityUser");
    identity.text(
        "principalId",
        &format!("{provider_arn}:{audience}:{subject}"),
    );
    identity.text("userName", subject);
    identity.text("identityProvider", provider_arn);
}
