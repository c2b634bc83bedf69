//! The claim in an `Authorization` header.

use super::date::SigningDate;
use super::verify::{Claim, Scope, SignedHeaders};
use super::{ALGORITHM, Malformed, Refusal, Request, Signature, single_header};

/// Five minutes, in seconds: how old a signature in a header may be.
pub(super) const LIFETIME_SECONDS: u32 = 300;

/// Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
pub(super) fn parse<'a>(request: &Request<'a>, value: &'a [u8]) -> Result<Claim<'a>, Refusal> {
    let text = str::from_utf8(value).map_err(|_| Malformed::Authorization)?;
    let (algorithm, parameters) = text.split_once(' ').ok_or(Malformed::Authorization)?;
    if algorithm != ALGORITHM {
        return Err(Malformed::Algorithm.into());
    }
    let mut parameters = parameters.splitn(3, ',');
    let mut next = |name| {
        let parameter = parameters.next()?.trim_start_matches(' ');
        parameter.strip_prefix(name)
    };
    let credential = next("Credential=").ok_or(Malformed::Authorization)?;
    let signed_headers = next("SignedHeaders=").ok_or(Malformed::Authorization)?;
    let signature = next("Signature=").ok_or(Malformed::Authorization)?;
    let signature = Signature::from_hex(signature.as_bytes()).ok_or(Malformed::Signature)?;
    let (access_key_id, scope) = Scope::parse(credential, "/")?;
    let signed_headers = SignedHeaders::parse(signed_headers, ";")?;
    Ok(Claim {
        access_key_id,
        scope,
        date: date(request, signed_headers)?,
        signed_headers,
        signature,
        lifetime_seconds: LIFETIME_SECONDS,
        presigned: false,
        session_token: None,
    })
}

/// `X-Amz-Date`, or else `Date`, which then has to be signed too.
fn date(
    request: &Request<'_>,
    signed_headers: SignedHeaders<'_>,
) -> Result<SigningDate, Malformed> {
    if let Some(value) = single_header(request, "x-amz-date")? {
        return SigningDate::from_basic(value).ok_or(Malformed::Date);
    }
    let value = single_header(request, "date")?.ok_or(Malformed::Date)?;
    if !signed_headers.contains("date") {
        return Err(Malformed::UnsignedHeader);
    }
    SigningDate::from_date_header(value).ok_or(Malformed::Date)
}
