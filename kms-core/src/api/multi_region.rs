//! Multi-Region keys: replicating them, and changing which one is the primary.

use serde::{Deserialize, Serialize};

use super::keys::KeyMetadata;
use super::message::{Response, empty_response, request};
use super::tags::{RequestTag, Tag};
use super::validation::{DESCRIPTION, POLICY, REGION};
use super::values::MultiRegionKeyType;
use crate::ids::{KeyArn, Region};

/// `ReplicateKey`: makes a key in another Region with the id and the materials of a primary.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ReplicateKeyRequest {
    /// The primary, by id or ARN. Required.
    pub key_id: Option<String>,
    /// Where the replica shall be. Required.
    pub replica_region: Option<String>,
    /// The replica's key policy, JSON; the default policy when absent.
    pub policy: Option<String>,
    /// Lets the caller give the replica a policy that the caller could not change.
    pub bypass_policy_lockout_safety_check: Option<bool>,
    /// What the replica is for; empty when absent.
    pub description: Option<String>,
    /// The replica's tags.
    pub tags: Option<Vec<RequestTag>>,
}

request!(
    ReplicateKeyRequest,
    ReplicateKey,
    ReplicateKeyResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("replicaRegion", this.replica_region.as_ref());
        check.text("replicaRegion", this.replica_region.as_ref(), &REGION);
        check.text("policy", this.policy.as_ref(), &POLICY);
        check.text("description", this.description.as_ref(), &DESCRIPTION);
        check.tags(this.tags.as_ref());
    }
);

/// The answer to `ReplicateKey`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReplicateKeyResponse {
    /// The replica.
    pub replica_key_metadata: KeyMetadata,
    /// The replica's key policy.
    pub replica_policy: String,
    /// The replica's tags; absent when it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replica_tags: Vec<Tag>,
}

impl Response for ReplicateKeyResponse {}

/// `UpdatePrimaryRegion`: makes a replica the primary, and the primary a replica.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdatePrimaryRegionRequest {
    /// The primary as of now, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The Region of the replica that shall be the primary. Required.
    pub primary_region: Option<String>,
}

request!(
    UpdatePrimaryRegionRequest,
    UpdatePrimaryRegion,
    UpdatePrimaryRegionResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("primaryRegion", this.primary_region.as_ref());
        check.text("primaryRegion", this.primary_region.as_ref(), &REGION);
    }
);

empty_response! {
    /// `UpdatePrimaryRegion` answers nothing.
    UpdatePrimaryRegionResponse
}

/// A multi-Region key and those related to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MultiRegionConfiguration {
    /// The part that the key itself plays.
    pub multi_region_key_type: MultiRegionKeyType,
    /// The primary; the key itself if it is the one.
    pub primary_key: MultiRegionKey,
    /// Every replica in order of Region, the key itself among them if it is one.
    pub replica_keys: Vec<MultiRegionKey>,
}

/// One of several related keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MultiRegionKey {
    /// Its ARN.
    pub arn: KeyArn,
    /// Its Region.
    pub region: Region,
}

impl From<&KeyArn> for MultiRegionKey {
    fn from(arn: &KeyArn) -> Self {
        Self {
            arn: arn.clone(),
            region: arn.region.clone(),
        }
    }
}
