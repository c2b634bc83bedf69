//! The error codes that a caller can be answered with.

use std::fmt;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident $status:literal)*) => {
        /// An AWS error code: the `__type` of an error answer. Variants are spelt as AWS spells
        /// them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as AWS writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The status of the HTTP answer. As KMS does, every refusal is 400 (AWS documents
            /// 412 for a dry run but answers 400); only the service's own faults are 5xx, which
            /// SDKs take as leave to retry.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                }
            }
        }
    };
}

error_codes! {
    // Modelled by the operations.
    /// An alias of that name exists.
    AlreadyExistsException 400
    /// The CloudHSM cluster of a custom key store does not fit.
    CloudHsmClusterInvalidConfigurationException 400
    /// The CloudHSM cluster is one of another custom key store.
    CloudHsmClusterInUseException 400
    /// The CloudHSM cluster is not active.
    CloudHsmClusterNotActiveException 400
    /// There is no such CloudHSM cluster.
    CloudHsmClusterNotFoundException 400
    /// The CloudHSM cluster is not related to the one before.
    CloudHsmClusterNotRelatedException 400
    /// Another change of the same key is under way.
    ConflictException 400
    /// The custom key store has keys.
    CustomKeyStoreHasCMKsException 400
    /// The custom key store is not connected.
    CustomKeyStoreInvalidStateException 400
    /// A custom key store of that name exists.
    CustomKeyStoreNameInUseException 400
    /// There is no such custom key store.
    CustomKeyStoreNotFoundException 400
    /// Something that the service relies on did not answer in time; retry.
    DependencyTimeoutException 503
    /// The key is disabled.
    DisabledException 400
    /// The request would have succeeded, but asked with `DryRun`.
    DryRunOperationException 400
    /// The import token is too old.
    ExpiredImportTokenException 400
    /// The ciphertext was not made under the key that the request names.
    IncorrectKeyException 400
    /// The certificate is not that of the CloudHSM cluster.
    IncorrectTrustAnchorException 400
    /// The key material is not the one that is expected, or not one of the key's spec.
    IncorrectKeyMaterialException 400
    /// The alias name is reserved or malformed.
    InvalidAliasNameException 400
    /// The ARN, or its Region, is not one of a key here.
    InvalidArnException 400
    /// The ciphertext is damaged, foreign, or the encryption context differs.
    InvalidCiphertextException 400
    /// The grant id is not one.
    InvalidGrantIdException 400
    /// The grant token is not valid.
    InvalidGrantTokenException 400
    /// The import token is not one for the key.
    InvalidImportTokenException 400
    /// The key's usage or the algorithm does not fit the operation.
    InvalidKeyUsageException 400
    /// The pagination marker is not one that this service gave out.
    InvalidMarkerException 400
    /// The authentication code is not that of the message.
    KMSInvalidMacException 400
    /// The signature is not one of the key over the message.
    KMSInvalidSignatureException 400
    /// The service failed; retry.
    KMSInternalException 500
    /// The key's state does not permit the operation.
    KMSInvalidStateException 400
    /// The key material cannot be reached; retry.
    KeyUnavailableException 500
    /// A quota is exhausted.
    LimitExceededException 400
    /// The key policy is not a policy, or would lock everybody out.
    MalformedPolicyDocumentException 400
    /// There is no such key or alias.
    NotFoundException 400
    /// A tag is reserved, repeated or one too many.
    TagException 400
    /// The operation, or this way of asking, is not supported for the key.
    UnsupportedOperationException 400
    /// An external key is in use by another key.
    XksKeyAlreadyInUseException 400
    /// An external key does not fit.
    XksKeyInvalidConfigurationException 400
    /// There is no such external key.
    XksKeyNotFoundException 400
    /// The proxy of an external key store refuses the credential.
    XksProxyIncorrectAuthenticationCredentialException 400
    /// The proxy of an external key store is not configured right.
    XksProxyInvalidConfigurationException 400
    /// The proxy of an external key store answers what nobody understands.
    XksProxyInvalidResponseException 400
    /// The proxy's endpoint is one of another external key store.
    XksProxyUriEndpointInUseException 400
    /// The proxy's endpoint and path are those of another external key store.
    XksProxyUriInUseException 400
    /// The proxy of an external key store cannot be reached, or has no key manager behind it.
    XksProxyUriUnreachableException 400
    /// The VPC endpoint service is one of another external key store.
    XksProxyVpcEndpointServiceInUseException 400
    /// The VPC endpoint service does not fit.
    XksProxyVpcEndpointServiceInvalidConfigurationException 400
    /// There is no such VPC endpoint service.
    XksProxyVpcEndpointServiceNotFoundException 400

    // Common to AWS's services.
    /// The caller is not authorized.
    AccessDeniedException 400
    /// The temporary credentials have expired.
    ExpiredTokenException 400
    /// The `Authorization` header lacks a part.
    IncompleteSignatureException 400
    /// The signature does not match, or its date is too far from now.
    InvalidSignatureException 400
    /// The request is not signed.
    MissingAuthenticationTokenException 400
    /// The body is larger than the service reads.
    RequestEntityTooLargeException 413
    /// The body is not JSON, or a member has the wrong JSON type.
    SerializationException 400
    /// The service takes no requests now; retry.
    ServiceUnavailableException 503
    /// The caller asks too often; retry later.
    ThrottlingException 400
    /// The target names no operation of this service.
    UnknownOperationException 400
    /// The access key is unknown.
    UnrecognizedClientException 400
    /// A member does not satisfy its constraint.
    ValidationException 400
}

impl ErrorCode {
    /// Whether the service is at fault and the same request may succeed later.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        self.http_status() >= 500
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
