//! `KeyMetadata`: what `CreateKey` and `DescribeKey` tell of a key.

use crate::api::{EncryptionAlgorithm, KeyManager, KeyMetadata, KeySpec, KeyUsage, Origin};
use crate::keys::{Key, Lifecycle};

/// The public description of a key.
#[must_use]
pub(super) fn key_metadata(key: &Key) -> KeyMetadata {
    let deletion_date = match key.lifecycle {
        Lifecycle::PendingDeletion { deletion, .. } => Some(deletion),
        Lifecycle::Enabled | Lifecycle::Disabled => None,
    };
    KeyMetadata {
        aws_account_id: key.arn.account.clone(),
        key_id: key.arn.key,
        arn: key.arn.clone(),
        creation_date: key.created,
        enabled: key.is_enabled(),
        description: key.description.clone(),
        key_usage: KeyUsage::EncryptDecrypt,
        key_state: key.lifecycle.state(),
        deletion_date,
        origin: Origin::AwsKms,
        key_manager: KeyManager::Customer,
        customer_master_key_spec: KeySpec::SymmetricDefault,
        key_spec: KeySpec::SymmetricDefault,
        encryption_algorithms: vec![EncryptionAlgorithm::SymmetricDefault],
        multi_region: false,
        current_key_material_id: key.current_material().map(|material| material.id.clone()),
    }
}
