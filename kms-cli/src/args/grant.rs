//! Commands that administer grants.

use clap::{Args, Subcommand};

use super::parse_pair;

/// Gives principals permissions on a key, and takes them back.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    Create(CreateGrant),
    List(ListGrants),
    Retire(RetireGrant),
    /// End a grant, as whoever administers the key
    #[command(after_help = "Example:\n  kms grant revoke alias/backup 0f1e…")]
    Revoke {
        /// The key's id, ARN, alias/NAME or alias ARN
        key: String,
        /// The id of the grant
        #[arg(value_name = "GRANT-ID")]
        grant: String,
    },
}

/// Let a principal use a key; prints the id of the grant and a token
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kms grant create alias/backup --to arn:aws:iam::111122223333:user/alice --allow GenerateDataKey,Decrypt
  kms grant create alias/backup --to arn:aws:iam::111122223333:user/alice --allow Decrypt \\
    --context-includes tenant=blue --retiring arn:aws:iam::111122223333:user/bob")]
pub(crate) struct CreateGrant {
    /// The key's id, ARN, alias/NAME or alias ARN
    pub(crate) key: String,
    /// Whom the grant is for
    #[arg(long, value_name = "ARN")]
    pub(crate) to: String,
    /// What it allows, by AWS's names of grant operations
    #[arg(long, value_name = "OPERATION", required = true, value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// Only with exactly these pairs as encryption context
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair,
          conflicts_with = "context_includes")]
    pub(crate) context_equals: Vec<(String, String)>,
    /// Only with at least these pairs in the encryption context
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context_includes: Vec<(String, String)>,
    /// Who may retire the grant, besides those who always may
    #[arg(long, value_name = "ARN")]
    pub(crate) retiring: Option<String>,
    /// A name, by which the same command, repeated, finds the same grant
    #[arg(long)]
    pub(crate) name: Option<String>,
}

/// List the grants on a key, or those that a principal may retire
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kms grant list alias/backup
  kms grant list --retiring arn:aws:iam::111122223333:user/bob")]
pub(crate) struct ListGrants {
    /// The key's id, ARN, alias/NAME or alias ARN
    #[arg(required_unless_present = "retiring", conflicts_with = "retiring")]
    pub(crate) key: Option<String>,
    /// Only grants for this principal
    #[arg(long, value_name = "ARN", requires = "key")]
    pub(crate) to: Option<String>,
    /// The grants of all keys that have this retiring principal
    #[arg(long, value_name = "ARN")]
    pub(crate) retiring: Option<String>,
}

/// End a grant, as one whom the grant itself names; by a token, or by key and id
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kms grant retire alias/backup 0f1e…
  kms grant retire --token AQAAAAE…")]
pub(crate) struct RetireGrant {
    /// The key's id, ARN, alias/NAME or alias ARN
    #[arg(
        required_unless_present = "token",
        conflicts_with = "token",
        requires = "grant"
    )]
    pub(crate) key: Option<String>,
    /// The id of the grant
    #[arg(value_name = "GRANT-ID")]
    pub(crate) grant: Option<String>,
    /// A token of the grant; it is no secret
    #[arg(long)]
    pub(crate) token: Option<String>,
}
