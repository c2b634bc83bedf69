//! `kms reencrypt`.

use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{self, EncryptOptions, ReencryptError, Reencrypted, SignedMessages};

use super::encrypt::{Target, kms_of, threads};
use super::{decrypt, encrypt, keyring};
use crate::args::Reencrypt;
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::Output;
use crate::pipeline::Input;
use crate::term;

pub(super) fn run(
    arguments: &Reencrypt,
    open: impl FnOnce() -> Result<Kms, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    let mut reading = decrypt::options(&arguments.reading)?;
    let input = Input::open(arguments.file.as_deref())?;
    let to_terminal = arguments.out.is_none() && term::stdout_is_terminal();
    let input = match to_terminal {
        true => input,
        false => input.showing(|total| output.progress(total)),
    };
    let (mut reader, was_armored) = decrypt::message_and_form(&input)?;
    let armor = arguments.writing.armor || was_armored && !arguments.no_armor;
    let out = arguments.out.as_deref();
    let target = Target::open(out, arguments.force, armor, &input)?;
    // Who reads a pipe would take the new frames for verified before the old signature is.
    reading.signed_messages = if target.file.is_standard() {
        SignedMessages::HoldBack
    } else {
        SignedMessages::ReleaseUnverified
    };
    let kms = if keyring::reads_by_kms(&arguments.source) {
        Some(open()?)
    } else {
        kms_of(&arguments.recipients, open)?
    };
    let from = keyring::of_reader(&arguments.old_keys, &arguments.source, kms.as_ref())?;
    let to = kms
        .as_ref()
        .filter(|_| !arguments.recipients.keys.is_empty());
    let to = keyring::of_recipients(&arguments.recipients, to)?;
    let options = EncryptOptions {
        threads: threads(&input),
        ..encrypt::options(&arguments.writing)
    };
    let mut was_signed = false;
    let summary = target.write(|writer| {
        let Reencrypted { written, signed } = envelope::reencrypt(
            &mut reader,
            writer,
            &*from,
            &*to,
            &reading,
            &options,
            &SystemRandom,
        )
        .map_err(|error| match error {
            ReencryptError::Decrypt(error) => decrypt::refusal(error, &input),
            ReencryptError::Encrypt(error) => encrypt::failed(error, &input, &target.file),
        })?;
        was_signed = signed;
        Ok(written)
    })?;
    target.file.commit()?;
    input.end_of_progress();
    if was_signed && !arguments.writing.sign {
        output.warn("the old message was signed and the new one is not: --sign makes a signature");
    }
    encrypt::warn_of_unbound_signature(&arguments.writing, &arguments.recipients, output);
    output.note(&format!("encrypted {} bytes", summary.plaintext_length));
    Ok(())
}
