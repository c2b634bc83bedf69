//! Sealing and opening blobs with a symmetric key: the part that five operations share.

use super::operation::{Lookup, Step, Target};
use super::resolve::key_ref;
use crate::Error;
use crate::api::{Blob, DryRunModifier};
use crate::ciphertext::{CiphertextBlob, EncryptionContext, blob};
use crate::ids::{KeyMaterialId, KeyRef};
use crate::secret::SecretBytes;

/// A blob, and the name of the material that it was made with.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) blob: Vec<u8>,
    pub(super) material: KeyMaterialId,
}

/// Encrypts under the current material of `target`, for which the step's `permit`-th permission
/// was given.
pub(super) fn seal(
    step: &Step<'_>,
    permit: usize,
    target: &Target,
    context: &EncryptionContext,
    plaintext: &[u8],
) -> Result<Sealed, Error> {
    let permit = step.permit(permit)?;
    let material = target.key.current_material(permit, step.engine.barrier())?;
    let blob = blob::seal(material.sealing, context, plaintext, step.engine.random())?;
    Ok(Sealed {
        blob,
        material: material.id.clone(),
    })
}

/// What is to be decrypted, and under which key the request says that it is.
#[derive(Debug)]
pub(super) struct Source {
    /// `None` when the request asks for the authorization alone.
    blob: Option<CiphertextBlob>,
    named: Option<KeyRef>,
    lookup: Lookup,
}

impl Source {
    /// Reads the ciphertext and the key of a request.
    pub(super) fn parse(
        blob: Option<Blob>,
        key: Option<&str>,
        authorization_only: bool,
    ) -> Result<Self, Error> {
        let named = key.map(key_ref).transpose()?;
        let blob = match blob {
            Some(bytes) => match CiphertextBlob::parse(bytes.as_slice()) {
                Ok(blob) => Some(blob),
                Err(_) if authorization_only && named.is_some() => None,
                Err(_) => return Err(Error::InvalidCiphertext),
            },
            None if authorization_only => None,
            None => return Err(missing_ciphertext()),
        };
        let lookup = match (&named, &blob) {
            (Some(name), _) => Lookup::Named(name.clone()),
            (None, Some(blob)) => Lookup::OfCiphertext(blob.key()),
            (None, None) => return Err(missing_ciphertext()),
        };
        let blob = if authorization_only { None } else { blob };
        Ok(Self {
            blob,
            named,
            lookup,
        })
    }

    /// The key to load.
    pub(super) fn lookup(&self) -> Lookup {
        self.lookup.clone()
    }
}

pub(super) fn missing_ciphertext() -> Error {
    Error::Validation(
        "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: \
         Member must not be null"
            .to_owned(),
    )
}

/// Whether a dry run asks for the authorization alone; the modifier needs a dry run.
pub(super) fn authorization_only(
    dry_run: Option<bool>,
    modifiers: Option<&[String]>,
) -> Result<bool, Error> {
    let ignore = DryRunModifier::IgnoreCiphertext.as_str();
    let asked = modifiers.is_some_and(|modifiers| modifiers.iter().any(|name| name == ignore));
    if asked && dry_run != Some(true) {
        return Err(Error::Validation(
            "DryRunModifiers can only be used with DryRun.".to_owned(),
        ));
    }
    Ok(asked)
}

/// A plaintext, and the name of the material that its blob was made with.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) plaintext: SecretBytes,
    pub(super) material: KeyMaterialId,
}

/// Decrypts with `target`, for which the step's `permit`-th permission was given.
pub(super) fn open(
    step: &Step<'_>,
    permit: usize,
    target: &Target,
    source: Source,
    context: &EncryptionContext,
) -> Result<Opened, Error> {
    let Some(blob) = source.blob else {
        return Err(Error::DryRun);
    };
    if blob.key() != target.key.key.arn.key {
        return Err(match source.named {
            Some(_) => Error::IncorrectKey,
            None => Error::InvalidCiphertext,
        });
    }
    let permit = step.permit(permit)?;
    let material = target
        .key
        .material(blob.material(), permit, step.engine.barrier())?
        .ok_or(Error::InvalidCiphertext)?;
    let plaintext = blob
        .open(material.sealing.prk, context)
        .map_err(|_| Error::InvalidCiphertext)?;
    Ok(Opened {
        plaintext,
        material: material.id.clone(),
    })
}
