//! The principals file, `docs/spec/principals-file.md`: planned, applied, exported. Offered
//! in-process alone: whoever can open the store can apply one, nobody over the wire.

mod access_keys;
mod entities;
mod export;
mod organization;
mod outcome;
mod read;
mod reconcile;
mod removal;
mod roles;
mod shown;
mod users;

pub use export::ExportPrincipalsRequest;
pub use outcome::{ChangeAction, FieldChange, PrincipalChange, PrincipalsOutcome};
pub use read::{FileStamp, PrincipalsSource, Stamp, UnreadablePrincipals};

use std::sync::Arc;

use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use crate::Error;
use crate::principals_file::PrincipalsFile;

/// Makes the store as the file says: all of it in one commit, or nothing.
#[derive(Debug)]
pub struct ApplyPrincipalsRequest {
    /// What the store shall have.
    pub file: Arc<PrincipalsFile>,
}

/// What [`ApplyPrincipalsRequest`] would change.
#[derive(Debug)]
pub struct PlanPrincipalsRequest {
    /// What the store shall have.
    pub file: Arc<PrincipalsFile>,
}

fn record(file: &PrincipalsFile, parameters: &mut Parameters) {
    parameters.value("fileDigest", &file.digest);
}

impl Operation for ApplyPrincipalsRequest {
    type Parsed = Self;
    type Response = PrincipalsOutcome;
    const EVENT: Event = Event::service("ApplyPrincipals");
    const APPLIES_PRINCIPALS_FILE: bool = true;

    fn parameters(&self, parameters: &mut Parameters) {
        record(&self.file, parameters);
    }

    fn parse(self) -> Result<Self, Error> {
        Ok(self)
    }

    fn authorizations<'a>(
        _parsed: &'a Self,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:ApplyPrincipals", On::Any)])
    }

    fn perform(parsed: Self, step: &Step<'_>) -> Result<Performed<PrincipalsOutcome>, Error> {
        let (outcome, edits) = reconcile::reconcile(&parsed.file, step)?;
        if edits.is_empty() {
            return Ok(Performed::read(outcome));
        }
        let elements = outcome.recorded()?;
        Ok(Performed::changed(outcome, edits).with_elements(elements))
    }
}

impl Operation for PlanPrincipalsRequest {
    type Parsed = Self;
    type Response = PrincipalsOutcome;
    const EVENT: Event = Event::service("PlanPrincipals").reading();

    fn parameters(&self, parameters: &mut Parameters) {
        record(&self.file, parameters);
    }

    fn parse(self) -> Result<Self, Error> {
        Ok(self)
    }

    fn authorizations<'a>(
        _parsed: &'a Self,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:PlanPrincipals", On::Any)])
    }

    /// What an apply refuses is refused here too.
    fn perform(parsed: Self, step: &Step<'_>) -> Result<Performed<PrincipalsOutcome>, Error> {
        let (outcome, _edits) = reconcile::reconcile(&parsed.file, step)?;
        outcome.recorded()?;
        Ok(Performed::read(outcome.planned()))
    }
}
