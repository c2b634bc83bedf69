//! The Security Token Service: temporary credentials.
//!
//! Nothing of a session is stored, so that giving credentials out changes nothing in the store; only
//! a code of an MFA device does, which is taken once.

mod access_key_info;
mod assume_role;
mod authorization_message;
mod caller_identity;
mod federation_token;
mod gate;
mod limits;
mod local_credentials;
mod members;
mod revocations;
mod session_policies;
mod session_token;
mod tokens;
mod trust;
mod web_identity;

pub use access_key_info::{AccessKeyInfo, GetAccessKeyInfoRequest};
pub use assume_role::{AssumeRoleRequest, AssumedRole};
pub use authorization_message::{DecodeAuthorizationMessageRequest, DecodedMessage};
pub use caller_identity::{CallerIdentity, GetCallerIdentityRequest};
pub use federation_token::{FederationToken, GetFederationTokenRequest};
pub use limits::{PolicyArns, SessionTags};
pub use local_credentials::GetLocalCredentialsRequest;
pub use revocations::{
    ListSessionRevocationsRequest, ListedRevocation, RevokeSessionsRequest, SessionsOf,
};
pub use session_token::GetSessionTokenRequest;
pub use tokens::TemporaryCredentials;
pub use web_identity::{
    AssumeRoleWithWebIdentityRequest, PresentedToken, ProvenRequest, WebIdentitySession,
};

pub(super) use gate::admit;
pub(super) use revocations::Revocations;
pub(super) use session_policies::session_policies;
pub(super) use tokens::open;

/// Reads a request from a form by the names of its members.
macro_rules! from_form {
    ($request:ty { $($field:ident = $member:literal,)* }) => {
        impl $crate::api::query::FromForm for $request {
            fn from_form(
                form: &mut $crate::api::query::Form,
            ) -> Result<Self, $crate::api::query::InvalidForm> {
                let _ = &form;
                Ok(Self {
                    $($field: $crate::api::query::Member::take(form, $member)?,)*
                })
            }
        }
    };
}

pub(super) use from_form;
