//! A key material that exists already: imported, from a seed file, or just made; checked, named and
//! wrapped.

use super::engine::Engine;
use crate::Error;
use crate::crypto::{Failed, asymmetric};
use crate::ids::{KeyId, KeyMaterialId};
use crate::keys::{KeyKind, KeyMaterial, public_material_id};
use crate::root::SecretPlace;
use crate::secret::{Secret, SecretBytes};
use crate::time::Timestamp;

/// A material that is one of its key's spec.
pub(super) struct GivenMaterial {
    pub(super) kind: KeyKind,
    /// A backing key, an HMAC key, or a private key as PKCS#8.
    pub(super) secret: SecretBytes,
    /// Empty for keys that have none.
    pub(super) public_key: Vec<u8>,
    /// Its name under its key.
    pub(super) id: KeyMaterialId,
}

impl GivenMaterial {
    /// What was given for `key`, if it is of the kind; `name` names what has no public key.
    pub(super) fn new(
        kind: KeyKind,
        key: KeyId,
        secret: SecretBytes,
        name: impl FnOnce(&[u8]) -> Result<KeyMaterialId, Failed>,
    ) -> Result<Option<Self>, Error> {
        if kind.is_asymmetric() {
            let Ok(pair) = asymmetric::import(kind.spec, secret.expose()) else {
                return Ok(None);
            };
            return Ok(Some(Self {
                kind,
                id: public_material_id(key, &pair.public)?,
                secret: pair.private,
                public_key: pair.public,
            }));
        }
        let length = if kind.is_symmetric() {
            Some(32)
        } else {
            kind.mac_key_length()
        };
        if length != Some(secret.len()) {
            return Ok(None);
        }
        Ok(Some(Self {
            kind,
            id: name(secret.expose())?,
            secret,
            public_key: Vec::new(),
        }))
    }

    /// The material as `key` keeps it; from now on it exists only wrapped.
    pub(super) fn wrap(
        self,
        engine: &Engine,
        key: KeyId,
        now: Timestamp,
    ) -> Result<KeyMaterial, Error> {
        Ok(KeyMaterial {
            wrapped: self.wrapped(engine, key)?,
            created: now,
            rotation: None,
            public_key: self.public_key,
            imported: None,
            id: self.id,
        })
    }

    fn wrapped(&self, engine: &Engine, key: KeyId) -> Result<Vec<u8>, Error> {
        let (barrier, random) = (engine.barrier(), engine.system_random());
        if self.kind.is_symmetric() {
            let secret = Secret::from_slice(self.secret.expose())
                .ok_or_else(|| Error::internal("a symmetric material of another length"))?;
            let wrapped = barrier.wrap_material(&key, &self.id, &secret, random);
            return wrapped.map_err(Error::internal);
        }
        let place = SecretPlace {
            key: &key,
            material_id: &self.id,
            spec: self.kind.spec,
        };
        let wrapped = barrier.wrap_secret(place, self.secret.expose(), random);
        wrapped.map_err(Error::internal)
    }
}
