//! Commands that ask policies, with no store and no endpoint.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Asks policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyTool {
    Eval(EvalPolicies),
    Lint(LintPolicy),
}

/// Say for each case whether policies allow it; needs no store
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is one case, a JSON object with principal, action and resource (an ARN, or *), and,
where they are there: resourceAccount, context, identityPolicies, resourcePolicy, sessionPolicy,
permissionBoundary, scps, rcps. A policy is an object or a string; scps and rcps are lists of
policies, one a level from the root of the organization to the account. For each case there is
one line: {\"decision\": \"Allowed\" | \"ImplicitlyDenied\" | \"ExplicitlyDenied\", \"reason\": …},
or {\"error\": …} if the case cannot be read; then the exit code is 1 in the end.

Examples:
  kms policy eval cases.jsonl
  kms policy eval - < cases.jsonl > decisions.jsonl")]
pub(crate) struct EvalPolicies {
    /// The cases, one a line [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Find statements that do not do what they look like; needs no store
#[derive(Debug, Args)]
#[command(after_help = "\
Each finding is a line: its code, the statement, counted from 0, and what to do. The exit code is
1 if there are findings.

Examples:
  kms policy lint key-policy.json
  kms key policy get alias/backup | kms policy lint --type key
  kms policy lint --type trust --output json trust.json")]
pub(crate) struct LintPolicy {
    /// What the policy is for [default: what its principals and actions look like]
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub(crate) kind: Option<PolicyKind>,
    /// The policy [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// The type of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyKind {
    /// The policy of a key
    Key,
    /// The policy of a user, a role, a group or a session, or a permissions boundary
    Identity,
    /// The trust policy of a role
    Trust,
    /// A service control policy
    Scp,
    /// A resource control policy
    Rcp,
}
