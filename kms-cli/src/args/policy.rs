//! Commands that ask policies: given ones with no store, or those of a store in a directory.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::parse_pair;

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

/// Find statements that do not do what they look like, in a policy or in a whole store
#[derive(Debug, Args)]
#[command(after_help = "\
Each finding is a line: its code, the statement, counted from 0, and what to do. The exit code is
1 if there are findings. With --store, which needs a store in a directory, each line begins with
how much it matters and says where it is; access keys and grants are looked at too.

Examples:
  kms policy lint key-policy.json
  kms key policy get alias/backup | kms policy lint --type key
  kms policy lint --type trust --output json trust.json
  kms policy lint --store")]
pub(crate) struct LintPolicy {
    /// What the policy is for [default: what its principals and actions look like]
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub(crate) kind: Option<PolicyKind>,
    /// Look at every policy, access key and grant of the store
    #[arg(long, conflicts_with_all = ["kind", "file"])]
    pub(crate) store: bool,
    /// The policy [default: standard input, as is -]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Say whether a principal may do something with a key, and which statement decides
#[derive(Debug, Args)]
#[command(after_help = "\
The decision is the one that a request would get now, by the stored policies and grants; nothing
is done with the key. Denied ends with 4 and says what is missing; what cannot be answered ends
otherwise. A request is taken to come from nowhere in particular, and to leave out what it can;
--condition says otherwise. Whom and what other accounts of the store have, ARNs name.

Examples:
  kms explain --principal user/alice --action kms:Decrypt --key alias/backup
  kms explain --principal role/app --action kms:Decrypt -k alias/backup --context app=mail
  kms explain --principal user/alice --action kms:Encrypt -k alias/backup \\
    --condition aws:SourceIp=192.0.2.1 --output json
  kms explain --principal arn:aws:iam::444455556666:role/app --action kms:Decrypt \\
    -k arn:aws:kms:us-east-1:111122223333:alias/shared")]
pub(crate) struct Explain {
    /// Who asks: root, user/NAME, role/NAME, or the ARN of one or of a session of a role
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) principal: String,
    /// What for: an action of AWS KMS
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: String,
    /// With which key: id, ARN, alias/NAME or alias ARN; none for actions such as kms:CreateKey. An
    /// id or a name means a key of the principal's account
    #[arg(short, long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// A pair of the encryption context of the request
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context: Vec<(String, String)>,
    /// The value of a condition key of the request; several for a key that has several
    #[arg(long = "condition", value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) conditions: Vec<(String, String)>,
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
