//! `Recipient`: an attested enclave or instance that an answer's secret is encrypted to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::engine::Engine;
use super::operation::Step;
use crate::Error;
use crate::api::{Blob, RecipientInfo};
use crate::attestation::{self, Attestation, RegisterBank};
use crate::crypto::digest::hexadecimal;
use crate::crypto::random::Random;
use crate::secret::SecretBytes;
use crate::time::Timestamp;

/// The registers of an enclave that are recorded even when they are zero, as they are in debug mode.
const RECORDED_OF_AN_ENCLAVE: [u8; 6] = [0, 1, 2, 3, 4, 8];

/// How many registers of an enclave, and of a NitroTPM, can be asked for by conditions.
const CONDITIONS: (u8, u8) = (32, 24);

impl Engine {
    /// Verifies the member `Recipient`, which is constrained as AWS's model has it.
    ///
    /// # Errors
    /// [`Error::Validation`] says what is wrong with it, [`Error::UnsupportedOperation`] where no
    /// document is believed.
    pub(super) fn attest(
        &self,
        recipient: &RecipientInfo,
        now: Timestamp,
    ) -> Result<Attestation, Error> {
        if self.attestation_roots.is_empty() {
            return Err(Error::UnsupportedOperation(
                "Recipient is not supported: no attestation root is configured.".to_owned(),
            ));
        }
        let required = |name| Error::Validation(format!("Recipient requires {name}."));
        if recipient.key_encryption_algorithm.is_none() {
            return Err(required("KeyEncryptionAlgorithm"));
        }
        let document = recipient.attestation_document.as_ref();
        let document = document.ok_or_else(|| required("AttestationDocument"))?;
        attestation::verify(document.as_slice(), &self.attestation_roots, now)
            .map_err(|refusal| Error::Validation(refusal.to_string()))
    }
}

/// A secret in the form in which it is answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// Empty when the other member stands for it.
    pub(super) plaintext: SecretBytes,
    /// For the recipient alone.
    pub(super) ciphertext_for_recipient: Option<Blob>,
}

/// Whom a secret is answered to: the caller, or the recipient of the request. It owns what it needs,
/// since an answer may have to wait for a proxy while the state is let go.
pub(super) struct Recipient(Option<(Arc<Attestation>, Arc<dyn Random>)>);

impl Step<'_> {
    /// Whom the request's secret is answered to.
    pub(super) fn recipient(&self) -> Recipient {
        let attestation = self.attestation.as_ref();
        Recipient(attestation.map(|attestation| {
            let random = self.engine.shared_random();
            (Arc::clone(attestation), random)
        }))
    }
}

impl Recipient {
    /// Encrypts a secret to the recipient, if the request has one.
    pub(super) fn answer(self, secret: SecretBytes) -> Result<Answer, Error> {
        let Some((attestation, random)) = self.0 else {
            return Ok(Answer {
                plaintext: secret,
                ciphertext_for_recipient: None,
            });
        };
        let encrypted = attestation.encrypt(&secret, &*random)?;
        Ok(Answer {
            plaintext: SecretBytes::new(Vec::new()),
            ciphertext_for_recipient: Some(encrypted.into()),
        })
    }
}

/// The value of `kms:RecipientAttestation:NAME` in lower-case hexadecimal; `name` is in lower case.
/// A register that the document does not have, and any other name, has none.
pub(super) fn condition(attestation: &Attestation, name: &str) -> Option<String> {
    let (index, most) = match attestation.bank() {
        RegisterBank::Enclave if name == "imagesha384" => ("0", CONDITIONS.0),
        RegisterBank::Enclave => (name.strip_prefix("pcr")?, CONDITIONS.0),
        RegisterBank::NitroTpm => (name.strip_prefix("nitrotpmpcr")?, CONDITIONS.1),
    };
    let number: u8 = index.parse().ok().filter(|number| *number < most)?;
    // One spelling of a number: neither +1 nor 01.
    (number.to_string() == index).then_some(())?;
    attestation.register(number).map(hexadecimal)
}

/// What the ledger keeps, by CloudTrail's names.
pub(super) fn recorded(attestation: &Attestation) -> BTreeMap<String, String> {
    let module = attestation.module_id().to_owned();
    let registers = attestation.registers().filter_map(|(index, value)| {
        let is_zero = value.iter().all(|byte| *byte == 0);
        let name = match attestation.bank() {
            RegisterBank::Enclave if is_zero && !RECORDED_OF_AN_ENCLAVE.contains(&index) => {
                return None;
            }
            RegisterBank::NitroTpm if is_zero => return None,
            RegisterBank::Enclave if index == 0 => {
                "attestationDocumentEnclaveImageDigest".to_owned()
            }
            RegisterBank::Enclave => format!("attestationDocumentEnclavePCR{index}"),
            RegisterBank::NitroTpm => format!("attestationDocumentNitroTPMPCR{index}"),
        };
        Some((name, hexadecimal(value)))
    });
    std::iter::once(("attestationDocumentModuleId".to_owned(), module))
        .chain(registers)
        .collect()
}
