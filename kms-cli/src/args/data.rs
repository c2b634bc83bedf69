//! Commands that make data keys and random bytes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::parse_pair;

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
