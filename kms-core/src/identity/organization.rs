//! An organization of accounts, as AWS Organizations has it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::draw;
use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::ids::{
    AccountId, AccountRequestId, OrganizationId, OrganizationPolicyId, OrganizationalUnitId,
    PARTITION, ParentId, RootId, organizations_arn,
};
use crate::time::Timestamp;

/// The deepest that organizational units are in one another.
pub const MAX_UNIT_DEPTH: usize = 5;

/// A type of policy that an organization has here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PolicyType {
    /// The most that principals of an account may do.
    #[serde(rename = "SERVICE_CONTROL_POLICY")]
    ServiceControl,
    /// The most that may be done to resources of an account.
    #[serde(rename = "RESOURCE_CONTROL_POLICY")]
    ResourceControl,
}

impl PolicyType {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::ServiceControl, Self::ResourceControl];

    /// As AWS names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServiceControl => "SERVICE_CONTROL_POLICY",
            Self::ResourceControl => "RESOURCE_CONTROL_POLICY",
        }
    }

    /// As it stands in ARNs.
    #[must_use]
    pub const fn in_arn(self) -> &'static str {
        match self {
            Self::ServiceControl => "service_control_policy",
            Self::ResourceControl => "resource_control_policy",
        }
    }

    /// The id of the policy of this type that AWS manages, which allows everything.
    #[must_use]
    pub const fn full_access(self) -> &'static str {
        match self {
            Self::ServiceControl => "p-FullAWSAccess",
            Self::ResourceControl => "p-RCPFullAWSAccess",
        }
    }

    /// Its name.
    #[must_use]
    pub const fn full_access_name(self) -> &'static str {
        match self {
            Self::ServiceControl => "FullAWSAccess",
            Self::ResourceControl => "RCPFullAWSAccess",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// The policies that are attached to something.
type Attached = BTreeSet<OrganizationPolicyId>;
type Tags = BTreeMap<String, String>;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// `o-…`.
    pub id: OrganizationId,
    /// The account that made it and administers it, which no policy of it limits.
    pub management_account: AccountId,
    /// When it was made.
    pub created: Timestamp,
    /// What everything else is in.
    pub root: OrganizationRoot,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

/// The root of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationRoot {
    /// `r-…`.
    pub id: RootId,
    /// The types of policies that count.
    pub policy_types: BTreeSet<PolicyType>,
    /// The policies that are attached to it.
    pub attached: Attached,
    /// Tags by key.
    pub tags: Tags,
}

impl Organization {
    /// What policies name it by, as a resource.
    #[must_use]
    pub fn arn(&self) -> String {
        let (management, id) = (&self.management_account, &self.id);
        format!("arn:{PARTITION}:organizations::{management}:organization/{id}")
    }

    /// The ARN of a part: `kind` is `root`, `ou`, `account` or `policy`.
    #[must_use]
    pub fn arn_of(&self, kind: &str, rest: &str) -> String {
        organizations_arn(&self.management_account, kind, &self.id, rest)
    }

    /// The ARN of a policy; those that AWS manages are in no organization.
    #[must_use]
    pub fn policy_arn(&self, kind: PolicyType, id: &OrganizationPolicyId) -> String {
        let place = kind.in_arn();
        match PolicyType::ALL
            .iter()
            .any(|kind| kind.full_access() == id.as_str())
        {
            true => format!("arn:{PARTITION}:organizations::aws:policy/{place}/{id}"),
            false => self.arn_of("policy", &format!("{place}/{id}")),
        }
    }
}

/// An organizational unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationalUnit {
    /// `ou-…`.
    pub id: OrganizationalUnitId,
    /// Its name, unique among the units that are in the same.
    pub name: String,
    /// What it is in.
    pub parent: ParentId,
    /// The policies that are attached to it.
    pub attached: Attached,
    /// Tags by key.
    pub tags: Tags,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MemberStatus {
    /// It can.
    Active,
    /// It was closed.
    Suspended,
}

/// How an account came into the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JoinedMethod {
    /// It was there before: the management account.
    Invited,
    /// The organization made it.
    Created,
}

/// An account as a member of an organization; the management account is one too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberAccount {
    /// Its 12 digits.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// Whom to write to, unique among the accounts; the management account has none.
    pub email: Option<String>,
    /// What it is in.
    pub parent: ParentId,
    /// Whether it can be used.
    pub status: MemberStatus,
    /// When it came in.
    pub joined: Timestamp,
    /// How it came in.
    pub method: JoinedMethod,
    /// The policies that are attached to it.
    pub attached: Attached,
    /// Tags by key.
    pub tags: Tags,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

/// A policy of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationPolicy {
    /// `p-…`.
    pub id: OrganizationPolicyId,
    /// What it limits.
    pub kind: PolicyType,
    /// Its name, unique among those of its type.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The document, as it was given.
    pub content: String,
    /// Tags by key.
    pub tags: Tags,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

/// A request for a new account, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRequest {
    /// `car-…`.
    pub id: AccountRequestId,
    /// The name that the account has or was to have.
    pub name: String,
    /// When it was asked for and made: there is no time between.
    pub requested: Timestamp,
    /// The account, or why there is none, as AWS names the reason.
    pub outcome: Result<AccountId, String>,
}

const LOWER: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// An id is a name and no secret: that 36 does not divide 256 does not matter.
fn lower<T: std::str::FromStr>(
    prefix: &str,
    length: usize,
    random: &dyn Random,
) -> Result<T, Failed> {
    let text = format!("{prefix}{}", draw(random, length, LOWER)?);
    text.parse().map_err(|_| Failed)
}

/// Draws the id of an organization.
///
/// # Errors
/// [`Failed`] when there is no randomness; so for those below.
pub fn generate_organization_id(random: &dyn Random) -> Result<OrganizationId, Failed> {
    lower("o-", 10, random)
}

/// Draws the id of a root.
///
/// # Errors
/// [`Failed`].
pub fn generate_root_id(random: &dyn Random) -> Result<RootId, Failed> {
    lower("r-", 4, random)
}

/// Draws the id of an organizational unit below `root`.
///
/// # Errors
/// [`Failed`].
pub fn generate_organizational_unit_id(
    root: &RootId,
    random: &dyn Random,
) -> Result<OrganizationalUnitId, Failed> {
    let root = root.as_str().trim_start_matches("r-");
    lower(&format!("ou-{root}-"), 8, random)
}

/// Draws the id of a policy.
///
/// # Errors
/// [`Failed`].
pub fn generate_organization_policy_id(
    random: &dyn Random,
) -> Result<OrganizationPolicyId, Failed> {
    lower("p-", 10, random)
}

/// Draws the id of a request for an account.
///
/// # Errors
/// [`Failed`].
pub fn generate_account_request_id(random: &dyn Random) -> Result<AccountRequestId, Failed> {
    lower("car-", 32, random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    #[test]
    fn drawn_ids_have_their_form_and_units_tell_their_root() {
        let root = generate_root_id(&SystemRandom).unwrap();
        let unit = generate_organizational_unit_id(&root, &SystemRandom).unwrap();
        let of_root = format!("ou-{}-", root.as_str().strip_prefix("r-").unwrap());
        assert!(unit.as_str().starts_with(&of_root), "{unit} {root}");
        generate_organization_id(&SystemRandom).unwrap();
        generate_organization_policy_id(&SystemRandom).unwrap();
        generate_account_request_id(&SystemRandom).unwrap();
    }
}
