//! Why a document is refused, in AWS's words.

/// A document that is no policy of its type.
///
/// `Display` is the message that AWS gives with `MalformedPolicyDocumentException`, except for
/// [`MalformedPolicy::TooLarge`], which AWS reports as `LimitExceededException`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPolicy {
    /// No JSON, a duplicate key, an unknown element, operator or effect, both an element and its
    /// `Not` form, a character that is not allowed, or too deep.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// A `Version` that is neither `2008-10-17` nor `2012-10-17`.
    #[error("Policy document must be version 2012-10-17 or greater.")]
    Version,
    /// A principal that is no ARN of a user, role or account, or that has a wildcard in it.
    #[error("Policy contains a statement with one or more invalid principals.")]
    InvalidPrincipal,
    /// A statement of a key policy without a principal.
    #[error("Policy contains a statement with no principal.")]
    NoPrincipal,
    /// A statement of an identity policy with a principal.
    #[error("Policy document should not specify a principal.")]
    UnexpectedPrincipal,
    /// An element that documents of the type must have in every statement.
    #[error("Missing required field {0}")]
    MissingField(&'static str),
    /// An element that documents of the type must not have.
    #[error("Has prohibited field {0}")]
    ProhibitedField(&'static str),
    /// An Allow in a resource control policy.
    #[error("The Effect element of a resource control policy must be Deny.")]
    OnlyDeny,
    /// `*` as the action of a resource control policy.
    #[error("The Action element of a resource control policy must name a service.")]
    EveryAction,
    /// An action of another service than STS in a trust policy.
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    NotAssuming,
    /// A statement of an identity policy without an action.
    #[error("Policy statement must contain actions.")]
    NoAction,
    /// A statement of an identity policy without a resource.
    #[error("Policy statement must contain resources.")]
    NoResource,
    /// A `Sid` of an identity policy with characters other than letters and digits.
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    )]
    Sid,
    /// Two statements of an identity policy with the same `Sid`.
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    DuplicateSid,
    /// An action or a condition key without a vendor.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    NoVendor,
    /// An action with more than one colon.
    #[error("Actions/Condition can contain only one colon.")]
    TooManyColons,
    /// A resource that starts as an ARN but is none.
    #[error("The policy failed legacy parsing")]
    LegacyParsing,
    /// A resource that is neither an ARN nor `*`; its first characters, at most 8 bytes.
    #[error("Resource {0} must be in ARN format or \"*\".")]
    ResourceFormat(String),
    /// A partition that AWS does not have; the first characters of both, at most 8 bytes.
    #[error("Partition \"{partition}\" is not valid for resource \"{resource}\".")]
    Partition {
        /// The partition.
        partition: String,
        /// The resource.
        resource: String,
    },
    /// `ForAllValues` on a single-valued key, which also matches requests without the key.
    #[error(
        "OverlyPermissiveCondition:{kind}: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified {subject} or with an unspecified {subject}. To fix, remove ForAllValues."
    )]
    OverlyPermissive {
        /// `EncryptionContext` or `RequestTag`.
        kind: &'static str,
        /// The same in words.
        subject: &'static str,
    },
    /// More than the type's largest size.
    #[error("The policy exceeds the size limit of {limit} bytes.")]
    TooLarge {
        /// The largest size in bytes.
        limit: usize,
    },
}

/// The beginning of `text`, at most 8 bytes: enough to recognise one's own, nothing to leak.
pub(super) fn clip(text: &str) -> String {
    let mut clipped = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if clipped.len().saturating_add(c.len_utf8()) > 8 {
            break;
        }
        clipped.push(c);
    }
    clipped
}
