//! `DeriveSharedSecret`

use super::key_kind::{require_algorithm, require_usage};
use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::request::{end_dry_run, present};
use super::values::Specific;
use crate::Error;
use crate::api::{
    DeriveSharedSecretRequest, DeriveSharedSecretResponse, KeyAgreementAlgorithm, KeyUsage,
    Operation, RecipientInfo,
};

/// A checked `DeriveSharedSecretRequest`.
#[derive(Debug)]
pub struct DeriveSharedSecret {
    algorithm: KeyAgreementAlgorithm,
    peer: Vec<u8>,
    dry_run: Option<bool>,
}

impl KeyOperation for DeriveSharedSecretRequest {
    type Checked = DeriveSharedSecret;
    const TAKES_ALIAS: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional(
                "keyAgreementAlgorithm",
                self.key_agreement_algorithm.as_ref(),
            )
            .optional("publicKey", self.public_key.as_ref())
            .optional("dryRun", self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn recipient(&self) -> Option<&RecipientInfo> {
        self.recipient.as_ref()
    }

    fn check(self) -> Result<DeriveSharedSecret, Error> {
        let algorithm = present(self.key_agreement_algorithm)?;
        Ok(DeriveSharedSecret {
            algorithm: algorithm.parse().map_err(Error::internal)?,
            peer: present(self.public_key)?.into_vec(),
            dry_run: self.dry_run,
        })
    }

    fn specific(checked: &DeriveSharedSecret) -> Specific<'_> {
        Specific {
            key_agreement_algorithm: Some(checked.algorithm),
            counts_request_alias: true,
            ..Specific::default()
        }
    }

    fn perform(
        asked: DeriveSharedSecret,
        step: &Step<'_>,
    ) -> Result<Performed<DeriveSharedSecretResponse>, Error> {
        let entry = &step.loaded.primary()?.key;
        let key = &entry.key;
        require_usage(key, KeyUsage::KeyAgreement, Operation::DeriveSharedSecret)?;
        require_algorithm(key, asked.algorithm, key.kind.key_agreement_algorithms())?;
        end_dry_run(asked.dry_run)?;
        // AWS says no more of a public key that it cannot agree with.
        let secret = entry
            .private_key(step.permit(0)?, step.engine.barrier())?
            .agree(&asked.peer)
            .map_err(|_| Error::Validation(String::new()))?;
        let answer = step.recipient().answer(secret)?;
        Ok(Performed::read(DeriveSharedSecretResponse {
            key_id: key.arn.clone(),
            shared_secret: answer.plaintext,
            ciphertext_for_recipient: answer.ciphertext_for_recipient,
            key_agreement_algorithm: asked.algorithm,
            key_origin: key.origin(),
        }))
    }
}
