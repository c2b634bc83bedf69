//! `kms decrypt`.

use std::io::{self, Cursor, Read, Write};
use std::path::Path;

use kms_core::envelope::{
    self, CommitmentPolicy, DataKeys, DecryptError, DecryptOptions, Part, SignedMessages, Summary,
};

use super::encrypt::{context, refuse_to_overwrite, watched};
use super::keyring;
use super::several::{self, Files};
use crate::args::{Commitment, Decrypt, Reading};
use crate::engine::Kms;
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pipeline::{ARMOR_BEGIN, ArmorReader, Input, Mode, OutputFile, TextOnly, is_not_text};
use crate::term;

pub(super) fn run(
    arguments: &Decrypt,
    open: impl FnOnce() -> Result<Kms, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    let options = options(&arguments.reading)?;
    let files = files(arguments);
    let alone = files
        .only()
        .map(|file| opened(file, arguments))
        .transpose()?;
    if alone.is_none() {
        files.check()?;
    }
    let kms = keyring::reads_by_kms(&arguments.source).then(open);
    let kms = kms.transpose()?;
    let keys = keyring::of_reader(&arguments.keys, &arguments.source, kms.as_ref())?;
    if let Some((input, file)) = alone {
        return open_message(input, file, arguments, &*keys, options, output);
    }
    files.for_each(output, several::decrypted, |input, to| {
        let input = Input::at(input)?;
        let file = OutputFile::at(to, Mode::like(&input.file), files.existing())?;
        open_message(input, file, arguments, &*keys, options.clone(), output)
    })
}

fn files(arguments: &Decrypt) -> Files<'_> {
    Files {
        inputs: &arguments.files,
        out: arguments.out.as_deref(),
        directory: arguments.output_directory.as_deref(),
        force: arguments.force,
    }
}

/// The one input, and its output.
fn opened(file: Option<&Path>, arguments: &Decrypt) -> Result<(Input, OutputFile), Failure> {
    let input = Input::open(file)?;
    if arguments.out.is_none() {
        refuse_to_overwrite(&input)?;
    }
    let file = OutputFile::open(arguments.out.as_deref(), Mode::Usual)?;
    Ok((input, file))
}

/// Decrypts one message to its end.
fn open_message(
    input: Input,
    file: OutputFile,
    arguments: &Decrypt,
    keys: &dyn DataKeys,
    mut options: DecryptOptions,
    output: &Output,
) -> Result<(), Failure> {
    let input = watched(input, &file, output);
    options.signed_messages = signed_messages(arguments, &file, &input);
    let mut writer = file.file();
    let mut text_only;
    let to_terminal = file.is_standard() && arguments.out.is_none() && term::stdout_is_terminal();
    let writer: &mut dyn Write = if to_terminal && !arguments.force {
        text_only = TextOnly(writer);
        &mut text_only
    } else {
        &mut writer
    };
    let summary = release(&input, &file, writer, keys, &options)?;
    file.commit()?;
    input.end_of_progress();
    output.note(&format!("decrypted {} bytes", summary.plaintext_length));
    Ok(())
}

/// What messages are read; what is released of signed ones is not told by these arguments.
pub(super) fn options(reading: &Reading) -> Result<DecryptOptions, Failure> {
    Ok(DecryptOptions {
        commitment_policy: match reading.commitment_policy {
            Commitment::Require => CommitmentPolicy::RequireEncryptRequireDecrypt,
            Commitment::Allow => CommitmentPolicy::RequireEncryptAllowDecrypt,
        },
        max_data_keys: usize::from(reading.max_encrypted_data_keys),
        reproduced_context: context(&reading.context)?,
        ..DecryptOptions::default()
    })
}

/// Into a file that appears only when all of it is verified, frames may go before the signature
/// is. What can be read twice is refused at first, and then verified before it is released.
fn signed_messages(arguments: &Decrypt, file: &OutputFile, input: &Input) -> SignedMessages {
    if !file.is_standard() || arguments.release_unverified_plaintext {
        SignedMessages::ReleaseUnverified
    } else if input.position().is_some() {
        SignedMessages::Refuse
    } else {
        SignedMessages::HoldBack
    }
}

/// Decrypts; a signed message that can be read twice is verified first, and then released.
fn release(
    input: &Input,
    file: &OutputFile,
    writer: &mut dyn Write,
    keys: &dyn DataKeys,
    options: &DecryptOptions,
) -> Result<Summary, Failure> {
    let position = input.position();
    let opened = envelope::decrypt(&mut message(input)?, writer, keys, options);
    let (Err(DecryptError::Signed), Some(position)) = (&opened, position) else {
        return opened.map_err(|error| failed(error, input, file));
    };
    input.go_back(position)?;
    let verified = envelope::verify(&mut message(input)?, keys, options)
        .map_err(|error| refusal(error, input))?;
    input.go_back(position)?;
    verified
        .release(&mut message(input)?, writer)
        .map_err(|error| failed(error, input, file))
}

/// Whether a message that can be read twice comes as armor.
pub(super) fn is_armored(input: &Input) -> Result<bool, Failure> {
    let Some(position) = input.position() else {
        return Ok(false);
    };
    let start = start(input)?;
    input.go_back(position)?;
    Ok(start == ARMOR_BEGIN.as_bytes())
}

/// As many bytes as the first line of armor has.
fn start(mut input: &Input) -> Result<Vec<u8>, Failure> {
    let mut start = Vec::with_capacity(ARMOR_BEGIN.len());
    let length = u64::try_from(ARMOR_BEGIN.len()).unwrap_or_default();
    let read = input.by_ref().take(length).read_to_end(&mut start);
    read.map_err(|error| input.failed(&error))?;
    Ok(start)
}

/// The bytes of a message, whether it comes as bytes or as armor.
pub(super) fn message(input: &Input) -> Result<Box<dyn Read + '_>, Failure> {
    Ok(message_and_form(input)?.0)
}

/// The bytes of a message, and whether they come as armor.
pub(super) fn message_and_form(input: &Input) -> Result<(Box<dyn Read + '_>, bool), Failure> {
    let start = start(input)?;
    let is_armor = start == ARMOR_BEGIN.as_bytes();
    let whole = Cursor::new(start).chain(input);
    let message: Box<dyn Read + '_> = match is_armor {
        true => Box::new(ArmorReader::new(whole)),
        false => Box::new(whole),
    };
    Ok((message, is_armor))
}

pub(super) fn failed(error: DecryptError, input: &Input, output: &OutputFile) -> Failure {
    match error {
        DecryptError::Write(error) if is_not_text(&error) => {
            Failure::usage("a terminal cannot show the decrypted data, which is not text")
                .hint("redirect it, or use -o FILE, or --force")
        }
        DecryptError::Write(error) => output.failed(&error),
        DecryptError::Changed if output.is_standard() => {
            refusal(error, input).hint("discard what was written: it is not the whole message")
        }
        DecryptError::Truncated(part)
        | DecryptError::Forged(part)
        | DecryptError::MalformedBody { part, .. }
            if part != Part::Header && output.is_standard() =>
        {
            refusal(error, input).hint("discard what was written: it is not the whole message")
        }
        other => refusal(other, input),
    }
}

/// What cannot be read as a message, and what is wrong with it.
pub(super) fn refusal(error: DecryptError, input: &Input) -> Failure {
    match error {
        DecryptError::Key(source) => keyring::refused(source),
        DecryptError::Uncommitted => {
            Failure::new(Kind::Failed, "the message does not commit to its key")
                .hint("--commitment-policy allow reads it all the same")
        }
        DecryptError::TooManyDataKeys(_) => Failure::new(Kind::Failed, error.to_string())
            .hint("--max-encrypted-data-keys allows more"),
        DecryptError::TooLargeToHold(_) => Failure::new(Kind::Failed, error.to_string())
            .hint("use -o FILE, give it as a file, or make it with smaller frames"),
        DecryptError::Read(error) if is_armor_refusal(&error) => {
            Failure::new(Kind::Integrity, error.to_string())
        }
        DecryptError::Read(error) => input.failed(&error),
        DecryptError::Base64 => Failure::new(Kind::Integrity, "the message is in base64")
            .hint("decode it first, as with base64 -d"),
        other => Failure::new(Kind::Integrity, other.to_string()),
    }
}

fn is_armor_refusal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
