//! Commands that work on messages.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::parse_pair;

/// Encrypt a file or standard input, of any size, as an AWS Encryption SDK message
#[derive(Debug, Args)]
#[command(after_help = "\
Each -k and each -r can decrypt the message on its own. The context is not secret: it is stored in
the message in the clear, and whoever decrypts can insist on it. Of several files, each is encrypted
to its name with .kms behind it; the files stay, and what exists is not replaced without --force.

Examples:
  tar c dir | kms encrypt -k alias/backup > dir.tar.enc
  kms encrypt -k alias/backup --context purpose=backup -o notes.enc notes.txt
  kms encrypt -k alias/backup -r auditor.pem -o report.enc report.pdf
  kms encrypt -k alias/backup --output-directory sealed *.sql
  kms encrypt -a -k alias/mail message.txt | mail -s report alice@example.com")]
pub(crate) struct Encrypt {
    #[command(flatten)]
    pub(crate) recipients: Recipients,
    #[command(flatten)]
    pub(crate) writing: Writing,
    /// A pair of the encryption context
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context: Vec<(String, String)>,
    /// A pair that is bound to the message but not stored in it: decrypt needs it as --context
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) unstored_context: Vec<(String, String)>,
    /// Write here instead of to standard output; appears only when it is complete
    #[arg(short, long = "out", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write each FILE to its name with .kms behind it in this directory
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub(crate) output_directory: Option<PathBuf>,
    /// Write bytes even to a terminal; of several files, replace outputs that exist
    #[arg(long)]
    pub(crate) force: bool,
    /// What to encrypt [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Who can decrypt the message that is written.
#[derive(Debug, Args)]
pub(crate) struct Recipients {
    /// A key that can decrypt the message: id, ARN, alias/NAME or alias ARN
    #[arg(
        short,
        long = "key",
        value_name = "KEY",
        required_unless_present = "recipients"
    )]
    pub(crate) keys: Vec<String>,
    /// A file with an RSA public key (PEM) whose owner can decrypt the message, without any store
    #[arg(short, long = "recipient", value_name = "FILE")]
    pub(crate) recipients: Vec<PathBuf>,
}

/// Who can decrypt the message that is written, if not those who could decrypt the old one.
#[derive(Debug, Args)]
pub(crate) struct NewRecipients {
    /// A key that can decrypt the message: id, ARN, alias/NAME or alias ARN [default: its own keys]
    #[arg(short, long = "key", value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// A file with an RSA public key (PEM) whose owner can decrypt the message, without any store
    #[arg(short, long = "recipient", value_name = "FILE")]
    pub(crate) recipients: Vec<PathBuf>,
}

/// How a message is written.
#[derive(Debug, Args)]
pub(crate) struct Writing {
    /// Sign the message too, so that none who may decrypt by a -k and not encrypt can change it
    #[arg(long)]
    pub(crate) sign: bool,
    /// Write text (base64 between two marker lines) instead of bytes
    #[arg(short, long)]
    pub(crate) armor: bool,
    /// Bytes of plaintext in a frame: what a reader must have before it can release anything
    #[arg(long, value_name = "BYTES", default_value_t = 65_536,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) frame_length: u32,
}

/// Decrypt an AWS Encryption SDK message of any size, armored or not
#[derive(Debug, Args)]
#[command(after_help = "\
Only authenticated data is written. A message that turns out to be truncated or forged further on
has by then released its intact beginning to standard output: heed exit code 6 (in a shell pipeline
`set -o pipefail`), or use -o, which leaves nothing behind on failure. Of several files, each is
decrypted to its name without .kms; the files stay, and what exists is not replaced without --force.

Examples:
  kms decrypt dir.tar.enc | tar x
  kms decrypt -o notes.txt --context purpose=backup notes.enc
  kms decrypt --private-key auditor.key -o report.pdf report.enc
  kms decrypt --output-directory restored sealed/*.kms
  kms decrypt -k arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab x.enc")]
pub(crate) struct Decrypt {
    /// Use only this key [default: any key of the message that the store holds]
    #[arg(
        short,
        long = "key",
        value_name = "KEY",
        conflicts_with = "DiscoveryAndPrivateKey"
    )]
    pub(crate) keys: Vec<String>,
    #[command(flatten)]
    pub(crate) source: DiscoveryAndPrivateKey,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Write here instead of to standard output; appears only when it is complete
    #[arg(short, long = "out", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write what a signed message holds before its signature is verified, which may be forged
    #[arg(long)]
    pub(crate) release_unverified_plaintext: bool,
    /// Write each FILE to its name without .kms in this directory
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub(crate) output_directory: Option<PathBuf>,
    /// Write to a terminal even what is not text; of several files, replace outputs that exist
    #[arg(long)]
    pub(crate) force: bool,
    /// What to decrypt [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// What opens a message, when no key is named.
#[derive(Debug, Args)]
#[group(multiple = true)]
pub(crate) struct DiscoveryAndPrivateKey {
    /// Of the keys that the message names, use only those of this account
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "private_key")]
    pub(crate) discovery_account: Vec<String>,
    /// Of the keys that the message names, use only those of this Region
    #[arg(long, value_name = "REGION", conflicts_with = "private_key")]
    pub(crate) discovery_region: Vec<String>,
    /// A file with the RSA private key (PEM, PKCS#8) of a recipient, closed to others; no store is
    /// opened
    #[arg(long, value_name = "FILE")]
    pub(crate) private_key: Option<PathBuf>,
}

/// Which messages are read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// A pair that the encryption context of the message must contain
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context: Vec<(String, String)>,
    /// Whether a message must commit to its key, which those of older AWS Encryption SDKs do not
    #[arg(long, value_enum, value_name = "POLICY", default_value = "require")]
    pub(crate) commitment_policy: Commitment,
    /// The most encrypted data keys that a message may have, each of which may be tried
    #[arg(long, value_name = "N", default_value_t = 16,
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_encrypted_data_keys: u16,
}

/// Whether messages must commit to their key; what is written always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Commitment {
    /// Messages that do not are refused
    #[value(alias = "require-encrypt-require-decrypt")]
    Require,
    /// All messages are read
    #[value(alias = "require-encrypt-allow-decrypt")]
    Allow,
}

/// Encrypt a message anew, for other recipients and under another data key
#[derive(Debug, Args)]
#[command(after_help = "\
The plaintext stays in this process, and the encryption context stays with the message. Whoever
could decrypt the old message can decrypt every copy of it that is left.

Examples:
  kms reencrypt -k alias/new -o archive.enc archive.enc
  kms reencrypt --old-key alias/retired -k alias/new --sign < old.enc > new.enc
  kms reencrypt --commitment-policy allow -k alias/backup -o new.enc from-sdk-1.enc")]
pub(crate) struct Reencrypt {
    #[command(flatten)]
    pub(crate) recipients: Recipients,
    #[command(flatten)]
    pub(crate) writing: Writing,
    /// Write bytes also where the old message is text, which stays text otherwise
    #[arg(long, conflicts_with = "armor")]
    pub(crate) no_armor: bool,
    /// Open the message with this key only [default: any key of the message that the store holds]
    #[arg(
        long = "old-key",
        value_name = "KEY",
        conflicts_with = "DiscoveryAndPrivateKey"
    )]
    pub(crate) old_keys: Vec<String>,
    #[command(flatten)]
    pub(crate) source: DiscoveryAndPrivateKey,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Write here instead of to standard output; appears only when it is complete
    #[arg(short, long = "out", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write bytes even to a terminal
    #[arg(long)]
    pub(crate) force: bool,
    /// The message [default: standard input, as is -]
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
