//! Aliases: `CreateAlias`, `UpdateAlias`, `DeleteAlias`, `ListAliases`.

use serde::{Deserialize, Serialize};

use super::message::{Response, as_text, empty_response, epoch_seconds, request};
use super::validation::{ALIAS_NAME, KEY_ID};
use crate::ids::{AliasArn, AliasName, KeyId};
use crate::time::Timestamp;

/// `CreateAlias`: gives a key a name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CreateAliasRequest {
    /// The name, `alias/NAME`. Required.
    pub alias_name: Option<String>,
    /// The key, by id or ARN. Required.
    pub target_key_id: Option<String>,
}

request!(
    CreateAliasRequest,
    CreateAlias,
    CreateAliasResponse,
    |this, check| {
        check.required("aliasName", this.alias_name.as_ref());
        check.text("aliasName", this.alias_name.as_ref(), &ALIAS_NAME);
        check.required("targetKeyId", this.target_key_id.as_ref());
        check.text("targetKeyId", this.target_key_id.as_ref(), &KEY_ID);
    }
);

/// `UpdateAlias`: moves a name to another key of the same kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateAliasRequest {
    /// The name, `alias/NAME`. Required.
    pub alias_name: Option<String>,
    /// The new key, by id or ARN. Required.
    pub target_key_id: Option<String>,
}

request!(
    UpdateAliasRequest,
    UpdateAlias,
    UpdateAliasResponse,
    |this, check| {
        check.required("aliasName", this.alias_name.as_ref());
        check.text("aliasName", this.alias_name.as_ref(), &ALIAS_NAME);
        check.required("targetKeyId", this.target_key_id.as_ref());
        check.text("targetKeyId", this.target_key_id.as_ref(), &KEY_ID);
    }
);

/// `DeleteAlias`: takes a name away; the key stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeleteAliasRequest {
    /// The name, `alias/NAME`. Required.
    pub alias_name: Option<String>,
}

request!(
    DeleteAliasRequest,
    DeleteAlias,
    DeleteAliasResponse,
    |this, check| {
        check.required("aliasName", this.alias_name.as_ref());
        check.text("aliasName", this.alias_name.as_ref(), &ALIAS_NAME);
    }
);

empty_response! {
    /// `CreateAlias` answers nothing.
    CreateAliasResponse
    /// `UpdateAlias` answers nothing.
    UpdateAliasResponse
    /// `DeleteAlias` answers nothing.
    DeleteAliasResponse
}

/// `ListAliases`: the aliases of the account, or of one key, a page at a time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListAliasesRequest {
    /// Only the aliases of this key, by id or ARN.
    pub key_id: Option<String>,
    /// The most entries to answer.
    pub limit: Option<i32>,
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
}

request!(
    ListAliasesRequest,
    ListAliases,
    ListAliasesResponse,
    |this, check| {
        check.text("keyId", this.key_id.as_ref(), &KEY_ID);
        check.page(this.limit, this.marker.as_ref());
    }
);

/// The answer to `ListAliases`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListAliasesResponse {
    /// The aliases of this page.
    pub aliases: Vec<AliasListEntry>,
    /// What to ask the next page with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// Whether there is a next page.
    pub truncated: bool,
}

impl Response for ListAliasesResponse {}

/// One alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasListEntry {
    /// The name with its prefix.
    pub alias_name: AliasName,
    /// The name in full.
    #[serde(serialize_with = "as_text")]
    pub alias_arn: AliasArn,
    /// The key behind it.
    pub target_key_id: KeyId,
    /// When it was made.
    #[serde(serialize_with = "epoch_seconds")]
    pub creation_date: Timestamp,
    /// When it was last given a key.
    #[serde(serialize_with = "epoch_seconds")]
    pub last_updated_date: Timestamp,
}
