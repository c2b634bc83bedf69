//! `Decrypt`

use super::cipher::{self, Source};
use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{SYMMETRIC, context, validated};
use super::symmetric;
use super::values::Specific;
use crate::Error;
use crate::api::{self, DecryptRequest, DecryptResponse, RecipientInfo};
use crate::ciphertext::EncryptionContext;

/// A checked `DecryptRequest`.
#[derive(Debug)]
pub struct Decrypt {
    source: Source,
    context: EncryptionContext,
    dry_run: Option<bool>,
}

impl Operation for DecryptRequest {
    type Parsed = Decrypt;
    type Response = DecryptResponse;
    const EVENT: Event = Event::kms(api::Operation::Decrypt);

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
            .optional("dryRun", self.dry_run.as_ref())
            .optional("dryRunModifiers", self.dry_run_modifiers.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn recipient(&self) -> Option<&RecipientInfo> {
        self.recipient.as_ref()
    }

    fn parse(self) -> Result<Decrypt, Error> {
        validated(&self)?;
        let algorithm = cipher::algorithm(self.encryption_algorithm.as_deref())?;
        let context = context(self.encryption_context)?;
        cipher::check_context(algorithm, &context)?;
        let authorization_only =
            symmetric::authorization_only(self.dry_run, self.dry_run_modifiers.as_deref())?;
        Ok(Decrypt {
            source: Source::parse(
                algorithm,
                self.ciphertext_blob,
                self.key_id.as_deref(),
                authorization_only,
            )?,
            context,
            dry_run: self.dry_run,
        })
    }

    fn lookups(parsed: &Decrypt) -> Lookups {
        Lookups {
            primary: Some(parsed.source.lookup()),
            ..Lookups::default()
        }
    }

    fn authorizations<'a>(
        parsed: &'a Decrypt,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let on = On::Key(loaded.primary()?);
        let specific = Specific::encrypting(parsed.source.algorithm(), &parsed.context);
        Ok(vec![Authorization::new("kms:Decrypt", on).with(specific)])
    }

    fn perform(parsed: Decrypt, step: &Step<'_>) -> Result<Performed<DecryptResponse>, Error> {
        let target = step.loaded.primary()?;
        let algorithm = parsed.source.algorithm();
        let operation = api::Operation::Decrypt;
        let opening = cipher::open(step, 0, target, parsed.source, parsed.context, operation)?;
        let key_id = target.key.key.arn.clone();
        let recipient = step.recipient();
        opening.answer(parsed.dry_run, move |opened| {
            let answer = recipient.answer(opened.plaintext)?;
            let response = DecryptResponse {
                key_id,
                plaintext: answer.plaintext,
                ciphertext_for_recipient: answer.ciphertext_for_recipient,
                encryption_algorithm: algorithm,
                key_material_id: opened.material.clone(),
            };
            Ok(Performed::read(response).with_material("keyMaterialId", opened.material.as_ref()))
        })
    }
}
