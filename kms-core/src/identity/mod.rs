//! Accounts, and the IAM entities of an account: users, groups, roles, managed policies, access keys.

mod access_key;
mod group;
mod managed_policy;
mod mfa;
mod oidc_provider;
mod organization;
mod role;
mod session_revocation;
pub mod totp;
mod user;

pub use access_key::{AccessKey, AccessKeyOwner};
pub use group::Group;
pub use managed_policy::{ManagedPolicy, PolicyVersion};
pub use mfa::{MfaAssignment, MfaDevice};
pub use oidc_provider::{OidcProvider, oidc_provider_arn};
pub use organization::{
    AccountRequest, JoinedMethod, MAX_UNIT_DEPTH, MemberAccount, MemberStatus, Organization,
    OrganizationPolicy, OrganizationRoot, OrganizationalUnit, PolicyType,
    generate_account_request_id, generate_organization_id, generate_organization_policy_id,
    generate_organizational_unit_id, generate_root_id,
};
pub use role::Role;
pub use session_revocation::SessionRevocation;
pub use user::User;

use serde::{Deserialize, Serialize};

use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::ids::{AccessKeyId, AccountId, Region, UniqueId};
use crate::secret::{SecretBytes, SecretText};
use crate::time::Timestamp;

/// An account of this store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its 12 digits.
    pub id: AccountId,
    /// When it was made.
    pub created: Timestamp,
    /// Where its keys are unless a caller names another Region.
    pub default_region: Region,
    /// Whether the store is one of production, where seed files are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub production: bool,
}

/// A secret as text, for a record that is sealed as a whole and nowhere else.
pub(crate) mod stored_secret {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::secret::SecretText;

    pub(crate) fn serialize<S: Serializer>(secret: &SecretText, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretText, D::Error> {
        String::deserialize(from).map(SecretText::new)
    }
}

/// A seed as base 64, for a record that is sealed as a whole and nowhere else.
mod stored_seed {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::secret::{SecretBytes, SecretText};

    pub(super) fn serialize<S: Serializer>(seed: &SecretBytes, to: S) -> Result<S::Ok, S::Error> {
        let text = SecretText::new(STANDARD.encode(seed.expose()));
        to.serialize_str(text.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretBytes, D::Error> {
        let text = SecretText::new(String::deserialize(from)?);
        let seed = STANDARD.decode(text.expose());
        let seed = seed.map_err(|_| serde::de::Error::custom("not base64"))?;
        Ok(SecretBytes::new(seed))
    }
}

/// Draws a secret access key: 240 random bits as 40 characters.
///
/// # Errors
/// [`Failed`] when there is no randomness.
pub fn generate_secret_access_key(random: &dyn Random) -> Result<SecretText, Failed> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    draw(random, 40, ALPHABET).map(SecretText::new)
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Draws an access key id.
///
/// # Errors
/// [`Failed`] when there is no randomness.
pub fn generate_access_key_id(random: &dyn Random) -> Result<AccessKeyId, Failed> {
    format!("AKIA{}", draw(random, 16, BASE32)?)
        .parse()
        .map_err(|_| Failed)
}

/// What an entity is that has a unique id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// A user.
    User,
    /// A role.
    Role,
    /// A group.
    Group,
    /// A managed policy.
    Policy,
}

impl EntityKind {
    /// What the unique ids of the kind start with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Role => "AROA",
            Self::Group => "AGPA",
            Self::Policy => "ANPA",
        }
    }
}

/// Draws the access key id of temporary credentials.
///
/// # Errors
/// [`Failed`] when there is no randomness.
pub fn generate_temporary_access_key_id(random: &dyn Random) -> Result<AccessKeyId, Failed> {
    format!("ASIA{}", draw(random, 16, BASE32)?)
        .parse()
        .map_err(|_| Failed)
}

/// Draws an entity's unique id.
///
/// # Errors
/// [`Failed`] when there is no randomness.
pub fn generate_unique_id(kind: EntityKind, random: &dyn Random) -> Result<UniqueId, Failed> {
    let prefix = kind.prefix();
    format!("{prefix}{}", draw(random, 17, BASE32)?)
        .parse()
        .map_err(|_| Failed)
}

/// Draws an account id. It is a name and no secret: that ten does not divide 256 does not matter.
///
/// # Errors
/// [`Failed`] when there is no randomness.
pub fn generate_account_id(random: &dyn Random) -> Result<AccountId, Failed> {
    draw(random, 12, b"0123456789")?.parse().map_err(|_| Failed)
}

/// `length` characters of `alphabet`, uniformly where its size is a power of two.
fn draw<const N: usize>(
    random: &dyn Random,
    length: usize,
    alphabet: &[u8; N],
) -> Result<String, Failed> {
    let bytes = SecretBytes::try_build(length, |bytes| random.fill(bytes))?;
    let mut text = String::with_capacity(length);
    for byte in bytes.expose() {
        let character = alphabet.get(usize::from(*byte) % N).ok_or(Failed)?;
        text.push(char::from(*character));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    #[test]
    fn generated_names_have_their_form_and_differ() {
        let id = generate_access_key_id(&SystemRandom).unwrap();
        assert_ne!(id, generate_access_key_id(&SystemRandom).unwrap());
        for kind in [
            EntityKind::User,
            EntityKind::Role,
            EntityKind::Group,
            EntityKind::Policy,
        ] {
            generate_unique_id(kind, &SystemRandom).unwrap();
        }
        generate_account_id(&SystemRandom).unwrap();
        let secret = generate_secret_access_key(&SystemRandom).unwrap();
        assert_eq!(secret.expose().len(), 40);
        assert_ne!(
            secret.expose(),
            generate_secret_access_key(&SystemRandom).unwrap().expose()
        );
    }

    #[test]
    fn a_record_without_the_mark_of_the_file_is_read_and_written_as_it_was() {
        let stored = r#"{"account":"111122223333","path":"/","name":"g","id":"AGPAAAAAAAAAAAAAAAAAA","created":0,"policies":{},"attached":[]}"#;
        let mut group: Group = serde_json::from_str(stored).unwrap();
        assert!(!group.managed_by_file);
        assert_eq!(serde_json::to_string(&group).unwrap(), stored);
        group.managed_by_file = true;
        let marked = serde_json::to_string(&group).unwrap();
        assert_eq!(serde_json::from_str::<Group>(&marked).unwrap(), group);
    }

    #[test]
    fn an_access_key_does_not_print_its_secret() {
        let key = AccessKey {
            id: generate_access_key_id(&SystemRandom).unwrap(),
            account: generate_account_id(&SystemRandom).unwrap(),
            owner: AccessKeyOwner::Root,
            created: Timestamp::from_millis(0),
            inactive: false,
            secret: SecretText::new("hunter2".to_owned()),
        };
        assert!(!format!("{key:?}").contains("hunter2"));
        let stored = serde_json::to_string(&key).unwrap();
        assert_eq!(
            serde_json::from_str::<AccessKey>(&stored)
                .unwrap()
                .secret
                .expose(),
            "hunter2"
        );
    }
}
