//! Names of AWS Organizations: organizations, roots, organizational units, policies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use super::{AccountId, InvalidName, PARTITION, invalid};

text_name! {
    /// An organization: `o-` and 10 to 32 lower-case letters and digits.
    OrganizationId, "organization id", |text| {
        text.strip_prefix("o-").is_some_and(|id| is_lower(id, 10))
    }
}

text_name! {
    /// The root of an organization: `r-` and 4 to 32 lower-case letters and digits.
    RootId, "root id", |text| text.strip_prefix("r-").is_some_and(|id| is_lower(id, 4))
}

text_name! {
    /// An organizational unit: `ou-`, the root's letters and digits, `-`, and 8 to 32 of its own.
    OrganizationalUnitId, "organizational unit id", |text| {
        let parts = text.strip_prefix("ou-").and_then(|rest| rest.split_once('-'));
        parts.is_some_and(|(root, own)| is_lower(root, 4) && is_lower(own, 8))
    }
}

text_name! {
    /// A policy of an organization: `p-` and 8 to 128 letters, digits and `_`.
    OrganizationPolicyId, "policy id", |text| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        text.strip_prefix("p-")
            .is_some_and(|id| (8..=128).contains(&id.len()) && id.bytes().all(allowed))
    }
}

text_name! {
    /// A request for a new account: `car-` and 8 to 32 lower-case letters and digits.
    AccountRequestId, "create account request id", |text| {
        text.strip_prefix("car-").is_some_and(|id| is_lower(id, 8))
    }
}

/// Lower-case letters and digits, at least `least` and at most 32.
fn is_lower(text: &str, least: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (least..=32).contains(&text.len()) && text.bytes().all(allowed)
}

/// What accounts and organizational units are in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParentId {
    /// The root.
    Root(RootId),
    /// A unit.
    Unit(OrganizationalUnitId),
}

impl FromStr for ParentId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.parse()
            .map(Self::Root)
            .or_else(|_| text.parse().map(Self::Unit))
    }
}

impl fmt::Display for ParentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(id) => id.fmt(f),
            Self::Unit(id) => id.fmt(f),
        }
    }
}

serialise_as_text!(ParentId);

/// What policies are attached to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetId {
    /// The root.
    Root(RootId),
    /// A unit.
    Unit(OrganizationalUnitId),
    /// An account.
    Account(AccountId),
}

impl FromStr for TargetId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.parse()
            .map(Self::Account)
            .or_else(|_| text.parse().map(ParentId::into))
    }
}

impl From<ParentId> for TargetId {
    fn from(parent: ParentId) -> Self {
        match parent {
            ParentId::Root(id) => Self::Root(id),
            ParentId::Unit(id) => Self::Unit(id),
        }
    }
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(id) => id.fmt(f),
            Self::Unit(id) => id.fmt(f),
            Self::Account(id) => id.fmt(f),
        }
    }
}

serialise_as_text!(TargetId);

/// `arn:aws:organizations::MANAGEMENT:KIND/ORGANIZATION/REST`.
#[must_use]
pub fn organizations_arn(
    management: &AccountId,
    kind: &str,
    organization: &OrganizationId,
    rest: &str,
) -> String {
    format!("arn:{PARTITION}:organizations::{management}:{kind}/{organization}/{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_aws_s() {
        for good in ["r-a1b2", "ou-a1b2-abcdefgh", "111122223333"] {
            assert_eq!(good.parse::<TargetId>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "r-a1b",
            "r-A1B2",
            "ou-a1b2",
            "ou-a1b2-abc",
            "11112222333",
            "o-a1b2c3d4e5",
        ] {
            assert!(bad.parse::<TargetId>().is_err(), "{bad}");
        }
        assert!("p-FullAWSAccess".parse::<OrganizationPolicyId>().is_ok());
        assert!("p-".parse::<OrganizationPolicyId>().is_err());
        assert!("o-a1b2c3d4e5".parse::<OrganizationId>().is_ok());
        assert!("car-abcdefgh".parse::<AccountRequestId>().is_ok());
    }
}
