//! Carries the engine's requests to proxies over HTTPS.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, Method, Request};
use http_body_util::Full;
use kms_core::xks::{ExternalKeyProxy, ProxyFailure, ProxyReply, ProxyRequest, Replying};
use tokio::net::lookup_host;
use tokio_rustls::TlsConnector;

use super::addresses::is_allowed;
use super::connection::{self, Sender, Unanswered};
use super::idle::Idle;
use super::roots::{self, RootsError};
use super::turns::Turns;
use crate::config::Xks;

const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// The port of every proxy, as AWS has it.
const HTTPS: u16 = 443;

/// A client of proxies.
#[derive(Clone)]
pub(crate) struct ProxyClient(Arc<Inner>);

struct Inner {
    config: Xks,
    tls: TlsConnector,
    turns: Turns,
    idle: Idle<Sender>,
}

impl fmt::Debug for ProxyClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProxyClient").field(&self.0.config).finish()
    }
}

impl ProxyClient {
    /// A client that trusts and reaches what the configuration says.
    pub(crate) fn new(config: &Xks) -> Result<Self, RootsError> {
        Ok(Self(Arc::new(Inner {
            tls: TlsConnector::from(roots::client_config(config)?),
            config: config.clone(),
            turns: Turns::default(),
            idle: Idle::default(),
        })))
    }
}

impl ExternalKeyProxy for ProxyClient {
    fn post(&self, request: ProxyRequest) -> Replying {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let host = request.host.clone();
            let exchanged = tokio::time::timeout(inner.config.timeout, inner.exchange(request));
            let reply = exchanged.await.unwrap_or(Err(ProxyFailure::TimedOut));
            match &reply {
                Ok(reply) if reply.status == 200 => {}
                // What a proxy says of itself goes no further: it is untrusted text.
                Ok(reply) => {
                    tracing::warn!(host, status = reply.status, "an external key store refused");
                }
                Err(error) => {
                    tracing::warn!(host, %error, "an external key store is not answering")
                }
            }
            reply
        })
    }
}

impl Inner {
    async fn exchange(&self, request: ProxyRequest) -> Result<ProxyReply, ProxyFailure> {
        let host = request.host.to_ascii_lowercase();
        let _turn = self.turns.request(&host).await;
        let mut message = message(request)?;
        while let Some(mut sender) = self.idle.take(&host) {
            match connection::exchange(&mut sender, message).await {
                Ok(reply) => {
                    self.idle.keep(host, sender);
                    return Ok(reply);
                }
                Err(Unanswered::Unsent(unsent)) => message = *unsent,
                Err(Unanswered::Failed(failure)) => return Err(failure),
            }
        }
        let addresses = self.addresses(&host).await?;
        let mut sender = connection::open(&host, &addresses, &self.tls).await?;
        match connection::exchange(&mut sender, message).await {
            Ok(reply) => {
                self.idle.keep(host, sender);
                Ok(reply)
            }
            Err(Unanswered::Unsent(_)) => Err(ProxyFailure::Unreachable),
            Err(Unanswered::Failed(failure)) => Err(failure),
        }
    }

    /// Where a proxy is. A name of which one address is not allowed is not connected to at all.
    async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, ProxyFailure> {
        if let Some(address) = self.config.addresses.get(host) {
            return Ok(vec![*address]);
        }
        let name = host.to_owned();
        let looking = async move {
            let found = lookup_host((name, HTTPS)).await.ok()?;
            Some(found.collect::<Vec<SocketAddr>>())
        };
        let found = self.turns.lookup(looking).await.flatten();
        let found = found.ok_or(ProxyFailure::Unreachable)?;
        let private = self.config.private_addresses;
        if found.iter().all(|one| is_allowed(one.ip(), private)) {
            Ok(found)
        } else {
            tracing::warn!(
                host,
                "an external key store resolves to an address that is not allowed"
            );
            Err(ProxyFailure::Unreachable)
        }
    }
}

fn message(request: ProxyRequest) -> Result<Request<Full<Bytes>>, ProxyFailure> {
    Request::builder()
        .method(Method::POST)
        .uri(request.path)
        .header(HOST, request.host)
        .header(CONTENT_TYPE, "application/json")
        .header(X_AMZ_DATE, request.date)
        .header(AUTHORIZATION, request.authorization)
        .body(Full::from(Bytes::copy_from_slice(request.body.expose())))
        .map_err(|_| ProxyFailure::Unreachable)
}
