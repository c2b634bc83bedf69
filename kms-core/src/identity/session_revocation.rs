//! Sessions that are ended before they expire.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The longest that a session lasts, in milliseconds: 36 hours.
const LONGEST_SESSION: i64 = 129_600_000;

/// That the sessions of somebody are over which were made until some moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRevocation {
    /// Whose: the unique id of a role or user, an account id for sessions of its root user, or
    /// the access key id of one session.
    pub of: String,
    /// Sessions that were made at this moment or before are refused.
    pub until: Timestamp,
}

impl SessionRevocation {
    /// Whether every session that it ends has expired by itself.
    #[must_use]
    pub const fn is_spent(&self, now: Timestamp) -> bool {
        now.millis_since(self.until) > LONGEST_SESSION
    }
}
