//! The names of principals in documents.

use super::bindings::Bindings;
use crate::ids::{
    AccountId, EntityPath, PARTITION, RoleName, SessionName, UniqueId, UserName, account_root_arn,
    assumed_role_arn, federated_user_arn, role_arn, user_arn,
};

/// A principal that a key policy or a trust policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyPrincipal<'a> {
    /// `*`: everybody, also in other accounts.
    Anyone,
    /// An account: its root user, and whom its identity policies let.
    Account(&'a AccountId),
    /// One IAM user.
    User {
        /// The user's account.
        account: &'a AccountId,
        /// The user's path.
        path: &'a EntityPath,
        /// The user's name.
        name: &'a UserName,
    },
    /// A role: every session of it.
    Role {
        /// The role's account.
        account: &'a AccountId,
        /// The role's path.
        path: &'a EntityPath,
        /// The role's name.
        name: &'a RoleName,
    },
    /// The sessions of a role that have that name.
    Session {
        /// The role's account.
        account: &'a AccountId,
        /// The role's name; the path is not in the ARN of a session.
        role: &'a RoleName,
        /// The session's name.
        session: &'a SessionName,
    },
    /// A session that a user handed out with `GetFederationToken`.
    FederatedUser {
        /// The user's account.
        account: &'a AccountId,
        /// The session's name.
        name: &'a SessionName,
    },
    /// A service's name such as `s3.amazonaws.com`.
    Service(&'a str),
    /// An identity provider, by its ARN, or by its name for the few that have none.
    Provider(&'a str),
    /// A canonical user; no caller is one here.
    Other(&'a str),
}

impl PolicyPrincipal<'_> {
    /// The principal's ARN; `None` for those that have none.
    #[must_use]
    pub fn arn(&self) -> Option<String> {
        Some(match self {
            Self::Account(account) => account_root_arn(account),
            Self::User {
                account,
                path,
                name,
            } => user_arn(account, path, name),
            Self::Role {
                account,
                path,
                name,
            } => role_arn(account, path, name),
            Self::Session {
                account,
                role,
                session,
            } => assumed_role_arn(account, role, session),
            Self::FederatedUser { account, name } => federated_user_arn(account, name),
            Self::Provider(name) if name.starts_with("arn:") => (*name).to_owned(),
            Self::Anyone | Self::Service(_) | Self::Provider(_) | Self::Other(_) => return None,
        })
    }
}

/// [`PolicyPrincipal`], owned and bound.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::policy) enum Named {
    Anyone,
    Account(AccountId),
    User(Entity<UserName>),
    Role(Entity<RoleName>),
    Session {
        account: AccountId,
        role: RoleName,
        session: SessionName,
        /// The only role that is meant, where the document is bound.
        id: Option<UniqueId>,
    },
    FederatedUser {
        account: AccountId,
        name: SessionName,
    },
    Service(String),
    Provider(String),
    Other(String),
}

/// A user or a role.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::policy) struct Entity<N> {
    pub(in crate::policy) account: AccountId,
    pub(in crate::policy) path: EntityPath,
    pub(in crate::policy) name: N,
    /// The only entity that is meant, where the document is bound.
    pub(super) id: Option<UniqueId>,
}

impl Named {
    pub(super) fn view(&self) -> PolicyPrincipal<'_> {
        match self {
            Self::Anyone => PolicyPrincipal::Anyone,
            Self::Account(account) => PolicyPrincipal::Account(account),
            Self::User(entity) => PolicyPrincipal::User {
                account: &entity.account,
                path: &entity.path,
                name: &entity.name,
            },
            Self::Role(entity) => PolicyPrincipal::Role {
                account: &entity.account,
                path: &entity.path,
                name: &entity.name,
            },
            Self::Session {
                account,
                role,
                session,
                ..
            } => PolicyPrincipal::Session {
                account,
                role,
                session,
            },
            Self::FederatedUser { account, name } => {
                PolicyPrincipal::FederatedUser { account, name }
            }
            Self::Service(name) => PolicyPrincipal::Service(name),
            Self::Provider(name) => PolicyPrincipal::Provider(name),
            Self::Other(name) => PolicyPrincipal::Other(name),
        }
    }

    /// Binds a user, a role or a session to the unique id that `bindings` has for its ARN.
    pub(super) fn bind(&mut self, bindings: &Bindings) {
        let Some(bound) = self.view().arn().and_then(|arn| bindings.get(&arn)) else {
            return;
        };
        let bound = Some(bound.clone());
        match self {
            Self::User(entity) => entity.id = bound,
            Self::Role(entity) => entity.id = bound,
            Self::Session { id, .. } => *id = bound,
            _ => {}
        }
    }
}

pub(in crate::policy) fn parse_aws(text: &str) -> Option<Named> {
    if text == "*" {
        return Some(Named::Anyone);
    }
    if let Ok(account) = text.parse() {
        return Some(Named::Account(account));
    }
    let (service, account, resource) = split_arn(text)?;
    match (service, resource.split_once('/')) {
        ("iam", None) if resource == "root" => Some(Named::Account(account)),
        ("iam", Some(("user", rest))) => entity(account, rest).map(Named::User),
        ("iam", Some(("role", rest))) => entity(account, rest).map(Named::Role),
        ("sts", Some(("assumed-role", rest))) => {
            let (role, session) = rest.split_once('/')?;
            Some(Named::Session {
                account,
                role: role.parse().ok()?,
                session: session.parse().ok()?,
                id: None,
            })
        }
        ("sts", Some(("federated-user", name))) => Some(Named::FederatedUser {
            account,
            name: name.parse().ok()?,
        }),
        _ => None,
    }
}

/// Service, account and resource of an ARN of IAM or STS, which have no Region.
fn split_arn(text: &str) -> Option<(&str, AccountId, &str)> {
    let mut parts = text.splitn(6, ':');
    if parts.next()? != "arn" || parts.next()? != PARTITION {
        return None;
    }
    let (service, region) = (parts.next()?, parts.next()?);
    let account = parts.next()?.parse().ok()?;
    let resource = parts.next()?;
    region.is_empty().then_some((service, account, resource))
}

/// `NAME`, or `PATH/NAME`.
fn entity<N: std::str::FromStr>(account: AccountId, text: &str) -> Option<Entity<N>> {
    let (path, name) = match text.rsplit_once('/') {
        None => (EntityPath::default(), text),
        Some((path, name)) => (path_of(path)?, name),
    };
    Some(Entity {
        account,
        path,
        name: name.parse().ok()?,
        id: None,
    })
}

/// The path whose components these are, none of them empty and without wildcards.
fn path_of(components: &str) -> Option<EntityPath> {
    let complete = components.split('/').all(|component| !component.is_empty());
    let path = format!("/{components}/").parse().ok()?;
    (complete && !components.contains(['*', '?'])).then_some(path)
}

pub(super) fn parse_service(text: &str) -> Option<Named> {
    let name = text.strip_suffix(".amazonaws.com")?;
    let well_formed = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b));
    well_formed.then(|| Named::Service(text.to_owned()))
}

/// The ARN of a provider of OpenID Connect or SAML, or the name of one of the few that have none.
pub(in crate::policy) fn parse_provider(text: &str) -> Option<Named> {
    if text.starts_with("arn:") {
        let ("iam", _, resource) = split_arn(text)? else {
            return None;
        };
        let (kind, name) = resource.split_once('/')?;
        if !matches!(kind, "oidc-provider" | "saml-provider") || name.is_empty() {
            return None;
        }
    }
    is_name(text).then(|| Named::Provider(text.to_owned()))
}

pub(super) fn parse_other(text: &str) -> Option<Named> {
    is_name(text).then(|| Named::Other(text.to_owned()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"*?".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_accounts_entities_sessions_or_everybody() {
        for (text, expected) in [
            ("*", "Anyone"),
            ("111122223333", "Account"),
            ("arn:aws:iam::111122223333:root", "Account"),
            ("arn:aws:iam::111122223333:user/a.b", "User"),
            ("arn:aws:iam::111122223333:user/path/a", "User"),
            ("arn:aws:iam::111122223333:role/r", "Role"),
            ("arn:aws:iam::111122223333:role/a/!b/r", "Role"),
            ("arn:aws:sts::111122223333:assumed-role/r/se", "Session"),
            (
                "arn:aws:sts::111122223333:federated-user/fe",
                "FederatedUser",
            ),
        ] {
            let named = parse_aws(text).unwrap();
            assert!(
                format!("{named:?}").starts_with(expected),
                "{text} {named:?}"
            );
            if let Some(arn) = named.view().arn() {
                assert!(arn == text || text == "111122223333", "{arn}");
            }
        }
    }

    #[test]
    fn wildcards_groups_and_malformed_arns_are_no_principals() {
        for text in [
            "",
            "alice",
            "11112222333",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:role/p*/r",
            "arn:aws:iam::111122223333:role/p?/r",
            "arn:aws:iam::*:root",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:user/p/",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam:us-east-1:111122223333:root",
            "arn:aws-cn:iam::111122223333:root",
            "arn:aws:s3::111122223333:root",
            "arn:aws:iam::111122223333:root/x",
            "arn:aws:iam::111122223333:user/a b",
            "arn:aws:iam::111122223333",
            "AIDAAAAAAAAAAAAAAAAAA",
            "arn:aws:sts::111122223333:assumed-role/r",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "arn:aws:sts::111122223333:assumed-role/p/r/se",
            "arn:aws:sts::111122223333:assumed-role/r/*",
            "arn:aws:sts::111122223333:federated-user/p/fe",
            "arn:aws:sts::111122223333:role/r",
            "arn:aws:iam::111122223333:assumed-role/r/se",
            "arn:aws:iam::111122223333:role//r",
            "**",
        ] {
            assert_eq!(parse_aws(text), None, "{text}");
        }
        for text in ["*", "x.example.com", ".amazonaws.com", "s3*.amazonaws.com"] {
            assert_eq!(parse_service(text), None, "{text}");
        }
    }

    #[test]
    fn a_provider_is_an_arn_of_one_or_a_name_without_wildcards() {
        for text in [
            "arn:aws:iam::111122223333:oidc-provider/id.example.com/pool",
            "arn:aws:iam::111122223333:saml-provider/corp",
            "cognito-identity.amazonaws.com",
        ] {
            assert_eq!(parse_provider(text), Some(Named::Provider(text.to_owned())));
        }
        for text in [
            "",
            "*",
            "arn:aws:iam::111122223333:oidc-provider/",
            "arn:aws:iam::111122223333:oidc-provider/*",
            "arn:aws:iam::111122223333:user/a",
            "arn:aws:iam:us-east-1:111122223333:oidc-provider/a",
            "arn:aws:sts::111122223333:oidc-provider/a",
            "a b",
        ] {
            assert_eq!(parse_provider(text), None, "{text}");
        }
    }
}
