//! Related multi-Region keys: a primary and its replicas, which have one id, one kind and the same
//! materials, and each a policy, tags, a description and a state of its own.

use std::collections::BTreeMap;

use super::import::{Import, Imported};
use super::key::Key;
use super::material::KeyMaterial;
use super::state::Lifecycle;
use crate::api::MultiRegionKeyType;
use crate::ids::{KeyArn, Region};
use crate::time::Timestamp;

/// What a new replica does not have from its primary.
#[derive(Clone, Debug)]
pub struct OfReplica {
    /// Where it is.
    pub region: Region,
    /// When it was made.
    pub created: Timestamp,
    /// As [`Key::description`].
    pub description: String,
    /// As [`Key::tags`].
    pub tags: BTreeMap<String, String>,
    /// As [`Key::policy`].
    pub policy: String,
}

/// The name of an imported material, whose secret each Region is given on its own.
fn named_only(shared: &KeyMaterial) -> KeyMaterial {
    KeyMaterial {
        wrapped: Vec::new(),
        imported: Some(Imported::default()),
        ..shared.clone()
    }
}

impl Key {
    /// Whether it can be replicated.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.multi_region == Some(MultiRegionKeyType::Primary)
    }

    /// Whether it follows a primary.
    #[must_use]
    pub fn is_replica(&self) -> bool {
        self.multi_region == Some(MultiRegionKeyType::Replica)
    }

    /// A new replica of this primary. Materials that were imported it knows by name alone.
    #[must_use]
    pub fn replica(&self, own: OfReplica) -> Self {
        let mut replica = Self {
            external: None,
            arn: KeyArn {
                region: own.region,
                ..self.arn.clone()
            },
            kind: self.kind,
            created: own.created,
            lifecycle: Lifecycle::Enabled,
            description: own.description,
            tags: own.tags,
            policy: own.policy,
            policy_principals: BTreeMap::new(),
            automatic_rotation: None,
            materials: Vec::new(),
            import: self.import.as_ref().map(|import| Import {
                salt: import.salt.clone(),
                pending: None,
            }),
            multi_region: Some(MultiRegionKeyType::Replica),
        };
        replica.follow(self);
        replica
    }

    /// Takes over from the primary what related keys share: the materials and automatic rotation.
    /// Of imported materials these are the names, their order and times; the secrets stay.
    pub fn follow(&mut self, primary: &Self) {
        self.automatic_rotation = primary.automatic_rotation;
        let Some(shared) = &primary.import else {
            self.materials.clone_from(&primary.materials);
            return;
        };
        let own = |shared: &KeyMaterial| {
            let mine = self.all_materials().find(|mine| mine.id == shared.id);
            KeyMaterial {
                created: shared.created,
                rotation: shared.rotation,
                ..mine.cloned().unwrap_or_else(|| named_only(shared))
            }
        };
        let materials = primary.materials.iter().map(own).collect();
        let pending = shared.pending.as_ref().map(own);
        self.materials = materials;
        if let Some(import) = &mut self.import {
            import.pending = pending;
        }
    }

    /// Sets a primary with replicas to be destroyed `window_days` after the last of them is.
    pub fn schedule_deletion_after_replicas(&mut self, window_days: u32) {
        self.lifecycle = Lifecycle::PendingReplicaDeletion { window_days };
    }

    /// Lets the waiting period of a primary begin whose last replica was deleted; whether the
    /// primary waited for that.
    pub fn replicas_are_gone(&mut self, now: Timestamp) -> bool {
        let Lifecycle::PendingReplicaDeletion { window_days } = self.lifecycle else {
            return false;
        };
        self.schedule_deletion(now, window_days);
        true
    }

    /// Whether a material that waits for a rotation is known by its name and has to be brought.
    #[must_use]
    pub fn lacks_pending_material(&self, now: Timestamp) -> bool {
        let pending = self.import.as_ref().and_then(|one| one.pending.as_ref());
        pending.is_some_and(|pending| !pending.is_present(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::KeyState;
    use crate::crypto::random::SystemRandom;
    use crate::keys::{AutomaticRotation, KeyKind, NamingSalt, RotationCause};

    const NOW: Timestamp = Timestamp::from_millis(1000);

    fn material(digit: &str) -> KeyMaterial {
        KeyMaterial {
            id: digit.repeat(64).parse().unwrap(),
            created: NOW,
            rotation: None,
            wrapped: vec![1, 2, 3],
            public_key: Vec::new(),
            imported: None,
        }
    }

    fn primary() -> Key {
        Key {
            external: None,
            arn: "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
                .parse()
                .unwrap(),
            kind: KeyKind::default(),
            created: NOW,
            lifecycle: Lifecycle::Enabled,
            description: "of the primary".to_owned(),
            tags: BTreeMap::from([("of".to_owned(), "the primary".to_owned())]),
            policy: String::new(),
            policy_principals: BTreeMap::new(),
            automatic_rotation: Some(AutomaticRotation::starting(NOW, 90)),
            materials: vec![material("a")],
            import: None,
            multi_region: Some(MultiRegionKeyType::Primary),
        }
    }

    fn external() -> Key {
        Key {
            automatic_rotation: None,
            materials: vec![KeyMaterial {
                imported: Some(Imported {
                    expires: Some(Timestamp::from_millis(9000)),
                    description: Some("the first".to_owned()),
                }),
                ..material("a")
            }],
            import: Some(Import {
                salt: NamingSalt::generate(&SystemRandom).unwrap(),
                pending: Some(material("b")),
            }),
            ..primary()
        }
    }

    fn replica(primary: &Key) -> Key {
        primary.replica(OfReplica {
            region: "eu-west-1".parse().unwrap(),
            created: NOW,
            description: String::new(),
            tags: BTreeMap::new(),
            policy: "{}".to_owned(),
        })
    }

    #[test]
    fn a_replica_has_the_id_and_the_materials_and_nothing_else_of_its_primary() {
        let primary = primary();
        let replica = replica(&primary);
        assert_eq!(replica.arn.key, primary.arn.key);
        assert_eq!(replica.materials, primary.materials);
        assert_eq!(replica.automatic_rotation, primary.automatic_rotation);
        assert!(replica.is_replica() && primary.is_primary() && !replica.is_primary());
        assert!(replica.tags.is_empty() && replica.description.is_empty());
    }

    #[test]
    fn a_primary_alone_is_due_for_rotation() {
        let primary = primary();
        let due = Timestamp::from_millis(i64::MAX / 2);
        assert!(primary.rotation_is_due(due) && !replica(&primary).rotation_is_due(due));
    }

    #[test]
    fn a_replica_of_imported_material_awaits_it_and_keeps_what_it_was_given() {
        let mut primary = external();
        let mut replica = replica(&primary);
        assert_eq!(replica.state(NOW), KeyState::PendingImport);
        assert!(replica.all_materials().all(|one| one.wrapped.is_empty()));
        assert_eq!(replica.materials[0].imported, Some(Imported::default()));
        replica.take_import(material("a"), NOW);
        assert_eq!(replica.state(NOW), KeyState::Enabled);
        assert!(replica.lacks_pending_material(NOW));
        replica.take_import(material("b"), NOW);
        assert!(!replica.lacks_pending_material(NOW));
        let pending = primary.import.as_mut().unwrap().pending.take().unwrap();
        primary.rotate(KeyMaterial {
            rotation: Some(RotationCause::OnDemand),
            ..pending
        });
        replica.follow(&primary);
        assert_eq!(replica.materials.len(), 2);
        assert_eq!(replica.materials[1].rotation, Some(RotationCause::OnDemand));
        assert_eq!(replica.materials[1].wrapped, vec![1, 2, 3]);
        assert!(replica.import.as_ref().unwrap().pending.is_none());
        assert_eq!(replica.state(NOW), KeyState::Enabled);
    }

    #[test]
    fn a_replica_forgets_the_secret_of_a_pending_material_and_its_primary_the_material() {
        let mut primary = external();
        let mut replica = replica(&primary);
        replica.take_import(material("b"), NOW);
        let id = material("b").id;
        replica.destroy_material(&id);
        assert!(replica.lacks_pending_material(NOW));
        primary.destroy_material(&id);
        assert_eq!(primary.all_materials().count(), 1);
        replica.follow(&primary);
        assert_eq!(replica.all_materials().count(), 1);
    }

    #[test]
    fn the_waiting_period_of_a_primary_begins_with_the_end_of_its_replicas() {
        let mut primary = primary();
        assert!(!primary.replicas_are_gone(NOW));
        primary.schedule_deletion_after_replicas(7);
        assert_eq!(primary.state(NOW), KeyState::PendingReplicaDeletion);
        assert!(!primary.deletion_is_due(Timestamp::from_millis(i64::MAX / 2)));
        assert!(primary.replicas_are_gone(NOW));
        assert!(!primary.deletion_is_due(NOW.plus_days(6)));
        assert!(primary.deletion_is_due(NOW.plus_days(7)));
    }

    #[test]
    fn a_stored_multi_region_key_reads_back_as_it_was() {
        let mut key = replica(&external());
        key.schedule_deletion_after_replicas(7);
        let text = serde_json::to_string(&key).unwrap();
        assert!(text.contains(r#""multi_region":"REPLICA""#));
        assert!(text.contains(r#""lifecycle":{"PendingReplicaDeletion":{"window_days":7}}"#));
        assert_eq!(serde_json::from_str::<Key>(&text).unwrap(), key);
        let unknown = text.replace("REPLICA", "WITNESS");
        assert!(serde_json::from_str::<Key>(&unknown).is_err());
    }
}
