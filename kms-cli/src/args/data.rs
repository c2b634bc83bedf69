//! Commands that work on data.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::parse_pair;

/// Encrypt a file or standard input, of any size, as an AWS Encryption SDK message
#[derive(Debug, Args)]
#[command(after_help = "\
Each -k can decrypt the message on its own. The context is not secret: it is stored in the
message in the clear, and whoever decrypts can insist on it.

Examples:
  tar c dir | kms encrypt -k alias/backup > dir.tar.enc
  kms encrypt -k alias/backup --context purpose=backup -o notes.enc notes.txt
  kms encrypt -a -k alias/mail message.txt | mail -s report alice@example.com")]
pub(crate) struct Encrypt {
    /// A key that can decrypt the message: id, ARN, alias/NAME or alias ARN
    #[arg(short, long = "key", value_name = "KEY", required = true)]
    pub(crate) keys: Vec<String>,
    /// A pair of the encryption context
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context: Vec<(String, String)>,
    /// Write here instead of to standard output; appears only when it is complete
    #[arg(short, long = "out", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write text (base64 between two marker lines) instead of bytes
    #[arg(short, long)]
    pub(crate) armor: bool,
    /// Bytes of plaintext in a frame: what a reader must have before it can release anything
    #[arg(long, value_name = "BYTES", default_value_t = 65_536,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) frame_length: u32,
    /// Write bytes even to a terminal
    #[arg(long)]
    pub(crate) force: bool,
    /// What to encrypt [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Decrypt an AWS Encryption SDK message of any size, armored or not
#[derive(Debug, Args)]
#[command(after_help = "\
Only authenticated data is written. A message that turns out to be truncated or forged further on
has by then released its intact beginning to standard output: heed exit code 6 (in a shell pipeline
`set -o pipefail`), or use -o, which leaves nothing behind on failure.

Examples:
  kms decrypt dir.tar.enc | tar x
  kms decrypt -o notes.txt --context purpose=backup notes.enc
  kms decrypt -k arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab x.enc")]
pub(crate) struct Decrypt {
    /// Use only this key [default: any key of the message that the store holds]
    #[arg(short, long = "key", value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// A pair that the encryption context of the message must contain
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context: Vec<(String, String)>,
    /// Write here instead of to standard output; appears only when it is complete
    #[arg(short, long = "out", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Decrypt a message that does not commit to its key, as older AWS Encryption SDKs wrote them
    #[arg(long)]
    pub(crate) allow_uncommitted: bool,
    /// Write to a terminal even what is not text
    #[arg(long)]
    pub(crate) force: bool,
    /// What to decrypt [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Say what can be seen of a message or a KMS ciphertext without any key
#[derive(Debug, Args)]
#[command(after_help = "\
What is shown has not been authenticated: only decrypting does that.

Examples:
  kms inspect dir.tar.enc
  kms --output json inspect - < dir.tar.enc")]
pub(crate) struct Inspect {
    /// What to inspect [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Make a data key: the plaintext to encrypt with, and its ciphertext to keep
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kms generate-data-key -k alias/app --context table=users --output json
  kms generate-data-key -k alias/app --plaintext-out dek --ciphertext-out dek.enc
  kms generate-data-key -k alias/app --bytes 16 --without-plaintext")]
pub(crate) struct GenerateDataKey {
    /// The key that encrypts the data key: id, ARN, alias/NAME or alias ARN
    #[arg(short, long, value_name = "KEY")]
    pub(crate) key: String,
    /// The length of the data key in bytes, 1 to 1024 [default: 32]
    #[arg(long, value_name = "N", conflicts_with = "key_spec",
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) bytes: Option<u32>,
    /// The length of the data key as the cipher that it is for
    #[arg(long, value_enum, value_name = "SPEC")]
    pub(crate) key_spec: Option<KeySize>,
    /// A pair of the encryption context
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context: Vec<(String, String)>,
    /// Make only the ciphertext
    #[arg(long, conflicts_with = "plaintext_out")]
    pub(crate) without_plaintext: bool,
    /// Write the plaintext as bytes to this file instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) plaintext_out: Option<PathBuf>,
    /// Write the ciphertext as bytes to this file instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) ciphertext_out: Option<PathBuf>,
}

/// The length of a data key as AWS names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeySize {
    #[value(name = "AES_128")]
    Aes128,
    #[value(name = "AES_256")]
    Aes256,
}

/// Print random bytes that the store or the endpoint made
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kms random -n 16 --format hex
  kms random -n 1024 --format raw > seed")]
pub(crate) struct Random {
    /// How many bytes, 1 to 1024
    #[arg(short = 'n', long, value_name = "BYTES", default_value_t = 32,
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) bytes: u32,
    /// How to print them
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "base64")]
    pub(crate) format: RandomFormat,
}

/// How random bytes are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RandomFormat {
    Raw,
    Hex,
    Base64,
}
