//! `EnableKey` and `DisableKey`

use super::change::Edit;
use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::values::Specific;
use crate::Error;
use crate::api::{DisableKeyRequest, DisableKeyResponse, EnableKeyRequest, EnableKeyResponse};
use crate::keys::Lifecycle;

fn set(lifecycle: Lifecycle, step: &Step<'_>) -> Result<Vec<Edit>, Error> {
    let mut key = step.loaded.primary()?.key.key.clone();
    key.lifecycle = lifecycle;
    Ok(vec![Edit::PutKey(Box::new(key))])
}

impl KeyOperation for EnableKeyRequest {
    type Checked = ();

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn check(self) -> Result<(), Error> {
        Ok(())
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<EnableKeyResponse>, Error> {
        Ok(Performed::changed(
            EnableKeyResponse {},
            set(Lifecycle::Enabled, step)?,
        ))
    }
}

impl KeyOperation for DisableKeyRequest {
    type Checked = ();
    const ASKS_FOR_KEY_USAGE: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn check(self) -> Result<(), Error> {
        Ok(())
    }

    fn specific((): &()) -> Specific<'_> {
        Specific {
            tells_days_without_key_usage: true,
            ..Specific::default()
        }
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<DisableKeyResponse>, Error> {
        Ok(Performed::changed(
            DisableKeyResponse {},
            set(Lifecycle::Disabled, step)?,
        ))
    }
}
