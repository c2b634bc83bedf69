//! Managed policies: identity policies that stand alone and are attached.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, EntityPath, PolicyArn, PolicyName, UniqueId};
use crate::time::Timestamp;

/// A managed policy of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// The account that the policy belongs to.
    pub account: AccountId,
    /// Where the policy stands among the account's policies.
    pub path: EntityPath,
    /// The policy's name.
    pub name: PolicyName,
    /// Never used for another policy, even of the same name.
    pub id: UniqueId,
    /// When the policy was made.
    pub created: Timestamp,
    /// When a version was last made, deleted or made the default.
    pub updated: Timestamp,
    /// What the policy is for.
    pub description: Option<String>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// The versions that are kept, by number; the default one is among them.
    pub versions: BTreeMap<u32, PolicyVersion>,
    /// The version that counts.
    pub default_version: u32,
    /// The number of the newest version there ever was: no number is used again.
    pub last_version: u32,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

/// One version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyVersion {
    /// The document, as it was given.
    pub document: String,
    /// When the version was made.
    pub created: Timestamp,
}

impl ManagedPolicy {
    /// What entities and requests name the policy by.
    #[must_use]
    pub fn arn(&self) -> PolicyArn {
        PolicyArn::new(&self.account, &self.path, &self.name)
    }

    /// The document that counts; `None` in a record that is not as it must be.
    #[must_use]
    pub fn document(&self) -> Option<&str> {
        let version = self.versions.get(&self.default_version)?;
        Some(&version.document)
    }
}
