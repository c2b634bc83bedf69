//! `GetKeyLastUsage`.

use serde::{Deserialize, Serialize};

use super::message::{Response, epoch_seconds, request};
use super::operation::Operation;
use crate::ids::KeyId;
use crate::time::Timestamp;

/// `GetKeyLastUsage`: which cryptographic operation last succeeded with a key, and when.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetKeyLastUsageRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
}

request!(
    GetKeyLastUsageRequest,
    GetKeyLastUsage,
    GetKeyLastUsageResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
    }
);

/// The answer to `GetKeyLastUsage`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetKeyLastUsageResponse {
    /// The key.
    pub key_id: KeyId,
    /// The last use; left out for a key that was not used since `tracking_start_date`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_last_usage: Option<KeyLastUsageData>,
    /// Since when uses are known: the creation of the key, since every use is recorded.
    #[serde(serialize_with = "epoch_seconds")]
    pub tracking_start_date: Timestamp,
    /// When the key was made.
    #[serde(serialize_with = "epoch_seconds")]
    pub key_creation_date: Timestamp,
}

impl Response for GetKeyLastUsageResponse {}

/// One successful use of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyLastUsageData {
    /// The cryptographic operation.
    #[serde(serialize_with = "super::message::as_text")]
    pub operation: Operation,
    /// When, in whole seconds.
    #[serde(serialize_with = "epoch_seconds")]
    pub timestamp: Timestamp,
    /// The `eventID` of its record in the ledger.
    pub cloud_trail_event_id: String,
    /// The id of the request.
    pub kms_request_id: String,
}
