//! From what is written to what is meant.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::check_organization::Tables;
use super::file::{self, File, line_of};
use super::{
    AccountRef, DEFAULT_SESSION_DURATION, FileAccessKey, FileGroup, FilePolicy, FileProvider,
    FileRole, FileUser, InvalidPrincipals, MAX_ACCESS_KEYS, MAX_DOCUMENT, MAX_DOCUMENTS,
    MAX_ENTITIES, Permissions, Place, PolicyRef, PrincipalsFile, References,
};
use crate::crypto::digest::{hexadecimal, sha256};
use crate::ids::{AccessKeyId, PolicyName};
use crate::secret::SecretText;

/// How many characters a secret access key has.
const SECRET: usize = 40;

/// Checks each entity by itself and against the others.
pub(super) fn checked(
    text: &str,
    mut file: File,
    references: &mut dyn References,
) -> Result<PrincipalsFile, InvalidPrincipals> {
    let organization = Tables::take(&mut file);
    let counts = [
        file.policy.len(),
        file.group.len(),
        file.user.len(),
        file.role.len(),
        file.oidc_provider.len(),
    ];
    let count = counts
        .iter()
        .chain(&organization.count())
        .fold(0_usize, |sum, one| sum.saturating_add(*one));
    if !(1..=MAX_ENTITIES).contains(&count) {
        return Err(InvalidPrincipals {
            line: 1,
            reason: "a principals file has 1 to 10,000 entities".to_owned(),
        });
    }
    let mut check = Check {
        text,
        references,
        documents: 0,
        names: BTreeSet::new(),
        access_keys: BTreeSet::new(),
    };
    Ok(PrincipalsFile {
        digest: hexadecimal(&sha256(text.as_bytes())),
        organization: check.organization(organization)?,
        policies: check.all(file.policy, Check::policy)?,
        groups: check.all(file.group, Check::group)?,
        users: check.all(file.user, Check::user)?,
        roles: check.all(file.role, Check::role)?,
        providers: check.all(file.oidc_provider, Check::provider)?,
    })
}

/// What is known while the entities are read in their order.
pub(super) struct Check<'a> {
    text: &'a str,
    references: &'a mut dyn References,
    /// The bytes of all documents so far.
    documents: usize,
    /// Kind, account and name of every entity so far, in lower case.
    names: BTreeSet<(&'static str, Option<AccountRef>, String)>,
    access_keys: BTreeSet<AccessKeyId>,
}

impl Check<'_> {
    /// The line that the byte of the text stands on.
    pub(super) fn line(&self, at: usize) -> usize {
        line_of(self.text, at)
    }

    pub(super) fn all<T, U>(
        &mut self,
        entities: Vec<Spanned<T>>,
        one: fn(&mut Self, T, usize) -> Result<U, String>,
    ) -> Result<Vec<U>, InvalidPrincipals> {
        let mut checked = Vec::with_capacity(entities.len());
        for entity in entities {
            let line = self.line(entity.span().start);
            let entity = one(self, entity.into_inner(), line);
            checked.push(entity.map_err(|reason| InvalidPrincipals { line, reason })?);
        }
        Ok(checked)
    }

    /// Refuses a second entity of the name.
    fn place(
        &mut self,
        line: usize,
        kind: &'static str,
        account: Option<AccountRef>,
        name: &str,
    ) -> Result<Place, String> {
        let key = (kind, account.clone(), name.to_lowercase());
        if !self.names.insert(key) {
            return Err(format!(
                "the {kind} {name} stands twice; case does not distinguish names"
            ));
        }
        Ok(Place { line, account })
    }

    /// Refuses a second part of the organization of the name.
    pub(super) fn once(&mut self, kind: &'static str, name: &str) -> Result<(), String> {
        match self.names.insert((kind, None, name.to_owned())) {
            true => Ok(()),
            false => Err(format!("the {kind} {name} stands twice")),
        }
    }

    /// The document that is given as text or as a file.
    pub(super) fn document(
        &mut self,
        of: &str,
        text: (&str, Option<String>),
        file: (&str, Option<String>),
    ) -> Result<String, String> {
        let document = match (text.1, file.1) {
            (Some(text), None) => text,
            (None, Some(path)) => {
                let read = self.references.document(&path);
                read.map_err(|why| format!("{of}: {} {path:?} {why}", file.0))?
            }
            _ => return Err(format!("{of} needs either {} or {}", text.0, file.0)),
        };
        if document.len() > MAX_DOCUMENT {
            return Err(format!("{of} has a document of more than 128 KiB"));
        }
        self.documents = self.documents.saturating_add(document.len());
        if self.documents > MAX_DOCUMENTS {
            return Err("all documents together have more than 64 MiB".to_owned());
        }
        Ok(document)
    }

    fn permissions(
        &mut self,
        of: &str,
        policies: Vec<PolicyRef>,
        inline: Vec<file::Inline>,
    ) -> Result<Permissions, String> {
        let mut by_name: BTreeMap<PolicyName, String> = BTreeMap::new();
        for policy in inline {
            let what = format!("{of}: the inline policy {}", policy.name);
            let document = self.document(&what, ("text", policy.text), ("file", policy.file))?;
            if by_name.insert(policy.name, document).is_some() {
                return Err(format!("{what} stands twice"));
            }
        }
        Ok(Permissions {
            policies: policies.into_iter().collect(),
            inline: by_name,
        })
    }

    fn policy(&mut self, policy: file::Policy, line: usize) -> Result<FilePolicy, String> {
        let place = self.place(line, "policy", policy.account, policy.name.as_str())?;
        let of = format!("the policy {}", policy.name);
        Ok(FilePolicy {
            place,
            document: self.document(&of, ("text", policy.text), ("file", policy.file))?,
            name: policy.name,
            path: policy.path,
            description: policy.description,
            tags: policy.tags,
        })
    }

    fn group(&mut self, group: file::Group, line: usize) -> Result<FileGroup, String> {
        let of = format!("the group {}", group.name);
        Ok(FileGroup {
            place: self.place(line, "group", group.account, group.name.as_str())?,
            permissions: self.permissions(&of, group.policies, group.inline)?,
            name: group.name,
            path: group.path,
        })
    }

    fn user(&mut self, user: file::User, line: usize) -> Result<FileUser, String> {
        let of = format!("the user {}", user.name);
        if user.access_keys.len() > MAX_ACCESS_KEYS {
            return Err(format!("{of} has more than {MAX_ACCESS_KEYS} access keys"));
        }
        let place = self.place(line, "user", user.account, user.name.as_str())?;
        let mut access_keys = Vec::with_capacity(user.access_keys.len());
        for key in user.access_keys {
            access_keys.push(self.access_key(&of, key)?);
        }
        Ok(FileUser {
            place,
            permissions: self.permissions(&of, user.policies, user.inline)?,
            name: user.name,
            path: user.path,
            groups: user.groups.into_iter().collect(),
            boundary: user.boundary,
            tags: user.tags,
            access_keys,
        })
    }

    fn access_key(&mut self, of: &str, key: file::AccessKey) -> Result<FileAccessKey, String> {
        let id = key.id;
        if id.is_temporary() {
            return Err(format!(
                "{of}: {id} is of temporary credentials: write AKIA…"
            ));
        }
        if !self.access_keys.insert(id.clone()) {
            return Err(format!("{of}: the access key {id} stands twice"));
        }
        let secret = key.secret_file.map(|path| self.references.secret(&path));
        let secret = secret
            .transpose()
            .map_err(|why| format!("{of}: the secret_file of {id} {why}"))?;
        if !secret.as_ref().is_none_or(is_secret_access_key) {
            return Err(format!(
                "{of}: the secret_file of {id} has no secret access key: 40 letters, digits, + and /"
            ));
        }
        Ok(FileAccessKey {
            id,
            secret,
            inactive: !key.active,
        })
    }

    fn role(&mut self, role: file::Role, line: usize) -> Result<FileRole, String> {
        let of = format!("the role {}", role.name);
        let trust = ("trust", role.trust);
        Ok(FileRole {
            place: self.place(line, "role", role.account, role.name.as_str())?,
            trust: self.document(&of, trust, ("trust_file", role.trust_file))?,
            permissions: self.permissions(&of, role.policies, role.inline)?,
            name: role.name,
            path: role.path,
            description: role.description,
            max_session_duration: role
                .max_session_duration
                .unwrap_or(DEFAULT_SESSION_DURATION),
            boundary: role.boundary,
            tags: role.tags,
        })
    }

    fn provider(&mut self, provider: file::Provider, line: usize) -> Result<FileProvider, String> {
        Ok(FileProvider {
            place: self.place(line, "oidc_provider", provider.account, &provider.url)?,
            url: provider.url,
            audiences: provider.audiences,
            thumbprints: provider.thumbprints,
        })
    }
}

fn is_secret_access_key(secret: &SecretText) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    secret.expose().len() == SECRET && secret.expose().bytes().all(allowed)
}
