//! `kms encrypt`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::thread;

use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{self, DataKeys, EncryptError, EncryptOptions, Summary};

use super::keyring;
use super::several::{self, Files};
use crate::args::{Encrypt, Recipients, Writing};
use crate::engine::Kms;
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pipeline::{ArmorWriter, Input, Mode, OutputFile};
use crate::term;

/// The smallest file that is worth more than one thread, in bytes.
const PARALLEL_LENGTH: u64 = 4 << 20;
/// Beyond these, the memory of the machine is what limits.
const MAX_THREADS: usize = 4;

pub(super) fn run(
    arguments: &Encrypt,
    open: impl FnOnce() -> Result<Kms, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    let (context, required_context_keys) = contexts(arguments)?;
    let options = EncryptOptions {
        required_context_keys,
        ..options(&arguments.writing)
    };
    let recipients = &arguments.recipients;
    let files = files(arguments);
    if let Some(file) = files.only() {
        let input = Input::open(file)?;
        let target = Target::open(files.out, files.force, arguments.writing.armor, &input)?;
        let kms = kms_of(recipients, open)?;
        let keys = keyring::of_recipients(recipients, kms.as_ref())?;
        seal(input, target, &*keys, &context, &options, output)?;
    } else {
        files.check()?;
        let kms = kms_of(recipients, open)?;
        let keys = keyring::of_recipients(recipients, kms.as_ref())?;
        files.for_each(output, several::encrypted, |input, to| {
            let input = Input::at(input)?;
            let file = OutputFile::at(to, Mode::like(&input.file), files.existing())?;
            let target = Target::new(file, arguments.writing.armor);
            seal(input, target, &*keys, &context, &options, output)
        })?;
    }
    warn_of_unbound_signature(&arguments.writing, recipients, output);
    Ok(())
}

fn files(arguments: &Encrypt) -> Files<'_> {
    Files {
        inputs: &arguments.files,
        out: arguments.out.as_deref(),
        directory: arguments.output_directory.as_deref(),
        force: arguments.force,
    }
}

/// Encrypts one input to its end.
fn seal(
    input: Input,
    target: Target,
    keys: &dyn DataKeys,
    context: &EncryptionContext,
    options: &EncryptOptions,
    output: &Output,
) -> Result<(), Failure> {
    let input = watched(input, &target.file, output);
    let options = EncryptOptions {
        threads: threads(&input),
        ..options.clone()
    };
    let summary = target.write(|writer| {
        let mut reader = &input;
        envelope::encrypt(&mut reader, writer, keys, context, &options, &SystemRandom)
            .map_err(|error| failed(error, &input, &target.file))
    })?;
    target.file.commit()?;
    input.end_of_progress();
    output.note(&format!("encrypted {} bytes", summary.plaintext_length));
    Ok(())
}

/// The input, which shows how far it is read where nothing else comes to the terminal meanwhile.
pub(super) fn watched(input: Input, file: &OutputFile, output: &Output) -> Input {
    if file.is_terminal() {
        return input;
    }
    input.showing(|total| output.progress(total))
}

/// The KMS, if any recipient is one of its keys.
pub(super) fn kms_of(
    recipients: &Recipients,
    open: impl FnOnce() -> Result<Kms, Failure>,
) -> Result<Option<Kms>, Failure> {
    (!recipients.keys.is_empty()).then(open).transpose()
}

/// A public key binds no context, and so not the key of the signature.
pub(super) fn warn_of_unbound_signature(
    writing: &Writing,
    recipients: &Recipients,
    output: &Output,
) {
    if writing.sign && !recipients.recipients.is_empty() {
        output
            .warn("the signature says nothing to those who decrypt by -r: others can make one too");
    }
}

pub(super) fn options(writing: &Writing) -> EncryptOptions {
    EncryptOptions {
        frame_length: writing.frame_length,
        sign: writing.sign,
        ..EncryptOptions::default()
    }
}

/// Where a message goes, as bytes or as text.
pub(super) struct Target {
    pub(super) file: OutputFile,
    armor: bool,
}

impl Target {
    pub(super) fn new(file: OutputFile, armor: bool) -> Self {
        Self { file, armor }
    }

    pub(super) fn open(
        out: Option<&Path>,
        force: bool,
        armor: bool,
        input: &Input,
    ) -> Result<Self, Failure> {
        if out.is_none() && term::stdout_is_terminal() && !armor && !force {
            return Err(
                Failure::usage("a terminal cannot show an encrypted message")
                    .hint("redirect it, use -o FILE, or -a for text"),
            );
        }
        if out.is_none() {
            refuse_to_overwrite(input)?;
        }
        Ok(Self {
            file: OutputFile::open(out, Mode::Usual)?,
            armor,
        })
    }

    /// Has the message written.
    pub(super) fn write(
        &self,
        message: impl FnOnce(&mut (dyn Write + Send)) -> Result<Summary, Failure>,
    ) -> Result<Summary, Failure> {
        if !self.armor {
            return message(&mut self.file.file());
        }
        let mut writer = ArmorWriter::new(self.file.file());
        let summary = message(&mut writer)?;
        let finished = writer.finish();
        finished.map_err(|error| self.file.failed(&error))?;
        Ok(summary)
    }
}

/// More than one for a large regular file, whose bytes do not have to be waited for.
pub(super) fn threads(input: &Input) -> usize {
    if input
        .regular_length()
        .is_none_or(|length| length < PARALLEL_LENGTH)
    {
        return 1;
    }
    thread::available_parallelism().map_or(1, |count| count.get().min(MAX_THREADS))
}

/// The whole context, and the keys of it that are not stored.
fn contexts(arguments: &Encrypt) -> Result<(EncryptionContext, BTreeSet<String>), Failure> {
    let pairs = arguments.context.iter().chain(&arguments.unstored_context);
    let context = context(pairs)?;
    let unstored = arguments.unstored_context.iter();
    Ok((context, unstored.map(|(key, _)| key.clone()).collect()))
}

/// The pairs of the command line; a key may be given once.
pub(super) fn context<'p>(
    pairs: impl IntoIterator<Item = &'p (String, String)>,
) -> Result<EncryptionContext, Failure> {
    let mut context = EncryptionContext::new();
    for (key, value) in pairs {
        if context.insert(key.clone(), value.clone()).is_some() {
            let message = format!("the context key {key} is given twice");
            return Err(Failure::usage(message));
        }
    }
    Ok(context)
}

/// Standard output into the input: by now the shell may have emptied the file, or each read would
/// find what the last write added.
pub(super) fn refuse_to_overwrite(input: &Input) -> Result<(), Failure> {
    if input.is_standard_output() {
        return Err(Failure::usage("the input is also the output")
            .hint("use -o FILE, which replaces a file once the new one is complete"));
    }
    Ok(())
}

pub(super) fn failed(error: EncryptError, input: &Input, output: &OutputFile) -> Failure {
    match error {
        EncryptError::Read(error) => input.failed(&error),
        other => not_encrypted(other, output),
    }
}

/// What is wrong with the encryption of what is in memory.
pub(super) fn not_encrypted(error: EncryptError, output: &OutputFile) -> Failure {
    match error {
        EncryptError::Key(source) => keyring::refused(source),
        EncryptError::Write(error) => output.failed(&error),
        EncryptError::FrameLength
        | EncryptError::HeaderLength(_)
        | EncryptError::ReservedContextKey
        | EncryptError::RequiredContextKey(_)
        | EncryptError::TooManyDataKeys(_)
        | EncryptError::Context(_)
        | EncryptError::TooLong => Failure::usage(error.to_string()),
        EncryptError::Read(_) | EncryptError::KeyMaterial | EncryptError::Crypto(_) => {
            Failure::new(Kind::Failed, error.to_string())
        }
    }
}
