//! `GenerateDataKey` and `GenerateDataKeyWithoutPlaintext`

use super::cipher;
use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{context, end_dry_run, present, validated};
use super::resolve::key_ref;
use super::symmetric;
use super::values::Specific;
use crate::Error;
use crate::api::{
    self, DataKeySpec, EncryptionAlgorithm, EncryptionContextMap, GenerateDataKeyRequest,
    GenerateDataKeyResponse, GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintextResponse, RecipientInfo,
};
use crate::ciphertext::EncryptionContext;
use crate::ids::{KeyArn, KeyRef};
use crate::secret::SecretBytes;

/// A checked request for a data key.
#[derive(Debug)]
pub struct GenerateDataKey {
    key: KeyRef,
    length: usize,
    context: EncryptionContext,
    dry_run: Option<bool>,
}

/// The length in bytes of the data key: by name or by number, and only one of them.
fn length(spec: Option<&str>, bytes: Option<i32>) -> Result<usize, Error> {
    let ambiguous =
        || Error::Validation("Please specify either number of bytes or key spec.".to_owned());
    match (spec, bytes) {
        (Some(spec), None) => spec
            .parse()
            .map(DataKeySpec::length)
            .map_err(|_| ambiguous()),
        (None, Some(bytes)) => usize::try_from(bytes).map_err(|_| ambiguous()),
        _ => Err(ambiguous()),
    }
}

struct DataKey {
    plaintext: SecretBytes,
    sealed: symmetric::Sealed,
    arn: KeyArn,
}

impl GenerateDataKey {
    fn authorization<'a>(
        &'a self,
        action: &'static str,
        loaded: &'a Loaded,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let on = On::Key(loaded.primary()?);
        Ok(vec![
            Authorization::new(action, on).with(Specific::cryptographic(&self.context)),
        ])
    }

    fn generate(self, step: &Step<'_>, operation: api::Operation) -> Result<DataKey, Error> {
        let target = step.loaded.primary()?;
        let algorithm = EncryptionAlgorithm::SymmetricDefault;
        cipher::admit(&target.key.key, algorithm, operation)?;
        end_dry_run(self.dry_run)?;
        let plaintext =
            SecretBytes::try_build(self.length, |bytes| step.engine.random().fill(bytes))?;
        let sealer = symmetric::Sealer::new(step, 0, target, self.context, operation)?;
        let sealed = sealer.seal(plaintext.expose())?;
        let arn = target.key.key.arn.clone();
        Ok(DataKey {
            plaintext,
            sealed,
            arn,
        })
    }
}

fn record(
    parameters: &mut Parameters,
    key: Option<&String>,
    context: Option<&EncryptionContextMap>,
    spec: Option<&String>,
    bytes: Option<&i32>,
) {
    parameters
        .optional("keyId", key)
        .optional("encryptionContext", context.map(|map| &map.0))
        .optional("keySpec", spec)
        .optional("numberOfBytes", bytes);
}

impl Operation for GenerateDataKeyRequest {
    type Parsed = GenerateDataKey;
    type Response = GenerateDataKeyResponse;
    const EVENT: Event = Event::kms(api::Operation::GenerateDataKey);

    fn parameters(&self, parameters: &mut Parameters) {
        let context = self.encryption_context.as_ref();
        let (spec, bytes) = (self.key_spec.as_ref(), self.number_of_bytes.as_ref());
        record(parameters, self.key_id.as_ref(), context, spec, bytes);
        parameters.optional("dryRun", self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn recipient(&self) -> Option<&RecipientInfo> {
        self.recipient.as_ref()
    }

    fn parse(self) -> Result<GenerateDataKey, Error> {
        validated(&self)?;
        Ok(GenerateDataKey {
            key: key_ref(&present(self.key_id)?)?,
            length: length(self.key_spec.as_deref(), self.number_of_bytes)?,
            context: context(self.encryption_context)?,
            dry_run: self.dry_run,
        })
    }

    fn lookups(parsed: &GenerateDataKey) -> Lookups {
        Lookups::named(&parsed.key)
    }

    fn authorizations<'a>(
        parsed: &'a GenerateDataKey,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        parsed.authorization("kms:GenerateDataKey", loaded)
    }

    fn perform(
        parsed: GenerateDataKey,
        step: &Step<'_>,
    ) -> Result<Performed<Self::Response>, Error> {
        let key = parsed.generate(step, api::Operation::GenerateDataKey)?;
        let answer = step.recipient().answer(key.plaintext)?;
        let key_id = key.arn;
        Ok(key.sealed.answer(|blob, material| {
            let response = GenerateDataKeyResponse {
                ciphertext_blob: blob.into(),
                plaintext: answer.plaintext,
                ciphertext_for_recipient: answer.ciphertext_for_recipient,
                key_id,
                key_material_id: Some(material.clone()),
            };
            Performed::read(response).with_material("keyMaterialId", &material)
        }))
    }
}

impl Operation for GenerateDataKeyWithoutPlaintextRequest {
    type Parsed = GenerateDataKey;
    type Response = GenerateDataKeyWithoutPlaintextResponse;
    const EVENT: Event = Event::kms(api::Operation::GenerateDataKeyWithoutPlaintext);

    fn parameters(&self, parameters: &mut Parameters) {
        let context = self.encryption_context.as_ref();
        let (spec, bytes) = (self.key_spec.as_ref(), self.number_of_bytes.as_ref());
        record(parameters, self.key_id.as_ref(), context, spec, bytes);
        parameters.optional("dryRun", self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn parse(self) -> Result<GenerateDataKey, Error> {
        validated(&self)?;
        Ok(GenerateDataKey {
            key: key_ref(&present(self.key_id)?)?,
            length: length(self.key_spec.as_deref(), self.number_of_bytes)?,
            context: context(self.encryption_context)?,
            dry_run: self.dry_run,
        })
    }

    fn lookups(parsed: &GenerateDataKey) -> Lookups {
        Lookups::named(&parsed.key)
    }

    fn authorizations<'a>(
        parsed: &'a GenerateDataKey,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        parsed.authorization("kms:GenerateDataKeyWithoutPlaintext", loaded)
    }

    fn perform(
        parsed: GenerateDataKey,
        step: &Step<'_>,
    ) -> Result<Performed<Self::Response>, Error> {
        let key = parsed.generate(step, api::Operation::GenerateDataKeyWithoutPlaintext)?;
        let key_id = key.arn;
        Ok(key.sealed.answer(|blob, material| {
            let response = GenerateDataKeyWithoutPlaintextResponse {
                ciphertext_blob: blob.into(),
                key_id,
                key_material_id: Some(material.clone()),
            };
            Performed::read(response).with_material("keyMaterialId", &material)
        }))
    }
}
