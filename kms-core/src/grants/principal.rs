//! Whom a grant is given to, and who may retire it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::caller::Principal;
use crate::ids::{
    AccountId, EntityPath, PARTITION, UniqueId, UserName, account_root_arn, user_arn,
};

/// A principal as a request names it; whether it exists is for whoever knows the users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalName {
    /// `arn:aws:iam::ACCOUNT:root`.
    Account(AccountId),
    /// `arn:aws:iam::ACCOUNT:user/NAME`.
    User(AccountId, UserName),
    /// `NAME.amazonaws.com`.
    Service(String),
}

/// Text that names no account, user or service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a principal that a grant can name")]
pub struct InvalidPrincipal;

impl FromStr for PrincipalName {
    type Err = InvalidPrincipal;

    fn from_str(text: &str) -> Result<Self, InvalidPrincipal> {
        parse_service(text)
            .or_else(|| parse_arn(text))
            .ok_or(InvalidPrincipal)
    }
}

fn parse_service(text: &str) -> Option<PrincipalName> {
    let labels = text.strip_suffix(".amazonaws.com")?;
    let well_formed = labels.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    well_formed.then(|| PrincipalName::Service(text.to_owned()))
}

fn parse_arn(text: &str) -> Option<PrincipalName> {
    let rest = text.strip_prefix("arn:")?.strip_prefix(PARTITION)?;
    let (account, resource) = rest.strip_prefix(":iam::")?.split_once(':')?;
    let account = account.parse().ok()?;
    match resource.split_once('/') {
        None if resource == "root" => Some(PrincipalName::Account(account)),
        Some(("user", name)) => Some(PrincipalName::User(account, name.parse().ok()?)),
        _ => None,
    }
}

/// A principal that existed when the grant was made. A user is bound by its unique id, so that a
/// namesake made later does not inherit the grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantPrincipal {
    /// An account: its root user, and whom its identity policies let.
    Account(AccountId),
    /// One IAM user.
    User {
        /// The user's account.
        account: AccountId,
        /// The user's name.
        name: UserName,
        /// What the user is known by.
        id: UniqueId,
    },
    /// An AWS service; no caller is one here.
    Service(String),
}

/// How closely a grant names a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Its account is named, which leaves the decision to that account's identity policies.
    Account,
    /// It is named itself.
    Itself,
}

impl GrantPrincipal {
    /// What the principal is found by: an account's digits, a user's unique id, a service's name.
    /// No two of different kinds are alike.
    #[must_use]
    pub fn handle(&self) -> &str {
        match self {
            Self::Account(account) => account.as_str(),
            Self::User { id, .. } => id.as_str(),
            Self::Service(name) => name,
        }
    }

    /// How the principal names `caller`; `None` when it is somebody else.
    #[must_use]
    pub fn names(&self, caller: &Principal) -> Option<Naming> {
        handles(caller)
            .find(|(handle, _)| *handle == self.handle())
            .map(|(_, naming)| naming)
    }
}

/// The handles that name `caller`, the closest first.
pub(super) fn handles(caller: &Principal) -> impl Iterator<Item = (&str, Naming)> {
    let (itself, account) = match caller {
        Principal::Root { account } => (None, Some(account)),
        Principal::User { account, id, .. } => (Some(id), Some(account)),
        Principal::AssumedRole { .. }
        | Principal::FederatedUser { .. }
        | Principal::Service { .. } => (None, None),
    };
    let itself = itself.map(|id| (id.as_str(), Naming::Itself));
    itself
        .into_iter()
        .chain(account.map(|account| (account.as_str(), Naming::Account)))
}

impl fmt::Display for GrantPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => f.write_str(&account_root_arn(account)),
            Self::User { account, name, .. } => {
                f.write_str(&user_arn(account, &EntityPath::default(), name))
            }
            Self::Service(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AIDAAAAAAAAAAAAAAAAAA";

    fn user(id: &str) -> GrantPrincipal {
        GrantPrincipal::User {
            account: "111122223333".parse().unwrap(),
            name: "alice".parse().unwrap(),
            id: id.parse().unwrap(),
        }
    }

    fn caller(id: &str) -> Principal {
        Principal::User {
            account: "111122223333".parse().unwrap(),
            path: Default::default(),
            name: "alice".parse().unwrap(),
            id: id.parse().unwrap(),
        }
    }

    #[test]
    fn accounts_users_and_services_are_principals_of_a_grant() {
        for text in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/alice",
            "dynamodb.us-west-2.amazonaws.com",
        ] {
            assert!(text.parse::<PrincipalName>().is_ok(), "{text}");
        }
        for text in [
            "",
            "*",
            "111122223333",
            "alice",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:user/path/alice",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::111122223333:role/r",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "arn:aws:iam:us-east-1:111122223333:root",
            "arn:aws-cn:iam::111122223333:root",
            "arn:aws:iam::111122223333:root/x",
            ".amazonaws.com",
            "a..amazonaws.com",
            "A.amazonaws.com",
        ] {
            assert_eq!(
                text.parse::<PrincipalName>(),
                Err(InvalidPrincipal),
                "{text}"
            );
        }
    }

    #[test]
    fn a_user_is_named_by_unique_id_and_not_by_name() {
        assert_eq!(user(ID).names(&caller(ID)), Some(Naming::Itself));
        assert_eq!(user("AIDABBBBBBBBBBBBBBBBB").names(&caller(ID)), None);
    }

    #[test]
    fn an_account_names_its_root_user_and_its_users_and_a_service_nobody() {
        let account = GrantPrincipal::Account("111122223333".parse().unwrap());
        let root = Principal::Root {
            account: "111122223333".parse().unwrap(),
        };
        assert_eq!(account.names(&root), Some(Naming::Account));
        assert_eq!(account.names(&caller(ID)), Some(Naming::Account));
        let itself = Principal::Service {
            account: "111122223333".parse().unwrap(),
        };
        let service = GrantPrincipal::Service("kms.amazonaws.com".to_owned());
        for named in [&account, &service, &user(ID)] {
            assert_eq!(named.names(&itself), None);
        }
        assert_eq!(user(ID).names(&root), None);
    }
}
