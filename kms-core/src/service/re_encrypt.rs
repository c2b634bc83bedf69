//! `ReEncrypt`

use super::cipher::{self, Source};
use super::context::CallContext;
use super::operation::{
    Authorization, Event, Loaded, Lookup, Lookups, On, Operation, Performed, Step,
};
use super::parameters::Parameters;
use super::request::{SYMMETRIC, context, present, validated};
use super::resolve::key_ref;
use super::symmetric;
use super::values::Specific;
use crate::Error;
use crate::api::{self, EncryptionAlgorithm, ReEncryptRequest, ReEncryptResponse};
use crate::ciphertext::EncryptionContext;
use crate::ids::KeyRef;

/// A checked `ReEncryptRequest`.
#[derive(Debug)]
pub struct ReEncrypt {
    source: Source,
    source_context: EncryptionContext,
    destination: KeyRef,
    destination_context: EncryptionContext,
    algorithm: EncryptionAlgorithm,
    dry_run: Option<bool>,
}

impl Operation for ReEncryptRequest {
    type Parsed = ReEncrypt;
    type Response = ReEncryptResponse;
    const EVENT: Event = Event::kms(api::Operation::ReEncrypt);

    fn parameters(&self, parameters: &mut Parameters) {
        let algorithm =
            |name: &Option<String>| name.clone().unwrap_or_else(|| SYMMETRIC.to_owned());
        let context =
            |map: &Option<api::EncryptionContextMap>| map.as_ref().map(|map| map.0.clone());
        parameters
            .optional("sourceKeyId", self.source_key_id.as_ref())
            .optional(
                "sourceEncryptionContext",
                context(&self.source_encryption_context).as_ref(),
            )
            .value(
                "sourceEncryptionAlgorithm",
                &algorithm(&self.source_encryption_algorithm),
            )
            .optional("destinationKeyId", self.destination_key_id.as_ref())
            .optional(
                "destinationEncryptionContext",
                context(&self.destination_encryption_context).as_ref(),
            )
            .value(
                "destinationEncryptionAlgorithm",
                &algorithm(&self.destination_encryption_algorithm),
            )
            .optional("dryRun", self.dry_run.as_ref())
            .optional("dryRunModifiers", self.dry_run_modifiers.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn parse(self) -> Result<ReEncrypt, Error> {
        validated(&self)?;
        let source_algorithm = cipher::algorithm(self.source_encryption_algorithm.as_deref())?;
        let algorithm = cipher::algorithm(self.destination_encryption_algorithm.as_deref())?;
        let source_context = context(self.source_encryption_context)?;
        cipher::check_context(source_algorithm, &source_context)?;
        let destination_context = context(self.destination_encryption_context)?;
        cipher::check_context(algorithm, &destination_context)?;
        let authorization_only =
            symmetric::authorization_only(self.dry_run, self.dry_run_modifiers.as_deref())?;
        Ok(ReEncrypt {
            source: Source::parse(
                source_algorithm,
                self.ciphertext_blob,
                self.source_key_id.as_deref(),
                authorization_only,
            )?,
            source_context,
            destination: key_ref(&present(self.destination_key_id)?)?,
            destination_context,
            algorithm,
            dry_run: self.dry_run,
        })
    }

    fn lookups(parsed: &ReEncrypt) -> Lookups {
        Lookups {
            primary: Some(parsed.source.lookup()),
            secondary: Some(Lookup::Named(parsed.destination.clone())),
            ..Lookups::default()
        }
    }

    fn authorizations<'a>(
        parsed: &'a ReEncrypt,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let (from, to) = (loaded.primary()?, loaded.secondary()?);
        let same = Some(from.key.key.arn == to.key.key.arn);
        let specific = |algorithm, context| Specific {
            reencrypt_on_same_key: same,
            ..Specific::encrypting(algorithm, context)
        };
        Ok(vec![
            Authorization::new("kms:ReEncryptFrom", On::Key(from))
                .with(specific(parsed.source.algorithm(), &parsed.source_context)),
            Authorization::new("kms:ReEncryptTo", On::Key(to))
                .with(specific(parsed.algorithm, &parsed.destination_context)),
        ])
    }

    fn perform(parsed: ReEncrypt, step: &Step<'_>) -> Result<Performed<ReEncryptResponse>, Error> {
        let (from, to) = (step.loaded.primary()?, step.loaded.secondary()?);
        let operation = api::Operation::ReEncrypt;
        let source_algorithm = parsed.source.algorithm();
        let context = parsed.source_context;
        cipher::admit(&to.key.key, parsed.algorithm, operation)?;
        let opening = cipher::open(step, 0, from, parsed.source, context, operation)?;
        let (algorithm, context) = (parsed.algorithm, parsed.destination_context);
        let sealer = cipher::Sealer::new(step, 1, to, algorithm, context, operation)?;
        let (source_key_id, key_id) = (from.key.key.arn.clone(), to.key.key.arn.clone());
        opening.answer(parsed.dry_run, move |opened| {
            let sealed = sealer.seal(opened.plaintext.expose())?;
            Ok(sealed.answer(move |blob, material| {
                let response = ReEncryptResponse {
                    ciphertext_blob: blob.into(),
                    source_key_id,
                    key_id,
                    source_encryption_algorithm: source_algorithm,
                    destination_encryption_algorithm: algorithm,
                    source_key_material_id: opened.material.clone(),
                    destination_key_material_id: material.clone(),
                };
                Performed::read(response)
                    .with_material("sourceKeyMaterialId", opened.material.as_ref())
                    .with_material("destinationKeyMaterialId", material.as_ref())
            }))
        })
    }
}
