//! Tokens of OpenID Connect providers: who an identity provider says that somebody is.
//!
//! A token is taken through two types, so that no check can be forgotten: [`WebIdentityToken::parse`]
//! reads what it claims to be, and [`WebIdentityToken::verify`] checks its signature by the
//! provider's [`KeySet`], and then whom it is from, whom it is for and when it holds. Nothing that it
//! claims leaves this room before that but its issuer and the name of its key, which say where to
//! look.

mod claims;
mod issuer;
mod jwks;
mod jwt;
mod keys;
mod members;

#[cfg(test)]
mod tests;

pub use claims::{Claims, SessionTags};
pub use issuer::{InvalidIssuer, Issuer};
pub use jwks::{InvalidKeySet, KeySet, MAX_KEY_SET};
pub use jwt::{Expected, MAX_TOKEN, Refused, WebIdentityToken};
pub use keys::{Keys, ProviderKeys, Unreachable};
