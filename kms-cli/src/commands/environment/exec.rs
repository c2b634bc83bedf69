//! `kms exec`.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::file::EnvFile;
use super::value;
use crate::args::Exec;
use crate::commands::encrypt;
use crate::engine::{Keys, Kms};
use crate::failure::{Failure, Kind};

/// Replaces this process by the program; returns only if that failed.
pub(crate) fn run(
    arguments: &Exec,
    open: impl FnOnce() -> Result<Kms, Failure>,
) -> Result<(), Failure> {
    let mut variables: BTreeMap<OsString, OsString> = env::vars_os().collect();
    for path in &arguments.env_file {
        let file = EnvFile::read(path)?;
        variables.extend(
            file.variables()
                .map(|(name, value)| (name.into(), value.expose().into())),
        );
    }
    decrypt(&mut variables, arguments, open)?;
    let Some((program, words)) = arguments.command.split_first() else {
        return Err(Failure::usage("there is no command to run"));
    };
    let error = Command::new(program)
        .args(words)
        .env_clear()
        .envs(&variables)
        .exec();
    Err(Failure::io(
        format!("cannot run {}", program.display()),
        &error,
    ))
}

/// Puts the plaintext in the place of each encrypted value. One that cannot be decrypted is the end
/// of it: the program never sees an encrypted value where it expects a secret.
fn decrypt(
    variables: &mut BTreeMap<OsString, OsString>,
    arguments: &Exec,
    open: impl FnOnce() -> Result<Kms, Failure>,
) -> Result<(), Failure> {
    let is_left = |name: &OsStr| arguments.leave.iter().any(|left| name == left.as_str());
    let mut encrypted = variables
        .iter_mut()
        .filter(|(name, value)| is_encrypted(value) && !is_left(name))
        .peekable();
    if encrypted.peek().is_none() {
        return Ok(());
    }
    let context = encrypt::context(&arguments.opening.context)?;
    let kms = open()?;
    let keys = Keys::new(&kms, &arguments.opening.keys);
    for (name, text) in encrypted {
        let (Some(name), Some(encoded)) = (name.to_str(), text.to_str()) else {
            let message = format!("{}: it is no encrypted value", name.display());
            return Err(Failure::new(Kind::Integrity, message));
        };
        let (value, _) = value::open(name, encoded, &keys, &context)?;
        *text = OsString::from_vec(value.expose().to_vec());
    }
    Ok(())
}

fn is_encrypted(value: &OsStr) -> bool {
    value.as_bytes().starts_with(b"kms:")
}
