//! An encrypted value: `docs/spec/environment-values.md`.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{
    self, DataKeys, DecryptError, DecryptOptions, EncryptError, EncryptOptions, Header,
    SignedMessages,
};
use kms_core::secret::SecretBytes;

use crate::commands::keyring;
use crate::failure::{Failure, Kind};

/// What an encrypted value begins with.
const PREFIX: &str = "kms:";
/// The key of the encryption context whose value is the name of the variable.
const NAME_KEY: &str = "environment-variable";
/// The longest value, in bytes. With it an encrypted value stays below the 128 KiB that Linux takes
/// for one variable.
pub(super) const MAX_VALUE: usize = 65_536;
/// The longest encrypted value that is read, in characters.
const MAX_TEXT: usize = 131_072;

/// Whether a value says that it is encrypted.
pub(super) fn is_encrypted(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Encrypts the value of the variable `name`; the pairs of `unstored` are bound and not written.
pub(super) fn seal(
    name: &str,
    value: &SecretBytes,
    keys: &dyn DataKeys,
    mut context: EncryptionContext,
    mut unstored: BTreeSet<String>,
) -> Result<String, Failure> {
    context.insert(NAME_KEY.to_owned(), name.to_owned());
    unstored.remove(NAME_KEY);
    let mut message = Vec::new();
    let options = EncryptOptions {
        required_context_keys: unstored,
        ..EncryptOptions::default()
    };
    envelope::encrypt(
        &mut value.expose(),
        &mut message,
        keys,
        &context,
        &options,
        &SystemRandom,
    )
    .map_err(|error| match error {
        EncryptError::Key(source) => keyring::refused(source),
        other => Failure::usage(other.to_string()),
    })?;
    let text = format!("{PREFIX}{}", STANDARD.encode(message));
    if text.len() > MAX_TEXT {
        return Err(
            Failure::usage("the encrypted value is longer than the environment takes")
                .hint("give fewer keys, or less context"),
        );
    }
    Ok(text)
}

/// Decrypts the value of the variable `name`, which has `context` too.
pub(super) fn open(
    name: &str,
    text: &str,
    keys: &dyn DataKeys,
    context: &EncryptionContext,
) -> Result<(SecretBytes, Header), Failure> {
    opened(name, text, keys, context).map_err(|failure| failure.within(name))
}

fn opened(
    name: &str,
    text: &str,
    keys: &dyn DataKeys,
    context: &EncryptionContext,
) -> Result<(SecretBytes, Header), Failure> {
    let message = message(text).ok_or_else(|| refusal(&DecryptError::NotAMessage))?;
    let mut bound = context.clone();
    bound.insert(NAME_KEY.to_owned(), name.to_owned());
    let options = DecryptOptions {
        signed_messages: SignedMessages::HoldBack,
        reproduced_context: bound,
        ..DecryptOptions::default()
    };
    // Room for all of it, so that it leaves no copy where it grew.
    let mut value = Vec::with_capacity(message.len());
    let opened = envelope::decrypt(&mut message.as_slice(), &mut value, keys, &options);
    let value = SecretBytes::new(value);
    let summary = opened.map_err(|error| match error {
        DecryptError::Key(source) => keyring::refused(source),
        other => refusal(&other),
    })?;
    if value.len() > MAX_VALUE || value.expose().contains(&0) {
        return Err(Failure::new(
            Kind::Integrity,
            "it is no value of a variable",
        ));
    }
    Ok((value, summary.header))
}

fn refusal(error: &DecryptError) -> Failure {
    let message = match error {
        DecryptError::NotAMessage => "it is no encrypted value".to_owned(),
        DecryptError::ContextMismatch => {
            "it was encrypted for another variable, or with another context".to_owned()
        }
        other => other.to_string(),
    };
    Failure::new(Kind::Integrity, message)
}

fn message(text: &str) -> Option<Vec<u8>> {
    let encoded = text.strip_prefix(PREFIX)?;
    let is_short = text.len() <= MAX_TEXT;
    is_short.then(|| STANDARD.decode(encoded).ok()).flatten()
}

/// The keys that an encrypted value names; `None` when it is none. They are not authenticated.
pub(super) fn keys(text: &str) -> Option<Vec<String>> {
    let message = message(text)?;
    let header = envelope::inspect(&mut message.as_slice()).ok()?;
    let keys = header.encrypted_data_keys.iter();
    Some(
        keys.map(|key| String::from_utf8_lossy(&key.provider_info).into_owned())
            .collect(),
    )
}
