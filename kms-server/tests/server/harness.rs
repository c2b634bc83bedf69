//! A server in this process, and a client that sends the bytes it is told to.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use kms_core::api::limits::Quotas;
use kms_core::attestation::TrustedRoots;
use kms_core::audit::{self, LedgerOptions};
use kms_core::crypto::random::SystemRandom;
use kms_core::service::{CallContext, CreateAccessKeyRequest, Engine, NewStore, OpenOptions};
use kms_core::store::home::RootGuard;
use kms_core::time::{Clock, SystemClock};
use kms_server::auth::Authenticator;
use kms_server::config::{Config, Limits, Local, LogFormat, Oidc, RandomSource, Timeouts};
use kms_server::listen::{Handler, Listeners, Peer, tls};
use kms_server::wire::{Endpoint, Faults, Reading};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The body of a call that everybody may make and that needs no key.
pub(crate) const SIXTEEN_BYTES: &str = r#"{"NumberOfBytes":16}"#;

/// An access key.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// How long a client waits before it takes a server for broken: longer than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(600);

/// Calls of `/held`: each is counted, and answered once the test lets them go.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    under_way: Arc<watch::Sender<usize>>,
    let_go: Arc<watch::Sender<bool>>,
}

impl Held {
    fn new() -> Self {
        Self {
            under_way: Arc::new(watch::Sender::new(0)),
            let_go: Arc::new(watch::Sender::new(false)),
        }
    }

    async fn hold(&self) {
        self.under_way.send_modify(|count| *count += 1);
        let mut let_go = self.let_go.subscribe();
        let_go.wait_for(|let_go| *let_go).await.unwrap();
    }

    pub(crate) fn let_go(&self) {
        self.let_go.send_replace(true);
    }

    /// Until that many calls are under way.
    pub(crate) async fn wait_for(&self, count: usize) {
        let mut under_way = self.under_way.subscribe();
        under_way.wait_for(|found| *found >= count).await.unwrap();
    }

    pub(crate) fn count(&self) -> usize {
        *self.under_way.borrow()
    }
}

/// Answers without looking: `/panic` with a fault of its own, `/held` when it is let go.
struct Probe(Held);

impl Handler for Probe {
    async fn handle(&self, request: Request<Incoming>, peer: Peer) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/panic" => panic!("a fault in a handler"),
            "/held" => self.0.hold().await,
            _ => {}
        }
        Response::new(Full::from(format!("{peer:?}")))
    }

    fn panicked(&self) -> Response<Full<Bytes>> {
        let mut answer = Response::new(Full::from("a fault"));
        *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        answer
    }
}

pub(crate) fn config() -> Config {
    Config {
        home: PathBuf::new(),
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        unix_socket: None,
        unix_socket_mode: 0o660,
        local: Local::default(),
        tls: None,
        account: None,
        region: "us-east-1".parse().unwrap(),
        other_regions: vec!["eu-central-1".parse().unwrap()],
        faults: Vec::new(),
        grant_propagation: None,
        xks: None,
        oidc: Oidc::default(),
        xks_proxy: None,
        random: RandomSource::System,
        key_file: None,
        passphrase: None,
        accept_rollback: None,
        quotas: Quotas::default(),
        seed: None,
        principals_file: None,
        production: false,
        seed_in_production: false,
        attestation_roots: Vec::new(),
        sm2: false,
        log_format: LogFormat::Text,
        limits: Limits::default(),
        timeouts: no_deadlines(),
    }
}

/// What a busy machine does not pass: a test sets the one deadline that it is about.
fn no_deadlines() -> Timeouts {
    let hour = Duration::from_secs(3600);
    Timeouts {
        handshake: hour,
        header: hour,
        body: hour,
        idle: hour,
        drain: hour,
        ledger: hour,
    }
}

/// A running server; it is drained when dropped.
pub(crate) struct Server {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) endpoints: Vec<String>,
    pub(crate) runtime: Runtime,
    pub(crate) key: AccessKey,
    pub(crate) held: Held,
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<bool>>,
    home: TempDir,
}

impl Server {
    /// The whole server, over a new store.
    pub(crate) fn start() -> Self {
        Self::start_with(&config())
    }

    pub(crate) fn start_with(config: &Config) -> Self {
        let home = TempDir::new().unwrap();
        let (engine, key) = new_store(&home.path().join("kms"), config);
        let reading = Reading {
            limit: config.limits.body_bytes,
            timeout: config.timeouts.body,
        };
        let authenticator = Authenticator::new(
            config.region.clone(),
            config.other_regions.clone(),
            Arc::new(SystemClock),
        );
        let endpoint = Endpoint::new(engine, authenticator, Arc::new(SystemRandom), reading)
            .with_faults(Faults::new(&config.faults))
            .with_local_callers(config.local_callers().unwrap());
        Self::serve(config, endpoint, home, key, Held::new())
    }

    /// The sockets alone, in front of a probe.
    pub(crate) fn probe(config: &Config) -> Self {
        let held = Held::new();
        let (home, nobody) = (TempDir::new().unwrap(), AccessKey::default());
        Self::serve(config, Probe(held.clone()), home, nobody, held)
    }

    fn serve(
        config: &Config,
        handler: impl Handler,
        home: TempDir,
        key: AccessKey,
        held: Held,
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let tls = config.tls.as_ref().map(|files| {
            let clients = config.local.client_authentication.as_ref();
            let loaded = match clients {
                Some(clients) => tls::load_with_clients(files, clients),
                None => tls::load(files),
            };
            loaded.unwrap()
        });
        let listeners = runtime.block_on(Listeners::bind(config, tls)).unwrap();
        let (stop, stopped) = watch::channel(false);
        let addresses = listeners.addresses();
        let endpoints = listeners.endpoints();
        let (limits, timeouts) = (config.limits, config.timeouts);
        let serving = listeners.serve(Arc::new(handler), limits, timeouts, stopped);
        let serving = Some(runtime.spawn(serving));
        Self {
            addresses,
            endpoints,
            runtime,
            key,
            held,
            stop,
            serving,
            home,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
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

    /// A whole signed HTTP/1.1 request; `extra` are further header lines, each with its line end.
    pub(crate) fn call(&self, operation: &str, body: &str, extra: &str) -> Vec<u8> {
        signed_call(&self.key, operation, body, extra)
    }

    /// As `call`, and the connection is closed after it.
    pub(crate) fn last_call(&self, operation: &str, body: &str) -> Vec<u8> {
        self.call(operation, body, "connection: close\r\n")
    }

    /// What the ledger has of requests, in order.
    pub(crate) fn records(&self) -> Vec<Value> {
        let ledger = audit::read(&self.home.path().join("kms/ledger"), 0).unwrap();
        ledger
            .map(|record| serde_json::from_slice(&record.unwrap().1).unwrap())
            .filter(|record: &Value| record["sourceIPAddress"] != "AWS Internal")
            .filter(|record| record["eventName"] != "CreateAccessKey")
            .collect()
    }

    /// The codes of the refusals in the ledger; the empty text stands for what was answered.
    pub(crate) fn recorded_codes(&self) -> Vec<String> {
        let code = |record: &Value| record["errorCode"].as_str().unwrap_or_default().to_owned();
        self.records().iter().map(code).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn new_store(directory: &Path, config: &Config) -> (Arc<Engine>, AccessKey) {
    let options = OpenOptions {
        directory: directory.to_owned(),
        guard: RootGuard::KeyFile(None),
        ledger: LedgerOptions {
            deadline: config.timeouts.ledger,
            ..LedgerOptions::default()
        },
        random: Arc::new(SystemRandom),
        clock: Arc::new(SystemClock),
        accept_rollback: None,
        quotas: Quotas::default(),
        attestation_roots: TrustedRoots::default(),
        sm2: false,
    };
    let new = NewStore {
        account: None,
        region: config.region.clone(),
    };
    let engine = Engine::create(options, &new).unwrap();
    let account = engine.default_account().unwrap().id;
    let request_id = "00000000-0000-4000-8000-000000000000".to_owned();
    let context = CallContext::embedded(account, config.region.clone(), "test", request_id);
    let request = CreateAccessKeyRequest { user_name: None };
    let made = futures_executor::block_on(engine.call(&context, request)).unwrap();
    let made = made.into_inner().unwrap();
    let key = AccessKey {
        id: made.access_key_id.to_string(),
        secret: made.secret_access_key.expose().to_owned(),
    };
    (Arc::new(engine), key)
}

/// Writes everything, then reads until the other side closes.
pub(crate) fn exchange(mut stream: impl Read + Write, raw: &[u8]) -> String {
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(raw);
    read_to_end(&mut stream)
}

/// Reads until the other side closes or drops the connection.
///
/// # Panics
/// When it does neither.
pub(crate) fn read_to_end(stream: &mut impl Read) -> String {
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                assert_ne!(error.kind(), ErrorKind::WouldBlock, "the connection stays");
                break;
            }
        }
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
pub(crate) fn signed_headers(
    key: &AccessKey,
    target: &str,
    host: &str,
    body: &[u8],
) -> Vec<(String, String)> {
    let mut headers = vec![
        ("host".to_owned(), host.to_owned()),
        (
            "content-type".to_owned(),
            "application/x-amz-json-1.1".to_owned(),
        ),
        ("x-amz-target".to_owned(), target.to_owned()),
    ];
    let identity = Credentials::new(&key.id, &key.secret, None, None, "test").into();
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
pub(crate) fn signed_call(key: &AccessKey, operation: &str, body: &str, extra: &str) -> Vec<u8> {
    let target = format!("TrentService.{operation}");
    let headers: String = signed_headers(key, &target, "kms", body.as_bytes())
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    format!("POST / HTTP/1.1\r\n{headers}{extra}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}
