//! Users and roles, as an administrator names them.

use std::fmt;
use std::str::FromStr;

use super::{AccountId, EntityPath, InvalidName, PARTITION, RoleName, UserName, invalid};

/// The name of a user or of a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntityName {
    /// A user.
    User(UserName),
    /// A role.
    Role(RoleName),
}

/// A user or a role: `arn:aws:iam::ACCOUNT:user/NAME`, or `user/NAME` where the account is clear; with
/// the entity's path before the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityReference {
    /// The account, where it is said.
    pub account: Option<AccountId>,
    /// Where the entity stands among those of the account.
    pub path: EntityPath,
    /// The entity.
    pub name: EntityName,
}

impl EntityReference {
    /// Whether it is a role.
    #[must_use]
    pub fn is_role(&self) -> bool {
        matches!(self.name, EntityName::Role(_))
    }

    fn read(text: &str) -> Option<Self> {
        let (account, resource) = match text.strip_prefix("arn:") {
            None => (None, text),
            Some(rest) => {
                let rest = rest.strip_prefix(PARTITION)?.strip_prefix(":iam::")?;
                let (account, resource) = rest.split_once(':')?;
                (Some(account.parse().ok()?), resource)
            }
        };
        let (kind, rest) = resource.split_once('/')?;
        let (path, name) = match rest.rsplit_once('/') {
            None => (EntityPath::default(), rest),
            Some((path, name)) => (format!("/{path}/").parse().ok()?, name),
        };
        let name = match kind {
            "user" => EntityName::User(name.parse().ok()?),
            "role" => EntityName::Role(name.parse().ok()?),
            _ => return None,
        };
        Some(Self {
            account,
            path,
            name,
        })
    }
}

impl FromStr for EntityReference {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::read(text).ok_or(invalid("user or role"))
    }
}

impl fmt::Display for EntityReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = &self.account {
            write!(f, "arn:{PARTITION}:iam::{account}:")?;
        }
        match &self.name {
            EntityName::User(name) => write!(f, "user{}{name}", self.path),
            EntityName::Role(name) => write!(f, "role{}{name}", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_comes_back_as_it_was_written() {
        for text in [
            "user/ci",
            "role/app",
            "role/a/b/app",
            "arn:aws:iam::111122223333:user/ci",
            "arn:aws:iam::111122223333:role/service/app",
        ] {
            let read: EntityReference = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
            assert_eq!(read.is_role(), text.contains("role/"));
            assert_eq!(read.account.is_some(), text.starts_with("arn:"));
        }
    }

    #[test]
    fn nothing_but_users_and_roles_is_one() {
        for text in [
            "",
            "ci",
            "user/",
            "user//ci",
            "group/g",
            "user/a b",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::1:user/ci",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam:us-east-1:111122223333:user/ci",
            "arn:aws:sts::111122223333:assumed-role/app/session",
            "arn:aws-cn:iam::111122223333:user/ci",
            "*",
        ] {
            assert!(text.parse::<EntityReference>().is_err(), "{text}");
        }
    }
}
