//! IAM roles.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, EntityPath, PolicyArn, RoleName, UniqueId, role_arn};
use crate::policy::Bindings;
use crate::time::Timestamp;

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The account that the role belongs to.
    pub account: AccountId,
    /// Where the role stands among the account's roles.
    pub path: EntityPath,
    /// The role's name.
    pub name: RoleName,
    /// Never used for another role, even of the same name.
    pub id: UniqueId,
    /// When the role was made.
    pub created: Timestamp,
    /// Who may assume the role: the trust policy, as it was given.
    pub trust_policy: String,
    /// Which users and roles that policy meant when it was given.
    pub trusted: Bindings,
    /// What the role is for.
    pub description: Option<String>,
    /// How long a session may last, in seconds: 3600 to 43200.
    pub max_session_duration: u32,
    /// Inline policies by name, as they were given.
    pub policies: BTreeMap<String, String>,
    /// The managed policies that are attached.
    pub attached: BTreeSet<PolicyArn>,
    /// The managed policy beyond which sessions of the role may do nothing.
    pub boundary: Option<PolicyArn>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

impl Role {
    /// What policies name the role by.
    #[must_use]
    pub fn arn(&self) -> String {
        role_arn(&self.account, &self.path, &self.name)
    }
}
