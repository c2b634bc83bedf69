//! The organization of a principals file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::identity::PolicyType;
use crate::ids::AccountId;

/// What paths begin with.
const ROOT: &str = "root";

/// How the file names an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountRef {
    /// By its number.
    Id(AccountId),
    /// By its address of email.
    Email(String),
}

impl FromStr for AccountRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        match text.contains('@') {
            true => Ok(Self::Email(text.to_owned())),
            false => Err("an account is 12 digits or its address of email"),
        }
    }
}

impl fmt::Display for AccountRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Email(email) => f.write_str(email),
        }
    }
}

/// Where a unit is: the names of the units from the root down to it. No name is that of the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitPath(Vec<String>);

impl UnitPath {
    /// The path of the unit of that name in this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut names = self.0.clone();
        names.push(name.to_owned());
        Self(names)
    }

    /// The path of what the unit is in, and its name; `None` for the root.
    #[must_use]
    pub fn split(&self) -> Option<(Self, &str)> {
        let (name, above) = self.0.split_last()?;
        Some((Self(above.to_vec()), name))
    }

    /// How many units there are from the root down to this one.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.len()
    }
}

/// A name as it stands in a path.
fn in_path(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

/// The name that stands so in a path.
fn from_path(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut parts = text.split('%');
    name.push_str(parts.next()?);
    for part in parts {
        let (written, rest) = match (part.strip_prefix("25"), part.strip_prefix("2F")) {
            (Some(rest), _) => ('%', rest),
            (None, Some(rest)) => ('/', rest),
            (None, None) => return None,
        };
        name.push(written);
        name.push_str(rest);
    }
    (!name.is_empty()).then_some(name)
}

impl FromStr for UnitPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = "a path is root, or root/NAME/NAME…, with %25 for % and %2F for / in a name";
        let mut parts = text.split('/');
        if parts.next() != Some(ROOT) {
            return Err(fault);
        }
        let names: Option<Vec<String>> = parts.map(from_path).collect();
        names.map(Self).ok_or(fault)
    }
}

impl fmt::Display for UnitPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ROOT)?;
        let mut names = self.0.iter();
        names.try_for_each(|name| write!(f, "/{}", in_path(name)))
    }
}

/// What the file attaches a policy to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileTarget {
    /// The root or a unit.
    Unit(UnitPath),
    /// An account.
    Account(AccountRef),
}

impl FromStr for FileTarget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_path = text == ROOT || text.starts_with("root/");
        if is_path {
            return text.parse().map(Self::Unit);
        }
        let account = text.parse().map(Self::Account);
        account.map_err(|_| "a target is a path (root/…), 12 digits, or an address of email")
    }
}

impl fmt::Display for FileTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(path) => path.fmt(f),
            Self::Account(account) => account.fmt(f),
        }
    }
}

/// The organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileOrganization {
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// The types of policies that count; where it does not say, service control
    /// policies and those that count already.
    pub policy_types: Option<BTreeSet<PolicyType>>,
    /// Tags of the root.
    pub tags: BTreeMap<String, String>,
    /// Its units, what they are in before them.
    pub units: Vec<FileUnit>,
    /// Its accounts.
    pub accounts: Vec<FileAccount>,
    /// Its policies.
    pub policies: Vec<FileControlPolicy>,
}

/// An organizational unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUnit {
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// Where it is, its own name last.
    pub path: UnitPath,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An account of the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAccount {
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// Its number, where the file gives it.
    pub id: Option<AccountId>,
    /// What people call it.
    pub name: String,
    /// Whom to write to; it may be absent for the management account alone.
    pub email: Option<String>,
    /// What it is in.
    pub parent: UnitPath,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A service or resource control policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileControlPolicy {
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// What it limits.
    pub kind: PolicyType,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The document; `None` of the one that AWS manages.
    pub document: Option<String>,
    /// What it is attached to.
    pub targets: BTreeSet<FileTarget>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl FileControlPolicy {
    /// The table that such a policy stands in.
    #[must_use]
    pub fn table(&self) -> &'static str {
        table_of(self.kind)
    }
}

/// The table that policies of a type stand in.
#[must_use]
pub const fn table_of(kind: PolicyType) -> &'static str {
    match kind {
        PolicyType::ServiceControl => "scp",
        PolicyType::ResourceControl => "rcp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_names_apart_whatever_is_in_them() {
        let path = UnitPath::default().child("a/b").child("50%").child("%2F");
        assert_eq!(path.to_string(), "root/a%2Fb/50%25/%252F");
        assert_eq!(path.to_string().parse::<UnitPath>().unwrap(), path);
        assert_eq!(path.split().unwrap().1, "%2F");
        assert_eq!("root".parse::<UnitPath>().unwrap(), UnitPath::default());
        for bad in [
            "",
            "Root",
            "prod",
            "root/",
            "root//a",
            "root/a%2f",
            "root/%",
            "root/a%",
            "/root",
        ] {
            assert!(bad.parse::<UnitPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_target_is_a_path_or_an_account() {
        let target = |text: &str| text.parse::<FileTarget>().unwrap();
        let email = |text: &str| FileTarget::Account(AccountRef::Email(text.to_owned()));
        assert_eq!(target("root"), FileTarget::Unit(UnitPath::default()));
        assert_eq!(target("roots@example.com"), email("roots@example.com"));
        assert!(matches!(target("root/a@example.com"), FileTarget::Unit(_)));
        let id = AccountRef::Id("111122223333".parse().unwrap());
        assert_eq!(target("111122223333"), FileTarget::Account(id));
        for bad in ["", "11112222333", "prod", "ou-abcd-12345678"] {
            assert!(bad.parse::<FileTarget>().is_err(), "{bad}");
        }
    }
}
