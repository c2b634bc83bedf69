//! Making a store, opening one, and what is checked and mended on the way.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use serde::Deserialize;

use super::change::Edit;
use super::engine::{Engine, Parts};
use super::mutation::Outbox;
use super::page::Markers;
use super::state::State;
use super::usage::KeyUsage;
use crate::Error;
use crate::api::limits::Quotas;
use crate::attestation::TrustedRoots;
use crate::audit::{self, FileLedger, LedgerError, LedgerOptions};
use crate::crypto::Failed;
use crate::crypto::random::{Random, SystemRandom};
use crate::crypto::sign::Ed25519PrivateKey;
use crate::identity::{self, Account};
use crate::ids::{AccountId, Region};
use crate::root::{BarrierError, RecordKind};
use crate::store::StoreError;
use crate::store::home::{Home, HomeError, RootGuard};
use crate::store::sealed::{Head, Record, SealedStore};
use crate::time::Clock;

/// The name by which checkpoints say whose they are.
pub const LEDGER_NAME: &str = "kms-ledger";

/// How an engine is opened.
#[derive(Debug)]
pub struct OpenOptions {
    /// The home directory.
    pub directory: PathBuf,
    /// What guards the root key.
    pub guard: RootGuard,
    /// How the ledger writes.
    pub ledger: LedgerOptions,
    /// The source of nonces and ids.
    pub random: Arc<dyn Random>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Why a store that is older than the ledger is taken all the same; recorded.
    pub accept_rollback: Option<String>,
    /// How many of each thing there may be, as this process has it; nothing that is there already
    /// is touched.
    pub quotas: Quotas,
    /// Whose attestation documents are believed; without any, no request may have a `Recipient`.
    pub attestation_roots: TrustedRoots,
    /// Whether keys and data key pairs of spec `SM2` are made, which AWS does in its China Regions
    /// alone. Those that are there are used all the same.
    pub sm2: bool,
}

/// Why an engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The home directory, or what guards the root key.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The process that made the store ended before it was done.
    #[error("the making of the store was cut short; make it again to finish")]
    Unfinished,
    /// The records.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Records of the ledger are gone that the store knows of.
    #[error(
        "the ledger has {found} records, but had {expected} when the store last changed: records \
         were removed"
    )]
    LedgerBehindStore {
        /// How many records there are.
        found: u64,
        /// How many there were.
        expected: u64,
    },
    /// The store was put back to an earlier state.
    #[error(
        "the store is at revision {found}, but the ledger knows revision {recorded}: the store was \
         put back to an earlier state. If that was meant, open it once with --accept-rollback REASON"
    )]
    RolledBack {
        /// The store's revision.
        found: u64,
        /// The newest revision that the ledger tells.
        recorded: u64,
    },
    /// A cryptographic operation failed.
    #[error(transparent)]
    Crypto(#[from] Failed),
    /// The root key's derivations failed.
    #[error(transparent)]
    Barrier(#[from] BarrierError),
    /// What the records say cannot be used.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// What a new store starts with.
#[derive(Clone, Debug)]
pub struct NewStore {
    /// Its account; drawn at random when there is none.
    pub account: Option<AccountId>,
    /// The Region of its keys unless a caller names another.
    pub region: Region,
}

impl Engine {
    /// Makes a store and opens it, or finishes the making of one that was cut short.
    ///
    /// # Errors
    /// [`HomeError::Exists`] where there is a finished one already; [`OpenError`].
    pub fn create(options: OpenOptions, new: &NewStore) -> Result<Self, OpenError> {
        let exists = HomeError::Exists(options.directory.clone());
        let home = match Home::create(&options.directory, &options.guard, &SystemRandom) {
            Err(HomeError::Exists(_)) => Home::open(&options.directory, &options.guard)?,
            made => made?,
        };
        let engine = Self::assemble(home, options)?;
        if engine.state()?.accounts().next().is_some() {
            return Err(exists.into());
        }
        engine.ensure_account(new)?;
        Ok(engine)
    }

    /// Opens a store.
    ///
    /// # Errors
    /// [`OpenError::Unfinished`] for one whose making was cut short; [`OpenError`]. Nothing is
    /// changed then but what an earlier process left half done.
    pub fn open(options: OpenOptions) -> Result<Self, OpenError> {
        let home = Home::open(&options.directory, &options.guard)?;
        let engine = Self::assemble(home, options)?;
        if engine.state()?.accounts().next().is_none() {
            return Err(OpenError::Unfinished);
        }
        Ok(engine)
    }

    fn assemble(home: Home, options: OpenOptions) -> Result<Self, OpenError> {
        let alone = home.lock()?;
        let (records, found) =
            home.open_records(Arc::clone(&options.random), |record| read_record(&record))?;
        let records = Arc::new(records);
        // Both take long where there is much, and neither needs the other.
        let ((ledger, recorded), (state, outbox)) = thread::scope(|scope| {
            let state = scope.spawn(|| held_state(&records, found));
            let ledger = open_ledger(&home, &options, records.head());
            let state = state.join().unwrap_or_else(|panic| resume_unwind(panic));
            Ok::<_, OpenError>((ledger?, state?))
        })?;
        let rolled_back = recorded > records.head().revision.0;
        if rolled_back && options.accept_rollback.is_none() {
            return Err(OpenError::RolledBack {
                found: records.head().revision.0,
                recorded,
            });
        }
        drop(alone);
        let markers = Markers::new(home.barrier().token_key()?.expose());
        let usage = KeyUsage::open(&home, ledger.size());
        let (clock, random) = (options.clock, options.random);
        let parts = Parts {
            home,
            records,
            ledger,
            clock,
            random,
            state,
            markers,
            usage,
            quotas: options.quotas,
            attestation_roots: options.attestation_roots,
            sm2: options.sm2,
        };
        let engine = Self::from_parts(parts);
        engine.recover(outbox)?;
        if let Some(reason) = options.accept_rollback.filter(|_| rolled_back) {
            engine.accept_rollback(recorded, &reason)?;
        }
        Ok(engine)
    }

    /// The account that the store was made with.
    ///
    /// # Errors
    /// [`Error::Internal`] when the store fails or has none.
    pub fn default_account(&self) -> Result<Account, Error> {
        let account = self.state()?.first_account().cloned();
        account.ok_or_else(|| Error::internal("the store has no account"))
    }

    /// Whether the store and the ledger take changes.
    ///
    /// # Errors
    /// [`Error::Internal`] says what does not.
    pub fn ready(&self) -> Result<(), Error> {
        drop(self.state()?);
        self.ledger_is_healthy()
    }

    /// Draws the account of a new store.
    pub(super) fn new_account(&self, new: &NewStore) -> Result<Account, Error> {
        let id = match &new.account {
            Some(id) => id.clone(),
            None => identity::generate_account_id(self.system_random())?,
        };
        Ok(Account {
            id,
            created: self.clock.now(),
            default_region: new.region.clone(),
            production: false,
        })
    }
}

/// The ledger, and the newest revision that it tells of.
fn open_ledger(
    home: &Home,
    options: &OpenOptions,
    head: Head,
) -> Result<(FileLedger, u64), OpenError> {
    let expected = head.ledger_size;
    if expected > 0 && ledger_is_empty(home) {
        return Err(OpenError::LedgerBehindStore { found: 0, expected });
    }
    let ledger = FileLedger::open(
        &home.ledger_directory(),
        Ed25519PrivateKey::from_seed(home.barrier().ledger_seed()?.expose())?,
        LEDGER_NAME,
        Arc::clone(&options.clock),
        options.ledger,
    )?;
    let recorded = newest_recorded_revision(home, &ledger, head)?;
    Ok((ledger, recorded))
}

/// What the records say in memory, and the rows of the outbox.
fn held_state(
    records: &Arc<SealedStore>,
    found: Vec<Result<Told, Error>>,
) -> Result<(State, Vec<Outbox>), Error> {
    let mut state = State::new(Arc::clone(records));
    state.put_unread_keys()?;
    let outbox = take_in(found, &mut state)?;
    Ok((state, outbox))
}

/// Whether there is nothing to open: an opening would then begin a new ledger, which must not take
/// the place of one that was removed.
fn ledger_is_empty(home: &Home) -> bool {
    let first = audit::read(&home.ledger_directory(), 0).map(|mut records| records.next());
    matches!(first, Ok(None) | Err(LedgerError::Io { .. }))
}

/// Makes what records say in memory, and gives those of the outbox.
pub(super) fn take_in(
    found: Vec<Result<Told, Error>>,
    state: &mut State,
) -> Result<Vec<Outbox>, Error> {
    let mut outbox = Vec::new();
    for told in found {
        match told? {
            Told::Edit(edit) => edit.apply(state)?,
            Told::Outbox(row) => outbox.push(*row),
            Told::Nothing => {}
        }
    }
    Ok(outbox)
}

/// What a record tells.
pub(super) enum Told {
    Edit(Box<Edit>),
    Outbox(Box<Outbox>),
    Nothing,
}

pub(super) fn read_record(record: &Record) -> Result<Told, Error> {
    if record.kind == RecordKind::Outbox {
        let row = serde_json::from_slice(record.body.expose());
        return row.map(Told::Outbox).map_err(Error::internal);
    }
    let edit = Edit::from_record(record)?;
    Ok(edit.map_or(Told::Nothing, |edit| Told::Edit(Box::new(edit))))
}

/// Only the members that tell a revision.
#[derive(Deserialize)]
struct Recorded {
    #[serde(rename = "additionalEventData")]
    additional: Option<Additional>,
}

#[derive(Deserialize)]
struct Additional {
    #[serde(rename = "storeRevision")]
    revision: Option<u64>,
}

/// The newest revision that a record tells which was made since the store's own newest commit.
fn newest_recorded_revision(
    home: &Home,
    ledger: &FileLedger,
    head: Head,
) -> Result<u64, OpenError> {
    if ledger.size() < head.ledger_size {
        return Err(OpenError::LedgerBehindStore {
            found: ledger.size(),
            expected: head.ledger_size,
        });
    }
    let mut newest = 0;
    for record in audit::read(&home.ledger_directory(), head.ledger_size)? {
        let (_, line) = record?;
        newest = newest.max(recorded_revision(&line).unwrap_or_default());
    }
    Ok(newest)
}

fn recorded_revision(line: &[u8]) -> Option<u64> {
    let member = b"\"storeRevision\":";
    // Most records are of requests that change nothing, and parsing is what costs.
    line.windows(member.len())
        .any(|window| window == member)
        .then_some(())?;
    serde_json::from_slice::<Recorded>(line)
        .ok()?
        .additional?
        .revision
}
