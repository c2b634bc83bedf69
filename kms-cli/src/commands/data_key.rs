//! `kms generate-data-key`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::api::{
    DataKeySpec, EncryptionContextMap, GenerateDataKeyRequest, GenerateDataKeyResponse,
    GenerateDataKeyWithoutPlaintextRequest,
};
use kms_core::secret::SecretText;

use crate::args::{GenerateDataKey, KeySize};
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::Output;
use crate::pipeline::{Mode, OutputFile};

pub(super) fn run(arguments: &GenerateDataKey, kms: &Kms, output: &Output) -> Result<(), Failure> {
    if arguments.without_plaintext {
        without_plaintext(arguments, kms, output)
    } else {
        with_plaintext(arguments, kms, output)
    }
}

/// The length in bytes or as a name, exactly one of which a request may have.
fn length(arguments: &GenerateDataKey) -> (Option<i32>, Option<String>) {
    match (arguments.bytes, arguments.key_spec) {
        (Some(bytes), _) => (i32::try_from(bytes).ok(), None),
        (None, Some(KeySize::Aes128)) => (None, Some(DataKeySpec::Aes128.to_string())),
        (None, Some(KeySize::Aes256) | None) => (None, Some(DataKeySpec::Aes256.to_string())),
    }
}

fn context(arguments: &GenerateDataKey) -> Option<EncryptionContextMap> {
    let pairs = arguments.context.iter().cloned().collect();
    Some(EncryptionContextMap(pairs)).filter(|map| !map.0.is_empty())
}

fn with_plaintext(arguments: &GenerateDataKey, kms: &Kms, output: &Output) -> Result<(), Failure> {
    // Opened before there is a data key, so that a mistake in a name costs nothing.
    let plaintext_file = open_file(arguments.plaintext_out.as_deref())?;
    let ciphertext_file = open_file(arguments.ciphertext_out.as_deref())?;
    let (number_of_bytes, key_spec) = length(arguments);
    let answer = kms.call(GenerateDataKeyRequest {
        key_id: Some(arguments.key.clone()),
        encryption_context: context(arguments),
        number_of_bytes,
        key_spec,
        ..GenerateDataKeyRequest::default()
    })?;
    let print_plaintext = plaintext_file.is_none();
    let print_ciphertext = ciphertext_file.is_none();
    write_file(ciphertext_file, answer.ciphertext_blob.as_slice())?;
    write_file(plaintext_file, answer.plaintext.expose())?;
    if output.is_json() && print_plaintext && print_ciphertext {
        return output.json(&answer);
    }
    print(&answer, print_plaintext, print_ciphertext, output)
}

/// What did not go to a file.
fn print(
    answer: &GenerateDataKeyResponse,
    plaintext: bool,
    ciphertext: bool,
    output: &Output,
) -> Result<(), Failure> {
    let mut shown = BTreeMap::new();
    if plaintext {
        let text = SecretText::new(STANDARD.encode(answer.plaintext.expose()));
        shown.insert("Plaintext", text);
    }
    if ciphertext {
        let text = SecretText::new(STANDARD.encode(answer.ciphertext_blob.as_slice()));
        shown.insert("CiphertextBlob", text);
    }
    if output.is_json() {
        shown.insert("KeyId", SecretText::new(answer.key_id.to_string()));
        let shown: BTreeMap<_, _> = shown
            .iter()
            .map(|(name, text)| (name, text.expose()))
            .collect();
        return output.json(&shown);
    }
    for (name, label) in [
        ("Plaintext", "plaintext "),
        ("CiphertextBlob", "ciphertext"),
    ] {
        if let Some(text) = shown.get(name) {
            output.text(SecretText::new(format!("{label}  {}", text.expose())).expose())?;
        }
    }
    Ok(())
}

fn without_plaintext(
    arguments: &GenerateDataKey,
    kms: &Kms,
    output: &Output,
) -> Result<(), Failure> {
    let file = open_file(arguments.ciphertext_out.as_deref())?;
    let (number_of_bytes, key_spec) = length(arguments);
    let answer = kms.call(GenerateDataKeyWithoutPlaintextRequest {
        key_id: Some(arguments.key.clone()),
        encryption_context: context(arguments),
        number_of_bytes,
        key_spec,
        ..GenerateDataKeyWithoutPlaintextRequest::default()
    })?;
    if file.is_some() {
        return write_file(file, answer.ciphertext_blob.as_slice());
    }
    output.show(&answer, |answer| {
        format!(
            "ciphertext  {}",
            STANDARD.encode(answer.ciphertext_blob.as_slice())
        )
    })
}

fn open_file(path: Option<&Path>) -> Result<Option<OutputFile>, Failure> {
    path.map(|path| OutputFile::open(Some(path), Mode::Private))
        .transpose()
}

fn write_file(file: Option<OutputFile>, bytes: &[u8]) -> Result<(), Failure> {
    let Some(file) = file else {
        return Ok(());
    };
    file.file()
        .write_all(bytes)
        .map_err(|error| file.failed(&error))?;
    file.commit()
}
