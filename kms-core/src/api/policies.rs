//! Key policies: `GetKeyPolicy`, `PutKeyPolicy`, `ListKeyPolicies`.

use serde::{Deserialize, Serialize};

use super::message::{Response, empty_response, request};
use super::validation::{POLICY, POLICY_NAME};

/// `GetKeyPolicy`: the policy of a key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetKeyPolicyRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The only policy there is: `default`, also when absent.
    pub policy_name: Option<String>,
}

request!(
    GetKeyPolicyRequest,
    GetKeyPolicy,
    GetKeyPolicyResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.text("policyName", this.policy_name.as_ref(), &POLICY_NAME);
    }
);

/// The answer to `GetKeyPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetKeyPolicyResponse {
    /// The policy document as it was put, JSON.
    pub policy: String,
    /// `default`
    pub policy_name: String,
}

impl Response for GetKeyPolicyResponse {}

/// `PutKeyPolicy`: replaces the policy of a key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PutKeyPolicyRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The only policy there is: `default`, also when absent.
    pub policy_name: Option<String>,
    /// The policy document, JSON. Required.
    pub policy: Option<String>,
    /// Lets the caller put a policy under which the caller could not put the next one.
    pub bypass_policy_lockout_safety_check: Option<bool>,
}

request!(
    PutKeyPolicyRequest,
    PutKeyPolicy,
    PutKeyPolicyResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.text("policyName", this.policy_name.as_ref(), &POLICY_NAME);
        check.required("policy", this.policy.as_ref());
        check.text("policy", this.policy.as_ref(), &POLICY);
    }
);

empty_response! {
    /// `PutKeyPolicy` answers nothing.
    PutKeyPolicyResponse
}

/// `ListKeyPolicies`: the names of a key's policies, which are `default`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListKeyPoliciesRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The most entries to answer.
    pub limit: Option<i32>,
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
}

request!(
    ListKeyPoliciesRequest,
    ListKeyPolicies,
    ListKeyPoliciesResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.page(this.limit, this.marker.as_ref());
    }
);

/// The answer to `ListKeyPolicies`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListKeyPoliciesResponse {
    /// The names of this page.
    pub policy_names: Vec<String>,
    /// What to ask the next page with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// Whether there is a next page.
    pub truncated: bool,
}

impl Response for ListKeyPoliciesResponse {}
