//! Why a request is not authenticated, in AWS's words.

use crate::time::Timestamp;

/// What is wrong with the form of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Both an `Authorization` header and presigned query parameters.
    #[error(
        "Only one authentication mechanism is allowed: the Authorization header or query parameters."
    )]
    TwoForms,
    /// A header that may be there once is there twice.
    #[error("A header that is used for authentication or signed must not be repeated.")]
    DuplicateHeader,
    /// A presigned parameter that may be there once is there twice.
    #[error("A query parameter that is used for authentication must not be repeated.")]
    DuplicateParameter,
    /// Not `AWS4-HMAC-SHA256`.
    #[error("The signing algorithm must be AWS4-HMAC-SHA256.")]
    Algorithm,
    /// The `Authorization` header does not have the form that signers write.
    #[error(
        "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, in this order."
    )]
    Authorization,
    /// A presigned parameter is missing.
    #[error(
        "AWS query-string parameters must include 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date' and 'X-Amz-Expires'."
    )]
    MissingParameter,
    /// The query string is not spelt in the canonical percent-encoding.
    #[error("The query string must be percent-encoded as RFC 3986 asks, with upper-case digits.")]
    Query,
    /// The path has empty or dot segments, or does not start with a slash.
    #[error("The path must be absolute and normalized.")]
    Path,
    /// The credential is not `ID/DATE/REGION/SERVICE/aws4_request`.
    #[error("Credential must have the form ACCESS-KEY-ID/DATE/REGION/SERVICE/aws4_request.")]
    Credential,
    /// Not 64 lower-case hexadecimal digits.
    #[error("Signature must be 64 lower-case hexadecimal digits.")]
    Signature,
    /// Neither `X-Amz-Date` nor `Date`, or not a date.
    #[error("A valid 'X-Amz-Date' or 'Date' is required.")]
    Date,
    /// `X-Amz-Expires` is no number of 1 to 604800.
    #[error("X-Amz-Expires must be a number of seconds from 1 to 604800.")]
    Expires,
    /// The list is empty, too long, unsorted, has duplicates or upper-case letters.
    #[error(
        "SignedHeaders must be lower-case header names, sorted, each once, separated by semicolons."
    )]
    SignedHeaders,
    /// A header on the list is not in the request.
    #[error("A header named in SignedHeaders is not in the request.")]
    SignedHeaderAbsent,
    /// `host`, the date or an `x-amz-*` header is not signed.
    #[error("'Host', the date and every 'x-amz-*' header in the request must be signed.")]
    UnsignedHeader,
    /// A header name that is not in lower case reached the verifier.
    #[error("A header name is not in lower case.")]
    HeaderName,
}

/// Why a request is not authenticated; `Display` is what the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not signed at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// Signed in a form that is not accepted.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// Names an access key that is not known, or not active.
    #[error("The security token included in the request is invalid.")]
    UnknownAccessKey,
    /// The session token is not one of this service and this access key, or is missing, or should
    /// not be there.
    #[error("The security token included in the request is invalid.")]
    SessionToken,
    /// The session is over.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The scope's Region is another one.
    #[error("Credential should be scoped to a valid region.")]
    Region,
    /// The scope's service is another one.
    #[error("Credential should be scoped to correct service.")]
    Service,
    /// The scope's day is not the day of the date.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
    )]
    ScopeDate,
    /// `x-amz-content-sha256` is not the hash of the body.
    #[error(
        "The provided 'x-amz-content-sha256' header does not match what was computed; unsigned and streaming payloads are not accepted."
    )]
    Payload,
    /// The signature is not the one that the secret access key makes.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
    /// Signed too long ago.
    #[error("Signature expired: {} is now earlier than {} ({} - {})",
        .signed.to_basic_iso8601(), before(*.now, *.seconds), .now.to_basic_iso8601(), span(*.seconds))]
    Expired {
        /// When the request says it was signed.
        signed: Timestamp,
        /// When it was looked at.
        now: Timestamp,
        /// How many seconds a signature lasts.
        seconds: u32,
    },
    /// Signed in the future.
    #[error("Signature not yet current: {} is still later than {} ({} + {})",
        .signed.to_basic_iso8601(), after(*.now, *.seconds), .now.to_basic_iso8601(), span(*.seconds))]
    NotYetCurrent {
        /// When the request says it was signed.
        signed: Timestamp,
        /// When it was looked at.
        now: Timestamp,
        /// How many seconds clocks may differ.
        seconds: u32,
    },
}

fn before(now: Timestamp, seconds: u32) -> String {
    now.plus_millis(i64::from(seconds).saturating_mul(-1000))
        .to_basic_iso8601()
}

fn after(now: Timestamp, seconds: u32) -> String {
    now.plus_millis(i64::from(seconds).saturating_mul(1000))
        .to_basic_iso8601()
}

fn span(seconds: u32) -> String {
    if seconds.is_multiple_of(60) {
        format!("{} min.", seconds / 60)
    } else {
        format!("{seconds} s.")
    }
}
