//! Virtual MFA devices.

use serde::{Deserialize, Serialize};

use super::stored_seed;
use crate::ids::{AccountId, EntityPath, MfaDeviceName, UniqueId, UserName, mfa_arn};
use crate::secret::SecretBytes;
use crate::time::Timestamp;

/// To whom a device was assigned, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfaAssignment {
    /// The user's name.
    pub user: UserName,
    /// The user's unique id: a namesake made later does not have the device.
    pub user_id: UniqueId,
    /// When.
    pub enabled: Timestamp,
}

/// A virtual MFA device: a seed, and whom it speaks for.
#[derive(Debug, Serialize, Deserialize)]
pub struct MfaDevice {
    /// The account that it belongs to.
    pub account: AccountId,
    /// Where it stands among the account's devices.
    pub path: EntityPath,
    /// Its name, unique in the account.
    pub name: MfaDeviceName,
    /// What the codes are made of, 40 bytes.
    #[serde(with = "stored_seed")]
    pub seed: SecretBytes,
    /// Whom it belongs to; nobody's until it is enabled.
    pub assigned: Option<MfaAssignment>,
    /// The step of the last code that was taken, `totp.rs`.
    pub used: Option<u64>,
}

impl MfaDevice {
    /// The ARN, by which requests name the device.
    #[must_use]
    pub fn serial_number(&self) -> String {
        mfa_arn(&self.account, &self.path, &self.name)
    }

    /// The same device with other parts; the seed is copied.
    #[must_use]
    pub fn with(&self, assigned: Option<MfaAssignment>, used: Option<u64>) -> Self {
        Self {
            account: self.account.clone(),
            path: self.path.clone(),
            name: self.name.clone(),
            seed: SecretBytes::new(self.seed.expose().to_vec()),
            assigned,
            used,
        }
    }

    /// Whether it belongs to the user with that unique id.
    #[must_use]
    pub fn is_of(&self, user: &UniqueId) -> bool {
        let assigned = self.assigned.as_ref();
        assigned.is_some_and(|assigned| assigned.user_id == *user)
    }
}
