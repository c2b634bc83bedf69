//! Grant tokens: what `CreateGrant` gives out to name a grant by.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::engine::Engine;
use crate::Error;
use crate::grants::{Grant, Propagation};
use crate::ids::{GrantId, KeyArn};
use crate::root::TokenPurpose;
use crate::time::Timestamp;

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

    /// The grants that the tokens of a request name. A token whose grant is gone, or is on another
    /// key, is genuine and helps nobody.
    ///
    /// # Errors
    /// As [`Engine::open_grant_token`].
    pub(super) fn named_by_tokens(
        &self,
        tokens: Option<&Vec<String>>,
    ) -> Result<Vec<(KeyArn, GrantId)>, Error> {
        let tokens = tokens.into_iter().flatten();
        tokens.map(|token| self.open_grant_token(token)).collect()
    }

    /// Lets a new grant count only `delay` after it was made, but for requests that bring its
    /// token: for the tests of clients that have to get along with AWS, where a grant takes its
    /// time. Grants count at once unless this is called; only the first call counts.
    ///
    /// # Errors
    /// [`Error::Validation`] for a store of production; [`Error::Internal`] when the store fails.
    pub fn delay_grants(&self, delay: Duration) -> Result<(), Error> {
        if self.is_production()? {
            return Err(Error::Validation(
                "In a store of production, grants are not delayed.".to_owned(),
            ));
        }
        let millis = i64::try_from(delay.as_millis()).map_err(Error::internal)?;
        self.grant_delay.get_or_init(|| millis);
        Ok(())
    }

    /// Which grants count `now`, where they are delayed.
    pub(super) fn propagation<'a>(
        &self,
        now: Timestamp,
        named: &'a [(KeyArn, GrantId)],
    ) -> Option<Propagation<'a>> {
        let delay = self.grant_delay.get()?;
        Some(Propagation {
            reached: now.plus_millis(delay.saturating_neg()),
            named,
        })
    }
}
