//! `Encrypt`

use super::cipher;
use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{SYMMETRIC, context, end_dry_run, present, validated};
use super::resolve::key_ref;
use super::values::Specific;
use crate::Error;
use crate::api::{self, EncryptRequest, EncryptResponse, EncryptionAlgorithm};
use crate::ciphertext::EncryptionContext;
use crate::ids::KeyRef;
use crate::secret::SecretBytes;

/// A checked `EncryptRequest`.
#[derive(Debug)]
pub struct Encrypt {
    key: KeyRef,
    plaintext: SecretBytes,
    context: EncryptionContext,
    algorithm: EncryptionAlgorithm,
    dry_run: Option<bool>,
}

impl Operation for EncryptRequest {
    type Parsed = Encrypt;
    type Response = EncryptResponse;
    const EVENT: Event = Event::kms(api::Operation::Encrypt);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("keyId", self.key_id.as_ref())
            .optional(
                "encryptionContext",
                self.encryption_context.as_ref().map(|map| &map.0),
            )
            .value(
                "encryptionAlgorithm",
                self.encryption_algorithm.as_deref().unwrap_or(SYMMETRIC),
            )
            .optional("dryRun", self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn parse(self) -> Result<Encrypt, Error> {
        validated(&self)?;
        let algorithm = cipher::algorithm(self.encryption_algorithm.as_deref())?;
        let context = context(self.encryption_context)?;
        cipher::check_context(algorithm, &context)?;
        Ok(Encrypt {
            key: key_ref(&present(self.key_id)?)?,
            plaintext: present(self.plaintext)?,
            context,
            algorithm,
            dry_run: self.dry_run,
        })
    }

    fn lookups(parsed: &Encrypt) -> Lookups {
        Lookups::named(&parsed.key)
    }

    fn authorizations<'a>(
        parsed: &'a Encrypt,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let on = On::Key(loaded.primary()?);
        let specific = Specific::encrypting(parsed.algorithm, &parsed.context);
        Ok(vec![Authorization::new("kms:Encrypt", on).with(specific)])
    }

    fn perform(parsed: Encrypt, step: &Step<'_>) -> Result<Performed<EncryptResponse>, Error> {
        let target = step.loaded.primary()?;
        let (algorithm, context) = (parsed.algorithm, parsed.context);
        let operation = api::Operation::Encrypt;
        cipher::admit(&target.key.key, algorithm, operation)?;
        end_dry_run(parsed.dry_run)?;
        let sealer = cipher::Sealer::new(step, 0, target, algorithm, context, operation)?;
        let sealed = sealer.seal(parsed.plaintext.expose())?;
        let key_id = target.key.key.arn.clone();
        Ok(sealed.answer(move |blob, material| {
            let response = EncryptResponse {
                ciphertext_blob: blob.into(),
                key_id,
                encryption_algorithm: algorithm,
            };
            Performed::read(response).with_material("keyMaterialId", material.as_ref())
        }))
    }
}
