//! The command line: one type a command, whose documentation comments are its help.

mod data;
mod edit;
mod environment;
mod grant;
mod key;
mod local;
mod message;
mod policy;
mod principals;
mod session;
mod sign;
mod store;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) use data::{GenerateDataKey, KeySize, Random, RandomFormat};
pub(crate) use edit::Edit;
pub(crate) use environment::{EnvCommand, Exec, SetVariable};
pub(crate) use grant::{CreateGrant, GrantCommand, ListGrants, RetireGrant};
pub(crate) use key::{
    AliasCommand, CreateKey, KeyCommand, PolicyCommand, ReplicateKey, RotationCommand, TagPair,
};
pub(crate) use local::CredentialProcess;
pub(crate) use message::{
    Commitment, Decrypt, DiscoveryAndPrivateKey, Encrypt, Inspect, NewRecipients, Reading,
    Recipients, Reencrypt, Writing,
};
pub(crate) use policy::{EvalPolicies, Explain, LintPolicy, PolicyKind, PolicyTool};
pub(crate) use principals::PrincipalsCommand;
pub(crate) use session::SessionCommand;
pub(crate) use sign::{GenerateMac, MacCommand, Sign, Verify, VerifyMac};
pub(crate) use store::{
    AccessKeyCommand, AccessKeyOwner, AuditCommand, Init, SealKind, SeedCommand, UserCommand,
    UserPolicyCommand,
};

use crate::failure::Failure;
use crate::output;

const ABOUT: &str = "Encrypts and decrypts streams and files, and administers the keys for it";

const STORE_AND_EXIT_CODES: &str = "\
Which store:
  --home, else --endpoint-url or --profile, else AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL,
  else KMS_HOME, else $XDG_DATA_HOME/kms (~/.local/share/kms). -v says which one is used.

Exit codes:
  0 done   1 failed   2 usage   3 not found   4 denied   5 unavailable
  6 integrity or authentication failure: a forged, damaged or truncated message or ledger
  7 changes, with --detailed-exitcode

Examples:
  kms init --seal key-file
  kms key create --alias alias/backup
  tar c dir | kms encrypt -k alias/backup > dir.tar.enc
  kms decrypt dir.tar.enc | tar x
  AWS_ENDPOINT_URL_KMS=https://kms.example kms key list";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "kms",
    version,
    about = ABOUT,
    after_help = STORE_AND_EXIT_CODES,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The directory of the store
    #[arg(long, global = true, value_name = "DIR", conflicts_with_all = ["endpoint_url", "profile"])]
    pub(crate) home: Option<PathBuf>,
    /// The KMS endpoint to use instead of a store in a directory
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// The profile of the AWS configuration files to use
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The AWS Region to work in [default: of the store, or as the AWS SDK finds it for an endpoint]
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
    /// Open a store that was put back to an earlier state; the reason is recorded
    #[arg(long, global = true, value_name = "REASON")]
    pub(crate) accept_rollback: Option<String>,
    /// How results are printed: text for people, json in AWS's shape for programs
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(crate) output: Format,
    /// Print no warnings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say what is done and with which store
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// Where the secret comes from that opens a store; a secret is never an argument.
#[derive(Debug, Args)]
pub(crate) struct Unlock {
    /// The key file that opens the store [default: root.key in the store's directory]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "KMS_KEY_FILE",
        hide_env_values = true
    )]
    pub(crate) key_file: Option<PathBuf>,
    /// A file whose first line is the passphrase that opens the store
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "KMS_PASSPHRASE_FILE",
        hide_env_values = true
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// An open file descriptor to read the passphrase from
    #[arg(
        long,
        global = true,
        value_name = "N",
        conflicts_with = "passphrase_file"
    )]
    pub(crate) passphrase_fd: Option<u32>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Encrypt(Encrypt),
    Decrypt(Decrypt),
    Reencrypt(Reencrypt),
    Edit(Edit),
    Inspect(Inspect),
    Exec(Exec),
    /// Make and read encrypted values of environment variables in a file
    #[command(subcommand)]
    Env(EnvCommand),
    /// Create and administer keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Give keys names
    #[command(subcommand)]
    Alias(AliasCommand),
    /// Give principals permissions on a key, and take them back
    #[command(subcommand)]
    Grant(GrantCommand),
    GenerateDataKey(GenerateDataKey),
    Sign(Sign),
    Verify(Verify),
    /// Make and check message authentication codes
    #[command(subcommand)]
    Mac(MacCommand),
    Random(Random),
    Explain(Explain),
    /// Ask policies what they allow, and check them for traps
    #[command(subcommand)]
    Policy(PolicyTool),
    /// Administer the users of a store in a directory
    #[command(subcommand)]
    User(UserCommand),
    /// End the sessions of temporary credentials of a store in a directory
    #[command(subcommand)]
    Session(SessionCommand),
    /// Keep users, groups, roles and policies of a store in a directory as a file says
    #[command(subcommand)]
    Principals(PrincipalsCommand),
    /// Put keys with fixed ids into a store in a directory
    #[command(subcommand)]
    Seed(SeedCommand),
    /// Read and verify the ledger of a store in a directory; needs no secret
    #[command(subcommand)]
    Audit(AuditCommand),
    CredentialProcess(CredentialProcess),
    /// Print the completion script of a shell
    #[command(
        after_help = "Example:\n  kms completions bash > ~/.local/share/bash-completion/completions/kms"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each command, into a directory
    #[command(after_help = "Example:\n  kms manual ~/.local/share/man/man1 && man kms-encrypt")]
    Manual {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// Reads the command line; help and mistakes are printed here and end with the code returned.
pub(crate) fn parse() -> Result<Arguments, ExitCode> {
    Arguments::try_parse().map_err(|error| match mistake(&error) {
        Some(failure) => output::failure(&failure),
        None => {
            // Nothing is left to be done when the help cannot be printed.
            let _ = error.print();
            u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    })
}

/// The mistake in one line, with the command whose help says more; `None` for help and the version.
fn mistake(error: &clap::Error) -> Option<Failure> {
    let shows_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if !error.use_stderr() || shows_help {
        return None;
    }
    let text = error.render().to_string();
    let (mut said, mut command) = (String::new(), "kms".to_owned());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(usage) = line.strip_prefix("Usage: ") {
            let words = usage
                .split(' ')
                .take_while(|word| !word.starts_with(['[', '<', '-']));
            command = words.collect::<Vec<&str>>().join(" ");
            break;
        }
        if line.starts_with("For more information") {
            break;
        }
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let between = match said.chars().last() {
            None => "",
            Some(':') => " ",
            Some(_) if line.starts_with('[') => " ",
            Some(_) if line.starts_with("tip: ") => "; ",
            Some(_) => ", ",
        };
        said.push_str(between);
        said.push_str(line);
    }
    Some(Failure::usage(said).hint(format!("see `{command} --help`")))
}

/// The completion script of `shell`.
pub(crate) fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "kms", &mut script);
    script
}

/// The manual pages, one for each command, with the names of their files.
pub(crate) fn manual_pages() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    fn add(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
        let manual = clap_mangen::Man::new(command.clone());
        let mut page = Vec::new();
        manual.render(&mut page)?;
        pages.push((manual.get_filename(), page));
        command
            .get_subcommands()
            .try_for_each(|inner| add(inner, pages))
    }
    let mut command = Arguments::command();
    // So that each page has the whole name of its command and the global options.
    command.build();
    let mut pages = Vec::new();
    add(&command, &mut pages)
        .map_err(|error| Failure::io("cannot make the manual pages", &error))?;
    Ok(pages)
}

/// Splits `KEY=VALUE` at the first `=`; the key may not be empty.
fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example_in_its_help() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.get_subcommands().next().is_none() {
                let help = command.get_after_help().map(ToString::to_string);
                assert!(help.is_some_and(|help| help.contains("kms ")), "{path}");
            }
            command
                .get_subcommands()
                .for_each(|inner| walk(inner, &path));
        }
        walk(&Arguments::command(), "");
    }

    #[test]
    fn every_argument_says_what_it_is() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{path} {}",
                    argument.get_id()
                );
            }
            command
                .get_subcommands()
                .for_each(|inner| walk(inner, &path));
        }
        walk(&Arguments::command(), "");
    }

    #[test]
    fn a_mistake_is_one_line_that_names_the_help_of_its_command() {
        for (line, expected) in [
            (
                "kms key list --foo",
                "unexpected argument '--foo' found; see `kms key list --help`",
            ),
            (
                "kms encrypt",
                "the following required arguments were not provided: --key <KEY>; see `kms encrypt \
                 --help`",
            ),
            (
                "kms key list --home a --endpoint-url b",
                "the argument '--home <DIR>' cannot be used with '--endpoint-url <URL>'; see `kms \
                 key list --help`",
            ),
            (
                "kms key list --output x",
                "invalid value 'x' for '--output <FORMAT>' [possible values: text, json]; see `kms \
                 --help`",
            ),
        ] {
            let failure = mistake(&arguments(line).unwrap_err()).unwrap();
            assert_eq!(failure.to_string(), expected);
        }
        let said = mistake(&arguments("kms key lst").unwrap_err()).unwrap();
        let said = said.to_string();
        assert!(
            said.contains("; tip: ") && said.ends_with("see `kms key --help`"),
            "{said}"
        );
        for help in [
            "kms --help",
            "kms --version",
            "kms key",
            "kms key list --help",
        ] {
            assert!(mistake(&arguments(help).unwrap_err()).is_none(), "{help}");
        }
    }

    #[test]
    fn a_store_is_either_a_directory_or_an_endpoint() {
        assert!(arguments("kms --home d --endpoint-url http://h key list").is_err());
        assert!(arguments("kms key list --home d").is_ok());
    }

    #[test]
    fn a_pair_splits_at_its_first_equals_sign() {
        assert_eq!(parse_pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(parse_pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(parse_pair("=b").is_err());
        assert!(parse_pair("a").is_err());
    }
}
