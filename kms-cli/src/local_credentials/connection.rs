//! One request over one connection.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use kms_core::secret::SecretBytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

use super::{Answer, tls};
use crate::failure::{Failure, Kind};

/// The longest answer, in bytes: a session token has at most 10,968 characters.
const MAX_ANSWER: usize = 64 * 1024;

const PATH: &str = "/local/credentials";

/// Connects to a Unix socket.
pub(super) async fn socket(path: &Path) -> Result<UnixStream, Failure> {
    let connected = UnixStream::connect(path).await.map_err(|error| {
        let failure = Failure::io(format!("cannot connect to {}", path.display()), &error);
        let (kind, hint) = match error.kind() {
            ErrorKind::PermissionDenied => (
                Kind::Denied,
                "unix_socket_mode of the server, and the directory, say who may connect",
            ),
            ErrorKind::NotFound => (
                Kind::NotFound,
                "is the server running, with this unix_socket?",
            ),
            _ => (
                Kind::Unavailable,
                "is the server running, with this unix_socket?",
            ),
        };
        Failure::new(kind, failure.to_string()).hint(hint)
    });
    let stream = connected?;
    check_server(&stream, path)?;
    Ok(stream)
}

/// Whoever listens must be this user, the system's own, or the owner of a directory into which nobody else
/// puts sockets: another could hand out credentials of their own, and get what is encrypted with them.
fn check_server(stream: &UnixStream, path: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::io(format!("cannot tell who serves {}", path.display()), &error)
    };
    let uid = stream.peer_cred().map_err(failed)?.uid();
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = std::fs::metadata(directory.unwrap_or(Path::new("."))).map_err(failed)?;
    let is_owner = directory.uid() == uid && directory.mode() & 0o022 == 0;
    if uid == 0 || uid == rustix::process::geteuid().as_raw() || is_owner {
        return Ok(());
    }
    let message = format!(
        "the user {uid} serves {}, and others than that user can put sockets there",
        path.display()
    );
    Err(Failure::new(Kind::Denied, message)
        .hint("the directory of unix_socket should belong to the server's user and be writable by no other"))
}

/// Sends the request and reads the whole answer.
pub(super) async fn exchange<S>(stream: S, host: &str, body: &str) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connected = Builder::new().handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(|error| failed(&error))?;
    // It ends with the sender.
    tokio::spawn(async move { drop(connection.await) });
    let request = Request::post(PATH)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("kms/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(Bytes::from(body.to_owned())))
        .map_err(|_| Failure::usage("the endpoint has no authority"))?;
    let answer = sender.send_request(request).await;
    let (head, body) = answer.map_err(|error| failed(&error))?.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(|_| {
        let message = "the answer broke off, or is larger than one with credentials";
        Failure::new(Kind::Unavailable, message)
    })?;
    Ok(Answer {
        status: head.status,
        body: SecretBytes::new(body.to_bytes().to_vec()),
    })
}

/// Why there is no answer. A server says what it thinks of a certificate once it was sent, which may
/// be behind the handshake.
fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    match tls::refusal(error) {
        Some(refusal) => refusal,
        None => Failure::new(Kind::Unavailable, "the server closed the connection"),
    }
}
