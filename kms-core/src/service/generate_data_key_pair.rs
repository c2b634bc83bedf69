//! `GenerateDataKeyPair` and `GenerateDataKeyPairWithoutPlaintext`

use super::cipher;
use super::context::CallContext;
use super::key_kind::require_offered;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{context, end_dry_run, present, validated};
use super::resolve::key_ref;
use super::symmetric;
use super::values::Specific;
use crate::Error;
use crate::api::{
    self, DataKeyPairSpec, EncryptionAlgorithm, EncryptionContextMap, GenerateDataKeyPairRequest,
    GenerateDataKeyPairResponse, GenerateDataKeyPairWithoutPlaintextRequest,
    GenerateDataKeyPairWithoutPlaintextResponse, KeySpec, RecipientInfo,
};
use crate::ciphertext::EncryptionContext;
use crate::crypto::asymmetric::NewKeyPair;
use crate::ids::{KeyArn, KeyRef};

/// A checked request for a data key pair.
#[derive(Debug)]
pub struct GenerateDataKeyPair {
    key: KeyRef,
    spec: DataKeyPairSpec,
    context: EncryptionContext,
    dry_run: Option<bool>,
}

struct DataKeyPair {
    pair: NewKeyPair,
    sealed: symmetric::Sealed,
    arn: KeyArn,
}

/// The kind of key pair to make before the request is walked.
fn needed(spec: Option<&str>, dry_run: Option<bool>) -> Option<KeySpec> {
    let spec: DataKeyPairSpec = spec?.parse().ok()?;
    (dry_run != Some(true)).then_some(spec.key_spec())
}

impl GenerateDataKeyPair {
    fn parse(
        key: Option<String>,
        spec: Option<&str>,
        pairs: Option<EncryptionContextMap>,
        dry_run: Option<bool>,
    ) -> Result<Self, Error> {
        let spec: DataKeyPairSpec = present(spec)?.parse().map_err(Error::internal)?;
        Ok(Self {
            key: key_ref(&present(key)?)?,
            spec,
            context: context(pairs)?,
            dry_run,
        })
    }

    fn authorization<'a>(
        &'a self,
        action: &'static str,
        loaded: &'a Loaded,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let specific = Specific {
            data_key_pair_spec: Some(self.spec),
            ..Specific::cryptographic(&self.context)
        };
        let on = On::Key(loaded.primary()?);
        Ok(vec![Authorization::new(action, on).with(specific)])
    }

    fn generate(self, step: &Step<'_>, operation: api::Operation) -> Result<DataKeyPair, Error> {
        require_offered(step.engine, self.spec.key_spec(), "KeyPairSpec SM2")?;
        let target = step.loaded.primary()?;
        let key = &target.key.key;
        cipher::admit(key, EncryptionAlgorithm::SymmetricDefault, operation)?;
        end_dry_run(self.dry_run)?;
        let pairs = step.engine.key_pairs();
        let pair = pairs.take(self.spec.key_spec(), step.engine.system_random())?;
        let sealer = symmetric::Sealer::new(step, 0, target, self.context, operation)?;
        let sealed = sealer.seal(pair.private.expose())?;
        Ok(DataKeyPair {
            pair,
            sealed,
            arn: key.arn.clone(),
        })
    }
}

fn record(
    parameters: &mut Parameters,
    key: Option<&String>,
    context: Option<&EncryptionContextMap>,
    spec: Option<&String>,
    dry_run: Option<&bool>,
) {
    parameters
        .optional("keyId", key)
        .optional("encryptionContext", context.map(|map| &map.0))
        .optional("keyPairSpec", spec)
        .optional("dryRun", dry_run);
}

impl Operation for GenerateDataKeyPairRequest {
    type Parsed = GenerateDataKeyPair;
    type Response = GenerateDataKeyPairResponse;
    const EVENT: Event = Event::kms(api::Operation::GenerateDataKeyPair);

    fn parameters(&self, parameters: &mut Parameters) {
        let context = self.encryption_context.as_ref();
        let (key, spec) = (self.key_id.as_ref(), self.key_pair_spec.as_ref());
        record(parameters, key, context, spec, self.dry_run.as_ref());
    }

    fn key_pair(&self) -> Option<KeySpec> {
        needed(self.key_pair_spec.as_deref(), self.dry_run)
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn recipient(&self) -> Option<&RecipientInfo> {
        self.recipient.as_ref()
    }

    fn parse(self) -> Result<GenerateDataKeyPair, Error> {
        validated(&self)?;
        let spec = self.key_pair_spec.as_deref();
        GenerateDataKeyPair::parse(self.key_id, spec, self.encryption_context, self.dry_run)
    }

    fn lookups(parsed: &GenerateDataKeyPair) -> Lookups {
        Lookups::named(&parsed.key)
    }

    fn authorizations<'a>(
        parsed: &'a GenerateDataKeyPair,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        parsed.authorization("kms:GenerateDataKeyPair", loaded)
    }

    fn perform(
        parsed: GenerateDataKeyPair,
        step: &Step<'_>,
    ) -> Result<Performed<Self::Response>, Error> {
        let key_pair_spec = parsed.spec;
        let made = parsed.generate(step, api::Operation::GenerateDataKeyPair)?;
        let answer = step.recipient().answer(made.pair.private)?;
        let (public_key, key_id) = (made.pair.public, made.arn);
        Ok(made.sealed.answer(move |blob, material| {
            let response = GenerateDataKeyPairResponse {
                private_key_ciphertext_blob: blob.into(),
                private_key_plaintext: answer.plaintext,
                ciphertext_for_recipient: answer.ciphertext_for_recipient,
                public_key: public_key.into(),
                key_id,
                key_pair_spec,
                key_material_id: Some(material.clone()),
            };
            Performed::read(response).with_material("keyMaterialId", &material)
        }))
    }
}

impl Operation for GenerateDataKeyPairWithoutPlaintextRequest {
    type Parsed = GenerateDataKeyPair;
    type Response = GenerateDataKeyPairWithoutPlaintextResponse;
    const EVENT: Event = Event::kms(api::Operation::GenerateDataKeyPairWithoutPlaintext);

    fn parameters(&self, parameters: &mut Parameters) {
        let context = self.encryption_context.as_ref();
        let (key, spec) = (self.key_id.as_ref(), self.key_pair_spec.as_ref());
        record(parameters, key, context, spec, self.dry_run.as_ref());
    }

    fn key_pair(&self) -> Option<KeySpec> {
        needed(self.key_pair_spec.as_deref(), self.dry_run)
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn parse(self) -> Result<GenerateDataKeyPair, Error> {
        validated(&self)?;
        let spec = self.key_pair_spec.as_deref();
        GenerateDataKeyPair::parse(self.key_id, spec, self.encryption_context, self.dry_run)
    }

    fn lookups(parsed: &GenerateDataKeyPair) -> Lookups {
        Lookups::named(&parsed.key)
    }

    fn authorizations<'a>(
        parsed: &'a GenerateDataKeyPair,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        parsed.authorization("kms:GenerateDataKeyPairWithoutPlaintext", loaded)
    }

    fn perform(
        parsed: GenerateDataKeyPair,
        step: &Step<'_>,
    ) -> Result<Performed<Self::Response>, Error> {
        let key_pair_spec = parsed.spec;
        let operation = api::Operation::GenerateDataKeyPairWithoutPlaintext;
        let made = parsed.generate(step, operation)?;
        let (public_key, key_id) = (made.pair.public, made.arn);
        Ok(made.sealed.answer(move |blob, material| {
            let response = GenerateDataKeyPairWithoutPlaintextResponse {
                private_key_ciphertext_blob: blob.into(),
                public_key: public_key.into(),
                key_id,
                key_pair_spec,
                key_material_id: Some(material.clone()),
            };
            Performed::read(response).with_material("keyMaterialId", &material)
        }))
    }
}
