//! `kms decrypt`.

use std::io::{self, Cursor, Read, Write};

use kms_core::envelope::{
    self, CommitmentPolicy, DecryptError, DecryptOptions, Part, SignedMessages,
};

use super::encrypt::{context, refuse_to_overwrite};
use crate::args::Decrypt;
use crate::engine::{Keys, Kms};
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pipeline::{ARMOR_BEGIN, ArmorReader, Input, Mode, OutputFile, TextOnly, is_not_text};
use crate::term;

pub(super) fn run(
    arguments: &Decrypt,
    open: impl FnOnce() -> Result<Kms, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    let options = options(arguments)?;
    let input = Input::open(arguments.file.as_deref())?;
    if arguments.out.is_none() {
        refuse_to_overwrite(&input)?;
    }
    let file = OutputFile::open(arguments.out.as_deref(), Mode::Usual)?;
    let kms = open()?;
    let keys = Keys::new(&kms, &arguments.keys);
    let mut reader = message(&input)?;
    let mut writer = file.file();
    let mut text_only;
    let to_terminal = arguments.out.is_none() && term::stdout_is_terminal();
    let writer: &mut dyn Write = if to_terminal && !arguments.force {
        text_only = TextOnly(writer);
        &mut text_only
    } else {
        &mut writer
    };
    let summary = envelope::decrypt(&mut reader, writer, &keys, &options)
        .map_err(|error| failed(error, &input, &file))?;
    file.commit()?;
    output.note(&format!("decrypted {} bytes", summary.plaintext_length));
    Ok(())
}

fn options(arguments: &Decrypt) -> Result<DecryptOptions, Failure> {
    let commitment_policy = if arguments.allow_uncommitted {
        CommitmentPolicy::RequireEncryptAllowDecrypt
    } else {
        CommitmentPolicy::RequireEncryptRequireDecrypt
    };
    // Into a file that appears only when all of it is verified, frames may go before the
    // signature is.
    let signed_messages = if arguments.out.is_some() {
        SignedMessages::ReleaseUnverified
    } else {
        SignedMessages::HoldBack
    };
    Ok(DecryptOptions {
        commitment_policy,
        signed_messages,
        reproduced_context: context(&arguments.context)?,
        ..DecryptOptions::default()
    })
}

/// The bytes of a message, whether it comes as bytes or as armor.
pub(super) fn message(input: &Input) -> Result<Box<dyn Read + '_>, Failure> {
    let mut start = Vec::with_capacity(ARMOR_BEGIN.len());
    let length = u64::try_from(ARMOR_BEGIN.len()).unwrap_or_default();
    (&input.file)
        .take(length)
        .read_to_end(&mut start)
        .map_err(|error| input.failed(&error))?;
    let is_armor = start == ARMOR_BEGIN.as_bytes();
    let whole = Cursor::new(start).chain(&input.file);
    Ok(if is_armor {
        Box::new(ArmorReader::new(whole))
    } else {
        Box::new(whole)
    })
}

fn failed(error: DecryptError, input: &Input, output: &OutputFile) -> Failure {
    match error {
        DecryptError::Key(source) => match source.downcast::<Failure>() {
            Ok(failure) => *failure,
            Err(other) => Failure::new(Kind::Failed, other.to_string()),
        },
        DecryptError::Write(error) if is_not_text(&error) => {
            Failure::usage("a terminal cannot show the decrypted data, which is not text")
                .hint("redirect it, or use -o FILE, or --force")
        }
        DecryptError::Write(error) => output.failed(&error),
        DecryptError::Uncommitted => {
            Failure::new(Kind::Failed, "the message does not commit to its key")
                .hint("--allow-uncommitted reads it all the same")
        }
        DecryptError::TooLargeToHold(_) => Failure::new(Kind::Failed, error.to_string())
            .hint("use -o FILE, or a message with smaller frames"),
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
