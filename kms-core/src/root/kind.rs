//! What a record is about; bound into its seal and shown by the first segment of its path.

macro_rules! record_kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $segment:literal;)*) => {
        /// The kind of a record. Its code and its path segment never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RecordKind {
            $($(#[$doc])* $kind,)*
        }

        impl RecordKind {
            /// All kinds, in order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The code that the seal binds.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self { $(Self::$kind => $code,)* }
            }

            /// The first segment of the path of every record of this kind.
            #[must_use]
            pub const fn segment(self) -> &'static str {
                match self { $(Self::$kind => $segment,)* }
            }
        }
    };
}

record_kinds! {
    /// The one record at `head`: the revision and the digest of all other records.
    Head = 1, "head";
    /// An account.
    Account = 2, "account";
    /// A user of an account.
    User = 3, "user";
    /// An access key of a user.
    AccessKey = 4, "access-key";
    /// A KMS key: metadata, state, policy, tags.
    Key = 5, "key";
    /// One wrapped key material of a key, apart from the key so that it can be destroyed alone.
    Material = 6, "material";
    /// An alias.
    Alias = 7, "alias";
    /// A grant.
    Grant = 8, "grant";
    /// An audit entry that is committed but not yet in the ledger.
    Outbox = 9, "outbox";
    /// A setting of the whole store.
    Setting = 10, "setting";
    /// A custom key store, with the secret of its proxy's credential.
    CustomKeyStore = 11, "custom-key-store";
    /// What of a key must be known although its record is not opened.
    KeyIndex = 12, "key-index";
    /// A group of users.
    Group = 13, "group";
    /// A role.
    Role = 14, "role";
    /// A managed policy, with its versions.
    Policy = 15, "policy";
    /// A virtual MFA device, with its seed.
    MfaDevice = 20, "mfa-device";
    /// An OpenID Connect provider that an account trusts.
    OidcProvider = 21, "oidc-provider";
    /// That sessions are over before they expire.
    SessionRevocation = 22, "session-revocation";
    /// The organization, with its root.
    Organization = 30, "organization";
    /// An organizational unit.
    OrganizationalUnit = 31, "organizational-unit";
    /// An account as a member of the organization.
    MemberAccount = 32, "member-account";
    /// A policy of the organization.
    OrganizationPolicy = 33, "organization-policy";
    /// A request for a new account, and what came of it.
    AccountRequest = 34, "account-request";
}

impl RecordKind {
    /// Whether a record of this kind may stay sealed until it is needed: there are many, each stands
    /// for itself, and its path tells whose it is.
    #[must_use]
    pub const fn can_wait(self) -> bool {
        matches!(self, Self::Key)
    }

    /// The path of the record of this kind that is called `name`: `SEGMENT/NAME`.
    #[must_use]
    pub fn path(self, name: &str) -> String {
        format!("{}/{name}", self.segment())
    }

    /// The kind of the record at `path`: `head`, or `SEGMENT/NAME` with a name that is not empty.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        if path == Self::Head.segment() {
            return Some(Self::Head);
        }
        let (segment, name) = path.split_once('/')?;
        Self::ALL
            .iter()
            .copied()
            .find(|kind| *kind != Self::Head && kind.segment() == segment && !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_and_segments_are_distinct() {
        let codes: HashSet<u8> = RecordKind::ALL.iter().map(|kind| kind.code()).collect();
        let segments: HashSet<&str> = RecordKind::ALL.iter().map(|kind| kind.segment()).collect();
        assert_eq!(codes.len(), RecordKind::ALL.len());
        assert_eq!(segments.len(), RecordKind::ALL.len());
    }

    #[test]
    fn a_path_tells_its_kind() {
        assert_eq!(RecordKind::of_path("head"), Some(RecordKind::Head));
        assert_eq!(
            RecordKind::of_path(&RecordKind::Key.path("a/b")),
            Some(RecordKind::Key)
        );
        for path in [
            "", "head/", "head/a", "key", "key/", "keys/a", "/key/a", "KEY/a",
        ] {
            assert_eq!(RecordKind::of_path(path), None, "{path}");
        }
    }
}
