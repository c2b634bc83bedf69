//! What of a key must be known although its record is not opened.

use serde::{Deserialize, Serialize};

use super::{ExternalKey, Key, KeyMaterial, Lifecycle};
use crate::time::Timestamp;

/// What of a key must be known although its record is not opened; of most keys, nothing.
///
/// Specified in `docs/spec/key-record.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyIndex {
    /// When the service has to do something to it: rotate it, delete it, or destroy a material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Where the key is, for one that is in a custom key store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalKey>,
}

impl Key {
    /// What must be known of the key although its record is not opened.
    #[must_use]
    pub fn index(&self) -> KeyIndex {
        KeyIndex {
            due: self.next_due(),
            external: self.external.clone(),
        }
    }

    /// The first time at which a rotation, the deletion or the end of a material is due.
    fn next_due(&self) -> Option<Timestamp> {
        let deletion = match self.lifecycle {
            Lifecycle::PendingDeletion { deletion, .. } => Some(deletion),
            _ => None,
        };
        let rotates = self.is_enabled() && !self.is_replica();
        let rotation = self.automatic_rotation.filter(|_| rotates);
        let expiries = self.all_materials().filter_map(KeyMaterial::expires);
        expiries
            .chain(deletion)
            .chain(rotation.map(|rotation| rotation.next))
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::MultiRegionKeyType;
    use crate::keys::{AutomaticRotation, Imported};

    const DAY: i64 = 86_400_000;

    fn key() -> Key {
        let json = r#"{"arn":"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","created":0,"lifecycle":"Enabled","description":"","tags":{},"policy":"","automatic_rotation":null,"materials":[]}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_key_is_indexed_for_the_time_from_which_something_is_due_and_for_no_other() {
        let rotates = || {
            let mut key = key();
            key.automatic_rotation = Some(AutomaticRotation::starting(key.created, 90));
            key
        };
        let mut disabled = rotates();
        disabled.lifecycle = Lifecycle::Disabled;
        let mut deleted = rotates();
        deleted.schedule_deletion(key().created, 7);
        let mut waits = key();
        waits.schedule_deletion_after_replicas(7);
        let mut replica = rotates();
        replica.multi_region = Some(MultiRegionKeyType::Replica);
        let mut imported = rotates();
        imported.materials.push(KeyMaterial {
            id: "0".repeat(64).parse().unwrap(),
            created: key().created,
            rotation: None,
            wrapped: vec![1],
            public_key: Vec::new(),
            imported: Some(Imported {
                expires: Some(Timestamp::from_millis(5 * DAY)),
                ..Imported::default()
            }),
        });
        for (key, due) in [
            (key(), None),
            (rotates(), Some(90)),
            (disabled, None),
            (deleted, Some(7)),
            (waits, None),
            (replica, None),
            (imported, Some(5)),
        ] {
            let due = due.map(|days| Timestamp::from_millis(days * DAY));
            assert_eq!(key.index().due, due);
            for now in (0..100).map(|days| Timestamp::from_millis(days * DAY)) {
                let is_due =
                    key.rotation_is_due(now) || key.deletion_is_due(now) || key.expiry_is_due(now);
                assert_eq!(is_due, due.is_some_and(|due| due <= now), "{key:?}");
            }
        }
    }

    #[test]
    fn of_most_keys_there_is_nothing_to_know() {
        assert_eq!(key().index(), KeyIndex::default());
        assert_eq!(serde_json::to_string(&key().index()).unwrap(), "{}");
        assert!(serde_json::from_str::<KeyIndex>(r#"{"owner":"x"}"#).is_err());
    }
}
