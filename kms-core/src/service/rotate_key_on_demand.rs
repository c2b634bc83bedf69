//! `RotateKeyOnDemand`

use super::key_operation::KeyOperation;
use super::key_rotation::rotatable;
use super::multi_region::{lacks_pending_material, not_on_replica, synchronised};
use super::new_material::new_material;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use crate::Error;
use crate::api::{RotateKeyOnDemandRequest, RotateKeyOnDemandResponse};
use crate::ids::KeyArn;
use crate::keys::{KeyMaterial, RotationCause};

/// A key of origin `EXTERNAL` rotates to a material that was imported for that.
fn nothing_to_rotate_to(key: &KeyArn) -> Error {
    Error::InvalidState(format!(
        "No available key material pending rotation for the key: {key}."
    ))
}

impl KeyOperation for RotateKeyOnDemandRequest {
    type Checked = ();

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn check(self) -> Result<(), Error> {
        Ok(())
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<RotateKeyOnDemandResponse>, Error> {
        let mut key = rotatable(step)?.clone();
        not_on_replica(&key)?;
        if key.on_demand_rotations() >= step.engine.quotas().on_demand_rotations {
            return Err(Error::LimitExceeded(format!(
                "The on-demand rotations limit has been reached for the given keyId. No more \
                 on-demand rotations can be performed for this key: {}",
                key.arn.key
            )));
        }
        let lacking = lacks_pending_material(&key, step.state, step.now)?;
        if let Some(lacking) = lacking.filter(|lacking| *lacking != key.arn) {
            return Err(Error::InvalidState(format!(
                "The key material pending rotation has not been imported into {lacking}."
            )));
        }
        let cause = Some(RotationCause::OnDemand);
        let material = match &mut key.import {
            None => new_material(step.engine, key.arn.key, step.now, cause)?,
            Some(import) => {
                let present = |pending: &mut KeyMaterial| pending.is_present(step.now);
                let pending = import.pending.take_if(present);
                let pending = pending.ok_or_else(|| nothing_to_rotate_to(&key.arn))?;
                KeyMaterial {
                    created: step.now,
                    rotation: cause,
                    ..pending
                }
            }
        };
        let mut elements = Parameters::default();
        elements.value("keyId", &key.arn);
        key.rotate(material);
        let response = RotateKeyOnDemandResponse {
            key_id: key.arn.clone(),
        };
        Ok(synchronised(step, response, key)?.with_elements(elements))
    }
}
