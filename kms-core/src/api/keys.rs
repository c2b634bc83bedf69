//! Keys: making, describing, listing, enabling, deleting.

use serde::{Deserialize, Serialize};

use super::message::{Response, empty_response, epoch_seconds, optional_epoch_seconds, request};
use super::multi_region::MultiRegionConfiguration;
use super::tags::RequestTag;
use super::validation::{
    CUSTOM_KEY_STORE_ID, DESCRIPTION, PENDING_WINDOW_IN_DAYS, POLICY, XKS_KEY_ID,
};
use super::values::{
    CustomerMasterKeySpec, EncryptionAlgorithm, ExpirationModelType, KeyAgreementAlgorithm,
    KeyManager, KeySpec, KeyState, KeyUsage, MacAlgorithm, Origin, SigningAlgorithm,
};
use crate::ids::{AccountId, CustomKeyStoreId, KeyArn, KeyId, KeyMaterialId, XksKeyId};
use crate::time::Timestamp;

/// `CreateKey`: makes a key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CreateKeyRequest {
    /// The key policy, JSON; the default policy when absent.
    pub policy: Option<String>,
    /// What the key is for; empty when absent.
    pub description: Option<String>,
    /// A [`KeyUsage`]; `ENCRYPT_DECRYPT` when absent and the key is symmetric.
    pub key_usage: Option<String>,
    /// A [`CustomerMasterKeySpec`]: the deprecated name of `key_spec`; not both.
    pub customer_master_key_spec: Option<String>,
    /// A [`KeySpec`]; `SYMMETRIC_DEFAULT` when absent.
    pub key_spec: Option<String>,
    /// An [`Origin`]; `AWS_KMS` when absent.
    pub origin: Option<String>,
    /// The custom key store to make the key in.
    pub custom_key_store_id: Option<String>,
    /// Lets the caller give the key a policy that the caller could not change.
    pub bypass_policy_lockout_safety_check: Option<bool>,
    /// The key's tags.
    pub tags: Option<Vec<RequestTag>>,
    /// Whether the key can be replicated into other Regions.
    pub multi_region: Option<bool>,
    /// The key in an external key store.
    pub xks_key_id: Option<String>,
}

request!(
    CreateKeyRequest,
    CreateKey,
    CreateKeyResponse,
    |this, check| {
        check.text("policy", this.policy.as_ref(), &POLICY);
        check.text("description", this.description.as_ref(), &DESCRIPTION);
        check.one_of("keyUsage", this.key_usage.as_ref(), KeyUsage::VALUES);
        check.one_of(
            "customerMasterKeySpec",
            this.customer_master_key_spec.as_ref(),
            CustomerMasterKeySpec::VALUES,
        );
        check.one_of("keySpec", this.key_spec.as_ref(), KeySpec::VALUES);
        check.one_of("origin", this.origin.as_ref(), Origin::VALUES);
        check.text(
            "customKeyStoreId",
            this.custom_key_store_id.as_ref(),
            &CUSTOM_KEY_STORE_ID,
        );
        check.tags(this.tags.as_ref());
        check.text("xksKeyId", this.xks_key_id.as_ref(), &XKS_KEY_ID);
    }
);

/// The answer to `CreateKey`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateKeyResponse {
    /// The new key.
    pub key_metadata: KeyMetadata,
}

impl Response for CreateKeyResponse {}

/// What is known of a key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyMetadata {
    /// The account that owns the key.
    #[serde(rename = "AWSAccountId")]
    pub aws_account_id: AccountId,
    /// The key's id.
    pub key_id: KeyId,
    /// The key's ARN.
    pub arn: KeyArn,
    /// When the key was made.
    #[serde(serialize_with = "epoch_seconds")]
    pub creation_date: Timestamp,
    /// Whether `key_state` is `Enabled`.
    pub enabled: bool,
    /// What the key is for.
    pub description: String,
    /// What the key may be used for.
    pub key_usage: KeyUsage,
    /// The state of the key.
    pub key_state: KeyState,
    /// When the key will be deleted; only while it is pending deletion.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_epoch_seconds"
    )]
    pub deletion_date: Option<Timestamp>,
    /// When the first of the imported materials is destroyed, if one is to be.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_epoch_seconds"
    )]
    pub valid_to: Option<Timestamp>,
    /// Where the key material comes from.
    pub origin: Origin,
    /// Whether an imported material is destroyed at a set time; none while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_model: Option<ExpirationModelType>,
    /// Who manages the key.
    pub key_manager: KeyManager,
    /// The deprecated name of `key_spec`, with the same value; none for specs that came later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_master_key_spec: Option<CustomerMasterKeySpec>,
    /// The kind of key material.
    pub key_spec: KeySpec,
    /// How the key encrypts; none for other usages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub encryption_algorithms: Vec<EncryptionAlgorithm>,
    /// How the key signs; none for other usages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signing_algorithms: Vec<SigningAlgorithm>,
    /// How the key agrees on secrets; none for other usages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key_agreement_algorithms: Vec<KeyAgreementAlgorithm>,
    /// How the key authenticates messages; none for other usages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mac_algorithms: Vec<MacAlgorithm>,
    /// Whether the key is a primary or a replica.
    pub multi_region: bool,
    /// The primary and its replicas; only for multi-Region keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_region_configuration: Option<MultiRegionConfiguration>,
    /// The waiting period in days that begins when the last replica is deleted; only while the
    /// state is `PendingReplicaDeletion`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_deletion_window_in_days: Option<i32>,
    /// The custom key store that the key is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_key_store_id: Option<CustomKeyStoreId>,
    /// The external key; only for keys in an external key store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xks_key_configuration: Option<XksKeyConfigurationType>,
    /// The key material in use; only for symmetric keys that are in no custom key store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_key_material_id: Option<KeyMaterialId>,
}

/// A key in an external key manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct XksKeyConfigurationType {
    /// What the proxy calls it.
    pub id: XksKeyId,
}

/// `DescribeKey`: what is known of a key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DescribeKeyRequest {
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
}

request!(
    DescribeKeyRequest,
    DescribeKey,
    DescribeKeyResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.grant_tokens(this.grant_tokens.as_ref());
    }
);

/// The answer to `DescribeKey`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeKeyResponse {
    /// The key.
    pub key_metadata: KeyMetadata,
}

impl Response for DescribeKeyResponse {}

/// `ListKeys`: the keys of the account, a page at a time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListKeysRequest {
    /// The most entries to answer.
    pub limit: Option<i32>,
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
}

request!(
    ListKeysRequest,
    ListKeys,
    ListKeysResponse,
    |this, check| {
        check.page(this.limit, this.marker.as_ref());
    }
);

/// The answer to `ListKeys`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListKeysResponse {
    /// The keys of this page.
    pub keys: Vec<KeyListEntry>,
    /// What to ask the next page with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// Whether there is a next page.
    pub truncated: bool,
}

impl Response for ListKeysResponse {}

/// One key of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyListEntry {
    /// The key's id.
    pub key_id: KeyId,
    /// The key's ARN.
    pub key_arn: KeyArn,
}

/// `EnableKey`: lets a disabled key be used again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EnableKeyRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
}

request!(
    EnableKeyRequest,
    EnableKey,
    EnableKeyResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
    }
);

/// `DisableKey`: keeps a key from being used, for the time being.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DisableKeyRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
}

request!(
    DisableKeyRequest,
    DisableKey,
    DisableKeyResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
    }
);

/// `UpdateKeyDescription`: says anew what a key is for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateKeyDescriptionRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// What the key is for; may be empty. Required.
    pub description: Option<String>,
}

request!(
    UpdateKeyDescriptionRequest,
    UpdateKeyDescription,
    UpdateKeyDescriptionResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("description", this.description.as_ref());
        check.text("description", this.description.as_ref(), &DESCRIPTION);
    }
);

empty_response! {
    /// `EnableKey` answers nothing.
    EnableKeyResponse
    /// `DisableKey` answers nothing.
    DisableKeyResponse
    /// `UpdateKeyDescription` answers nothing.
    UpdateKeyDescriptionResponse
}

/// `ScheduleKeyDeletion`: the key cannot be used from now on, and is destroyed when the waiting
/// period ends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ScheduleKeyDeletionRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The waiting period in days; 30 when absent. The model has 1–365, the service 7–30.
    pub pending_window_in_days: Option<i32>,
}

request!(
    ScheduleKeyDeletionRequest,
    ScheduleKeyDeletion,
    ScheduleKeyDeletionResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.number(
            "pendingWindowInDays",
            this.pending_window_in_days,
            PENDING_WINDOW_IN_DAYS,
        );
    }
);

/// The answer to `ScheduleKeyDeletion`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScheduleKeyDeletionResponse {
    /// The key.
    pub key_id: KeyArn,
    /// When the key will be deleted; not known of a primary while it has replicas.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_epoch_seconds"
    )]
    pub deletion_date: Option<Timestamp>,
    /// `PendingDeletion`, or `PendingReplicaDeletion` for a primary with replicas.
    pub key_state: KeyState,
    /// The waiting period in days.
    pub pending_window_in_days: i32,
}

impl Response for ScheduleKeyDeletionResponse {}

/// `CancelKeyDeletion`: the key stays, disabled.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CancelKeyDeletionRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
}

request!(
    CancelKeyDeletionRequest,
    CancelKeyDeletion,
    CancelKeyDeletionResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
    }
);

/// The answer to `CancelKeyDeletion`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CancelKeyDeletionResponse {
    /// The key.
    pub key_id: KeyArn,
}

impl Response for CancelKeyDeletionResponse {}
