//! JSON Web Tokens, RFC 7519, in the compact form of RFC 7515.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::Claims;
use super::jwks::KeySet;
use super::members::Members;
use crate::crypto::jws::JwsAlgorithm;
use crate::time::Timestamp;

/// The longest token, in characters: AWS's bound.
pub const MAX_TOKEN: usize = 20_000;

/// How far the clock of a provider may be ahead of ours, in milliseconds.
const SKEW: i64 = 5 * 60 * 1000;

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a token, or one signed in a way that is not accepted.
    #[error("the token is not a signed JSON Web Token of an accepted algorithm")]
    Malformed,
    /// The provider has no such key, or not for the token's algorithm.
    #[error("no key of the provider verifies the token")]
    UnknownKey,
    /// The signature is not the provider's.
    #[error("the signature of the token is not valid")]
    Signature,
    /// A claim that has to be there is not, or has another form.
    #[error("the token lacks the claim {0}, or it is not valid")]
    Claim(&'static str),
    /// Somebody else made it.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// It no longer holds.
    #[error("the token has expired")]
    Expired,
    /// It does not hold yet, or says that it is from the future.
    #[error("the token is not valid yet")]
    NotYet,
}

/// What a token has to be.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who made it: the whole address.
    pub issuer: &'a str,
    /// Whom it may be for: one of these.
    pub audiences: &'a [String],
    /// When it is looked at.
    pub now: Timestamp,
}

/// A token that claims to be signed; nothing about it is checked but its form.
#[derive(Debug)]
pub struct WebIdentityToken<'a> {
    signed: &'a str,
    algorithm: JwsAlgorithm,
    key: String,
    claims: Members,
    signature: Vec<u8>,
}

impl<'a> WebIdentityToken<'a> {
    /// Reads a token in the compact form. Its header names an accepted algorithm and a key, and no
    /// extension that has to be understood.
    ///
    /// # Errors
    /// [`Refused::Malformed`].
    pub fn parse(token: &'a str) -> Result<Self, Refused> {
        Self::read(token).ok_or(Refused::Malformed)
    }

    fn read(token: &'a str) -> Option<Self> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header = Members::parse(&decoded(header)?)?;
        let is_plain = ["crit", "b64", "enc", "zip"]
            .iter()
            .all(|name| header.get(name).is_none());
        let kind = header.text("typ")?;
        if !is_plain || kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
            return None;
        }
        Some(Self {
            signed,
            algorithm: JwsAlgorithm::from_name(header.text("alg")??)?,
            key: header.text("kid")??.to_owned(),
            claims: Members::parse(&decoded(payload)?)?,
            signature: decoded(signature).filter(|signature| !signature.is_empty())?,
        })
    }

    /// Who is said to have made it, to find the provider by.
    #[must_use]
    pub fn claimed_issuer(&self) -> Option<&str> {
        self.claims.text("iss")?
    }

    /// The name of the key that is said to have signed it.
    #[must_use]
    pub fn key_name(&self) -> &str {
        &self.key
    }

    /// Checks the signature by `keys`, then whom the token is from and for, and when it holds:
    /// `exp` must be in the future, `nbf` and `iat` at most five minutes ahead.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn verify(&self, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, Refused> {
        let key = keys.key(&self.key, self.algorithm);
        key.ok_or(Refused::UnknownKey)?
            .verify(self.algorithm, self.signed.as_bytes(), &self.signature)
            .map_err(|_| Refused::Signature)?;
        if self.claimed_issuer() != Some(expected.issuer) {
            return Err(Refused::Issuer);
        }
        self.check_times(expected.now)?;
        let claims = Claims::read(&self.claims)?;
        let audience = claims.audience();
        let is_one = |audience: &String| expected.audiences.contains(audience);
        if !audience.iter().any(is_one) {
            return Err(Refused::Audience);
        }
        Ok(claims)
    }

    fn check_times(&self, now: Timestamp) -> Result<(), Refused> {
        let latest = now.plus_millis(SKEW);
        let expires = self.moment("exp")?.ok_or(Refused::Claim("exp"))?;
        let issued = self.moment("iat")?.ok_or(Refused::Claim("iat"))?;
        let begins = self.moment("nbf")?;
        if expires <= now {
            return Err(Refused::Expired);
        }
        if issued > latest || begins.is_some_and(|begins| begins > latest) {
            return Err(Refused::NotYet);
        }
        Ok(())
    }

    fn moment(&self, name: &'static str) -> Result<Option<Timestamp>, Refused> {
        let Some(value) = self.claims.get(name) else {
            return Ok(None);
        };
        let number = value.as_number().and_then(Timestamp::from_epoch_seconds);
        number.map(Some).ok_or(Refused::Claim(name))
    }
}
