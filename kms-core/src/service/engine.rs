//! The engine: one store, opened, and the walk that every request takes through it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use super::abandoned::Abandoned;
use super::context::CallContext;
use super::credential_reports::CredentialReports;
use super::credentials::still_valid;
use super::draft::{Draft, Ending};
use super::import::wrong_origin;
use super::key_pairs::KeyPairs;
use super::managed_by_file;
use super::mfa::Attempts;
use super::mutation::Unfinished;
use super::open::{read_record, take_in};
use super::operation::{Event, Loaded, Operation, Performed, Step};
use super::page::Markers;
use super::parameters::Parameters;
use super::resolve;
use super::state::State;
use super::sts;
use super::usage::KeyUsage;
use crate::Error;
use crate::api::limits::Quotas;
use crate::api::{self, ErrorCode, KeyState, Resource};
use crate::attestation::TrustedRoots;
use crate::audit::{Entry, FileLedger, LedgerUnavailable, Recorded};
use crate::crypto::random::{Random, SystemRandom};
use crate::ids::Region;
use crate::keys::Key;
use crate::oidc::ProviderKeys;
use crate::root::Barrier;
use crate::store::home::Home;
use crate::store::sealed::SealedStore;
use crate::time::{Clock, Timestamp};
use crate::xks::ExternalKeyProxy;

/// An answer or a refusal, recorded; or neither, when the ledger could not record.
pub type Outcome<R> = Result<Recorded<Result<R, Error>>, LedgerUnavailable>;

/// A key management service over one store.
pub struct Engine {
    pub(super) home: Home,
    pub(super) records: Arc<SealedStore>,
    pub(super) ledger: FileLedger,
    pub(super) clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    barrier: Arc<Barrier>,
    markers: Markers,
    pub(super) usage: KeyUsage,
    key_pairs: KeyPairs,
    quotas: Quotas,
    /// The Regions that requests can reach; every one until it is set.
    pub(super) regions: OnceLock<Vec<Region>>,
    pub(super) attestation_roots: TrustedRoots,
    proxy: Option<Arc<dyn ExternalKeyProxy>>,
    /// How long after it was made a grant counts, in milliseconds; at once until it is set.
    pub(super) grant_delay: OnceLock<i64>,
    /// Whether key pairs of SM2 are made.
    pub(super) sm2: bool,
    pub(super) state: RwLock<State>,
    /// Whether a change that others made could not be taken in; nothing is answered then.
    pub(super) incomplete: AtomicBool,
    /// Who brings the keys of identity providers.
    provider_keys: Option<Arc<dyn ProviderKeys>>,
    /// Codes of MFA devices that were wrong.
    pub(super) mfa_attempts: Attempts,
    pub(super) credential_reports: CredentialReports,
    /// Serialises changes.
    pub(super) mutation: Mutex<Unfinished>,
}

/// The parts that an engine is put together from.
pub(super) struct Parts {
    pub(super) home: Home,
    pub(super) records: Arc<SealedStore>,
    pub(super) ledger: FileLedger,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) state: State,
    pub(super) markers: Markers,
    pub(super) usage: KeyUsage,
    pub(super) quotas: Quotas,
    pub(super) attestation_roots: TrustedRoots,
    pub(super) sm2: bool,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("home", &self.home.directory())
            .finish_non_exhaustive()
    }
}

impl Engine {
    pub(super) fn from_parts(parts: Parts) -> Self {
        Self {
            barrier: parts.home.barrier(),
            home: parts.home,
            records: parts.records,
            ledger: parts.ledger,
            clock: parts.clock,
            random: parts.random,
            markers: parts.markers,
            usage: parts.usage,
            key_pairs: KeyPairs::default(),
            quotas: parts.quotas,
            regions: OnceLock::new(),
            attestation_roots: parts.attestation_roots,
            proxy: None,
            grant_delay: OnceLock::new(),
            sm2: parts.sm2,
            state: RwLock::new(parts.state),
            incomplete: AtomicBool::new(false),
            provider_keys: None,
            mfa_attempts: Attempts::default(),
            credential_reports: CredentialReports::default(),
            mutation: Mutex::new(Unfinished::default()),
        }
    }

    /// The same engine, whose external key stores `proxy` carries requests for. Without it they
    /// can be administered as far as that needs no proxy, and their keys cannot be used.
    #[must_use]
    pub fn with_external_key_proxy(mut self, proxy: Arc<dyn ExternalKeyProxy>) -> Self {
        self.proxy = Some(proxy);
        self
    }

    pub(super) fn external_key_proxy(&self) -> Option<&Arc<dyn ExternalKeyProxy>> {
        self.proxy.as_ref()
    }

    /// The same engine, for which `keys` brings the keys of identity providers. Without it nobody
    /// is believed who comes with the token of one.
    #[must_use]
    pub fn with_provider_keys(mut self, keys: Arc<dyn ProviderKeys>) -> Self {
        self.provider_keys = Some(keys);
        self
    }

    pub(super) fn provider_keys(&self) -> Option<&Arc<dyn ProviderKeys>> {
        self.provider_keys.as_ref()
    }

    pub(super) fn barrier(&self) -> &Barrier {
        &self.barrier
    }

    /// Randomness for nonces, ids and data keys; pooled when the engine was opened so.
    pub(super) fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// The same, for what is done after the walk.
    pub(super) fn shared_random(&self) -> Arc<dyn Random> {
        Arc::clone(&self.random)
    }

    /// Randomness for keys that are kept: always a call to the operating system.
    pub(super) fn system_random(&self) -> &'static dyn Random {
        &SystemRandom
    }

    /// How many of each thing there may be.
    pub(super) fn quotas(&self) -> Quotas {
        self.quotas
    }

    pub(super) fn key_pairs(&self) -> &KeyPairs {
        &self.key_pairs
    }

    /// Keeps `count` key pairs ready of each RSA spec that was asked for once, up to eight: a
    /// process that runs on makes them while nobody waits. None unless it is called.
    pub fn keep_key_pairs_ready(&self, count: usize) {
        self.key_pairs.keep_ready(count);
    }

    pub(super) fn markers(&self) -> &Markers {
        &self.markers
    }

    /// All that the store holds now, whoever wrote it.
    ///
    /// That it is current is seen while the state is held: `refresh` changes what counts as seen
    /// only while it holds the state for writing, so that nobody reads an old state as current.
    pub(super) fn state(&self) -> Result<RwLockReadGuard<'_, State>, Error> {
        let state = self.state.read().map_err(poisoned)?;
        self.require_complete()?;
        if self.records.is_current().map_err(Error::internal)? {
            return Ok(state);
        }
        drop(state);
        let mut state = self.state.write().map_err(poisoned)?;
        self.require_complete()?;
        let delta = self.records.refresh(|record| read_record(&record));
        if let Some(delta) = delta.map_err(Error::internal)? {
            // Seen and not taken in would pass for current: the mark stays until all is in.
            self.incomplete.store(true, Ordering::SeqCst);
            if delta.full {
                *state = State::new(Arc::clone(&self.records));
                state.put_unread_keys()?;
            }
            // What the outbox holds is the business of who put it there.
            take_in(delta.put, &mut state)?;
            self.incomplete.store(false, Ordering::SeqCst);
        }
        drop(state);
        self.state.read().map_err(poisoned)
    }

    fn require_complete(&self) -> Result<(), Error> {
        if self.incomplete.load(Ordering::SeqCst) {
            return Err(Error::internal(
                "a change of the store could not be taken in: restart",
            ));
        }
        Ok(())
    }

    /// Walks a request through the engine and records how it ended.
    ///
    /// A request that changes something blocks until the change is on disk: a server calls it
    /// where blocking is allowed. One that is dropped while a proxy is asked is recorded too.
    ///
    /// # Errors
    /// [`LedgerUnavailable`] when nothing could be recorded; there is no answer then.
    pub async fn call<O: Operation>(&self, call: &CallContext, request: O) -> Outcome<O::Response> {
        let now = self.clock.now();
        let mut parameters = Parameters::default();
        request.parameters(&mut parameters);
        let mut draft = Draft::new(self, call, O::EVENT, parameters, now)
            .map_err(LedgerUnavailable::because)?;
        let _reserved = self.key_pairs.reserve(request.key_pair());
        let followed = if O::ASKS_FOR_KEY_USAGE {
            self.usage.follow()
        } else {
            Ok(())
        };
        if request.changes() {
            // Policies that ask for what could not be read are not met; where none asks, a key can
            // be disabled all the same.
            drop(followed);
            if let Err(error) = self.inquire(&request, &mut draft, now).await {
                let (entry, answer) = conclude(&draft, Err(error));
                return Recorded::release(&self.ledger, entry, answer).await;
            }
            return self.change(request, &mut draft, now);
        }
        let walked = followed
            .and_then(|()| self.state())
            .and_then(|state| self.walk(request, &mut draft, &state, now));
        let result = match walked {
            Ok(performed) => {
                let abandoned = Abandoned::unless_answered(&self.ledger, &draft);
                let settled = performed.settled().await;
                abandoned.answered();
                settled
            }
            refused => refused,
        };
        let (entry, answer) = conclude(&draft, result);
        Recorded::release(&self.ledger, entry, answer).await
    }

    /// Asks the proxy that a change needs asked, holding nothing.
    async fn inquire<O: Operation>(
        &self,
        request: &O,
        draft: &mut Draft<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(request) = request.before_inquiry() else {
            return Ok(());
        };
        let inquiry = self
            .state()
            .and_then(|state| self.walk_to(request, draft, &state, now, O::inquiry))?;
        if let Some(inquiry) = inquiry {
            let abandoned = Abandoned::unless_answered(&self.ledger, draft);
            let finding = inquiry.await;
            abandoned.answered();
            draft.finding = Some(finding);
        }
        Ok(())
    }

    /// The walk of a request to its answer.
    pub(super) fn walk<O: Operation>(
        &self,
        request: O,
        draft: &mut Draft<'_>,
        state: &State,
        now: Timestamp,
    ) -> Result<Performed<O::Response>, Error> {
        let performed = self.walk_to(request, draft, state, now, O::perform)?;
        if !O::APPLIES_PRINCIPALS_FILE {
            managed_by_file::check_edits(&performed.edits, state)?;
        }
        Ok(performed)
    }

    /// The steps of every request, in this order, none of which can be left out, up to `last`.
    fn walk_to<O: Operation, T>(
        &self,
        request: O,
        draft: &mut Draft<'_>,
        state: &State,
        now: Timestamp,
        last: impl FnOnce(O::Parsed, &Step<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let call = draft.call;
        still_valid(&call.caller, state)?;
        sts::admit(&call.caller, draft.event)?;
        let tokens = request.grant_tokens().cloned();
        let recipient = request.recipient().cloned();
        let parsed = request.parse()?;
        let recipient = recipient.as_ref();
        let attestation = recipient.map(|info| self.attest(info, now)).transpose()?;
        let attestation = attestation.map(Arc::new);
        draft.attested(attestation.as_deref());
        let named = self.named_by_tokens(tokens.as_ref())?;
        let loaded = resolve::load(self, O::lookups(&parsed), state, call, draft.event)?;
        draft.used(&loaded);
        let mut needed = O::authorizations(&parsed, &loaded, call)?;
        for permission in &mut needed {
            permission.specific.attestation = attestation.as_deref();
            permission.propagation = self.propagation(now, &named);
        }
        let ask = |needed| self.authorize(needed, state, call, now);
        let permits = needed.iter().map(ask).collect::<Result<Vec<_>, Error>>()?;
        drop(needed);
        admit(draft.event, &loaded, state, now)?;
        last(
            parsed,
            &Step {
                engine: self,
                state,
                call,
                now,
                loaded: &loaded,
                permits,
                attestation,
                finding: draft.finding,
            },
        )
    }
}

/// The record and the answer of a request that changed nothing.
pub(super) fn conclude<R>(
    draft: &Draft<'_>,
    result: Result<Performed<R>, Error>,
) -> (Entry, Result<R, Error>) {
    match result {
        Ok(mut performed) => {
            let ending = Ending::of(&mut performed);
            match performed.into_response() {
                Ok(response) => (draft.finish(ending), Ok(response)),
                Err(error) => (
                    draft.finish(Ending::refused(draft.event, &error)),
                    Err(error),
                ),
            }
        }
        Err(error) => (
            draft.finish(Ending::refused(draft.event, &error)),
            Err(error),
        ),
    }
}

/// The key of an external store that is not connected, in AWS's words.
const NOT_CONNECTED: &str = "This KMS key is in a custom key store that is not connected to its \
    external key store proxy. Connect the external key store and try the request again.";

/// Whether the keys are in a state that allows the operation. Decided after the policies: who may
/// not use a key does not learn its state.
fn admit(event: Event, loaded: &Loaded, held: &State, now: Timestamp) -> Result<(), Error> {
    let Some(operation) = event.operation else {
        return Ok(());
    };
    let both = matches!(
        operation.resource(),
        Resource::TwoKeys | Resource::RelatedKeys
    );
    let cancels = operation == api::Operation::CancelKeyDeletion;
    let keys = loaded
        .primary
        .iter()
        .chain(loaded.secondary.iter().filter(|_| both));
    for target in keys {
        let state = held.key_state(&target.key.key, now);
        let arn = &target.key.key.arn;
        match operation.refusal(state) {
            None => {}
            Some(_) if origin_is_told(operation, &target.key.key, state) => {
                return Err(wrong_origin(&target.key.key));
            }
            Some(ErrorCode::DisabledException) => return Err(Error::Disabled(arn.clone())),
            Some(_) if state == KeyState::PendingDeletion => {
                return Err(Error::InvalidState(format!("{arn} is pending deletion.")));
            }
            Some(_) if state == KeyState::PendingReplicaDeletion => {
                return Err(Error::InvalidState(format!(
                    "{arn} is pending replica deletion."
                )));
            }
            Some(_) if state == KeyState::Unavailable && !cancels => {
                return Err(Error::InvalidState(NOT_CONNECTED.to_owned()));
            }
            Some(_) if state == KeyState::PendingImport && !cancels => {
                return Err(Error::InvalidState(format!("{arn} is pending import.")));
            }
            Some(_) => {
                return Err(Error::InvalidState(format!(
                    "{arn} is not pending deletion."
                )));
            }
        }
    }
    Ok(())
}

/// Whether AWS refuses a key for its origin before its state: not one that is only disabled, or
/// about to change.
fn origin_is_told(operation: api::Operation, key: &Key, state: KeyState) -> bool {
    let waits = matches!(
        state,
        KeyState::PendingDeletion
            | KeyState::PendingReplicaDeletion
            | KeyState::PendingImport
            | KeyState::Unavailable
    );
    let required = operation.required_origin();
    // The keys that can be unavailable are of an origin that nothing rotates.
    let rotates = operation == api::Operation::RotateKeyOnDemand && key.external.is_some();
    waits && (rotates || required.is_some_and(|origin| origin != key.origin()))
}

pub(super) fn poisoned<T>(_: PoisonError<T>) -> Error {
    Error::internal("a thread panicked while it changed the state")
}
