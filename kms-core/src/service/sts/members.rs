//! Members that several operations have.

use crate::Error;

/// How long credentials last, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Durations {
    /// Where the request does not say.
    pub(super) default: u32,
    /// The most that can be asked for.
    pub(super) most: u32,
}

/// The least that can be asked for.
const LEAST: u32 = 900;

impl Durations {
    /// The duration that is asked for.
    pub(super) fn checked(self, asked: Option<u32>) -> Result<u32, Error> {
        let seconds = asked.unwrap_or(self.default);
        let constraint = if seconds < LEAST {
            format!("greater than or equal to {LEAST}")
        } else if seconds > self.most {
            format!("less than or equal to {}", self.most)
        } else {
            return Ok(seconds);
        };
        Err(Error::Validation(format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy \
             constraint: Member must have value {constraint}"
        )))
    }
}

/// A text of a member that has a type of its own.
pub(super) fn named<T: std::str::FromStr>(
    text: &str,
    member: &'static str,
    wanted: &'static str,
) -> Result<T, Error> {
    text.parse().map_err(|_| {
        Error::Validation(format!(
            "1 validation error detected: Value '{text}' at '{member}' failed to satisfy \
             constraint: {wanted}"
        ))
    })
}

/// What a session's name and a source identity are made of.
pub(super) const SESSION_NAME: &str =
    "Member must satisfy regular expression pattern: [\\w+=,.@-]*, with 2 to 64 characters";
