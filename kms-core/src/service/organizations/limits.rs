//! How many of each thing an organization can have: AWS's quotas, as far as AWS raises them.

/// The most accounts, closed ones among them.
pub(in crate::service) const ACCOUNTS: usize = 10_000;
/// The most organizational units.
pub(in crate::service) const UNITS: usize = 2000;
/// The most policies of one type.
pub(in crate::service) const POLICIES: usize = 1000;
/// The most policies of one type that are attached to one target.
pub(in crate::service) const ATTACHED: usize = 5;
/// The most tags of one thing.
pub(in crate::service) const TAGS: usize = 50;
/// How long it is told what came of a request for an account, in milliseconds: 90 days.
pub(in crate::service) const REQUESTS_KEPT: i64 = 90 * 24 * 60 * 60 * 1000;
