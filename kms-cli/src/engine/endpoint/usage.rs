//! The last use of keys.

use aws_sdk_kms::Client;
use aws_sdk_kms::types;
use kms_core::api::{GetKeyLastUsageRequest, GetKeyLastUsageResponse, KeyLastUsageData};

use super::{Remote, failed, parsed, present, timestamp};
use crate::failure::Failure;

impl Remote for GetKeyLastUsageRequest {
    async fn send(self, client: &Client) -> Result<GetKeyLastUsageResponse, Failure> {
        let call = client.get_key_last_usage().set_key_id(self.key_id);
        let answer = call.send().await.map_err(failed)?;
        Ok(GetKeyLastUsageResponse {
            key_id: parsed(answer.key_id)?,
            key_last_usage: answer.key_last_usage.and_then(used).transpose()?,
            tracking_start_date: timestamp(&present(answer.tracking_start_date)?),
            key_creation_date: timestamp(&present(answer.key_creation_date)?),
        })
    }
}

/// AWS may leave out the structure or all its members for a key that was not used.
fn used(data: types::KeyLastUsageData) -> Option<Result<KeyLastUsageData, Failure>> {
    let operation = data.operation?;
    let data = || {
        Ok(KeyLastUsageData {
            operation: parsed(Some(operation.as_str()))?,
            timestamp: timestamp(&present(data.timestamp)?),
            cloud_trail_event_id: present(data.cloud_trail_event_id)?,
            kms_request_id: present(data.kms_request_id)?,
        })
    };
    Some(data())
}
