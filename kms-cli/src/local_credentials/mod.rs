//! Asks a `kms-server` for the credentials of this process, which the server knows by its user or its
//! certificate: `docs/spec/local-callers.md`.

mod connection;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;
use kms_core::secret::SecretBytes;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;

use crate::args::CredentialProcess;
use crate::engine::refused;
use crate::failure::{Failure, Kind};
use connection::exchange;

/// For all of it: the connection, TLS and the answer. SDKs give a process a minute.
const TIMEOUT: Duration = Duration::from_secs(50);

/// Who is asked.
#[derive(Debug)]
enum Server {
    /// The server at this Unix socket.
    Socket(PathBuf),
    /// The server at this address.
    Tls(Box<tls::Endpoint>),
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    server: Server,
    body: String,
}

impl Asked {
    /// What the arguments ask for; the files that they name are read.
    pub(crate) fn by(arguments: &CredentialProcess) -> Result<Self, Failure> {
        let server = match (&arguments.socket, &arguments.endpoint) {
            (Some(path), _) => Server::Socket(path.clone()),
            (None, Some(url)) => Server::Tls(Box::new(tls::Endpoint::new(url, arguments)?)),
            (None, None) => return Err(Failure::usage("neither --socket nor --endpoint")),
        };
        let body = match arguments.duration_seconds {
            Some(seconds) => format!(r#"{{"DurationSeconds":{seconds}}}"#),
            None => "{}".to_owned(),
        };
        Ok(Self { server, body })
    }
}

/// An answer of a server.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: SecretBytes,
}

/// The document that `credential_process` reads.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Credentials<'a> {
    version: u32,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: &'a str,
}

/// An error as the server says it.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    code: String,
    #[serde(default)]
    message: String,
}

impl Answer {
    /// The credentials, or why there are none.
    pub(crate) fn credentials(&self) -> Result<Credentials<'_>, Failure> {
        let body = self.body.expose();
        if self.status == StatusCode::OK {
            let credentials = serde_json::from_slice(body).ok();
            let credentials = credentials.filter(|given: &Credentials<'_>| given.version == 1);
            return credentials.ok_or_else(|| {
                let message = "the answer holds no credentials: is this a kms-server?";
                Failure::new(Kind::Failed, message)
            });
        }
        if self.status == StatusCode::NOT_FOUND {
            let message = "nobody is given credentials on this connection";
            return Err(Failure::new(Kind::Denied, message).hint(
                "the configuration of the server maps local callers by [[peer]] or [[certificate]]",
            ));
        }
        Err(match serde_json::from_slice::<Refusal>(body) {
            Ok(refusal) => refused(&refusal.code, &refusal.message),
            Err(_) => {
                let message = format!("the server answered with status {}", self.status.as_u16());
                Failure::new(Kind::Failed, message)
            }
        })
    }
}

/// Asks, and waits for the answer.
pub(crate) fn ask(asked: &Asked) -> Result<Answer, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start", &error))?;
    runtime.block_on(async {
        let answered = tokio::time::timeout(TIMEOUT, send(asked)).await;
        answered.unwrap_or_else(|_| {
            let message = format!("the server did not answer within {} s", TIMEOUT.as_secs());
            Err(Failure::new(Kind::Unavailable, message))
        })
    })
}

async fn send(asked: &Asked) -> Result<Answer, Failure> {
    match &asked.server {
        Server::Socket(path) => {
            let stream = connection::socket(path).await?;
            exchange(stream, "localhost", &asked.body).await
        }
        Server::Tls(endpoint) => {
            let stream = endpoint.connect().await?;
            exchange(stream, endpoint.authority(), &asked.body).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: SecretBytes::new(body.as_bytes().to_vec()),
        }
    }

    const GIVEN: &str = r#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"s/+","SessionToken":"t","Expiration":"e"}"#;

    #[test]
    fn credentials_are_printed_as_they_came() {
        let answer = answer(200, GIVEN);
        let printed = serde_json::to_string(&answer.credentials().unwrap()).unwrap();
        assert_eq!(printed, GIVEN);
    }

    #[test]
    fn what_holds_no_credentials_prints_nothing_of_itself() {
        for (status, body, kind) in [
            (200, "", Kind::Failed),
            (200, "{}", Kind::Failed),
            (200, &*GIVEN.replace(":1,", ":2,"), Kind::Failed),
            (404, "sekrit", Kind::Denied),
            (
                403,
                r#"{"__type":"AccessDenied","message":"no"}"#,
                Kind::Denied,
            ),
            (500, "sekrit", Kind::Failed),
        ] {
            let failure = answer(status, body).credentials().err().unwrap();
            assert_eq!(failure.kind(), kind, "{status} {body}");
            assert!(!failure.to_string().contains("sekrit"));
        }
    }
}
