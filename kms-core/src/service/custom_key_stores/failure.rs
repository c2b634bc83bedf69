//! What the failure of a proxy means for each kind of request, in AWS's words and by AWS's table.

use crate::api::ConnectionErrorCodeType;
use crate::xks::{ErrorName, Failure, ProxyFailure};
use crate::{CustomKeyStoreFault as Fault, Error};

/// The sentence that every kind of request is refused with.
fn words(failure: Failure) -> &'static str {
    match failure {
        Failure::Transport(ProxyFailure::Unreachable) => {
            "AWS KMS cannot communicate with the external key store proxy. This might be a \
             transient network issue. If you see this error repeatedly, verify that your external \
             key store proxy is active and is connected to the network, and that its endpoint URI \
             is correct in your external keystore."
        }
        Failure::Transport(ProxyFailure::Tls) => {
            "AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the \
             TLS configuration, including its certificate."
        }
        Failure::Transport(ProxyFailure::TimedOut) => {
            "AWS KMS rejected the request because the external key store proxy did not respond in \
             time. Retry the request. If you see this error repeatedly, report it to your external \
             key store proxy administrator."
        }
        Failure::Transport(ProxyFailure::Malformed)
        | Failure::Malformed
        | Failure::Refused(ErrorName::Validation) => {
            "AWS KMS cannot interpret the response from the external key store proxy. If you see \
             this error repeatedly, report it to your external key store proxy administrator."
        }
        // AWS has no words for it in its table.
        Failure::Unavailable => {
            "Every external key manager of the external key store proxy is unavailable."
        }
        Failure::Refused(name) => refused(name),
    }
}

fn refused(name: ErrorName) -> &'static str {
    match name {
        ErrorName::Validation | ErrorName::Internal => {
            "The external key store proxy rejected the request because it cannot communicate with \
             the external key manager. Verify that the external key store proxy configuration is \
             correct and that the external key manager is available."
        }
        ErrorName::InvalidState => {
            "The external key associated with this KMS key in an external key store is not enabled \
             in the external key manager. Enable the external key in the external key manager and \
             retry the request."
        }
        ErrorName::InvalidCiphertext => {
            "The external key store proxy rejected the request because the specified ciphertext or \
             encryption context is corrupted, missing, or otherwise invalid."
        }
        ErrorName::InvalidKeyUsage => {
            "The external key associated with this KMS key in an external key store does not \
             support the requested operation. Enable the operation on the key in your external key \
             manager, and try the request again."
        }
        ErrorName::AuthenticationFailed => {
            "The external key store proxy rejected the request because it could not authenticate \
             AWS KMS. Verify the XKS proxy authentication credentials for your external key store \
             and update if necessary."
        }
        ErrorName::AccessDenied => {
            "The external key store proxy denied access to the operation. Verify that the user and \
             the external key are both authorized for this operation, and try the request again."
        }
        ErrorName::KeyNotFound => {
            "The external key associated with this KMS key in an external key store was not found \
             in its external key manager. If the external key ID associated with this KMS key is \
             incorrect, create a new KMS key with the correct external key ID."
        }
        ErrorName::InvalidUriPath => {
            "The external key store proxy rejected the request because of an invalid URI path. \
             Verify the URI path for your external key store and update if necessary."
        }
        ErrorName::Throttling => {
            "The external key store proxy rejected the request due to a very high request rate. \
             Reduce the frequency of your calls using KMS keys in this external key store."
        }
        ErrorName::UnsupportedOperation => {
            "The external key store proxy rejected the request because it does not support the \
             requested operation. If you see this error repeatedly, report it to your external key \
             store proxy administrator."
        }
        ErrorName::DependencyTimeout => {
            "The external key store proxy did not respond to the request in the time allotted. \
             Retry the request. If you see this error repeatedly, report it to your external key \
             store proxy administrator."
        }
    }
}

/// For cryptographic operations: one code, and the words tell why.
pub(in crate::service) fn in_use(failure: Failure) -> Error {
    Error::InvalidState(words(failure).to_owned())
}

/// A ciphertext whose outer layer the proxy opened and whose inner one does not open.
pub(in crate::service) fn inner_invalid() -> Error {
    Error::InvalidState(
        "The ciphertext that the external key store proxy submitted for decryption, or the \
         encryption context, is corrupted, missing, or otherwise invalid."
            .to_owned(),
    )
}

/// The external key that is asked for is not one of AES-256 that is enabled and does both.
pub(in crate::service) fn unfit_key() -> Error {
    // Nobody recorded AWS's words; these are of the model's documentation.
    let words = "The external key specified by the XksKeyId parameter did not meet the \
        configuration requirements for an external key store. The external key must be an AES-256 \
        symmetric key that is enabled and performs encryption and decryption.";
    Error::CustomKeyStore(Fault::KeyInvalidConfiguration, words.to_owned())
}

/// For `CreateKey`.
pub(in crate::service) fn creating_key(failure: Failure) -> Error {
    let fault = match failure {
        Failure::Refused(ErrorName::AccessDenied) => return in_use(failure),
        Failure::Refused(ErrorName::KeyNotFound) => Fault::KeyNotFound,
        Failure::Refused(
            ErrorName::InvalidState
            | ErrorName::InvalidKeyUsage
            | ErrorName::InvalidCiphertext
            | ErrorName::UnsupportedOperation,
        ) => Fault::KeyInvalidConfiguration,
        _ => Fault::InvalidState,
    };
    Error::CustomKeyStore(fault, words(failure).to_owned())
}

/// For `CreateCustomKeyStore` and `UpdateCustomKeyStore`.
pub(super) fn configuring(failure: Failure) -> Error {
    let fault = match failure {
        Failure::Transport(ProxyFailure::Malformed) | Failure::Malformed => {
            Fault::ProxyInvalidResponse
        }
        Failure::Transport(_)
        | Failure::Unavailable
        | Failure::Refused(ErrorName::DependencyTimeout | ErrorName::Throttling) => {
            Fault::ProxyUriUnreachable
        }
        Failure::Refused(ErrorName::AuthenticationFailed) => Fault::ProxyIncorrectCredential,
        Failure::Refused(
            ErrorName::InvalidUriPath | ErrorName::AccessDenied | ErrorName::InvalidState,
        ) => Fault::ProxyInvalidConfiguration,
        Failure::Refused(_) => Fault::ProxyInvalidResponse,
    };
    Error::CustomKeyStore(fault, words(failure).to_owned())
}

/// For `ConnectCustomKeyStore`, which succeeds and leaves the store failed.
pub(super) fn connecting(failure: Failure) -> ConnectionErrorCodeType {
    use ConnectionErrorCodeType as Code;
    match failure {
        Failure::Transport(ProxyFailure::Unreachable) | Failure::Unavailable => {
            Code::XksProxyNotReachable
        }
        Failure::Transport(ProxyFailure::Tls) => Code::XksProxyInvalidTlsConfiguration,
        Failure::Transport(ProxyFailure::TimedOut)
        | Failure::Refused(ErrorName::DependencyTimeout | ErrorName::Throttling) => {
            Code::XksProxyTimedOut
        }
        Failure::Refused(ErrorName::AuthenticationFailed) => Code::InvalidCredentials,
        Failure::Refused(ErrorName::AccessDenied) => Code::XksProxyAccessDenied,
        Failure::Refused(ErrorName::InvalidUriPath | ErrorName::InvalidState) => {
            Code::XksProxyInvalidConfiguration
        }
        Failure::Transport(ProxyFailure::Malformed) | Failure::Malformed | Failure::Refused(_) => {
            Code::XksProxyInvalidResponse
        }
    }
}
