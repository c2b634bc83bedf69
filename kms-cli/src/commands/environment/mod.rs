//! `kms exec` and `kms env`: encrypted values of environment variables.

mod exec;
mod file;
mod input;
mod value;

use std::collections::BTreeSet;
use std::path::Path;

use kms_core::envelope::DataKeys;
use kms_core::secret::{SecretBytes, SecretText};
use serde::Serialize;

use self::file::EnvFile;
use super::{edit, encrypt, keyring};
use crate::args::{EnvCommand, SetVariable};
use crate::engine::{Keys, Kms};
use crate::failure::{Failure, Kind};
use crate::output::{Output, table};
use crate::pipeline::{Existing, FileVersion, Mode, OutputFile};
use crate::term;

pub(super) use exec::run as exec;

/// Runs a command on a file of variables.
pub(super) fn run(
    command: &EnvCommand,
    open: impl FnOnce() -> Result<Kms, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        EnvCommand::Set(arguments) => set(arguments, open),
        EnvCommand::Get {
            opening,
            file,
            name,
        } => {
            let file = EnvFile::read(file)?;
            let text = file.get(name).ok_or_else(|| not_there(name))?;
            let value = match value::is_encrypted(text.expose()) {
                false => SecretBytes::new(text.expose().as_bytes().to_vec()),
                true => {
                    let context = encrypt::context(&opening.context)?;
                    let kms = open()?;
                    let keys = Keys::new(&kms, &opening.keys);
                    value::open(name, text.expose(), &keys, &context)?.0
                }
            };
            show(&value, output)
        }
        EnvCommand::Unset { file, name } => {
            let version = FileVersion::of(file);
            let content = EnvFile::read(file)?;
            let changed = content.without(name).ok_or_else(|| not_there(name))?;
            replace(file, version, &changed)
        }
        EnvCommand::List { file } => list(&EnvFile::read(file)?, output),
    }
}

fn not_there(name: &str) -> Failure {
    Failure::new(Kind::NotFound, format!("the file does not set {name}"))
}

fn set(
    arguments: &SetVariable,
    open: impl FnOnce() -> Result<Kms, Failure>,
) -> Result<(), Failure> {
    let SetVariable { file, name, .. } = arguments;
    if !file::is_name(name) {
        return Err(Failure::usage(format!("{name} is no name of a variable"))
            .hint("letters, digits and _ are, the first of them no digit"));
    }
    let given = encrypt::context(&arguments.context)?;
    let version = FileVersion::of(file);
    let content = match version {
        Some(_) => EnvFile::read(file)?,
        None => EnvFile::default(),
    };
    let old = content
        .get(name)
        .filter(|text| value::is_encrypted(text.expose()));
    if arguments.keys.is_empty() && old.is_none() {
        return Err(
            Failure::usage(format!("there is no encrypted value of {name} yet"))
                .hint("give -k KEY"),
        );
    }
    let secret = input::value(name)?;
    let kms = open()?;
    let (keys, context, unstored) = if let (Some(old), []) = (old, &*arguments.keys) {
        // Opened, so that the keys and the context are those that somebody with the key put there.
        let (_, header) = value::open(name, old.expose(), &Keys::new(&kms, &[]), &given)?;
        let (context, unstored) = edit::whole_context(&header, &given);
        let keys = keyring::of_message(&header, Some(&kms))?;
        (keys, context, unstored)
    } else {
        let keys: Box<dyn DataKeys> = Box::new(Keys::new(&kms, &arguments.keys));
        (keys, given, BTreeSet::new())
    };
    let text = value::seal(name, &secret, &*keys, context, unstored)?;
    replace(file, version, &content.with(name, &text))
}

/// Puts the changed text in the place of the file, unless that is another by now.
fn replace(path: &Path, version: Option<FileVersion>, text: &SecretText) -> Result<(), Failure> {
    use std::io::Write as _;

    // A file that somebody makes meanwhile stays.
    let is_new = version.is_none() && !path.exists() && path.as_os_str() != "-";
    let file = if is_new {
        OutputFile::at(path, Mode::Usual, Existing::Keep)?
    } else {
        OutputFile::open(Some(path), Mode::Usual)?
    };
    let written = file.file().write_all(text.expose().as_bytes());
    written.map_err(|error| file.failed(&error))?;
    if FileVersion::of(path) != version {
        let message = format!("{} was changed meanwhile", path.display());
        return Err(Failure::new(Kind::Failed, message).hint("try again"));
    }
    file.commit()
}

/// The bytes as they are, or, for a person, a line of text.
fn show(value: &SecretBytes, output: &Output) -> Result<(), Failure> {
    if !term::stdout_is_terminal() {
        return output.bytes(value.expose());
    }
    match std::str::from_utf8(value.expose()) {
        Ok(text) => output.text(text),
        Err(_) => Err(
            Failure::usage("a terminal cannot show the value, which is not text")
                .hint("redirect it"),
        ),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed<'a> {
    name: &'a str,
    state: State,
    /// Those that can decrypt it, as far as the value itself says.
    keys: Vec<String>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Encrypted,
    Plain,
    /// It begins as an encrypted value and is none.
    Damaged,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Plain => "plain",
            Self::Damaged => "damaged",
        }
    }
}

fn list(file: &EnvFile, output: &Output) -> Result<(), Failure> {
    let variables = file.variables();
    let listed: Vec<Listed<'_>> = variables
        .map(|(name, text)| {
            let (state, keys) = if !value::is_encrypted(text.expose()) {
                (State::Plain, Vec::new())
            } else if let Some(keys) = value::keys(text.expose()) {
                (State::Encrypted, keys)
            } else {
                (State::Damaged, Vec::new())
            };
            Listed { name, state, keys }
        })
        .collect();
    output.show(&listed, |listed| {
        let row = |line: &Listed<'_>| {
            [
                line.name.to_owned(),
                line.state.word().to_owned(),
                line.keys.join(" "),
            ]
        };
        table(&listed.iter().map(row).collect::<Vec<_>>())
    })
}
