//! The error codes of the query protocol, which are not those of the JSON protocol.

use std::fmt;

use crate::api::ErrorCode;

macro_rules! query_codes {
    ($($(#[$doc:meta])* $name:ident $status:literal $recorded:literal;)*) => {
        /// An error code of IAM or STS, spelt as AWS spells it on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum QueryCode {
            $($(#[$doc])* $name,)*
        }

        impl QueryCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as it is answered.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The status of the HTTP answer.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The code as CloudTrail records it.
            #[must_use]
            pub const fn recorded(self) -> &'static str {
                match self { $(Self::$name => $recorded,)* }
            }
        }
    };
}

query_codes! {
    /// No policy allows it, or one denies it.
    AccessDenied 403 "AccessDenied";
    /// What is to be deleted has things that must be removed first.
    DeleteConflict 409 "DeleteConflictException";
    /// A thing of that name exists.
    EntityAlreadyExists 409 "EntityAlreadyExistsException";
    /// The temporary credentials have expired.
    ExpiredToken 403 "ExpiredToken";
    /// The token of an identity provider has expired.
    ExpiredTokenException 400 "ExpiredTokenException";
    /// The identity provider cannot be asked for its keys.
    IDPCommunicationError 400 "IDPCommunicationErrorException";
    /// A claim of the token of an identity provider is not one that can be taken.
    IDPRejectedClaim 403 "IDPRejectedClaimException";
    /// The `Authorization` header lacks a part.
    IncompleteSignature 400 "IncompleteSignature";
    /// There is no such operation.
    InvalidAction 400 "InvalidAction";
    /// A code of an MFA device is not the one of the moment.
    InvalidAuthenticationCode 403 "InvalidAuthenticationCodeException";
    /// The message is not one that says why a request was refused.
    InvalidAuthorizationMessageException 400 "InvalidAuthorizationMessageException";
    /// The access key is unknown or not active.
    InvalidClientTokenId 403 "InvalidClientTokenId";
    /// The token of an identity provider is not one that can be taken.
    InvalidIdentityToken 400 "InvalidIdentityTokenException";
    /// A value is not one that can be taken.
    InvalidInput 400 "InvalidInputException";
    /// A value does not go with the others.
    InvalidParameterValue 400 "InvalidParameterValueException";
    /// A quota is reached.
    LimitExceeded 409 "LimitExceededException";
    /// The document is not one that can be kept.
    MalformedPolicyDocument 400 "MalformedPolicyDocumentException";
    /// The body is not a form, or has a member twice.
    MalformedQueryString 400 "MalformedQueryString";
    /// The request names no operation.
    MissingAction 400 "MissingAction";
    /// The request is not signed.
    MissingAuthenticationToken 403 "MissingAuthenticationToken";
    /// There is no such entity.
    NoSuchEntity 404 "NoSuchEntityException";
    /// The policies and tags of a session are too long together.
    PackedPolicyTooLarge 400 "PackedPolicyTooLargeException";
    /// The credential report is too old to be given out.
    ReportExpired 410 "CredentialReportExpiredException";
    /// There is no credential report.
    ReportNotPresent 410 "CredentialReportNotPresentException";
    /// The body is larger than the service reads.
    RequestEntityTooLarge 413 "RequestEntityTooLarge";
    /// The service failed; retry.
    ServiceFailure 500 "ServiceFailureException";
    /// The service takes no requests now; retry.
    ServiceUnavailable 503 "ServiceUnavailable";
    /// The signature does not match, or its date is too far from now.
    SignatureDoesNotMatch 403 "SignatureDoesNotMatch";
    /// The caller asks too often; retry later.
    Throttling 400 "Throttling";
    /// The principals file manages the entity.
    UnmodifiableEntity 400 "UnmodifiableEntityException";
    /// A member does not satisfy its constraint.
    ValidationError 400 "ValidationException";
}

impl QueryCode {
    /// Whether the service is at fault and the same request may succeed later.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        self.http_status() >= 500
    }
}

impl From<ErrorCode> for QueryCode {
    /// What the query protocol calls an error that the engine names as the JSON protocol does.
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::AccessDeniedException => Self::AccessDenied,
            ErrorCode::AlreadyExistsException => Self::EntityAlreadyExists,
            ErrorCode::ExpiredTokenException => Self::ExpiredToken,
            ErrorCode::IncompleteSignatureException => Self::IncompleteSignature,
            ErrorCode::InvalidSignatureException => Self::SignatureDoesNotMatch,
            ErrorCode::LimitExceededException => Self::LimitExceeded,
            ErrorCode::MalformedPolicyDocumentException => Self::MalformedPolicyDocument,
            ErrorCode::MissingAuthenticationTokenException => Self::MissingAuthenticationToken,
            ErrorCode::NotFoundException => Self::NoSuchEntity,
            ErrorCode::RequestEntityTooLargeException => Self::RequestEntityTooLarge,
            ErrorCode::SerializationException => Self::MalformedQueryString,
            ErrorCode::ServiceUnavailableException => Self::ServiceUnavailable,
            ErrorCode::TagException => Self::InvalidInput,
            ErrorCode::ThrottlingException => Self::Throttling,
            ErrorCode::UnknownOperationException => Self::InvalidAction,
            ErrorCode::UnrecognizedClientException => Self::InvalidClientTokenId,
            other if other.is_fault() => Self::ServiceFailure,
            _ => Self::ValidationError,
        }
    }
}

impl fmt::Display for QueryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
