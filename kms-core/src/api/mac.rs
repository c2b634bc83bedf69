//! The uses of HMAC keys: `GenerateMac`, `VerifyMac`.

use serde::{Deserialize, Serialize};

use super::blob::{Blob, optional_secret};
use super::message::{Response, request};
use super::validation::{CIPHERTEXT, PLAINTEXT};
use super::values::MacAlgorithm;
use crate::ids::KeyArn;
use crate::secret::SecretBytes;

/// `GenerateMac`: the authentication code of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GenerateMacRequest {
    /// The message: 1–4096 bytes. Required.
    #[serde(deserialize_with = "optional_secret")]
    pub message: Option<SecretBytes>,
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// A [`MacAlgorithm`]. Required.
    pub mac_algorithm: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    GenerateMacRequest,
    GenerateMac,
    GenerateMacResponse,
    |this, check| {
        check.required("message", this.message.as_ref());
        check.secret("message", this.message.as_ref(), PLAINTEXT);
        check.required_key_id(this.key_id.as_ref());
        check.required("macAlgorithm", this.mac_algorithm.as_ref());
        check.one_of(
            "macAlgorithm",
            this.mac_algorithm.as_ref(),
            MacAlgorithm::VALUES,
        );
        check.grant_tokens(this.grant_tokens.as_ref());
    }
);

/// The answer to `GenerateMac`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenerateMacResponse {
    /// The code, as long as the hash.
    pub mac: Blob,
    /// How it was made.
    pub mac_algorithm: MacAlgorithm,
    /// The key.
    pub key_id: KeyArn,
}

impl Response for GenerateMacResponse {}

/// `VerifyMac`: whether an authentication code is that of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VerifyMacRequest {
    /// The message: 1–4096 bytes. Required.
    #[serde(deserialize_with = "optional_secret")]
    pub message: Option<SecretBytes>,
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// A [`MacAlgorithm`]. Required.
    pub mac_algorithm: Option<String>,
    /// The code: 1–6144 bytes. Required.
    pub mac: Option<Blob>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(
    VerifyMacRequest,
    VerifyMac,
    VerifyMacResponse,
    |this, check| {
        check.required("message", this.message.as_ref());
        check.secret("message", this.message.as_ref(), PLAINTEXT);
        check.required_key_id(this.key_id.as_ref());
        check.required("macAlgorithm", this.mac_algorithm.as_ref());
        check.one_of(
            "macAlgorithm",
            this.mac_algorithm.as_ref(),
            MacAlgorithm::VALUES,
        );
        check.required("mac", this.mac.as_ref());
        check.blob("mac", this.mac.as_ref(), CIPHERTEXT);
        check.grant_tokens(this.grant_tokens.as_ref());
    }
);

/// The answer to `VerifyMac`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VerifyMacResponse {
    /// The key.
    pub key_id: KeyArn,
    /// `true`; a code that is not valid is an error.
    pub mac_valid: bool,
    /// How it was made.
    pub mac_algorithm: MacAlgorithm,
}

impl Response for VerifyMacResponse {}
