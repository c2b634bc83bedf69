//! `GetLocalCredentials`: the one request that nobody signs because somebody else vouches for who
//! sends it, `docs/spec/local-callers.md`.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{StatusCode, request};
use hyper::body::Incoming;
use kms_core::Error;
use kms_core::api::query::{QueryCode, QueryService};
use kms_core::caller::LocalPeer;
use kms_core::service::{
    GetLocalCredentialsRequest, Operation, RefusedCaller, TemporaryCredentials,
};
use serde::{Deserialize, Serialize};

use super::answer::{self, Answer};
use super::body;
use super::endpoint::{Endpoint, Received};
use super::failure;
use crate::auth::Authentic;

type Failure = failure::Failure<QueryCode>;

/// The longest body, in bytes.
const MAX_BODY: usize = 1024;

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Asked {
    duration_seconds: Option<u32>,
}

/// The body of an answer, in the form of `credential_process`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Given<'a> {
    version: u32,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: String,
}

impl Endpoint {
    /// Answers a request for the credentials of whoever is at the other end of the connection.
    pub(super) async fn answer_local(
        &self,
        head: &request::Parts,
        body: Incoming,
        mut received: Received,
    ) -> Answer {
        received.service = Some(QueryService::Sts);
        received.event = Some(GetLocalCredentialsRequest::EVENT);
        match self.local_credentials(head, body, &received).await {
            Ok(body) => answer::json(StatusCode::OK, &received.request_id, body),
            Err(failure) => {
                let status = StatusCode::from_u16(failure.code.http_status());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let body = answer::error_body(failure.code.as_str(), "message", &failure.message);
                answer::json(status, &received.request_id, body)
            }
        }
    }

    async fn local_credentials(
        &self,
        head: &request::Parts,
        body: Incoming,
        received: &Received,
    ) -> Result<Vec<u8>, Failure> {
        let peer = received.peer.vouched.as_ref();
        let nobody = || {
            peer.map_or(RefusedCaller::Unauthenticated(None), |p| {
                RefusedCaller::Peer(p)
            })
        };
        let request = match self.asked(head, body).await {
            Ok(request) => request,
            Err(failure) => return Err(self.refuse(received, nobody(), failure).await),
        };
        let authentic = match peer.map_or_else(unknown, |peer| self.vouched(peer)) {
            Ok(authentic) => authentic,
            Err(error) => {
                let failure = Failure::of(&error, &received.request_id);
                return Err(self.refuse(received, nobody(), failure).await);
            }
        };
        let context = received.context(authentic);
        let id = &context.request_id;
        let recorded = self.engine().call(&context, request).await;
        let recorded = recorded.map_err(|error| Failure::internal(id, &error))?;
        let credentials = recorded.into_inner();
        let credentials = credentials.map_err(|error| Failure::of(&error, id))?;
        given(&credentials).map_err(|error| Failure::internal(id, &error))
    }

    async fn asked(
        &self,
        head: &request::Parts,
        body: Incoming,
    ) -> Result<GetLocalCredentialsRequest, Failure> {
        let invalid = |message| Failure::new(QueryCode::ValidationError, message);
        // Browsers tell where a page comes from that has them ask; no other client does.
        if head.headers.contains_key(ORIGIN) {
            return Err(invalid("Pages in browsers get no credentials."));
        }
        let limit = MAX_BODY.min(self.reading().limit);
        let body = body::read(body, limit, self.reading().timeout).await?;
        let content_type = head.headers.get(CONTENT_TYPE);
        if content_type.is_none_or(|sent| sent.as_bytes() != answer::JSON.as_bytes()) {
            return Err(invalid("The content type is not application/json."));
        }
        // An array of the members would do for serde.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(invalid("The body is not a JSON object."));
        }
        let asked: Asked = serde_json::from_slice(&body)
            .map_err(|_| invalid("The body has no member but DurationSeconds, a number."))?;
        Ok(GetLocalCredentialsRequest {
            duration_seconds: asked.duration_seconds,
        })
    }

    /// Who `peer` is, by the mappings of the configuration.
    fn vouched(&self, peer: &Arc<LocalPeer>) -> Result<Authentic, Error> {
        let mapped = self.local().find(peer);
        let mapped = mapped.map_err(|unmapped| Error::AccessDenied(unmapped.to_string()))?;
        let peer = Arc::clone(peer);
        let caller = self
            .engine()
            .local_caller(&mapped.principal, mapped.session, peer)?;
        let region = self.first_region().clone();
        Ok(Authentic { caller, region })
    }
}

/// The refusal of a connection on which there was no certificate.
fn unknown() -> Result<Authentic, Error> {
    let message = "The connection has no client certificate";
    Err(Error::AccessDenied(message.to_owned()))
}

fn given(credentials: &TemporaryCredentials) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Given {
        version: 1,
        access_key_id: credentials.access_key_id.as_str(),
        secret_access_key: credentials.secret_access_key.expose(),
        session_token: credentials.session_token.expose(),
        expiration: credentials.expiration.to_rfc3339(),
    })
}
