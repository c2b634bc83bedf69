//! The roots of attestation documents: `[attestation]` in the file.

use std::path::PathBuf;

use kms_core::attestation::TrustedRoots;

use super::{Config, ConfigError};

impl Config {
    /// Reads the files of `attestation.roots`; none where none is named.
    ///
    /// # Errors
    /// [`ConfigError`] names the file that cannot be read or is no root.
    pub(crate) fn read_attestation_roots(&self) -> Result<TrustedRoots, ConfigError> {
        let mut roots = TrustedRoots::default();
        for path in &self.attestation_roots {
            add(&mut roots, path)?;
        }
        Ok(roots)
    }
}

fn add(roots: &mut TrustedRoots, path: &PathBuf) -> Result<(), ConfigError> {
    let pem = std::fs::read(path).map_err(|source| ConfigError::Unreadable {
        path: path.clone(),
        source,
    })?;
    roots.add_pem(&pem).map_err(|fault| ConfigError::Value {
        key: "attestation.roots",
        reason: format!("{}: {fault}", path.display()),
    })
}
