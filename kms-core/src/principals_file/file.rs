//! The file as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

use super::{AccountRef, FileTarget, InvalidPrincipals, PolicyRef, UnitPath};
use crate::identity::PolicyType;
use crate::ids::{AccessKeyId, AccountId, EntityPath, GroupName, PolicyName, RoleName, UserName};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) organization: Option<Spanned<Organization>>,
    #[serde(default)]
    pub(super) organizational_unit: Vec<Spanned<Unit>>,
    #[serde(default)]
    pub(super) account: Vec<Spanned<Account>>,
    #[serde(default)]
    pub(super) scp: Vec<Spanned<ControlPolicy>>,
    #[serde(default)]
    pub(super) rcp: Vec<Spanned<ControlPolicy>>,
    #[serde(default)]
    pub(super) policy: Vec<Spanned<Policy>>,
    #[serde(default)]
    pub(super) group: Vec<Spanned<Group>>,
    #[serde(default)]
    pub(super) user: Vec<Spanned<User>>,
    #[serde(default)]
    pub(super) role: Vec<Spanned<Role>>,
    #[serde(default)]
    pub(super) oidc_provider: Vec<Spanned<Provider>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) account: Option<AccountRef>,
    pub(super) name: PolicyName,
    #[serde(default)]
    pub(super) path: EntityPath,
    pub(super) description: Option<String>,
    pub(super) text: Option<String>,
    pub(super) file: Option<String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inline {
    pub(super) name: PolicyName,
    pub(super) text: Option<String>,
    pub(super) file: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) account: Option<AccountRef>,
    pub(super) name: GroupName,
    #[serde(default)]
    pub(super) path: EntityPath,
    #[serde(default)]
    pub(super) policies: Vec<PolicyRef>,
    #[serde(default)]
    pub(super) inline: Vec<Inline>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) account: Option<AccountRef>,
    pub(super) name: UserName,
    #[serde(default)]
    pub(super) path: EntityPath,
    #[serde(default)]
    pub(super) groups: Vec<GroupName>,
    #[serde(default)]
    pub(super) policies: Vec<PolicyRef>,
    #[serde(default)]
    pub(super) inline: Vec<Inline>,
    pub(super) boundary: Option<PolicyRef>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) access_keys: Vec<AccessKey>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessKey {
    pub(super) id: AccessKeyId,
    pub(super) secret_file: Option<String>,
    #[serde(default = "active")]
    pub(super) active: bool,
}

fn active() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) account: Option<AccountRef>,
    pub(super) name: RoleName,
    #[serde(default)]
    pub(super) path: EntityPath,
    pub(super) description: Option<String>,
    pub(super) trust: Option<String>,
    pub(super) trust_file: Option<String>,
    pub(super) max_session_duration: Option<u32>,
    #[serde(default)]
    pub(super) policies: Vec<PolicyRef>,
    #[serde(default)]
    pub(super) inline: Vec<Inline>,
    pub(super) boundary: Option<PolicyRef>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    pub(super) account: Option<AccountRef>,
    pub(super) url: String,
    #[serde(default)]
    pub(super) audiences: Vec<String>,
    #[serde(default)]
    pub(super) thumbprints: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organization {
    pub(super) feature_set: Option<String>,
    pub(super) policy_types: Option<Vec<PolicyType>>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unit {
    pub(super) name: String,
    #[serde(default)]
    pub(super) parent: UnitPath,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub(super) id: Option<AccountId>,
    pub(super) name: String,
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) parent: UnitPath,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlPolicy {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) text: Option<String>,
    pub(super) file: Option<String>,
    /// Needed: a file that was cut off before it detaches nothing.
    pub(super) targets: Vec<FileTarget>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

/// Types that are written as their text.
macro_rules! read_from_text {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

read_from_text!(AccountRef, UnitPath, FileTarget);

impl<'de> Deserialize<'de> for PolicyRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let read = if text.starts_with("arn:") {
            text.parse().map(Self::Arn)
        } else {
            text.parse().map(Self::Name)
        };
        read.map_err(D::Error::custom)
    }
}

/// Reads the form of the file.
pub(super) fn read(text: &str) -> Result<File, InvalidPrincipals> {
    toml::from_str(text).map_err(|error| InvalidPrincipals {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        reason: without_values(error.message()),
    })
}

/// The library repeats a value that is of another type than it must be; somebody may have written a
/// secret there.
fn without_values(message: &str) -> String {
    match message.split_once(", expected ") {
        Some((before, expected))
            if ["invalid ", "unknown variant "]
                .iter()
                .any(|start| before.starts_with(start)) =>
        {
            format!("expected {expected}")
        }
        _ => message.to_owned(),
    }
}

/// The line that the byte stands on, counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    let ends = before.iter().filter(|byte| **byte == b'\n').count();
    ends.saturating_add(1)
}
