//! Whom a grant is given to, and who may retire it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::caller::Principal;
use crate::ids::{
    AccountId, EntityPath, PARTITION, RoleName, SessionName, UniqueId, UserName, account_root_arn,
    assumed_role_arn, federated_user_arn, role_arn, user_arn,
};

/// A principal as a request names it; whether it exists is for whoever knows the users and roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalName {
    /// `arn:aws:iam::ACCOUNT:root`.
    Account(AccountId),
    /// `arn:aws:iam::ACCOUNT:user/NAME`, with the user's path before the name.
    User(AccountId, EntityPath, UserName),
    /// `arn:aws:iam::ACCOUNT:role/NAME`, with the role's path before the name.
    Role(AccountId, EntityPath, RoleName),
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    Session(AccountId, RoleName, SessionName),
    /// `arn:aws:sts::ACCOUNT:federated-user/NAME`.
    FederatedUser(AccountId, SessionName),
    /// `NAME.amazonaws.com`.
    Service(String),
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Account(account) => account_root_arn(account),
            Self::User(account, path, name) => user_arn(account, path, name),
            Self::Role(account, path, name) => role_arn(account, path, name),
            Self::Session(account, role, session) => assumed_role_arn(account, role, session),
            Self::FederatedUser(account, name) => federated_user_arn(account, name),
            Self::Service(name) => name.clone(),
        })
    }
}

/// Text that names no account, entity, session or service.
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
    let (service, rest) = rest.strip_prefix(':')?.split_once("::")?;
    let (account, resource) = rest.split_once(':')?;
    let account = account.parse().ok()?;
    match (service, resource.split_once('/')) {
        ("iam", None) if resource == "root" => Some(PrincipalName::Account(account)),
        ("iam", Some(("user", rest))) => {
            let (path, name) = split_path(rest)?;
            Some(PrincipalName::User(account, path, name.parse().ok()?))
        }
        ("iam", Some(("role", rest))) => {
            let (path, name) = split_path(rest)?;
            Some(PrincipalName::Role(account, path, name.parse().ok()?))
        }
        ("sts", Some(("assumed-role", rest))) => {
            let (role, session) = rest.split_once('/')?;
            let (role, session) = (role.parse().ok()?, session.parse().ok()?);
            Some(PrincipalName::Session(account, role, session))
        }
        ("sts", Some(("federated-user", name))) => {
            Some(PrincipalName::FederatedUser(account, name.parse().ok()?))
        }
        _ => None,
    }
}

/// Path and name of an entity out of what follows its kind. AWS's pattern for principals of grants
/// has no wildcards.
fn split_path(text: &str) -> Option<(EntityPath, &str)> {
    let Some((path, name)) = text.rsplit_once('/') else {
        return Some((EntityPath::default(), text));
    };
    let is_component = |component: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@:-".contains(&b);
        !component.is_empty() && component.bytes().all(allowed)
    };
    let complete = path.split('/').all(is_component);
    let path = format!("/{path}/").parse().ok()?;
    complete.then_some((path, name))
}

/// A principal as it existed when the grant was made. A user or a role is bound by its unique id,
/// so that a namesake made later does not inherit the grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantPrincipal {
    /// An account: its root user, and whom its identity policies let.
    Account(AccountId),
    /// One IAM user.
    User {
        /// The user's account.
        account: AccountId,
        /// The user's path.
        #[serde(default)]
        path: EntityPath,
        /// The user's name.
        name: UserName,
        /// What the user is known by.
        id: UniqueId,
    },
    /// A role: every session of it.
    Role {
        /// The role's account.
        account: AccountId,
        /// The role's path.
        path: EntityPath,
        /// The role's name.
        name: RoleName,
        /// What the role is known by.
        id: UniqueId,
    },
    /// The sessions of a role that have that name.
    Session {
        /// The role's account.
        account: AccountId,
        /// The role's name.
        role: RoleName,
        /// What the role is known by.
        id: UniqueId,
        /// The session's name.
        session: SessionName,
    },
    /// The sessions of that name that users of the account hand out with `GetFederationToken`.
    FederatedUser {
        /// The account.
        account: AccountId,
        /// The session's name.
        name: SessionName,
    },
    /// An AWS service; no caller is one here.
    Service(String),
}

/// How closely a grant names a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Its account is named, which leaves the decision to that account's identity policies.
    Account,
    /// The role or the user behind its session is named, which leaves the session's limits to hold.
    Entity,
    /// It is named itself.
    Itself,
}

impl GrantPrincipal {
    /// What the principal is found by: an account's digits, the unique id of a user or a role, that
    /// and the name of a session, an account and the name of a federated user, a service's name. No
    /// two of different kinds are alike.
    #[must_use]
    pub fn handle(&self) -> Cow<'_, str> {
        match self {
            Self::Account(account) => Cow::Borrowed(account.as_str()),
            Self::User { id, .. } | Self::Role { id, .. } => Cow::Borrowed(id.as_str()),
            Self::Session { id, session, .. } => Cow::Owned(format!("{id}:{session}")),
            Self::FederatedUser { account, name } => Cow::Owned(format!("{account}:{name}")),
            Self::Service(name) => Cow::Borrowed(name),
        }
    }

    /// How the principal names `caller`; `None` when it is somebody else.
    #[must_use]
    pub fn names(&self, caller: &Principal) -> Option<Naming> {
        let own = self.handle();
        handles(caller)
            .find(|(handle, _)| *handle == own)
            .map(|(_, naming)| naming)
    }
}

/// The handles that name `caller`, the closest first. Only those of sessions are put together.
pub(super) fn handles(caller: &Principal) -> impl Iterator<Item = (Cow<'_, str>, Naming)> {
    let (itself, entity) = match caller {
        Principal::User { id, .. } => (Some(Cow::Borrowed(id.as_str())), None),
        Principal::AssumedRole { id, session, .. } => {
            (Some(Cow::Owned(format!("{id}:{session}"))), Some(id))
        }
        Principal::FederatedUser {
            account,
            issuer,
            name,
            ..
        } => (Some(Cow::Owned(format!("{account}:{name}"))), Some(issuer)),
        Principal::Root { .. } | Principal::Service { .. } => (None, None),
    };
    let account = match caller {
        Principal::Service { .. } => None,
        principal => Some(Cow::Borrowed(principal.account().as_str())),
    };
    let itself = itself.map(|handle| (handle, Naming::Itself));
    let entity = entity.map(|id| (Cow::Borrowed(id.as_str()), Naming::Entity));
    let account = account.map(|handle| (handle, Naming::Account));
    itself.into_iter().chain(entity).chain(account)
}

impl fmt::Display for GrantPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Account(account) => account_root_arn(account),
            Self::User {
                account,
                path,
                name,
                ..
            } => user_arn(account, path, name),
            Self::Role {
                account,
                path,
                name,
                ..
            } => role_arn(account, path, name),
            Self::Session {
                account,
                role,
                session,
                ..
            } => assumed_role_arn(account, role, session),
            Self::FederatedUser { account, name } => federated_user_arn(account, name),
            Self::Service(name) => name.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AIDAAAAAAAAAAAAAAAAAA";

    fn user(id: &str) -> GrantPrincipal {
        GrantPrincipal::User {
            account: "111122223333".parse().unwrap(),
            path: Default::default(),
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
    fn accounts_entities_sessions_and_services_are_principals_of_a_grant() {
        for text in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:iam::111122223333:user/path/to/alice",
            "arn:aws:iam::111122223333:role/r",
            "arn:aws:iam::111122223333:role/path/r",
            "arn:aws:sts::111122223333:assumed-role/r/session",
            "arn:aws:sts::111122223333:federated-user/fred",
            "dynamodb.us-west-2.amazonaws.com",
        ] {
            assert_eq!(text.parse::<PrincipalName>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "*",
            "111122223333",
            "alice",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:user//alice",
            "arn:aws:iam::111122223333:user/p*/alice",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::111122223333:assumed-role/r/session",
            "arn:aws:sts::111122223333:role/r",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "arn:aws:sts::111122223333:assumed-role/p/r/session",
            "arn:aws:sts::111122223333:federated-user/p/fred",
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

    fn session(id: &str, name: &str) -> Principal {
        Principal::AssumedRole {
            account: "111122223333".parse().unwrap(),
            path: "/p/".parse().unwrap(),
            role: "r".parse().unwrap(),
            id: id.parse().unwrap(),
            session: name.parse().unwrap(),
        }
    }

    #[test]
    fn a_session_is_named_itself_or_through_its_role_or_its_account() {
        const ROLE: &str = "AROAAAAAAAAAAAAAAAAAA";
        let role = GrantPrincipal::Role {
            account: "111122223333".parse().unwrap(),
            path: "/p/".parse().unwrap(),
            name: "r".parse().unwrap(),
            id: ROLE.parse().unwrap(),
        };
        let one = GrantPrincipal::Session {
            account: "111122223333".parse().unwrap(),
            role: "r".parse().unwrap(),
            id: ROLE.parse().unwrap(),
            session: "one".parse().unwrap(),
        };
        let account = GrantPrincipal::Account("111122223333".parse().unwrap());
        assert_eq!(role.names(&session(ROLE, "one")), Some(Naming::Entity));
        assert_eq!(one.names(&session(ROLE, "one")), Some(Naming::Itself));
        assert_eq!(one.names(&session(ROLE, "two")), None);
        assert_eq!(account.names(&session(ROLE, "two")), Some(Naming::Account));
        let recreated = session("AROABBBBBBBBBBBBBBBBB", "one");
        assert_eq!(
            (role.names(&recreated), one.names(&recreated)),
            (None, None)
        );
    }

    #[test]
    fn a_federated_user_is_named_itself_or_through_the_user_who_handed_the_session_out() {
        let fred = |name: &str| Principal::FederatedUser {
            account: "111122223333".parse().unwrap(),
            issuer: ID.parse().unwrap(),
            issuer_path: Default::default(),
            issuer_name: "alice".parse().unwrap(),
            name: name.parse().unwrap(),
        };
        let named = GrantPrincipal::FederatedUser {
            account: "111122223333".parse().unwrap(),
            name: "fred".parse().unwrap(),
        };
        assert_eq!(named.names(&fred("fred")), Some(Naming::Itself));
        assert_eq!(named.names(&fred("Fred")), None);
        assert_eq!(user(ID).names(&fred("fred")), Some(Naming::Entity));
    }
}
