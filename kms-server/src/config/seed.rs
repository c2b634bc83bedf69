//! The seed file of the configuration.

use std::fs::File;
use std::io::Read;

use kms_core::seed::{self, MAX_FILE, SeedKey};

use super::{Config, ConfigError};

impl Config {
    /// Reads the seed file; no keys when there is none.
    ///
    /// # Errors
    /// When it cannot be read or is no seed file.
    pub(crate) fn seed_keys(&self) -> Result<Vec<SeedKey>, ConfigError> {
        let Some(path) = &self.seed else {
            return Ok(Vec::new());
        };
        let unreadable = |source| ConfigError::Unreadable {
            path: path.clone(),
            source,
        };
        let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX);
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        // A byte more than a seed file may have is enough to be told from one.
        file.take(most.saturating_add(1))
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        seed::parse(&text).map_err(|source| ConfigError::Seed {
            path: path.clone(),
            source,
        })
    }
}
