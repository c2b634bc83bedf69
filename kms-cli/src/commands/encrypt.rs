//! `kms encrypt`.

use std::io::Write;
use std::thread;

use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{self, EncryptError, EncryptOptions};

use crate::args::Encrypt;
use crate::engine::{Keys, Kms};
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
    let context = context(&arguments.context)?;
    let to_terminal = arguments.out.is_none() && term::stdout_is_terminal();
    if to_terminal && !arguments.armor && !arguments.force {
        return Err(
            Failure::usage("a terminal cannot show an encrypted message")
                .hint("redirect it, use -o FILE, or -a for text"),
        );
    }
    let input = Input::open(arguments.file.as_deref())?;
    if arguments.out.is_none() {
        refuse_to_overwrite(&input)?;
    }
    let file = OutputFile::open(arguments.out.as_deref(), Mode::Usual)?;
    let kms = open()?;
    let keys = Keys::new(&kms, &arguments.keys);
    let encrypt = |writer: &mut (dyn Write + Send)| {
        let options = EncryptOptions {
            frame_length: arguments.frame_length,
            threads: threads(&input),
            ..EncryptOptions::default()
        };
        let mut reader = &input.file;
        envelope::encrypt(
            &mut reader,
            writer,
            &keys,
            &context,
            &options,
            &SystemRandom,
        )
        .map_err(|error| failed(error, &input, &file))
    };
    let summary = if arguments.armor {
        let mut writer = ArmorWriter::new(file.file());
        let summary = encrypt(&mut writer)?;
        writer.finish().map_err(|error| file.failed(&error))?;
        summary
    } else {
        encrypt(&mut file.file())?
    };
    file.commit()?;
    output.note(&format!("encrypted {} bytes", summary.plaintext_length));
    Ok(())
}

/// More than one for a large regular file, whose bytes do not have to be waited for.
fn threads(input: &Input) -> usize {
    if input
        .regular_length()
        .is_none_or(|length| length < PARALLEL_LENGTH)
    {
        return 1;
    }
    thread::available_parallelism().map_or(1, |count| count.get().min(MAX_THREADS))
}

/// The pairs of the command line; a key may be given once.
pub(super) fn context(pairs: &[(String, String)]) -> Result<EncryptionContext, Failure> {
    let mut context = EncryptionContext::new();
    for (key, value) in pairs {
        if context.insert(key.clone(), value.clone()).is_some() {
            let message = format!("--context {key} is given twice");
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

fn failed(error: EncryptError, input: &Input, output: &OutputFile) -> Failure {
    match error {
        EncryptError::Key(source) => match source.downcast::<Failure>() {
            Ok(failure) => *failure,
            Err(other) => Failure::new(Kind::Failed, other.to_string()),
        },
        EncryptError::Read(error) => input.failed(&error),
        EncryptError::Write(error) => output.failed(&error),
        EncryptError::FrameLength
        | EncryptError::ReservedContextKey
        | EncryptError::Context(_)
        | EncryptError::TooLong => Failure::usage(error.to_string()),
        EncryptError::KeyMaterial | EncryptError::Crypto(_) => {
            Failure::new(Kind::Failed, error.to_string())
        }
    }
}
