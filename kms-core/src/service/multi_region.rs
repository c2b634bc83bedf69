//! What operations on multi-Region keys share: who is related to whom, and keeping a primary and
//! its replicas equal in what they share, always in one commit.

use super::change::Edit;
use super::engine::Engine;
use super::operation::{Performed, Step};
use super::state::State;
use crate::Error;
use crate::api::{MultiRegionConfiguration, MultiRegionKey};
use crate::ids::{KeyArn, Region};
use crate::keys::Key;
use crate::time::Timestamp;

/// The refusal of a key that is not the primary of its multi-Region key.
pub(super) fn not_primary(arn: &KeyArn) -> Error {
    Error::UnsupportedOperation(format!("{arn} is not a multi-region primary key."))
}

/// Refuses to change on a replica what it has from its primary.
pub(super) fn not_on_replica(key: &Key) -> Result<(), Error> {
    if key.is_replica() {
        return Err(not_primary(&key.arn));
    }
    Ok(())
}

/// A key and those related to it; none for a single-Region key.
pub(super) fn configuration(
    key: &Key,
    state: &State,
) -> Result<Option<MultiRegionConfiguration>, Error> {
    let Some(key_type) = key.multi_region else {
        return Ok(None);
    };
    let related = state.related(&key.arn)?;
    let mut all: Vec<&Key> = related.iter().map(|entry| &entry.key).collect();
    all.push(key);
    all.sort_by(|one, other| one.arn.region.cmp(&other.arn.region));
    let named = |key: &&Key| MultiRegionKey::from(&key.arn);
    let primary = all.iter().find(|key| key.is_primary()).map(named);
    Ok(primary.map(|primary_key| MultiRegionConfiguration {
        multi_region_key_type: key_type,
        primary_key,
        replica_keys: all
            .iter()
            .filter(|key| key.is_replica())
            .map(named)
            .collect(),
    }))
}

/// Keeps `key`, and brings its replicas up to date with it if it is a primary.
pub(super) fn synchronised<R>(
    step: &Step<'_>,
    response: R,
    key: Key,
) -> Result<Performed<R>, Error> {
    let mut edits = Vec::new();
    let mut followers = Vec::new();
    if key.is_primary() {
        for entry in step.state.related(&key.arn)? {
            let mut replica = entry.key.clone();
            replica.follow(&key);
            if replica != entry.key {
                followers.push(replica.arn.clone());
                edits.push(Edit::PutKey(Box::new(replica)));
            }
        }
    }
    edits.push(Edit::PutKey(Box::new(key)));
    let performed = Performed::changed(response, edits);
    if followers.is_empty() {
        return Ok(performed);
    }
    Ok(performed.with_additional("synchronizedReplicas", &followers))
}

/// The first key of those related to `key`, itself among them, that still has to be brought the
/// material that waits for a rotation; none for a single-Region key. Keys that are to be deleted
/// are not waited for.
pub(super) fn lacks_pending_material(
    key: &Key,
    state: &State,
    now: Timestamp,
) -> Result<Option<KeyArn>, Error> {
    if key.multi_region.is_none() {
        return Ok(None);
    }
    let related = state.related(&key.arn)?;
    let mut all = std::iter::once(key).chain(related.iter().map(|entry| &entry.key));
    let lacking = all.find(|key| !key.is_to_be_deleted() && key.lacks_pending_material(now));
    Ok(lacking.map(|key| key.arn.clone()))
}

impl Engine {
    /// Names the Regions that requests can reach: keys are replicated into no other. Every Region
    /// is served unless this is called; only the first call counts.
    pub fn serve_only(&self, regions: Vec<Region>) {
        drop(self.regions.set(regions));
    }

    /// Refuses a Region that no request could reach.
    pub(super) fn check_served(&self, region: &Region) -> Result<(), Error> {
        match self.regions.get() {
            Some(served) if !served.contains(region) => Err(Error::UnsupportedOperation(format!(
                "Region {region} is not served here."
            ))),
            _ => Ok(()),
        }
    }
}
