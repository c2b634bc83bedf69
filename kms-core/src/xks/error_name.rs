//! The errors that a proxy answers.

macro_rules! error_names {
    ($($(#[$doc:meta])* $name:ident = $text:literal $status:literal,)*) => {
        /// The `errorName` of a proxy's answer.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorName {
            $($(#[$doc])* $name,)*
        }

        impl ErrorName {
            /// Every name.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name as it is sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The status of the HTTP answer.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

error_names! {
    /// A parameter is invalid.
    Validation = "ValidationException" 400,
    /// The external key, or all of the key store, is disabled.
    InvalidState = "InvalidStateException" 400,
    /// The ciphertext, its metadata, IV, tag or AAD is not what it was.
    InvalidCiphertext = "InvalidCiphertextException" 400,
    /// The external key is not one for the operation.
    InvalidKeyUsage = "InvalidKeyUsageException" 400,
    /// The signature is not right.
    AuthenticationFailed = "AuthenticationFailedException" 401,
    /// The proxy's own rules deny it.
    AccessDenied = "AccessDeniedException" 403,
    /// There is no such external key.
    KeyNotFound = "KeyNotFoundException" 404,
    /// There is nothing at the path.
    InvalidUriPath = "InvalidUriPathException" 404,
    /// Too many requests.
    Throttling = "ThrottlingException" 429,
    /// Not implemented, or a parameter is too large.
    UnsupportedOperation = "UnsupportedOperationException" 501,
    /// Something behind the proxy did not answer in time.
    DependencyTimeout = "DependencyTimeoutException" 503,
    /// The proxy, or something behind it, failed.
    Internal = "InternalException" 500,
}

impl ErrorName {
    /// The error of that name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.as_str() == text)
    }
}
