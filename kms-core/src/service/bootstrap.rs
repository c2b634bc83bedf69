//! What a new store gets before anybody can ask for it: an account, and a way in for its root
//! user.

use futures_executor::block_on;

use super::change::Edit;
use super::context::CallContext;
use super::draft::uuid;
use super::engine::Engine;
use super::open::NewStore;
use super::operation::{Authorization, Event, Loaded, Operation, Performed, Step};
use super::parameters::Parameters;
use crate::Error;
use crate::audit::Ledger;
use crate::caller::{Caller, Credential, Principal};
use crate::identity::Account;

/// The first account of a store.
#[derive(Debug)]
struct CreateAccount(Account);

/// The statement that a store was meant to be put back.
#[derive(Debug)]
struct AcceptRollback {
    recorded: u64,
    reason: String,
}

impl Operation for CreateAccount {
    type Parsed = Account;
    type Response = ();
    const EVENT: Event = Event::service("CreateAccount");

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .value("accountId", &self.0.id)
            .value("defaultRegion", &self.0.default_region);
    }

    fn parse(self) -> Result<Account, Error> {
        Ok(self.0)
    }

    /// The store is empty: there is nobody to ask and nothing to protect yet.
    fn authorizations<'a>(
        _account: &'a Account,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(Vec::new())
    }

    fn perform(account: Account, step: &Step<'_>) -> Result<Performed<()>, Error> {
        if step.state.accounts().next().is_some() {
            return Err(Error::AlreadyExists("the store has an account".to_owned()));
        }
        Ok(Performed::changed((), vec![Edit::PutAccount(account)]))
    }
}

impl Operation for AcceptRollback {
    type Parsed = ();
    type Response = ();
    /// It changes nothing but what is expected: read-only for the walk, an event for the ledger.
    const EVENT: Event = Event::service("AcceptRollback").reading();

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .value("reason", &self.reason)
            .value("recordedStoreRevision", &self.recorded);
    }

    fn parse(self) -> Result<(), Error> {
        Ok(())
    }

    /// Whoever opened the store with its root key asked for it.
    fn authorizations<'a>(
        (): &'a (),
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(Vec::new())
    }

    fn perform((): (), _step: &Step<'_>) -> Result<Performed<()>, Error> {
        Ok(Performed::read(()))
    }
}

impl Engine {
    /// Makes the first account, unless a creation that was cut short has made it.
    pub(super) fn ensure_account(&self, new: &NewStore) -> Result<(), Error> {
        if self.state()?.accounts().next().is_some() {
            return Ok(());
        }
        let account = self.new_account(new)?;
        let call = self.own_call(&account)?;
        block_on(self.call(&call, CreateAccount(account)))
            .map_err(Error::internal)?
            .into_inner()
    }

    /// Records that the store was put back and ties it to the ledger as it is.
    pub(super) fn accept_rollback(&self, recorded: u64, reason: &str) -> Result<(), Error> {
        let call = self.own_call(&self.default_account()?)?;
        let accepted = AcceptRollback {
            recorded,
            reason: reason.to_owned(),
        };
        block_on(self.call(&call, accepted))
            .map_err(Error::internal)?
            .into_inner()?;
        self.anchor(0)
    }

    pub(super) fn ledger_is_healthy(&self) -> Result<(), Error> {
        if self.ledger.healthy() {
            Ok(())
        } else {
            Err(Error::internal("the ledger takes no records"))
        }
    }

    fn own_call(&self, account: &Account) -> Result<CallContext, Error> {
        let principal = Principal::Service {
            account: account.id.clone(),
        };
        Ok(CallContext {
            caller: Caller::assume_authenticated(principal, Credential::Internal),
            region: account.default_region.clone(),
            request_id: uuid(self)?,
            source_ip: None,
            user_agent: "AWS Internal".to_owned(),
            secure_transport: true,
        })
    }
}
