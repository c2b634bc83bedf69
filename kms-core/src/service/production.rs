//! The mark of a store of production. It is never taken back.

use super::change::Edit;
use super::context::CallContext;
use super::engine::Engine;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::state::State;
use crate::Error;

/// Marks the store as one of production: it refuses seed files from now on. Offered in-process.
#[derive(Clone, Copy, Debug)]
pub struct MarkProductionRequest;

/// Whether the store bears the mark.
pub(super) fn is_production(state: &State) -> bool {
    state.accounts().any(|account| account.production)
}

impl Engine {
    /// Whether the store bears the mark.
    ///
    /// # Errors
    /// [`Error::Internal`] when the store fails.
    pub fn is_production(&self) -> Result<bool, Error> {
        Ok(is_production(&*self.state()?))
    }
}

impl Operation for MarkProductionRequest {
    type Parsed = ();
    type Response = ();
    const EVENT: Event = Event::service("MarkProduction");

    fn parameters(&self, _parameters: &mut Parameters) {}

    fn parse(self) -> Result<(), Error> {
        Ok(())
    }

    fn authorizations<'a>(
        (): &'a (),
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:MarkProduction", On::Any)])
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<()>, Error> {
        let unmarked = step.state.accounts().filter(|account| !account.production);
        let marked = unmarked.cloned().map(|mut account| {
            account.production = true;
            Edit::PutAccount(account)
        });
        let edits: Vec<Edit> = marked.collect();
        if edits.is_empty() {
            return Ok(Performed::read(()));
        }
        Ok(Performed::changed((), edits))
    }
}
