//! The uses of a key.

use std::collections::HashMap;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob as SdkBlob;
use kms_core::api::{
    Blob, DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, EncryptionContextMap,
    GenerateDataKeyRequest, GenerateDataKeyResponse, GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintextResponse, GenerateRandomRequest, GenerateRandomResponse,
};
use kms_core::secret::SecretBytes;

use super::{Remote, failed, optional, parsed, present};
use crate::failure::Failure;

fn context(context: Option<EncryptionContextMap>) -> Option<HashMap<String, String>> {
    context.map(|EncryptionContextMap(pairs)| pairs.into_iter().collect())
}

pub(super) fn blob(blob: Option<SdkBlob>) -> Result<Blob, Failure> {
    present(blob).map(|blob| blob.into_inner().into())
}

fn secret(blob: Option<SdkBlob>) -> Result<SecretBytes, Failure> {
    present(blob).map(|blob| SecretBytes::new(blob.into_inner()))
}

impl Remote for EncryptRequest {
    async fn send(self, client: &Client) -> Result<EncryptResponse, Failure> {
        let plaintext = self.plaintext.map(|secret| SdkBlob::new(secret.expose()));
        let call = client
            .encrypt()
            .set_key_id(self.key_id)
            .set_plaintext(plaintext)
            .set_encryption_algorithm(self.encryption_algorithm.as_deref().map(Into::into))
            .set_encryption_context(context(self.encryption_context));
        let answer = call.send().await.map_err(failed)?;
        Ok(EncryptResponse {
            ciphertext_blob: blob(answer.ciphertext_blob)?,
            key_id: parsed(answer.key_id)?,
            encryption_algorithm: parsed(answer.encryption_algorithm.map(|a| a.to_string()))?,
        })
    }
}

impl Remote for DecryptRequest {
    async fn send(self, client: &Client) -> Result<DecryptResponse, Failure> {
        let ciphertext = self
            .ciphertext_blob
            .map(|blob| SdkBlob::new(blob.into_vec()));
        let call = client
            .decrypt()
            .set_key_id(self.key_id)
            .set_ciphertext_blob(ciphertext)
            .set_encryption_algorithm(self.encryption_algorithm.as_deref().map(Into::into))
            .set_encryption_context(context(self.encryption_context));
        let answer = call.send().await.map_err(failed)?;
        Ok(DecryptResponse {
            key_id: parsed(answer.key_id)?,
            plaintext: secret(answer.plaintext)?,
            encryption_algorithm: parsed(answer.encryption_algorithm.map(|a| a.to_string()))?,
            key_material_id: optional(answer.key_material_id)?,
            ciphertext_for_recipient: None,
        })
    }
}

impl Remote for GenerateDataKeyRequest {
    async fn send(self, client: &Client) -> Result<GenerateDataKeyResponse, Failure> {
        let call = client
            .generate_data_key()
            .set_key_id(self.key_id)
            .set_encryption_context(context(self.encryption_context))
            .set_number_of_bytes(self.number_of_bytes)
            .set_key_spec(self.key_spec.as_deref().map(Into::into));
        let answer = call.send().await.map_err(failed)?;
        Ok(GenerateDataKeyResponse {
            ciphertext_blob: blob(answer.ciphertext_blob)?,
            plaintext: secret(answer.plaintext)?,
            key_id: parsed(answer.key_id)?,
            key_material_id: optional(answer.key_material_id)?,
            ciphertext_for_recipient: None,
        })
    }
}

impl Remote for GenerateDataKeyWithoutPlaintextRequest {
    async fn send(
        self,
        client: &Client,
    ) -> Result<GenerateDataKeyWithoutPlaintextResponse, Failure> {
        let call = client
            .generate_data_key_without_plaintext()
            .set_key_id(self.key_id)
            .set_encryption_context(context(self.encryption_context))
            .set_number_of_bytes(self.number_of_bytes)
            .set_key_spec(self.key_spec.as_deref().map(Into::into));
        let answer = call.send().await.map_err(failed)?;
        Ok(GenerateDataKeyWithoutPlaintextResponse {
            ciphertext_blob: blob(answer.ciphertext_blob)?,
            key_id: parsed(answer.key_id)?,
            key_material_id: optional(answer.key_material_id)?,
        })
    }
}

impl Remote for GenerateRandomRequest {
    async fn send(self, client: &Client) -> Result<GenerateRandomResponse, Failure> {
        let call = client
            .generate_random()
            .set_number_of_bytes(self.number_of_bytes);
        let answer = call.send().await.map_err(failed)?;
        Ok(GenerateRandomResponse {
            plaintext: secret(answer.plaintext)?,
            ciphertext_for_recipient: None,
        })
    }
}
