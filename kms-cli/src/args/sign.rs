//! Commands that sign and authenticate.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kms_core::api::{MacAlgorithm, SigningAlgorithm};

/// Sign a file or standard input; the signature goes to standard output, as bytes
#[derive(Debug, Args)]
#[command(after_help = "\
What is longer than 4096 bytes is hashed here, and its digest signed; Ed25519 and ML-DSA keys sign
up to 4096 bytes.

Examples:
  kms sign -k alias/release app.tar > app.tar.sig
  kms sign -k alias/release --algorithm RSASSA_PKCS1_V1_5_SHA_256 --output json app.tar")]
pub(crate) struct Sign {
    /// The key that signs: id, ARN, alias/NAME or alias ARN
    #[arg(short, long, value_name = "KEY")]
    pub(crate) key: String,
    /// How [default: the key's only way; PSS with SHA-256 for RSA, without prehash for Ed25519]
    #[arg(long, value_name = "ALGORITHM")]
    pub(crate) algorithm: Option<SigningAlgorithm>,
    /// What to sign [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Check the signature of a file or standard input; exit code 6 if it is not one of the key
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kms verify -k alias/release --signature app.tar.sig app.tar")]
pub(crate) struct Verify {
    /// The key that signed: id, ARN, alias/NAME or alias ARN
    #[arg(short, long, value_name = "KEY")]
    pub(crate) key: String,
    /// How [default: as `kms sign` does without it]
    #[arg(long, value_name = "ALGORITHM")]
    pub(crate) algorithm: Option<SigningAlgorithm>,
    /// The file with the signature, as bytes; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: PathBuf,
    /// What was signed [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Makes and checks message authentication codes with HMAC keys.
#[derive(Debug, Subcommand)]
pub(crate) enum MacCommand {
    Generate(GenerateMac),
    Verify(VerifyMac),
}

/// Print the authentication code of up to 4096 bytes, as bytes
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kms mac generate -k alias/cookies session.json > session.mac")]
pub(crate) struct GenerateMac {
    /// The HMAC key: id, ARN, alias/NAME or alias ARN
    #[arg(short, long, value_name = "KEY")]
    pub(crate) key: String,
    /// How [default: the key's only way]
    #[arg(long, value_name = "ALGORITHM")]
    pub(crate) algorithm: Option<MacAlgorithm>,
    /// The message [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Check an authentication code; exit code 6 if it is not that of the message
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  kms mac verify -k alias/cookies --mac session.mac session.json"
)]
pub(crate) struct VerifyMac {
    /// The HMAC key: id, ARN, alias/NAME or alias ARN
    #[arg(short, long, value_name = "KEY")]
    pub(crate) key: String,
    /// How [default: the key's only way]
    #[arg(long, value_name = "ALGORITHM")]
    pub(crate) algorithm: Option<MacAlgorithm>,
    /// The file with the code, as bytes
    #[arg(long, value_name = "FILE")]
    pub(crate) mac: PathBuf,
    /// The message [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}
