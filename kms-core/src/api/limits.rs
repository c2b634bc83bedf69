//! The quotas and ranges of the service, as AWS's.

/// The longest plaintext of `Encrypt`, in bytes.
pub const MAX_PLAINTEXT: usize = 4096;
/// The longest ciphertext of `Decrypt` and `ReEncrypt`, in bytes.
pub const MAX_CIPHERTEXT: usize = 6144;
/// The longest data key and the most random bytes of one request.
pub const MAX_GENERATED_BYTES: usize = 1024;
/// The longest key policy that the service keeps, in bytes; the model lets longer ones through.
pub const MAX_POLICY: usize = 32_768;
/// The only policy name.
pub const POLICY_NAME: &str = "default";
/// The most tags of one key.
pub const MAX_TAGS: usize = 50;
/// The most custom key stores of one account and Region.
pub const MAX_CUSTOM_KEY_STORES: usize = 10;
/// The most days from an import to the expiry of the material.
pub const MAX_MATERIAL_LIFETIME_DAYS: i64 = 365;
/// The most pairs in the constraint of a grant.
pub const MAX_CONSTRAINT_PAIRS: usize = 8;
/// The longest value in the constraint of a grant, in characters.
pub const MAX_CONSTRAINT_VALUE: usize = 384;
/// The most grant tokens of one request.
pub const MAX_GRANT_TOKENS: usize = 10;

/// The shortest rotation period, in days.
pub const MIN_ROTATION_PERIOD_DAYS: i32 = 90;
/// The longest rotation period, in days.
pub const MAX_ROTATION_PERIOD_DAYS: i32 = 2560;
/// The rotation period when none is asked for, in days.
pub const DEFAULT_ROTATION_PERIOD_DAYS: i32 = 365;

/// The shortest waiting period before a key is deleted, in days.
pub const MIN_DELETION_WINDOW_DAYS: i32 = 7;
/// The longest waiting period before a key is deleted, in days.
pub const MAX_DELETION_WINDOW_DAYS: i32 = 30;
/// The waiting period when none is asked for, in days.
pub const DEFAULT_DELETION_WINDOW_DAYS: i32 = 30;

/// The quotas that whoever runs the service may choose; AWS's are the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// The most keys of one account and Region.
    pub keys: usize,
    /// The most aliases of one key.
    pub aliases_per_key: usize,
    /// The most grants on one key.
    pub grants_per_key: usize,
    /// The most rotations on demand in the life of one key.
    pub on_demand_rotations: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            keys: 100_000,
            aliases_per_key: 50,
            grants_per_key: 50_000,
            on_demand_rotations: 25,
        }
    }
}

/// How many entries a page of a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    /// When the request has no `Limit`.
    pub default: usize,
    /// The largest `Limit`.
    pub max: usize,
}

/// `ListKeys`
pub const LIST_KEYS: PageSize = PageSize {
    default: 100,
    max: 1000,
};
/// `ListAliases`
pub const LIST_ALIASES: PageSize = PageSize {
    default: 50,
    max: 100,
};
/// `ListGrants` and `ListRetirableGrants`
pub const LIST_GRANTS: PageSize = PageSize {
    default: 50,
    max: 100,
};
/// `ListResourceTags`
pub const LIST_RESOURCE_TAGS: PageSize = PageSize {
    default: 50,
    max: 50,
};
/// `ListKeyPolicies`
pub const LIST_KEY_POLICIES: PageSize = PageSize {
    default: 100,
    max: 1000,
};
/// `DescribeCustomKeyStores`
pub const DESCRIBE_CUSTOM_KEY_STORES: PageSize = PageSize {
    default: 100,
    max: 1000,
};
/// `ListKeyRotations`
pub const LIST_KEY_ROTATIONS: PageSize = PageSize {
    default: 100,
    max: 1000,
};
