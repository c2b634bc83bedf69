//! Checks that many operations share.

use crate::Error;
use crate::api::{EncryptionAlgorithm, EncryptionContextMap, Request};
use crate::ciphertext::EncryptionContext;

/// Checks the constraints of AWS's model.
pub(super) fn validated<R: Request>(request: &R) -> Result<(), Error> {
    request
        .validate()
        .map_err(|errors| Error::Validation(errors.to_string()))
}

/// A required member, once [`validated`] has seen that it is there.
pub(super) fn present<T>(member: Option<T>) -> Result<T, Error> {
    member.ok_or_else(|| Error::internal("a required member is absent"))
}

/// The encryption context of a request.
pub(super) fn context(pairs: Option<EncryptionContextMap>) -> Result<EncryptionContext, Error> {
    let context: EncryptionContext = pairs
        .map(|pairs| pairs.0.into_iter().collect())
        .unwrap_or_default();
    match context.serialise() {
        Ok(_) => Ok(context),
        Err(_) => Err(Error::Validation(
            "EncryptionContext is too large".to_owned(),
        )),
    }
}

/// The algorithm of a symmetric key, which may be left out.
pub(super) const SYMMETRIC: &str = EncryptionAlgorithm::SymmetricDefault.as_str();

/// Ends a dry run that came this far.
pub(super) fn end_dry_run(asked: Option<bool>) -> Result<(), Error> {
    if asked == Some(true) {
        Err(Error::DryRun)
    } else {
        Ok(())
    }
}
