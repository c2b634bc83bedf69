//! How many of each thing an organization can have: AWS's quotas, as far as AWS raises them.

/// The most accounts, closed ones among them.
pub(super) const ACCOUNTS: usize = 10_000;
/// The most organizational units.
pub(super) const UNITS: usize = 2000;
/// The most policies of one type.
pub(super) const POLICIES: usize = 1000;
/// The most policies of one type that are attached to one target.
pub(super) const ATTACHED: usize = 5;
/// The most tags of one thing.
pub(super) const TAGS: usize = 50;
/// How long it is told what came of a request for an account, in milliseconds: 90 days.
pub(super) const REQUESTS_KEPT: i64 = 90 * 24 * 60 * 60 * 1000;
