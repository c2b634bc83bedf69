//! What is said of external key stores.

use std::time::Duration;

use rustls::pki_types::ServerName;

use super::check::value;
use super::file::{FileXks, FileXksProxy};
use super::{Config, ConfigError, Xks, XksProxy};

/// The file with the credential of the proxy, in the home directory.
const CREDENTIAL: &str = "xks-proxy.json";

/// As long as AWS KMS waits for a proxy, in milliseconds.
const TIMEOUT: u64 = 250;

/// Checks the section `[xks]`.
pub(super) fn client(given: &FileXks) -> Result<Xks, ConfigError> {
    let timeout = given.timeout_milliseconds.unwrap_or(TIMEOUT);
    if !(50..=30_000).contains(&timeout) {
        let reason = format!("{timeout} is not 50 to 30000");
        return Err(value("xks.timeout_milliseconds", reason));
    }
    let address = |(name, text): (&String, &String)| {
        if ServerName::try_from(name.as_str()).is_err() {
            return Err(value("xks.addresses", format!("{name:?} is not a name")));
        }
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

impl Config {
    /// Adds the section `[xks_proxy]`.
    pub(super) fn with_proxy(mut self, given: Option<&FileXksProxy>) -> Result<Self, ConfigError> {
        self.xks_proxy = given.map(|given| self.proxy(given)).transpose()?;
        Ok(self)
    }

    fn proxy(&self, given: &FileXksProxy) -> Result<XksProxy, ConfigError> {
        let address = |text: &String| {
            let address = text.parse();
            address.map_err(|_| value("xks_proxy.listen", format!("{text:?} is not IP:PORT")))
        };
        if given.listen.is_empty() {
            return Err(value("xks_proxy.listen", "no address"));
        }
        let tls = given.tls.clone().or_else(|| self.tls.clone());
        let key = |(name, text): (&_, &String)| {
            let key = text.parse();
            let key = key.map_err(|_| value("xks_proxy.keys", format!("{text:?} names no key")))?;
            Ok((Clone::clone(name), key))
        };
        let credential = given.credential.clone();
        Ok(XksProxy {
            listen: given.listen.iter().map(address).collect::<Result<_, _>>()?,
            uri_path_prefix: prefix(given.uri_path_prefix.as_deref().unwrap_or_default())?,
            region: given.region.clone().unwrap_or_else(|| self.region.clone()),
            key_region: self.region.clone(),
            credential: credential.unwrap_or_else(|| self.home.join(CREDENTIAL)),
            user: given.user.clone(),
            tls: tls.ok_or_else(|| value("xks_proxy.tls", "needed: there is no proxy without"))?,
            keys: given.keys.iter().map(key).collect::<Result<_, _>>()?,
        })
    }
}

fn prefix(given: &str) -> Result<String, ConfigError> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/_-".contains(&b);
    let fits = given.is_empty()
        || (given.starts_with('/')
            && !given.ends_with('/')
            && !given.contains("//")
            && given.len() <= 100
            && given.bytes().all(is_plain));
    if fits {
        return Ok(given.to_owned());
    }
    let reason = format!("{given:?} is not empty and not /SEGMENT… of letters, digits, - and _");
    Err(value("xks_proxy.uri_path_prefix", reason))
}
