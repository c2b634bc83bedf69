//! The seed file of the configuration.

use std::fs::File;
use std::io::Read;

use kms_core::secret::SecretText;
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
        let file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len().min(most);
        // Room for all that is read, so that no copy of a material stays behind where text grew.
        let length = usize::try_from(length).unwrap_or_default();
        let mut text = String::with_capacity(length.saturating_add(64));
        // A byte more than a seed file may have is enough to be told from one.
        let read = file.take(most.saturating_add(1)).read_to_string(&mut text);
        let text = SecretText::new(text);
        read.map_err(unreadable)?;
        seed::parse(text.expose()).map_err(|source| ConfigError::Seed {
            path: path.clone(),
            source,
        })
    }
}
