//! The error codes of AWS Organizations, which speaks JSON as AWS KMS does.

use std::fmt;

use super::ErrorCode;

/// What the target of a request begins with.
pub const TARGET_PREFIX: &str = "AWSOrganizationsV20161128.";

/// The name that signatures are scoped to.
pub const SIGNING_NAME: &str = "organizations";

/// CloudTrail's `eventSource`.
pub const EVENT_SOURCE: &str = "organizations.amazonaws.com";

macro_rules! reasons {
    ($(#[$doc:meta])* $type:ident { $($(#[$reason_doc:meta])* $name:ident $text:literal $message:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$reason_doc])* $name,)*
        }

        impl $type {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As AWS names it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What AWS says of it.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }
        }
    };
}

reasons! {
    /// Why a value is not one that can be taken: the `Reason` of an `InvalidInputException`.
    InputReason {
        /// Two tags of the request have one key.
        DuplicateTagKey "DUPLICATE_TAG_KEY" "Tag keys must be unique among the tags attached to the same entity.";
        /// AWS manages the policy.
        ImmutablePolicy "IMMUTABLE_POLICY" "You specified a policy that is managed by Amazon Web Services and can't be modified.";
        /// A required member is absent.
        InputRequired "INPUT_REQUIRED" "You must include a value for all required parameters.";
        /// Not one of the set.
        InvalidEnum "INVALID_ENUM" "You specified an invalid value.";
        /// Not a type of policy.
        InvalidEnumPolicyType "INVALID_ENUM_POLICY_TYPE" "You specified an invalid policy type string.";
        /// A value of a list is not one that can be taken.
        InvalidListMember "INVALID_LIST_MEMBER" "You provided a list to a parameter that contains at least one invalid value.";
        /// The token was not given out for this listing.
        InvalidNextToken "INVALID_NEXT_TOKEN" "Get the value for the NextToken parameter from the response to a previous call of the operation.";
        /// It has not the form that it must have.
        InvalidPattern "INVALID_PATTERN" "You provided a value that doesn't match the required pattern.";
        /// It is no id of a target.
        InvalidPatternTargetId "INVALID_PATTERN_TARGET_ID" "You specified a policy target ID that doesn't match the required pattern.";
        /// The name of the role is kept for AWS, or none.
        InvalidRoleName "INVALID_ROLE_NAME" "You provided a role name that isn't valid. A role name can't begin with the reserved prefix AWSServiceRoleFor.";
        /// The key of the tag is kept for AWS.
        InvalidSystemTags "INVALID_SYSTEM_TAGS_PARAMETER" "You specified a tag key that is a system tag. You can't add, edit, or delete system tag keys because they're reserved for Amazon Web Services use.";
        /// Too long.
        MaxLengthExceeded "MAX_LENGTH_EXCEEDED" "You provided a string parameter that is longer than allowed.";
        /// Too large.
        MaxValueExceeded "MAX_VALUE_EXCEEDED" "You provided a numeric parameter that has a larger value than allowed.";
        /// Too short.
        MinLengthExceeded "MIN_LENGTH_EXCEEDED" "You provided a string parameter that is shorter than allowed.";
        /// Too small.
        MinValueExceeded "MIN_VALUE_EXCEEDED" "You provided a numeric parameter that has a smaller value than allowed.";
        /// The policy cannot be detached.
        NonDetachablePolicy "NON_DETACHABLE_POLICY" "You can't detach this Amazon Web Services Managed Policy.";
        /// Not with this target.
        TargetNotSupported "TARGET_NOT_SUPPORTED" "You can't perform the specified operation on that target entity.";
    }
}

reasons! {
    /// Which bound an operation would break: the `Reason` of a `ConstraintViolationException`.
    ConstraintReason {
        /// An account that the organization made cannot stand alone.
        AccountCannotLeave "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA" "You attempted to remove an account from the organization that doesn't yet have enough information to exist as a standalone account.";
        /// Too many accounts.
        AccountNumber "ACCOUNT_NUMBER_LIMIT_EXCEEDED" "You attempted to exceed the limit on the number of accounts in an organization.";
        /// The management account stays.
        CannotCloseManagementAccount "CANNOT_CLOSE_MANAGEMENT_ACCOUNT" "You attempted to close the management account. To close the management account for the organization, you must first either remove or close all member accounts in the organization.";
        /// Organizations here have all features.
        BillingModeUnsupported "CREATE_ORGANIZATION_IN_BILLING_MODE_UNSUPPORTED_REGION" "To create an organization in the specified region, you must enable all features mode.";
        /// Too many policies of one type at a target.
        MaxAttachments "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED" "You attempted to exceed the number of policies of a certain type that can be attached to an entity at one time.";
        /// Too many tags.
        MaxTags "MAX_TAG_LIMIT_EXCEEDED" "You have exceeded the number of tags allowed on this resource.";
        /// The last service control policy stays.
        MinAttachments "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED" "You attempted to detach a policy from an entity that would cause the entity to have fewer than the minimum number of policies of a certain type required.";
        /// Units too deep in one another.
        UnitDepth "OU_DEPTH_LIMIT_EXCEEDED" "You attempted to create an OU tree that is too many levels deep.";
        /// Too many units.
        UnitNumber "OU_NUMBER_LIMIT_EXCEEDED" "You attempted to exceed the number of OUs that you can have in an organization.";
        /// The document is too long.
        PolicyContent "POLICY_CONTENT_LIMIT_EXCEEDED" "You attempted to create a policy that is larger than the maximum size.";
        /// Too many policies.
        PolicyNumber "POLICY_NUMBER_LIMIT_EXCEEDED" "You attempted to exceed the number of policies that you can have in an organization.";
    }
}

macro_rules! organizations_codes {
    ($($(#[$doc:meta])* $name:ident $message:literal;)*) => {
        /// An error code of AWS Organizations, spelt as AWS spells it on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum OrganizationsCode {
            $($(#[$doc])* $name,)*
            /// A bound would be broken.
            ConstraintViolationException(ConstraintReason),
            /// A value is not one that can be taken.
            InvalidInputException(InputReason),
            /// The service failed; retry.
            ServiceException,
            /// One that all services have.
            Common(ErrorCode),
        }

        impl OrganizationsCode {
            /// The codes of Organizations' own that have no reason.
            pub const PLAIN: &[Self] = &[$(Self::$name),*];

            /// The code as it is answered.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    Self::ConstraintViolationException(_) => "ConstraintViolationException",
                    Self::InvalidInputException(_) => "InvalidInputException",
                    Self::ServiceException => "ServiceException",
                    Self::Common(code) => code.as_str(),
                }
            }

            /// What AWS says with it.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                    Self::ConstraintViolationException(reason) => reason.message(),
                    Self::InvalidInputException(reason) => reason.message(),
                    Self::ServiceException => {
                        "Organizations can't complete your request because of an internal service \
                         error. Try again later."
                    }
                    Self::Common(_) => "",
                }
            }
        }
    };
}

organizations_codes! {
    /// The account is in no organization.
    AWSOrganizationsNotInUseException "Your account is not a member of an organization.";
    /// No policy allows it, or one denies it.
    AccessDeniedException "You don't have permissions to access this resource.";
    /// The account is closed.
    AccountAlreadyClosedException "You attempted to close an account that is already closed.";
    /// There is no such account.
    AccountNotFoundException "You specified an account that doesn't exist.";
    /// The account is in an organization already.
    AlreadyInOrganizationException "The AWS account is already a member of an organization.";
    /// There is no such unit or account.
    ChildNotFoundException "You specified a child that doesn't exist.";
    /// There is no such request for an account.
    CreateAccountStatusNotFoundException "You specified a create account request that doesn't exist.";
    /// What an account is to be moved to is not there.
    DestinationParentNotFoundException "You specified a destination parent that doesn't exist.";
    /// The account is there already.
    DuplicateAccountException "The account is already in the specified destination.";
    /// A unit of that name is there.
    DuplicateOrganizationalUnitException "An OU with the same name already exists.";
    /// The policy is attached there.
    DuplicatePolicyAttachmentException "The selected policy is already attached to the specified target.";
    /// A policy of that name and type exists.
    DuplicatePolicyException "A policy with the same name and type already exists.";
    /// Nothing is inherited of that type of policy.
    EffectivePolicyNotFoundException "The effective policy of the specified type doesn't exist for the target.";
    /// The document is no policy of its type.
    MalformedPolicyDocumentException "The provided policy document does not meet the requirements of the specified policy type.";
    /// The management account is not removed.
    MasterCannotLeaveOrganizationException "You can't remove a management account from an organization.";
    /// It has accounts besides the management account.
    OrganizationNotEmptyException "To delete an organization, you must first remove all accounts except the management account.";
    /// Something is in the unit.
    OrganizationalUnitNotEmptyException "The specified OU is not empty.";
    /// There is no such unit.
    OrganizationalUnitNotFoundException "You specified an organizational unit that doesn't exist.";
    /// There is no such root or unit.
    ParentNotFoundException "You specified a parent that doesn't exist.";
    /// The policy is attached to something.
    PolicyInUseException "This policy cannot be deleted because it is attached to one or more targets.";
    /// The policy is not attached there.
    PolicyNotAttachedException "The policy isn't attached to the specified target.";
    /// There is no such policy.
    PolicyNotFoundException "You specified a policy that doesn't exist.";
    /// The type of policies counts already.
    PolicyTypeAlreadyEnabledException "The specified policy type is already enabled.";
    /// Policies of that type are not there.
    PolicyTypeNotAvailableForOrganizationException "The specified policy type is not available for this organization.";
    /// The type of policies does not count.
    PolicyTypeNotEnabledException "This operation can be performed only for enabled policy types.";
    /// There is no such root.
    RootNotFoundException "You specified a root that doesn't exist.";
    /// The account is not in what it is to be moved from.
    SourceParentNotFoundException "You specified a source parent that doesn't exist.";
    /// There is no such thing to attach to.
    TargetNotFoundException "You specified a target that doesn't exist.";
    /// The operation is not offered here.
    UnsupportedAPIEndpointException "This action isn't available in the current AWS Region.";
}

impl OrganizationsCode {
    /// What more is told than the code.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::ConstraintViolationException(reason) => Some(reason.as_str()),
            Self::InvalidInputException(reason) => Some(reason.as_str()),
            _ => None,
        }
    }

    /// The status of the HTTP answer.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::ServiceException => 500,
            Self::Common(code) => code.http_status(),
            _ => 400,
        }
    }

    /// The code as CloudTrail records it.
    #[must_use]
    pub const fn recorded(self) -> &'static str {
        match self {
            Self::AccessDeniedException => "AccessDenied",
            other => other.as_str(),
        }
    }
}

impl From<ErrorCode> for OrganizationsCode {
    /// What Organizations calls an error that the engine names as AWS KMS does.
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::AccessDeniedException => Self::AccessDeniedException,
            ErrorCode::InvalidMarkerException => {
                Self::InvalidInputException(InputReason::InvalidNextToken)
            }
            ErrorCode::ValidationException => {
                Self::InvalidInputException(InputReason::InvalidPattern)
            }
            ErrorCode::KMSInternalException => Self::ServiceException,
            other => Self::Common(other),
        }
    }
}

impl fmt::Display for OrganizationsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
