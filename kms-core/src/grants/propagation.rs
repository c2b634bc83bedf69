//! Which grants count where a new one is made to count late, as it may in AWS.

use super::grant::Grant;
use crate::ids::{GrantId, KeyArn};
use crate::time::Timestamp;

/// What a request may use of the grants that are too new to count.
#[derive(Clone, Copy, Debug)]
pub struct Propagation<'a> {
    /// A grant that was made later than this does not count of itself.
    pub reached: Timestamp,
    /// The grants that the tokens of the request name, which count all the same.
    pub named: &'a [(KeyArn, GrantId)],
}

impl Propagation<'_> {
    /// Whether the grant counts for the request.
    #[must_use]
    pub fn counts(&self, grant: &Grant) -> bool {
        grant.created <= self.reached
            || self
                .named
                .iter()
                .any(|(key, id)| *id == grant.id && *key == grant.key)
    }
}
