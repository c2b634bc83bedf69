//! `ScheduleKeyDeletion` and `CancelKeyDeletion`

use super::change::Edit;
use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::values::Specific;
use crate::Error;
use crate::api::limits::{
    DEFAULT_DELETION_WINDOW_DAYS, MAX_DELETION_WINDOW_DAYS, MIN_DELETION_WINDOW_DAYS,
};
use crate::api::{
    CancelKeyDeletionRequest, CancelKeyDeletionResponse, ScheduleKeyDeletionRequest,
    ScheduleKeyDeletionResponse,
};
use crate::keys::Lifecycle;
use crate::time::Timestamp;

/// The model allows 1 to 365 days; the service allows 7 to 30 and says so in the model's words.
fn window(asked: Option<i32>) -> Result<i32, Error> {
    let days = asked.unwrap_or(DEFAULT_DELETION_WINDOW_DAYS);
    let bound = match days {
        _ if days < MIN_DELETION_WINDOW_DAYS => {
            format!("greater than or equal to {MIN_DELETION_WINDOW_DAYS}")
        }
        _ if days > MAX_DELETION_WINDOW_DAYS => {
            format!("less than or equal to {MAX_DELETION_WINDOW_DAYS}")
        }
        _ => return Ok(days),
    };
    Err(Error::Validation(format!(
        "1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy \
         constraint: Member must have value {bound}"
    )))
}

impl KeyOperation for ScheduleKeyDeletionRequest {
    /// Days.
    type Checked = i32;
    const ASKS_FOR_KEY_USAGE: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional("pendingWindowInDays", self.pending_window_in_days.as_ref());
    }

    fn check(self) -> Result<i32, Error> {
        window(self.pending_window_in_days)
    }

    fn specific(days: &i32) -> Specific<'_> {
        Specific {
            pending_window_in_days: u32::try_from(*days).ok(),
            tells_days_without_key_usage: true,
            ..Specific::default()
        }
    }

    fn perform(
        days: i32,
        step: &Step<'_>,
    ) -> Result<Performed<ScheduleKeyDeletionResponse>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        let window = u32::try_from(days).map_err(Error::internal)?;
        let deletion_date = if key.is_primary() && !step.state.related(&key.arn)?.is_empty() {
            key.schedule_deletion_after_replicas(window);
            None
        } else {
            Some(key.schedule_deletion(step.now, window))
        };
        let key_state = key.state(step.now);
        let mut elements = Parameters::default();
        elements
            .value("keyId", &key.arn)
            .value("keyState", &key_state)
            .optional(
                "deletionDate",
                deletion_date.map(Timestamp::to_rfc3339).as_ref(),
            )
            .value("pendingWindowInDays", &days);
        let response = ScheduleKeyDeletionResponse {
            key_id: key.arn.clone(),
            deletion_date,
            key_state,
            pending_window_in_days: days,
        };
        Ok(Performed::changed(response, vec![Edit::PutKey(Box::new(key))]).with_elements(elements))
    }
}

impl KeyOperation for CancelKeyDeletionRequest {
    type Checked = ();

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn check(self) -> Result<(), Error> {
        Ok(())
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<CancelKeyDeletionResponse>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        key.lifecycle = Lifecycle::Disabled;
        let mut elements = Parameters::default();
        elements.value("keyId", &key.arn);
        let response = CancelKeyDeletionResponse {
            key_id: key.arn.clone(),
        };
        Ok(Performed::changed(response, vec![Edit::PutKey(Box::new(key))]).with_elements(elements))
    }
}
