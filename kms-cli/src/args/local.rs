//! The command that AWS SDKs run to get credentials.

use std::path::PathBuf;

use clap::Args;

/// Print temporary credentials of this process, as `credential_process` of the AWS SDKs reads them
#[derive(Debug, Args)]
#[command(after_help = "\
The server must know who this process is: by the user that it runs as, over the server's Unix socket, or
by a certificate. Nothing is signed, and no access key is needed. In ~/.aws/config:

  [profile ci]
  credential_process = kms credential-process --socket /run/kms/kms.sock

Examples:
  kms credential-process --socket /run/kms/kms.sock
  kms credential-process --endpoint https://kms.example --certificate me.pem --key me.key --ca ca.pem")]
pub(crate) struct CredentialProcess {
    /// The Unix socket of the server
    #[arg(
        long,
        value_name = "PATH",
        required_unless_present = "endpoint",
        conflicts_with = "endpoint"
    )]
    pub(crate) socket: Option<PathBuf>,
    /// The address of the server: https://HOST or https://HOST:PORT
    #[arg(long, value_name = "URL", requires_all = ["certificate", "key"])]
    pub(crate) endpoint: Option<String>,
    /// The certificate of this process and its chain, PEM
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub(crate) certificate: Option<PathBuf>,
    /// The private key of the certificate, PEM, closed to others
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub(crate) key: Option<PathBuf>,
    /// Authorities that vouch for the server, PEM [default: those that the machine trusts]
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub(crate) ca: Option<PathBuf>,
    /// How long the credentials last, 900 to 43200 [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration_seconds: Option<u32>,
}
