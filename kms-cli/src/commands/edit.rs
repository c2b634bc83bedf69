//! `kms edit`.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{
    self, Content, DEFAULT_MAX_HELD_BYTES, DataKeys, DecryptOptions, EncryptOptions, Header,
    MAX_WRITTEN_FRAME_LENGTH, PUBLIC_KEY_CONTEXT_KEY, SignedMessages,
};
use kms_core::secret::SecretBytes;

use super::encrypt::Target;
use super::{decrypt, encrypt, keyring};
use crate::args::Edit;
use crate::engine::Kms;
use crate::failure::{Failure, Kind};
use crate::interrupt;
use crate::output::Output;
use crate::pipeline::{Existing, FileVersion, Input, Mode, OutputFile, PrivateDirectory};

/// The longest text that is edited, in bytes: it is held in memory, and so is its message.
const MAX_TEXT: usize = DEFAULT_MAX_HELD_BYTES;
/// The longest message of such a text, armor and small frames included, in bytes.
const MAX_MESSAGE: u64 = 64 << 20;

pub(super) fn run(
    arguments: &Edit,
    open: impl FnOnce() -> Result<Kms, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    let path = &arguments.file;
    let version = FileVersion::of(path);
    if version.is_none() && names_nobody(arguments) {
        let message = format!("{} is not there", path.display());
        return Err(Failure::new(Kind::NotFound, message).hint("-k KEY creates it"));
    }
    let needs_kms = !arguments.recipients.keys.is_empty()
        || (version.is_some() && keyring::reads_by_kms(&arguments.source));
    let kms = needs_kms.then(open).transpose()?;
    let (text, existing) = match version {
        Some(_) => (Text::read(arguments, kms.as_ref())?, Existing::Replace),
        None => (Text::new(arguments)?, Existing::Keep),
    };
    let keys = recipients(arguments, &text, kms.as_ref())?;
    let file = OutputFile::at(path, Mode::Usual, existing)?;
    let changed = at_desk(path, &text.plaintext, output, |edited| {
        replace(path, version, file, edited, &text, &*keys)
    })?;
    if !changed {
        output.warn(&format!(
            "the text was not changed: {} is as it was",
            path.display()
        ));
    }
    Ok(())
}

/// Has a person edit the text in a private directory, and what was changed stored. The directory goes
/// in every case but one: when storing fails, which is told with where the text is.
fn at_desk(
    path: &Path,
    text: &SecretBytes,
    output: &Output,
    store: impl FnOnce(&SecretBytes) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let directory = PrivateDirectory::new()?;
    if !directory.is_in_memory() {
        let place = directory.path().display();
        output.warn(&format!(
            "the text is on a disk while you edit it, in {place}"
        ));
    }
    let place = directory.path().join(plain_name(path));
    write_private(&place, text)
        .map_err(|error| Failure::io(format!("cannot write {}", place.display()), &error))?;
    call_editor(&place)?;
    let stored = read_back(&place).and_then(|edited| match edited {
        Some(edited) if edited.expose() == text.expose() => Ok(false),
        Some(edited) => store(&edited).map(|()| true),
        None => Err(Failure::new(Kind::Failed, "the editor left no text")),
    });
    stored.map_err(|failure| {
        if !place.exists() {
            return failure;
        }
        directory.keep();
        failure.also(format!("your text is kept in {}", place.display()))
    })
}

fn names_nobody(arguments: &Edit) -> bool {
    arguments.recipients.keys.is_empty() && arguments.recipients.recipients.is_empty()
}

/// What is edited, and how its message is made.
struct Text {
    plaintext: SecretBytes,
    context: EncryptionContext,
    options: EncryptOptions,
    armor: bool,
    /// The old message's; a new one has none.
    header: Option<Header>,
}

impl Text {
    fn new(arguments: &Edit) -> Result<Self, Failure> {
        Ok(Self {
            plaintext: SecretBytes::new(Vec::new()),
            context: encrypt::context(&arguments.reading.context)?,
            options: EncryptOptions {
                sign: arguments.sign,
                ..EncryptOptions::default()
            },
            armor: arguments.armor,
            header: None,
        })
    }

    /// The text of a message, and how it was made.
    fn read(arguments: &Edit, kms: Option<&Kms>) -> Result<Self, Failure> {
        let input = Input::at(&arguments.file)?;
        let length = input
            .regular_length()
            .ok_or_else(|| Failure::usage(format!("{} is not a regular file", input.name)))?;
        if length > MAX_MESSAGE {
            return Err(too_long(&input.name));
        }
        let reading = DecryptOptions {
            // Nothing is shown to the person that is not verified.
            signed_messages: SignedMessages::HoldBack,
            ..decrypt::options(&arguments.reading)?
        };
        let armor = decrypt::is_armored(&input)?;
        let keys = keyring::of_reader(&[], &arguments.source, kms)?;
        // Room for all of it: a plaintext is shorter than its message.
        let capacity = usize::try_from(length).unwrap_or_default();
        let mut plaintext = Vec::with_capacity(capacity);
        let opened = envelope::decrypt(
            &mut decrypt::message(&input)?,
            &mut plaintext,
            &*keys,
            &reading,
        );
        let plaintext = SecretBytes::new(plaintext);
        let header = opened
            .map_err(|error| decrypt::refusal(error, &input))?
            .header;
        if plaintext.len() > MAX_TEXT {
            return Err(too_long(&input.name));
        }
        let (context, unstored) = whole_context(&header, &reading.reproduced_context);
        Ok(Self {
            plaintext,
            context,
            options: EncryptOptions {
                frame_length: frame_length(&header),
                sign: arguments.sign || header.suite.signature().is_some(),
                required_context_keys: unstored,
                ..EncryptOptions::default()
            },
            armor: arguments.armor || armor,
            header: Some(header),
        })
    }
}

fn too_long(name: &str) -> Failure {
    Failure::new(Kind::Failed, format!("{name} is too long to edit"))
        .hint("at most 16 MiB of text are")
}

/// The context of the message with what the caller knew of it, and which keys are not stored in it.
pub(super) fn whole_context(
    header: &Header,
    given: &EncryptionContext,
) -> (EncryptionContext, BTreeSet<String>) {
    let mut context = header.context.clone();
    // The key of the old signature; a new signature has its own.
    context.remove(PUBLIC_KEY_CONTEXT_KEY);
    let mut unstored = BTreeSet::new();
    for (key, value) in given.iter() {
        if context.insert(key.clone(), value.clone()).is_none() {
            unstored.insert(key.clone());
        }
    }
    (context, unstored)
}

/// That of the message, if it is one that is written.
fn frame_length(header: &Header) -> u32 {
    match header.content {
        Content::Framed(length) => length.min(MAX_WRITTEN_FRAME_LENGTH),
        Content::Unframed => EncryptOptions::default().frame_length,
    }
}

/// For whom the edited text is encrypted: whom the command line names, or else whom the message names.
fn recipients<'k>(
    arguments: &Edit,
    text: &Text,
    kms: Option<&'k Kms>,
) -> Result<Box<dyn DataKeys + 'k>, Failure> {
    match (&text.header, kms) {
        (Some(header), kms) if names_nobody(arguments) => keyring::of_message(header, kms),
        (_, kms) => keyring::of_new_recipients(&arguments.recipients, kms),
    }
}

/// The name of the file without what tells that it is encrypted, so that the editor sees what it is.
fn plain_name(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or(OsStr::new("text"));
    let ending = path.extension().and_then(OsStr::to_str);
    match (ending, path.file_stem()) {
        // Of `..kms` and `...kms`: no names of a file.
        (Some("kms" | "enc" | "asc"), Some(stem)) if stem == "." || stem == ".." => "text".into(),
        (Some("kms" | "enc" | "asc"), Some(stem)) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

fn write_private(path: &Path, text: &SecretBytes) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.expose())
}

/// The text that the editor left; `None` when it left no file.
fn read_back(path: &Path) -> Result<Option<SecretBytes>, Failure> {
    let failed = |error| Failure::io(format!("cannot read {}", path.display()), &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let length = file.metadata().map_err(failed)?.len();
    let most = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX);
    if length > most {
        return Err(too_long("the text"));
    }
    let capacity = usize::try_from(length).unwrap_or_default();
    let mut text = Vec::with_capacity(capacity.saturating_add(1));
    let read = file.take(most).read_to_end(&mut text);
    let text = SecretBytes::new(text);
    read.map_err(failed)?;
    Ok(Some(text))
}

/// Runs the person's editor to its end.
fn call_editor(file: &Path) -> Result<(), Failure> {
    let editor = editor();
    let mut line = editor.clone();
    line.push(" \"$@\"");
    interrupt::leave_keys_to_editor();
    // By a shell, as everywhere: the variable may hold options and quotes.
    let ended = Command::new("sh")
        .arg("-c")
        .arg(line)
        .arg("sh")
        .arg(file)
        .status()
        .map_err(|error| Failure::io("cannot start the editor", &error))?;
    if ended.success() {
        return Ok(());
    }
    let how = match (ended.code(), ended.signal()) {
        (Some(127), _) => "is not there".to_owned(),
        (Some(code), _) => format!("ended with {code}"),
        (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
    };
    let message = format!("the editor {} {how}: nothing was changed", editor.display());
    let failure = Failure::new(Kind::Failed, message);
    Err(match ended.code() {
        Some(127) => failure.hint("set VISUAL or EDITOR"),
        _ => failure,
    })
}

fn editor() -> OsString {
    let variables = ["VISUAL", "EDITOR"].into_iter();
    let mut named =
        variables.filter_map(|name| env::var_os(name).filter(|value| !value.is_empty()));
    named.next().unwrap_or_else(|| "vi".into())
}

/// Encrypts the edited text and puts it in the place of the file, unless that is another by now.
fn replace(
    path: &Path,
    version: Option<FileVersion>,
    file: OutputFile,
    edited: &SecretBytes,
    text: &Text,
    keys: &dyn DataKeys,
) -> Result<(), Failure> {
    let target = Target::new(file, text.armor);
    target.write(|writer| {
        let mut reader = edited.expose();
        envelope::encrypt(
            &mut reader,
            writer,
            keys,
            &text.context,
            &text.options,
            &SystemRandom,
        )
        .map_err(|error| encrypt::not_encrypted(error, &target.file))
    })?;
    if FileVersion::of(path) != version {
        let message = format!("{} was changed while you edited it", path.display());
        return Err(Failure::new(Kind::Failed, message));
    }
    target.file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_editor_sees_the_name_of_the_text() {
        for (path, name) in [
            ("d/config.yaml.kms", "config.yaml"),
            ("config.yaml.enc", "config.yaml"),
            ("notes.asc", "notes"),
            ("config.yaml", "config.yaml"),
            (".kms", ".kms"),
            ("..kms", "text"),
            ("d/...enc", "text"),
        ] {
            assert_eq!(plain_name(Path::new(path)), name);
        }
    }
}
