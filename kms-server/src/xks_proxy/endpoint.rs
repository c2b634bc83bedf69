//! One request to the proxy, from its head to its answer.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, request};
use http_body_util::Full;
use hyper::body::Incoming;
use kms_core::Error;
use kms_core::caller::{Caller, Credential as CallerCredential};
use kms_core::crypto::random::Random;
use kms_core::ids::{KeyRef, Region, XksKeyId};
use kms_core::service::{
    CallContext, Engine, Operation, Refusal, RefusedCaller, XksRequest, xks_error,
};
use kms_core::time::Clock;
use kms_core::xks::{
    DecryptRequest, EncryptRequest, ErrorName, ExternalKeyManager, HealthReply, MetadataRequest,
    read,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::route::Target;
use super::{Credential, answer, authentication};
use crate::config::XksProxy;
use crate::listen::{Handler, Peer};
use crate::wire::{Reading, read_body, request_id, user_agent};

/// What stands in the ledger for a path at which there is nothing.
const NO_OPERATION: &str = "XksProxyUnknownOperation";

/// The proxy in front of an engine.
pub(crate) struct ProxyEndpoint {
    engine: Arc<Engine>,
    config: XksProxy,
    credential: Credential,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    reading: Reading,
}

impl fmt::Debug for ProxyEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyEndpoint")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Why a request is refused.
struct Failure {
    name: ErrorName,
    message: String,
}

impl Failure {
    fn new(name: ErrorName, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { name, message }
    }

    fn internal(request_id: &str, cause: &(dyn std::error::Error + 'static)) -> Self {
        let source = cause.source();
        tracing::error!(request_id, cause, source, "a request to the proxy failed");
        Self::new(ErrorName::Internal, "")
    }
}

/// What every request has, whoever sent it.
struct Received<'a> {
    target: Option<&'a Target>,
    request_id: String,
    peer: Peer,
    user_agent: String,
}

impl ProxyEndpoint {
    /// A proxy for the keys that `config` names.
    pub(crate) fn new(
        engine: Arc<Engine>,
        config: XksProxy,
        credential: Credential,
        random: Arc<dyn Random>,
        clock: Arc<dyn Clock>,
        reading: Reading,
    ) -> Self {
        Self {
            engine,
            config,
            credential,
            random,
            clock,
            reading,
        }
    }

    async fn call(
        &self,
        head: &request::Parts,
        body: Incoming,
        received: Received<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let invalid = || Failure::new(ErrorName::Validation, "The body cannot be read.");
        let body = match read_body(body, self.reading.limit, self.reading.timeout).await {
            Ok(body) => body,
            Err(_) => return Err(self.refuse(&received, None, invalid()).await),
        };
        let (now, region) = (self.clock.now(), &self.config.region);
        if let Err(refusal) = authentication::verify(head, &body, &self.credential, region, now) {
            let name = ErrorName::AuthenticationFailed;
            let failure = Failure::new(name, refusal.to_string());
            return Err(self.refuse(&received, None, failure).await);
        }
        let caller = self
            .caller()
            .map_err(|error| Failure::internal(&received.request_id, &error))?;
        let Some(target) = received.target else {
            let failure = Failure::new(ErrorName::InvalidUriPath, "There is nothing at this path.");
            return Err(self.refuse(&received, Some(&caller), failure).await);
        };
        let Some(external) = target.key() else {
            return self.health(&received, &body);
        };
        let Some(key) = self.config.keys.get(external) else {
            let words = "The configuration of the proxy names no such key.";
            let failure = Failure::new(ErrorName::KeyNotFound, words);
            return Err(self.refuse(&received, Some(&caller), failure).await);
        };
        let request = OnKey {
            external,
            key,
            caller,
            received: &received,
            body: &body,
        };
        match target {
            Target::Encrypt(_) => self.on_key::<EncryptRequest>(request).await,
            Target::Decrypt(_) => self.on_key::<DecryptRequest>(request).await,
            Target::Metadata(_) | Target::Health => self.on_key::<MetadataRequest>(request).await,
        }
    }

    /// Who uses the keys: the principal of the configuration, with the proxy's credential.
    fn caller(&self) -> Result<Caller, Error> {
        let principal = self.engine.principal(self.config.user.as_ref())?;
        let principal =
            principal.ok_or_else(|| Error::internal("the user of xks_proxy does not exist"))?;
        let credential = CallerCredential::XksProxy(self.credential.id.clone());
        Ok(Caller::assume_authenticated(principal, credential))
    }

    /// Deep enough: the ledger and the store are what an operation needs.
    fn health(&self, received: &Received<'_>, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let _: MetadataRequest = read(body)
            .map_err(|malformed| Failure::new(ErrorName::Validation, malformed.to_string()))?;
        let internal = |error: &Error| Failure::internal(&received.request_id, error);
        self.engine.ready().map_err(|error| internal(&error))?;
        let name = concat!("kms-server ", env!("CARGO_PKG_VERSION"));
        let reply = HealthReply {
            xks_proxy_fleet_size: 1,
            xks_proxy_vendor: "kms".to_owned(),
            xks_proxy_model: name.to_owned(),
            ekm_vendor: "kms".to_owned(),
            ekm_fleet_details: vec![ExternalKeyManager {
                id: "1".to_owned(),
                model: name.to_owned(),
                health_status: "ACTIVE".to_owned(),
            }],
        };
        answer::body(&reply).ok_or_else(|| Failure::new(ErrorName::Internal, ""))
    }

    async fn on_key<B>(&self, request: OnKey<'_>) -> Result<Vec<u8>, Failure>
    where
        B: DeserializeOwned,
        XksRequest<B>: Operation,
        <XksRequest<B> as Operation>::Response: Serialize,
    {
        let received = request.received;
        let body: B = match read(request.body) {
            Ok(body) => body,
            Err(malformed) => {
                let failure = Failure::new(ErrorName::Validation, malformed.to_string());
                return Err(self.refuse(received, Some(&request.caller), failure).await);
            }
        };
        let context = CallContext {
            caller: request.caller,
            region: self.region_of(request.key),
            request_id: received.request_id.clone(),
            source_ip: received.peer.ip,
            user_agent: received.user_agent.clone(),
            secure_transport: received.peer.secure,
        };
        let operation = XksRequest {
            external: request.external.clone(),
            key: request.key.clone(),
            body,
        };
        let internal = |cause: &(dyn std::error::Error + 'static)| {
            Failure::internal(&context.request_id, cause)
        };
        let recorded = self.engine.call(&context, operation).await;
        let answered = recorded.map_err(|error| internal(&error))?.into_inner();
        let reply = answered.map_err(|error| match xks_error(&error) {
            ErrorName::Internal => internal(&error),
            name => Failure::new(name, error.to_string()),
        })?;
        answer::body(&reply).ok_or_else(|| Failure::new(ErrorName::Internal, ""))
    }

    /// The Region that a key is in: an id without one is of the first that is served.
    fn region_of(&self, key: &KeyRef) -> Region {
        match key {
            KeyRef::Arn(arn) => arn.region.clone(),
            KeyRef::AliasArn(arn) => arn.region.clone(),
            KeyRef::Id(_) | KeyRef::Alias(_) => self.config.key_region.clone(),
        }
    }

    /// Records the refusal; one that cannot be recorded is answered with a fault.
    async fn refuse(
        &self,
        received: &Received<'_>,
        caller: Option<&Caller>,
        failure: Failure,
    ) -> Failure {
        let address = received.peer.ip.map(|ip| ip.to_string());
        let caller = caller.map_or(RefusedCaller::Unauthenticated(None), |caller| {
            RefusedCaller::Authenticated(caller)
        });
        let refusal = Refusal {
            caller,
            event_source: "kms.amazonaws.com",
            event_name: received.target.map_or(NO_OPERATION, Target::name),
            read_only: true,
            region: &self.config.key_region,
            source_ip_address: address.as_deref().unwrap_or("localhost"),
            user_agent: &received.user_agent,
            request_id: &received.request_id,
            code: failure.name.as_str(),
            message: &failure.message,
        };
        match self.engine.refuse(&refusal, ()).await {
            Ok(_recorded) => failure,
            Err(error) => Failure::internal(&received.request_id, &error),
        }
    }
}

/// A request on a key that the configuration names.
struct OnKey<'a> {
    external: &'a XksKeyId,
    key: &'a KeyRef,
    caller: Caller,
    received: &'a Received<'a>,
    body: &'a [u8],
}

impl Handler for ProxyEndpoint {
    async fn handle(&self, request: Request<Incoming>, peer: Peer) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let is_read = matches!(head.method, Method::GET | Method::HEAD);
        if path == "/ping" && is_read {
            return answer::plain(StatusCode::OK);
        }
        let target = Target::of(path, &self.config.uri_path_prefix);
        let target = target.filter(|_| head.uri.query().is_none());
        if head.method != Method::POST {
            return match target {
                Some(_) => answer::plain(StatusCode::METHOD_NOT_ALLOWED),
                None => answer::error(ErrorName::InvalidUriPath, ""),
            };
        }
        let received = Received {
            target: target.as_ref(),
            request_id: request_id(&*self.random),
            peer,
            user_agent: user_agent(&head),
        };
        match self.call(&head, body, received).await {
            Ok(body) => answer::success(body),
            Err(failure) => answer::error(failure.name, &failure.message),
        }
    }

    fn panicked(&self) -> Response<Full<Bytes>> {
        answer::error(ErrorName::Internal, "")
    }
}
