//! A fresh key material: for a new key, and for each rotation.

use super::engine::Engine;
use crate::Error;
use crate::ids::KeyId;
use crate::keys::{BackingKey, KeyMaterial, RotationCause};
use crate::time::Timestamp;

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
    Ok(KeyMaterial { id, created: now, rotation, wrapped })
}
