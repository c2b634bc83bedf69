//! One request, from its head to its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{Request, StatusCode, request};
use hyper::body::Incoming;
use kms_core::api::organizations;
use kms_core::api::query::QueryService;
use kms_core::api::{ErrorCode, Operation};
use kms_core::crypto::random::{Random, array};
use kms_core::ids::{AccessKeyId, KeyId, Region};
use kms_core::service::{CallContext, Engine, Event, Refusal, RefusedCaller};

use super::answer::{self, Answer};
use super::body;
use super::dispatch::{Answered, Call, Unanswered, dispatch};
use super::failure::{Code, Failure};
use super::faults::Faults;
use super::route::{Route, route};
use crate::auth::{Authentic, Authenticator, Service, Unauthentic};
use crate::config::LocalCallers;
use crate::listen::{Handler, Peer};

/// As much of a user agent as is kept, in bytes.
const USER_AGENT_BYTES: usize = 1024;

/// What stands in the ledger for an operation that there is not.
const NO_OPERATION: &str = "UnknownOperation";

/// How bodies are read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The longest body, in bytes.
    pub limit: usize,
    /// The most time that one takes.
    pub timeout: Duration,
}

/// The KMS endpoint in front of an engine.
#[derive(Debug)]
pub struct Endpoint {
    engine: Arc<Engine>,
    authenticator: Authenticator,
    random: Arc<dyn Random>,
    reading: Reading,
    faults: Faults,
    local: LocalCallers,
}

/// What is known of a request before anybody is known to have sent it.
#[derive(Debug)]
pub(super) struct Received {
    /// The service that is asked, where it is one that speaks the query protocol.
    pub(super) service: Option<QueryService>,
    /// The service that records a request for no operation that there is, as the ledger names it.
    source: &'static str,
    /// The operation that is asked for, as the ledger names it.
    pub(super) event: Option<Event>,
    pub(super) request_id: String,
    pub(super) peer: Peer,
    user_agent: String,
    /// The Region that the request is signed for, once the signature was verified.
    pub(super) region: Option<Region>,
}

impl Received {
    /// The request of a caller who is known now.
    pub(super) fn context(&self, authentic: Authentic) -> CallContext {
        CallContext {
            caller: authentic.caller,
            region: authentic.region,
            request_id: self.request_id.clone(),
            source_ip: self.peer.ip,
            user_agent: self.user_agent.clone(),
            secure_transport: self.peer.secure,
        }
    }

    fn event_source(&self) -> &'static str {
        match (self.event, self.service) {
            (Some(event), _) => event.source(),
            (None, Some(service)) => service.event_source(),
            (None, None) => self.source,
        }
    }
}

/// A version 4 UUID. Where there is no randomness the request fails later and is recorded; its id
/// alone does not have to be random.
pub(crate) fn request_id(random: &dyn Random) -> String {
    let bits = array::<16>(random).map_or(0, u128::from_be_bytes);
    KeyId::uuid_from_random(bits).to_string()
}

impl Endpoint {
    /// An endpoint that authenticates callers by `authenticator` and asks `engine`; `random` makes
    /// the ids of requests.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        authenticator: Authenticator,
        random: Arc<dyn Random>,
        reading: Reading,
    ) -> Self {
        Self {
            engine,
            authenticator,
            random,
            reading,
            faults: Faults::default(),
            local: LocalCallers::default(),
        }
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(super) fn reading(&self) -> Reading {
        self.reading
    }

    /// Who signed the request for `service`; whoever is not known is refused, and that recorded.
    pub(super) async fn known<C: Code>(
        &self,
        head: &request::Parts,
        body: &[u8],
        service: Service,
        received: &Received,
    ) -> Result<Authentic, Failure<C>> {
        let authenticator = &self.authenticator;
        match authenticator.authenticate(&self.engine, head, body, service) {
            Ok(authentic) => Ok(authentic),
            Err(Unauthentic::Refused { refusal, claimed }) => {
                let claimed = claimed.and_then(|id| id.parse::<AccessKeyId>().ok());
                let caller = RefusedCaller::Unauthenticated(claimed.as_ref());
                let failure = Failure::unauthentic(&refusal);
                Err(self.refuse(received, caller, failure).await)
            }
            Err(Unauthentic::Engine(error)) => {
                let nobody = RefusedCaller::Unauthenticated(None);
                let failure = Failure::internal(&received.request_id, &error);
                Err(self.refuse(received, nobody, failure).await)
            }
        }
    }

    pub(super) fn first_region(&self) -> &Region {
        self.authenticator.first_region()
    }

    /// The same endpoint, on which `faults` befall requests whose caller is known.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// The same endpoint, which gives `local` credentials without a signature.
    #[must_use]
    pub fn with_local_callers(self, local: LocalCallers) -> Self {
        Self { local, ..self }
    }

    pub(super) fn local(&self) -> &LocalCallers {
        &self.local
    }

    async fn call(
        &self,
        head: &request::Parts,
        body: Incoming,
        operation: Option<Operation>,
        received: Received,
    ) -> Result<Vec<u8>, Failure> {
        let nobody = RefusedCaller::Unauthenticated(None);
        let body = match body::read(body, self.reading.limit, self.reading.timeout).await {
            Ok(body) => body,
            Err(fault) => return Err(self.refuse(&received, nobody, fault.into()).await),
        };
        let Some(operation) = operation else {
            let message = "The requested operation is not recognized by the service.";
            let unknown = Failure::new(ErrorCode::UnknownOperationException, message);
            return Err(self.refuse(&received, nobody, unknown).await);
        };
        let authentic = self.known(head, &body, Service::Kms, &received).await?;
        let stroke = self.faults.strike(operation);
        if !stroke.delay.is_zero() {
            tokio::time::sleep(stroke.delay).await;
        }
        if let Some(code) = stroke.error {
            let caller = RefusedCaller::Authenticated(&authentic.caller);
            return Err(self
                .refuse(&received, caller, Failure::on_purpose(code))
                .await);
        }
        self.perform(operation, authentic, received, body).await
    }

    async fn perform(
        &self,
        operation: Operation,
        authentic: Authentic,
        mut received: Received,
        body: Bytes,
    ) -> Result<Vec<u8>, Failure> {
        let context = received.context(authentic);
        let call = Call {
            engine: &self.engine,
            context: &context,
            body: &body,
        };
        let answered = dispatch(operation, call).await;
        self.conclude(answered, &context, &mut received).await
    }

    /// What an operation of a JSON protocol has come to; a body that is not its request is refused,
    /// and that recorded.
    pub(super) async fn conclude<C: Code>(
        &self,
        answered: Answered,
        context: &CallContext,
        received: &mut Received,
    ) -> Result<Vec<u8>, Failure<C>> {
        match answered {
            Ok(response) => Ok(response),
            Err(Unanswered::Refused(error)) => Err(Failure::of(&error, &context.request_id)),
            Err(Unanswered::Unrecorded(error)) => {
                Err(Failure::internal(&context.request_id, &error))
            }
            Err(Unanswered::Panicked) => Err(Failure::fault()),
            Err(Unanswered::Malformed) => {
                let message = "The body of the request is not the JSON of the operation.";
                let code = C::named(ErrorCode::SerializationException);
                received.region = Some(context.region.clone());
                let caller = RefusedCaller::Authenticated(&context.caller);
                let failure = Failure::new(code, message);
                Err(self.refuse(received, caller, failure).await)
            }
        }
    }

    /// Records the refusal; one that cannot be recorded is answered with a fault.
    pub(super) async fn refuse<C: Code>(
        &self,
        received: &Received,
        caller: RefusedCaller<'_>,
        failure: Failure<C>,
    ) -> Failure<C> {
        let address = received.peer.ip.map(|ip| ip.to_string());
        let refusal = Refusal {
            caller,
            event_source: received.event_source(),
            event_name: received.event.map_or(NO_OPERATION, Event::name),
            read_only: received.event.is_none_or(Event::is_read_only),
            region: received
                .region
                .as_ref()
                .unwrap_or(self.authenticator.first_region()),
            source_ip_address: address.as_deref().unwrap_or("localhost"),
            user_agent: &received.user_agent,
            request_id: &received.request_id,
            code: failure.code.recorded(),
            message: &failure.message,
        };
        match self.engine.refuse(&refusal, ()).await {
            Ok(_recorded) => failure,
            Err(error) => Failure::internal(&received.request_id, &error),
        }
    }
}

impl Handler for Endpoint {
    async fn handle(&self, request: Request<Incoming>, peer: Peer) -> Answer {
        let (head, body) = request.into_parts();
        let route = route(&head, self.local.serves(&peer));
        let (operation, service) = match route {
            Route::Local | Route::Organizations => (None, None),
            Route::Call(operation) => (operation, None),
            Route::Query => (None, Some(QueryService::Iam)),
            Route::Health => return answer::health(StatusCode::OK, "ok\n"),
            Route::Ready => {
                return match self.engine.ready() {
                    Ok(()) => answer::health(StatusCode::OK, "ready\n"),
                    Err(_) => answer::health(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
                };
            }
            Route::Elsewhere(status, allow) => {
                return answer::misdirected(status, &request_id(&*self.random), allow);
            }
        };
        let request_id = request_id(&*self.random);
        let received = Received {
            service,
            source: match route {
                Route::Organizations => organizations::EVENT_SOURCE,
                _ => "kms.amazonaws.com",
            },
            event: operation.map(Event::kms),
            request_id: request_id.clone(),
            peer,
            user_agent: user_agent(&head),
            region: None,
        };
        match route {
            Route::Local => return self.answer_local(&head, body, received).await,
            Route::Query => return self.answer_query(&head, body, received).await,
            Route::Organizations => {
                return self.answer_organizations(&head, body, received).await;
            }
            _ => {}
        }
        match self.call(&head, body, operation, received).await {
            Ok(body) => answer::success(&request_id, body),
            Err(failure) => answer::error(&request_id, failure.code, &failure.message),
        }
    }

    fn panicked(&self) -> Answer {
        let failure = Failure::<ErrorCode>::fault();
        answer::error(&request_id(&*self.random), failure.code, &failure.message)
    }
}

pub(crate) fn user_agent(head: &request::Parts) -> String {
    let sent = head.headers.get(USER_AGENT);
    let sent = sent.map_or(&[][..], |value| value.as_bytes());
    let kept = sent.get(..USER_AGENT_BYTES).unwrap_or(sent);
    String::from_utf8_lossy(kept).into_owned()
}
