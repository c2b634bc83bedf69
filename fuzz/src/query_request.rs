//! The body of a request of AWS's query protocol: a form, and the lists in it.

use kms_core::api::query::{Form, FromForm, QueryCode, QueryService, error_body};
use kms_core::service::{
    AssumeRoleRequest, AssumeRoleWithWebIdentityRequest, CreateOpenIDConnectProviderRequest,
    CreateRoleRequest, CreateUserRequest, EnableMFADeviceRequest, GetFederationTokenRequest,
    GetSessionTokenRequest, ListPoliciesRequest, SimulatePrincipalPolicyRequest, TagUserRequest,
};

fn read<R: FromForm>(data: &[u8]) {
    let Ok(mut form) = Form::parse(data) else {
        return;
    };
    form.text("Action");
    form.text("Version");
    let read = R::from_form(&mut form);
    let refusal = match (read, form.finish()) {
        (Err(invalid), _) | (_, Err(invalid)) => invalid.to_string(),
        _ => return,
    };
    // What a refusal quotes stays text.
    let body = error_body(
        QueryService::Iam,
        QueryCode::ValidationError,
        &refusal,
        "id",
    );
    let body = String::from_utf8(body).expect("answers are UTF-8");
    assert_eq!(body.matches('<').count(), 12, "{body}");
}

/// Reads the same bytes as requests of several shapes.
pub fn run(data: &[u8]) {
    read::<CreateUserRequest>(data);
    read::<CreateRoleRequest>(data);
    read::<ListPoliciesRequest>(data);
    read::<TagUserRequest>(data);
    read::<AssumeRoleRequest>(data);
    read::<AssumeRoleWithWebIdentityRequest>(data);
    read::<GetFederationTokenRequest>(data);
    read::<GetSessionTokenRequest>(data);
    read::<EnableMFADeviceRequest>(data);
    read::<CreateOpenIDConnectProviderRequest>(data);
    read::<SimulatePrincipalPolicyRequest>(data);
}
