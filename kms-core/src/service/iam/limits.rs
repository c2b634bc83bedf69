//! AWS's default quotas of IAM.

use crate::Error;

/// The most users of an account.
pub(super) const USERS: usize = 5000;
/// The most groups of an account.
pub(super) const GROUPS: usize = 300;
/// The most roles of an account.
pub(super) const ROLES: usize = 1000;
/// The most managed policies of an account.
pub(super) const POLICIES: usize = 1500;
/// The most versions of a managed policy.
pub(super) const POLICY_VERSIONS: usize = 5;
/// The most managed policies that are attached to one entity.
pub(super) const ATTACHED: usize = 10;
/// The most groups of one user.
pub(super) const GROUPS_PER_USER: usize = 10;
/// The most tags of one entity.
pub(super) const TAGS: usize = 50;
/// The longest managed policy in characters, white space not counted.
pub(super) const MANAGED_POLICY: usize = 6144;
/// The longest trust policy in characters, white space not counted.
pub(super) const TRUST_POLICY: usize = 2048;
/// How long a session of a role may last, in seconds.
pub(super) const SESSION_DURATION: std::ops::RangeInclusive<u32> = 3600..=43_200;

/// AWS's answer to one more than there may be.
pub(super) fn exceeded(quota: &str, limit: usize) -> Error {
    Error::LimitExceeded(format!("Cannot exceed quota for {quota}: {limit}"))
}

/// Refuses one more of what there are `count` of.
pub(super) fn within(count: usize, quota: &str, limit: usize) -> Result<(), Error> {
    if count >= limit {
        return Err(exceeded(quota, limit));
    }
    Ok(())
}
