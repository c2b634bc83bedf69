//! Key pairs for use elsewhere: `GenerateDataKeyPair`, `GenerateDataKeyPairWithoutPlaintext`.

use serde::{Deserialize, Serialize};

use super::blob::{Blob, encoded_length, secret};
use super::cryptographic::{RecipientInfo, check_recipient};
use super::message::{EncodeError, EncryptionContextMap, Response, request};
use super::object_writer::{ObjectWriter, Secret};
use super::values::DataKeyPairSpec;
use crate::ids::{KeyArn, KeyMaterialId};
use crate::secret::SecretBytes;

/// `GenerateDataKeyPair`: a new key pair, its private key in the clear and encrypted under a key of
/// the service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GenerateDataKeyPairRequest {
    /// Authenticated with the ciphertext, and needed unchanged to decrypt.
    pub encryption_context: Option<EncryptionContextMap>,
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// A [`DataKeyPairSpec`]. Required.
    pub key_pair_spec: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// The enclave to encrypt the answer to.
    pub recipient: Option<RecipientInfo>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    GenerateDataKeyPairRequest,
    GenerateDataKeyPair,
    GenerateDataKeyPairResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("keyPairSpec", this.key_pair_spec.as_ref());
        check.one_of(
            "keyPairSpec",
            this.key_pair_spec.as_ref(),
            DataKeyPairSpec::VALUES,
        );
        check.grant_tokens(this.grant_tokens.as_ref());
        check_recipient(check, this.recipient.as_ref());
    }
);

/// The answer to `GenerateDataKeyPair`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenerateDataKeyPairResponse {
    /// The private key, encrypted.
    pub private_key_ciphertext_blob: Blob,
    /// The private key: PKCS#8, DER.
    #[serde(serialize_with = "secret")]
    pub private_key_plaintext: SecretBytes,
    /// The public key: `SubjectPublicKeyInfo`, DER.
    pub public_key: Blob,
    /// The key.
    pub key_id: KeyArn,
    /// The kind of key pair.
    pub key_pair_spec: DataKeyPairSpec,
    /// The key material that the private key is encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
    /// The same encrypted to the enclave of the request, which alone can read it; the plaintext is
    /// empty then, and left out of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
}

impl Response for GenerateDataKeyPairResponse {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let for_recipient = self.ciphertext_for_recipient.as_ref();
        let secret = Secret::new(&self.private_key_plaintext, for_recipient);
        let room = [
            encoded_length(self.private_key_ciphertext_blob.len()),
            secret.encoded_length(),
            encoded_length(self.public_key.len()),
        ];
        let room = room.into_iter().sum();
        let mut object = ObjectWriter::begin(out, room);
        object.blob(
            "PrivateKeyCiphertextBlob",
            self.private_key_ciphertext_blob.as_slice(),
        );
        object.secret("PrivateKeyPlaintext", secret);
        object.blob("PublicKey", self.public_key.as_slice());
        object.plain("KeyId", &self.key_id)?;
        object.plain("KeyPairSpec", self.key_pair_spec)?;
        object.optional("KeyMaterialId", self.key_material_id.as_ref())?;
        object.end();
        Ok(())
    }
}

/// `GenerateDataKeyPairWithoutPlaintext`: a new key pair, its private key encrypted only.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GenerateDataKeyPairWithoutPlaintextRequest {
    /// Authenticated with the ciphertext, and needed unchanged to decrypt.
    pub encryption_context: Option<EncryptionContextMap>,
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// A [`DataKeyPairSpec`]. Required.
    pub key_pair_spec: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    GenerateDataKeyPairWithoutPlaintextRequest,
    GenerateDataKeyPairWithoutPlaintext,
    GenerateDataKeyPairWithoutPlaintextResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("keyPairSpec", this.key_pair_spec.as_ref());
        check.one_of(
            "keyPairSpec",
            this.key_pair_spec.as_ref(),
            DataKeyPairSpec::VALUES,
        );
        check.grant_tokens(this.grant_tokens.as_ref());
    }
);

/// The answer to `GenerateDataKeyPairWithoutPlaintext`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenerateDataKeyPairWithoutPlaintextResponse {
    /// The private key, encrypted: PKCS#8, DER.
    pub private_key_ciphertext_blob: Blob,
    /// The public key: `SubjectPublicKeyInfo`, DER.
    pub public_key: Blob,
    /// The key.
    pub key_id: KeyArn,
    /// The kind of key pair.
    pub key_pair_spec: DataKeyPairSpec,
    /// The key material that the private key is encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
}

impl Response for GenerateDataKeyPairWithoutPlaintextResponse {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_with_the_private_key_is_the_one_that_serde_would_write() {
        let response = GenerateDataKeyPairResponse {
            private_key_ciphertext_blob: vec![7; 2500].into(),
            private_key_plaintext: SecretBytes::new(vec![8; 2375]),
            public_key: vec![9; 550].into(),
            key_id: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                .parse()
                .unwrap(),
            key_pair_spec: DataKeyPairSpec::Rsa4096,
            key_material_id: Some("ab".repeat(32).parse().unwrap()),
            ciphertext_for_recipient: None,
        };
        let mut written = Vec::new();
        response.write_json(&mut written).unwrap();
        let derived = serde_json::to_string(&response).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), derived);
    }
}
