//! Issuers: the address that a provider is known by.

use std::fmt;
use std::str::FromStr;

/// AWS's bound on the address of a provider.
const LONGEST: usize = 255;

/// A text that is not the address of an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the address of an OpenID Connect provider")]
pub struct InvalidIssuer;

/// The address of an identity provider: `https://HOST[:PORT][/PATH]`, without a query, a fragment or
/// a slash at its end. `http://` serves providers on this machine alone, where a server is told to
/// take them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issuer {
    text: String,
    scheme: usize,
}

impl Issuer {
    /// The whole address, which tokens have in `iss`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address without its scheme: how ARNs and condition keys name the provider.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(self.scheme..).unwrap_or_default()
    }

    /// The host, with its port where it says one.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.name().split('/').next().unwrap_or_default()
    }

    /// The path, with the slash that it starts with; empty when there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.name()
            .get(self.authority().len()..)
            .unwrap_or_default()
    }

    /// Whether it is reached without TLS.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.text.starts_with("http://")
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Issuer {
    type Err = InvalidIssuer;

    fn from_str(text: &str) -> Result<Self, InvalidIssuer> {
        let scheme = ["https://", "http://"]
            .into_iter()
            .find(|scheme| text.starts_with(scheme))
            .ok_or(InvalidIssuer)?
            .len();
        let issuer = Self {
            text: text.to_owned(),
            scheme,
        };
        let valid =
            text.len() <= LONGEST && is_authority(issuer.authority()) && is_path(issuer.path());
        valid.then_some(issuer).ok_or(InvalidIssuer)
    }
}

/// A name or an IPv4 address in lower case, and perhaps a port.
fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let is_port = |port: &str| {
        !port.is_empty()
            && !port.starts_with('0')
            && port.bytes().all(|b| b.is_ascii_digit())
            && port.parse::<u16>().is_ok()
    };
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_path(path: &str) -> bool {
    let segments = path.split('/').skip(1);
    let is_segment = |segment: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(plain)
    };
    path.is_empty() || segments.into_iter().all(is_segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_apart() {
        let issuer: Issuer = "https://oidc.example:8443/id/X".parse().unwrap();
        assert_eq!(issuer.name(), "oidc.example:8443/id/X");
        assert_eq!(issuer.authority(), "oidc.example:8443");
        assert_eq!(issuer.path(), "/id/X");
        assert!(!issuer.is_plain());
        let issuer: Issuer = "http://127.0.0.1:1".parse().unwrap();
        assert_eq!((issuer.path(), issuer.is_plain()), ("", true));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "oidc.example",
            "https://",
            "https://oidc.example/",
            "https://oidc.example/a/",
            "https://oidc.example//a",
            "https://oidc.example/../a",
            "https://oidc.example/%2e",
            "https://oidc.example?a",
            "https://oidc.example#a",
            "https://user@oidc.example",
            "https://OIDC.example",
            "https://oidc..example",
            "https://-a.example",
            "https://oidc.example:",
            "https://oidc.example:0",
            "https://oidc.example:65536",
            "https://oidc.example:+1",
            "ftp://oidc.example",
            "HTTPS://oidc.example",
            "https://[::1]",
        ] {
            assert_eq!(text.parse::<Issuer>(), Err(InvalidIssuer), "{text}");
        }
        let long = format!("https://{}.example", "a".repeat(255));
        assert!(long.parse::<Issuer>().is_err());
    }
}
