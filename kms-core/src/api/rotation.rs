//! Rotation: `EnableKeyRotation`, `DisableKeyRotation`, `GetKeyRotationStatus`,
//! `RotateKeyOnDemand`, `ListKeyRotations`.

use serde::{Deserialize, Serialize};

use super::message::{Response, empty_response, optional_epoch_seconds, request};
use super::validation::ROTATION_PERIOD_IN_DAYS;
use super::values::{
    ExpirationModelType, ImportState, IncludeKeyMaterial, KeyMaterialState, RotationType,
};
use crate::ids::{KeyArn, KeyMaterialId};
use crate::time::Timestamp;

/// `EnableKeyRotation`: new key material every so many days.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EnableKeyRotationRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// Days from one rotation to the next, 90–2560; 365 when absent.
    pub rotation_period_in_days: Option<i32>,
}

request!(
    EnableKeyRotationRequest,
    EnableKeyRotation,
    EnableKeyRotationResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.number(
            "rotationPeriodInDays",
            this.rotation_period_in_days,
            ROTATION_PERIOD_IN_DAYS,
        );
    }
);

/// `DisableKeyRotation`: no new key material on its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DisableKeyRotationRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
}

request!(
    DisableKeyRotationRequest,
    DisableKeyRotation,
    DisableKeyRotationResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
    }
);

empty_response! {
    /// `EnableKeyRotation` answers nothing.
    EnableKeyRotationResponse
    /// `DisableKeyRotation` answers nothing.
    DisableKeyRotationResponse
}

/// `GetKeyRotationStatus`: whether and when a key rotates.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetKeyRotationStatusRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
}

request!(
    GetKeyRotationStatusRequest,
    GetKeyRotationStatus,
    GetKeyRotationStatusResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
    }
);

/// The answer to `GetKeyRotationStatus`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetKeyRotationStatusResponse {
    /// Whether the key rotates on its own.
    pub key_rotation_enabled: bool,
    /// The key.
    pub key_id: KeyArn,
    /// Days from one rotation to the next; only where rotation is enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_period_in_days: Option<i32>,
    /// When the next automatic rotation is due.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_epoch_seconds"
    )]
    pub next_rotation_date: Option<Timestamp>,
    /// When a rotation on demand began that is still under way.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_epoch_seconds"
    )]
    pub on_demand_rotation_start_date: Option<Timestamp>,
}

impl Response for GetKeyRotationStatusResponse {}

/// `RotateKeyOnDemand`: new key material now.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RotateKeyOnDemandRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
}

request!(
    RotateKeyOnDemandRequest,
    RotateKeyOnDemand,
    RotateKeyOnDemandResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
    }
);

/// The answer to `RotateKeyOnDemand`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RotateKeyOnDemandResponse {
    /// The key.
    pub key_id: KeyArn,
}

impl Response for RotateKeyOnDemandResponse {}

/// `ListKeyRotations`: the key materials of a key, a page at a time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListKeyRotationsRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// Which key materials, an [`IncludeKeyMaterial`]; `ROTATIONS_ONLY` when absent.
    pub include_key_material: Option<String>,
    /// The most entries to answer.
    pub limit: Option<i32>,
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
}

request!(
    ListKeyRotationsRequest,
    ListKeyRotations,
    ListKeyRotationsResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.one_of(
            "includeKeyMaterial",
            this.include_key_material.as_ref(),
            IncludeKeyMaterial::VALUES,
        );
        check.page(this.limit, this.marker.as_ref());
    }
);

/// The answer to `ListKeyRotations`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListKeyRotationsResponse {
    /// The rotations of this page.
    pub rotations: Vec<RotationsListEntry>,
    /// What to ask the next page with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// Whether there is a next page.
    pub truncated: bool,
}

impl Response for ListKeyRotationsResponse {}

/// One key material of a key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RotationsListEntry {
    /// The key.
    pub key_id: KeyArn,
    /// The key material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
    /// What an imported material is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_description: Option<String>,
    /// Whether an imported material is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_state: Option<ImportState>,
    /// The part that it plays; only with `ALL_KEY_MATERIAL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_state: Option<KeyMaterialState>,
    /// Whether an imported material is destroyed at a set time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_model: Option<ExpirationModelType>,
    /// When an imported material is destroyed.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_epoch_seconds"
    )]
    pub valid_to: Option<Timestamp>,
    /// When it replaced the one before; the first has none.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_epoch_seconds"
    )]
    pub rotation_date: Option<Timestamp>,
    /// Why it replaced the one before; the first has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_type: Option<RotationType>,
}
