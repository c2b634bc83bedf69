//! What each command does, one file a family.

mod alias;
mod audit;
mod credential_process;
mod data_key;
mod decrypt;
mod edit;
mod encrypt;
mod environment;
mod explain;
mod grant;
mod init;
mod inspect;
mod key;
mod keyring;
mod manual;
mod multi_region;
mod policy;
mod principals;
mod random;
mod reencrypt;
mod rotation;
mod seed;
mod session;
mod several;
mod sign;
mod store_lint;
mod user;

use crate::args::{self, Arguments, Command};
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::Output;

/// Runs the command.
pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let global = arguments.global;
    let open = || Kms::open(&global, output);
    match arguments.command {
        Command::Init(init) => init::run(&init, &global, output),
        Command::Encrypt(encrypt) => encrypt::run(&encrypt, open, output),
        Command::Decrypt(decrypt) => decrypt::run(&decrypt, open, output),
        Command::Reencrypt(reencrypt) => reencrypt::run(&reencrypt, open, output),
        Command::Edit(edit) => edit::run(&edit, open, output),
        Command::Exec(exec) => environment::exec(&exec, open),
        Command::Env(command) => environment::run(&command, open, output),
        Command::Inspect(inspect) => inspect::run(&inspect, output),
        Command::Key(command) => key::run(command, &open()?, output),
        Command::Alias(command) => alias::run(command, &open()?, output),
        Command::Grant(command) => grant::run(command, &open()?, output),
        Command::GenerateDataKey(data_key) => data_key::run(&data_key, &open()?, output),
        Command::Sign(arguments) => sign::sign(&arguments, &open()?, output),
        Command::Verify(arguments) => sign::verify(&arguments, &open()?, output),
        Command::Mac(command) => sign::mac(&command, &open()?, output),
        Command::Random(random) => random::run(&random, &open()?, output),
        Command::Explain(explain) => explain::run(explain, &global, output),
        Command::Policy(command) => policy::run(&command, &global, output),
        Command::User(command) => user::run(command, &global, output),
        Command::Session(command) => session::run(command, &global, output),
        Command::Principals(command) => principals::run(command, &global, output),
        Command::Seed(command) => seed::run(command, &global, output),
        Command::Audit(command) => audit::run(command, &global, output),
        Command::CredentialProcess(arguments) => credential_process::run(&arguments, output),
        Command::Completions { shell } => output.bytes(&args::completions(shell)),
        Command::Manual { directory } => manual::run(&directory),
    }
}
