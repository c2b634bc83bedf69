//! The three steps from a claim to a verified request.

use std::borrow::Cow;
use std::iter;

use crate::crypto::digest::sha256;
use crate::ids::Region;
use crate::time::Timestamp;

use super::date::SigningDate;
use super::{
    ALGORITHM, Malformed, Refusal, Request, Signature, SigningKey, TERMINATOR, authorization,
    canonical, hex, presigned, single_header,
};

/// How far the clocks of both sides may differ, in seconds.
const SKEW_SECONDS: u32 = 300;

const MOST_SIGNED_HEADERS: usize = 64;

/// `DATE/REGION/SERVICE`, the terminator being checked already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    day: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    /// Splits a credential into the access key id and the scope.
    pub(super) fn parse(
        credential: &'a str,
        separator: &'static str,
    ) -> Result<(&'a str, Self), Malformed> {
        let mut parts = split(credential, separator);
        let mut next = || {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            let part = parts.next().ok_or(Malformed::Credential)?;
            if part.is_empty() || part.len() > 128 || !part.bytes().all(is_plain) {
                return Err(Malformed::Credential);
            }
            Ok(part)
        };
        let access_key_id = next()?;
        let scope = Self {
            day: next()?,
            region: next()?,
            service: next()?,
        };
        if next()? != TERMINATOR || parts.next().is_some() {
            return Err(Malformed::Credential);
        }
        Ok((access_key_id, scope))
    }
}

/// The list of signed header names, valid and strictly ascending.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignedHeaders<'a> {
    list: &'a str,
    separator: &'static str,
}

impl<'a> SignedHeaders<'a> {
    pub(super) fn parse(list: &'a str, separator: &'static str) -> Result<Self, Malformed> {
        let parsed = Self { list, separator };
        let mut previous = "";
        for (position, name) in parsed.names().enumerate() {
            if position == MOST_SIGNED_HEADERS || name <= previous || !name.bytes().all(is_name) {
                return Err(Malformed::SignedHeaders);
            }
            previous = name;
        }
        Ok(parsed)
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'a str> {
        split(self.list, self.separator)
    }

    pub(super) fn contains(self, name: &str) -> bool {
        self.names().any(|signed| signed == name)
    }
}

/// The parts between separators. A separator of one character, which is that of the header form,
/// needs no search for a text.
fn split<'a>(list: &'a str, separator: &'static str) -> impl Iterator<Item = &'a str> {
    let mut rest = Some(list);
    iter::from_fn(move || {
        let text = rest?;
        let found = match separator.as_bytes() {
            [one] => text.bytes().position(|byte| byte == *one),
            _ => text.find(separator),
        };
        let Some(end) = found else {
            return rest.take();
        };
        rest = text.get(end.saturating_add(separator.len())..);
        text.get(..end)
    })
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
}

/// What a request claims, in either form.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) scope: Scope<'a>,
    pub(super) date: SigningDate,
    pub(super) signed_headers: SignedHeaders<'a>,
    pub(super) signature: Signature,
    pub(super) lifetime_seconds: u32,
    pub(super) presigned: bool,
    /// The parameter of a presigned request, decoded.
    pub(super) session_token: Option<Cow<'a, str>>,
}

/// A request that claims to be signed; nothing about the claim is checked but its form.
#[derive(Debug)]
pub struct Presented<'a> {
    request: Request<'a>,
    claim: Claim<'a>,
}

impl<'a> Presented<'a> {
    /// Reads the claim of a request.
    ///
    /// Refused besides what the standard refuses: two forms at once; a signed header, or one used
    /// here, that is repeated; a list of signed headers that is not sorted or names an absent
    /// header; an unsigned `host`, date or `x-amz-*` header; a query string or path in any
    /// spelling but the canonical one; two session tokens.
    ///
    /// # Errors
    /// [`Refusal::Missing`] for an unsigned request, [`Refusal::SessionToken`] for a token that is
    /// no text, or [`Refusal::Malformed`].
    pub fn parse(request: &Request<'a>) -> Result<Self, Refusal> {
        check_names(request)?;
        let header = single_header(request, "authorization")?;
        let mut claim = match (header, presigned::is_presigned(request.query)) {
            (Some(_), true) => return Err(Malformed::TwoForms.into()),
            (None, false) => return Err(Refusal::Missing),
            (Some(value), false) => authorization::parse(request, value)?,
            (None, true) => presigned::parse(request)?,
        };
        if let Some(token) = single_header(request, "x-amz-security-token")? {
            if claim.session_token.is_some() {
                return Err(Malformed::DuplicateHeader.into());
            }
            let token = str::from_utf8(token).map_err(|_| Refusal::SessionToken)?;
            claim.session_token = Some(Cow::Borrowed(token));
        }
        check_signed(request, claim.signed_headers)?;
        Ok(Self {
            request: *request,
            claim,
        })
    }

    /// The access key that is said to have signed.
    #[must_use]
    pub fn access_key_id(&self) -> &'a str {
        self.claim.access_key_id
    }

    /// The session token that came with the request, as it was sent.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.claim.session_token.as_deref()
    }

    /// The Region that the signature says it is meant for.
    #[must_use]
    pub fn region(&self) -> &'a str {
        self.claim.scope.region
    }

    /// Checks that the signature is meant for this service in this Region, and for this moment:
    /// at most five minutes old or, when presigned, as old as it says it lasts, and at most five
    /// minutes ahead.
    ///
    /// # Errors
    /// [`Refusal::Service`], [`Refusal::Region`], [`Refusal::ScopeDate`], [`Refusal::Expired`] or
    /// [`Refusal::NotYetCurrent`].
    pub fn admit(
        self,
        service: &str,
        region: &Region,
        now: Timestamp,
    ) -> Result<Admitted<'a>, Refusal> {
        let Claim { scope, date, .. } = &self.claim;
        if scope.service != service {
            return Err(Refusal::Service);
        }
        if scope.region != region.as_str() {
            return Err(Refusal::Region);
        }
        if scope.day.as_bytes() != date.day() {
            return Err(Refusal::ScopeDate);
        }
        let signed = date.moment();
        let age = now.millis_since(signed);
        let lifetime = self.claim.lifetime_seconds;
        if age > i64::from(lifetime) * 1000 {
            return Err(Refusal::Expired {
                signed,
                now,
                seconds: lifetime,
            });
        }
        if age < -i64::from(SKEW_SECONDS) * 1000 {
            return Err(Refusal::NotYetCurrent {
                signed,
                now,
                seconds: SKEW_SECONDS,
            });
        }
        Ok(Admitted(self))
    }
}

/// A request whose claim is current and meant for here; its signature is not checked yet.
#[derive(Debug)]
pub struct Admitted<'a>(Presented<'a>);

impl<'a> Admitted<'a> {
    /// The access key that is said to have signed.
    #[must_use]
    pub fn access_key_id(&self) -> &'a str {
        self.0.claim.access_key_id
    }

    /// The session token that came with the request, as it was sent.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.0.session_token()
    }

    /// The day that the signing key has to be derived for, `YYYYMMDD`.
    #[must_use]
    pub fn day(&self) -> &'a str {
        self.0.claim.scope.day
    }

    /// Checks the signature with the signing key of [`Admitted::access_key_id`] and
    /// [`Admitted::day`]. `buffer` is scratch space to be used again for the next request.
    ///
    /// # Errors
    /// [`Refusal::Payload`], [`Refusal::Malformed`] or [`Refusal::Mismatch`].
    pub fn verify(&self, key: &SigningKey, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
        let Presented { request, claim } = &self.0;
        let body_hash = hex::encode(&sha256(request.body));
        if let Some(stated) = single_header(request, "x-amz-content-sha256")?
            && stated != body_hash
        {
            return Err(Refusal::Payload);
        }
        canonical::write(
            request,
            claim.signed_headers,
            claim.presigned,
            &body_hash,
            buffer,
        )?;
        let hash = hex::encode(&sha256(buffer));
        let calculated = key.sign(&[
            ALGORITHM.as_bytes(),
            b"\n",
            claim.date.text(),
            b"\n",
            claim.scope.day.as_bytes(),
            b"/",
            claim.scope.region.as_bytes(),
            b"/",
            claim.scope.service.as_bytes(),
            b"/",
            TERMINATOR.as_bytes(),
            b"\n",
            &hash,
        ]);
        if calculated.matches(&claim.signature) {
            Ok(())
        } else {
            Err(Refusal::Mismatch)
        }
    }
}

fn check_names(request: &Request<'_>) -> Result<(), Malformed> {
    let has_upper = |name: &str| name.bytes().any(|b| b.is_ascii_uppercase());
    if request.headers.iter().any(|(name, _)| has_upper(name)) {
        return Err(Malformed::HeaderName);
    }
    Ok(())
}

/// `host` is there and signed, and so is every `x-amz-*` header that is there.
fn check_signed(request: &Request<'_>, signed: SignedHeaders<'_>) -> Result<(), Malformed> {
    if !signed.contains("host") {
        return Err(Malformed::UnsignedHeader);
    }
    for (name, _) in request.headers {
        if name.starts_with("x-amz-") && !signed.contains(name) {
            return Err(Malformed::UnsignedHeader);
        }
    }
    Ok(())
}
