//! A server in this process, and a client that sends the bytes it is told to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use kms_core::api::Operation;
use kms_core::caller::{Caller, Credential, Principal};
use kms_core::crypto::random::PooledRandom;
use kms_core::ids::AccessKeyId;
use kms_core::secret::SecretText;
use kms_core::time::{Clock, SystemClock};
use kms_server::auth::Authenticator;
use kms_server::config::{Config, Limits, LogFormat, RandomSource, Timeouts, TlsFiles};
use kms_server::listen::{Listeners, tls};
use kms_server::wire::{Backend, CallDetails, Endpoint, Failure, Refused};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// An engine that answers every call with its body, and remembers what it was told.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) refusals: Mutex<Vec<Refused>>,
    pub(crate) calls: Mutex<Vec<(Operation, CallDetails)>>,
    pub(crate) ledger_is_full: AtomicBool,
}

impl Backend for Fake {
    fn credential(&self, id: &AccessKeyId) -> Option<(Arc<SecretText>, Caller)> {
        let principal = Principal::Root {
            account: "111122223333".parse().unwrap(),
        };
        let caller = Caller::assume_authenticated(principal, Credential::AccessKey(id.clone()));
        let secret = Arc::new(SecretText::new(SECRET.to_owned()));
        (id.as_str() == ACCESS_KEY_ID).then_some((secret, caller))
    }

    async fn call(
        &self,
        operation: Operation,
        _caller: Caller,
        details: CallDetails,
        body: Bytes,
    ) -> Result<Vec<u8>, Failure> {
        self.calls.lock().unwrap().push((operation, details));
        match operation {
            Operation::ListKeys => panic!("a fault in a handler"),
            Operation::ListAliases => tokio::time::sleep(Duration::from_millis(500)).await,
            _ => {}
        }
        Ok(body.to_vec())
    }

    async fn record_refusal(&self, refused: &Refused) -> bool {
        self.refusals.lock().unwrap().push(refused.clone());
        !self.ledger_is_full.load(Ordering::SeqCst)
    }

    fn is_ready(&self) -> bool {
        !self.ledger_is_full.load(Ordering::SeqCst)
    }
}

pub(crate) fn config() -> Config {
    Config {
        home: PathBuf::new(),
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        unix_socket: None,
        tls: None,
        account: None,
        region: "us-east-1".parse().unwrap(),
        random: RandomSource::System,
        passphrase: None,
        accept_rollback: None,
        log_format: LogFormat::Text,
        limits: Limits::default(),
        timeouts: Timeouts::default(),
    }
}

/// A running server; it is drained when dropped.
pub(crate) struct Server {
    pub(crate) backend: Arc<Fake>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) endpoints: Vec<String>,
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<bool>>,
    pub(crate) runtime: Runtime,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&config())
    }

    pub(crate) fn start_with(config: &Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let backend = Arc::new(Fake::default());
        let endpoint = Endpoint::new(
            Arc::clone(&backend),
            Authenticator::new(config.region.clone(), Arc::new(SystemClock)),
            Arc::new(PooledRandom),
            config.limits.body_bytes,
            config.timeouts.body,
        );
        let tls: Option<&TlsFiles> = config.tls.as_ref();
        let tls = tls.map(|files| tls::load(files).unwrap());
        let listeners = runtime.block_on(Listeners::bind(config, tls)).unwrap();
        let (stop, stopped) = watch::channel(false);
        let addresses = listeners.addresses();
        let endpoints = listeners.endpoints();
        let (limits, timeouts) = (config.limits, config.timeouts);
        let endpoint = Arc::new(endpoint);
        let serving = runtime.spawn(listeners.serve(endpoint, limits, timeouts, stopped));
        Self {
            backend,
            addresses,
            endpoints,
            stop,
            serving: Some(serving),
            runtime,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        stream
    }

    /// Tells the server to stop; `finish` waits for it.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether every request was answered in time.
    pub(crate) fn finish(&mut self) -> bool {
        let serving = self.serving.take().unwrap();
        self.runtime.block_on(serving).unwrap()
    }

    /// Sends one request on a connection of its own and reads to the end of the answer.
    pub(crate) fn send(&self, raw: &[u8]) -> String {
        exchange(self.connect(), raw)
    }

    pub(crate) fn refusal_codes(&self) -> Vec<&'static str> {
        let refusals = self.backend.refusals.lock().unwrap();
        refusals
            .iter()
            .map(|refused| refused.failure.code.as_str())
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Writes everything, then reads until the other side closes.
pub(crate) fn exchange(mut stream: impl Read + Write, raw: &[u8]) -> String {
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(raw);
    read_to_end(&mut stream)
}

pub(crate) fn read_to_end(stream: &mut impl Read) -> String {
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(length) = stream.read(&mut chunk) {
        if length == 0 {
            break;
        }
        answer.extend_from_slice(&chunk[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads one answer with a `content-length` and leaves the connection open.
pub(crate) fn read_one(stream: &mut impl Read) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// The headers of a call, signed by AWS's own signer.
pub(crate) fn signed_headers(target: &str, host: &str, body: &[u8]) -> Vec<(String, String)> {
    let mut headers = vec![
        ("host".to_owned(), host.to_owned()),
        (
            "content-type".to_owned(),
            "application/x-amz-json-1.1".to_owned(),
        ),
        ("x-amz-target".to_owned(), target.to_owned()),
    ];
    let identity = Credentials::new(ACCESS_KEY_ID, SECRET, None, None, "test").into();
    let now = Duration::from_millis(SystemClock.now().millis().try_into().unwrap());
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("kms")
        .time(UNIX_EPOCH + now)
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let borrowed = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let uri = format!("http://{host}/");
    let signable = SignableRequest::new("POST", uri, borrowed, SignableBody::Bytes(body)).unwrap();
    let (instructions, _) = sign(signable, &parameters.into()).unwrap().into_parts();
    let added: Vec<_> = instructions
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    headers.extend(added);
    headers
}

/// A whole signed HTTP/1.1 request; `extra` are further header lines, each with its line end.
pub(crate) fn call(operation: &str, body: &str, extra: &str) -> Vec<u8> {
    let target = format!("TrentService.{operation}");
    let headers: String = signed_headers(&target, "kms", body.as_bytes())
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    format!("POST / HTTP/1.1\r\n{headers}{extra}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// As `call`, and the connection is closed after it.
pub(crate) fn last_call(operation: &str, body: &str) -> Vec<u8> {
    call(operation, body, "connection: close\r\n")
}
