//! Encrypting and decrypting by whichever algorithm a request names: with a symmetric key, or with
//! a key pair of RSA, whose ciphertexts name no key and carry no encryption context.

use super::key_kind::{require_algorithm, require_usage};
use super::operation::{Lookup, Step, Target};
use super::resolve::key_ref;
use super::symmetric;
use crate::Error;
use crate::api::{Blob, EncryptionAlgorithm, KeySpec, KeyUsage, Operation};
use crate::ciphertext::EncryptionContext;
use crate::ids::{KeyMaterialId, KeyRef};
use crate::keys::Key;
use crate::secret::SecretBytes;

/// The algorithm of a request, which may leave the symmetric one out.
pub(super) fn algorithm(name: Option<&str>) -> Result<EncryptionAlgorithm, Error> {
    match name {
        None => Ok(EncryptionAlgorithm::SymmetricDefault),
        Some(name) => name.parse().map_err(Error::internal),
    }
}

/// Only ciphertexts of symmetric keys carry an encryption context.
pub(super) fn check_context(
    algorithm: EncryptionAlgorithm,
    context: &EncryptionContext,
) -> Result<(), Error> {
    if algorithm == EncryptionAlgorithm::SymmetricDefault || context.is_empty() {
        return Ok(());
    }
    Err(Error::Validation(format!(
        "EncryptionContext is not supported with EncryptionAlgorithm {algorithm}."
    )))
}

/// The key must be one that encrypts by `algorithm`.
pub(super) fn admit(
    key: &Key,
    algorithm: EncryptionAlgorithm,
    operation: Operation,
) -> Result<(), Error> {
    require_usage(key, KeyUsage::EncryptDecrypt, operation)?;
    require_algorithm(key, algorithm, key.kind.encryption_algorithms())
}

/// A ciphertext, and the name of the symmetric material that it was made with.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) blob: Vec<u8>,
    pub(super) material: Option<KeyMaterialId>,
}

/// Encrypts with `target`, which was admitted and for which the step's `permit`-th permission was
/// given.
pub(super) fn seal(
    step: &Step<'_>,
    permit: usize,
    target: &Target,
    algorithm: EncryptionAlgorithm,
    context: &EncryptionContext,
    plaintext: &[u8],
) -> Result<Sealed, Error> {
    let Some(digest) = algorithm.oaep_digest_length() else {
        let sealed = symmetric::seal(step, permit, target, context, plaintext)?;
        return Ok(Sealed {
            blob: sealed.blob,
            material: Some(sealed.material),
        });
    };
    let spec = target.key.key.kind.spec;
    let longest = modulus_length(spec)?.saturating_sub(2 * digest + 2);
    if plaintext.len() > longest {
        return Err(Error::Validation(format!(
            "Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {longest} \
             bytes."
        )));
    }
    let key = target.key.public_key(step.permit(permit)?)?;
    Ok(Sealed {
        blob: key.encrypt(algorithm, plaintext)?,
        material: None,
    })
}

fn modulus_length(spec: KeySpec) -> Result<usize, Error> {
    match spec {
        KeySpec::Rsa2048 => Ok(256),
        KeySpec::Rsa3072 => Ok(384),
        KeySpec::Rsa4096 => Ok(512),
        _ => Err(Error::internal("the key has no modulus")),
    }
}

/// What is to be decrypted.
#[derive(Debug)]
pub(super) enum Source {
    /// The ciphertext tells its key.
    Symmetric(symmetric::Source),
    /// The request does.
    KeyPair {
        key: KeyRef,
        /// `None` when the request asks for the authorization alone.
        blob: Option<Blob>,
        algorithm: EncryptionAlgorithm,
    },
}

impl Source {
    /// Reads the ciphertext and the key of a request.
    pub(super) fn parse(
        algorithm: EncryptionAlgorithm,
        blob: Option<Blob>,
        key: Option<&str>,
        authorization_only: bool,
    ) -> Result<Self, Error> {
        if algorithm == EncryptionAlgorithm::SymmetricDefault {
            let source = symmetric::Source::parse(blob, key, authorization_only)?;
            return Ok(Self::Symmetric(source));
        }
        let key = key.ok_or_else(|| {
            Error::Validation(format!(
                "KeyId is required with EncryptionAlgorithm {algorithm}."
            ))
        })?;
        if blob.is_none() && !authorization_only {
            return Err(symmetric::missing_ciphertext());
        }
        Ok(Self::KeyPair {
            key: key_ref(key)?,
            blob: blob.filter(|_| !authorization_only),
            algorithm,
        })
    }

    /// The key to load.
    pub(super) fn lookup(&self) -> Lookup {
        match self {
            Self::Symmetric(source) => source.lookup(),
            Self::KeyPair { key, .. } => Lookup::Named(key.clone()),
        }
    }

    pub(super) fn algorithm(&self) -> EncryptionAlgorithm {
        match self {
            Self::Symmetric(_) => EncryptionAlgorithm::SymmetricDefault,
            Self::KeyPair { algorithm, .. } => *algorithm,
        }
    }
}

/// A plaintext, and the name of the symmetric material that its ciphertext was made with.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) plaintext: SecretBytes,
    pub(super) material: Option<KeyMaterialId>,
}

/// Decrypts with `target`, for which the step's `permit`-th permission was given.
pub(super) fn open(
    step: &Step<'_>,
    permit: usize,
    target: &Target,
    source: Source,
    context: &EncryptionContext,
    operation: Operation,
) -> Result<Opened, Error> {
    let admitted = admit(&target.key.key, source.algorithm(), operation);
    match source {
        // A header that names a key which makes no such ciphertexts is as forged as any other.
        Source::Symmetric(_) if admitted.is_err() && target.by_ciphertext => {
            Err(Error::InvalidCiphertext)
        }
        Source::Symmetric(source) => {
            admitted?;
            let opened = symmetric::open(step, permit, target, source, context)?;
            Ok(Opened {
                plaintext: opened.plaintext,
                material: Some(opened.material),
            })
        }
        Source::KeyPair {
            blob, algorithm, ..
        } => {
            admitted?;
            let blob = blob.ok_or(Error::DryRun)?;
            let key = target
                .key
                .private_key(step.permit(permit)?, step.engine.barrier())?;
            let plaintext = key
                .decrypt(algorithm, blob.as_slice())
                .map_err(|_| Error::InvalidCiphertext)?;
            Ok(Opened {
                plaintext,
                material: None,
            })
        }
    }
}
