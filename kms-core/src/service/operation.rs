//! What an operation fills in; the walk around it is written once, in `service/mod.rs`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

use super::change::Edit;
use super::context::CallContext;
use super::engine::Engine;
use super::iam::{Entity, Subject};
use super::key_entry::KeyEntry;
use super::organizations::Located;
use super::parameters::Parameters;
use super::state::State;
use super::values::Specific;
use crate::Error;
use crate::api::query::QueryService;
use crate::api::{self, KeySpec, RecipientInfo};
use crate::attestation::Attestation;
use crate::audit::JsonObject;
use crate::grants::{Grant, Propagation};
use crate::ids::{AccountId, AliasName, GrantId, KeyId, KeyMaterialId, KeyRef, Region};
use crate::policy::Permit;
use crate::time::Timestamp;
use crate::xks::Failure;

/// How the ledger and the policies name an operation.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// `kms.amazonaws.com` or `iam.amazonaws.com`.
    pub(super) source: &'static str,
    /// CloudTrail's `eventName`.
    pub(super) name: &'static str,
    /// Whether nothing changes in the service.
    pub(super) read_only: bool,
    /// The row of the table of AWS's operations; `None` for one of IAM's.
    pub(super) operation: Option<api::Operation>,
}

impl Event {
    /// An operation of AWS KMS.
    #[must_use]
    pub const fn kms(operation: api::Operation) -> Self {
        Self {
            source: "kms.amazonaws.com",
            name: operation.as_str(),
            read_only: operation.is_read_only(),
            operation: Some(operation),
        }
    }

    /// The service that records the operation, such as `kms.amazonaws.com`.
    #[must_use]
    pub const fn source(self) -> &'static str {
        self.source
    }

    /// CloudTrail's `eventName`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether nothing changes in the service.
    #[must_use]
    pub const fn is_read_only(self) -> bool {
        self.read_only
    }

    /// Whether callers ask for it by AWS's query protocol, which has error codes of its own.
    pub(super) fn speaks_query(self) -> bool {
        QueryService::ALL
            .iter()
            .any(|service| service.event_source() == self.source)
    }

    /// Whether it is one of Organizations, which has error codes of its own.
    pub(super) fn is_of_organizations(self) -> bool {
        self.source == api::organizations::EVENT_SOURCE
    }

    /// The first action that the operation asks for, such as `kms:Encrypt`.
    pub(super) fn action(self) -> &'static str {
        self.operation
            .and_then(|operation| operation.actions().first().copied())
            .unwrap_or(self.name)
    }

    /// Whether the keys may belong to another account than the caller's.
    pub(super) fn reaches_other_accounts(self) -> bool {
        self.operation
            .is_some_and(api::Operation::allows_cross_account)
    }

    /// What this service does as a proxy of external key stores, admitted in the states of the key
    /// in which `like` is.
    #[must_use]
    pub const fn xks_proxy(name: &'static str, like: api::Operation) -> Self {
        Self {
            source: "kms-xks-proxy",
            name,
            read_only: true,
            operation: Some(like),
        }
    }

    /// What the service does on its own.
    #[must_use]
    pub const fn service(name: &'static str) -> Self {
        Self {
            source: "kms.amazonaws.com",
            name,
            read_only: false,
            operation: None,
        }
    }

    /// The same as one that changes nothing.
    #[must_use]
    pub const fn reading(self) -> Self {
        Self {
            read_only: true,
            ..self
        }
    }

    /// An operation of IAM.
    #[must_use]
    pub const fn iam(name: &'static str, read_only: bool) -> Self {
        Self::query(QueryService::Iam, name, read_only)
    }

    /// An operation of Organizations.
    #[must_use]
    pub const fn organizations(name: &'static str, read_only: bool) -> Self {
        Self {
            source: api::organizations::EVENT_SOURCE,
            name,
            read_only,
            operation: None,
        }
    }

    /// An operation of a service that speaks AWS's query protocol.
    #[must_use]
    pub const fn query(service: QueryService, name: &'static str, read_only: bool) -> Self {
        Self {
            source: service.event_source(),
            name,
            read_only,
            operation: None,
        }
    }
}

/// Which key is to be loaded.
#[derive(Clone, Debug)]
pub(super) enum Lookup {
    /// The one that the request names.
    Named(KeyRef),
    /// The one that a ciphertext's header names.
    OfCiphertext(KeyId),
    /// The one that a grant is on, with the grant.
    OfGrant(GrantRef),
    /// The one in this Region that is related to the first; there may be none.
    Related(Region),
    /// The one of that name, whosever it is and wherever; a name without an account is one of this
    /// account, else of the caller's. For whoever may know of every key.
    OfAnyAccount(KeyRef, Option<AccountId>),
}

/// How a request names one grant.
#[derive(Clone, Debug)]
pub(super) enum GrantRef {
    /// By a token that was given out for it.
    Token(String),
    /// By its key and its id.
    OnKey(KeyRef, GrantId),
}

/// The keys that an operation needs: up to two.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    pub(super) primary: Option<Lookup>,
    pub(super) secondary: Option<Lookup>,
    pub(super) entity: Option<Subject>,
    pub(super) organizations: Option<Vec<String>>,
}

impl Lookups {
    /// No key.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The key that the request names.
    #[must_use]
    pub fn named(key: &KeyRef) -> Self {
        Self {
            primary: Some(Lookup::Named(key.clone())),
            ..Self::default()
        }
    }

    /// The key of that name, whosever it is; see [`Lookup::OfAnyAccount`].
    pub(super) fn of_any_account(key: &KeyRef, account: Option<&AccountId>) -> Self {
        Self {
            primary: Some(Lookup::OfAnyAccount(key.clone(), account.cloned())),
            ..Self::default()
        }
    }

    /// No key, but an IAM entity.
    pub(super) fn entity(subject: Subject) -> Self {
        Self {
            entity: Some(subject),
            ..Self::default()
        }
    }
}

impl Lookups {
    /// No key, but parts of the organization, by their ids.
    pub(super) fn organizations(ids: Vec<String>) -> Self {
        Self {
            organizations: Some(ids),
            ..Self::default()
        }
    }
}

/// A key that was found, and by which name.
#[derive(Clone, Debug)]
pub struct Target {
    /// The key.
    pub key: Arc<KeyEntry>,
    /// The alias that the request named it by, if it did.
    pub alias: Option<AliasName>,
    /// Every alias that points to it.
    pub aliases: Vec<AliasName>,
    /// Whether a ciphertext named it and not the caller.
    pub by_ciphertext: bool,
    /// The grant on it that the request is about, where it is about one.
    pub grant: Option<Arc<Grant>>,
}

/// The keys that were found.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub(super) primary: Option<Target>,
    pub(super) secondary: Option<Target>,
    pub(super) entity: Entity,
    pub(super) organizations: Located,
}

impl Loaded {
    /// The first key that the operation asked for.
    ///
    /// # Errors
    /// [`Error::Internal`] when the operation asked for none.
    pub fn primary(&self) -> Result<&Target, Error> {
        self.primary
            .as_ref()
            .ok_or_else(|| Error::internal("the operation loaded no key"))
    }

    /// The second key that the operation asked for.
    ///
    /// # Errors
    /// [`Error::Internal`] when the operation asked for less than two.
    pub fn secondary(&self) -> Result<&Target, Error> {
        self.secondary
            .as_ref()
            .ok_or_else(|| Error::internal("the operation loaded no second key"))
    }

    /// The IAM entity that the operation is about, if there is one.
    pub(super) fn iam(&self) -> &Entity {
        &self.entity
    }

    /// What the operation is about in the organization.
    pub(super) fn organizations(&self) -> &Located {
        &self.organizations
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Target> {
        self.primary.iter().chain(&self.secondary)
    }
}

/// What is asked to be permitted on.
#[derive(Clone, Debug)]
pub enum On<'a> {
    /// A key, by its key policy.
    Key(&'a Target),
    /// A thing with an ARN and no policy of its own, by identity policies.
    Named(String),
    /// Nothing in particular, by identity policies.
    Any,
}

impl On<'_> {
    /// The account that it is in; that of the caller for nothing in particular.
    pub(super) fn account(&self, call: &CallContext) -> AccountId {
        let named = |arn: &str| arn.split(':').nth(4)?.parse().ok();
        match self {
            Self::Key(target) => target.key.key.arn.account.clone(),
            Self::Named(arn) => named(arn).unwrap_or_else(|| call.account().clone()),
            Self::Any => call.account().clone(),
        }
    }
}

/// One permission that the operation needs.
#[derive(Clone, Debug)]
pub struct Authorization<'a> {
    pub(super) action: &'static str,
    pub(super) on: On<'a>,
    pub(super) specific: Specific<'a>,
    /// Which grants count yet, where new ones count late; set by the walk.
    pub(super) propagation: Option<Propagation<'a>>,
}

impl<'a> Authorization<'a> {
    /// Permission for `action` on `on`, with no condition values of its own.
    #[must_use]
    pub fn new(action: &'static str, on: On<'a>) -> Self {
        Self {
            action,
            on,
            specific: Specific::default(),
            propagation: None,
        }
    }

    /// With the values that conditions may ask for.
    #[must_use]
    pub fn with(mut self, specific: Specific<'a>) -> Self {
        self.specific = specific;
        self
    }
}

/// What an operation may see and use while it is performed.
#[derive(Debug)]
pub struct Step<'a> {
    pub(super) engine: &'a Engine,
    pub(super) state: &'a State,
    pub(super) call: &'a CallContext,
    pub(super) now: Timestamp,
    pub(super) loaded: &'a Loaded,
    pub(super) permits: Vec<Permit>,
    pub(super) attestation: Option<Arc<Attestation>>,
    /// What the proxy said, where [`Operation::inquiry`] asked one.
    pub(super) finding: Option<Finding>,
}

/// What a proxy that was asked before a change said: whether its key fits, or that it is well.
pub type Finding = Result<bool, Failure>;

/// A question to a proxy, put together while the state is held and asked after it is let go.
pub type Inquiry = Pin<Box<dyn Future<Output = Finding> + Send>>;

impl Step<'_> {
    /// The permission that was given for the `index`-th authorization of the operation.
    pub(super) fn permit(&self, index: usize) -> Result<&Permit, Error> {
        self.permits
            .get(index)
            .ok_or_else(|| Error::internal("no such permission"))
    }

    /// What the proxy said that [`Operation::inquiry`] asked.
    pub(super) fn found(&self) -> Result<Finding, Error> {
        self.finding
            .ok_or_else(|| Error::internal("nobody asked the proxy"))
    }
}

/// What is left to do of an operation once the state is let go.
type Rest<R> = Pin<Box<dyn Future<Output = Result<Performed<R>, Error>> + Send>>;

/// The answer of an operation, or what it waits for.
pub(super) enum Answer<R> {
    Ready(R),
    /// Somebody outside has to be asked: nobody holds the state meanwhile.
    Later(Rest<R>),
}

impl<R> fmt::Debug for Answer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready(…)",
            Self::Later(_) => "Later(…)",
        })
    }
}

/// What came of an operation.
#[derive(Debug)]
pub struct Performed<R> {
    /// The answer.
    pub(super) answer: Answer<R>,
    /// What changes in the store; empty for operations that only read.
    pub(super) edits: Vec<Edit>,
    /// CloudTrail's `responseElements`, for operations that change something.
    pub(super) elements: Option<JsonObject>,
    /// CloudTrail's `additionalEventData`.
    pub(super) additional: Parameters,
}

impl<R> Performed<R> {
    /// An answer and nothing else.
    #[must_use]
    pub fn read(response: R) -> Self {
        Self::answered(Answer::Ready(response))
    }

    fn answered(answer: Answer<R>) -> Self {
        Self {
            answer,
            edits: Vec::new(),
            elements: None,
            additional: Parameters::default(),
        }
    }

    /// What is done after the state is let go, for operations that only read: `rest` owns all that
    /// it needs, and waits as long as it likes.
    pub(super) fn later(rest: impl Future<Output = Result<Self, Error>> + Send + 'static) -> Self {
        Self::answered(Answer::Later(Box::pin(rest)))
    }

    /// Waits for what is left to do.
    pub(super) async fn settled(self) -> Result<Self, Error> {
        match self.answer {
            Answer::Ready(_) => Ok(self),
            Answer::Later(rest) => rest.await,
        }
    }

    /// The answer.
    ///
    /// # Errors
    /// [`Error::Internal`] when it was not waited for.
    pub(super) fn into_response(self) -> Result<R, Error> {
        match self.answer {
            Answer::Ready(response) => Ok(response),
            Answer::Later(_) => Err(Error::internal("an answer was not waited for")),
        }
    }

    /// An answer with a change.
    #[must_use]
    pub fn changed(response: R, edits: Vec<Edit>) -> Self {
        Self {
            edits,
            ..Self::read(response)
        }
    }

    /// Names the symmetric material that was used, if one was.
    pub(super) fn with_material<'a>(
        mut self,
        name: &'static str,
        material: impl Into<Option<&'a KeyMaterialId>>,
    ) -> Self {
        self.additional.optional(name, material.into());
        self
    }

    /// Adds what CloudTrail puts into `additionalEventData`.
    pub(super) fn with_additional(mut self, name: &'static str, value: &impl Serialize) -> Self {
        self.additional.value(name, value);
        self
    }

    pub(super) fn with_elements(mut self, elements: Parameters) -> Self {
        self.elements = elements.finish();
        self
    }
}

/// An operation of the service. The walk calls these in order and skips none.
pub trait Operation: Sized + Send + 'static {
    /// The request once its values need no further checks.
    type Parsed;
    /// The answer.
    type Response: Send + 'static;
    /// How the operation is named.
    const EVENT: Event;

    /// Whether the request can change something in the store: those of an operation that only reads
    /// may all the same, where they use up what can be used once.
    fn changes(&self) -> bool {
        !Self::EVENT.read_only
    }

    /// What the ledger keeps of the request.
    fn parameters(&self, parameters: &mut Parameters);

    /// The member `GrantTokens`. Each must be one that this service gave out; since grants hold at
    /// once, they change nothing else, unless the engine was told to let new grants count late.
    fn grant_tokens(&self) -> Option<&Vec<String>> {
        None
    }

    /// The member `Recipient`: whom the secret of the answer is encrypted to. The walk verifies it
    /// before anything is asked of the policies; [`Step::recipient`] says to whom that is.
    fn recipient(&self) -> Option<&RecipientInfo> {
        None
    }

    /// Whether the request asks for what the ledger tells of the use of keys, which is then read
    /// before the request is walked, since whoever walks holds what others wait for.
    const ASKS_FOR_KEY_USAGE: bool = false;

    /// The kind of key pair that the request needs made, if any: RSA's are made before the request
    /// is walked, since whoever walks holds what others wait for.
    fn key_pair(&self) -> Option<KeySpec> {
        None
    }

    /// The same request once more, when a proxy has to be asked before the change is walked: what
    /// [`Operation::inquiry`] asks is put together in a walk of its own, and whoever changes the
    /// store does not hold it while somebody outside is waited for.
    fn before_inquiry(&self) -> Option<Self> {
        None
    }

    /// The question to a proxy, once everything else would let the request succeed.
    ///
    /// # Errors
    /// As [`Operation::perform`].
    fn inquiry(parsed: Self::Parsed, step: &Step<'_>) -> Result<Option<Inquiry>, Error> {
        let _ = (parsed, step);
        Ok(None)
    }

    /// Whether it applies the principals file, and so changes what that file manages.
    const APPLIES_PRINCIPALS_FILE: bool = false;

    /// Checks every value of the request.
    ///
    /// # Errors
    /// [`Error::Validation`] and its kin, in AWS's words.
    fn parse(self) -> Result<Self::Parsed, Error>;

    /// The keys to load.
    fn lookups(parsed: &Self::Parsed) -> Lookups {
        let _ = parsed;
        Lookups::none()
    }

    /// The permissions needed, all of which must be given.
    fn authorizations<'a>(
        parsed: &'a Self::Parsed,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error>;

    /// Does it. Permissions are given and the state of the key admits the operation.
    ///
    /// # Errors
    /// Whatever the operation refuses for reasons of its own.
    fn perform(parsed: Self::Parsed, step: &Step<'_>) -> Result<Performed<Self::Response>, Error>;
}
