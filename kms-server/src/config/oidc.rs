//! What is said of identity providers: `[oidc]` and `[[oidc_provider]]`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kms_core::oidc::{Issuer, KeySet};

use super::check::value;
use super::file::{FileOidc, FileOidcProvider};
use super::{Config, ConfigError, Xks};

/// How long a provider may take for one answer, in milliseconds.
const TIMEOUT: u64 = 5000;

/// How the keys of identity providers are had.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Oidc {
    /// How providers are asked for their keys; `None` where none is asked.
    pub client: Option<Xks>,
    /// Whether providers on this machine may be without TLS, for tests.
    pub plain_loopback: bool,
    /// Files with the keys of providers that are not asked.
    pub files: BTreeMap<Issuer, PathBuf>,
}

/// Checks both sections.
pub(super) fn checked(
    section: Option<&FileOidc>,
    providers: &[FileOidcProvider],
) -> Result<Oidc, ConfigError> {
    let plain_loopback = section.is_some_and(|given| given.plain_loopback.unwrap_or(false));
    let mut files = BTreeMap::new();
    for given in providers {
        let issuer = given.issuer.parse::<Issuer>();
        let issuer = issuer.map_err(|fault| {
            value(
                "oidc_provider.issuer",
                format!("{:?}: {fault}", given.issuer),
            )
        })?;
        if files.insert(issuer, given.jwks_file.clone()).is_some() {
            let reason = format!("{:?} is there twice", given.issuer);
            return Err(value("oidc_provider.issuer", reason));
        }
    }
    Ok(Oidc {
        client: section.map(client).transpose()?,
        plain_loopback,
        files,
    })
}

fn client(given: &FileOidc) -> Result<Xks, ConfigError> {
    let timeout = given.timeout_milliseconds.unwrap_or(TIMEOUT);
    if !(100..=30_000).contains(&timeout) {
        let reason = format!("{timeout} is not 100 to 30000");
        return Err(value("oidc.timeout_milliseconds", reason));
    }
    Ok(Xks {
        roots: given.roots.clone(),
        platform_roots: given.platform_roots.unwrap_or(true),
        timeout: Duration::from_millis(timeout),
        private_addresses: given.private_addresses.unwrap_or(false),
        addresses: BTreeMap::new(),
    })
}

impl Config {
    /// Reads the files of `[[oidc_provider]]`.
    ///
    /// # Errors
    /// [`ConfigError`] names the file that cannot be read or is no key set.
    pub(crate) fn read_key_sets(&self) -> Result<BTreeMap<Issuer, Arc<KeySet>>, ConfigError> {
        let files = self.oidc.files.iter();
        files
            .map(|(issuer, path)| Ok((issuer.clone(), Arc::new(key_set(path)?))))
            .collect()
    }
}

fn key_set(path: &Path) -> Result<KeySet, ConfigError> {
    let json = std::fs::read(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let faulty = |fault: &dyn std::fmt::Display| ConfigError::Value {
        key: "oidc_provider.jwks_file",
        reason: format!("{}: {fault}", path.display()),
    };
    let keys = KeySet::parse(&json).map_err(|fault| faulty(&fault))?;
    if keys.is_empty() {
        return Err(faulty(&"holds no key that verifies tokens"));
    }
    Ok(keys)
}
