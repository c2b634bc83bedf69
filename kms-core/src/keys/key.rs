//! A customer key and the steps of its life.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::import::Import;
use super::kind::KeyKind;
use super::material::KeyMaterial;
use super::rotation::{AutomaticRotation, RotationCause};
use super::state::Lifecycle;
use crate::api::MultiRegionKeyType;
use crate::ids::{CustomKeyStoreId, KeyArn, UniqueId, XksKeyId};
use crate::time::Timestamp;

/// A customer key, `docs/spec/key-record.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its name, with the account and Region that it belongs to.
    pub arn: KeyArn,
    /// What it is and may be used for; the symmetric one is not written out.
    #[serde(default, skip_serializing_if = "KeyKind::is_symmetric")]
    pub kind: KeyKind,
    /// When it was made.
    pub created: Timestamp,
    /// Where it stands in its life.
    pub lifecycle: Lifecycle,
    /// Free text, at most 8,192 characters.
    pub description: String,
    /// At most 50 tags.
    pub tags: BTreeMap<String, String>,
    /// The key policy, byte for byte as it was given.
    pub policy: String,
    /// The unique ids of the users and roles that the policy named when it was put, by their ARNs: a
    /// namesake made later is somebody else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policy_principals: BTreeMap<String, UniqueId>,
    /// Automatic rotation, when it is on.
    pub automatic_rotation: Option<AutomaticRotation>,
    /// Every material the key ever had, oldest first; the last one encrypts, all of them decrypt.
    /// Keys that are not symmetric have one.
    /// Those of keys of origin `EXTERNAL` may lack their secret, and there may be none.
    pub materials: Vec<KeyMaterial>,
    /// What belongs to keys of origin `EXTERNAL` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
    /// The part that it plays among the keys of its id in other Regions; none for a single-Region
    /// key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_region: Option<MultiRegionKeyType>,
    /// What belongs to keys of origin `EXTERNAL_KEY_STORE` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalKey>,
}

/// The key in an external key manager whose use every use of a key needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalKey {
    /// The custom key store.
    pub store: CustomKeyStoreId,
    /// What the store's proxy calls the key.
    pub key: XksKeyId,
}

impl Key {
    /// The material that encrypts.
    #[must_use]
    pub fn current_material(&self) -> Option<&KeyMaterial> {
        self.materials.last()
    }

    /// Whether the key can be used, unless its imported material is missing.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.lifecycle == Lifecycle::Enabled
    }

    /// Sets the key to be destroyed `window_days` from `now`.
    pub fn schedule_deletion(&mut self, now: Timestamp, window_days: u32) -> Timestamp {
        let deletion = now.plus_days(i64::from(window_days));
        self.lifecycle = Lifecycle::PendingDeletion {
            deletion,
            window_days,
        };
        deletion
    }

    /// Whether its deletion is scheduled.
    #[must_use]
    pub fn is_to_be_deleted(&self) -> bool {
        !matches!(self.lifecycle, Lifecycle::Enabled | Lifecycle::Disabled)
    }

    /// Whether the waiting period of a scheduled deletion is over.
    #[must_use]
    pub fn deletion_is_due(&self, now: Timestamp) -> bool {
        matches!(self.lifecycle, Lifecycle::PendingDeletion { deletion, .. } if deletion <= now)
    }

    /// Whether an automatic rotation is due; a key that is not enabled waits, and a replica is
    /// rotated with its primary.
    #[must_use]
    pub fn rotation_is_due(&self, now: Timestamp) -> bool {
        self.is_enabled()
            && !self.is_replica()
            && self
                .automatic_rotation
                .is_some_and(|rotation| rotation.next <= now)
    }

    /// How many rotations on demand the key has had.
    #[must_use]
    pub fn on_demand_rotations(&self) -> usize {
        self.materials
            .iter()
            .filter(|material| material.rotation == Some(RotationCause::OnDemand))
            .count()
    }

    /// Adds a new material, which encrypts from now on; the older ones keep decrypting.
    pub fn rotate(&mut self, material: KeyMaterial) {
        if material.rotation == Some(RotationCause::Automatic) {
            let created = material.created;
            self.automatic_rotation = self
                .automatic_rotation
                .map(|rotation| AutomaticRotation::starting(created, rotation.period_days));
        }
        self.materials.push(material);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{KeySpec, KeyUsage};

    const DAY: i64 = 86_400_000;

    fn material(cause: Option<RotationCause>, created: i64) -> KeyMaterial {
        KeyMaterial {
            id: "0".repeat(64).parse().unwrap(),
            created: Timestamp::from_millis(created),
            rotation: cause,
            wrapped: vec![1, 2, 3],
            public_key: Vec::new(),
            imported: None,
        }
    }

    fn key() -> Key {
        Key {
            arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                .parse()
                .unwrap(),
            kind: KeyKind::default(),
            created: Timestamp::from_millis(0),
            lifecycle: Lifecycle::Enabled,
            description: String::new(),
            tags: BTreeMap::new(),
            policy: String::new(),
            policy_principals: BTreeMap::new(),
            automatic_rotation: None,
            materials: vec![material(None, 0)],
            import: None,
            multi_region: None,
            external: None,
        }
    }

    #[test]
    fn a_stored_key_reads_back_as_it_was() {
        let mut key = key();
        key.schedule_deletion(Timestamp::from_millis(5), 7);
        key.automatic_rotation = Some(AutomaticRotation::starting(key.created, 365));
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<Key>(&text).unwrap(), key);
    }

    #[test]
    fn a_symmetric_key_is_written_as_before_there_were_others() {
        let text = serde_json::to_string(&key()).unwrap();
        assert!(!text.contains("kind") && !text.contains("public_key"));
        assert!(!text.contains("import") && !text.contains("external"));
        assert!(!text.contains("multi_region"));
        let mut signing = key();
        signing.kind = KeyKind::new(KeySpec::EccNistP256, KeyUsage::SignVerify).unwrap();
        signing.materials[0].public_key = vec![4, 5];
        let text = serde_json::to_string(&signing).unwrap();
        assert!(text.contains(r#""kind":{"spec":"ECC_NIST_P256","usage":"SIGN_VERIFY"}"#));
        assert_eq!(serde_json::from_str::<Key>(&text).unwrap(), signing);
        let unknown = text.replace("ECC_NIST_P256", "ECC_NIST_P1024");
        assert!(serde_json::from_str::<Key>(&unknown).is_err());
    }

    #[test]
    fn a_key_is_due_for_deletion_when_its_window_is_over_and_not_before() {
        let mut key = key();
        key.schedule_deletion(Timestamp::from_millis(0), 7);
        assert!(!key.deletion_is_due(Timestamp::from_millis(7 * DAY - 1)));
        assert!(key.deletion_is_due(Timestamp::from_millis(7 * DAY)));
    }

    #[test]
    fn an_automatic_rotation_sets_the_next_one_and_one_on_demand_does_not() {
        let mut key = key();
        key.automatic_rotation = Some(AutomaticRotation::starting(key.created, 90));
        key.rotate(material(Some(RotationCause::OnDemand), 10 * DAY));
        assert!(key.rotation_is_due(Timestamp::from_millis(90 * DAY)));
        key.rotate(material(Some(RotationCause::Automatic), 91 * DAY));
        assert!(!key.rotation_is_due(Timestamp::from_millis(180 * DAY)));
        assert!(key.rotation_is_due(Timestamp::from_millis(181 * DAY)));
        assert_eq!(key.on_demand_rotations(), 1);
    }

    #[test]
    fn a_disabled_key_waits_with_its_rotation() {
        let mut key = key();
        key.automatic_rotation = Some(AutomaticRotation::starting(key.created, 90));
        key.lifecycle = Lifecycle::Disabled;
        assert!(!key.rotation_is_due(Timestamp::from_millis(1000 * DAY)));
    }
}
