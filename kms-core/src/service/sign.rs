//! `Sign` and `Verify`

use super::key_kind::{require_algorithm, require_usage};
use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::request::{end_dry_run, present};
use super::values::Specific;
use crate::Error;
use crate::api::{
    KeyUsage, MessageType, Operation, SignRequest, SignResponse, SigningAlgorithm, VerifyRequest,
    VerifyResponse,
};
use crate::crypto::asymmetric::Message;
use crate::keys::Key;
use crate::secret::SecretBytes;

/// What is signed, and how; checked.
#[derive(Debug)]
pub struct Signed {
    message: SecretBytes,
    message_type: MessageType,
    algorithm: SigningAlgorithm,
    dry_run: Option<bool>,
}

/// The length of the μ of ML-DSA in bytes.
const MU: usize = 64;

/// The length in bytes of what stands for a message of that type; `None` for the message itself.
fn length(algorithm: SigningAlgorithm, message_type: MessageType) -> Result<Option<usize>, Error> {
    use SigningAlgorithm::{
        EcdsaSha256, EcdsaSha384, EcdsaSha512, Ed25519PhSha512, Ed25519Sha512, MlDsaShake256,
        RsassaPkcs1V15Sha256, RsassaPkcs1V15Sha384, RsassaPkcs1V15Sha512, RsassaPssSha256,
        RsassaPssSha384, RsassaPssSha512, Sm2dsa,
    };
    let digest = match algorithm {
        RsassaPssSha256 | RsassaPkcs1V15Sha256 | EcdsaSha256 | Sm2dsa => Some(32),
        RsassaPssSha384 | RsassaPkcs1V15Sha384 | EcdsaSha384 => Some(48),
        RsassaPssSha512 | RsassaPkcs1V15Sha512 | EcdsaSha512 | Ed25519PhSha512 => Some(64),
        Ed25519Sha512 | MlDsaShake256 => None,
    };
    match (message_type, digest) {
        (MessageType::Raw, _) if algorithm != Ed25519PhSha512 => Ok(None),
        (MessageType::Digest, Some(length)) => Ok(Some(length)),
        (MessageType::ExternalMu, _) if algorithm == MlDsaShake256 => Ok(Some(MU)),
        _ => Err(Error::Validation(format!(
            "MessageType {message_type} is not compatible with SigningAlgorithm {algorithm}"
        ))),
    }
}

impl Signed {
    fn parse(
        message: Option<SecretBytes>,
        message_type: Option<&str>,
        algorithm: Option<&str>,
        dry_run: Option<bool>,
    ) -> Result<Self, Error> {
        let algorithm: SigningAlgorithm = present(algorithm)?.parse().map_err(Error::internal)?;
        let message_type = message_type.unwrap_or(MessageType::Raw.as_str());
        let message_type = message_type.parse().map_err(Error::internal)?;
        let message = present(message)?;
        if length(algorithm, message_type)?.is_some_and(|length| length != message.len()) {
            return Err(Error::Validation(format!(
                "Digest is invalid length for algorithm {algorithm}."
            )));
        }
        Ok(Self {
            message,
            message_type,
            algorithm,
            dry_run,
        })
    }

    fn message(&self) -> Message<'_> {
        let bytes = self.message.expose();
        match self.message_type {
            MessageType::Raw => Message::Raw(bytes),
            MessageType::Digest => Message::Digest(bytes),
            MessageType::ExternalMu => Message::ExternalMu(bytes),
        }
    }

    fn specific(&self) -> Specific<'_> {
        Specific {
            signing_algorithm: Some(self.algorithm),
            message_type: Some(self.message_type),
            counts_request_alias: true,
            ..Specific::default()
        }
    }

    /// The key must be one that signs so; ends a dry run.
    fn admit(&self, key: &Key, operation: Operation) -> Result<(), Error> {
        require_usage(key, KeyUsage::SignVerify, operation)?;
        require_algorithm(key, self.algorithm, key.kind.signing_algorithms())?;
        end_dry_run(self.dry_run)
    }
}

fn record(
    parameters: &mut Parameters,
    message_type: Option<&str>,
    algorithm: Option<&String>,
    dry_run: Option<&bool>,
) {
    parameters
        .value(
            "messageType",
            message_type.unwrap_or(MessageType::Raw.as_str()),
        )
        .optional("signingAlgorithm", algorithm)
        .optional("dryRun", dry_run);
}

impl KeyOperation for SignRequest {
    type Checked = Signed;
    const TAKES_ALIAS: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        let message_type = self.message_type.as_deref();
        let algorithm = self.signing_algorithm.as_ref();
        record(parameters, message_type, algorithm, self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn check(self) -> Result<Signed, Error> {
        let (message_type, algorithm) = (self.message_type, self.signing_algorithm);
        Signed::parse(
            self.message,
            message_type.as_deref(),
            algorithm.as_deref(),
            self.dry_run,
        )
    }

    fn specific(checked: &Signed) -> Specific<'_> {
        checked.specific()
    }

    fn perform(signed: Signed, step: &Step<'_>) -> Result<Performed<SignResponse>, Error> {
        let entry = &step.loaded.primary()?.key;
        signed.admit(&entry.key, Operation::Sign)?;
        let key = entry.private_key(step.permit(0)?, step.engine.barrier())?;
        let signature = key.sign(signed.algorithm, signed.message())?;
        Ok(Performed::read(SignResponse {
            key_id: entry.key.arn.clone(),
            signature: signature.into(),
            signing_algorithm: signed.algorithm,
        }))
    }
}

/// A checked `VerifyRequest`.
#[derive(Debug)]
pub struct Verify {
    signed: Signed,
    signature: Vec<u8>,
}

impl KeyOperation for VerifyRequest {
    type Checked = Verify;
    const TAKES_ALIAS: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        let message_type = self.message_type.as_deref();
        let algorithm = self.signing_algorithm.as_ref();
        record(parameters, message_type, algorithm, self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn check(self) -> Result<Verify, Error> {
        let (message_type, algorithm) = (self.message_type, self.signing_algorithm);
        Ok(Verify {
            signed: Signed::parse(
                self.message,
                message_type.as_deref(),
                algorithm.as_deref(),
                self.dry_run,
            )?,
            signature: present(self.signature)?.into_vec(),
        })
    }

    fn specific(checked: &Verify) -> Specific<'_> {
        checked.signed.specific()
    }

    fn perform(verify: Verify, step: &Step<'_>) -> Result<Performed<VerifyResponse>, Error> {
        let entry = &step.loaded.primary()?.key;
        let Verify { signed, signature } = verify;
        signed.admit(&entry.key, Operation::Verify)?;
        entry
            .public_key(step.permit(0)?)?
            .verify(signed.algorithm, signed.message(), &signature)
            .map_err(|_| Error::InvalidSignature)?;
        Ok(Performed::read(VerifyResponse {
            key_id: entry.key.arn.clone(),
            signature_valid: true,
            signing_algorithm: signed.algorithm,
        }))
    }
}
