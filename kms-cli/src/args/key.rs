//! Commands that administer keys and aliases.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kms_core::api::{KeySpec, KeyUsage};
use kms_core::ids::Region;

use super::parse_pair;

/// A tag as `KEY=VALUE`.
pub(crate) type TagPair = (String, String);

/// Administers keys. KEY is an id, an ARN, alias/NAME or an alias ARN.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    Create(CreateKey),
    List(ListKeys),
    /// Show what is known of a key
    #[command(after_help = "Example:\n  kms key describe alias/backup")]
    Describe {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// Print the public key of a key pair, as PEM
    #[command(after_help = "Example:\n  kms key public-key alias/release > release.pem")]
    PublicKey {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// Let a disabled key be used again
    #[command(after_help = "Example:\n  kms key enable alias/backup")]
    Enable {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// Refuse every use of a key until it is enabled again
    #[command(after_help = "Example:\n  kms key disable alias/backup")]
    Disable {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// Give a key new material now; what the old one encrypted stays decryptable
    #[command(after_help = "Example:\n  kms key rotate alias/backup")]
    Rotate {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// Delete a key, and with it all that it encrypted, after a waiting period
    #[command(after_help = "Example:\n  kms key schedule-deletion --days 7 alias/old")]
    ScheduleDeletion {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
        /// How long to wait, 7 to 30
        #[arg(long, value_name = "DAYS", default_value_t = 30,
              value_parser = clap::value_parser!(u32).range(7..=30))]
        days: u32,
    },
    /// Keep a key that waits for its deletion; it is disabled then
    #[command(after_help = "Example:\n  kms key cancel-deletion alias/old")]
    CancelDeletion {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    Replicate(ReplicateKey),
    /// Make a replica the primary of a multi-Region key, and the primary a replica
    #[command(after_help = "Example:\n  kms key update-primary-region alias/global --to eu-west-1")]
    UpdatePrimaryRegion {
        /// The primary's id, ARN, alias/NAME or alias ARN
        key: String,
        /// The Region of the replica
        #[arg(long, value_name = "REGION")]
        to: Region,
    },
    /// Change the description of a key
    #[command(after_help = "Example:\n  kms key update-description alias/backup 'nightly backups'")]
    UpdateDescription {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
        /// What the key is for
        description: String,
    },
    /// Read and write the policy of a key
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Administer the automatic rotation of a key
    #[command(subcommand)]
    Rotation(RotationCommand),
    /// Show the last successful cryptographic operation of a key
    #[command(after_help = "Example:\n  kms key last-usage alias/old")]
    LastUsage {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// Add tags to a key, or change them
    #[command(after_help = "Example:\n  kms key tag alias/backup team=storage stage=prod")]
    Tag {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
        /// The tags
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = parse_pair)]
        tags: Vec<TagPair>,
    },
    /// Remove tags from a key
    #[command(after_help = "Example:\n  kms key untag alias/backup team stage")]
    Untag {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
        /// The keys of the tags
        #[arg(required = true, value_name = "TAG-KEY")]
        tags: Vec<String>,
    },
    /// List the tags of a key
    #[command(after_help = "Example:\n  kms key tags alias/backup")]
    Tags {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
}

/// Create a key and print its ARN
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kms key create --alias alias/backup --description 'nightly backups'
  kms key create --alias alias/release --spec ECC_NIST_P256 --usage SIGN_VERIFY
  key=$(kms key create --tag team=storage --policy policy.json)")]
pub(crate) struct CreateKey {
    /// Give the key this name
    #[arg(long, value_name = "alias/NAME")]
    pub(crate) alias: Option<String>,
    /// What kind of key, as AWS names it: RSA_2048, ECC_NIST_P256, HMAC_256, ML_DSA_65, …
    #[arg(long, value_name = "SPEC", default_value = "SYMMETRIC_DEFAULT")]
    pub(crate) spec: KeySpec,
    /// What it may be used for: ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC or KEY_AGREEMENT
    /// [default: ENCRYPT_DECRYPT for SYMMETRIC_DEFAULT; the only one that the spec has]
    #[arg(long, value_name = "USAGE")]
    pub(crate) usage: Option<KeyUsage>,
    /// What the key is for
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) description: String,
    /// A tag
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) tags: Vec<TagPair>,
    /// The key policy, a JSON document; - is standard input [default: the account decides]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Make it a key that can be replicated into other Regions; no other key ever can
    #[arg(long)]
    pub(crate) multi_region: bool,
}

/// Make a key in another Region that opens what a multi-Region key sealed, and print its ARN
#[derive(Debug, Args)]
#[command(after_help = "\
The replica has the primary's id, material and rotation. Policy, description, tags, aliases and
grants are its own.

Examples:
  kms key create --multi-region --alias alias/global
  kms key replicate alias/global --to eu-west-1
  kms --region eu-west-1 key describe mrk-1234abcd12ab34cd56ef1234567890ab")]
pub(crate) struct ReplicateKey {
    /// The primary's id, ARN, alias/NAME or alias ARN
    pub(crate) key: String,
    /// Where the replica shall be
    #[arg(long, value_name = "REGION")]
    pub(crate) to: Region,
    /// What the replica is for
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) description: String,
    /// A tag of the replica
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) tags: Vec<TagPair>,
    /// The replica's policy, a JSON document; - is standard input [default: the account decides]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// List all keys and their aliases
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kms key list\n  kms key list --output json")]
pub(crate) struct ListKeys {}

/// Reads and writes the policy of a key.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print the policy
    #[command(after_help = "Example:\n  kms key policy get alias/backup > policy.json")]
    Get {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// Replace the policy
    #[command(
        after_help = "Examples:\n  kms key policy put alias/backup policy.json\n  \
                            jq … policy.json | kms key policy put alias/backup -"
    )]
    Put {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
        /// The JSON document; - is standard input
        file: PathBuf,
        /// Accept a policy that does not let you change it again
        #[arg(long)]
        bypass_lockout_check: bool,
    },
}

/// Administers automatic rotation.
#[derive(Debug, Subcommand)]
pub(crate) enum RotationCommand {
    /// Rotate the key by itself
    #[command(after_help = "Example:\n  kms key rotation enable --days 90 alias/backup")]
    Enable {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
        /// How often, 90 to 2560
        #[arg(long, value_name = "DAYS", default_value_t = 365,
              value_parser = clap::value_parser!(u32).range(90..=2560))]
        days: u32,
    },
    /// Stop rotating the key by itself
    #[command(after_help = "Example:\n  kms key rotation disable alias/backup")]
    Disable {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// Show whether and when the key rotates
    #[command(after_help = "Example:\n  kms key rotation status alias/backup")]
    Status {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
    /// List the rotations that were
    #[command(after_help = "Example:\n  kms key rotation list alias/backup")]
    List {
        /// Its id, ARN, alias/NAME or alias ARN
        key: String,
    },
}

/// Gives keys names.
#[derive(Debug, Subcommand)]
pub(crate) enum AliasCommand {
    /// Give a key a name
    #[command(
        after_help = "Example:\n  kms alias create alias/backup 1234abcd-12ab-34cd-56ef-1234567890ab"
    )]
    Create {
        /// The name
        #[arg(value_name = "alias/NAME")]
        alias: String,
        /// The key's id or ARN
        key: String,
    },
    /// Let a name stand for another key
    #[command(
        after_help = "Example:\n  kms alias update alias/backup 1234abcd-12ab-34cd-56ef-1234567890ab"
    )]
    Update {
        /// The name
        #[arg(value_name = "alias/NAME")]
        alias: String,
        /// The key's id or ARN
        key: String,
    },
    /// Remove a name; the key stays
    #[command(after_help = "Example:\n  kms alias delete alias/backup")]
    Delete {
        /// The name
        #[arg(value_name = "alias/NAME")]
        alias: String,
    },
    /// List names and what they stand for
    #[command(
        after_help = "Examples:\n  kms alias list\n  kms alias list --key 1234abcd-12ab-34cd-56ef-1234567890ab"
    )]
    List {
        /// Only the names of this key
        #[arg(short, long, value_name = "KEY")]
        key: Option<String>,
    },
}

impl KeyCommand {
    /// The key that the command manages, where the service takes no alias for it.
    pub(crate) fn managed_key(&mut self) -> Option<&mut String> {
        match self {
            Self::Create(_) | Self::List(_) | Self::Describe { .. } | Self::PublicKey { .. } => {
                None
            }
            Self::Enable { key }
            | Self::Disable { key }
            | Self::Rotate { key }
            | Self::ScheduleDeletion { key, .. }
            | Self::CancelDeletion { key }
            | Self::Replicate(ReplicateKey { key, .. })
            | Self::UpdatePrimaryRegion { key, .. }
            | Self::UpdateDescription { key, .. }
            | Self::Tag { key, .. }
            | Self::LastUsage { key }
            | Self::Tags { key }
            | Self::Untag { key, .. } => Some(key),
            Self::Policy(PolicyCommand::Get { key } | PolicyCommand::Put { key, .. }) => Some(key),
            Self::Rotation(
                RotationCommand::Enable { key, .. }
                | RotationCommand::Disable { key }
                | RotationCommand::Status { key }
                | RotationCommand::List { key },
            ) => Some(key),
        }
    }
}
