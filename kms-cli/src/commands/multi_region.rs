//! `kms key replicate` and `kms key update-primary-region`.

use kms_core::api::{ReplicateKeyRequest, UpdatePrimaryRegionRequest};
use kms_core::ids::Region;

use super::key::request_tags;
use crate::args::ReplicateKey;
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::Output;
use crate::pipeline::read_document;

pub(super) fn replicate(
    replicate: ReplicateKey,
    kms: &Kms,
    output: &Output,
) -> Result<(), Failure> {
    let policy = replicate.policy.as_deref().map(read_document).transpose()?;
    let answer = kms.call(ReplicateKeyRequest {
        key_id: Some(replicate.key),
        replica_region: Some(replicate.to.to_string()),
        policy,
        bypass_policy_lockout_safety_check: None,
        description: Some(replicate.description),
        tags: Some(request_tags(replicate.tags)).filter(|tags| !tags.is_empty()),
    })?;
    output.show(&answer, |answer| {
        answer.replica_key_metadata.arn.to_string()
    })
}

pub(super) fn update_primary_region(key: String, to: &Region, kms: &Kms) -> Result<(), Failure> {
    let request = UpdatePrimaryRegionRequest {
        key_id: Some(key),
        primary_region: Some(to.to_string()),
    };
    kms.call(request).map(drop)
}
