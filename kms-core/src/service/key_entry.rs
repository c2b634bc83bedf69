//! A key as requests use it: its policy compiled, its materials unwrapped at first use.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use super::secrets::{Secrets, kept};
use crate::Error;
use crate::ciphertext::blob::{MaterialTag, SealingMaterial, material_tag};
use crate::crypto::kdf::Prk;
use crate::ids::{KeyId, KeyMaterialId};
use crate::keys::{BackingKey, Key};
use crate::policy::{KeyPolicy, Permit};
use crate::root::Barrier;

/// One material of a key; what messages are derived from is unwrapped at first use.
#[derive(Debug)]
struct Material {
    id: KeyMaterialId,
    tag: MaterialTag,
    prk: OnceLock<Prk>,
}

impl Material {
    /// Ready to seal and open under `key`, once it was unwrapped.
    fn usable(&self, key: KeyId) -> Option<UsableMaterial<'_>> {
        Some(UsableMaterial {
            id: &self.id,
            sealing: SealingMaterial {
                key,
                tag: self.tag,
                prk: self.prk.get()?,
            },
        })
    }
}

/// A key with its policy compiled.
#[derive(Debug)]
pub struct KeyEntry {
    /// The key as it is stored.
    pub key: Key,
    /// Its ARN as text.
    pub arn: String,
    /// Its policy, which keys with the same one share.
    pub policy: Arc<KeyPolicy>,
    materials: Vec<Material>,
    secrets: Secrets,
}

/// A key material that may be used, since a [`Permit`] for its key was shown.
#[derive(Clone, Copy, Debug)]
pub struct UsableMaterial<'a> {
    /// Its public name.
    pub id: &'a KeyMaterialId,
    /// The key and the material, ready to seal and open.
    pub sealing: SealingMaterial<'a>,
}

/// A key material that may be used after the state is let go, since a [`Permit`] for its key was
/// shown.
#[derive(Clone, Debug)]
pub(super) struct KeptMaterial {
    key: Arc<KeyEntry>,
    index: usize,
}

impl KeptMaterial {
    /// The material.
    ///
    /// # Errors
    /// [`Error::Internal`] never: the material was unwrapped when it was permitted.
    pub(super) fn usable(&self) -> Result<UsableMaterial<'_>, Error> {
        let material = self.key.materials.get(self.index);
        let usable = material.and_then(|material| material.usable(self.key.key.arn.key));
        usable.ok_or_else(no_material)
    }
}

impl KeyEntry {
    /// The material that encrypts, to be kept.
    ///
    /// # Errors
    /// [`Error::Internal`] when `permit` is for another key, or the material does not unwrap.
    pub(super) fn keep_current_material(
        self: &Arc<Self>,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<KeptMaterial, Error> {
        self.keep(self.materials.len().saturating_sub(1), permit, barrier)
    }

    /// The material of that tag, to be kept; `None` when the key never had it.
    ///
    /// # Errors
    /// [`Error::Internal`] when `permit` is for another key, or the material does not unwrap.
    pub(super) fn keep_material(
        self: &Arc<Self>,
        tag: MaterialTag,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<Option<KeptMaterial>, Error> {
        self.place_of(tag)
            .map(|index| self.keep(index, permit, barrier))
            .transpose()
    }

    fn keep(
        self: &Arc<Self>,
        index: usize,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<KeptMaterial, Error> {
        self.material_at(index, permit, barrier)?;
        let key = Arc::clone(self);
        Ok(KeptMaterial { key, index })
    }

    fn place_of(&self, tag: MaterialTag) -> Option<usize> {
        self.materials
            .iter()
            .position(|material| material.tag == tag)
    }

    /// Compiles a stored key.
    ///
    /// # Errors
    /// [`Error::Internal`] when the stored policy does not parse: it was checked when it was put.
    pub fn new(key: Key) -> Result<Self, Error> {
        let policy = compiled(&key)?;
        Ok(Self::with_policy(key, policy))
    }

    pub(super) fn with_policy(key: Key, policy: Arc<KeyPolicy>) -> Self {
        let materials = key
            .materials
            .iter()
            .map(|material| Material {
                id: material.id.clone(),
                tag: material_tag(&material.id),
                prk: OnceLock::new(),
            })
            .collect();
        Self {
            arn: key.arn.to_string(),
            key,
            policy,
            materials,
            secrets: Secrets::default(),
        }
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The material of that tag; `None` when the key never had it.
    ///
    /// # Errors
    /// [`Error::Internal`] when `permit` is for another key, or the material does not unwrap.
    pub fn material(
        &self,
        tag: MaterialTag,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<Option<UsableMaterial<'_>>, Error> {
        self.place_of(tag)
            .map(|index| self.material_at(index, permit, barrier))
            .transpose()
    }

    fn material_at(
        &self,
        index: usize,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<UsableMaterial<'_>, Error> {
        self.only_with(permit)?;
        if !self.key.kind.is_symmetric() {
            return Err(Error::internal("the key is not symmetric"));
        }
        let material = self.materials.get(index);
        let stored = self.key.materials.get(index);
        let (Some(material), Some(stored)) = (material, stored) else {
            return Err(no_material());
        };
        let key = self.key.arn.key;
        kept(&material.prk, || {
            let unwrapped = barrier.unwrap_material(&key, &stored.id, &stored.wrapped);
            let secret = unwrapped.map_err(Error::internal)?;
            Ok(BackingKey::from_secret(secret).prk())
        })?;
        material.usable(key).ok_or_else(no_material)
    }
}

fn no_material() -> Error {
    Error::internal("the key has no material")
}

fn compiled(key: &Key) -> Result<Arc<KeyPolicy>, Error> {
    let meant = key.policy_principals.iter();
    let meant = meant.map(|(arn, id)| (arn.clone(), id.clone()));
    KeyPolicy::parse_bound(&key.policy, &meant.collect())
        .map(Arc::new)
        .map_err(Error::internal)
}

/// The compiled key policies by their text: most keys have one that others have too.
#[derive(Debug, Default)]
pub(super) struct SharedPolicies {
    by_text: HashMap<String, Weak<KeyPolicy>>,
    /// At how many texts those that no key has any more are let go.
    full: usize,
}

impl SharedPolicies {
    /// The compiled policy of a key; one that names users or roles is the key's own.
    ///
    /// # Errors
    /// As [`KeyEntry::new`].
    pub(super) fn compiled(&mut self, key: &Key) -> Result<Arc<KeyPolicy>, Error> {
        if !key.policy_principals.is_empty() {
            return compiled(key);
        }
        let text = key.policy.as_str();
        if let Some(shared) = self.by_text.get(text).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        if self.by_text.len() >= self.full {
            self.by_text.retain(|_, policy| policy.strong_count() > 0);
            self.full = self.by_text.len().saturating_mul(2).max(64);
        }
        let policy = compiled(key)?;
        self.by_text
            .insert(text.to_owned(), Arc::downgrade(&policy));
        Ok(policy)
    }
}
