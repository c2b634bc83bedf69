//! `CreateKey`

use std::collections::BTreeMap;

use super::change::Edit;
use super::context::CallContext;
use super::custom_key_stores::{self, failure};
use super::key_kind::require_offered;
use super::metadata::{key_metadata, recorded};
use super::new_material::first_material;
use super::new_policy;
use super::operation::{Authorization, Event, Inquiry, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::validated;
use super::tags;
use super::values::Specific;
use crate::Error;
use crate::api::{
    self, CreateKeyRequest, CreateKeyResponse, KeySpec, KeyUsage, MultiRegionKeyType, Origin,
};
use crate::crypto::random;
use crate::ids::{KeyArn, KeyId, Region};
use crate::keys::{ExternalKey, Import, Key, KeyKind, Lifecycle, NamingSalt};
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
    external: Option<ExternalKey>,
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
    KeyKind::new(spec, usage).ok_or_else(|| {
        Error::Validation(format!(
            "KeyUsage {usage} is not compatible with KeySpec {spec}"
        ))
    })
}

/// Where the material comes from: from this service, or from outside.
fn origin(request: &CreateKeyRequest, kind: KeyKind) -> Result<Origin, Error> {
    let named = request.origin.as_deref();
    let origin = named.map_or(Ok(Origin::AwsKms), str::parse);
    match origin.map_err(Error::internal)? {
        Origin::External if !kind.is_importable() => Err(unsupported(&format!(
            "Origin EXTERNAL with KeySpec {}",
            kind.spec
        ))),
        // As AWS: no other kind of key is in a custom key store.
        Origin::ExternalKeyStore if kind != KeyKind::default() => Err(unsupported(&format!(
            "KeySpec {} in a custom key store",
            kind.spec
        ))),
        origin @ Origin::AwsCloudhsm => Err(unsupported(&format!("Origin {origin}"))),
        origin => Ok(origin),
    }
}

/// The members that say which custom key store and external key are asked for belong to an origin
/// each.
fn check_store(request: &CreateKeyRequest, origin: Origin) -> Result<(), Error> {
    let in_store = origin == Origin::ExternalKeyStore;
    let given = |name, given: bool, needed: bool| match (given, needed) {
        (true, false) => Err(Error::Validation(format!(
            "{name} is not valid for a KMS key with an Origin of {origin}."
        ))),
        (false, true) => Err(Error::Validation(format!(
            "{name} is required for a KMS key with an Origin of {origin}."
        ))),
        _ => Ok(()),
    };
    if in_store && request.multi_region == Some(true) {
        return Err(unsupported("MultiRegion in a custom key store"));
    }
    given(
        "CustomKeyStoreId",
        request.custom_key_store_id.is_some(),
        in_store,
    )?;
    given("XksKeyId", request.xks_key_id.is_some(), in_store)
}

/// The external key that is asked for.
fn external(request: &CreateKeyRequest) -> Result<Option<ExternalKey>, Error> {
    let (Some(store), Some(key)) = (&request.custom_key_store_id, &request.xks_key_id) else {
        return Ok(None);
    };
    Ok(Some(ExternalKey {
        store: store
            .parse()
            .map_err(|_| custom_key_stores::not_found(store))?,
        key: key.parse().map_err(Error::internal)?,
    }))
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

    /// The key, once all but a proxy agrees to it.
    fn into_checked_key(self, step: &Step<'_>) -> Result<Key, Error> {
        require_offered(step.engine, self.kind.spec, "KeySpec SM2")?;
        within_quota(step, &step.call.region, 0)?;
        let bypass = self.bypass_lockout_check == Some(true);
        let mut key = self.into_key(step)?;
        new_policy::check_effect(step, &mut key, &[], bypass)?;
        Ok(key)
    }

    /// The store of an external key is there and connected, and no other key has it.
    fn check_external(&self, step: &Step<'_>) -> Result<Option<Inquiry>, Error> {
        let Some(external) = &self.external else {
            return Ok(None);
        };
        let name = api::Operation::CreateKey.as_str();
        custom_key_stores::asked_for_key(external, step, name).map(Some)
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
            policy_principals: BTreeMap::new(),
            automatic_rotation: None,
            materials,
            import,
            multi_region: self.multi_region,
            external: self.external,
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
    let there = there.map_or(0, |region| region.key_count());
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
            .optional("customKeyStoreId", self.custom_key_store_id.as_ref())
            .optional("xksKeyId", self.xks_key_id.as_ref())
            .optional("multiRegion", self.multi_region.as_ref())
            .optional("tags", tags::recorded(self.tags.as_ref()).as_ref())
            .optional(
                "bypassPolicyLockoutSafetyCheck",
                self.bypass_policy_lockout_safety_check.as_ref(),
            );
    }

    fn before_inquiry(&self) -> Option<Self> {
        self.xks_key_id.is_some().then(|| self.clone())
    }

    fn inquiry(parsed: CreateKey, step: &Step<'_>) -> Result<Option<Inquiry>, Error> {
        let inquiry = parsed.check_external(step)?;
        parsed.into_checked_key(step)?;
        Ok(inquiry)
    }

    fn key_pair(&self) -> Option<KeySpec> {
        let kind = kind(self).ok()?;
        (origin(self, kind).ok()? == Origin::AwsKms).then_some(kind.spec)
    }

    fn parse(self) -> Result<CreateKey, Error> {
        validated(&self)?;
        let kind = kind(&self)?;
        let origin = origin(&self, kind)?;
        check_store(&self, origin)?;
        if let Some(text) = &self.policy {
            new_policy::check_document(text)?;
        }
        Ok(CreateKey {
            kind,
            origin,
            multi_region: (self.multi_region == Some(true)).then_some(MultiRegionKeyType::Primary),
            external: external(&self)?,
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
        parsed.check_external(step)?;
        if parsed.external.is_some() {
            let fits = step.found()?;
            if !fits.map_err(failure::creating_key)? {
                return Err(failure::unfit_key());
            }
        }
        let key = parsed.into_checked_key(step)?;
        let response = CreateKeyResponse {
            key_metadata: key_metadata(&key, step.state, step.now)?,
        };
        let mut elements = Parameters::default();
        elements.object("keyMetadata", recorded(&response.key_metadata));
        Ok(Performed::changed(response, vec![Edit::PutKey(Box::new(key))]).with_elements(elements))
    }
}
