//! Imported key material: `GetParametersForImport`, `ImportKeyMaterial`,
//! `DeleteImportedKeyMaterial`.

use serde::{Deserialize, Serialize};

use super::blob::Blob;
use super::message::{Response, epoch_seconds, optional_time, request};
use super::validation::{CIPHERTEXT, KEY_MATERIAL_DESCRIPTION, KEY_MATERIAL_ID};
use super::values::{AlgorithmSpec, ExpirationModelType, ImportType, WrappingKeySpec};
use crate::ids::{KeyArn, KeyMaterialId};
use crate::time::Timestamp;

/// `GetParametersForImport`: a public key to encrypt key material to, and a token to bring it with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetParametersForImportRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// An [`AlgorithmSpec`]. Required.
    pub wrapping_algorithm: Option<String>,
    /// A [`WrappingKeySpec`]. Required.
    pub wrapping_key_spec: Option<String>,
}

request!(
    GetParametersForImportRequest,
    GetParametersForImport,
    GetParametersForImportResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        let algorithm = this.wrapping_algorithm.as_ref();
        check.required("wrappingAlgorithm", algorithm);
        check.one_of("wrappingAlgorithm", algorithm, AlgorithmSpec::VALUES);
        let spec = this.wrapping_key_spec.as_ref();
        check.required("wrappingKeySpec", spec);
        check.one_of("wrappingKeySpec", spec, WrappingKeySpec::VALUES);
    }
);

/// The answer to `GetParametersForImport`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParametersForImportResponse {
    /// The key.
    pub key_id: KeyArn,
    /// What `ImportKeyMaterial` must bring.
    pub import_token: Blob,
    /// `SubjectPublicKeyInfo`, DER: what the key material is encrypted to.
    pub public_key: Blob,
    /// When both are no longer taken.
    #[serde(serialize_with = "epoch_seconds")]
    pub parameters_valid_to: Timestamp,
}

impl Response for GetParametersForImportResponse {}

/// `ImportKeyMaterial`: gives a key of origin `EXTERNAL` its material.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImportKeyMaterialRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The token of `GetParametersForImport`. Required.
    pub import_token: Option<Blob>,
    /// The material, encrypted to the public key that came with the token. Required.
    pub encrypted_key_material: Option<Blob>,
    /// When the material is destroyed; with `KEY_MATERIAL_EXPIRES` and only then.
    #[serde(deserialize_with = "optional_time")]
    pub valid_to: Option<Timestamp>,
    /// An [`ExpirationModelType`]; `KEY_MATERIAL_EXPIRES` when absent.
    pub expiration_model: Option<String>,
    /// An [`ImportType`]; when absent, the first material is new and every other one is not.
    pub import_type: Option<String>,
    /// What the material is, for people.
    pub key_material_description: Option<String>,
    /// Which of the key's materials this shall be.
    pub key_material_id: Option<String>,
}

request!(
    ImportKeyMaterialRequest,
    ImportKeyMaterial,
    ImportKeyMaterialResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("importToken", this.import_token.as_ref());
        check.blob("importToken", this.import_token.as_ref(), CIPHERTEXT);
        let material = this.encrypted_key_material.as_ref();
        check.required("encryptedKeyMaterial", material);
        check.blob("encryptedKeyMaterial", material, CIPHERTEXT);
        check.one_of(
            "expirationModel",
            this.expiration_model.as_ref(),
            ExpirationModelType::VALUES,
        );
        check.one_of("importType", this.import_type.as_ref(), ImportType::VALUES);
        check.text(
            "keyMaterialDescription",
            this.key_material_description.as_ref(),
            &KEY_MATERIAL_DESCRIPTION,
        );
        check.text(
            "keyMaterialId",
            this.key_material_id.as_ref(),
            &KEY_MATERIAL_ID,
        );
    }
);

/// The answer to `ImportKeyMaterial`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImportKeyMaterialResponse {
    /// The key.
    pub key_id: KeyArn,
    /// The name of the material; only for symmetric keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
}

impl Response for ImportKeyMaterialResponse {}

/// `DeleteImportedKeyMaterial`: destroys an imported material; the key stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeleteImportedKeyMaterialRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// Which of the key's materials; the current one when absent.
    pub key_material_id: Option<String>,
}

request!(
    DeleteImportedKeyMaterialRequest,
    DeleteImportedKeyMaterial,
    DeleteImportedKeyMaterialResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.text(
            "keyMaterialId",
            this.key_material_id.as_ref(),
            &KEY_MATERIAL_ID,
        );
    }
);

/// The answer to `DeleteImportedKeyMaterial`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteImportedKeyMaterialResponse {
    /// The key.
    pub key_id: KeyArn,
    /// The name of the material; only for symmetric keys that ever had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<KeyMaterialId>,
}

impl Response for DeleteImportedKeyMaterialResponse {}
