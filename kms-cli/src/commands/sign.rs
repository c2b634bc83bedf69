//! `kms sign`, `kms verify` and `kms mac`.

use std::io::Read;
use std::path::Path;

use kms_core::api::{
    Blob, DescribeKeyRequest, GenerateMacRequest, KeyMetadata, KeyUsage, MacAlgorithm, MessageType,
    SignRequest, SigningAlgorithm, VerifyMacRequest, VerifyRequest,
};
use kms_core::crypto::digest::MessageDigest;
use kms_core::secret::SecretBytes;

use crate::args::{GenerateMac, MacCommand, Sign, Verify, VerifyMac};
use crate::engine::Kms;
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pipeline::Input;

/// The longest message that a request carries.
const MAX_MESSAGE: usize = 4096;
/// The longest signature or code that a request carries.
const MAX_SIGNATURE: usize = 6144;

pub(super) fn sign(arguments: &Sign, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let algorithm = signing_algorithm(&arguments.key, arguments.algorithm, kms)?;
    let (message, kind) = message(arguments.file.as_deref(), algorithm)?;
    let answer = kms.call(SignRequest {
        key_id: Some(arguments.key.clone()),
        message: Some(message),
        message_type: Some(kind.to_string()),
        signing_algorithm: Some(algorithm.to_string()),
        ..SignRequest::default()
    })?;
    if output.is_json() {
        return output.json(&answer);
    }
    output.bytes(answer.signature.as_slice())
}

pub(super) fn verify(arguments: &Verify, kms: &Kms, output: &Output) -> Result<(), Failure> {
    one_from_standard_input(&arguments.signature, arguments.file.as_deref())?;
    let signature = signature(&arguments.signature, "signature")?;
    let algorithm = signing_algorithm(&arguments.key, arguments.algorithm, kms)?;
    let (message, kind) = message(arguments.file.as_deref(), algorithm)?;
    let answer = kms.call(VerifyRequest {
        key_id: Some(arguments.key.clone()),
        message: Some(message),
        message_type: Some(kind.to_string()),
        signature: Some(signature),
        signing_algorithm: Some(algorithm.to_string()),
        ..VerifyRequest::default()
    })?;
    confirmed(answer.signature_valid)?;
    output.show(&answer, |answer| {
        format!(
            "signed by {} with {}",
            answer.key_id, answer.signing_algorithm
        )
    })
}

pub(super) fn mac(command: &MacCommand, kms: &Kms, output: &Output) -> Result<(), Failure> {
    match command {
        MacCommand::Generate(generate) => generate_mac(generate, kms, output),
        MacCommand::Verify(verify) => verify_mac(verify, kms, output),
    }
}

fn generate_mac(arguments: &GenerateMac, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let algorithm = mac_algorithm(&arguments.key, arguments.algorithm, kms)?;
    let answer = kms.call(GenerateMacRequest {
        key_id: Some(arguments.key.clone()),
        message: Some(short_message(arguments.file.as_deref())?),
        mac_algorithm: Some(algorithm.to_string()),
        ..GenerateMacRequest::default()
    })?;
    if output.is_json() {
        return output.json(&answer);
    }
    output.bytes(answer.mac.as_slice())
}

fn verify_mac(arguments: &VerifyMac, kms: &Kms, output: &Output) -> Result<(), Failure> {
    one_from_standard_input(&arguments.mac, arguments.file.as_deref())?;
    let mac = signature(&arguments.mac, "authentication code")?;
    let algorithm = mac_algorithm(&arguments.key, arguments.algorithm, kms)?;
    let answer = kms.call(VerifyMacRequest {
        key_id: Some(arguments.key.clone()),
        message: Some(short_message(arguments.file.as_deref())?),
        mac_algorithm: Some(algorithm.to_string()),
        mac: Some(mac),
        ..VerifyMacRequest::default()
    })?;
    confirmed(answer.mac_valid)?;
    output.show(&answer, |answer| {
        format!("made by {} with {}", answer.key_id, answer.mac_algorithm)
    })
}

/// AWS refuses what does not verify; an endpoint that answers instead must say that it does.
fn confirmed(valid: bool) -> Result<(), Failure> {
    if valid {
        Ok(())
    } else {
        let message = "the endpoint answered that it does not verify";
        Err(Failure::new(Kind::Integrity, message))
    }
}

fn described(key: &str, kms: &Kms) -> Result<KeyMetadata, Failure> {
    let answer = kms.call(DescribeKeyRequest {
        key_id: Some(key.to_owned()),
        ..DescribeKeyRequest::default()
    })?;
    Ok(answer.key_metadata)
}

fn has_none(key: &KeyMetadata, usage: KeyUsage) -> Failure {
    let message = format!("{} is for {}, not for {usage}", key.arn, key.key_usage);
    Failure::new(Kind::Failed, message)
}

/// The algorithm that was asked for, or the preferred one of those that the key has.
fn signing_algorithm(
    key: &str,
    asked: Option<SigningAlgorithm>,
    kms: &Kms,
) -> Result<SigningAlgorithm, Failure> {
    if let Some(algorithm) = asked {
        return Ok(algorithm);
    }
    let key = described(key, kms)?;
    let own = &key.signing_algorithms;
    let preferred = SigningAlgorithm::RsassaPssSha256;
    let chosen = own.iter().find(|algorithm| **algorithm == preferred);
    let chosen = chosen.or_else(|| own.first()).copied();
    chosen.ok_or_else(|| has_none(&key, KeyUsage::SignVerify))
}

fn mac_algorithm(
    key: &str,
    asked: Option<MacAlgorithm>,
    kms: &Kms,
) -> Result<MacAlgorithm, Failure> {
    if let Some(algorithm) = asked {
        return Ok(algorithm);
    }
    let key = described(key, kms)?;
    let chosen = key.mac_algorithms.first().copied();
    chosen.ok_or_else(|| has_none(&key, KeyUsage::GenerateVerifyMac))
}

/// At most `longest` bytes from the start, and whether that was all.
fn head(input: &Input, longest: usize) -> Result<(Vec<u8>, bool), Failure> {
    let mut bytes = Vec::with_capacity(longest + 1);
    let limit = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    (&input.file)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| input.failed(&error))?;
    let all = bytes.len() <= longest;
    Ok((bytes, all))
}

/// A message, or its digest where the message does not fit into a request.
fn message(
    file: Option<&Path>,
    algorithm: SigningAlgorithm,
) -> Result<(SecretBytes, MessageType), Failure> {
    let input = Input::open(file)?;
    let (start, all) = head(&input, MAX_MESSAGE)?;
    let takes_digests_alone = algorithm == SigningAlgorithm::Ed25519PhSha512;
    if all && !start.is_empty() && !takes_digests_alone {
        return Ok((SecretBytes::new(start), MessageType::Raw));
    }
    let Some(mut digest) = MessageDigest::of(algorithm) else {
        let message = format!("{algorithm} signs 1 to {MAX_MESSAGE} bytes");
        return Err(Failure::new(Kind::Failed, message));
    };
    digest.update(&start);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = (&input.file).read(&mut buffer);
        match read.map_err(|error| input.failed(&error))? {
            0 => break,
            length => digest.update(buffer.get(..length).unwrap_or_default()),
        }
    }
    Ok((SecretBytes::new(digest.finish()), MessageType::Digest))
}

fn short_message(file: Option<&Path>) -> Result<SecretBytes, Failure> {
    let input = Input::open(file)?;
    let (bytes, all) = head(&input, MAX_MESSAGE)?;
    if all {
        return Ok(SecretBytes::new(bytes));
    }
    let message = format!("{} is longer than {MAX_MESSAGE} bytes", input.name);
    Err(Failure::new(Kind::Failed, message).hint("authenticate its digest instead"))
}

/// Standard input can be read once.
fn one_from_standard_input(proof: &Path, file: Option<&Path>) -> Result<(), Failure> {
    let standard_input = Path::new("-");
    if proof == standard_input && file.is_none_or(|file| file == standard_input) {
        let message = "standard input cannot be both what is verified and its proof";
        return Err(Failure::usage(message).hint("give FILE"));
    }
    Ok(())
}

fn signature(file: &Path, what: &str) -> Result<Blob, Failure> {
    let input = Input::open(Some(file))?;
    let (bytes, all) = head(&input, MAX_SIGNATURE)?;
    if all && !bytes.is_empty() {
        return Ok(bytes.into());
    }
    let message = format!("{} holds no {what}", input.name);
    Err(Failure::new(Kind::Integrity, message))
}
