//! What is said of external key stores.

use std::time::Duration;

use super::check::value;
use super::file::FileXks;
use super::{ConfigError, Xks};

/// As long as AWS KMS waits for a proxy, in milliseconds.
const TIMEOUT: u64 = 250;

/// Checks the section `[xks]`.
pub(super) fn client(given: &FileXks) -> Result<Xks, ConfigError> {
    let timeout = given.timeout_milliseconds.unwrap_or(TIMEOUT);
    if !(50..=10_000).contains(&timeout) {
        let reason = format!("{timeout} is not 50 to 10000");
        return Err(value("xks.timeout_milliseconds", reason));
    }
    let address = |(name, text): (&String, &String)| {
        let address = text.parse();
        let address =
            address.map_err(|_| value("xks.addresses", format!("{text:?} is not IP:PORT")))?;
        Ok((name.to_ascii_lowercase(), address))
    };
    Ok(Xks {
        roots: given.roots.clone(),
        platform_roots: given.platform_roots.unwrap_or(true),
        timeout: Duration::from_millis(timeout),
        private_addresses: given.private_addresses.unwrap_or(false),
        addresses: given
            .addresses
            .iter()
            .map(address)
            .collect::<Result<_, _>>()?,
    })
}
