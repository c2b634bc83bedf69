//! Commands that administer a store in a directory: its creation, its users, its ledger.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use kms_core::ids::{AccessKeyId, PolicyName, UserName};

/// Create a store in a directory
#[derive(Debug, Args)]
#[command(after_help = "\
A key file opens the store without asking: keep it apart from the store and from its backups.
A passphrase is asked for at the terminal, or read from --passphrase-file or --passphrase-fd.
Without the one or the other nothing in the store can be read again, by anybody.

Examples:
  kms init
  kms init --home /srv/kms --seal key-file --key-file /etc/kms/root.key --region eu-west-1
  kms init --seal passphrase")]
pub(crate) struct Init {
    /// The account of the store, 12 digits [default: drawn at random]
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// What guards the root key
    #[arg(long, value_enum, value_name = "KIND", default_value = "key-file")]
    pub(crate) seal: SealKind,
    /// Mark the store as one of production, for ever: it refuses seed files
    #[arg(long)]
    pub(crate) production: bool,
}

/// What guards the root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SealKind {
    KeyFile,
    Passphrase,
}

/// Applies seed files.
#[derive(Debug, Subcommand)]
pub(crate) enum SeedCommand {
    /// Make the keys of a seed file, or make them again as the file says; nothing changes twice
    #[command(after_help = "\
The file is TOML; a key needs an id and may have all that a key has, material too:

  [[keys]]
  id = \"1234abcd-12ab-34cd-56ef-1234567890ab\"
  aliases = [\"alias/app\"]
  tags = { team = \"payments\" }

Whoever can read material in the file can decrypt what its key encrypts. A store of production
refuses seed files.

Examples:
  kms seed apply keys.toml
  kms seed apply --in-production restored-keys.toml")]
    Apply {
        /// The seed file; - is standard input
        file: PathBuf,
        /// Apply it to a store that is marked as one of production
        #[arg(long)]
        in_production: bool,
    },
}

/// Administers users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Create a user and print its ARN; it may do nothing until a policy allows it
    #[command(after_help = "Example:\n  kms user create alice")]
    Create {
        /// 1 to 64 letters, digits and _+=,.@-
        name: UserName,
    },
    /// List the users
    #[command(after_help = "Example:\n  kms user list")]
    List,
    /// Create and delete access keys
    #[command(subcommand)]
    AccessKey(AccessKeyCommand),
    /// Read and write what a user may do
    #[command(subcommand)]
    Policy(UserPolicyCommand),
}

/// Administers the access keys of users.
#[derive(Debug, Subcommand)]
pub(crate) enum AccessKeyCommand {
    /// Create an access key; its secret is printed now and never again
    #[command(after_help = "\
Examples:
  kms user access-key create alice
  kms user access-key create --root")]
    Create {
        #[command(flatten)]
        owner: AccessKeyOwner,
    },
    /// List the access keys of a user
    #[command(after_help = "Example:\n  kms user access-key list alice")]
    List {
        #[command(flatten)]
        owner: AccessKeyOwner,
    },
    /// Delete an access key; requests signed with it are refused from now on
    #[command(after_help = "Example:\n  kms user access-key delete AKIAIOSFODNN7EXAMPLE")]
    Delete {
        /// AKIA…
        #[arg(value_name = "ACCESS-KEY-ID")]
        access_key_id: AccessKeyId,
    },
}

/// Whom an access key speaks for.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct AccessKeyOwner {
    /// The user
    pub(crate) user: Option<UserName>,
    /// The account root user, who may do everything that no policy denies
    #[arg(long)]
    root: bool,
}

/// Reads and writes identity policies.
#[derive(Debug, Subcommand)]
pub(crate) enum UserPolicyCommand {
    /// Attach a policy to a user, or replace it
    #[command(after_help = "Example:\n  kms user policy put alice policy.json")]
    Put {
        #[command(flatten)]
        of: UserPolicy,
        /// The JSON document; - is standard input
        file: PathBuf,
    },
    /// Print a policy of a user
    #[command(after_help = "Example:\n  kms user policy get alice")]
    Get {
        #[command(flatten)]
        of: UserPolicy,
    },
    /// Take a policy from a user
    #[command(after_help = "Example:\n  kms user policy delete alice")]
    Delete {
        #[command(flatten)]
        of: UserPolicy,
    },
}

/// One policy of one user.
#[derive(Debug, Args)]
pub(crate) struct UserPolicy {
    /// The user
    pub(crate) user: UserName,
    /// The policy's name, for a user with several
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) policy_name: PolicyName,
}

/// Reads and verifies the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Check that no record was changed, removed or put in; exit code 6 names the place
    #[command(after_help = "\
The store's own public key proves that the ledger is consistent in itself. Against somebody who can
write to the whole directory, give the public key from where you keep a copy of it.

Examples:
  kms audit verify
  kms audit verify --public-key ledger.pub")]
    Verify {
        /// The public key that the checkpoints must be signed with [default: the store's copy]
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
    },
    /// Print the last records
    #[command(after_help = "Examples:\n  kms audit tail -n 20\n  kms audit tail -f --output json")]
    Tail {
        /// How many
        #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
        lines: u64,
        /// Go on printing records as they come
        #[arg(short, long)]
        follow: bool,
    },
    /// Print one record
    #[command(
        after_help = "Examples:\n  kms audit show 0\n  kms audit show 1234abcd-12ab-34cd-56ef-1234567890ab"
    )]
    Show {
        /// The record's eventID, or its place in the ledger counted from 0
        #[arg(value_name = "EVENT-ID|INDEX")]
        event: String,
    },
}
