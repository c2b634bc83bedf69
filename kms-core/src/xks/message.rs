//! The bodies of requests to a proxy and of its answers. Members that are not known are ignored,
//! since the specification grows; a repeated one is refused.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::api::{Blob, object, required_secret, write_secret};
use crate::secret::SecretBytes;

/// A body that is not the JSON object of the specification. Says nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not the JSON of the specification")]
pub struct Malformed;

/// Reads a body: one JSON object and nothing after it.
///
/// # Errors
/// [`Malformed`] for anything else.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let message = object(&mut deserializer).map_err(|_| Malformed)?;
    deserializer.end().map_err(|_| Malformed)?;
    Ok(message)
}

/// On whose behalf a proxy is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestMetadata {
    /// Who called KMS; not for `health`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_principal_arn: Option<String>,
    /// The key of KMS, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// What was called.
    pub kms_operation: String,
    /// The id of that request.
    pub kms_request_id: String,
    /// The service that called KMS for somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_via_service: Option<String>,
}

/// `health` and `metadata`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataRequest {
    /// On whose behalf.
    #[serde(deserialize_with = "object")]
    pub request_metadata: RequestMetadata,
}

/// The answer to `health`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthReply {
    /// How many proxies there are: at least one.
    pub xks_proxy_fleet_size: u32,
    /// Who makes the proxy.
    pub xks_proxy_vendor: String,
    /// Its name and version.
    pub xks_proxy_model: String,
    /// Who makes the key manager.
    pub ekm_vendor: String,
    /// The key managers: 1 to 10.
    pub ekm_fleet_details: Vec<ExternalKeyManager>,
}

impl HealthReply {
    /// What a key manager is that serves nobody.
    const UNAVAILABLE: &str = "UNAVAILABLE";

    /// Whether the members are in their bounds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.xks_proxy_fleet_size > 0
            && (1..=10).contains(&self.ekm_fleet_details.len())
            && self.ekm_fleet_details.iter().all(|manager| {
                ["ACTIVE", "DEGRADED", Self::UNAVAILABLE].contains(&manager.health_status.as_str())
            })
    }

    /// Whether one of the key managers serves requests.
    #[must_use]
    pub fn is_available(&self) -> bool {
        let mut managers = self.ekm_fleet_details.iter();
        managers.any(|manager| manager.health_status != Self::UNAVAILABLE)
    }
}

/// One external key manager.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalKeyManager {
    /// Which.
    pub id: String,
    /// Its name and version.
    pub model: String,
    /// `ACTIVE`, `DEGRADED` or `UNAVAILABLE`.
    pub health_status: String,
}

/// The answer to `metadata`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataReply {
    /// `AES_256` for the only keys that fit.
    pub key_spec: String,
    /// At most ten; `ENCRYPT` and `DECRYPT` are needed.
    pub key_usage: Vec<String>,
    /// `ENABLED` or `DISABLED`.
    pub key_status: String,
}

impl MetadataReply {
    /// Whether the key can be that of a KMS key.
    #[must_use]
    pub fn fits(&self) -> bool {
        let has = |usage: &str| self.key_usage.iter().any(|found| found == usage);
        self.key_spec == "AES_256"
            && has("ENCRYPT")
            && has("DECRYPT")
            && self.key_status == "ENABLED"
    }
}

/// `encrypt`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EncryptRequest {
    /// On whose behalf.
    #[serde(deserialize_with = "object")]
    pub request_metadata: RequestMetadata,
    /// What is authenticated besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_authenticated_data: Option<Blob>,
    /// What is to be encrypted.
    #[serde(deserialize_with = "required_secret", serialize_with = "write_secret")]
    pub plaintext: SecretBytes,
    /// [`super::AES_GCM`].
    pub encryption_algorithm: String,
    /// [`super::SHA_256`], when the integrity value is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ciphertext_data_integrity_value_algorithm: Option<String>,
}

/// The answer to `encrypt`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EncryptReply {
    /// As long as the plaintext.
    pub ciphertext: Blob,
    /// What the proxy wants back: at most 20 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ciphertext_metadata: Option<Blob>,
    /// 12 or 16 bytes.
    pub initialization_vector: Blob,
    /// 16 bytes.
    pub authentication_tag: Blob,
    /// SHA-256 over all of these, when it was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ciphertext_data_integrity_value: Option<Blob>,
}

/// `decrypt`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecryptRequest {
    /// On whose behalf.
    #[serde(deserialize_with = "object")]
    pub request_metadata: RequestMetadata,
    /// What was authenticated besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_authenticated_data: Option<Blob>,
    /// What is to be decrypted.
    pub ciphertext: Blob,
    /// What came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ciphertext_metadata: Option<Blob>,
    /// [`super::AES_GCM`].
    pub encryption_algorithm: String,
    /// As it was answered.
    pub initialization_vector: Blob,
    /// As it was answered.
    pub authentication_tag: Blob,
}

/// The answer to `decrypt`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecryptReply {
    /// As long as the ciphertext.
    #[serde(deserialize_with = "required_secret", serialize_with = "write_secret")]
    pub plaintext: SecretBytes,
}

/// An answer that refuses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorReply {
    /// One of [`super::ErrorName`].
    pub error_name: String,
    /// For the log of whoever runs the other side; untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}
