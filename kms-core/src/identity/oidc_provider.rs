//! OpenID Connect providers that an account trusts.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, PARTITION};
use crate::time::Timestamp;

/// An OpenID Connect provider of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// The account that trusts it.
    pub account: AccountId,
    /// Its issuer: the whole address, as tokens have it.
    pub issuer: String,
    /// Whom its tokens may be for.
    pub client_ids: Vec<String>,
    /// Kept as they were given, and not used: certificates are checked by their authorities.
    pub thumbprints: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Whether the principals file manages it, `docs/spec/principals-file.md`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_by_file: bool,
}

impl OidcProvider {
    /// The issuer without its scheme, by which ARNs and conditions name the provider.
    #[must_use]
    pub fn name(&self) -> &str {
        let (_, name) = self.issuer.split_once("://").unwrap_or_default();
        name
    }

    /// `arn:aws:iam::ACCOUNT:oidc-provider/NAME`.
    #[must_use]
    pub fn arn(&self) -> String {
        oidc_provider_arn(&self.account, self.name())
    }
}

/// `arn:aws:iam::ACCOUNT:oidc-provider/NAME`.
#[must_use]
pub fn oidc_provider_arn(account: &AccountId, name: &str) -> String {
    format!("arn:{PARTITION}:iam::{account}:oidc-provider/{name}")
}
