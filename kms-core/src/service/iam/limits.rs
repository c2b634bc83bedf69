//! AWS's default quotas of IAM.

use crate::Error;

/// The most users of an account.
pub(in crate::service) const USERS: usize = 5000;
/// The most groups of an account.
pub(in crate::service) const GROUPS: usize = 300;
/// The most roles of an account.
pub(in crate::service) const ROLES: usize = 1000;
/// The most managed policies of an account.
pub(in crate::service) const POLICIES: usize = 1500;
/// The most versions of a managed policy.
pub(in crate::service) const POLICY_VERSIONS: usize = 5;
/// The most managed policies that are attached to one entity.
pub(in crate::service) const ATTACHED: usize = 10;
/// The most groups of one user.
pub(in crate::service) const GROUPS_PER_USER: usize = 10;
/// The most tags of one entity.
pub(in crate::service) const TAGS: usize = 50;
/// The longest managed policy in characters, white space not counted.
pub(in crate::service) const MANAGED_POLICY: usize = 6144;
/// The longest trust policy in characters, white space not counted.
pub(in crate::service) const TRUST_POLICY: usize = 2048;
/// How long a session of a role may last, in seconds.
pub(in crate::service) const SESSION_DURATION: std::ops::RangeInclusive<u32> = 3600..=43_200;

/// AWS's answer to one more than there may be.
pub(in crate::service) fn exceeded(quota: &str, limit: usize) -> Error {
    Error::LimitExceeded(format!("Cannot exceed quota for {quota}: {limit}"))
}

/// Refuses one more of what there are `count` of.
pub(in crate::service) fn within(count: usize, quota: &str, limit: usize) -> Result<(), Error> {
    if count >= limit {
        return Err(exceeded(quota, limit));
    }
    Ok(())
}
