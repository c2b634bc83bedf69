//! Grant tokens: what `CreateGrant` gives out to name a grant by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::engine::Engine;
use crate::Error;
use crate::grants::Grant;
use crate::ids::{GrantId, KeyArn};
use crate::root::TokenPurpose;

/// No token that this service gives out is longer, in characters.
const MAX_TOKEN: usize = 1024;

fn invalid() -> Error {
    Error::InvalidGrantToken("The grant token is not valid.".to_owned())
}

impl Engine {
    /// A new token for a grant: sealed, so that nobody else can make one, and never the same twice.
    pub(super) fn grant_token(&self, grant: &Grant) -> Result<String, Error> {
        let content = format!("{} {}", grant.id, grant.key);
        let sealed = self
            .barrier()
            .seal_token(TokenPurpose::Grant, content.as_bytes(), self.random())
            .map_err(Error::internal)?;
        Ok(STANDARD.encode(sealed))
    }

    /// The grant that a token was given out for, whether or not it is still there.
    ///
    /// # Errors
    /// [`Error::InvalidGrantToken`] for anything that this store did not give out.
    pub(super) fn open_grant_token(&self, token: &str) -> Result<(KeyArn, GrantId), Error> {
        if token.len() > MAX_TOKEN {
            return Err(invalid());
        }
        let sealed = STANDARD.decode(token).map_err(|_| invalid())?;
        let content = self
            .barrier()
            .open_token(TokenPurpose::Grant, &sealed)
            .map_err(|_| invalid())?;
        let content = std::str::from_utf8(content.expose()).map_err(|_| invalid())?;
        let (id, key) = content.split_once(' ').ok_or_else(invalid)?;
        Ok((
            key.parse().map_err(|_| invalid())?,
            id.parse().map_err(|_| invalid())?,
        ))
    }

    /// Checks the tokens that a request brings. One whose grant is gone, or is on another key, is
    /// genuine and helps nobody.
    ///
    /// # Errors
    /// As [`Engine::open_grant_token`].
    pub(super) fn check_grant_tokens(&self, tokens: &[String]) -> Result<(), Error> {
        for token in tokens {
            self.open_grant_token(token)?;
        }
        Ok(())
    }
}
