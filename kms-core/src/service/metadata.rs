//! `KeyMetadata`: what `CreateKey` and `DescribeKey` tell of a key.

use super::multi_region::configuration;
use super::parameters::Parameters;
use super::state::State;
use crate::Error;
use crate::api::{ExpirationModelType, KeyManager, KeyMetadata, KeyState, XksKeyConfigurationType};
use crate::keys::{Key, Lifecycle};
use crate::time::Timestamp;

/// The public description of a key at a time. `others` has the keys that are related to it.
///
/// # Errors
/// As [`State::related`].
pub(super) fn key_metadata(
    key: &Key,
    others: &State,
    now: Timestamp,
) -> Result<KeyMetadata, Error> {
    let state = others.key_state(key, now);
    let present = key.import.is_some()
        && !key.materials.is_empty()
        && key.materials.iter().all(|one| one.is_present(now));
    let expires = key.first_expiry().filter(|_| present);
    let deletion_date = match key.lifecycle {
        Lifecycle::PendingDeletion { deletion, .. } => Some(deletion),
        _ => None,
    };
    let window = match key.lifecycle {
        Lifecycle::PendingReplicaDeletion { window_days } => i32::try_from(window_days).ok(),
        _ => None,
    };
    Ok(KeyMetadata {
        aws_account_id: key.arn.account.clone(),
        key_id: key.arn.key,
        arn: key.arn.clone(),
        creation_date: key.created,
        enabled: state == KeyState::Enabled,
        description: key.description.clone(),
        key_usage: key.kind.usage,
        key_state: state,
        deletion_date,
        valid_to: expires,
        origin: key.origin(),
        expiration_model: present.then_some(match expires {
            Some(_) => ExpirationModelType::KeyMaterialExpires,
            None => ExpirationModelType::KeyMaterialDoesNotExpire,
        }),
        key_manager: KeyManager::Customer,
        customer_master_key_spec: key.kind.spec.deprecated(),
        key_spec: key.kind.spec,
        encryption_algorithms: key.kind.encryption_algorithms().to_vec(),
        signing_algorithms: key.kind.signing_algorithms().to_vec(),
        mac_algorithms: key.kind.mac_algorithm().into_iter().collect(),
        key_agreement_algorithms: key.kind.key_agreement_algorithms().to_vec(),
        multi_region: key.multi_region.is_some(),
        multi_region_configuration: configuration(key, others)?,
        pending_deletion_window_in_days: window,
        custom_key_store_id: key.external.as_ref().map(|external| external.store.clone()),
        xks_key_configuration: key
            .external
            .as_ref()
            .map(|external| XksKeyConfigurationType {
                id: external.key.clone(),
            }),
        current_key_material_id: key
            .current_material()
            .filter(|_| key.kind.is_symmetric() && key.external.is_none())
            .map(|material| material.id.clone()),
    })
}

/// What the ledger keeps of a key that was made.
pub(super) fn recorded(metadata: &KeyMetadata) -> Parameters {
    let mut recorded = Parameters::default();
    recorded
        .value("aWSAccountId", &metadata.aws_account_id)
        .value("keyId", &metadata.key_id)
        .value("arn", &metadata.arn)
        .value("creationDate", &metadata.creation_date.to_rfc3339())
        .value("enabled", &metadata.enabled)
        .value("description", &metadata.description)
        .value("keyUsage", &metadata.key_usage)
        .value("keyState", &metadata.key_state)
        .value("origin", &metadata.origin)
        .value("keySpec", &metadata.key_spec)
        .value("multiRegion", &metadata.multi_region);
    if let Some(keys) = &metadata.multi_region_configuration {
        let arns = keys.replica_keys.iter().map(|key| &key.arn);
        let mut configuration = Parameters::default();
        configuration
            .value("multiRegionKeyType", &keys.multi_region_key_type)
            .value("primaryKey", &keys.primary_key.arn)
            .value("replicaKeys", &arns.collect::<Vec<_>>());
        recorded.object("multiRegionConfiguration", configuration);
    }
    recorded.optional("customKeyStoreId", metadata.custom_key_store_id.as_ref());
    if let Some(external) = &metadata.xks_key_configuration {
        let mut configuration = Parameters::default();
        configuration.value("id", &external.id);
        recorded.object("xksKeyConfiguration", configuration);
    }
    recorded
}
