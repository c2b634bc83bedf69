//! `GetKeyLastUsage`

use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use crate::Error;
use crate::api::{GetKeyLastUsageRequest, GetKeyLastUsageResponse};

impl KeyOperation for GetKeyLastUsageRequest {
    type Checked = ();
    const ASKS_FOR_KEY_USAGE: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn check(self) -> Result<(), Error> {
        Ok(())
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<GetKeyLastUsageResponse>, Error> {
        let key = &step.loaded.primary()?.key.key;
        Ok(Performed::read(GetKeyLastUsageResponse {
            key_id: key.arn.key,
            key_last_usage: step.engine.usage.of(&key.arn)?,
            tracking_start_date: key.created,
            key_creation_date: key.created,
        }))
    }
}
