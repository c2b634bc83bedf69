//! The principals file, `docs/spec/principals-file.md`: the users, groups, roles, managed policies
//! and identity providers that a store shall have, and the organization of its accounts.

mod check;
mod check_organization;
mod file;
mod organization;
mod text;

#[cfg(test)]
mod organization_tests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{AccessKeyId, EntityPath, GroupName, PolicyArn, PolicyName, RoleName, UserName};
use crate::secret::SecretText;

pub use organization::{
    AccountRef, FileAccount, FileControlPolicy, FileOrganization, FileTarget, FileUnit, UnitPath,
    table_of,
};
pub use text::write;

/// The longest principals file, in bytes.
pub const MAX_FILE: usize = 4 * 1024 * 1024;
/// The longest document that it names or holds, in bytes.
pub const MAX_DOCUMENT: usize = 128 * 1024;
/// The most entities of one file.
pub const MAX_ENTITIES: usize = 10_000;
/// How long all documents of one file may be together, in bytes.
const MAX_DOCUMENTS: usize = 64 * 1024 * 1024;
/// The most access keys of one user: AWS's quota.
const MAX_ACCESS_KEYS: usize = 2;
/// How long a session of a role lasts at most where the file does not say, in seconds.
const DEFAULT_SESSION_DURATION: u32 = 3600;

/// Why a text is no principals file. Says nothing of what a secret could be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct InvalidPrincipals {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Brings what stands in other files that the principals file names.
pub trait References {
    /// A document, as text of at most [`MAX_DOCUMENT`] bytes.
    ///
    /// # Errors
    /// Why it cannot be had.
    fn document(&mut self, path: &str) -> Result<String, String>;

    /// A secret: the first line of a file that its owner alone can reach.
    ///
    /// # Errors
    /// Why it cannot be had, without a word of `path`, which could be the secret itself.
    fn secret(&mut self, path: &str) -> Result<SecretText, String>;
}

/// What a store shall have.
#[derive(Debug, Default)]
pub struct PrincipalsFile {
    /// The SHA-256 digest of the text, 64 lower-case hexadecimal digits.
    pub digest: String,
    /// The organization; `None` where the file says nothing of it.
    pub organization: Option<FileOrganization>,
    /// Managed policies.
    pub policies: Vec<FilePolicy>,
    /// Groups.
    pub groups: Vec<FileGroup>,
    /// Users.
    pub users: Vec<FileUser>,
    /// Roles.
    pub roles: Vec<FileRole>,
    /// OpenID Connect providers.
    pub providers: Vec<FileProvider>,
}

/// Where an entity stands in the file, and in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// Its account; `None` is the store's own.
    pub account: Option<AccountRef>,
}

/// How the file names a managed policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyRef {
    /// One of the file, of the same account.
    Name(PolicyName),
    /// Any of the same account.
    Arn(PolicyArn),
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePolicy {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: PolicyName,
    /// Its path.
    pub path: EntityPath,
    /// What it is for.
    pub description: Option<String>,
    /// The document that counts.
    pub document: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What users, groups and roles may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// The managed policies that are attached.
    pub policies: BTreeSet<PolicyRef>,
    /// Inline policies by name.
    pub inline: BTreeMap<PolicyName, String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileGroup {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: GroupName,
    /// Its path.
    pub path: EntityPath,
    /// What its users may do.
    pub permissions: Permissions,
}

/// A user.
#[derive(Debug)]
pub struct FileUser {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: UserName,
    /// Its path.
    pub path: EntityPath,
    /// The groups that it is in.
    pub groups: BTreeSet<GroupName>,
    /// What it may do.
    pub permissions: Permissions,
    /// Beyond what it may do nothing.
    pub boundary: Option<PolicyRef>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// All of its access keys.
    pub access_keys: Vec<FileAccessKey>,
}

/// An access key of a user.
#[derive(Debug)]
pub struct FileAccessKey {
    /// `AKIA…`.
    pub id: AccessKeyId,
    /// 40 characters; `None` where the store knows it.
    pub secret: Option<SecretText>,
    /// Whether it opens nothing for now.
    pub inactive: bool,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRole {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: RoleName,
    /// Its path.
    pub path: EntityPath,
    /// What it is for.
    pub description: Option<String>,
    /// Who may assume it.
    pub trust: String,
    /// How long a session lasts at most, in seconds.
    pub max_session_duration: u32,
    /// What it may do.
    pub permissions: Permissions,
    /// Beyond what its sessions may do nothing.
    pub boundary: Option<PolicyRef>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProvider {
    /// Where it stands.
    pub place: Place,
    /// Its issuer, `https://…`.
    pub url: String,
    /// Whom its tokens may be for.
    pub audiences: Vec<String>,
    /// Kept, and not used.
    pub thumbprints: Vec<String>,
}

/// Reads a principals file: at least one entity, each checked by itself and against the others.
/// Whether documents and quotas hold is for whoever applies it.
///
/// # Errors
/// [`InvalidPrincipals`].
pub fn parse(
    text: &str,
    references: &mut dyn References,
) -> Result<PrincipalsFile, InvalidPrincipals> {
    if text.len() > MAX_FILE {
        return Err(InvalidPrincipals {
            line: 1,
            reason: "a principals file has at most 4 MiB".to_owned(),
        });
    }
    check::checked(text, file::read(text)?, references)
}
