//! A custom key store as it is kept.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::api::{ConnectionErrorCodeType, ConnectionStateType};
use crate::ids::{AccountId, CustomKeyStoreId, Region};
use crate::secret::SecretText;
use crate::time::Timestamp;

pub use crate::keys::ExternalKey;

/// A custom key store of type `EXTERNAL_KEY_STORE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomKeyStore {
    /// Whose it is.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Its id.
    pub id: CustomKeyStoreId,
    /// Its name: 1–256 characters.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Its proxy.
    pub proxy: Proxy,
    /// Whether its keys can be used.
    pub connection: Connection,
}

/// How a proxy is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// `https://HOST`.
    pub uri_endpoint: String,
    /// The path that ends in `/kms/xks/v1`.
    pub uri_path: String,
    /// What signs the requests.
    pub credential: Arc<ProxyCredential>,
}

impl Proxy {
    /// The host of the endpoint.
    #[must_use]
    pub fn host(&self) -> &str {
        let endpoint = self.uri_endpoint.as_str();
        endpoint.strip_prefix("https://").unwrap_or(endpoint)
    }
}

/// What the service proves with to a proxy who it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyCredential {
    /// 20–30 characters of base 32.
    pub access_key_id: String,
    /// 43–64 characters of base 64.
    #[serde(with = "crate::identity::stored_secret")]
    pub secret: SecretText,
}

/// Whether the keys of a store can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Connection {
    /// They cannot until the store is connected.
    Disconnected,
    /// They can.
    Connected,
    /// The store could not be connected.
    Failed(ConnectionErrorCodeType),
}

impl Connection {
    /// AWS's name.
    #[must_use]
    pub const fn state(self) -> ConnectionStateType {
        match self {
            Self::Disconnected => ConnectionStateType::Disconnected,
            Self::Connected => ConnectionStateType::Connected,
            Self::Failed(_) => ConnectionStateType::Failed,
        }
    }

    /// Why the store could not be connected.
    #[must_use]
    pub const fn error_code(self) -> Option<ConnectionErrorCodeType> {
        match self {
            Self::Failed(code) => Some(code),
            Self::Disconnected | Self::Connected => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_reads_back_as_it_was_and_does_not_print_its_secret() {
        let store = CustomKeyStore {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            id: "cks-0123456789abcdef0".parse().unwrap(),
            name: "safe".to_owned(),
            created: Timestamp::from_millis(5),
            proxy: Proxy {
                uri_endpoint: "https://xks.example.com".to_owned(),
                uri_path: "/kms/xks/v1".to_owned(),
                credential: Arc::new(ProxyCredential {
                    access_key_id: "A".repeat(20),
                    secret: SecretText::new("hunter2".repeat(7)),
                }),
            },
            connection: Connection::Failed(ConnectionErrorCodeType::XksProxyTimedOut),
        };
        assert!(!format!("{store:?}").contains("hunter2"));
        assert_eq!(store.proxy.host(), "xks.example.com");
        let text = serde_json::to_string(&store).unwrap();
        assert!(text.contains(r#""connection":{"Failed":"XKS_PROXY_TIMED_OUT"}"#));
        let read: CustomKeyStore = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
