//! `ListKeyRotations`

use std::cmp::Ordering;

use super::key_operation::KeyOperation;
use super::key_rotation::rotatable;
use super::multi_region::lacks_pending_material;
use super::operation::{Performed, Step};
use super::page;
use super::parameters::Parameters;
use crate::Error;
use crate::api::limits::LIST_KEY_ROTATIONS;
use crate::api::{
    ExpirationModelType, ImportState, IncludeKeyMaterial, KeyMaterialState,
    ListKeyRotationsRequest, ListKeyRotationsResponse, RotationType, RotationsListEntry,
};
use crate::ids::KeyArn;
use crate::keys::{Key, KeyMaterial, RotationCause};
use crate::time::Timestamp;

/// A checked request.
#[derive(Debug)]
pub struct ListKeyRotations {
    with_first: bool,
    limit: usize,
    marker: Option<String>,
}

fn entry(
    arn: &KeyArn,
    material: &KeyMaterial,
    state: KeyMaterialState,
    now: Timestamp,
) -> RotationsListEntry {
    let imported = material.imported.as_ref();
    let present = material.is_present(now);
    let expires = material.expires().filter(|_| present);
    RotationsListEntry {
        key_id: arn.clone(),
        key_material_description: imported.and_then(|imported| imported.description.clone()),
        import_state: imported.map(|_| match present {
            true => ImportState::Imported,
            false => ImportState::PendingImport,
        }),
        expiration_model: imported.filter(|_| present).map(|_| match expires {
            Some(_) => ExpirationModelType::KeyMaterialExpires,
            None => ExpirationModelType::KeyMaterialDoesNotExpire,
        }),
        valid_to: expires,
        key_material_id: Some(material.id.clone()),
        key_material_state: Some(state),
        rotation_date: material.rotation.map(|_| material.created),
        rotation_type: material.rotation.map(|cause| match cause {
            RotationCause::Automatic => RotationType::Automatic,
            RotationCause::OnDemand => RotationType::OnDemand,
        }),
    }
}

/// The materials after the one called `after`, oldest first. One that is not in use yet is
/// `waiting`.
fn entries<'a>(
    key: &'a Key,
    with_first: bool,
    after: Option<&'a str>,
    waiting: KeyMaterialState,
    now: Timestamp,
) -> impl Iterator<Item = (String, RotationsListEntry)> + 'a {
    let used = key.materials.len();
    let start = after.and_then(|id| key.all_materials().position(|m| m.id.as_str() == id));
    let from = start.map_or(0, |index| index.saturating_add(1));
    key.all_materials()
        .enumerate()
        .skip(from)
        .filter(move |(_, material)| with_first || material.rotation.is_some())
        .map(move |(index, material)| {
            let state = match index.saturating_add(1).cmp(&used) {
                Ordering::Less => KeyMaterialState::NonCurrent,
                Ordering::Equal => KeyMaterialState::Current,
                Ordering::Greater => waiting,
            };
            let entry = entry(&key.arn, material, state, now);
            (material.id.to_string(), entry)
        })
}

impl KeyOperation for ListKeyRotationsRequest {
    type Checked = ListKeyRotations;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("includeKeyMaterial", self.include_key_material.as_ref())
            .optional("limit", self.limit.as_ref());
    }

    fn check(self) -> Result<ListKeyRotations, Error> {
        let all = IncludeKeyMaterial::AllKeyMaterial.as_str();
        Ok(ListKeyRotations {
            with_first: self.include_key_material.as_deref() == Some(all),
            limit: page::limit(self.limit, LIST_KEY_ROTATIONS),
            marker: self.marker,
        })
    }

    fn perform(
        asked: ListKeyRotations,
        step: &Step<'_>,
    ) -> Result<Performed<ListKeyRotationsResponse>, Error> {
        rotatable(step)?;
        let key = &step.loaded.primary()?.key;
        let listing = format!("ListKeyRotations {} {}", key.arn, asked.with_first);
        let markers = step.engine.markers();
        let after = markers.start(&listing, asked.marker.as_deref())?;
        let waiting = match lacks_pending_material(&key.key, step.state, step.now)? {
            Some(_) => KeyMaterialState::PendingMultiRegionImportAndRotation,
            None => KeyMaterialState::PendingRotation,
        };
        let (with_first, after) = (asked.with_first, after.as_deref());
        let items = entries(&key.key, with_first, after, waiting, step.now);
        let page = markers.page(&listing, asked.limit, items);
        Ok(Performed::read(ListKeyRotationsResponse {
            rotations: page.items,
            truncated: page.next.is_some(),
            next_marker: page.next,
        }))
    }
}
