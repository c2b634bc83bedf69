//! The uses of key pairs and HMAC keys.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob as SdkBlob;
use kms_core::api::{
    Blob, GenerateMacRequest, GenerateMacResponse, GetPublicKeyRequest, GetPublicKeyResponse,
    KeySpec, SignRequest, SignResponse, VerifyMacRequest, VerifyMacResponse, VerifyRequest,
    VerifyResponse,
};
use kms_core::secret::SecretBytes;

use super::cryptographic::blob;
use super::{Remote, all_parsed, failed, parsed};
use crate::failure::Failure;

fn message(message: Option<SecretBytes>) -> Option<SdkBlob> {
    message.map(|secret| SdkBlob::new(secret.expose()))
}

fn sent(blob: Option<Blob>) -> Option<SdkBlob> {
    blob.map(|blob| SdkBlob::new(blob.into_vec()))
}

impl Remote for SignRequest {
    async fn send(self, client: &Client) -> Result<SignResponse, Failure> {
        let call = client
            .sign()
            .set_key_id(self.key_id)
            .set_message(message(self.message))
            .set_message_type(self.message_type.as_deref().map(Into::into))
            .set_signing_algorithm(self.signing_algorithm.as_deref().map(Into::into));
        let answer = call.send().await.map_err(failed)?;
        Ok(SignResponse {
            key_id: parsed(answer.key_id)?,
            signature: blob(answer.signature)?,
            signing_algorithm: parsed(answer.signing_algorithm.map(|a| a.to_string()))?,
        })
    }
}

impl Remote for VerifyRequest {
    async fn send(self, client: &Client) -> Result<VerifyResponse, Failure> {
        let call = client
            .verify()
            .set_key_id(self.key_id)
            .set_message(message(self.message))
            .set_message_type(self.message_type.as_deref().map(Into::into))
            .set_signature(sent(self.signature))
            .set_signing_algorithm(self.signing_algorithm.as_deref().map(Into::into));
        let answer = call.send().await.map_err(failed)?;
        Ok(VerifyResponse {
            key_id: parsed(answer.key_id)?,
            signature_valid: answer.signature_valid,
            signing_algorithm: parsed(answer.signing_algorithm.map(|a| a.to_string()))?,
        })
    }
}

impl Remote for GetPublicKeyRequest {
    async fn send(self, client: &Client) -> Result<GetPublicKeyResponse, Failure> {
        let call = client.get_public_key().set_key_id(self.key_id);
        let answer = call.send().await.map_err(failed)?;
        let key_spec: KeySpec = parsed(answer.key_spec.map(|spec| spec.to_string()))?;
        Ok(GetPublicKeyResponse {
            key_id: parsed(answer.key_id)?,
            public_key: blob(answer.public_key)?,
            customer_master_key_spec: key_spec.deprecated(),
            key_spec,
            key_usage: parsed(answer.key_usage.map(|usage| usage.to_string()))?,
            encryption_algorithms: all_parsed(answer.encryption_algorithms)?,
            signing_algorithms: all_parsed(answer.signing_algorithms)?,
            key_agreement_algorithms: all_parsed(answer.key_agreement_algorithms)?,
        })
    }
}

impl Remote for GenerateMacRequest {
    async fn send(self, client: &Client) -> Result<GenerateMacResponse, Failure> {
        let call = client
            .generate_mac()
            .set_key_id(self.key_id)
            .set_message(message(self.message))
            .set_mac_algorithm(self.mac_algorithm.as_deref().map(Into::into));
        let answer = call.send().await.map_err(failed)?;
        Ok(GenerateMacResponse {
            mac: blob(answer.mac)?,
            mac_algorithm: parsed(answer.mac_algorithm.map(|a| a.to_string()))?,
            key_id: parsed(answer.key_id)?,
        })
    }
}

impl Remote for VerifyMacRequest {
    async fn send(self, client: &Client) -> Result<VerifyMacResponse, Failure> {
        let call = client
            .verify_mac()
            .set_key_id(self.key_id)
            .set_message(message(self.message))
            .set_mac(sent(self.mac))
            .set_mac_algorithm(self.mac_algorithm.as_deref().map(Into::into));
        let answer = call.send().await.map_err(failed)?;
        Ok(VerifyMacResponse {
            key_id: parsed(answer.key_id)?,
            mac_valid: answer.mac_valid,
            mac_algorithm: parsed(answer.mac_algorithm.map(|a| a.to_string()))?,
        })
    }
}
