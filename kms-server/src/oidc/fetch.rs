//! One document of a provider, over HTTPS.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{ACCEPT, HOST};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use kms_core::oidc::MAX_KEY_SET;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use crate::xks::is_allowed;

/// The longest head of an answer, in bytes; hyper takes no less.
const HEAD_BYTES: usize = 8192;

/// Why a document cannot be had, in words of ours alone: what others say is untrusted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("its address is not one that may be connected to")]
    Address,
    #[error("it cannot be connected to")]
    Unreachable,
    #[error("there is no TLS to it: its certificate is not one of a trusted authority for it")]
    Tls,
    #[error("it did not answer with a document of at most 128 KiB and status 200")]
    Answer,
    #[error("its documents are not those of an OpenID Connect provider")]
    Document,
    #[error("it took too long")]
    TimedOut,
}

/// How providers are reached.
pub(super) struct Reach {
    pub(super) tls: TlsConnector,
    /// Whether private addresses may be connected to.
    pub(super) private: bool,
    /// Whether a provider on this machine may be without TLS.
    pub(super) plain_loopback: bool,
}

impl Reach {
    /// The document at `address`. Nothing else is asked: an answer that leads elsewhere is none.
    pub(super) async fn get(&self, address: &Uri) -> Result<Vec<u8>, Failure> {
        let host = address.host().ok_or(Failure::Document)?;
        let plain = match address.scheme_str() {
            Some("https") => false,
            Some("http") if self.plain_loopback && is_loopback(host) => true,
            _ => return Err(Failure::Document),
        };
        let port = address.port_u16().unwrap_or(443);
        let found = self.addresses(host, port, plain).await?;
        let stream = connect(&found).await?;
        if plain {
            return exchange(stream, address).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Failure::Document)?;
        let stream = self.tls.connect(name, stream).await;
        exchange(stream.map_err(|_| Failure::Tls)?, address).await
    }

    /// Where a provider is. A name of which one address is not allowed is not connected to at all.
    async fn addresses(
        &self,
        host: &str,
        port: u16,
        plain: bool,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let found = lookup_host((host.to_owned(), port)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| Failure::Unreachable)?.collect();
        let allowed = |address: &SocketAddr| {
            let ip = address.ip();
            // Whoever allows providers on this machine allows them with TLS as well.
            let here = self.plain_loopback && ip.is_loopback();
            here || !plain && is_allowed(ip, self.private)
        };
        found
            .iter()
            .all(allowed)
            .then_some(found)
            .ok_or(Failure::Address)
    }
}

/// Whether a name means this machine, whatever the name service says.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|ip| ip.is_loopback())
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok(stream);
        }
    }
    Err(Failure::Unreachable)
}

async fn exchange<S>(stream: S, address: &Uri) -> Result<Vec<u8>, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = Builder::new();
    builder.max_buf_size(HEAD_BYTES);
    let connected = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(|_| Failure::Unreachable)?;
    // It ends with the sender.
    tokio::spawn(async move { drop(connection.await) });
    let path = address.path_and_query().map_or("/", |path| path.as_str());
    let authority = address.authority().ok_or(Failure::Document)?;
    let request = Request::get(path)
        .header(HOST, authority.as_str())
        .header(ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())
        .map_err(|_| Failure::Document)?;
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(|_| Failure::Answer)?;
    if answer.status() != StatusCode::OK {
        return Err(Failure::Answer);
    }
    let body = Limited::new(answer.into_body(), MAX_KEY_SET)
        .collect()
        .await;
    Ok(body.map_err(|_| Failure::Answer)?.to_bytes().to_vec())
}
