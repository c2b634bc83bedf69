//! IAM groups.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, EntityPath, GroupName, PolicyArn, UniqueId, group_arn};
use crate::time::Timestamp;

/// An IAM group: policies that its users have. Who is in it stands with the users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The account that the group belongs to.
    pub account: AccountId,
    /// Where the group stands among the account's groups.
    pub path: EntityPath,
    /// The group's name.
    pub name: GroupName,
    /// Never used for another group, even of the same name.
    pub id: UniqueId,
    /// When the group was made.
    pub created: Timestamp,
    /// Inline policies by name, as they were given.
    pub policies: BTreeMap<String, String>,
    /// The managed policies that are attached.
    pub attached: BTreeSet<PolicyArn>,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

impl Group {
    /// What policies name the group by, as a resource; it is no principal.
    #[must_use]
    pub fn arn(&self) -> String {
        group_arn(&self.account, &self.path, &self.name)
    }
}
