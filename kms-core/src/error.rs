//! The one error that leaves the crate, and its AWS code.

use std::error::Error as StdError;

use crate::api::query::QueryCode;
use crate::api::{ErrorCode, OrganizationsCode};
use crate::ids::KeyArn;

/// Why a request was refused or failed.
///
/// `Display` is for the caller, in AWS's words; [`StdError::source`] is for the log and never
/// shown. The enum is exhaustive on purpose: a new variant does not compile until it has a code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is missing, malformed or outside its limits.
    #[error("{0}")]
    Validation(String),
    /// No policy allows it, or one denies it.
    #[error("{0}")]
    AccessDenied(String),
    /// The access key was deleted after the signature was verified.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The key, alias or policy does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The key is disabled.
    #[error("{0} is disabled.")]
    Disabled(KeyArn),
    /// The key's state does not allow it.
    #[error("{0}")]
    InvalidState(String),
    /// The key's usage does not allow it.
    #[error("{0}")]
    InvalidKeyUsage(String),
    /// The ciphertext does not open; no word on why.
    #[error("")]
    InvalidCiphertext,
    /// The signature is not one of the key over the message; no word on why.
    #[error("")]
    InvalidSignature,
    /// The authentication code is not that of the message; no word on why.
    #[error("")]
    InvalidMac,
    /// The ciphertext was made under another key than the request names.
    #[error("The key ID in the request does not identify a CMK that can perform this operation.")]
    IncorrectKey,
    /// A dry run would have succeeded.
    #[error("The request would have succeeded, but the DryRun option is set.")]
    DryRun,
    /// A thing of that name exists.
    #[error("{0}")]
    AlreadyExists(String),
    /// The name is kept for AWS.
    #[error("{0}")]
    InvalidAliasName(String),
    /// The marker was not given out for this listing.
    #[error("Could not deserialize marker '{0}'")]
    InvalidMarker(String),
    /// A quota is reached.
    #[error("{0}")]
    LimitExceeded(String),
    /// The policy is not one that could be kept.
    #[error("{0}")]
    MalformedPolicyDocument(String),
    /// The tags are not ones that could be kept.
    #[error("{0}")]
    Tag(String),
    /// This service cannot do it, or not with this key.
    #[error("{0}")]
    UnsupportedOperation(String),
    /// The grant id does not have the form of one.
    #[error("{0}")]
    InvalidGrantId(String),
    /// The principal is not one that exists here.
    #[error("{0}")]
    InvalidArn(String),
    /// The grant token is not one of this service.
    #[error("{0}")]
    InvalidGrantToken(String),
    /// The import token is too old.
    #[error("")]
    ExpiredImportToken,
    /// The import token is not one of this store for this key.
    #[error("")]
    InvalidImportToken,
    /// The imported material is not the one that is expected, or not one of the key's spec.
    #[error("{0}")]
    IncorrectKeyMaterial(String),
    /// A custom key store, its proxy or an external key does not allow it.
    #[error("{1}")]
    CustomKeyStore(CustomKeyStoreFault, String),
    /// IAM or STS refuses for a reason that only the query protocol has a code for.
    #[error("{1}")]
    Query(QueryCode, String),
    /// Organizations refuses for a reason that only it has a code for.
    #[error("{1}")]
    Organizations(OrganizationsCode, String),
    /// The service failed; the cause is for the log alone.
    #[error(
        "The request was rejected because an internal exception occurred. The request can be retried."
    )]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// The service's own failure, with its cause for the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The exception that AWS answers.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Validation(_) => ErrorCode::ValidationException,
            Self::AccessDenied(_) => ErrorCode::AccessDeniedException,
            Self::UnrecognizedClient => ErrorCode::UnrecognizedClientException,
            Self::NotFound(_) => ErrorCode::NotFoundException,
            Self::Disabled(_) => ErrorCode::DisabledException,
            Self::InvalidState(_) => ErrorCode::KMSInvalidStateException,
            Self::InvalidKeyUsage(_) => ErrorCode::InvalidKeyUsageException,
            Self::InvalidCiphertext => ErrorCode::InvalidCiphertextException,
            Self::InvalidSignature => ErrorCode::KMSInvalidSignatureException,
            Self::InvalidMac => ErrorCode::KMSInvalidMacException,
            Self::IncorrectKey => ErrorCode::IncorrectKeyException,
            Self::DryRun => ErrorCode::DryRunOperationException,
            Self::AlreadyExists(_) => ErrorCode::AlreadyExistsException,
            Self::InvalidAliasName(_) => ErrorCode::InvalidAliasNameException,
            Self::InvalidMarker(_) => ErrorCode::InvalidMarkerException,
            Self::LimitExceeded(_) => ErrorCode::LimitExceededException,
            Self::MalformedPolicyDocument(_) => ErrorCode::MalformedPolicyDocumentException,
            Self::Tag(_) => ErrorCode::TagException,
            Self::UnsupportedOperation(_) => ErrorCode::UnsupportedOperationException,
            Self::InvalidGrantId(_) => ErrorCode::InvalidGrantIdException,
            Self::InvalidArn(_) => ErrorCode::InvalidArnException,
            Self::InvalidGrantToken(_) => ErrorCode::InvalidGrantTokenException,
            Self::ExpiredImportToken => ErrorCode::ExpiredImportTokenException,
            Self::InvalidImportToken => ErrorCode::InvalidImportTokenException,
            Self::IncorrectKeyMaterial(_) => ErrorCode::IncorrectKeyMaterialException,
            Self::CustomKeyStore(fault, _) => fault.code(),
            Self::Query(..) | Self::Organizations(..) => ErrorCode::ValidationException,
            Self::Internal(_) => ErrorCode::KMSInternalException,
        }
    }
}

impl Error {
    /// What IAM and STS answer.
    #[must_use]
    pub fn query_code(&self) -> QueryCode {
        match self {
            Self::Query(code, _) => *code,
            other => other.code().into(),
        }
    }

    /// What Organizations answers.
    #[must_use]
    pub fn organizations_code(&self) -> OrganizationsCode {
        match self {
            Self::Organizations(code, _) => *code,
            other => other.code().into(),
        }
    }
}

/// What is wrong with a custom key store, its proxy or an external key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomKeyStoreFault {
    /// There is no such store.
    NotFound,
    /// A store of that name exists.
    NameInUse,
    /// It is not in the connection state that is needed.
    InvalidState,
    /// It has keys.
    HasKeys,
    /// There is no such CloudHSM cluster: there are none.
    ClusterNotFound,
    /// There is no such VPC endpoint service: there are none.
    VpcEndpointServiceNotFound,
    /// The proxy's address is that of another store.
    ProxyUriInUse,
    /// The proxy cannot be reached, or is of no use.
    ProxyUriUnreachable,
    /// The proxy does not accept the credential.
    ProxyIncorrectCredential,
    /// The proxy is not configured right.
    ProxyInvalidConfiguration,
    /// The proxy's answer is not one.
    ProxyInvalidResponse,
    /// Another key has the external key.
    KeyAlreadyInUse,
    /// The external key does not fit.
    KeyInvalidConfiguration,
    /// There is no such external key.
    KeyNotFound,
}

impl CustomKeyStoreFault {
    const fn code(self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::CustomKeyStoreNotFoundException,
            Self::NameInUse => ErrorCode::CustomKeyStoreNameInUseException,
            Self::InvalidState => ErrorCode::CustomKeyStoreInvalidStateException,
            Self::HasKeys => ErrorCode::CustomKeyStoreHasCMKsException,
            Self::ClusterNotFound => ErrorCode::CloudHsmClusterNotFoundException,
            Self::VpcEndpointServiceNotFound => {
                ErrorCode::XksProxyVpcEndpointServiceNotFoundException
            }
            Self::ProxyUriInUse => ErrorCode::XksProxyUriInUseException,
            Self::ProxyUriUnreachable => ErrorCode::XksProxyUriUnreachableException,
            Self::ProxyIncorrectCredential => {
                ErrorCode::XksProxyIncorrectAuthenticationCredentialException
            }
            Self::ProxyInvalidConfiguration => ErrorCode::XksProxyInvalidConfigurationException,
            Self::ProxyInvalidResponse => ErrorCode::XksProxyInvalidResponseException,
            Self::KeyAlreadyInUse => ErrorCode::XksKeyAlreadyInUseException,
            Self::KeyInvalidConfiguration => ErrorCode::XksKeyInvalidConfigurationException,
            Self::KeyNotFound => ErrorCode::XksKeyNotFoundException,
        }
    }
}

impl From<crate::crypto::Failed> for Error {
    fn from(failed: crate::crypto::Failed) -> Self {
        Self::internal(failed)
    }
}
