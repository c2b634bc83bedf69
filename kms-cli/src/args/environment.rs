//! Commands on encrypted values of environment variables.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::parse_pair;

/// Run a program with the encrypted values of its environment decrypted
#[derive(Debug, Args)]
#[command(after_help = "\
A value that begins with kms: is decrypted, for the program alone; `kms env set` makes such values.
If one cannot be decrypted, the program does not run. The program takes the place of kms: signals
reach it, and its exit code is the one that is seen.

Examples:
  kms exec --env-file production.env -- ./server --port 80
  kms exec -- sh -c 'psql \"$DATABASE_URL\"'")]
pub(crate) struct Exec {
    /// Set the variables of this file too; they go before those of the environment
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Leave the value of this variable as it is, even if it begins with kms:
    #[arg(long, value_name = "NAME")]
    pub(crate) leave: Vec<String>,
    /// The program and its arguments
    #[arg(trailing_var_arg = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// What opens encrypted values.
#[derive(Debug, Args)]
pub(crate) struct Opening {
    /// Use only this key [default: any key of a value that the store holds]
    #[arg(short, long = "key", value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// A pair that the encryption context of each value must contain
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EnvCommand {
    Set(SetVariable),
    /// Print the value of a variable, decrypted
    #[command(after_help = "Example:\n  kms env get production.env DATABASE_URL")]
    Get {
        #[command(flatten)]
        opening: Opening,
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The variable
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take a variable out of a file; needs no key
    #[command(after_help = "Example:\n  kms env unset production.env DATABASE_URL")]
    Unset {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The variable
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the variables of a file, and the keys of those that are encrypted; needs no key
    #[command(after_help = "\
Values are not shown. The keys are those that a value names, which only decrypting authenticates.

Example:
  kms env list production.env")]
    List {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Put the encrypted value of a variable into a file, in its place or at the end
#[derive(Debug, Args)]
#[command(after_help = "\
The value is read from standard input, without the line feed at its end, or asked for at the
terminal; it is never an argument. It is bound to the name of the variable. Everything else in the
file stays as it is.

Examples:
  kms env set -k alias/app production.env DATABASE_URL
  openssl rand -base64 24 | kms env set production.env SESSION_KEY")]
pub(crate) struct SetVariable {
    /// A key that can decrypt the value [default: those of the encrypted value that is there]
    #[arg(short, long = "key", value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// A pair of the encryption context
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) context: Vec<(String, String)>,
    /// The file; made if it is not there
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The variable
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}
