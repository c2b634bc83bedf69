//! Sealing and opening blobs with a symmetric key: the part that five operations share.

use std::sync::Arc;

use super::custom_key_stores::{Outer, failure};
use super::key_entry::KeptMaterial;
use super::operation::{Lookup, Performed, Step, Target};
use super::resolve::key_ref;
use crate::Error;
use crate::api::{Blob, DryRunModifier, Operation};
use crate::ciphertext::{
    CiphertextBlob, DoubleBlob, EncryptionContext, InvalidCiphertext, Name, blob,
};
use crate::crypto::random::Random;
use crate::ids::{KeyId, KeyMaterialId, KeyRef};
use crate::secret::SecretBytes;

/// All that sealing under a key takes, permitted and ready: what seals may wait until the state is
/// let go.
#[derive(Debug)]
pub(super) struct Sealer {
    material: KeptMaterial,
    context: EncryptionContext,
    random: Arc<dyn Random>,
    outer: Option<Box<Outer>>,
}

impl Sealer {
    /// Seals under the current material of `target`, for which the step's `permit`-th permission
    /// was given.
    pub(super) fn new(
        step: &Step<'_>,
        permit: usize,
        target: &Target,
        context: EncryptionContext,
        operation: Operation,
    ) -> Result<Self, Error> {
        let permit = step.permit(permit)?;
        Ok(Self {
            material: target
                .key
                .keep_current_material(permit, step.engine.barrier())?,
            context,
            random: step.engine.shared_random(),
            outer: Outer::of(step, target, operation)?,
        })
    }

    /// Encrypts.
    pub(super) fn seal(self, plaintext: &[u8]) -> Result<Sealed, Error> {
        let material = self.material.usable()?;
        let blob = blob::seal(material.sealing, &self.context, plaintext, &*self.random)?;
        let name = Name {
            key: material.sealing.key,
            material: material.sealing.tag,
        };
        Ok(Sealed {
            blob,
            material: material.id.clone(),
            outer: self
                .outer
                .map(|outer| Box::new((outer, name, self.context))),
        })
    }
}

/// A blob, the name of the material that it was made with, and the proxy that has to encrypt it too
/// before anybody has it.
#[derive(Debug)]
pub(super) struct Sealed {
    blob: Vec<u8>,
    material: KeyMaterialId,
    outer: Option<Box<(Box<Outer>, Name, EncryptionContext)>>,
}

impl Sealed {
    /// Answers with the finished blob: at once, or when the proxy has encrypted it.
    pub(super) fn answer<R: Send + 'static>(
        self,
        answer: impl FnOnce(Vec<u8>, KeyMaterialId) -> Performed<R> + Send + 'static,
    ) -> Performed<R> {
        let (blob, material) = (self.blob, self.material);
        match self.outer {
            None => answer(blob, material),
            Some(outer) => Performed::later(async move {
                let (outer, name, context) = *outer;
                let blob = outer.seal(name, &context, blob).await?;
                Ok(answer(blob, material))
            }),
        }
    }
}

/// What is to be decrypted, and under which key the request says that it is.
#[derive(Debug)]
pub(super) struct Source {
    /// `None` when the request asks for the authorization alone.
    blob: Option<Layers>,
    named: Option<KeyRef>,
    lookup: Lookup,
}

/// A well-formed blob of either suite.
#[derive(Debug)]
enum Layers {
    One(CiphertextBlob),
    Two(Box<DoubleBlob>),
}

impl Layers {
    fn parse(bytes: &[u8]) -> Result<Self, InvalidCiphertext> {
        if DoubleBlob::is_named(bytes) {
            DoubleBlob::parse(bytes).map(|blob| Self::Two(Box::new(blob)))
        } else {
            CiphertextBlob::parse(bytes).map(Self::One)
        }
    }

    fn key(&self) -> KeyId {
        match self {
            Self::One(blob) => blob.key(),
            Self::Two(blob) => blob.name().key,
        }
    }
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
            Some(bytes) => match Layers::parse(bytes.as_slice()) {
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

/// A blob that is open, or that a proxy has to open first.
#[derive(Debug)]
pub(super) enum Opening {
    Open(Opened),
    Closed(Box<Closed>),
}

/// A blob of two layers, and all that opening it takes.
#[derive(Debug)]
pub(super) struct Closed {
    outer: Box<Outer>,
    blob: Box<DoubleBlob>,
    material: KeptMaterial,
    context: EncryptionContext,
}

impl Closed {
    /// Opens both layers.
    pub(super) async fn open(self) -> Result<Opened, Error> {
        let name = self.blob.name();
        let layer = self.blob.into_layer();
        let inner = self.outer.open(name, &self.context, layer).await?;
        let material = self.material.usable()?;
        let inner = name.inner(inner.expose());
        let plaintext = inner.and_then(|inner| inner.open(material.sealing.prk, &self.context));
        Ok(Opened {
            plaintext: plaintext.map_err(|_| failure::inner_invalid())?,
            material: material.id.clone(),
        })
    }
}

/// Decrypts with `target`, for which the step's `permit`-th permission was given.
pub(super) fn open(
    step: &Step<'_>,
    permit: usize,
    target: &Target,
    source: Source,
    context: EncryptionContext,
    operation: Operation,
) -> Result<Opening, Error> {
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
    let (key, barrier) = (&target.key, step.engine.barrier());
    match (blob, Outer::of(step, target, operation)?) {
        (Layers::One(blob), None) => {
            let material = key.material(blob.material(), permit, barrier)?;
            let material = material.ok_or(Error::InvalidCiphertext)?;
            let plaintext = blob.open(material.sealing.prk, &context);
            Ok(Opening::Open(Opened {
                plaintext: plaintext.map_err(|_| Error::InvalidCiphertext)?,
                material: material.id.clone(),
            }))
        }
        (Layers::Two(blob), Some(outer)) => {
            let material = key.keep_material(blob.name().material, permit, barrier)?;
            Ok(Opening::Closed(Box::new(Closed {
                outer,
                blob,
                material: material.ok_or(Error::InvalidCiphertext)?,
                context,
            })))
        }
        // Whoever runs the proxy saw the inner blob: it must not open without the outer layer.
        (Layers::One(_), Some(_)) | (Layers::Two(_), None) => Err(Error::InvalidCiphertext),
    }
}
