//! Whether a key is of the kind that an operation needs, in AWS's words.

use std::fmt;

use super::engine::Engine;
use crate::Error;
use crate::api::{KeySpec, KeyUsage, Operation};
use crate::keys::Key;

/// Key pairs of SM2 are made where the service is configured to; `asked` is what asks for one.
pub(super) fn require_offered(
    engine: &Engine,
    spec: KeySpec,
    asked: impl fmt::Display,
) -> Result<(), Error> {
    if spec != KeySpec::Sm2 || engine.sm2 {
        return Ok(());
    }
    Err(Error::UnsupportedOperation(format!(
        "{asked} is not supported."
    )))
}

/// The key must have been made for `usage`.
pub(super) fn require_usage(key: &Key, usage: KeyUsage, operation: Operation) -> Result<(), Error> {
    if key.kind.usage == usage {
        return Ok(());
    }
    Err(Error::InvalidKeyUsage(format!(
        "{} key usage is {} which is not valid for {operation}.",
        key.arn, key.kind.usage
    )))
}

/// The key must have `algorithm` among its own.
pub(super) fn require_algorithm<A: PartialEq + fmt::Display>(
    key: &Key,
    algorithm: A,
    own: &[A],
) -> Result<(), Error> {
    if own.contains(&algorithm) {
        return Ok(());
    }
    Err(Error::InvalidKeyUsage(format!(
        "Algorithm {algorithm} is incompatible with key spec {}.",
        key.kind.spec
    )))
}
