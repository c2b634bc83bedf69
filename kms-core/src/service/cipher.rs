//! Encrypting and decrypting by whichever algorithm a request names: with a symmetric key, or with
//! a key pair of RSA or SM2, whose ciphertexts name no key and carry no encryption context.

use std::sync::Arc;

use super::key_entry::KeyEntry;
use super::key_kind::{require_algorithm, require_usage};
use super::operation::{Lookup, Performed, Step, Target};
use super::request::end_dry_run;
use super::resolve::key_ref;
use super::symmetric;
use crate::Error;
use crate::api::{Blob, EncryptionAlgorithm, KeySpec, KeyUsage, Operation};
use crate::ciphertext::EncryptionContext;
use crate::crypto::random::Random;
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

/// All that encrypting by an algorithm takes, permitted and ready.
#[derive(Debug)]
pub(super) enum Sealer {
    Symmetric(symmetric::Sealer),
    KeyPair {
        key: Arc<KeyEntry>,
        algorithm: EncryptionAlgorithm,
        longest: usize,
        random: Arc<dyn Random>,
    },
}

impl Sealer {
    /// Encrypts with `target`, which was admitted and for which the step's `permit`-th permission
    /// was given.
    pub(super) fn new(
        step: &Step<'_>,
        permit: usize,
        target: &Target,
        algorithm: EncryptionAlgorithm,
        context: EncryptionContext,
        operation: Operation,
    ) -> Result<Self, Error> {
        if algorithm == EncryptionAlgorithm::SymmetricDefault {
            let sealer = symmetric::Sealer::new(step, permit, target, context, operation)?;
            return Ok(Self::Symmetric(sealer));
        }
        let key = &target.key;
        key.public_key(step.permit(permit)?)?;
        Ok(Self::KeyPair {
            key: Arc::clone(key),
            algorithm,
            longest: longest(algorithm, key.key.kind.spec)?,
            random: step.engine.shared_random(),
        })
    }

    /// Encrypts.
    pub(super) fn seal(self, plaintext: &[u8]) -> Result<Sealed, Error> {
        let (key, algorithm, longest, random) = match self {
            Self::Symmetric(sealer) => return sealer.seal(plaintext).map(Sealed::Symmetric),
            Self::KeyPair {
                key,
                algorithm,
                longest,
                random,
            } => (key, algorithm, longest, random),
        };
        if plaintext.len() > longest {
            let spec = key.key.kind.spec;
            return Err(Error::Validation(format!(
                "Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than \
                 {longest} bytes."
            )));
        }
        let key = key.kept_public_key()?;
        let ciphertext = key.encrypt(algorithm, plaintext, &*random)?;
        Ok(Sealed::KeyPair(ciphertext))
    }
}

/// A ciphertext, which may not be finished.
#[derive(Debug)]
pub(super) enum Sealed {
    Symmetric(symmetric::Sealed),
    KeyPair(Vec<u8>),
}

impl Sealed {
    /// Answers with the finished ciphertext, and the name of the symmetric material that it was
    /// made with: at once, or when a proxy has encrypted it.
    pub(super) fn answer<R: Send + 'static>(
        self,
        answer: impl FnOnce(Vec<u8>, Option<KeyMaterialId>) -> Performed<R> + Send + 'static,
    ) -> Performed<R> {
        match self {
            Self::Symmetric(sealed) => sealed.answer(|blob, material| answer(blob, Some(material))),
            Self::KeyPair(blob) => answer(blob, None),
        }
    }
}

/// The most bytes that AWS KMS encrypts with SM2PKE, which itself has no limit.
const LONGEST_OF_SM2PKE: usize = 1024;

/// The most bytes that a key pair encrypts.
fn longest(algorithm: EncryptionAlgorithm, spec: KeySpec) -> Result<usize, Error> {
    match algorithm.oaep_digest_length() {
        Some(digest) => Ok(modulus_length(spec)?.saturating_sub(2 * digest + 2)),
        None => Ok(LONGEST_OF_SM2PKE),
    }
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

impl From<symmetric::Opened> for Opened {
    fn from(opened: symmetric::Opened) -> Self {
        Self {
            plaintext: opened.plaintext,
            material: Some(opened.material),
        }
    }
}

/// A ciphertext that is open, or that a proxy has to open first.
#[derive(Debug)]
pub(super) enum Opening {
    Open(Opened),
    Closed(Box<symmetric::Closed>),
}

impl Opening {
    /// Answers from the plaintext: at once, or when a proxy has opened the ciphertext. A dry run
    /// ends before a proxy is asked.
    pub(super) fn answer<R: Send + 'static>(
        self,
        dry_run: Option<bool>,
        answer: impl FnOnce(Opened) -> Result<Performed<R>, Error> + Send + 'static,
    ) -> Result<Performed<R>, Error> {
        end_dry_run(dry_run)?;
        match self {
            Self::Open(opened) => answer(opened),
            Self::Closed(closed) => Ok(Performed::later(async move {
                let opened = closed.open().await?;
                answer(opened.into())?.settled().await
            })),
        }
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
    let admitted = admit(&target.key.key, source.algorithm(), operation);
    match source {
        // A header that names a key which makes no such ciphertexts is as forged as any other.
        Source::Symmetric(_) if admitted.is_err() && target.by_ciphertext => {
            Err(Error::InvalidCiphertext)
        }
        Source::Symmetric(source) => {
            admitted?;
            Ok(
                match symmetric::open(step, permit, target, source, context, operation)? {
                    symmetric::Opening::Open(opened) => Opening::Open(opened.into()),
                    symmetric::Opening::Closed(closed) => Opening::Closed(closed),
                },
            )
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
            Ok(Opening::Open(Opened {
                plaintext,
                material: None,
            }))
        }
    }
}
