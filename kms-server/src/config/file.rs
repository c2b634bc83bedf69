//! The TOML file: every key optional, no key unknown.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kms_core::ids::{AccountId, Region, UserName, XksKeyId};
use serde::Deserialize;

use super::quotas::FileQuotas;
use super::{LogFormat, RandomSource, TlsFiles};

/// The configuration file as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The directory of the store.
    pub home: Option<PathBuf>,
    /// TCP addresses.
    pub listen: Option<Vec<String>>,
    /// A Unix socket.
    pub unix_socket: Option<PathBuf>,
    /// The mode of its file, in octal.
    pub unix_socket_mode: Option<String>,
    /// Permits plain TCP on an address that is not loopback.
    pub allow_plaintext: Option<bool>,
    /// The account of a new store.
    pub account: Option<AccountId>,
    /// The Region of a new store.
    pub region: Option<Region>,
    /// Further Regions.
    pub other_regions: Option<Vec<Region>>,
    /// Where random bytes come from.
    pub random: Option<RandomSource>,
    /// The key file that unseals the root key.
    pub key_file: Option<PathBuf>,
    /// A file with the passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// Keys that the store shall have.
    pub seed: Option<PathBuf>,
    /// Users, groups, roles, policies and identity providers that the store shall have.
    pub principals_file: Option<PathBuf>,
    /// Whether the store is one of production.
    pub production: Option<bool>,
    /// How many seconds after it was made a grant counts.
    pub grant_propagation_seconds: Option<u64>,
    /// Whether keys of SM2 are made.
    pub sm2: Option<bool>,
    /// How the log is written.
    pub log_format: Option<LogFormat>,
    /// Certificate and key, and whom clients are vouched for by.
    pub tls: Option<FileTls>,
    /// Whose attestation documents are believed.
    #[serde(default)]
    pub attestation: FileAttestation,
    /// How much is read.
    #[serde(default)]
    pub limits: FileLimits,
    /// How long is waited.
    #[serde(default)]
    pub timeouts: FileTimeouts,
    /// How many of each thing there may be.
    #[serde(default)]
    pub quotas: FileQuotas,
    /// Faults on purpose.
    #[serde(default)]
    pub faults: Vec<FileFault>,
    /// Proxies of external key stores may be asked.
    pub xks: Option<FileXks>,
    /// The server is a proxy of external key stores.
    pub xks_proxy: Option<FileXksProxy>,
    /// Identity providers may be asked for their keys.
    pub oidc: Option<FileOidc>,
    /// Identity providers whose keys are in files.
    #[serde(default)]
    pub oidc_provider: Vec<FileOidcProvider>,
    /// Who processes of this machine are.
    #[serde(default)]
    pub peer: Vec<FilePeer>,
    /// Who the holders of certificates are.
    #[serde(default)]
    pub certificate: Vec<FileCertificate>,
}

/// The section `[tls]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTls {
    /// The certificate and its chain, leaf first.
    pub certificate: Option<PathBuf>,
    /// The private key.
    pub key: Option<PathBuf>,
    /// PEM certificates of the authorities that vouch for clients.
    pub client_ca: Option<PathBuf>,
    /// Whether nobody is served without a certificate.
    pub require_client_certificate: Option<bool>,
}

/// A section `[[peer]]`: one of `uid`, `user` and `gid`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePeer {
    /// The user id of a process.
    pub uid: Option<u32>,
    /// The user of a process, by name.
    pub user: Option<String>,
    /// The group id of a process.
    pub gid: Option<u32>,
    /// An ARN, `user/NAME` or `role/NAME`.
    pub principal: String,
}

/// A section `[[certificate]]`: one of `uri_san`, `dns_san` and `spki_sha256`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileCertificate {
    /// A URI among the alternative names of the subject.
    pub uri_san: Option<String>,
    /// A DNS name among them.
    pub dns_san: Option<String>,
    /// SHA-256 of the public key, in hexadecimal.
    pub spki_sha256: Option<String>,
    /// An ARN, `user/NAME` or `role/NAME`.
    pub principal: String,
    /// What the session of a role is called.
    pub session_name: Option<String>,
}

/// The section `[oidc]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOidc {
    /// PEM certificates of authorities that are trusted besides the machine's.
    pub roots: Option<PathBuf>,
    /// Whether the machine's are.
    pub platform_roots: Option<bool>,
    /// For both documents of a provider, 100 to 30000.
    pub timeout_milliseconds: Option<u64>,
    /// Whether private addresses may be connected to.
    pub private_addresses: Option<bool>,
    /// Whether providers on this machine may be without TLS.
    pub plain_loopback: Option<bool>,
}

/// A section `[[oidc_provider]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOidcProvider {
    /// The address that its tokens have in `iss`.
    pub issuer: String,
    /// A file with its JSON Web Key Set.
    pub jwks_file: PathBuf,
}

/// The section `[xks_proxy]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileXksProxy {
    /// TCP addresses.
    pub listen: Vec<String>,
    /// What stands before `/kms/xks/v1`.
    pub uri_path_prefix: Option<String>,
    /// The Region that clients sign for.
    pub region: Option<Region>,
    /// The file with the credential.
    pub credential: Option<PathBuf>,
    /// The user that the keys are used as.
    pub user: Option<UserName>,
    /// Certificate and key; those of the server when absent.
    pub tls: Option<TlsFiles>,
    /// Keys by the id that clients use: ids, ARNs or aliases.
    #[serde(default)]
    pub keys: BTreeMap<XksKeyId, String>,
}

/// The section `[xks]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileXks {
    /// PEM certificates of authorities that are trusted besides the machine's.
    pub roots: Option<PathBuf>,
    /// Whether the machine's are.
    pub platform_roots: Option<bool>,
    /// For a whole request, 50 to 30000.
    pub timeout_milliseconds: Option<u64>,
    /// Whether private addresses may be connected to.
    pub private_addresses: Option<bool>,
    /// Where a domain name is, whatever the name service says: `IP:PORT`.
    #[serde(default)]
    pub addresses: BTreeMap<String, String>,
}

/// The section `[attestation]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAttestation {
    /// PEM files, each with one root certificate or more.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
}

/// A section `[[faults]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFault {
    /// Such as `Encrypt`; every operation when it is left out.
    pub operation: Option<String>,
    /// The share of the requests that it befalls, above 0 and at most 1.
    pub rate: f64,
    /// How long they wait, at most a minute.
    #[serde(default)]
    pub delay_milliseconds: u64,
    /// The error that they are answered with.
    pub error: Option<String>,
}

/// The section `[limits]`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLimits {
    /// Bytes of a head, 8192 to 1048576.
    pub header_bytes: Option<usize>,
    /// Bytes of a body, 1024 to 1048576.
    pub body_bytes: Option<usize>,
    /// Connections at once, 1 to 1000000.
    pub connections: Option<usize>,
}

/// The section `[timeouts]`, in whole seconds, 1 to 3600 each.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTimeouts {
    /// For the TLS handshake.
    pub handshake_seconds: Option<u64>,
    /// For the head of a request.
    pub header_seconds: Option<u64>,
    /// For the body of a request.
    pub body_seconds: Option<u64>,
    /// For the next request.
    pub idle_seconds: Option<u64>,
    /// For requests under way at the end.
    pub drain_seconds: Option<u64>,
    /// For the record of a request.
    pub ledger_seconds: Option<u64>,
}
