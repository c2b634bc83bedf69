//! One response of each operation, with every member that it can have.

use kms_core::api::*;
use kms_core::ids::{CustomKeyStoreId, KeyArn, KeyId, KeyMaterialId};
use kms_core::secret::SecretBytes;
use kms_core::time::Timestamp;

const MOMENT: Timestamp = Timestamp::from_millis(1_440_938_160_999);

fn arn() -> KeyArn {
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        .parse()
        .unwrap()
}

fn id() -> KeyId {
    arn().key
}

fn material() -> Option<KeyMaterialId> {
    Some("0f".repeat(32).parse().unwrap())
}

fn store() -> CustomKeyStoreId {
    "cks-0123456789abcdef0".parse().unwrap()
}

fn marker() -> Option<String> {
    Some("next".to_owned())
}

fn metadata() -> KeyMetadata {
    KeyMetadata {
        aws_account_id: arn().account,
        key_id: id(),
        arn: arn(),
        creation_date: MOMENT,
        enabled: false,
        description: "what it is for".to_owned(),
        key_usage: KeyUsage::EncryptDecrypt,
        key_state: KeyState::PendingDeletion,
        deletion_date: Some(MOMENT),
        valid_to: Some(MOMENT),
        origin: Origin::External,
        expiration_model: Some(ExpirationModelType::KeyMaterialExpires),
        key_manager: KeyManager::Customer,
        customer_master_key_spec: Some(CustomerMasterKeySpec::SymmetricDefault),
        key_spec: KeySpec::SymmetricDefault,
        encryption_algorithms: vec![EncryptionAlgorithm::SymmetricDefault],
        signing_algorithms: SigningAlgorithm::ALL.to_vec(),
        key_agreement_algorithms: KeyAgreementAlgorithm::ALL.to_vec(),
        mac_algorithms: MacAlgorithm::ALL.to_vec(),
        multi_region: true,
        multi_region_configuration: Some(MultiRegionConfiguration {
            multi_region_key_type: MultiRegionKeyType::Replica,
            primary_key: MultiRegionKey::from(&arn()),
            replica_keys: vec![MultiRegionKey::from(&arn())],
        }),
        pending_deletion_window_in_days: Some(7),
        custom_key_store_id: Some(store()),
        xks_key_configuration: Some(XksKeyConfigurationType {
            id: "hsm-key_1.0".parse().unwrap(),
        }),
        current_key_material_id: material(),
    }
}

fn grant() -> GrantListEntry {
    let pairs = || Some([("tenant".to_owned(), "blue".to_owned())].into());
    GrantListEntry {
        key_id: arn(),
        grant_id: "0f".repeat(32).parse().unwrap(),
        name: "grant".to_owned(),
        creation_date: MOMENT,
        grantee_principal: "arn:aws:iam::111122223333:user/alice".to_owned(),
        retiring_principal: Some("arn:aws:iam::111122223333:root".to_owned()),
        issuing_account: "arn:aws:iam::111122223333:root".to_owned(),
        operations: GrantOperation::ALL.to_vec(),
        constraints: Some(GrantConstraintEntry {
            encryption_context_subset: pairs(),
            encryption_context_equals: pairs(),
        }),
    }
}

fn written(response: &impl Response) -> Vec<u8> {
    let mut body = Vec::new();
    response.write_json(&mut body).unwrap();
    body
}

/// The members of an answer in the clear and of one to a recipient, which takes one's place.
fn to_both(answer: impl Fn(Option<Blob>) -> Vec<u8>) -> Vec<u8> {
    let members = |body: Vec<u8>| -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_slice(&body).unwrap()
    };
    let mut all = members(answer(None));
    all.extend(members(answer(Some(vec![1; 100].into()))));
    serde_json::to_vec(&all).unwrap()
}

/// The body of the fullest answer to an operation.
pub fn fullest(operation: Operation) -> Vec<u8> {
    match operation {
        Operation::CreateKey => written(&CreateKeyResponse {
            key_metadata: metadata(),
        }),
        Operation::DescribeKey => written(&DescribeKeyResponse {
            key_metadata: metadata(),
        }),
        Operation::ListKeys => written(&ListKeysResponse {
            keys: vec![KeyListEntry {
                key_id: id(),
                key_arn: arn(),
            }],
            next_marker: marker(),
            truncated: true,
        }),
        Operation::EnableKey => written(&EnableKeyResponse {}),
        Operation::DisableKey => written(&DisableKeyResponse {}),
        Operation::ScheduleKeyDeletion => written(&ScheduleKeyDeletionResponse {
            key_id: arn(),
            deletion_date: Some(MOMENT),
            key_state: KeyState::PendingDeletion,
            pending_window_in_days: 30,
        }),
        Operation::CancelKeyDeletion => written(&CancelKeyDeletionResponse { key_id: arn() }),
        Operation::UpdateKeyDescription => written(&UpdateKeyDescriptionResponse {}),
        Operation::ReplicateKey => written(&ReplicateKeyResponse {
            replica_key_metadata: metadata(),
            replica_policy: "{}".to_owned(),
            replica_tags: vec![Tag {
                tag_key: "a".to_owned(),
                tag_value: "b".to_owned(),
            }],
        }),
        Operation::UpdatePrimaryRegion => written(&UpdatePrimaryRegionResponse {}),
        Operation::CreateAlias => written(&CreateAliasResponse {}),
        Operation::UpdateAlias => written(&UpdateAliasResponse {}),
        Operation::DeleteAlias => written(&DeleteAliasResponse {}),
        Operation::CreateGrant => written(&CreateGrantResponse {
            grant_token: "token".to_owned(),
            grant_id: "0f".repeat(32).parse().unwrap(),
        }),
        Operation::ListGrants | Operation::ListRetirableGrants => written(&ListGrantsResponse {
            grants: vec![grant()],
            next_marker: marker(),
            truncated: true,
        }),
        Operation::RetireGrant => written(&RetireGrantResponse {}),
        Operation::RevokeGrant => written(&RevokeGrantResponse {}),
        Operation::ListAliases => list_aliases(),
        Operation::TagResource => written(&TagResourceResponse {}),
        Operation::UntagResource => written(&UntagResourceResponse {}),
        Operation::ListResourceTags => written(&ListResourceTagsResponse {
            tags: vec![Tag {
                tag_key: "a".to_owned(),
                tag_value: "b".to_owned(),
            }],
            next_marker: marker(),
            truncated: true,
        }),
        Operation::GetKeyPolicy => written(&GetKeyPolicyResponse {
            policy: "{}".to_owned(),
            policy_name: "default".to_owned(),
        }),
        Operation::PutKeyPolicy => written(&PutKeyPolicyResponse {}),
        Operation::ListKeyPolicies => written(&ListKeyPoliciesResponse {
            policy_names: vec!["default".to_owned()],
            next_marker: marker(),
            truncated: true,
        }),
        Operation::EnableKeyRotation => written(&EnableKeyRotationResponse {}),
        Operation::DisableKeyRotation => written(&DisableKeyRotationResponse {}),
        Operation::GetKeyRotationStatus => rotation_status(),
        Operation::GetKeyLastUsage => written(&GetKeyLastUsageResponse {
            key_id: id(),
            key_last_usage: Some(KeyLastUsageData {
                operation: Operation::Encrypt,
                timestamp: MOMENT,
                cloud_trail_event_id: "event".to_owned(),
                kms_request_id: "request".to_owned(),
            }),
            tracking_start_date: MOMENT,
            key_creation_date: MOMENT,
        }),
        Operation::RotateKeyOnDemand => written(&RotateKeyOnDemandResponse { key_id: arn() }),
        Operation::GetParametersForImport
        | Operation::ImportKeyMaterial
        | Operation::DeleteImportedKeyMaterial => import(operation),
        Operation::ListKeyRotations => list_rotations(),
        Operation::GenerateDataKeyPair
        | Operation::GenerateDataKeyPairWithoutPlaintext
        | Operation::Sign
        | Operation::Verify
        | Operation::GetPublicKey
        | Operation::DeriveSharedSecret
        | Operation::GenerateMac
        | Operation::VerifyMac => asymmetric(operation),
        Operation::Encrypt
        | Operation::Decrypt
        | Operation::ReEncrypt
        | Operation::GenerateDataKey
        | Operation::GenerateDataKeyWithoutPlaintext
        | Operation::GenerateRandom => cryptographic(operation),
        Operation::CreateCustomKeyStore
        | Operation::DescribeCustomKeyStores
        | Operation::UpdateCustomKeyStore
        | Operation::DeleteCustomKeyStore
        | Operation::ConnectCustomKeyStore
        | Operation::DisconnectCustomKeyStore => custom_key_stores(operation),
    }
}

fn custom_key_stores(operation: Operation) -> Vec<u8> {
    match operation {
        Operation::CreateCustomKeyStore => written(&CreateCustomKeyStoreResponse {
            custom_key_store_id: store(),
        }),
        Operation::DescribeCustomKeyStores => written(&DescribeCustomKeyStoresResponse {
            custom_key_stores: vec![CustomKeyStoresListEntry {
                custom_key_store_id: store(),
                custom_key_store_name: "safe".to_owned(),
                connection_state: ConnectionStateType::Failed,
                connection_error_code: Some(ConnectionErrorCodeType::XksProxyTimedOut),
                creation_date: MOMENT,
                custom_key_store_type: CustomKeyStoreType::ExternalKeyStore,
                xks_proxy_configuration: XksProxyConfigurationType {
                    connectivity: XksProxyConnectivityType::PublicEndpoint,
                    access_key_id: "A".repeat(20),
                    uri_endpoint: "https://xks.example.com".to_owned(),
                    uri_path: "/kms/xks/v1".to_owned(),
                },
            }],
            next_marker: marker(),
            truncated: true,
        }),
        Operation::UpdateCustomKeyStore => written(&UpdateCustomKeyStoreResponse {}),
        Operation::DeleteCustomKeyStore => written(&DeleteCustomKeyStoreResponse {}),
        Operation::ConnectCustomKeyStore => written(&ConnectCustomKeyStoreResponse {}),
        _ => written(&DisconnectCustomKeyStoreResponse {}),
    }
}

fn list_aliases() -> Vec<u8> {
    let alias_name: kms_core::ids::AliasName = "alias/a".parse().unwrap();
    let KeyArn {
        region, account, ..
    } = arn();
    written(&ListAliasesResponse {
        aliases: vec![AliasListEntry {
            alias_arn: kms_core::ids::AliasArn {
                region,
                account,
                alias: alias_name.clone(),
            },
            alias_name,
            target_key_id: id(),
            creation_date: MOMENT,
            last_updated_date: MOMENT,
        }],
        next_marker: marker(),
        truncated: true,
    })
}

fn rotation_status() -> Vec<u8> {
    written(&GetKeyRotationStatusResponse {
        key_rotation_enabled: true,
        key_id: arn(),
        rotation_period_in_days: Some(365),
        next_rotation_date: Some(MOMENT),
        on_demand_rotation_start_date: Some(MOMENT),
    })
}

fn list_rotations() -> Vec<u8> {
    written(&ListKeyRotationsResponse {
        rotations: vec![RotationsListEntry {
            key_id: arn(),
            key_material_id: material(),
            key_material_description: Some("from the safe".to_owned()),
            import_state: Some(ImportState::PendingImport),
            key_material_state: Some(KeyMaterialState::NonCurrent),
            expiration_model: Some(ExpirationModelType::KeyMaterialExpires),
            valid_to: Some(MOMENT),
            rotation_date: Some(MOMENT),
            rotation_type: Some(RotationType::OnDemand),
        }],
        next_marker: marker(),
        truncated: true,
    })
}

fn import(operation: Operation) -> Vec<u8> {
    let blob = || Blob::from(vec![1; 100]);
    match operation {
        Operation::GetParametersForImport => written(&GetParametersForImportResponse {
            key_id: arn(),
            import_token: blob(),
            public_key: blob(),
            parameters_valid_to: MOMENT,
        }),
        Operation::ImportKeyMaterial => written(&ImportKeyMaterialResponse {
            key_id: arn(),
            key_material_id: material(),
        }),
        Operation::DeleteImportedKeyMaterial => written(&DeleteImportedKeyMaterialResponse {
            key_id: arn(),
            key_material_id: material(),
        }),
        other => panic!("{other} imports nothing"),
    }
}

fn cryptographic(operation: Operation) -> Vec<u8> {
    let blob = || Blob::from(vec![1; 100]);
    let plaintext = || SecretBytes::new(vec![1; 32]);
    let algorithm = EncryptionAlgorithm::SymmetricDefault;
    match operation {
        Operation::Encrypt => written(&EncryptResponse {
            ciphertext_blob: blob(),
            key_id: arn(),
            encryption_algorithm: algorithm,
        }),
        Operation::Decrypt => to_both(|ciphertext_for_recipient| {
            written(&DecryptResponse {
                key_id: arn(),
                plaintext: plaintext(),
                encryption_algorithm: algorithm,
                key_material_id: material(),
                ciphertext_for_recipient,
            })
        }),
        Operation::ReEncrypt => written(&ReEncryptResponse {
            ciphertext_blob: blob(),
            source_key_id: arn(),
            key_id: arn(),
            source_encryption_algorithm: algorithm,
            destination_encryption_algorithm: algorithm,
            source_key_material_id: material(),
            destination_key_material_id: material(),
        }),
        Operation::GenerateDataKey => to_both(|ciphertext_for_recipient| {
            written(&GenerateDataKeyResponse {
                ciphertext_blob: blob(),
                plaintext: plaintext(),
                key_id: arn(),
                key_material_id: material(),
                ciphertext_for_recipient,
            })
        }),
        Operation::GenerateDataKeyWithoutPlaintext => {
            written(&GenerateDataKeyWithoutPlaintextResponse {
                ciphertext_blob: blob(),
                key_id: arn(),
                key_material_id: material(),
            })
        }
        Operation::GenerateRandom => to_both(|ciphertext_for_recipient| {
            written(&GenerateRandomResponse {
                plaintext: plaintext(),
                ciphertext_for_recipient,
            })
        }),
        other => panic!("{other} is not cryptographic"),
    }
}

fn asymmetric(operation: Operation) -> Vec<u8> {
    let blob = || Blob::from(vec![1; 100]);
    let secret = || SecretBytes::new(vec![1; 32]);
    match operation {
        Operation::GenerateDataKeyPair => to_both(|ciphertext_for_recipient| {
            written(&GenerateDataKeyPairResponse {
                private_key_ciphertext_blob: blob(),
                private_key_plaintext: secret(),
                public_key: blob(),
                key_id: arn(),
                key_pair_spec: DataKeyPairSpec::Rsa2048,
                key_material_id: material(),
                ciphertext_for_recipient,
            })
        }),
        Operation::GenerateDataKeyPairWithoutPlaintext => {
            written(&GenerateDataKeyPairWithoutPlaintextResponse {
                private_key_ciphertext_blob: blob(),
                public_key: blob(),
                key_id: arn(),
                key_pair_spec: DataKeyPairSpec::EccNistEdwards25519,
                key_material_id: material(),
            })
        }
        Operation::Sign => written(&SignResponse {
            key_id: arn(),
            signature: blob(),
            signing_algorithm: SigningAlgorithm::EcdsaSha256,
        }),
        Operation::Verify => written(&VerifyResponse {
            key_id: arn(),
            signature_valid: true,
            signing_algorithm: SigningAlgorithm::EcdsaSha256,
        }),
        Operation::GetPublicKey => written(&GetPublicKeyResponse {
            key_id: arn(),
            public_key: blob(),
            customer_master_key_spec: Some(CustomerMasterKeySpec::Rsa2048),
            key_spec: KeySpec::Rsa2048,
            key_usage: KeyUsage::SignVerify,
            encryption_algorithms: EncryptionAlgorithm::ALL.to_vec(),
            signing_algorithms: SigningAlgorithm::ALL.to_vec(),
            key_agreement_algorithms: KeyAgreementAlgorithm::ALL.to_vec(),
        }),
        Operation::DeriveSharedSecret => to_both(|ciphertext_for_recipient| {
            written(&DeriveSharedSecretResponse {
                key_id: arn(),
                shared_secret: secret(),
                key_agreement_algorithm: KeyAgreementAlgorithm::Ecdh,
                key_origin: Origin::AwsKms,
                ciphertext_for_recipient,
            })
        }),
        Operation::GenerateMac => written(&GenerateMacResponse {
            mac: blob(),
            mac_algorithm: MacAlgorithm::HmacSha256,
            key_id: arn(),
        }),
        Operation::VerifyMac => written(&VerifyMacResponse {
            key_id: arn(),
            mac_valid: true,
            mac_algorithm: MacAlgorithm::HmacSha256,
        }),
        other => panic!("{other} is not cryptographic"),
    }
}
