//! An alias: a name that points to a key and can be pointed to another.

use serde::{Deserialize, Serialize};

use crate::ids::{AliasArn, KeyId};
use crate::time::Timestamp;

/// A name for a key in one account and Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Its name, with the account and Region that it belongs to.
    pub arn: AliasArn,
    /// The key that it points to.
    pub target: KeyId,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last pointed to a key.
    pub updated: Timestamp,
}
