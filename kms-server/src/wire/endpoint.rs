//! One request, from its head to its answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::USER_AGENT;
use http::{Request, StatusCode, request};
use hyper::body::Incoming;
use kms_core::api::{ErrorCode, Operation};
use kms_core::crypto::random::{Random, array};
use kms_core::ids::KeyId;

use super::answer::{self, Answer};
use super::body::{self, BodyFault};
use super::route::{Route, route};
use super::{Backend, CallDetails, Failure, Refused};
use crate::auth::Authenticator;
use crate::listen::{Handler, Peer};

/// As much of a user agent as is kept, in bytes.
const USER_AGENT_BYTES: usize = 1024;

/// The KMS endpoint in front of an engine.
pub struct Endpoint<B> {
    backend: Arc<B>,
    authenticator: Authenticator,
    random: Arc<dyn Random>,
    body_bytes: usize,
    body_timeout: Duration,
}

impl<B> fmt::Debug for Endpoint<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").finish_non_exhaustive()
    }
}

impl<B: Backend> Endpoint<B> {
    /// An endpoint that reads bodies of at most `body_bytes` within `body_timeout`.
    #[must_use]
    pub fn new(
        backend: Arc<B>,
        authenticator: Authenticator,
        random: Arc<dyn Random>,
        body_bytes: usize,
        body_timeout: Duration,
    ) -> Self {
        Self {
            backend,
            authenticator,
            random,
            body_bytes,
            body_timeout,
        }
    }

    /// A version 4 UUID. Where there is no randomness the request fails later and is recorded;
    /// its id alone does not have to be random.
    fn request_id(&self) -> String {
        let bits = array::<16>(&*self.random).map_or(0, u128::from_be_bytes);
        KeyId::uuid_from_random(bits).to_string()
    }

    async fn call(
        &self,
        head: &request::Parts,
        body: Incoming,
        operation: Option<Operation>,
        details: &CallDetails,
    ) -> Result<Vec<u8>, Failure> {
        let body = body::read(body, self.body_bytes, self.body_timeout).await;
        let authenticated = match (operation, body) {
            (_, Err(fault)) => Err(body_failure(fault)),
            (None, Ok(_)) => Err(Failure {
                code: ErrorCode::UnknownOperationException,
                message: "The requested operation is not recognized by the service.".into(),
            }),
            (Some(operation), Ok(body)) => self
                .authenticator
                .authenticate(&*self.backend, head, &body)
                .map(|caller| (operation, caller, body))
                .map_err(|refusal| Failure {
                    code: crate::auth::code(&refusal),
                    message: refusal.to_string(),
                }),
        };
        match authenticated {
            Ok((operation, caller, body)) => {
                let call = self.backend.call(operation, caller, details.clone(), body);
                call.await
            }
            Err(failure) => Err(self.refuse(operation, details, failure).await),
        }
    }

    /// Records the refusal; what cannot be recorded is not answered but with a fault.
    async fn refuse(
        &self,
        operation: Option<Operation>,
        details: &CallDetails,
        failure: Failure,
    ) -> Failure {
        let refused = Refused {
            details: details.clone(),
            operation,
            caller: None,
            failure,
        };
        if self.backend.record_refusal(&refused).await {
            refused.failure
        } else {
            internal_failure()
        }
    }
}

impl<B: Backend> Handler for Endpoint<B> {
    async fn handle(&self, request: Request<Incoming>, peer: Peer) -> Answer {
        let (head, body) = request.into_parts();
        let operation = match route(&head) {
            Route::Call(operation) => operation,
            Route::Health => return answer::health(StatusCode::OK, "ok\n"),
            Route::Ready if self.backend.is_ready() => {
                return answer::health(StatusCode::OK, "ready\n");
            }
            Route::Ready => return answer::health(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
            Route::Elsewhere(status, allow) => {
                return answer::misdirected(status, &self.request_id(), allow);
            }
        };
        let details = CallDetails {
            request_id: self.request_id(),
            peer,
            user_agent: user_agent(&head),
        };
        match self.call(&head, body, operation, &details).await {
            Ok(body) => answer::success(&details.request_id, body),
            Err(failure) => answer::error(&details.request_id, failure.code, &failure.message),
        }
    }

    fn panicked(&self) -> Answer {
        let failure = internal_failure();
        answer::error(&self.request_id(), failure.code, &failure.message)
    }
}

fn user_agent(head: &request::Parts) -> String {
    let sent = head
        .headers
        .get(USER_AGENT)
        .map_or(&[][..], |v| v.as_bytes());
    let kept = sent.get(..USER_AGENT_BYTES).unwrap_or(sent);
    String::from_utf8_lossy(kept).into_owned()
}

fn internal_failure() -> Failure {
    Failure {
        code: ErrorCode::KMSInternalException,
        message: "The request was rejected because an internal exception occurred. \
                  The request can be retried."
            .into(),
    }
}

fn body_failure(fault: BodyFault) -> Failure {
    let (code, message) = match fault {
        BodyFault::TooLarge => (
            ErrorCode::RequestEntityTooLargeException,
            "The request is larger than the service accepts.",
        ),
        BodyFault::TooSlow => (
            ErrorCode::SerializationException,
            "The body of the request did not arrive in time.",
        ),
        BodyFault::Broken => (
            ErrorCode::SerializationException,
            "The body of the request could not be read.",
        ),
    };
    Failure {
        code,
        message: message.into(),
    }
}
