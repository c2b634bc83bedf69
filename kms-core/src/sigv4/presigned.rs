//! The claim in the query string of a presigned request.

use std::borrow::Cow;

use super::canonical::{Parameter, decoded, parameters};
use super::date::SigningDate;
use super::verify::{Claim, Scope, SignedHeaders};
use super::{ALGORITHM, Malformed, Refusal, Request, Signature};

/// Seven days, in seconds.
const LONGEST_LIFETIME_SECONDS: u32 = 604_800;

/// The parameter that is left out of the canonical query string.
pub(super) const SIGNATURE: &str = "X-Amz-Signature";

/// Whether the query string claims to be signed.
pub(super) fn is_presigned(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-SignedHeaders",
            SIGNATURE,
        ]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
    })
}

/// Reads the `X-Amz-*` parameters.
///
/// In the canonical percent-encoding a slash is always `%2F` and a semicolon `%3B`, and nothing
/// else in these values needs encoding: so they are split without decoding them.
pub(super) fn parse<'a>(request: &Request<'a>) -> Result<Claim<'a>, Refusal> {
    let parameters = parameters(request.query)?;
    let value = |name| single(&parameters, name)?.ok_or(Malformed::MissingParameter);
    if value("X-Amz-Algorithm")? != ALGORITHM {
        return Err(Malformed::Algorithm.into());
    }
    let session_token = match single(&parameters, "X-Amz-Security-Token")? {
        Some(token) => Some(Cow::Owned(decoded(token).ok_or(Refusal::SessionToken)?)),
        None => None,
    };
    let (access_key_id, scope) = Scope::parse(value("X-Amz-Credential")?, "%2F")?;
    let signed_headers = SignedHeaders::parse(value("X-Amz-SignedHeaders")?, "%3B")?;
    let signature =
        Signature::from_hex(value(SIGNATURE)?.as_bytes()).ok_or(Malformed::Signature)?;
    let date = SigningDate::from_basic(value("X-Amz-Date")?.as_bytes()).ok_or(Malformed::Date)?;
    Ok(Claim {
        access_key_id,
        scope,
        date,
        signed_headers,
        signature,
        lifetime_seconds: lifetime(value("X-Amz-Expires")?).ok_or(Malformed::Expires)?,
        presigned: true,
        session_token,
    })
}

fn single<'a>(parameters: &[Parameter<'a>], name: &str) -> Result<Option<&'a str>, Malformed> {
    let mut values = parameters.iter().filter(|(found, _)| *found == name);
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(Malformed::DuplicateParameter),
        (first, _) => Ok(first.map(|(_, value)| *value)),
    }
}

fn lifetime(text: &str) -> Option<u32> {
    let seconds: u32 = text.parse().ok()?;
    let canonical = seconds.to_string() == text;
    (canonical && (1..=LONGEST_LIFETIME_SECONDS).contains(&seconds)).then_some(seconds)
}
