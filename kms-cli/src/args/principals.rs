//! The command that keeps the principals of a store as a file says.

use std::path::PathBuf;

use clap::Subcommand;

/// Plans, applies and exports principals files.
#[derive(Debug, Subcommand)]
pub(crate) enum PrincipalsCommand {
    /// Show what applying a principals file would change, without changing anything
    #[command(after_help = "\
+ is created, = is there already and is taken over by the file, ~ is changed, - is removed, ! stays and
is not the file's any more, such as an account that it no longer names. Secrets are not
shown.

Examples:
  kms principals plan principals.toml
  kms principals plan --detailed-exitcode principals.toml   # 7: there are changes")]
    Plan {
        /// The principals file
        file: PathBuf,
        /// End with 7 when there are changes, with 0 when there are none
        #[arg(long)]
        detailed_exitcode: bool,
    },
    /// Make users, roles, policies and the organization of accounts as a principals file says
    #[command(after_help = "\
The file is TOML; documents are in files beside it or in it, secrets in files of mode 0600:

  [[policy]]
  name = \"use-app\"
  file = \"use-app.json\"

  [[user]]
  name = \"ci\"
  policies = [\"use-app\"]
  access_keys = [{ id = \"AKIAIOSFODNN7EXAMPLE\", secret_file = \"ci.secret\" }]

What the file names is changed by the file alone from then on, and what it no longer names is
removed. All of it is done, or nothing.

Examples:
  kms principals apply principals.toml
  kms principals apply --yes principals.toml")]
    Apply {
        /// The principals file
        file: PathBuf,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Print the principals file of what is in the store, without secrets
    #[command(after_help = "Example:\n  kms principals export > principals.toml")]
    Export {
        /// With the roles OrganizationAccountAccessRole of member accounts, too
        #[arg(long)]
        access_roles: bool,
    },
}
