//! `ReplicateKey`

use std::collections::BTreeMap;

use super::change::Edit;
use super::context::CallContext;
use super::create_key::within_quota;
use super::metadata::{key_metadata, recorded};
use super::multi_region::not_primary;
use super::new_policy;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{present, validated};
use super::resolve::own_key_ref;
use super::tags;
use super::values::Specific;
use crate::Error;
use crate::api::{self, MultiRegionKeyType, ReplicateKeyRequest, ReplicateKeyResponse, Tag};
use crate::ids::{KeyArn, KeyRef, Region};
use crate::keys::{Key, OfReplica};
use crate::policy::KeyPolicy;

/// A checked `ReplicateKeyRequest`.
#[derive(Debug)]
pub struct ReplicateKey {
    primary: KeyRef,
    region: Region,
    policy: Option<String>,
    description: String,
    tags: BTreeMap<String, String>,
    bypass_lockout_check: Option<bool>,
}

impl ReplicateKey {
    /// What is asked in the Region of the replica, where the replica is a key that is created.
    fn of_replica<'a>(&'a self, primary: &Key) -> Specific<'a> {
        Specific {
            region: Some(&self.region),
            request_tags: Some(&self.tags),
            bypass_policy_lockout_safety_check: self.bypass_lockout_check,
            creates_key: Some(primary.kind),
            creates_origin: Some(primary.origin()),
            creates_multi_region: Some(MultiRegionKeyType::Replica),
            ..Specific::default()
        }
    }

    fn into_replica(self, primary: &Key, step: &Step<'_>) -> Key {
        let default_policy = || KeyPolicy::default_text(&primary.arn.account);
        primary.replica(OfReplica {
            region: self.region,
            created: step.now,
            description: self.description,
            tags: self.tags,
            policy: self.policy.unwrap_or_else(default_policy),
        })
    }
}

/// Whether there is no key of that id in the Region yet.
fn check_free(primary: &Key, region: &Region, step: &Step<'_>) -> Result<(), Error> {
    let there = KeyArn {
        region: region.clone(),
        ..primary.arn.clone()
    };
    if step.state.has_key(&there) {
        return Err(Error::AlreadyExists(format!(
            "Key {} already exists in Region {region}.",
            primary.arn.key
        )));
    }
    Ok(())
}

impl Operation for ReplicateKeyRequest {
    type Parsed = ReplicateKey;
    type Response = ReplicateKeyResponse;
    const EVENT: Event = Event::kms(api::Operation::ReplicateKey);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("keyId", self.key_id.as_ref())
            .optional("replicaRegion", self.replica_region.as_ref())
            .optional("policy", self.policy.as_ref())
            .optional("description", self.description.as_ref())
            .optional("tags", tags::recorded(self.tags.as_ref()).as_ref())
            .optional(
                "bypassPolicyLockoutSafetyCheck",
                self.bypass_policy_lockout_safety_check.as_ref(),
            );
    }

    fn parse(self) -> Result<ReplicateKey, Error> {
        validated(&self)?;
        if let Some(text) = &self.policy {
            new_policy::check_document(text)?;
        }
        let region = present(self.replica_region)?;
        Ok(ReplicateKey {
            primary: own_key_ref(&present(self.key_id)?)?,
            region: region.parse().map_err(Error::internal)?,
            policy: self.policy,
            description: self.description.unwrap_or_default(),
            tags: tags::requested(self.tags)?,
            bypass_lockout_check: self.bypass_policy_lockout_safety_check,
        })
    }

    fn lookups(parsed: &ReplicateKey) -> Lookups {
        Lookups::named(&parsed.primary)
    }

    fn authorizations<'a>(
        parsed: &'a ReplicateKey,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let primary = loaded.primary()?;
        let of_replica = parsed.of_replica(&primary.key.key);
        let mut needed = vec![
            Authorization::new("kms:ReplicateKey", On::Key(primary)).with(Specific {
                replica_region: Some(&parsed.region),
                ..Specific::default()
            }),
            Authorization::new("kms:CreateKey", On::Any).with(of_replica.clone()),
        ];
        if !parsed.tags.is_empty() {
            needed.push(Authorization::new("kms:TagResource", On::Any).with(of_replica));
        }
        Ok(needed)
    }

    fn perform(
        parsed: ReplicateKey,
        step: &Step<'_>,
    ) -> Result<Performed<ReplicateKeyResponse>, Error> {
        let primary = &step.loaded.primary()?.key.key;
        if !primary.is_primary() {
            return Err(not_primary(&primary.arn));
        }
        check_free(primary, &parsed.region, step)?;
        step.engine.check_served(&parsed.region)?;
        within_quota(step, &parsed.region, 0)?;
        let bypass = parsed.bypass_lockout_check == Some(true);
        let mut replica = parsed.into_replica(primary, step);
        new_policy::check_effect(step, &mut replica, &[], bypass)?;
        let metadata = key_metadata(&replica, step.state, step.now)?;
        let mut elements = Parameters::default();
        elements
            .object("replicaKeyMetadata", recorded(&metadata))
            .value("replicaPolicy", &replica.policy);
        let tags = replica.tags.iter().map(|(key, value)| Tag {
            tag_key: key.clone(),
            tag_value: value.clone(),
        });
        let response = ReplicateKeyResponse {
            replica_key_metadata: metadata,
            replica_policy: replica.policy.clone(),
            replica_tags: tags.collect(),
        };
        let edits = vec![Edit::PutKey(Box::new(replica))];
        Ok(Performed::changed(response, edits).with_elements(elements))
    }
}
