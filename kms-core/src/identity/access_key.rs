//! Access keys.

use serde::{Deserialize, Serialize};

use crate::ids::{AccessKeyId, AccountId, UserName};
use crate::secret::SecretText;
use crate::time::Timestamp;

/// Whom an access key speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessKeyOwner {
    /// The account root user.
    Root,
    /// The IAM user of that name.
    User(UserName),
}

/// An access key: the id that a request names and the secret that signs it.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA…`.
    pub id: AccessKeyId,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Whom it speaks for.
    pub owner: AccessKeyOwner,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it opens nothing for now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inactive: bool,
    /// 40 characters, shown once, when the key is made.
    #[serde(with = "super::stored_secret")]
    pub secret: SecretText,
}

impl AccessKey {
    /// The same key with other properties, for the record that takes its record's place.
    #[must_use]
    pub fn changed(&self, owner: AccessKeyOwner, inactive: bool) -> Self {
        Self {
            id: self.id.clone(),
            account: self.account.clone(),
            owner,
            created: self.created,
            inactive,
            secret: SecretText::new(self.secret.expose().to_owned()),
        }
    }
}
