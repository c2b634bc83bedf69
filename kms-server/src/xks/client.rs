//! Carries the engine's requests to proxies over HTTPS.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, Method, Request};
use http_body_util::Full;
use kms_core::xks::{ExternalKeyProxy, ProxyFailure, ProxyReply, ProxyRequest, Replying};
use tokio::net::lookup_host;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::addresses::is_allowed;
use super::connection::{self, Sender, Unanswered};
use super::roots::{self, RootsError};
use crate::config::Xks;

const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// The port of every proxy, as AWS has it.
const HTTPS: u16 = 443;

/// Requests under way at once: slow proxies do not take the server's descriptors away.
const MOST_REQUESTS: usize = 256;

/// Connections kept for the next request, of one proxy.
const MOST_IDLE: usize = 16;

/// How long a connection is kept without a request: shorter than proxies keep theirs.
const IDLE: Duration = Duration::from_secs(20);

/// A client of proxies.
#[derive(Clone)]
pub(crate) struct ProxyClient(Arc<Inner>);

struct Inner {
    config: Xks,
    tls: TlsConnector,
    under_way: Semaphore,
    idle: Mutex<HashMap<String, Vec<(Instant, Sender)>>>,
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
            under_way: Semaphore::new(MOST_REQUESTS),
            idle: Mutex::default(),
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
        let _permit = self.under_way.acquire().await;
        let host = request.host.to_ascii_lowercase();
        let mut message = message(request)?;
        while let Some(mut sender) = self.kept(&host) {
            match connection::exchange(&mut sender, message).await {
                Ok(reply) => {
                    self.keep(host, sender);
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
                self.keep(host, sender);
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
        let found = lookup_host((host, HTTPS)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| ProxyFailure::Unreachable)?.collect();
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

    /// A connection to use again, the youngest first.
    fn kept(&self, host: &str) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(host)?;
        kept.retain(|(since, sender)| since.elapsed() < IDLE && !sender.is_closed());
        kept.pop().map(|(_, sender)| sender)
    }

    fn keep(&self, host: String, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.entry(host).or_default();
        if kept.len() < MOST_IDLE && !sender.is_closed() {
            kept.push((Instant::now(), sender));
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
