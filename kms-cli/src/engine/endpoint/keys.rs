//! Keys and their states.

use aws_sdk_kms::Client;
use aws_sdk_kms::types;
use kms_core::api::{
    CancelKeyDeletionRequest, CancelKeyDeletionResponse, CreateKeyRequest, CreateKeyResponse,
    DescribeKeyRequest, DescribeKeyResponse, DisableKeyRequest, DisableKeyResponse,
    EnableKeyRequest, EnableKeyResponse, KeyListEntry, KeyMetadata, KeySpec, ListKeysRequest,
    ListKeysResponse, ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse,
    UpdateKeyDescriptionRequest, UpdateKeyDescriptionResponse, XksKeyConfigurationType,
};

use super::multi_region::configuration;
use super::{Remote, all_parsed, failed, optional, parsed, present, tags, timestamp};
use crate::failure::Failure;

impl Remote for CreateKeyRequest {
    async fn send(self, client: &Client) -> Result<CreateKeyResponse, Failure> {
        let call = client
            .create_key()
            .set_policy(self.policy)
            .set_description(self.description)
            .set_key_spec(self.key_spec.as_deref().map(Into::into))
            .set_key_usage(self.key_usage.as_deref().map(Into::into))
            .set_multi_region(self.multi_region)
            .set_tags(tags::to_sdk(self.tags)?);
        let answer = call.send().await.map_err(failed)?;
        Ok(CreateKeyResponse {
            key_metadata: metadata(present(answer.key_metadata)?)?,
        })
    }
}

impl Remote for DescribeKeyRequest {
    async fn send(self, client: &Client) -> Result<DescribeKeyResponse, Failure> {
        let call = client.describe_key().set_key_id(self.key_id);
        let answer = call.send().await.map_err(failed)?;
        Ok(DescribeKeyResponse {
            key_metadata: metadata(present(answer.key_metadata)?)?,
        })
    }
}

pub(super) fn metadata(from: types::KeyMetadata) -> Result<KeyMetadata, Failure> {
    let key_spec: KeySpec = parsed(from.key_spec.as_ref().map(types::KeySpec::as_str))?;
    let external = from.xks_key_configuration.and_then(|external| external.id);
    Ok(KeyMetadata {
        aws_account_id: parsed(from.aws_account_id)?,
        key_id: parsed(Some(from.key_id))?,
        arn: parsed(from.arn)?,
        creation_date: timestamp(&present(from.creation_date)?),
        enabled: from.enabled,
        description: from.description.unwrap_or_default(),
        key_usage: parsed(from.key_usage.map(|usage| usage.to_string()))?,
        key_state: parsed(from.key_state.map(|state| state.to_string()))?,
        deletion_date: from.deletion_date.as_ref().map(timestamp),
        valid_to: from.valid_to.as_ref().map(timestamp),
        origin: parsed(from.origin.map(|origin| origin.to_string()))?,
        expiration_model: optional(from.expiration_model.map(|model| model.to_string()))?,
        key_manager: parsed(from.key_manager.map(|manager| manager.to_string()))?,
        customer_master_key_spec: key_spec.deprecated(),
        key_spec,
        encryption_algorithms: all_parsed(from.encryption_algorithms)?,
        signing_algorithms: all_parsed(from.signing_algorithms)?,
        key_agreement_algorithms: all_parsed(from.key_agreement_algorithms)?,
        mac_algorithms: all_parsed(from.mac_algorithms)?,
        multi_region: from.multi_region.unwrap_or_default(),
        multi_region_configuration: from
            .multi_region_configuration
            .map(configuration)
            .transpose()?,
        pending_deletion_window_in_days: from.pending_deletion_window_in_days,
        custom_key_store_id: optional(from.custom_key_store_id)?,
        xks_key_configuration: external
            .map(|id| parsed(Some(id)))
            .transpose()?
            .map(|id| XksKeyConfigurationType { id }),
        current_key_material_id: optional(from.current_key_material_id)?,
    })
}

impl Remote for ListKeysRequest {
    async fn send(self, client: &Client) -> Result<ListKeysResponse, Failure> {
        let call = client
            .list_keys()
            .set_limit(self.limit)
            .set_marker(self.marker);
        let answer = call.send().await.map_err(failed)?;
        let keys: Result<_, Failure> = answer
            .keys
            .unwrap_or_default()
            .into_iter()
            .map(|key| {
                Ok(KeyListEntry {
                    key_id: parsed(key.key_id)?,
                    key_arn: parsed(key.key_arn)?,
                })
            })
            .collect();
        Ok(ListKeysResponse {
            keys: keys?,
            next_marker: answer.next_marker,
            truncated: answer.truncated,
        })
    }
}

impl Remote for EnableKeyRequest {
    async fn send(self, client: &Client) -> Result<EnableKeyResponse, Failure> {
        let call = client.enable_key().set_key_id(self.key_id);
        call.send().await.map_err(failed)?;
        Ok(EnableKeyResponse {})
    }
}

impl Remote for DisableKeyRequest {
    async fn send(self, client: &Client) -> Result<DisableKeyResponse, Failure> {
        let call = client.disable_key().set_key_id(self.key_id);
        call.send().await.map_err(failed)?;
        Ok(DisableKeyResponse {})
    }
}

impl Remote for UpdateKeyDescriptionRequest {
    async fn send(self, client: &Client) -> Result<UpdateKeyDescriptionResponse, Failure> {
        let call = client
            .update_key_description()
            .set_key_id(self.key_id)
            .set_description(self.description);
        call.send().await.map_err(failed)?;
        Ok(UpdateKeyDescriptionResponse {})
    }
}

impl Remote for ScheduleKeyDeletionRequest {
    async fn send(self, client: &Client) -> Result<ScheduleKeyDeletionResponse, Failure> {
        let call = client
            .schedule_key_deletion()
            .set_key_id(self.key_id)
            .set_pending_window_in_days(self.pending_window_in_days);
        let answer = call.send().await.map_err(failed)?;
        Ok(ScheduleKeyDeletionResponse {
            key_id: parsed(answer.key_id)?,
            deletion_date: answer.deletion_date.as_ref().map(timestamp),
            key_state: parsed(answer.key_state.map(|state| state.to_string()))?,
            pending_window_in_days: present(answer.pending_window_in_days)?,
        })
    }
}

impl Remote for CancelKeyDeletionRequest {
    async fn send(self, client: &Client) -> Result<CancelKeyDeletionResponse, Failure> {
        let call = client.cancel_key_deletion().set_key_id(self.key_id);
        let answer = call.send().await.map_err(failed)?;
        Ok(CancelKeyDeletionResponse {
            key_id: parsed(answer.key_id)?,
        })
    }
}
