//! `EnableKeyRotation`, `DisableKeyRotation` and `GetKeyRotationStatus`

use super::import::wrong_origin;
use super::key_operation::KeyOperation;
use super::multi_region::{not_on_replica, synchronised};
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::values::Specific;
use crate::Error;
use crate::api::limits::DEFAULT_ROTATION_PERIOD_DAYS;
use crate::api::{
    DisableKeyRotationRequest, DisableKeyRotationResponse, EnableKeyRotationRequest,
    EnableKeyRotationResponse, GetKeyRotationStatusRequest, GetKeyRotationStatusResponse, Origin,
};
use crate::keys::{AutomaticRotation, Key};

/// The key of the request, if it is one that is rotated: a symmetric one that is in no custom key
/// store. AWS says nothing more.
pub(super) fn rotatable<'a>(step: &'a Step<'_>) -> Result<&'a Key, Error> {
    let key = &step.loaded.primary()?.key.key;
    if key.kind.is_symmetric() && key.external.is_none() {
        Ok(key)
    } else {
        Err(Error::UnsupportedOperation(String::new()))
    }
}

/// As [`rotatable`], if the service makes its material.
fn rotates_by_itself<'a>(step: &'a Step<'_>) -> Result<&'a Key, Error> {
    let key = rotatable(step)?;
    match key.origin() {
        Origin::AwsKms => Ok(key),
        _ => Err(wrong_origin(key)),
    }
}

impl KeyOperation for EnableKeyRotationRequest {
    /// The period in days, if one was asked for.
    type Checked = Option<u32>;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional(
            "rotationPeriodInDays",
            self.rotation_period_in_days.as_ref(),
        );
    }

    fn check(self) -> Result<Option<u32>, Error> {
        let days = self.rotation_period_in_days.map(u32::try_from).transpose();
        days.map_err(Error::internal)
    }

    fn specific(days: &Option<u32>) -> Specific<'_> {
        let default = u32::try_from(DEFAULT_ROTATION_PERIOD_DAYS).ok();
        Specific {
            rotation_period_in_days: days.or(default),
            ..Specific::default()
        }
    }

    fn perform(
        asked: Option<u32>,
        step: &Step<'_>,
    ) -> Result<Performed<EnableKeyRotationResponse>, Error> {
        let mut key = rotates_by_itself(step)?.clone();
        not_on_replica(&key)?;
        let default = u32::try_from(DEFAULT_ROTATION_PERIOD_DAYS).map_err(Error::internal)?;
        let unchanged = key
            .automatic_rotation
            .is_some_and(|rotation| asked.is_none_or(|days| days == rotation.period_days));
        if unchanged {
            return Ok(Performed::read(EnableKeyRotationResponse {}));
        }
        key.automatic_rotation = Some(AutomaticRotation::starting(
            step.now,
            asked.unwrap_or(default),
        ));
        synchronised(step, EnableKeyRotationResponse {}, key)
    }
}

impl KeyOperation for DisableKeyRotationRequest {
    type Checked = ();

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn check(self) -> Result<(), Error> {
        Ok(())
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<DisableKeyRotationResponse>, Error> {
        let mut key = rotates_by_itself(step)?.clone();
        not_on_replica(&key)?;
        key.automatic_rotation = None;
        synchronised(step, DisableKeyRotationResponse {}, key)
    }
}

impl KeyOperation for GetKeyRotationStatusRequest {
    type Checked = ();

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn check(self) -> Result<(), Error> {
        Ok(())
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<GetKeyRotationStatusResponse>, Error> {
        let key = rotates_by_itself(step)?;
        let rotation = key.automatic_rotation.filter(|_| !key.is_to_be_deleted());
        let period = rotation
            .map(|rotation| i32::try_from(rotation.period_days))
            .transpose();
        Ok(Performed::read(GetKeyRotationStatusResponse {
            key_rotation_enabled: rotation.is_some(),
            key_id: key.arn.clone(),
            rotation_period_in_days: period.map_err(Error::internal)?,
            next_rotation_date: rotation.map(|rotation| rotation.next),
            on_demand_rotation_start_date: None,
        }))
    }
}
