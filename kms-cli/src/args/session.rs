//! The arguments of `kms session`.

use clap::{Args, Subcommand};
use kms_core::ids::{AccessKeyId, AccountId, RoleName, UserName};
use kms_core::service::SessionsOf;

/// Ends sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// End the sessions of somebody that were made until now; a running server refuses them at once
    #[command(after_help = "Examples:
  kms session revoke --role app
  kms session revoke --access-key ASIAIOSFODNN7EXAMPLE")]
    Revoke {
        #[command(flatten)]
        of: Of,
        /// The account of the role or user [default: the store's first]
        #[arg(long, value_name = "ID")]
        account: Option<AccountId>,
    },
    /// List what was ended and would not have expired by itself
    #[command(after_help = "Example:\n  kms session list-revoked")]
    ListRevoked,
}

/// Whose sessions.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Of {
    /// All sessions of a role
    #[arg(long, value_name = "NAME")]
    role: Option<RoleName>,
    /// All sessions of a user, and of the federated users that it vouched for
    #[arg(long, value_name = "NAME")]
    user: Option<UserName>,
    /// The one session with this access key, ASIA…
    #[arg(long, value_name = "ACCESS-KEY-ID")]
    access_key: Option<AccessKeyId>,
    /// All sessions of the account root user
    #[arg(long)]
    root: bool,
}

impl From<Of> for SessionsOf {
    fn from(of: Of) -> Self {
        match (of.role, of.user, of.access_key) {
            (Some(role), ..) => Self::Role(role),
            (_, Some(user), _) => Self::User(user),
            (_, _, Some(id)) => Self::Credentials(id),
            (None, None, None) => Self::Root,
        }
    }
}
