//! AWS Signature Version 4: the verifying side, and signing for the requests that go out.
//!
//! A request is taken through three types in order, so that no check can be forgotten:
//! [`Presented::parse`] reads what the request claims, [`Presented::admit`] checks its scope and
//! time, and [`Admitted::verify`] checks the signature. Both forms are understood: the
//! `Authorization` header and the presigned query string. It is stricter than the standard where
//! the standard leaves room: see [`Presented::parse`].
//!
//! The standard: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

mod authorization;
mod canonical;
mod date;
mod hex;
mod key;
mod presigned;
mod refusal;
mod sign;
mod verify;

#[cfg(test)]
mod tests;

pub use key::{Signature, SigningKey};
pub use refusal::{Malformed, Refusal};
pub use sign::{Outgoing, Signed};
pub use verify::{Admitted, Presented};

/// The name of the algorithm, the only one accepted.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The last part of every credential scope.
const TERMINATOR: &str = "aws4_request";

/// A header field: its name in lower case and its value without surrounding white space.
pub type Header<'a> = (&'a str, &'a [u8]);

/// An HTTP request as it arrived.
///
/// Over HTTP/2 the caller puts `:authority` into `headers` as `host`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// The path as sent, percent-encoded, without the query.
    pub path: &'a str,
    /// What follows `?`, as sent; empty when there is none.
    pub query: &'a str,
    /// All header fields, duplicates included.
    pub headers: &'a [Header<'a>],
    /// The whole body.
    pub body: &'a [u8],
}

/// The one field of this name: `None` when there is none.
fn single_header<'a>(request: &Request<'a>, name: &str) -> Result<Option<&'a [u8]>, Malformed> {
    let mut values = request.headers.iter().filter(|(found, _)| *found == name);
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(Malformed::DuplicateHeader),
        (first, _) => Ok(first.map(|(_, value)| *value)),
    }
}
