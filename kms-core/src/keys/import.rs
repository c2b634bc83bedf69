//! Keys of origin `EXTERNAL`: their material comes from outside, may expire, be destroyed, and be
//! brought again.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::material::{KeyMaterial, material_id};
use super::state::Lifecycle;
use crate::api::{KeyState, Origin};
use crate::crypto::Failed;
use crate::crypto::kdf::Prk;
use crate::crypto::random::{self, Random};
use crate::ids::{KeyId, KeyMaterialId};
use crate::time::Timestamp;

/// What the name of an imported material is derived with besides the material. The name is public
/// and the material may be guessable, a passphrase for instance: without the salt nobody can try.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamingSalt(#[serde(with = "super::base64_bytes")] Vec<u8>);

impl fmt::Debug for NamingSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamingSalt(…)")
    }
}

impl NamingSalt {
    /// Draws a new one, of 32 bytes.
    ///
    /// # Errors
    /// [`Failed`] when there is no randomness.
    pub fn generate(random: &dyn Random) -> Result<Self, Failed> {
        Ok(Self(random::array::<32>(random)?.to_vec()))
    }

    /// The public name of a secret material under `key`: the same each time it is imported.
    ///
    /// # Errors
    /// [`Failed`] when the derivation does.
    pub fn material_id(&self, key: KeyId, secret: &[u8]) -> Result<KeyMaterialId, Failed> {
        let info: [&[u8]; 2] = [b"kms/v1/imported-key-material-id", &self.0];
        let fingerprint = Prk::extract(secret).expand::<32>(&info)?;
        material_id(key, fingerprint.expose())
    }
}

/// What a key of origin `EXTERNAL` has besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// What names are derived with.
    pub salt: NamingSalt,
    /// The material that the next rotation on demand takes.
    pub pending: Option<KeyMaterial>,
}

/// What was said when a material was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// When the material is destroyed, if ever.
    pub expires: Option<Timestamp>,
    /// What it is, for people.
    pub description: Option<String>,
}

impl KeyMaterial {
    /// When an imported material is destroyed, if ever.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.imported.as_ref().and_then(|imported| imported.expires)
    }

    /// Whether the secret is there to be used.
    #[must_use]
    pub fn is_present(&self, now: Timestamp) -> bool {
        !self.wrapped.is_empty() && !self.has_expired(now)
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires().is_some_and(|expires| expires <= now)
    }

    /// Forgets the secret; the name stays, by which it is known when it comes again.
    pub fn destroy(&mut self) {
        self.wrapped = Vec::new();
        if let Some(imported) = &mut self.imported {
            imported.expires = None;
        }
    }
}

impl Key {
    /// Where the material comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match (&self.import, &self.external) {
            (Some(_), _) => Origin::External,
            (None, Some(_)) => Origin::ExternalKeyStore,
            (None, None) => Origin::AwsKms,
        }
    }

    /// AWS's name of the state: that of the lifecycle, unless imported material is missing. A
    /// material counts as missing from the moment at which it expires.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> KeyState {
        match self.lifecycle {
            Lifecycle::Enabled | Lifecycle::Disabled if self.lacks_material(now) => {
                KeyState::PendingImport
            }
            settled => settled.state(),
        }
    }

    fn lacks_material(&self, now: Timestamp) -> bool {
        let missing = |material: &KeyMaterial| !material.is_present(now);
        self.import.is_some() && (self.materials.is_empty() || self.materials.iter().any(missing))
    }

    /// Every material that was ever imported, the one that waits for a rotation last.
    pub fn all_materials(&self) -> impl Iterator<Item = &KeyMaterial> {
        let pending = self.import.iter().flat_map(|import| &import.pending);
        self.materials.iter().chain(pending)
    }

    /// When the first of the materials in use is destroyed, if one is to be.
    #[must_use]
    pub fn first_expiry(&self) -> Option<Timestamp> {
        self.materials.iter().filter_map(KeyMaterial::expires).min()
    }

    /// Whether a material is to be destroyed, since it has expired.
    #[must_use]
    pub fn expiry_is_due(&self, now: Timestamp) -> bool {
        self.all_materials()
            .any(|material| material.has_expired(now))
    }

    /// Destroys the materials that have expired, and gives their names.
    pub fn destroy_expired(&mut self, now: Timestamp) -> Vec<KeyMaterialId> {
        let expired = self.all_materials().filter(|one| one.has_expired(now));
        let names: Vec<_> = expired.map(|material| material.id.clone()).collect();
        for name in &names {
            self.destroy_material(name);
        }
        names
    }

    /// Destroys a material; one that only waited for a rotation is forgotten, but by a replica,
    /// whose primary may wait for it to come again.
    pub fn destroy_material(&mut self, id: &KeyMaterialId) {
        let named = |material: &&mut KeyMaterial| material.id == *id;
        if let Some(material) = self.materials.iter_mut().find(named) {
            material.destroy();
        }
        let is_replica = self.is_replica();
        let pending = self.import.as_mut().map(|import| &mut import.pending);
        if let Some(pending) = pending {
            match pending.as_mut().filter(|pending| pending.id == *id) {
                Some(named) if is_replica => named.destroy(),
                Some(_) => *pending = None,
                None => {}
            }
        }
    }

    /// Takes a material that was imported: in the place of the same one, as the first one, or as
    /// the one that waits for a rotation. A key that waited for its last material is enabled.
    pub fn take_import(&mut self, mut material: KeyMaterial, now: Timestamp) {
        let waited = self.state(now) == KeyState::PendingImport;
        let known = self.materials.iter_mut().find(|one| one.id == material.id);
        if let Some(known) = known {
            material.created = known.created;
            material.rotation = known.rotation;
            *known = material;
        } else if self.materials.is_empty() {
            self.materials.push(material);
        } else if let Some(import) = &mut self.import {
            import.pending = Some(material);
        }
        if waited && !self.lacks_material(now) {
            self.lifecycle = Lifecycle::Enabled;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;
    use crate::keys::KeyKind;

    const NOW: Timestamp = Timestamp::from_millis(1000);

    fn material(digit: &str, expires: Option<i64>) -> KeyMaterial {
        KeyMaterial {
            id: digit.repeat(64).parse().unwrap(),
            created: NOW,
            rotation: None,
            wrapped: vec![1, 2, 3],
            public_key: Vec::new(),
            imported: Some(Imported {
                expires: expires.map(Timestamp::from_millis),
                description: None,
            }),
        }
    }

    fn key() -> Key {
        Key {
            arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                .parse()
                .unwrap(),
            kind: KeyKind::default(),
            created: NOW,
            lifecycle: Lifecycle::Enabled,
            description: String::new(),
            tags: std::collections::BTreeMap::new(),
            policy: String::new(),
            policy_principals: std::collections::BTreeMap::new(),
            automatic_rotation: None,
            materials: Vec::new(),
            import: Some(Import {
                salt: NamingSalt::generate(&SystemRandom).unwrap(),
                pending: None,
            }),
            multi_region: None,
            external: None,
        }
    }

    #[test]
    fn a_key_awaits_its_material_until_it_has_all_of_it() {
        let mut key = key();
        assert_eq!(key.state(NOW), KeyState::PendingImport);
        key.take_import(material("a", None), NOW);
        assert_eq!(key.state(NOW), KeyState::Enabled);
        key.materials.push(material("b", None));
        key.destroy_material(&"a".repeat(64).parse().unwrap());
        assert_eq!(key.state(NOW), KeyState::PendingImport);
        assert!(key.materials[0].wrapped.is_empty() && !key.materials[1].wrapped.is_empty());
        key.take_import(material("a", None), NOW);
        assert_eq!(key.state(NOW), KeyState::Enabled);
        assert_eq!(key.materials.len(), 2);
    }

    #[test]
    fn a_material_is_missing_from_the_moment_it_expires_and_then_destroyed() {
        let mut key = key();
        key.take_import(material("a", Some(2000)), NOW);
        let (before, after) = (Timestamp::from_millis(1999), Timestamp::from_millis(2000));
        assert!(!key.expiry_is_due(before) && key.expiry_is_due(after));
        assert_eq!(key.state(before), KeyState::Enabled);
        assert_eq!(key.state(after), KeyState::PendingImport);
        assert_eq!(key.first_expiry(), Some(after));
        assert_eq!(key.destroy_expired(after).len(), 1);
        assert!(key.materials[0].wrapped.is_empty() && !key.expiry_is_due(after));
        assert_eq!(key.first_expiry(), None);
    }

    #[test]
    fn a_second_material_waits_for_a_rotation_and_changes_no_state() {
        let mut key = key();
        key.take_import(material("a", None), NOW);
        key.take_import(material("b", Some(2000)), NOW);
        assert_eq!(key.materials.len(), 1);
        assert_eq!(key.all_materials().count(), 2);
        let after = Timestamp::from_millis(2000);
        assert_eq!(key.state(after), KeyState::Enabled);
        key.destroy_expired(after);
        assert_eq!(key.all_materials().count(), 1);
    }

    #[test]
    fn a_disabled_key_stays_disabled_and_a_deleted_one_deleted() {
        let mut key = key();
        key.take_import(material("a", None), NOW);
        key.lifecycle = Lifecycle::Disabled;
        key.take_import(material("a", None), NOW);
        assert_eq!(key.state(NOW), KeyState::Disabled);
        key.schedule_deletion(NOW, 7);
        key.destroy_material(&"a".repeat(64).parse().unwrap());
        assert_eq!(key.state(NOW), KeyState::PendingDeletion);
        key.lifecycle = Lifecycle::Disabled;
        assert_eq!(key.state(NOW), KeyState::PendingImport);
    }

    #[test]
    fn a_name_depends_on_the_salt_the_key_and_the_material() {
        let salt = NamingSalt::generate(&SystemRandom).unwrap();
        let other = NamingSalt::generate(&SystemRandom).unwrap();
        let name = |salt: &NamingSalt, key, secret: &[u8]| {
            salt.material_id(KeyId::Uuid(key), secret).unwrap()
        };
        assert_eq!(name(&salt, 1, b"a"), name(&salt, 1, b"a"));
        assert_ne!(name(&salt, 1, b"a"), name(&other, 1, b"a"));
        assert_ne!(name(&salt, 1, b"a"), name(&salt, 2, b"a"));
        assert_ne!(name(&salt, 1, b"a"), name(&salt, 1, b"b"));
    }

    #[test]
    fn a_stored_key_reads_back_as_it_was_and_prints_no_salt() {
        let mut key = key();
        key.take_import(material("a", Some(2000)), NOW);
        key.take_import(material("b", None), NOW);
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<Key>(&text).unwrap(), key);
        assert!(format!("{key:?}").contains("NamingSalt(…)"));
    }
}
