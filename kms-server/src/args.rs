//! The command line and the environment; what neither says, the file says.

use std::path::PathBuf;

use clap::Parser;
use kms_core::ids::{AccountId, Region};

use crate::config::{LogFormat, RandomSource};

const EXAMPLES: &str = "\
Examples:
  kms-server
      Keeps its store in ~/.local/share/kms and listens on http://127.0.0.1:4599. The first start
      writes the root access key to ~/.local/share/kms/credentials.

  AWS_SHARED_CREDENTIALS_FILE=~/.local/share/kms/credentials AWS_PROFILE=root \\
  AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL=http://127.0.0.1:4599 aws kms create-key

  kms-server --listen 0.0.0.0:443 --tls-certificate chain.pem --tls-key key.pem
      TLS; plain TCP on an address that others reach is refused.

  kms-server --config /etc/kms/server.toml --check-config
      Exits 0 when everything in the configuration fits, else 2.

Exit status: 0 done, 1 failed, 2 usage or configuration, 5 unavailable, 6 integrity failure.";

/// A key management service that speaks the AWS KMS protocol.
///
/// A flag wins over the environment, and the environment over the file.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "kms-server", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Configuration file, TOML.
    #[arg(long, env = "KMS_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Directory of the store and the ledger [default: $XDG_DATA_HOME/kms or ~/.local/share/kms].
    #[arg(long, env = "KMS_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// TCP address; repeat for more; port 0 takes a free port [default: 127.0.0.1:4599].
    #[arg(
        long,
        env = "KMS_LISTEN",
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    pub(crate) listen: Vec<String>,
    /// Unix socket, readable and writable by owner and group.
    #[arg(long, env = "KMS_UNIX_SOCKET", value_name = "PATH")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// Certificate chain for the TCP addresses, PEM.
    #[arg(long, env = "KMS_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Private key of the certificate, PEM, closed to others.
    #[arg(long, env = "KMS_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Permit plain TCP on an address that is not loopback.
    #[arg(long, env = "KMS_ALLOW_PLAINTEXT")]
    pub(crate) allow_plaintext: bool,
    /// Account of a new store, 12 digits.
    #[arg(long, env = "KMS_ACCOUNT", value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// Region that requests are signed for [default: us-east-1].
    #[arg(long, env = "KMS_REGION", value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// Further Region that requests may be signed for; repeat for more.
    #[arg(
        long = "other-region",
        env = "KMS_OTHER_REGIONS",
        value_name = "REGION",
        value_delimiter = ','
    )]
    pub(crate) other_regions: Vec<Region>,
    /// Where random bytes come from; `system` where the machine is cloned while it runs.
    #[arg(long, env = "KMS_RANDOM", value_enum)]
    pub(crate) random: Option<RandomSource>,
    /// Key file that unseals the root key [default: root.key in the home directory].
    #[arg(long, env = "KMS_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// File with the passphrase that unseals the root key.
    #[arg(long, env = "KMS_PASSPHRASE_FILE", value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Open descriptor with the passphrase.
    #[arg(long, env = "KMS_PASSPHRASE_FD", value_name = "NUMBER")]
    pub(crate) passphrase_fd: Option<u32>,
    /// Accept, once, a store that is older than the last one seen; the reason is recorded.
    #[arg(long, value_name = "REASON")]
    pub(crate) accept_rollback: Option<String>,
    /// How the log on standard error is written.
    #[arg(long, env = "KMS_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
    /// Bytes of a request's head, at most.
    #[arg(long, env = "KMS_HEADER_BYTES", value_name = "BYTES")]
    pub(crate) header_bytes: Option<usize>,
    /// Bytes of a request's body, at most.
    #[arg(long, env = "KMS_BODY_BYTES", value_name = "BYTES")]
    pub(crate) body_bytes: Option<usize>,
    /// Connections at once.
    #[arg(long, env = "KMS_CONNECTIONS", value_name = "NUMBER")]
    pub(crate) connections: Option<usize>,
    /// Seconds for a TLS handshake.
    #[arg(long, env = "KMS_HANDSHAKE_SECONDS", value_name = "SECONDS")]
    pub(crate) handshake_seconds: Option<u64>,
    /// Seconds for a request's head.
    #[arg(long, env = "KMS_HEADER_SECONDS", value_name = "SECONDS")]
    pub(crate) header_seconds: Option<u64>,
    /// Seconds for a request's body.
    #[arg(long, env = "KMS_BODY_SECONDS", value_name = "SECONDS")]
    pub(crate) body_seconds: Option<u64>,
    /// Seconds until an idle connection is closed.
    #[arg(long, env = "KMS_IDLE_SECONDS", value_name = "SECONDS")]
    pub(crate) idle_seconds: Option<u64>,
    /// Seconds for requests under way after SIGTERM.
    #[arg(long, env = "KMS_DRAIN_SECONDS", value_name = "SECONDS")]
    pub(crate) drain_seconds: Option<u64>,
    /// Seconds until a request fails whose record is not on the disk.
    #[arg(long, env = "KMS_LEDGER_SECONDS", value_name = "SECONDS")]
    pub(crate) ledger_seconds: Option<u64>,
    /// Seed file: keys that the store shall have, with fixed ids.
    #[arg(long, env = "KMS_SEED", value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Principals file: users, groups, roles and policies that the store shall have; read again
    /// when it changes, and at SIGHUP.
    #[arg(long, env = "KMS_PRINCIPALS_FILE", value_name = "FILE")]
    pub(crate) principals_file: Option<PathBuf>,
    /// Mark the store as one of production, for ever: no seed file, no faults on purpose.
    #[arg(long, env = "KMS_PRODUCTION")]
    pub(crate) production: bool,
    /// Apply the seed file to a store of production all the same.
    #[arg(long, requires = "seed")]
    pub(crate) seed_in_production: bool,
    /// Make keys and data key pairs of spec SM2, which AWS does in its China Regions alone.
    #[arg(long, env = "KMS_SM2")]
    pub(crate) sm2: bool,
    /// Check the configuration and exit.
    #[arg(long)]
    pub(crate) check_config: bool,
    /// Print the manual page, as packages install it, and do nothing else.
    #[arg(long, exclusive = true, hide = true)]
    pub(crate) manual: bool,
}
