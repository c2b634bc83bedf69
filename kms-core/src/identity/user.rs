//! IAM users.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::caller::Principal;
use crate::ids::{AccountId, EntityPath, PolicyArn, UniqueId, UserName, user_arn};
use crate::time::Timestamp;

/// An IAM user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The account that the user belongs to.
    pub account: AccountId,
    /// Where the user stands among the account's users.
    #[serde(default)]
    pub path: EntityPath,
    /// The user's name.
    pub name: UserName,
    /// Never used for another user, even of the same name.
    pub id: UniqueId,
    /// When the user was made.
    pub created: Timestamp,
    /// Inline policies by name, as they were given.
    pub policies: BTreeMap<String, String>,
    /// The managed policies that are attached.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attached: BTreeSet<PolicyArn>,
    /// The groups that the user is in, by their unique ids.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<UniqueId>,
    /// The managed policy beyond which the user may do nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<PolicyArn>,
    /// Tags by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

impl User {
    /// The user as a caller.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal::User {
            account: self.account.clone(),
            path: self.path.clone(),
            name: self.name.clone(),
            id: self.id.clone(),
        }
    }

    /// What policies name the user by.
    #[must_use]
    pub fn arn(&self) -> String {
        user_arn(&self.account, &self.path, &self.name)
    }
}
