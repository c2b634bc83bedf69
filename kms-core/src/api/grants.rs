//! Grants: `CreateGrant`, `ListGrants`, `ListRetirableGrants`, `RetireGrant`, `RevokeGrant`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::message::{
    EncryptionContextMap, Response, empty_response, epoch_seconds, object, request,
};
use super::validation::{GRANT_ID, GRANT_NAME, GRANT_TOKEN, KEY_ID, PRINCIPAL_ID};
use super::values::GrantOperation;
use crate::ids::{GrantId, KeyArn};
use crate::time::Timestamp;

/// `CreateGrant`: allows a principal to use a key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CreateGrantRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// Whom the grant is for, by ARN. Required.
    pub grantee_principal: Option<String>,
    /// Who may retire it, by ARN.
    pub retiring_principal: Option<String>,
    /// What it allows, each a [`GrantOperation`]. Required.
    pub operations: Option<Vec<String>>,
    /// What it asks of the encryption context.
    pub constraints: Option<GrantConstraints>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// Makes the same request, repeated, answer with the same grant.
    pub name: Option<String>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    CreateGrantRequest,
    CreateGrant,
    CreateGrantResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("granteePrincipal", this.grantee_principal.as_ref());
        check.text(
            "granteePrincipal",
            this.grantee_principal.as_ref(),
            &PRINCIPAL_ID,
        );
        check.text(
            "retiringPrincipal",
            this.retiring_principal.as_ref(),
            &PRINCIPAL_ID,
        );
        check.required("operations", this.operations.as_ref());
        check.each_one_of(
            "operations",
            this.operations.as_ref(),
            GrantOperation::VALUES,
        );
        check.grant_tokens(this.grant_tokens.as_ref());
        check.text("name", this.name.as_ref(), &GRANT_NAME);
    }
);

/// The member `Constraints` of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantConstraints {
    /// Pairs that the encryption context must have.
    pub encryption_context_subset: Option<EncryptionContextMap>,
    /// Pairs that the encryption context must have, and no other.
    pub encryption_context_equals: Option<EncryptionContextMap>,
}

impl<'de> Deserialize<'de> for GrantConstraints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        struct Members {
            encryption_context_subset: Option<EncryptionContextMap>,
            encryption_context_equals: Option<EncryptionContextMap>,
        }

        object(deserializer).map(|members: Members| Self {
            encryption_context_subset: members.encryption_context_subset,
            encryption_context_equals: members.encryption_context_equals,
        })
    }
}

/// The answer to `CreateGrant`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateGrantResponse {
    /// Names the grant where it may not have spread yet; new in each answer.
    pub grant_token: String,
    /// The grant.
    pub grant_id: GrantId,
}

impl Response for CreateGrantResponse {}

/// `ListGrants`: the grants on a key, a page at a time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListGrantsRequest {
    /// The most entries to answer.
    pub limit: Option<i32>,
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// Only this grant.
    pub grant_id: Option<String>,
    /// Only grants for this principal.
    pub grantee_principal: Option<String>,
}

request!(
    ListGrantsRequest,
    ListGrants,
    ListGrantsResponse,
    |this, check| {
        check.page(this.limit, this.marker.as_ref());
        check.required_key_id(this.key_id.as_ref());
        check.text("grantId", this.grant_id.as_ref(), &GRANT_ID);
        check.text(
            "granteePrincipal",
            this.grantee_principal.as_ref(),
            &PRINCIPAL_ID,
        );
    }
);

/// `ListRetirableGrants`: the grants that a principal is the retiring principal of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListRetirableGrantsRequest {
    /// The most entries to answer.
    pub limit: Option<i32>,
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
    /// The principal, by ARN, of the caller's account. Required.
    pub retiring_principal: Option<String>,
}

request!(
    ListRetirableGrantsRequest,
    ListRetirableGrants,
    ListGrantsResponse,
    |this, check| {
        check.page(this.limit, this.marker.as_ref());
        check.required("retiringPrincipal", this.retiring_principal.as_ref());
        check.text(
            "retiringPrincipal",
            this.retiring_principal.as_ref(),
            &PRINCIPAL_ID,
        );
    }
);

/// The answer to `ListGrants` and `ListRetirableGrants`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListGrantsResponse {
    /// The grants of this page.
    pub grants: Vec<GrantListEntry>,
    /// What to ask the next page with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// Whether there is a next page.
    pub truncated: bool,
}

impl Response for ListGrantsResponse {}

/// One grant.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GrantListEntry {
    /// The key that it is on.
    pub key_id: KeyArn,
    /// The grant.
    pub grant_id: GrantId,
    /// Its name; empty when it has none, as AWS answers.
    pub name: String,
    /// When it was made.
    #[serde(serialize_with = "epoch_seconds")]
    pub creation_date: Timestamp,
    /// Whom it is for; the unique id of a user who is gone.
    pub grantee_principal: String,
    /// Who may retire it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retiring_principal: Option<String>,
    /// The account whose principal made it, as the ARN of its root user.
    pub issuing_account: String,
    /// What it allows.
    pub operations: Vec<GrantOperation>,
    /// What it asks of the encryption context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<GrantConstraintEntry>,
}

/// The constraint of a grant that is listed.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GrantConstraintEntry {
    /// Pairs that the encryption context must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_context_subset: Option<BTreeMap<String, String>>,
    /// Pairs that the encryption context must have, and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_context_equals: Option<BTreeMap<String, String>>,
}

/// `RetireGrant`: ends a grant, by those whom the grant itself names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RetireGrantRequest {
    /// A token of the grant; this, or the key and the id.
    pub grant_token: Option<String>,
    /// The key, by id or ARN.
    pub key_id: Option<String>,
    /// The grant.
    pub grant_id: Option<String>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    RetireGrantRequest,
    RetireGrant,
    RetireGrantResponse,
    |this, check| {
        check.text("grantToken", this.grant_token.as_ref(), &GRANT_TOKEN);
        check.text("keyId", this.key_id.as_ref(), &KEY_ID);
        check.text("grantId", this.grant_id.as_ref(), &GRANT_ID);
    }
);

/// `RevokeGrant`: ends a grant, by those who administer the key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RevokeGrantRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The grant. Required.
    pub grant_id: Option<String>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    RevokeGrantRequest,
    RevokeGrant,
    RevokeGrantResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("grantId", this.grant_id.as_ref());
        check.text("grantId", this.grant_id.as_ref(), &GRANT_ID);
    }
);

empty_response! {
    /// `RetireGrant` answers nothing.
    RetireGrantResponse
    /// `RevokeGrant` answers nothing.
    RevokeGrantResponse
}
