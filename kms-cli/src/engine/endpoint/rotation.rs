//! Rotation of keys.

use aws_sdk_kms::Client;
use aws_sdk_kms::types;
use kms_core::api::{
    DisableKeyRotationRequest, DisableKeyRotationResponse, EnableKeyRotationRequest,
    EnableKeyRotationResponse, GetKeyRotationStatusRequest, GetKeyRotationStatusResponse,
    ListKeyRotationsRequest, ListKeyRotationsResponse, RotateKeyOnDemandRequest,
    RotateKeyOnDemandResponse, RotationsListEntry,
};

use super::{Remote, failed, optional, parsed, timestamp};
use crate::failure::Failure;

impl Remote for EnableKeyRotationRequest {
    async fn send(self, client: &Client) -> Result<EnableKeyRotationResponse, Failure> {
        let call = client
            .enable_key_rotation()
            .set_key_id(self.key_id)
            .set_rotation_period_in_days(self.rotation_period_in_days);
        call.send().await.map_err(failed)?;
        Ok(EnableKeyRotationResponse {})
    }
}

impl Remote for DisableKeyRotationRequest {
    async fn send(self, client: &Client) -> Result<DisableKeyRotationResponse, Failure> {
        let call = client.disable_key_rotation().set_key_id(self.key_id);
        call.send().await.map_err(failed)?;
        Ok(DisableKeyRotationResponse {})
    }
}

impl Remote for GetKeyRotationStatusRequest {
    async fn send(self, client: &Client) -> Result<GetKeyRotationStatusResponse, Failure> {
        let call = client.get_key_rotation_status().set_key_id(self.key_id);
        let answer = call.send().await.map_err(failed)?;
        Ok(GetKeyRotationStatusResponse {
            key_rotation_enabled: answer.key_rotation_enabled,
            key_id: parsed(answer.key_id)?,
            rotation_period_in_days: answer.rotation_period_in_days,
            next_rotation_date: answer.next_rotation_date.as_ref().map(timestamp),
            on_demand_rotation_start_date: answer
                .on_demand_rotation_start_date
                .as_ref()
                .map(timestamp),
        })
    }
}

impl Remote for RotateKeyOnDemandRequest {
    async fn send(self, client: &Client) -> Result<RotateKeyOnDemandResponse, Failure> {
        let call = client.rotate_key_on_demand().set_key_id(self.key_id);
        let answer = call.send().await.map_err(failed)?;
        Ok(RotateKeyOnDemandResponse {
            key_id: parsed(answer.key_id)?,
        })
    }
}

impl Remote for ListKeyRotationsRequest {
    async fn send(self, client: &Client) -> Result<ListKeyRotationsResponse, Failure> {
        let include = self.include_key_material.as_deref();
        let call = client
            .list_key_rotations()
            .set_key_id(self.key_id)
            .set_include_key_material(include.map(Into::into))
            .set_limit(self.limit)
            .set_marker(self.marker);
        let answer = call.send().await.map_err(failed)?;
        let entries = answer.rotations.unwrap_or_default().into_iter();
        let rotations: Result<_, Failure> = entries.map(entry).collect();
        Ok(ListKeyRotationsResponse {
            rotations: rotations?,
            next_marker: answer.next_marker,
            truncated: answer.truncated,
        })
    }
}

fn entry(entry: types::RotationsListEntry) -> Result<RotationsListEntry, Failure> {
    Ok(RotationsListEntry {
        key_id: parsed(entry.key_id)?,
        key_material_id: optional(entry.key_material_id)?,
        key_material_state: optional(entry.key_material_state.map(|state| state.to_string()))?,
        key_material_description: entry.key_material_description,
        import_state: optional(entry.import_state.map(|state| state.to_string()))?,
        expiration_model: optional(entry.expiration_model.map(|model| model.to_string()))?,
        valid_to: entry.valid_to.as_ref().map(timestamp),
        rotation_date: entry.rotation_date.as_ref().map(timestamp),
        rotation_type: optional(entry.rotation_type.map(|kind| kind.to_string()))?,
    })
}
