//! The keys of a seed file, `docs/spec/seed-file.md`. Offered in-process alone: whoever can open
//! the store can apply one, nobody over the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::aliases;
use super::change::Edit;
use super::context::CallContext;
use super::create_key;
use super::given_material::GivenMaterial;
use super::key_kind::require_offered;
use super::key_pairs::is_slow;
use super::new_material::first_material;
use super::new_policy;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::production::is_production;
use crate::Error;
use crate::api::{KeySpec, KeyUsage};
use crate::ids::{AliasArn, AliasName, KeyArn, KeyId, Region};
use crate::keys::{Alias, Key, KeyMaterial, Lifecycle, secret_material_id};
use crate::policy::KeyPolicy;
use crate::secret::SecretBytes;
use crate::seed::{MARK, SeedKey};

/// The most keys that are applied in one commit.
const MOST_KEYS: usize = 256;
/// The most text of the keys that are applied in one commit, in bytes: the record of the commit
/// holds it, and a record has a limit.
const MOST_TEXT: usize = 32 * 1024;

/// Keys that the store shall have, as [`groups`] puts them together.
#[derive(Debug)]
pub struct ApplySeedRequest {
    /// The keys.
    pub keys: Vec<SeedKey>,
    /// Whether a store of production takes them.
    pub in_production: bool,
}

/// What became of the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeedOutcome {
    /// Keys that were made.
    pub created: Vec<KeyArn>,
    /// Keys that were there and were not as the file says.
    pub changed: Vec<KeyArn>,
    /// Keys that were as the file says.
    pub unchanged: Vec<KeyArn>,
}

/// The keys of a file in groups that are applied one after the other.
#[must_use]
pub fn groups(keys: Vec<SeedKey>) -> Vec<Vec<SeedKey>> {
    let mut groups: Vec<Vec<SeedKey>> = Vec::new();
    let mut text = 0_usize;
    for key in keys {
        let length = text_of(&key);
        let alone = pair_to_make(&key).is_some();
        match groups.last_mut() {
            Some(group)
                if !alone
                    && group.len() < MOST_KEYS
                    && text.saturating_add(length) <= MOST_TEXT
                    && group.first().is_none_or(|key| pair_to_make(key).is_none()) =>
            {
                text = text.saturating_add(length);
                group.push(key);
            }
            _ => {
                text = length;
                groups.push(vec![key]);
            }
        }
    }
    groups
}

fn text_of(key: &SeedKey) -> usize {
    let tags = key.tags.iter().map(|(key, value)| key.len() + value.len());
    let aliases = key.aliases.iter().map(|alias| alias.as_str().len());
    let policy = key.policy.as_ref().map_or(0, String::len);
    tags.chain(aliases).fold(
        policy.saturating_add(key.description.len()),
        usize::saturating_add,
    )
}

/// The pair that takes its time and is made before anybody waits for the walk.
fn pair_to_make(key: &SeedKey) -> Option<KeySpec> {
    let spec = key.kind.spec;
    (is_slow(spec) && key.material.is_none()).then_some(spec)
}

fn arn(key: &SeedKey, step: &Step<'_>) -> KeyArn {
    KeyArn {
        region: key
            .region
            .clone()
            .unwrap_or_else(|| step.call.region.clone()),
        account: step.call.account().clone(),
        key: key.id,
    }
}

fn refused(arn: &KeyArn, why: &str) -> Error {
    Error::Validation(format!("The seed's key {arn} {why}"))
}

impl SeedKey {
    fn lifecycle(&self) -> Lifecycle {
        if self.enabled {
            Lifecycle::Enabled
        } else {
            Lifecycle::Disabled
        }
    }

    fn marked_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        tags.insert(MARK.to_owned(), "true".to_owned());
        tags
    }

    fn policy(&self, step: &Step<'_>) -> String {
        let policy = self.policy.clone();
        policy.unwrap_or_else(|| KeyPolicy::default_text(step.call.account()))
    }

    /// The given material under the key, if one is given.
    fn given(&self, arn: &KeyArn) -> Result<Option<GivenMaterial>, Error> {
        let Some(material) = &self.material else {
            return Ok(None);
        };
        let secret = SecretBytes::new(material.expose().to_vec());
        let name = |secret: &[u8]| secret_material_id(self.id, secret);
        match GivenMaterial::new(self.kind, self.id, secret, name)? {
            Some(given) => Ok(Some(given)),
            None => Err(refused(
                arn,
                &format!("is given material that is not of spec {}", self.kind.spec),
            )),
        }
    }

    fn first_material(&self, arn: &KeyArn, step: &Step<'_>) -> Result<KeyMaterial, Error> {
        match self.given(arn)? {
            Some(given) => given.wrap(step.engine, self.id, step.now),
            None => first_material(step.engine, self.id, self.kind, step.now),
        }
    }

    fn new_key(&self, arn: KeyArn, step: &Step<'_>) -> Result<Key, Error> {
        Ok(Key {
            external: None,
            kind: self.kind,
            created: step.now,
            lifecycle: self.lifecycle(),
            description: self.description.clone(),
            tags: self.marked_tags(),
            policy: self.policy(step),
            policy_principals: BTreeMap::new(),
            automatic_rotation: None,
            materials: vec![self.first_material(&arn, step)?],
            import: None,
            multi_region: None,
            arn,
        })
    }

    /// The key that is there, as the file wants it.
    fn mended(&self, key: &Key, step: &Step<'_>) -> Result<Key, Error> {
        if !key.tags.contains_key(MARK) {
            return Err(refused(&key.arn, "is there and was made by no seed file"));
        }
        if key.kind != self.kind {
            return Err(refused(&key.arn, "is there with another spec or usage"));
        }
        if key.is_to_be_deleted() {
            return Err(refused(&key.arn, "is pending deletion; cancel it first"));
        }
        let given = self.given(&key.arn)?;
        let is_known = |given: &GivenMaterial| key.all_materials().any(|one| one.id == given.id);
        if !given.as_ref().is_none_or(is_known) {
            return Err(refused(&key.arn, "is there with another material"));
        }
        Ok(Key {
            lifecycle: self.lifecycle(),
            description: self.description.clone(),
            tags: self.marked_tags(),
            policy: self.policy(step),
            ..key.clone()
        })
    }

    /// The aliases that do not point to the key yet.
    fn new_aliases(&self, arn: &KeyArn, step: &Step<'_>) -> Result<Vec<AliasName>, Error> {
        let region = step.state.region(&arn.account, &arn.region);
        let mut missing = Vec::new();
        for alias in &self.aliases {
            let target = region.and_then(|region| region.aliases.get(alias));
            match target.map(|there| there.target) {
                None => missing.push(alias.clone()),
                Some(target) if target == self.id => {}
                Some(other) => {
                    let why = format!("cannot have {alias}, which points to key {other}");
                    return Err(refused(arn, &why));
                }
            }
        }
        let there = region.map_or(0, |region| region.aliases_of(self.id).count());
        if let Some(others) = missing.len().checked_sub(1) {
            aliases::within_quota(
                step.engine.quotas(),
                there.saturating_add(others),
                &arn.to_string(),
            )?;
        }
        Ok(missing)
    }
}

/// Whether nothing of the key was there before in the same commit: a Region that is named may be
/// the store's own, which a reader of the file does not know.
fn check_once(
    arn: &KeyArn,
    aliases: &BTreeSet<AliasName>,
    edits: &[Edit],
    outcome: &SeedOutcome,
) -> Result<(), Error> {
    let keys = [&outcome.created, &outcome.changed, &outcome.unchanged];
    let made = edits.iter().filter_map(|edit| match edit {
        Edit::PutAlias(alias) => Some(&alias.arn),
        _ => None,
    });
    let mut made = made.filter(|alias| alias.region == arn.region);
    if keys.into_iter().flatten().any(|other| other == arn) {
        return Err(refused(arn, "stands twice in its Region"));
    }
    match made.find(|alias| aliases.contains(&alias.alias)) {
        Some(alias) => Err(refused(arn, &format!("has {alias}, which stands twice"))),
        None => Ok(()),
    }
}

/// Adds what is to be done for one key.
fn apply(
    key: &SeedKey,
    step: &Step<'_>,
    edits: &mut Vec<Edit>,
    outcome: &mut SeedOutcome,
) -> Result<(), Error> {
    let arn = arn(key, step);
    check_once(&arn, &key.aliases, edits, outcome)?;
    let there = step.state.key(&arn)?.map(|entry| &entry.key);
    let mut wanted = match there {
        Some(there) => key.mended(there, step)?,
        None => {
            require_offered(step.engine, key.kind.spec, "KeySpec SM2")
                .map_err(|error| refused(&arn, &format!("cannot be made: {error}")))?;
            key.new_key(arn.clone(), step)?
        }
    };
    new_policy::check_document(&wanted.policy)
        .and_then(|()| new_policy::check_effect(step, &mut wanted, &[], true))
        .map_err(|error| refused(&arn, &format!("has a policy that cannot be: {error}")))?;
    if let Some(there) = there.filter(|there| there.policy == wanted.policy) {
        // A file that says the same again gives nothing to a namesake of whom it meant.
        wanted.policy_principals = there.policy_principals.clone();
    }
    let aliases = key.new_aliases(&arn, step)?;
    let is_new = there.is_none();
    if is_new {
        let coming = outcome.created.iter();
        let coming = coming.filter(|other| other.region == arn.region).count();
        create_key::within_quota(step, &arn.region, coming)?;
    }
    let as_wanted = there == Some(&wanted) && aliases.is_empty();
    if there != Some(&wanted) {
        edits.push(Edit::PutKey(Box::new(wanted)));
    }
    edits.extend(aliases.into_iter().map(|alias| {
        Edit::PutAlias(Alias {
            arn: AliasArn {
                region: arn.region.clone(),
                account: arn.account.clone(),
                alias,
            },
            target: key.id,
            created: step.now,
            updated: step.now,
        })
    }));
    match (is_new, as_wanted) {
        (true, _) => outcome.created.push(arn),
        (false, false) => outcome.changed.push(arn),
        (false, true) => outcome.unchanged.push(arn),
    }
    Ok(())
}

fn recorded(key: &SeedKey) -> RecordedKey<'_> {
    RecordedKey {
        aliases: &key.aliases,
        description: &key.description,
        enabled: key.enabled,
        key_id: &key.id,
        key_spec: key.kind.spec,
        key_usage: key.kind.usage,
        material_given: key.material.is_some(),
        policy: key.policy.as_deref(),
        region: key.region.as_ref(),
        tags: &key.tags,
    }
}

/// What the ledger keeps of a key of a seed file: everything but its material.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordedKey<'a> {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    aliases: &'a BTreeSet<AliasName>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    enabled: bool,
    key_id: &'a KeyId,
    key_spec: KeySpec,
    key_usage: KeyUsage,
    material_given: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a Region>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
}

impl Operation for ApplySeedRequest {
    type Parsed = Self;
    type Response = SeedOutcome;
    const EVENT: Event = Event::service("ApplySeed");

    fn parameters(&self, parameters: &mut Parameters) {
        let keys: Vec<_> = self.keys.iter().map(recorded).collect();
        parameters
            .value("keys", &keys)
            .value("inProduction", &self.in_production);
    }

    fn key_pair(&self) -> Option<KeySpec> {
        self.keys.iter().find_map(pair_to_make)
    }

    fn parse(self) -> Result<Self, Error> {
        Ok(self)
    }

    fn authorizations<'a>(
        _parsed: &'a Self,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:ApplySeed", On::Any)])
    }

    fn perform(parsed: Self, step: &Step<'_>) -> Result<Performed<SeedOutcome>, Error> {
        if is_production(step.state) && !parsed.in_production {
            return Err(Error::UnsupportedOperation(
                "The store is marked as one of production and takes no seed file. If that is \
                 meant, apply it with --in-production (kms) or --seed-in-production (kms-server)."
                    .to_owned(),
            ));
        }
        let (mut edits, mut outcome) = (Vec::new(), SeedOutcome::default());
        for key in &parsed.keys {
            apply(key, step, &mut edits, &mut outcome)?;
        }
        if edits.is_empty() {
            return Ok(Performed::read(outcome));
        }
        Ok(Performed::changed(outcome, edits))
    }
}
