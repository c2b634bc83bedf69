//! What a path asks for.

use kms_core::ids::XksKeyId;
use kms_core::xks::PATH_END;

/// An operation of the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `GetHealthStatus`
    Health,
    /// `GetKeyMetadata`
    Metadata(XksKeyId),
    /// `Encrypt`
    Encrypt(XksKeyId),
    /// `Decrypt`
    Decrypt(XksKeyId),
}

impl Target {
    /// The target of a path after `prefix`; `None` when there is nothing there.
    pub(super) fn of(path: &str, prefix: &str) -> Option<Self> {
        let rest = path.strip_prefix(prefix)?.strip_prefix(PATH_END)?;
        let rest = rest.strip_prefix('/')?;
        if rest == "health" {
            return Some(Self::Health);
        }
        let (key, operation) = rest.strip_prefix("keys/")?.split_once('/')?;
        let key = key.parse().ok()?;
        match operation {
            "metadata" => Some(Self::Metadata(key)),
            "encrypt" => Some(Self::Encrypt(key)),
            "decrypt" => Some(Self::Decrypt(key)),
            _ => None,
        }
    }

    /// How the ledger calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Health => "XksProxyGetHealthStatus",
            Self::Metadata(_) => "XksProxyGetKeyMetadata",
            Self::Encrypt(_) => "XksProxyEncrypt",
            Self::Decrypt(_) => "XksProxyDecrypt",
        }
    }

    /// The external key.
    pub(super) fn key(&self) -> Option<&XksKeyId> {
        match self {
            Self::Health => None,
            Self::Metadata(key) | Self::Encrypt(key) | Self::Decrypt(key) => Some(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_it_stands() {
        let key: XksKeyId = "a-b_c.1".parse().unwrap();
        assert_eq!(Target::of("/kms/xks/v1/health", ""), Some(Target::Health));
        for (operation, target) in [
            ("metadata", Target::Metadata(key.clone())),
            ("encrypt", Target::Encrypt(key.clone())),
            ("decrypt", Target::Decrypt(key)),
        ] {
            let path = format!("/p/kms/xks/v1/keys/a-b_c.1/{operation}");
            assert_eq!(Target::of(&path, "/p"), Some(target));
        }
        for path in [
            "/kms/xks/v1/health/",
            "/kms/xks/v1/",
            "/kms/xks/v1",
            "/",
            "",
            "/kms/xks/v2/health",
            "/kms/xks/v1/keys/a/delete",
            "/kms/xks/v1/keys//encrypt",
            "/kms/xks/v1/keys/a%2e/encrypt",
            "/kms/xks/v1/keys/a/b/encrypt",
            "/p/kms/xks/v1/health",
            "/kms/xks/v1//health",
        ] {
            assert_eq!(Target::of(path, ""), None, "{path}");
        }
    }
}
