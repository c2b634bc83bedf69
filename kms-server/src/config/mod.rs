//! The configuration: read from flags, environment and file once, then typed.

mod attestation;
mod check;
mod file;
mod local;
#[cfg(test)]
mod local_tests;
mod oidc;
mod passphrase;
mod quotas;
mod seed;
#[cfg(test)]
mod tests;
mod xks;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use kms_core::api::limits::Quotas;
use kms_core::api::{ErrorCode, Operation};
use kms_core::audit::LedgerOptions;
use kms_core::ids::{AccountId, KeyRef, Region, UserName, XksKeyId};
use serde::Deserialize;

pub use check::ConfigError;
pub use file::File;
pub use local::{CertificateMapping, Certificates, ClientAuthentication, Local, LocalCallers};
pub use oidc::Oidc;

/// Where the server listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:4599";

/// The Region of a server that was not told one.
pub const DEFAULT_REGION: &str = "us-east-1";

/// The whole configuration, complete and consistent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The directory of the store, the ledger and the first credentials.
    pub home: PathBuf,
    /// TCP addresses; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// A Unix socket.
    pub unix_socket: Option<PathBuf>,
    /// The mode of its file.
    pub unix_socket_mode: u32,
    /// Certificate and key for the TCP addresses.
    pub tls: Option<TlsFiles>,
    /// The account of a new store; `None` leaves it to the engine.
    pub account: Option<AccountId>,
    /// The Region of a new store, served first.
    pub region: Region,
    /// Further Regions that requests may be signed for, each with keys of its own.
    pub other_regions: Vec<Region>,
    /// Where random bytes come from.
    pub random: RandomSource,
    /// The key file that unseals the root key; `None` is `root.key` in `home`.
    pub key_file: Option<PathBuf>,
    /// The passphrase that unseals the root key instead of a key file.
    pub passphrase: Option<PassphraseSource>,
    /// Why a store older than the last one seen is accepted, once.
    pub accept_rollback: Option<String>,
    /// The seed file: keys that the store shall have, `docs/spec/seed-file.md`.
    pub seed: Option<PathBuf>,
    /// The principals file: who the store shall have, `docs/spec/principals-file.md`.
    pub principals_file: Option<PathBuf>,
    /// Whether the store is marked as one of production.
    pub production: bool,
    /// Whether a store of production takes the seed file.
    pub seed_in_production: bool,
    /// How many of each thing there may be.
    pub quotas: Quotas,
    /// PEM files of the roots that attestation documents may be certified by.
    pub attestation_roots: Vec<PathBuf>,
    /// Whether keys and data key pairs of spec `SM2` are made.
    pub sm2: bool,
    /// How the log is written.
    pub log_format: LogFormat,
    /// How much is read.
    pub limits: Limits,
    /// How long is waited.
    pub timeouts: Timeouts,
    /// Faults on purpose, for tests of clients.
    pub faults: Vec<Fault>,
    /// How long after it was made a grant counts, on purpose, for tests of clients; not without a
    /// value.
    pub grant_propagation: Option<Duration>,
    /// How proxies of external key stores are reached; `None` where none may be.
    pub xks: Option<Xks>,
    /// How the keys of identity providers are had.
    pub oidc: Oidc,
    /// Who gets temporary credentials without signing.
    pub local: Local,
    /// The proxy that this server is for external key stores, if it is one.
    pub xks_proxy: Option<XksProxy>,
}

/// The proxy that this server is for external key stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XksProxy {
    /// TCP addresses; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// What stands before `/kms/xks/v1`; empty, or begins with a slash and ends with none.
    pub uri_path_prefix: String,
    /// The Region that clients sign for.
    pub region: Region,
    /// The Region of keys that are named without one.
    pub key_region: Region,
    /// The file with the credential.
    pub credential: PathBuf,
    /// The user that the keys are used as; `None` is the account root user.
    pub user: Option<UserName>,
    /// Certificate and key.
    pub tls: TlsFiles,
    /// Keys by the id that clients use.
    pub keys: BTreeMap<XksKeyId, KeyRef>,
}

/// How proxies of external key stores are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xks {
    /// PEM certificates of authorities that are trusted besides the machine's.
    pub roots: Option<PathBuf>,
    /// Whether the machine's are.
    pub platform_roots: bool,
    /// For a whole request: the name, the connection, TLS and the answer.
    pub timeout: Duration,
    /// Whether private addresses may be connected to.
    pub private_addresses: bool,
    /// Where a domain name is, in lower case, whatever the name service says.
    pub addresses: BTreeMap<String, SocketAddr>,
}

impl Config {
    /// Whether it asks for any fault on purpose.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        !self.faults.is_empty() || self.grant_propagation.is_some()
    }
}

/// A fault on purpose: a share of the requests is delayed, refused, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The operation that it befalls; `None` is every one.
    pub operation: Option<Operation>,
    /// How many of a million requests it befalls.
    pub millionths: u32,
    /// How long they wait.
    pub delay: Duration,
    /// What they are answered with instead of being performed.
    pub error: Option<ErrorCode>,
}

/// The PEM files of TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate and its chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Where a passphrase is read from: to the end, less one line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassphraseSource {
    /// A file.
    File(PathBuf),
    /// An open descriptor of this process.
    Descriptor(u32),
}

/// Where random bytes come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum RandomSource {
    /// The operating system, through a pool per thread.
    #[default]
    Pooled,
    /// One system call each time: for machines that are cloned or resumed while they run.
    System,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// How much is read before a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The request line and all header fields, in bytes.
    pub header_bytes: usize,
    /// The body, in bytes.
    pub body_bytes: usize,
    /// Connections at once; more wait in the system's queue.
    pub connections: usize,
}

impl Config {
    /// Every Region that is served, the first one being that of a new store.
    #[must_use]
    pub fn regions(&self) -> Vec<Region> {
        let all = std::iter::once(&self.region).chain(&self.other_regions);
        all.cloned().collect()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 32 * 1024,
            body_bytes: 256 * 1024,
            connections: 1024,
        }
    }
}

/// How long is waited before a connection is closed or a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the head of a request, from its first byte, or from the start of the connection.
    pub header: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// For the next request.
    pub idle: Duration,
    /// For requests under way when the server is told to stop.
    pub drain: Duration,
    /// For the record of a request, until it is on the disk.
    pub ledger: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            header: Duration::from_secs(5),
            body: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            drain: Duration::from_secs(25),
            ledger: LedgerOptions::default().deadline,
        }
    }
}
