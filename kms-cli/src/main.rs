//! The command `kms`: encrypts and decrypts streams, and administers keys, with a store in a
//! directory or with any AWS KMS endpoint.

mod args;
mod commands;
mod engine;
mod failure;
mod interrupt;
mod local_credentials;
mod output;
mod pipeline;
mod term;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match args::parse() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let output = output::Output::new(&arguments.global);
    match commands::run(arguments, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.failure(&failure),
    }
}
