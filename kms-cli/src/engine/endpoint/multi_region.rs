//! Multi-Region keys.

use aws_sdk_kms::Client;
use aws_sdk_kms::types;
use kms_core::api::{
    MultiRegionConfiguration, MultiRegionKey, ReplicateKeyRequest, ReplicateKeyResponse,
    UpdatePrimaryRegionRequest, UpdatePrimaryRegionResponse,
};

use super::keys::metadata;
use super::{Remote, failed, parsed, present, tags};
use crate::failure::Failure;

pub(super) fn configuration(
    from: types::MultiRegionConfiguration,
) -> Result<MultiRegionConfiguration, Failure> {
    let key_type = from.multi_region_key_type;
    let replicas = from.replica_keys.unwrap_or_default().into_iter().map(key);
    Ok(MultiRegionConfiguration {
        multi_region_key_type: parsed(key_type.map(|key_type| key_type.to_string()))?,
        primary_key: key(present(from.primary_key)?)?,
        replica_keys: replicas.collect::<Result<_, _>>()?,
    })
}

fn key(from: types::MultiRegionKey) -> Result<MultiRegionKey, Failure> {
    Ok(MultiRegionKey {
        arn: parsed(from.arn)?,
        region: parsed(from.region)?,
    })
}

impl Remote for ReplicateKeyRequest {
    async fn send(self, client: &Client) -> Result<ReplicateKeyResponse, Failure> {
        let call = client
            .replicate_key()
            .set_key_id(self.key_id)
            .set_replica_region(self.replica_region)
            .set_policy(self.policy)
            .set_description(self.description)
            .set_tags(tags::to_sdk(self.tags)?);
        let answer = call.send().await.map_err(failed)?;
        Ok(ReplicateKeyResponse {
            replica_key_metadata: metadata(present(answer.replica_key_metadata)?)?,
            replica_policy: answer.replica_policy.unwrap_or_default(),
            replica_tags: tags::from_sdk(answer.replica_tags),
        })
    }
}

impl Remote for UpdatePrimaryRegionRequest {
    async fn send(self, client: &Client) -> Result<UpdatePrimaryRegionResponse, Failure> {
        let call = client
            .update_primary_region()
            .set_key_id(self.key_id)
            .set_primary_region(self.primary_region);
        call.send().await.map_err(failed)?;
        Ok(UpdatePrimaryRegionResponse {})
    }
}
