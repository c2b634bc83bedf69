//! A connection to a proxy: found, made, and used for one request at a time.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use kms_core::secret::SecretBytes;
use kms_core::xks::{MAX_REPLY, ProxyFailure, ProxyReply};
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::idle::Closable;

/// Where requests go in, one after the other.
pub(super) type Sender = SendRequest<Full<Bytes>>;

impl Closable for Sender {
    fn is_closed(&self) -> bool {
        Sender::is_closed(self)
    }
}

/// The longest head of an answer, in bytes; hyper takes no less.
const HEAD_BYTES: usize = 8192;

/// Connects to the first of `addresses` that answers, and makes TLS to `host` over it.
pub(super) async fn open(
    host: &str,
    addresses: &[SocketAddr],
    tls: &TlsConnector,
) -> Result<Sender, ProxyFailure> {
    let mut stream = Err(ProxyFailure::Unreachable);
    for address in addresses {
        stream = TcpStream::connect(address)
            .await
            .map_err(|_| ProxyFailure::Unreachable);
        if stream.is_ok() {
            break;
        }
    }
    let stream = stream?;
    stream
        .set_nodelay(true)
        .map_err(|_| ProxyFailure::Unreachable)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| ProxyFailure::Unreachable)?;
    let stream = tls.connect(name, stream).await;
    let stream = stream.map_err(|error| {
        let reason = refusal(&error);
        tracing::warn!(host, reason, "there is no TLS to an external key store");
        ProxyFailure::Tls
    })?;
    let mut builder = Builder::new();
    builder.max_buf_size(HEAD_BYTES);
    let (sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| ProxyFailure::Unreachable)?;
    // It ends with the sender, or when the proxy closes.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Why there is no TLS, in words of ours alone: what the proxy says is untrusted text.
fn refusal(error: &io::Error) -> &'static str {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let Some(rustls::Error::InvalidCertificate(why)) = cause else {
        return "the handshake failed";
    };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not yet valid"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        CertificateError::UnknownIssuer => "its certificate is of no trusted authority",
        _ => "its certificate is not one of a server, such as one with CA:TRUE, or is not valid",
    }
}

/// Why a request has no answer.
pub(super) enum Unanswered {
    /// The connection was closed before the request went out: another one will do.
    Unsent(Box<Request<Full<Bytes>>>),
    /// It may have been seen.
    Failed(ProxyFailure),
}

/// Sends a request and reads the whole answer.
pub(super) async fn exchange(
    sender: &mut Sender,
    request: Request<Full<Bytes>>,
) -> Result<ProxyReply, Unanswered> {
    if sender.ready().await.is_err() {
        return Err(Unanswered::Unsent(Box::new(request)));
    }
    let response = match sender.try_send_request(request).await {
        Ok(response) => response,
        Err(mut error) => {
            return Err(match error.take_message() {
                Some(request) => Unanswered::Unsent(Box::new(request)),
                None if error.error().is_parse() => Unanswered::Failed(ProxyFailure::Malformed),
                None => Unanswered::Failed(ProxyFailure::Unreachable),
            });
        }
    };
    let (head, body) = response.into_parts();
    let body = collect(body).await.map_err(Unanswered::Failed)?;
    Ok(ProxyReply {
        status: head.status.as_u16(),
        body,
    })
}

async fn collect(body: Incoming) -> Result<SecretBytes, ProxyFailure> {
    let collected = Limited::new(body, MAX_REPLY).collect().await;
    let collected = collected.map_err(|_| ProxyFailure::Malformed)?;
    Ok(SecretBytes::new(collected.to_bytes().to_vec()))
}
