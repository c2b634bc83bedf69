//! The operations and what is true of each: one table.

use std::fmt;
use std::str::FromStr;

use super::error_code::ErrorCode;
use super::values::{KeyState, Origin};

/// What stands before the operation's name in the header `X-Amz-Target`.
pub const TARGET_PREFIX: &str = "TrentService.";

/// What an operation's authorization is asked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// No particular resource: `*`, identity policies decide alone.
    Account,
    /// The key that the request names.
    Key,
    /// The alias, by identity policies, and the key behind it; for `UpdateAlias` both the old and
    /// the new key.
    AliasAndKey,
    /// The key that the ciphertext names and the key that the request names.
    TwoKeys,
    /// The key that the request names and the one related to it in another Region.
    RelatedKeys,
}

/// What an operation does to the state of the service, and CloudTrail's `readOnly`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Reads,
    Writes,
}

/// Whether grant tokens and grants count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grants {
    Count,
    NotAsked,
}

/// Whether the request has the member `DryRun`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DryRun {
    Accepted,
    No,
}

/// Whether the key may belong to another account than the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    AnyAccount,
    OwnAccount,
}

/// The states of the key in which an operation succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum States {
    /// Every state; also for operations without a key.
    All,
    /// The key material can be used.
    Usable,
    /// As `Usable`, or an external store is away.
    UsableOrUnavailable,
    /// `Enabled` alone.
    Enabled,
    /// `Enabled` or `Disabled`, or an external store is away.
    Settled,
    /// All but those on the way to deletion.
    NotPendingDeletion,
    /// As `NotPendingDeletion`, and not while the primary changes.
    NotPendingDeletionNorUpdating,
    /// On the way to deletion.
    PendingDeletion,
    /// A key whose material this service made.
    HasMaterial,
    /// Material can be asked for.
    AwaitsImport,
    /// As `AwaitsImport`, also while the primary changes.
    TakesImport,
    /// Imported material can be destroyed.
    HoldsImport,
}

impl States {
    const fn allowed(self) -> &'static [KeyState] {
        use KeyState::{
            Creating, Disabled, Enabled, PendingDeletion, PendingImport, PendingReplicaDeletion,
            Unavailable, Updating,
        };
        match self {
            Self::All => KeyState::ALL,
            Self::Usable => &[Enabled, Updating],
            Self::UsableOrUnavailable => &[Enabled, Unavailable, Updating],
            Self::Enabled => &[Enabled],
            Self::Settled => &[Enabled, Disabled, Unavailable],
            Self::NotPendingDeletion => &[
                Enabled,
                Disabled,
                PendingImport,
                Unavailable,
                Creating,
                Updating,
            ],
            Self::NotPendingDeletionNorUpdating => {
                &[Enabled, Disabled, PendingImport, Unavailable, Creating]
            }
            Self::PendingDeletion => &[PendingDeletion, PendingReplicaDeletion],
            Self::AwaitsImport => &[Enabled, Disabled, PendingImport],
            Self::TakesImport => &[Enabled, Disabled, PendingImport, Updating],
            Self::HoldsImport => &[
                Enabled,
                Disabled,
                PendingImport,
                PendingDeletion,
                PendingReplicaDeletion,
            ],
            Self::HasMaterial => &[
                Enabled,
                Disabled,
                PendingDeletion,
                PendingReplicaDeletion,
                Creating,
                Updating,
            ],
        }
    }
}

struct Row {
    name: &'static str,
    actions: &'static [&'static str],
    resource: Resource,
    effect: Effect,
    grants: Grants,
    dry_run: DryRun,
    reach: Reach,
    states: States,
}

macro_rules! operations {
    ($($name:ident $actions:tt $resource:ident $effect:ident $grants:ident $dry_run:ident $reach:ident $states:ident)*) => {
        /// An operation of the service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {
            $(#[doc = concat!("`", stringify!($name), "`")] $name,)*
        }

        impl Operation {
            /// Every operation, by family.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        name: stringify!($name),
                        actions: &$actions,
                        resource: Resource::$resource,
                        effect: Effect::$effect,
                        grants: Grants::$grants,
                        dry_run: DryRun::$dry_run,
                        reach: Reach::$reach,
                        states: States::$states,
                    },)*
                }
            }
        }
    };
}

#[rustfmt::skip]
operations! {
    // name                         IAM actions                                 resource     effect  grants    dry run   key of      states of the key
    CreateKey                       ["kms:CreateKey"]                           Account      Writes  NotAsked  No        OwnAccount  All
    DescribeKey                     ["kms:DescribeKey"]                         Key          Reads   Count     No        AnyAccount  All
    ListKeys                        ["kms:ListKeys"]                            Account      Reads   NotAsked  No        OwnAccount  All
    EnableKey                       ["kms:EnableKey"]                           Key          Writes  NotAsked  No        OwnAccount  Settled
    DisableKey                      ["kms:DisableKey"]                          Key          Writes  NotAsked  No        OwnAccount  Settled
    ScheduleKeyDeletion             ["kms:ScheduleKeyDeletion"]                 Key          Writes  NotAsked  No        OwnAccount  NotPendingDeletionNorUpdating
    CancelKeyDeletion               ["kms:CancelKeyDeletion"]                   Key          Writes  NotAsked  No        OwnAccount  PendingDeletion
    UpdateKeyDescription            ["kms:UpdateKeyDescription"]                Key          Writes  NotAsked  No        OwnAccount  NotPendingDeletion
    ReplicateKey                    ["kms:ReplicateKey"]                        Key          Writes  NotAsked  No        OwnAccount  Enabled
    UpdatePrimaryRegion             ["kms:UpdatePrimaryRegion"]                 RelatedKeys  Writes  NotAsked  No        OwnAccount  Usable
    CreateAlias                     ["kms:CreateAlias"]                         AliasAndKey  Writes  NotAsked  No        OwnAccount  NotPendingDeletion
    UpdateAlias                     ["kms:UpdateAlias"]                         AliasAndKey  Writes  NotAsked  No        OwnAccount  NotPendingDeletion
    DeleteAlias                     ["kms:DeleteAlias"]                         AliasAndKey  Writes  NotAsked  No        OwnAccount  All
    ListAliases                     ["kms:ListAliases"]                         Account      Reads   NotAsked  No        OwnAccount  All
    TagResource                     ["kms:TagResource"]                         Key          Writes  NotAsked  No        OwnAccount  NotPendingDeletion
    UntagResource                   ["kms:UntagResource"]                       Key          Writes  NotAsked  No        OwnAccount  NotPendingDeletion
    ListResourceTags                ["kms:ListResourceTags"]                    Key          Reads   NotAsked  No        OwnAccount  All
    GetKeyPolicy                    ["kms:GetKeyPolicy"]                        Key          Reads   NotAsked  No        OwnAccount  All
    PutKeyPolicy                    ["kms:PutKeyPolicy"]                        Key          Writes  NotAsked  No        OwnAccount  All
    ListKeyPolicies                 ["kms:ListKeyPolicies"]                     Key          Reads   NotAsked  No        OwnAccount  All
    CreateGrant                     ["kms:CreateGrant"]                         Key          Writes  Count     Accepted  AnyAccount  UsableOrUnavailable
    ListGrants                      ["kms:ListGrants"]                          Key          Reads   NotAsked  No        AnyAccount  All
    ListRetirableGrants             ["kms:ListRetirableGrants"]                 Account      Reads   NotAsked  No        OwnAccount  All
    RetireGrant                     ["kms:RetireGrant"]                         Key          Writes  NotAsked  Accepted  AnyAccount  All
    RevokeGrant                     ["kms:RevokeGrant"]                         Key          Writes  NotAsked  Accepted  AnyAccount  All
    EnableKeyRotation               ["kms:EnableKeyRotation"]                   Key          Writes  NotAsked  No        OwnAccount  Usable
    DisableKeyRotation              ["kms:DisableKeyRotation"]                  Key          Writes  NotAsked  No        OwnAccount  Usable
    GetKeyRotationStatus            ["kms:GetKeyRotationStatus"]                Key          Reads   NotAsked  No        AnyAccount  HasMaterial
    RotateKeyOnDemand               ["kms:RotateKeyOnDemand"]                   Key          Writes  NotAsked  No        OwnAccount  Usable
    ListKeyRotations                ["kms:ListKeyRotations"]                    Key          Reads   NotAsked  No        OwnAccount  All
    GetKeyLastUsage                 ["kms:GetKeyLastUsage"]                     Key          Reads   NotAsked  No        OwnAccount  All
    GetParametersForImport          ["kms:GetParametersForImport"]              Key          Reads   NotAsked  No        OwnAccount  AwaitsImport
    ImportKeyMaterial               ["kms:ImportKeyMaterial"]                   Key          Writes  NotAsked  No        OwnAccount  TakesImport
    DeleteImportedKeyMaterial       ["kms:DeleteImportedKeyMaterial"]           Key          Writes  NotAsked  No        OwnAccount  HoldsImport
    Encrypt                         ["kms:Encrypt"]                             Key          Reads   Count     Accepted  AnyAccount  Usable
    Decrypt                         ["kms:Decrypt"]                             Key          Reads   Count     Accepted  AnyAccount  Usable
    ReEncrypt                       ["kms:ReEncryptFrom", "kms:ReEncryptTo"]    TwoKeys      Reads   Count     Accepted  AnyAccount  Usable
    GenerateDataKey                 ["kms:GenerateDataKey"]                     Key          Reads   Count     Accepted  AnyAccount  Usable
    GenerateDataKeyWithoutPlaintext ["kms:GenerateDataKeyWithoutPlaintext"]     Key          Reads   Count     Accepted  AnyAccount  Usable
    GenerateDataKeyPair             ["kms:GenerateDataKeyPair"]                 Key          Reads   Count     Accepted  AnyAccount  Usable
    GenerateDataKeyPairWithoutPlaintext ["kms:GenerateDataKeyPairWithoutPlaintext"] Key      Reads   Count     Accepted  AnyAccount  Usable
    Sign                            ["kms:Sign"]                                Key          Reads   Count     Accepted  AnyAccount  Usable
    Verify                          ["kms:Verify"]                              Key          Reads   Count     Accepted  AnyAccount  Usable
    GetPublicKey                    ["kms:GetPublicKey"]                        Key          Reads   Count     No        AnyAccount  Usable
    DeriveSharedSecret              ["kms:DeriveSharedSecret"]                  Key          Reads   Count     Accepted  AnyAccount  Usable
    GenerateMac                     ["kms:GenerateMac"]                         Key          Reads   Count     Accepted  AnyAccount  Usable
    VerifyMac                       ["kms:VerifyMac"]                           Key          Reads   Count     Accepted  AnyAccount  Usable
    GenerateRandom                  ["kms:GenerateRandom"]                      Account      Reads   NotAsked  No        OwnAccount  All
    CreateCustomKeyStore            ["kms:CreateCustomKeyStore"]                Account      Writes  NotAsked  No        OwnAccount  All
    DescribeCustomKeyStores         ["kms:DescribeCustomKeyStores"]             Account      Reads   NotAsked  No        OwnAccount  All
    UpdateCustomKeyStore            ["kms:UpdateCustomKeyStore"]                Account      Writes  NotAsked  No        OwnAccount  All
    DeleteCustomKeyStore            ["kms:DeleteCustomKeyStore"]                Account      Writes  NotAsked  No        OwnAccount  All
    ConnectCustomKeyStore           ["kms:ConnectCustomKeyStore"]               Account      Writes  NotAsked  No        OwnAccount  All
    DisconnectCustomKeyStore        ["kms:DisconnectCustomKeyStore"]            Account      Writes  NotAsked  No        OwnAccount  All
}

impl Operation {
    /// The operation's name, as AWS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The operation that a value of `X-Amz-Target` such as `TrentService.Encrypt` names.
    #[must_use]
    pub fn from_target(target: &str) -> Option<Self> {
        target.strip_prefix(TARGET_PREFIX)?.parse().ok()
    }

    /// The IAM actions that must be permitted, such as `kms:Encrypt`: one, but for `ReEncrypt`
    /// the one on the source key, then the one on the destination key. `UpdatePrimaryRegion` asks
    /// for its one on both keys; operations that make a key or an alias may ask for more.
    #[must_use]
    pub const fn actions(self) -> &'static [&'static str] {
        self.row().actions
    }

    /// What the authorization is asked on.
    #[must_use]
    pub const fn resource(self) -> Resource {
        self.row().resource
    }

    /// Whether nothing changes in the service: CloudTrail's `readOnly`. The cryptographic
    /// operations are read-only.
    #[must_use]
    pub const fn is_read_only(self) -> bool {
        matches!(self.row().effect, Effect::Reads)
    }

    /// Whether the state of the service changes; the opposite of [`Operation::is_read_only`].
    #[must_use]
    pub const fn is_mutation(self) -> bool {
        !self.is_read_only()
    }

    /// Whether the request may ask with `DryRun` for the decision without the deed.
    #[must_use]
    pub const fn accepts_dry_run(self) -> bool {
        matches!(self.row().dry_run, DryRun::Accepted)
    }

    /// Whether the operation uses a key as what it is for: what `GetKeyLastUsage` tells of.
    #[must_use]
    pub const fn is_key_usage(self) -> bool {
        self.is_read_only() && self.accepts_dry_run()
    }

    /// Whether the request has the member `GrantTokens`.
    #[must_use]
    pub const fn accepts_grant_tokens(self) -> bool {
        matches!(self.row().grants, Grants::Count)
    }

    /// Whether the key may belong to another account than the caller's.
    #[must_use]
    pub const fn allows_cross_account(self) -> bool {
        matches!(self.row().reach, Reach::AnyAccount)
    }

    /// The states of the key in which the operation succeeds. `UpdateAlias` asks this of the new
    /// target only; operations without a key have all.
    #[must_use]
    pub const fn allowed_states(self) -> &'static [KeyState] {
        self.row().states.allowed()
    }

    /// The only origin of keys that the operation is for, if it is for one alone.
    #[must_use]
    pub const fn required_origin(self) -> Option<Origin> {
        match self {
            Self::EnableKeyRotation | Self::DisableKeyRotation | Self::GetKeyRotationStatus => {
                Some(Origin::AwsKms)
            }
            Self::GetParametersForImport
            | Self::ImportKeyMaterial
            | Self::DeleteImportedKeyMaterial => Some(Origin::External),
            _ => None,
        }
    }

    /// The error that refuses the operation in `state`; `None` where it succeeds.
    ///
    /// A disabled key is refused with `DisabledException`, except when deletion is to be cancelled
    /// that was never scheduled; everything else is `KMSInvalidStateException`.
    #[must_use]
    pub fn refusal(self, state: KeyState) -> Option<ErrorCode> {
        if self.allowed_states().contains(&state) {
            return None;
        }
        if state == KeyState::Disabled && self != Self::CancelKeyDeletion {
            return Some(ErrorCode::DisabledException);
        }
        Some(ErrorCode::KMSInvalidStateException)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no operation of this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown operation")]
pub struct UnknownOperation;

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, UnknownOperation> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.as_str() == name)
            .ok_or(UnknownOperation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_an_operation_only_in_full() {
        assert_eq!(
            Operation::from_target("TrentService.Encrypt"),
            Some(Operation::Encrypt)
        );
        for target in [
            "Encrypt",
            "TrentService.encrypt",
            "TrentService.",
            "TrentService.Encrypt ",
            "trentservice.Encrypt",
            "TrentService.CreateGrants",
            "",
        ] {
            assert_eq!(Operation::from_target(target), None, "{target}");
        }
    }

    #[test]
    fn a_disabled_key_refuses_use_but_not_administration() {
        for operation in [
            Operation::Encrypt,
            Operation::Decrypt,
            Operation::EnableKeyRotation,
        ] {
            assert_eq!(
                operation.refusal(KeyState::Disabled),
                Some(ErrorCode::DisabledException)
            );
        }
        for operation in [
            Operation::EnableKey,
            Operation::ScheduleKeyDeletion,
            Operation::PutKeyPolicy,
            Operation::TagResource,
        ] {
            assert_eq!(operation.refusal(KeyState::Disabled), None);
        }
        assert_eq!(
            Operation::CancelKeyDeletion.refusal(KeyState::Disabled),
            Some(ErrorCode::KMSInvalidStateException)
        );
    }

    #[test]
    fn a_key_pending_deletion_refuses_all_but_reading_its_policy_and_cancelling() {
        let open: Vec<&str> = Operation::ALL
            .iter()
            .filter(|operation| operation.resource() != Resource::Account)
            .filter(|operation| operation.refusal(KeyState::PendingDeletion).is_none())
            .map(|operation| operation.as_str())
            .collect();
        assert_eq!(
            open,
            [
                "DescribeKey",
                "CancelKeyDeletion",
                "DeleteAlias",
                "ListResourceTags",
                "GetKeyPolicy",
                "PutKeyPolicy",
                "ListKeyPolicies",
                "ListGrants",
                "RetireGrant",
                "RevokeGrant",
                "GetKeyRotationStatus",
                "ListKeyRotations",
                "GetKeyLastUsage",
                "DeleteImportedKeyMaterial"
            ]
        );
    }

    #[test]
    fn re_encrypting_asks_for_two_actions() {
        assert_eq!(
            Operation::ReEncrypt.actions(),
            ["kms:ReEncryptFrom", "kms:ReEncryptTo"]
        );
        for operation in Operation::ALL {
            assert!(operation.actions().iter().all(|a| a.starts_with("kms:")));
        }
    }
}
