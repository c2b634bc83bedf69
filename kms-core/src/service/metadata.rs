//! `KeyMetadata`: what `CreateKey` and `DescribeKey` tell of a key.

use crate::api::{ExpirationModelType, KeyManager, KeyMetadata, KeyState};
use crate::keys::{Key, Lifecycle};
use crate::time::Timestamp;

/// The public description of a key at a time.
#[must_use]
pub(super) fn key_metadata(key: &Key, now: Timestamp) -> KeyMetadata {
    let state = key.state(now);
    let present = key.import.is_some()
        && !key.materials.is_empty()
        && key.materials.iter().all(|one| one.is_present(now));
    let expires = key.first_expiry().filter(|_| present);
    let deletion_date = match key.lifecycle {
        Lifecycle::PendingDeletion { deletion, .. } => Some(deletion),
        Lifecycle::Enabled | Lifecycle::Disabled => None,
    };
    KeyMetadata {
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
        multi_region: false,
        current_key_material_id: key
            .current_material()
            .filter(|_| key.kind.is_symmetric())
            .map(|material| material.id.clone()),
    }
}
