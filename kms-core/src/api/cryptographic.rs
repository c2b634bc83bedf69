//! The uses of a key: `Encrypt`, `Decrypt`, `ReEncrypt`, `GenerateDataKey`,
//! `GenerateDataKeyWithoutPlaintext`, and `GenerateRandom`.

use serde::{Deserialize, Deserializer, Serialize};

use super::blob::{Blob, encoded_length, optional_secret, secret};
use super::message::{EncodeError, EncryptionContextMap, Response, object, request};
use super::object_writer::{ObjectWriter, Secret};
use super::validation::{
    ATTESTATION_DOCUMENT, CIPHERTEXT, CUSTOM_KEY_STORE_ID, Checks, KEY_ID, NUMBER_OF_BYTES,
    PLAINTEXT,
};
use super::values::{DataKeySpec, DryRunModifier, EncryptionAlgorithm, KeyEncryptionMechanism};
use crate::ids::{KeyArn, KeyMaterialId};
use crate::secret::SecretBytes;

/// `Encrypt`: up to 4096 bytes under a key.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EncryptRequest {
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// What to encrypt: 1–4096 bytes. Required.
    #[serde(deserialize_with = "optional_secret")]
    pub plaintext: Option<SecretBytes>,
    /// Authenticated with the ciphertext, and needed unchanged to decrypt.
    pub encryption_context: Option<EncryptionContextMap>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// An [`EncryptionAlgorithm`]; `SYMMETRIC_DEFAULT` when absent.
    pub encryption_algorithm: Option<String>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(EncryptRequest, Encrypt, EncryptResponse, |this, check| {
    check.required_key_id(this.key_id.as_ref());
    check.required("plaintext", this.plaintext.as_ref());
    check.secret("plaintext", this.plaintext.as_ref(), PLAINTEXT);
    check.grant_tokens(this.grant_tokens.as_ref());
    check.one_of(
        "encryptionAlgorithm",
        this.encryption_algorithm.as_ref(),
        EncryptionAlgorithm::VALUES,
    );
});

/// The answer to `Encrypt`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EncryptResponse {
    /// The ciphertext.
    pub ciphertext_blob: Blob,
    /// The key.
    pub key_id: KeyArn,
    /// How it was encrypted.
    pub encryption_algorithm: EncryptionAlgorithm,
}

impl Response for EncryptResponse {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut object = ObjectWriter::begin(out, encoded_length(self.ciphertext_blob.len()));
        object.blob("CiphertextBlob", self.ciphertext_blob.as_slice());
        object.plain("KeyId", &self.key_id)?;
        object.plain("EncryptionAlgorithm", self.encryption_algorithm)?;
        object.end();
        Ok(())
    }
}

/// `Decrypt`: what was encrypted under a key.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DecryptRequest {
    /// The ciphertext: 1–6144 bytes. Required, but for a dry run that leaves it out.
    pub ciphertext_blob: Option<Blob>,
    /// The encryption context that it was encrypted with.
    pub encryption_context: Option<EncryptionContextMap>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// The key that must have made it, by id, ARN, alias name or alias ARN.
    pub key_id: Option<String>,
    /// An [`EncryptionAlgorithm`]; `SYMMETRIC_DEFAULT` when absent.
    pub encryption_algorithm: Option<String>,
    /// The enclave to encrypt the answer to.
    pub recipient: Option<RecipientInfo>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
    /// What the dry run leaves out, each a [`DryRunModifier`].
    pub dry_run_modifiers: Option<Vec<String>>,
}

request!(DecryptRequest, Decrypt, DecryptResponse, |this, check| {
    check.blob("ciphertextBlob", this.ciphertext_blob.as_ref(), CIPHERTEXT);
    check.grant_tokens(this.grant_tokens.as_ref());
    check.text("keyId", this.key_id.as_ref(), &KEY_ID);
    check.one_of(
        "encryptionAlgorithm",
        this.encryption_algorithm.as_ref(),
        EncryptionAlgorithm::VALUES,
    );
    check_recipient(check, this.recipient.as_ref());
    check.each_one_of(
        "dryRunModifiers",
        this.dry_run_modifiers.as_ref(),
        DryRunModifier::VALUES,
    );
});

/// The answer to `Decrypt`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DecryptResponse {
    /// The key that the ciphertext was made under.
    pub key_id: KeyArn,
    /// What was encrypted.
    #[serde(serialize_with = "secret")]
    pub plaintext: SecretBytes,
    /// How it was encrypted.
    pub encryption_algorithm: EncryptionAlgorithm,
    /// The key material that the ciphertext was made with; only for symmetric keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
    /// The same encrypted to the enclave of the request, which alone can read it; the plaintext is
    /// empty then, and left out of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
}

impl Response for DecryptResponse {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let secret = Secret::new(&self.plaintext, self.ciphertext_for_recipient.as_ref());
        let mut object = ObjectWriter::begin(out, secret.encoded_length());
        object.plain("KeyId", &self.key_id)?;
        object.secret("Plaintext", secret);
        object.plain("EncryptionAlgorithm", self.encryption_algorithm)?;
        object.optional("KeyMaterialId", self.key_material_id.as_ref())?;
        object.end();
        Ok(())
    }
}

/// `ReEncrypt`: from one key to another, without showing the plaintext.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ReEncryptRequest {
    /// The ciphertext: 1–6144 bytes. Required, but for a dry run that leaves it out.
    pub ciphertext_blob: Option<Blob>,
    /// The encryption context that it was encrypted with.
    pub source_encryption_context: Option<EncryptionContextMap>,
    /// The key that must have made it, by id, ARN, alias name or alias ARN.
    pub source_key_id: Option<String>,
    /// The new key, by id, ARN, alias name or alias ARN. Required.
    pub destination_key_id: Option<String>,
    /// The encryption context of the new ciphertext.
    pub destination_encryption_context: Option<EncryptionContextMap>,
    /// An [`EncryptionAlgorithm`]; `SYMMETRIC_DEFAULT` when absent.
    pub source_encryption_algorithm: Option<String>,
    /// An [`EncryptionAlgorithm`]; `SYMMETRIC_DEFAULT` when absent.
    pub destination_encryption_algorithm: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
    /// What the dry run leaves out, each a [`DryRunModifier`].
    pub dry_run_modifiers: Option<Vec<String>>,
}

request!(
    ReEncryptRequest,
    ReEncrypt,
    ReEncryptResponse,
    |this, check| {
        check.blob("ciphertextBlob", this.ciphertext_blob.as_ref(), CIPHERTEXT);
        check.text("sourceKeyId", this.source_key_id.as_ref(), &KEY_ID);
        check.required("destinationKeyId", this.destination_key_id.as_ref());
        check.text(
            "destinationKeyId",
            this.destination_key_id.as_ref(),
            &KEY_ID,
        );
        check.one_of(
            "sourceEncryptionAlgorithm",
            this.source_encryption_algorithm.as_ref(),
            EncryptionAlgorithm::VALUES,
        );
        check.one_of(
            "destinationEncryptionAlgorithm",
            this.destination_encryption_algorithm.as_ref(),
            EncryptionAlgorithm::VALUES,
        );
        check.grant_tokens(this.grant_tokens.as_ref());
        check.each_one_of(
            "dryRunModifiers",
            this.dry_run_modifiers.as_ref(),
            DryRunModifier::VALUES,
        );
    }
);

/// The answer to `ReEncrypt`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReEncryptResponse {
    /// The new ciphertext.
    pub ciphertext_blob: Blob,
    /// The key of the old ciphertext.
    pub source_key_id: KeyArn,
    /// The key of the new ciphertext.
    pub key_id: KeyArn,
    /// How the old ciphertext was encrypted.
    pub source_encryption_algorithm: EncryptionAlgorithm,
    /// How the new ciphertext is encrypted.
    pub destination_encryption_algorithm: EncryptionAlgorithm,
    /// The key material of the old ciphertext; only for symmetric keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_key_material_id: Option<KeyMaterialId>,
    /// The key material of the new ciphertext; only for symmetric keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_key_material_id: Option<KeyMaterialId>,
}

impl Response for ReEncryptResponse {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut object = ObjectWriter::begin(out, encoded_length(self.ciphertext_blob.len()));
        object.blob("CiphertextBlob", self.ciphertext_blob.as_slice());
        object.plain("SourceKeyId", &self.source_key_id)?;
        object.plain("KeyId", &self.key_id)?;
        object.plain(
            "SourceEncryptionAlgorithm",
            self.source_encryption_algorithm,
        )?;
        object.plain(
            "DestinationEncryptionAlgorithm",
            self.destination_encryption_algorithm,
        )?;
        object.optional("SourceKeyMaterialId", self.source_key_material_id.as_ref())?;
        object.optional(
            "DestinationKeyMaterialId",
            self.destination_key_material_id.as_ref(),
        )?;
        object.end();
        Ok(())
    }
}

/// `GenerateDataKey`: a new key, in the clear and encrypted under a key of the service.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GenerateDataKeyRequest {
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// Authenticated with the ciphertext, and needed unchanged to decrypt.
    pub encryption_context: Option<EncryptionContextMap>,
    /// The length in bytes, 1–1024; this or `key_spec`.
    pub number_of_bytes: Option<i32>,
    /// A [`DataKeySpec`]; this or `number_of_bytes`.
    pub key_spec: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// The enclave to encrypt the answer to.
    pub recipient: Option<RecipientInfo>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    GenerateDataKeyRequest,
    GenerateDataKey,
    GenerateDataKeyResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.number("numberOfBytes", this.number_of_bytes, NUMBER_OF_BYTES);
        check.one_of("keySpec", this.key_spec.as_ref(), DataKeySpec::VALUES);
        check.grant_tokens(this.grant_tokens.as_ref());
        check_recipient(check, this.recipient.as_ref());
    }
);

/// The answer to `GenerateDataKey`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenerateDataKeyResponse {
    /// The data key, encrypted.
    pub ciphertext_blob: Blob,
    /// The data key.
    #[serde(serialize_with = "secret")]
    pub plaintext: SecretBytes,
    /// The key.
    pub key_id: KeyArn,
    /// The key material that the data key is encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
    /// The same encrypted to the enclave of the request, which alone can read it; the plaintext is
    /// empty then, and left out of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
}

impl Response for GenerateDataKeyResponse {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let secret = Secret::new(&self.plaintext, self.ciphertext_for_recipient.as_ref());
        let blobs =
            encoded_length(self.ciphertext_blob.len()).saturating_add(secret.encoded_length());
        let mut object = ObjectWriter::begin(out, blobs);
        object.blob("CiphertextBlob", self.ciphertext_blob.as_slice());
        object.secret("Plaintext", secret);
        object.plain("KeyId", &self.key_id)?;
        object.optional("KeyMaterialId", self.key_material_id.as_ref())?;
        object.end();
        Ok(())
    }
}

/// `GenerateDataKeyWithoutPlaintext`: a new key, encrypted only.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GenerateDataKeyWithoutPlaintextRequest {
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// Authenticated with the ciphertext, and needed unchanged to decrypt.
    pub encryption_context: Option<EncryptionContextMap>,
    /// A [`DataKeySpec`]; this or `number_of_bytes`.
    pub key_spec: Option<String>,
    /// The length in bytes, 1–1024; this or `key_spec`.
    pub number_of_bytes: Option<i32>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintext,
    GenerateDataKeyWithoutPlaintextResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.one_of("keySpec", this.key_spec.as_ref(), DataKeySpec::VALUES);
        check.number("numberOfBytes", this.number_of_bytes, NUMBER_OF_BYTES);
        check.grant_tokens(this.grant_tokens.as_ref());
    }
);

/// The answer to `GenerateDataKeyWithoutPlaintext`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenerateDataKeyWithoutPlaintextResponse {
    /// The data key, encrypted.
    pub ciphertext_blob: Blob,
    /// The key.
    pub key_id: KeyArn,
    /// The key material that the data key is encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
}

impl Response for GenerateDataKeyWithoutPlaintextResponse {}

/// `GenerateRandom`: unpredictable bytes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GenerateRandomRequest {
    /// How many, 1–1024. The service requires it, the model does not.
    pub number_of_bytes: Option<i32>,
    /// The custom key store to make them in.
    pub custom_key_store_id: Option<String>,
    /// The enclave to encrypt the answer to.
    pub recipient: Option<RecipientInfo>,
}

request!(
    GenerateRandomRequest,
    GenerateRandom,
    GenerateRandomResponse,
    |this, check| {
        check.number("numberOfBytes", this.number_of_bytes, NUMBER_OF_BYTES);
        check.text(
            "customKeyStoreId",
            this.custom_key_store_id.as_ref(),
            &CUSTOM_KEY_STORE_ID,
        );
        check_recipient(check, this.recipient.as_ref());
    }
);

/// The answer to `GenerateRandom`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenerateRandomResponse {
    /// The bytes.
    #[serde(serialize_with = "secret")]
    pub plaintext: SecretBytes,
    /// The same encrypted to the enclave of the request, which alone can read it; the plaintext is
    /// empty then, and left out of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
}

impl Response for GenerateRandomResponse {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let secret = Secret::new(&self.plaintext, self.ciphertext_for_recipient.as_ref());
        let mut object = ObjectWriter::begin(out, secret.encoded_length());
        object.secret("Plaintext", secret);
        object.end();
        Ok(())
    }
}

/// An attested enclave that the answer is to be encrypted to.
#[derive(Clone, Debug)]
pub struct RecipientInfo {
    /// A [`KeyEncryptionMechanism`].
    pub key_encryption_algorithm: Option<String>,
    /// The enclave's signed word on itself and its public key.
    pub attestation_document: Option<Blob>,
}

impl<'de> Deserialize<'de> for RecipientInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Members {
            key_encryption_algorithm: Option<String>,
            attestation_document: Option<Blob>,
        }
        let members: Members = object(deserializer)?;
        Ok(Self {
            key_encryption_algorithm: members.key_encryption_algorithm,
            attestation_document: members.attestation_document,
        })
    }
}

pub(super) fn check_recipient(check: &mut Checks, recipient: Option<&RecipientInfo>) {
    let Some(recipient) = recipient else { return };
    check.one_of(
        "recipient.keyEncryptionAlgorithm",
        recipient.key_encryption_algorithm.as_ref(),
        KeyEncryptionMechanism::VALUES,
    );
    check.blob(
        "recipient.attestationDocument",
        recipient.attestation_document.as_ref(),
        ATTESTATION_DOCUMENT,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::object_writer::ROOM_BESIDE_BLOBS;
    use crate::api::{MalformedRequest, parse};

    fn key() -> KeyArn {
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
            .parse()
            .unwrap()
    }

    fn material() -> Option<KeyMaterialId> {
        Some("ab".repeat(32).parse().unwrap())
    }

    fn assert_written_as_derived(response: &impl Response) {
        let mut written = Vec::new();
        response.write_json(&mut written).unwrap();
        let derived = serde_json::to_string(response).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), derived);
    }

    #[test]
    fn the_hand_written_responses_are_those_that_serde_would_write() {
        let algorithm = EncryptionAlgorithm::SymmetricDefault;
        for key_material_id in [None, material()] {
            assert_written_as_derived(&DecryptResponse {
                key_id: key(),
                plaintext: SecretBytes::new(b"ab".to_vec()),
                encryption_algorithm: algorithm,
                key_material_id: key_material_id.clone(),
                ciphertext_for_recipient: None,
            });
            assert_written_as_derived(&GenerateDataKeyResponse {
                ciphertext_blob: vec![7; 100].into(),
                plaintext: SecretBytes::new(vec![1; 32]),
                key_id: key(),
                key_material_id: key_material_id.clone(),
                ciphertext_for_recipient: None,
            });
            assert_written_as_derived(&ReEncryptResponse {
                ciphertext_blob: vec![7; 6144].into(),
                source_key_id: key(),
                key_id: key(),
                source_encryption_algorithm: algorithm,
                destination_encryption_algorithm: algorithm,
                source_key_material_id: key_material_id.clone(),
                destination_key_material_id: key_material_id,
            });
        }
        assert_written_as_derived(&EncryptResponse {
            ciphertext_blob: vec![255; 101].into(),
            key_id: key(),
            encryption_algorithm: algorithm,
        });
        assert_written_as_derived(&GenerateRandomResponse {
            plaintext: SecretBytes::new(vec![0; 1024]),
            ciphertext_for_recipient: None,
        });
    }

    #[test]
    fn what_is_for_a_recipient_stands_for_the_plaintext() {
        let mut written = Vec::new();
        GenerateRandomResponse {
            plaintext: SecretBytes::new(Vec::new()),
            ciphertext_for_recipient: Some(vec![1, 2].into()),
        }
        .write_json(&mut written)
        .unwrap();
        assert_eq!(written, br#"{"CiphertextForRecipient":"AQI="}"#);
    }

    #[test]
    fn a_response_is_appended_to_what_is_there_without_growing_again() {
        let mut out = b"before ".to_vec();
        let room = 7 + encoded_length(4096) + ROOM_BESIDE_BLOBS;
        out.reserve_exact(room - out.len());
        let start = out.as_ptr();
        DecryptResponse {
            key_id: key(),
            plaintext: SecretBytes::new(vec![1; 4096]),
            encryption_algorithm: EncryptionAlgorithm::SymmetricDefault,
            key_material_id: material(),
            ciphertext_for_recipient: None,
        }
        .write_json(&mut out)
        .unwrap();
        assert!(out.starts_with(b"before {\"KeyId\":\"arn:"));
        assert_eq!(out.as_ptr(), start);
    }

    #[test]
    fn a_request_does_not_print_its_plaintext() {
        let request: EncryptRequest = parse(br#"{"KeyId":"k","Plaintext":"c2VjcmV0"}"#).unwrap();
        assert_eq!(request.plaintext.as_ref().unwrap().expose(), b"secret");
        let printed = format!("{request:?}");
        assert!(printed.contains("SecretBytes(…)") && !printed.contains("secret\""));
    }

    #[test]
    fn a_body_that_is_not_the_request_is_refused() {
        for body in [
            "",
            "null",
            "[]",
            r#"["k","c2VjcmV0"]"#,
            "{",
            "{} {}",
            r#"{"KeyId":"a","KeyId":"b"}"#,
            r#"{"KeyId":1}"#,
            r#"{"Plaintext":[1]}"#,
            r#"{"Plaintext":"c2VjcmV"}"#,
            r#"{"DryRun":"true"}"#,
            r#"{"GrantTokens":[null]}"#,
            r#"{"EncryptionContext":{"a":"1","a":"1"}}"#,
            r#"{"EncryptionContext":{"a":1}}"#,
            r#"{"EncryptionContext":[["a","1"]]}"#,
        ] {
            let parsed = parse::<EncryptRequest>(body.as_bytes());
            assert_eq!(parsed.map(|_| ()), Err(MalformedRequest), "{body}");
        }
        for body in [
            r#"{"Recipient":["RSAES_OAEP_SHA_256","YQ=="]}"#,
            r#"{"NumberOfBytes":1.0}"#,
            r#"{"NumberOfBytes":"1"}"#,
            r#"{"NumberOfBytes":4294967296}"#,
        ] {
            assert!(parse::<GenerateDataKeyRequest>(body.as_bytes()).is_err());
        }
    }

    #[test]
    fn an_unknown_member_may_nest_deeper_than_the_stack() {
        let depth = 1_000_000;
        let body = format!("{{\"New\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse::<EncryptRequest>(body.as_bytes()).is_ok());
    }

    #[test]
    fn unknown_members_are_ignored_and_null_is_absent() {
        let request: DecryptRequest =
            parse(br#"{"New":{"a":[1]},"KeyId":null,"CiphertextBlob":"AQI="}"#).unwrap();
        assert!(request.key_id.is_none());
        assert_eq!(request.ciphertext_blob.unwrap().as_slice(), [1, 2]);
    }
}
