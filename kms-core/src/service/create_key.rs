//! `CreateKey`

use std::collections::BTreeMap;

use super::change::Edit;
use super::context::CallContext;
use super::metadata::{key_metadata, recorded};
use super::new_material::first_material;
use super::new_policy;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{no_custom_key_store, validated};
use super::tags;
use super::values::Specific;
use crate::Error;
use crate::api::{
    self, CreateKeyRequest, CreateKeyResponse, KeySpec, KeyUsage, MultiRegionKeyType, Origin,
};
use crate::crypto::random;
use crate::ids::{KeyArn, KeyId, Region};
use crate::keys::{Import, Key, KeyKind, Lifecycle, NamingSalt};
use crate::policy::KeyPolicy;

/// A checked `CreateKeyRequest`.
#[derive(Debug)]
pub struct CreateKey {
    policy: Option<String>,
    description: String,
    tags: BTreeMap<String, String>,
    kind: KeyKind,
    origin: Origin,
    multi_region: Option<MultiRegionKeyType>,
    bypass_lockout_check: Option<bool>,
}

fn unsupported(what: &str) -> Error {
    Error::UnsupportedOperation(format!("{what} is not supported."))
}

/// The spec that is asked for, by its name or by its deprecated one.
fn spec(request: &CreateKeyRequest) -> &str {
    let deprecated = request.customer_master_key_spec.as_deref();
    let spec = request.key_spec.as_deref().or(deprecated);
    spec.unwrap_or(KeySpec::SymmetricDefault.as_str())
}

/// Which kind of key is asked for.
fn kind(request: &CreateKeyRequest) -> Result<KeyKind, Error> {
    if request.key_spec.is_some() && request.customer_master_key_spec.is_some() {
        return Err(Error::Validation(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
             CustomerMasterKeySpec is deprecated."
                .to_owned(),
        ));
    }
    let name = spec(request);
    let spec: KeySpec = name.parse().map_err(Error::internal)?;
    let usage = match request.key_usage.as_deref() {
        Some(usage) => usage.parse().map_err(Error::internal)?,
        None if spec == KeySpec::SymmetricDefault => KeyUsage::EncryptDecrypt,
        None => {
            return Err(Error::Validation(
                "You must specify a KeyUsage value for all KMS keys except for symmetric \
                 encryption keys."
                    .to_owned(),
            ));
        }
    };
    if spec == KeySpec::Sm2 {
        return Err(unsupported("KeySpec SM2"));
    }
    KeyKind::new(spec, usage).ok_or_else(|| {
        Error::Validation(format!(
            "KeyUsage {usage} is not compatible with KeySpec {spec}"
        ))
    })
}

/// Where the material comes from: from this service, or from outside.
fn origin(request: &CreateKeyRequest, kind: KeyKind) -> Result<Origin, Error> {
    no_custom_key_store(request.custom_key_store_id.as_ref())?;
    if request.xks_key_id.is_some() {
        return Err(unsupported("XksKeyId"));
    }
    let named = request.origin.as_deref();
    let origin = named.map_or(Ok(Origin::AwsKms), str::parse);
    match origin.map_err(Error::internal)? {
        Origin::External if !kind.is_importable() => Err(unsupported(&format!(
            "Origin EXTERNAL with KeySpec {}",
            kind.spec
        ))),
        origin @ (Origin::AwsKms | Origin::External) => Ok(origin),
        origin => Err(unsupported(&format!("Origin {origin}"))),
    }
}

impl CreateKey {
    fn specific(&self) -> Specific<'_> {
        Specific {
            request_tags: Some(&self.tags),
            bypass_policy_lockout_safety_check: self.bypass_lockout_check,
            creates_key: Some(self.kind),
            creates_origin: Some(self.origin),
            creates_multi_region: self.multi_region,
            ..Specific::default()
        }
    }

    fn into_key(self, step: &Step<'_>) -> Result<Key, Error> {
        let bits = u128::from_be_bytes(random::array(step.engine.system_random())?);
        let account = step.call.account().clone();
        let default_policy = || KeyPolicy::default_text(&account);
        let id = match self.multi_region {
            Some(_) => KeyId::MultiRegion(bits),
            None => KeyId::uuid_from_random(bits),
        };
        let (mut materials, mut import) = (Vec::new(), None);
        if self.origin == Origin::External {
            import = Some(Import {
                salt: NamingSalt::generate(step.engine.system_random())?,
                pending: None,
            });
        } else {
            materials.push(first_material(step.engine, id, self.kind, step.now)?);
        }
        Ok(Key {
            created: step.now,
            lifecycle: Lifecycle::Enabled,
            description: self.description,
            tags: self.tags,
            policy: self.policy.unwrap_or_else(default_policy),
            automatic_rotation: None,
            materials,
            import,
            multi_region: self.multi_region,
            kind: self.kind,
            arn: KeyArn {
                region: step.call.region.clone(),
                account,
                key: id,
            },
        })
    }
}

/// Whether `region` has room for one key more, besides `coming` that are on their way.
pub(super) fn within_quota(step: &Step<'_>, region: &Region, coming: usize) -> Result<(), Error> {
    let there = step.state.region(step.call.account(), region);
    let there = there.map_or(0, |region| region.keys.len());
    if there.saturating_add(coming) >= step.engine.quotas().keys {
        return Err(Error::LimitExceeded(format!(
            "The quota of {} keys is reached.",
            step.engine.quotas().keys
        )));
    }
    Ok(())
}

impl Operation for CreateKeyRequest {
    type Parsed = CreateKey;
    type Response = CreateKeyResponse;
    const EVENT: Event = Event::kms(api::Operation::CreateKey);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("policy", self.policy.as_ref())
            .optional("description", self.description.as_ref())
            .value(
                "keyUsage",
                self.key_usage
                    .as_deref()
                    .unwrap_or(KeyUsage::EncryptDecrypt.as_str()),
            )
            .value("keySpec", spec(self))
            .value(
                "origin",
                self.origin.as_deref().unwrap_or(Origin::AwsKms.as_str()),
            )
            .optional("multiRegion", self.multi_region.as_ref())
            .optional("tags", tags::recorded(self.tags.as_ref()).as_ref())
            .optional(
                "bypassPolicyLockoutSafetyCheck",
                self.bypass_policy_lockout_safety_check.as_ref(),
            );
    }

    fn key_pair(&self) -> Option<KeySpec> {
        let kind = kind(self).ok()?;
        (origin(self, kind).ok()? == Origin::AwsKms).then_some(kind.spec)
    }

    fn parse(self) -> Result<CreateKey, Error> {
        validated(&self)?;
        let kind = kind(&self)?;
        let origin = origin(&self, kind)?;
        if let Some(text) = &self.policy {
            new_policy::check_document(text)?;
        }
        Ok(CreateKey {
            kind,
            origin,
            multi_region: (self.multi_region == Some(true)).then_some(MultiRegionKeyType::Primary),
            policy: self.policy,
            description: self.description.unwrap_or_default(),
            tags: tags::requested(self.tags)?,
            bypass_lockout_check: self.bypass_policy_lockout_safety_check,
        })
    }

    fn authorizations<'a>(
        parsed: &'a CreateKey,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let mut needed = vec![Authorization::new("kms:CreateKey", On::Any).with(parsed.specific())];
        if !parsed.tags.is_empty() {
            needed.push(Authorization::new("kms:TagResource", On::Any).with(parsed.specific()));
        }
        Ok(needed)
    }

    fn perform(parsed: CreateKey, step: &Step<'_>) -> Result<Performed<CreateKeyResponse>, Error> {
        within_quota(step, &step.call.region, 0)?;
        let bypass = parsed.bypass_lockout_check == Some(true);
        let key = parsed.into_key(step)?;
        new_policy::check_effect(step, &key, &[], bypass)?;
        let response = CreateKeyResponse {
            key_metadata: key_metadata(&key, step.state, step.now),
        };
        let mut elements = Parameters::default();
        elements.object("keyMetadata", recorded(&response.key_metadata));
        Ok(Performed::changed(response, vec![Edit::PutKey(Box::new(key))]).with_elements(elements))
    }
}
