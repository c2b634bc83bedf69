//! The `Principal` and `NotPrincipal` elements.

use super::json::Json;
use super::malformed::MalformedPolicy;
use crate::caller::Principal;
use crate::ids::{AccountId, PARTITION, UserName};

/// A principal that a key policy names.
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
        /// The user's name.
        name: &'a UserName,
    },
    /// A service's name such as `s3.amazonaws.com`.
    Service(&'a str),
    /// A well-formed name of a kind that does not exist here (roles, sessions, federated and
    /// canonical users, users with a path); it never matches a caller.
    Other(&'a str),
}

/// [`PolicyPrincipal`], owned.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::policy) enum Named {
    Anyone,
    Account(AccountId),
    User(AccountId, UserName),
    Service(String),
    Other(String),
}

impl Named {
    pub(super) fn view(&self) -> PolicyPrincipal<'_> {
        match self {
            Self::Anyone => PolicyPrincipal::Anyone,
            Self::Account(account) => PolicyPrincipal::Account(account),
            Self::User(account, name) => PolicyPrincipal::User { account, name },
            Self::Service(name) => PolicyPrincipal::Service(name),
            Self::Other(name) => PolicyPrincipal::Other(name),
        }
    }
}

/// How closely a statement names the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::policy) enum Match {
    /// Its account is named, which leaves the decision to that account's identity policies.
    Account,
    /// It is named itself.
    Direct,
}

/// Whom a statement is about.
#[derive(Debug)]
pub(in crate::policy) enum PrincipalElement {
    /// Whoever the policy is attached to.
    Attached,
    Is(Vec<Named>),
    IsNot(Vec<Named>),
}

impl PrincipalElement {
    pub(super) fn named(&self) -> &[Named] {
        match self {
            Self::Attached => &[],
            Self::Is(named) | Self::IsNot(named) => named,
        }
    }

    /// How the statement names `caller`; `None` when it is not about the caller.
    pub(in crate::policy) fn matches(&self, caller: &Principal) -> Option<Match> {
        match self {
            Self::Attached => Some(Match::Direct),
            Self::Is(named) => named.iter().filter_map(|named| one(named, caller)).max(),
            Self::IsNot(named) => (!exempts(named, caller)).then_some(Match::Direct),
        }
    }
}

fn one(named: &Named, caller: &Principal) -> Option<Match> {
    match named {
        Named::Anyone => Some(Match::Direct),
        Named::Account(account) => (account == caller.account()).then_some(Match::Account),
        Named::User(..) => is_user(named, caller).then_some(Match::Direct),
        Named::Service(_) | Named::Other(_) => None,
    }
}

fn is_user(named: &Named, caller: &Principal) -> bool {
    match (named, caller) {
        (Named::User(a, n), Principal::User { account, name, .. }) => a == account && n == name,
        _ => false,
    }
}

/// `NotPrincipal` exempts a caller when its account and it itself are both named.
fn exempts(named: &[Named], caller: &Principal) -> bool {
    let account_named = named
        .iter()
        .any(|named| matches!(named, Named::Account(account) if account == caller.account()));
    let is_account = matches!(caller, Principal::Root { .. });
    named.contains(&Named::Anyone)
        || account_named && (is_account || named.iter().any(|named| is_user(named, caller)))
}

/// Reads `"*"` or `{ TYPE: name | [name, …] }`.
pub(super) fn parse(json: &Json) -> Result<Vec<Named>, MalformedPolicy> {
    let members = match json {
        Json::Text(text) if text == "*" => return Ok(vec![Named::Anyone]),
        Json::Text(_) => return Err(MalformedPolicy::InvalidPrincipal),
        Json::Object(members) => members,
        _ => return Err(MalformedPolicy::Syntax),
    };
    let mut named = Vec::new();
    for (kind, names) in members {
        let parse = match kind.as_str() {
            "AWS" => parse_aws,
            "Service" => parse_service,
            "Federated" | "CanonicalUser" => parse_other,
            _ => return Err(MalformedPolicy::Syntax),
        };
        for name in super::statement::texts(names)? {
            named.push(parse(name).ok_or(MalformedPolicy::InvalidPrincipal)?);
        }
    }
    if named.is_empty() {
        return Err(MalformedPolicy::NoPrincipal);
    }
    Ok(named)
}

fn parse_aws(text: &str) -> Option<Named> {
    if text == "*" {
        return Some(Named::Anyone);
    }
    if let Ok(account) = text.parse() {
        return Some(Named::Account(account));
    }
    let mut parts = text.splitn(6, ':');
    if parts.next()? != "arn" || parts.next()? != PARTITION {
        return None;
    }
    let (service, region) = (parts.next()?, parts.next()?);
    let account: AccountId = parts.next()?.parse().ok()?;
    let resource = parts.next()?;
    if !region.is_empty() || !is_entity_name(resource) {
        return None;
    }
    match (service, resource.split_once('/')) {
        ("iam", None) if resource == "root" => Some(Named::Account(account)),
        ("iam", Some(("user", name))) if !name.contains('/') => {
            Some(Named::User(account, name.parse().ok()?))
        }
        ("iam", Some(("user" | "role", path))) => other_with_path(text, path),
        ("sts", Some(("assumed-role", path))) if path.contains('/') => other_with_path(text, path),
        ("sts", Some(("federated-user", name))) => other_with_path(text, name),
        _ => None,
    }
}

fn is_entity_name(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
}

fn other_with_path(text: &str, path: &str) -> Option<Named> {
    let complete = path.split('/').all(|part| !part.is_empty());
    complete.then(|| Named::Other(text.to_owned()))
}

fn parse_service(text: &str) -> Option<Named> {
    let name = text.strip_suffix(".amazonaws.com")?;
    let well_formed = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b));
    well_formed.then(|| Named::Service(text.to_owned()))
}

fn parse_other(text: &str) -> Option<Named> {
    (!text.is_empty() && !text.contains(['*', '?'])).then(|| Named::Other(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_accounts_users_everybody_services_or_other() {
        for (text, expected) in [
            ("*", "Anyone"),
            ("111122223333", "Account"),
            ("arn:aws:iam::111122223333:root", "Account"),
            ("arn:aws:iam::111122223333:user/a.b", "User"),
            ("arn:aws:iam::111122223333:user/path/a", "Other"),
            ("arn:aws:iam::111122223333:role/r", "Other"),
            ("arn:aws:sts::111122223333:assumed-role/r/s", "Other"),
            ("arn:aws:sts::111122223333:federated-user/f", "Other"),
        ] {
            let named = format!("{:?}", parse_aws(text).unwrap());
            assert!(named.starts_with(expected), "{text} {named}");
        }
    }

    #[test]
    fn wildcards_groups_and_malformed_arns_are_no_principals() {
        for text in [
            "",
            "alice",
            "11112222333",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::*:root",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam:us-east-1:111122223333:root",
            "arn:aws-cn:iam::111122223333:root",
            "arn:aws:s3::111122223333:root",
            "arn:aws:iam::111122223333:root/x",
            "arn:aws:iam::111122223333:user/a b",
            "arn:aws:iam::111122223333",
            "AIDAAAAAAAAAAAAAAAAAA",
            "arn:aws:sts::111122223333:assumed-role/r",
            "arn:aws:iam::111122223333:role//r",
            "**",
        ] {
            assert_eq!(parse_aws(text), None, "{text}");
        }
        for text in ["*", "x.example.com", ".amazonaws.com", "s3*.amazonaws.com"] {
            assert_eq!(parse_service(text), None, "{text}");
        }
    }
}
