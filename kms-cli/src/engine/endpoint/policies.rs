//! Key policies.

use aws_sdk_kms::Client;
use kms_core::api::{
    GetKeyPolicyRequest, GetKeyPolicyResponse, PutKeyPolicyRequest, PutKeyPolicyResponse,
};

use super::{Remote, failed, present};
use crate::failure::Failure;

impl Remote for GetKeyPolicyRequest {
    async fn send(self, client: &Client) -> Result<GetKeyPolicyResponse, Failure> {
        let call = client
            .get_key_policy()
            .set_key_id(self.key_id)
            .set_policy_name(self.policy_name);
        let answer = call.send().await.map_err(failed)?;
        Ok(GetKeyPolicyResponse {
            policy: present(answer.policy)?,
            policy_name: answer.policy_name.unwrap_or_else(|| "default".to_owned()),
        })
    }
}

impl Remote for PutKeyPolicyRequest {
    async fn send(self, client: &Client) -> Result<PutKeyPolicyResponse, Failure> {
        let call = client
            .put_key_policy()
            .set_key_id(self.key_id)
            .set_policy_name(self.policy_name)
            .set_policy(self.policy)
            .set_bypass_policy_lockout_safety_check(self.bypass_policy_lockout_safety_check);
        call.send().await.map_err(failed)?;
        Ok(PutKeyPolicyResponse {})
    }
}
