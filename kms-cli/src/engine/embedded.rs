//! The engine in this process, over a store in a directory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kms_core::Error;
use kms_core::api::limits::Quotas;
use kms_core::attestation::TrustedRoots;
use kms_core::audit::LedgerOptions;
use kms_core::crypto::random::{self, SystemRandom};
use kms_core::ids::{AccountId, KeyArn, KeyId, Region};
use kms_core::service::{CallContext, Engine, NewStore, OpenError, OpenOptions, Operation};
use kms_core::store::home::{HomeError, RootGuard};
use kms_core::time::SystemClock;

use super::refusal::refused;
use super::unlock;
use super::user::operating_system_user;
use crate::args::Global;
use crate::failure::{Failure, Kind};

/// An opened store, and who uses it: its owner, who could open it.
#[derive(Debug)]
pub(crate) struct Embedded {
    engine: Engine,
    account: AccountId,
    region: Region,
    user: String,
}

impl Embedded {
    /// Opens the store in `home`; asks for a passphrase when one is needed and none was given.
    pub(crate) fn open(home: &Path, global: &Global) -> Result<Self, Failure> {
        let guard = unlock::guard(&global.unlock)?;
        let opened = match Engine::open(options(home, guard, global)) {
            Err(OpenError::Home(HomeError::PassphraseNeeded)) => {
                let guard = unlock::asked_passphrase()?;
                Engine::open(options(home, guard, global))
            }
            opened => opened,
        };
        let engine = opened.map_err(unlock::failed)?;
        // Where no server runs, this is when what is due is done. A command that cannot do it, on
        // a full disk for one, does not fail for that.
        drop(engine.run_due_jobs());
        Self::of(engine, global)
    }

    /// Makes the store in `home` and opens it.
    pub(crate) fn create(
        home: &Path,
        guard: RootGuard,
        new: &NewStore,
        global: &Global,
    ) -> Result<Self, Failure> {
        let created = Engine::create(options(home, guard, global), new);
        Self::of(created.map_err(unlock::failed)?, global)
    }

    fn of(engine: Engine, global: &Global) -> Result<Self, Failure> {
        let account = engine.default_account().map_err(|error| failed(&error))?;
        let region = match &global.region {
            Some(region) => parse_region(region)?,
            None => account.default_region,
        };
        Ok(Self {
            engine,
            account: account.id,
            region,
            user: operating_system_user(),
        })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn call<O: Operation>(&self, request: O) -> Result<O::Response, Failure> {
        let id = request_id()?;
        let context =
            CallContext::embedded(self.account.clone(), self.region.clone(), &self.user, id);
        match futures_executor::block_on(self.engine.call(&context, request)) {
            Ok(recorded) => recorded.into_inner().map_err(|error| failed(&error)),
            Err(unavailable) => Err(Failure::new(
                Kind::Unavailable,
                format!("nothing was done: {}", with_cause(&unavailable)),
            )
            .hint("what cannot be recorded is refused; is the disk full?")),
        }
    }

    /// Whether the key is one of this store.
    pub(crate) fn may_hold(&self, arn: &KeyArn) -> bool {
        arn.account == self.account && arn.region == self.region
    }

    /// The account of the store.
    pub(crate) fn account(&self) -> &AccountId {
        &self.account
    }

    /// The Region of its keys.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }
}

/// How long a command waits until its record is on the disk. It serves one caller, for whom to try
/// again would be no quicker.
const LEDGER_DEADLINE: Duration = Duration::from_secs(60);

fn options(home: &Path, guard: RootGuard, global: &Global) -> OpenOptions {
    OpenOptions {
        directory: home.to_owned(),
        guard,
        ledger: LedgerOptions {
            deadline: LEDGER_DEADLINE,
            ..LedgerOptions::default()
        },
        random: Arc::new(SystemRandom),
        clock: Arc::new(SystemClock),
        accept_rollback: global.accept_rollback.clone(),
        quotas: Quotas::default(),
        attestation_roots: TrustedRoots::default(),
        sm2: false,
    }
}

/// A Region of the command line.
pub(crate) fn parse_region(text: &str) -> Result<Region, Failure> {
    text.parse().map_err(|_| {
        Failure::usage(format!("{text} is not a Region")).hint("write it as in us-east-1")
    })
}

/// A UUID for each request, as AWS gives them.
fn request_id() -> Result<String, Failure> {
    let random: [u8; 16] = random::array(&SystemRandom)
        .map_err(|_| Failure::new(Kind::Unavailable, "the system gives no random bytes"))?;
    Ok(KeyId::uuid_from_random(u128::from_be_bytes(random)).to_string())
}

/// A refusal of the engine. The owner of a store may see what failed inside.
fn failed(error: &Error) -> Failure {
    match error {
        Error::Internal(cause) => Failure::new(Kind::Unavailable, with_cause(cause.as_ref())),
        refusal => refused(refusal.code().as_str(), &refusal.to_string()),
    }
}

/// An error with all that caused it.
pub(super) fn with_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
