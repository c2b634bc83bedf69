//! A fresh key material: for a new key, and for each rotation.

use super::engine::Engine;
use super::given_material::GivenMaterial;
use crate::Error;
use crate::ids::KeyId;
use crate::keys::{
    BackingKey, KeyKind, KeyMaterial, RotationCause, public_material_id, secret_material_id,
};
use crate::secret::SecretBytes;
use crate::time::Timestamp;

/// The first material of a key of any kind.
pub(super) fn first_material(
    engine: &Engine,
    key: KeyId,
    kind: KeyKind,
    now: Timestamp,
) -> Result<KeyMaterial, Error> {
    if kind.is_symmetric() {
        return new_material(engine, key, now, None);
    }
    let (secret, public_key, id) = match kind.mac_key_length() {
        Some(length) => {
            let secret =
                SecretBytes::try_build(length, |bytes| engine.system_random().fill(bytes))?;
            let id = secret_material_id(key, secret.expose())?;
            (secret, Vec::new(), id)
        }
        None => {
            let pair = engine.key_pairs().take(kind.spec, engine.system_random())?;
            let id = public_material_id(key, &pair.public)?;
            (pair.private, pair.public, id)
        }
    };
    let made = GivenMaterial {
        kind,
        secret,
        public_key,
        id,
    };
    made.wrap(engine, key, now)
}

/// Draws a backing key and wraps it for `key`; it is wiped here and exists only wrapped from now.
pub(super) fn new_material(
    engine: &Engine,
    key: KeyId,
    now: Timestamp,
    rotation: Option<RotationCause>,
) -> Result<KeyMaterial, Error> {
    let backing_key = BackingKey::generate(engine.system_random())?;
    let id = backing_key.material_id(key)?;
    let wrapped = engine
        .barrier()
        .wrap_material(&key, &id, backing_key.secret(), engine.system_random())
        .map_err(Error::internal)?;
    Ok(KeyMaterial {
        id,
        created: now,
        rotation,
        wrapped,
        public_key: Vec::new(),
        imported: None,
    })
}
