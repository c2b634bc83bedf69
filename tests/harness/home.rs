//! A home directory that is gone when the test is.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Credentials, Kms};

/// A fresh directory for a store, its ledger and its credentials.
#[derive(Debug)]
pub struct Home {
    directory: TempDir,
}

impl Home {
    /// A home that nothing has initialised yet.
    pub fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("kms-test-")
            .tempdir()
            .unwrap();
        Self { directory }
    }

    /// A home after `kms init`.
    pub fn initialised() -> Self {
        let home = Self::new();
        home.kms().done(["init"]);
        home
    }

    /// Where the store lies.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// A place beside the store for a test's own files.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The program `kms` on this home.
    pub fn kms(&self) -> Kms {
        Kms::on(&self.path())
    }

    /// The root user's access key, as the first start left it.
    pub fn root_credentials(&self) -> Credentials {
        Credentials::from_file(&self.path().join("credentials"))
    }

    /// Makes a user and returns an access key of theirs.
    pub fn user(&self, name: &str) -> Credentials {
        self.kms().done(["user", "create", name]);
        let printed = self
            .kms()
            .done(["user", "access-key", "create", name, "--output", "json"]);
        Credentials::from_json(&printed)
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl AsRef<Path> for Home {
    fn as_ref(&self) -> &Path {
        self.directory.path()
    }
}
