//! The seam to the network: who carries a request to a proxy, and its answer back.

use std::fmt;
use std::pin::Pin;

use crate::secret::SecretBytes;

/// A signed request, `POST` over TLS.
#[derive(Debug)]
pub struct ProxyRequest {
    /// The domain name, whose certificate the proxy must show.
    pub host: String,
    /// The whole path.
    pub path: String,
    /// The header `x-amz-date`.
    pub date: String,
    /// The header `authorization`.
    pub authorization: String,
    /// The body, `application/json`.
    pub body: SecretBytes,
}

/// An answer with any status.
#[derive(Debug)]
pub struct ProxyReply {
    /// The status.
    pub status: u16,
    /// The whole body, at most [`super::MAX_REPLY`] bytes.
    pub body: SecretBytes,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFailure {
    /// There is no connection: no such name, an address that is not allowed, nobody listens.
    #[error("the proxy cannot be reached")]
    Unreachable,
    /// There is no TLS: another name, an authority that is not trusted, no common version.
    #[error("there is no TLS connection to the proxy")]
    Tls,
    /// No answer in time.
    #[error("the proxy did not answer in time")]
    TimedOut,
    /// What came is no answer, or larger than one may be.
    #[error("the proxy's answer cannot be read")]
    Malformed,
}

/// An answer to come.
pub type Replying = Pin<Box<dyn Future<Output = Result<ProxyReply, ProxyFailure>> + Send>>;

/// Carries requests to proxies. No lock is held while an answer is awaited.
pub trait ExternalKeyProxy: Send + Sync + fmt::Debug {
    /// Sends `request`: to its host alone, without following redirects, within the time that the
    /// program allows.
    fn post(&self, request: ProxyRequest) -> Replying;
}
