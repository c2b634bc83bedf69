//! The barrier: every record is sealed for its place, and every key material once more.

mod session;

use std::collections::BTreeMap;
use std::fmt;

use super::ring::RootKeyRing;
use super::{RecordKind, StoreId, bind};
use crate::api::KeySpec;
use crate::crypto::Failed;
use crate::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::kdf::Prk;
use crate::crypto::mac::KeyedBlake3;
use crate::crypto::random::{self, Random};
use crate::ids::{KeyId, KeyMaterialId};
use crate::secret::{Secret, SecretBytes};

pub use session::{OpenedSession, SESSION_OVERHEAD, SealedSession};

/// The first byte of a sealed record.
pub const FORMAT: u8 = 1;
/// The version of the contents of every record kind, bound into the seal.
const KIND_VERSION: u8 = 1;
const HEADER_LENGTH: usize = 1 + 4 + NONCE_LENGTH;
/// How many bytes a sealed record is longer than its content.
pub const OVERHEAD: usize = HEADER_LENGTH + TAG_LENGTH;
const SEAL_LENGTH: usize = NONCE_LENGTH + TAG_LENGTH;

/// The nonce and the tag of a sealed record: no two sealings have the same, and none can be made to
/// have that of another without the root key.
pub type RecordSeal = [u8; SEAL_LENGTH];

/// Why a sealed record does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BarrierError {
    /// Too short to be one.
    #[error("not a sealed record")]
    Malformed,
    /// A later program wrote it.
    #[error("sealed in format {0}, which this program does not know")]
    UnknownFormat(u8),
    /// The ring does not hold that generation.
    #[error("sealed under root key generation {0}, which the ring does not hold")]
    UnknownGeneration(u32),
    /// The tag does not fit.
    #[error("altered, or moved from another place")]
    Altered,
    /// No randomness, or a record that is too long.
    #[error(transparent)]
    Failed(#[from] Failed),
}

/// Where a record belongs; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its path in the store.
    pub path: &'a str,
    /// The revision that the commit makes which writes it.
    pub revision: u64,
    /// What it is about.
    pub kind: RecordKind,
}

/// Where the secret of a key that is not symmetric belongs; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct SecretPlace<'a> {
    /// The key.
    pub key: &'a KeyId,
    /// The name of the material.
    pub material_id: &'a KeyMaterialId,
    /// The kind of key material.
    pub spec: KeySpec,
}

/// What a sealed token is for; it opens for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPurpose {
    /// Names a grant.
    Grant,
    /// Carries what unwraps an imported key material.
    Import,
}

struct GenerationKeys {
    record: Prk,
    material: Prk,
    set: KeyedBlake3,
    ledger: Secret<32>,
    token: Secret<32>,
    grant: Prk,
    import: Prk,
    session: Prk,
    session_secret: Prk,
}

impl GenerationKeys {
    fn derive(root_key: &Secret<32>) -> Result<Self, Failed> {
        let prk = Prk::extract(root_key.expose());
        let purpose = |name: &[u8]| prk.expand::<32>(&[b"kms/v1/", name]);
        Ok(Self {
            record: Prk::extract(purpose(b"record")?.expose()),
            material: Prk::extract(purpose(b"material")?.expose()),
            set: KeyedBlake3::new(purpose(b"set")?),
            ledger: purpose(b"ledger")?,
            token: purpose(b"token")?,
            grant: Prk::extract(purpose(b"grant")?.expose()),
            import: Prk::extract(purpose(b"import")?.expose()),
            session: Prk::extract(purpose(b"session")?.expose()),
            session_secret: Prk::extract(purpose(b"session-secret")?.expose()),
        })
    }

    fn of_token(&self, purpose: TokenPurpose) -> &Prk {
        match purpose {
            TokenPurpose::Grant => &self.grant,
            TokenPurpose::Import => &self.import,
        }
    }
}

/// Seals and opens everything that the store holds.
pub struct Barrier {
    store_id: StoreId,
    active: u32,
    generations: BTreeMap<u32, GenerationKeys>,
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl Barrier {
    /// Derives the keys of every generation; the root keys themselves are not kept.
    ///
    /// # Errors
    /// None with a ring that was generated or parsed.
    pub fn new(ring: &RootKeyRing) -> Result<Self, Failed> {
        let derived = ring
            .keys()
            .map(|(generation, key)| Ok((generation, GenerationKeys::derive(key)?)));
        Ok(Self {
            store_id: ring.store_id(),
            active: ring.active(),
            generations: derived.collect::<Result<_, Failed>>()?,
        })
    }

    /// The store whose records this barrier opens.
    #[must_use]
    pub const fn store_id(&self) -> StoreId {
        self.store_id
    }

    /// The generation that seals.
    #[must_use]
    pub const fn active_generation(&self) -> u32 {
        self.active
    }

    /// The generation that sealed a record.
    ///
    /// # Errors
    /// [`BarrierError::Malformed`], [`BarrierError::UnknownFormat`].
    pub fn generation_of(sealed: &[u8]) -> Result<u32, BarrierError> {
        Header::parse(sealed).map(|(header, _)| header.generation)
    }

    /// Seals a record for its place.
    ///
    /// # Errors
    /// [`BarrierError::Failed`].
    pub fn seal(
        &self,
        place: Place<'_>,
        plaintext: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, BarrierError> {
        let binding = self.record_binding(place)?;
        let header = Header {
            generation: self.active,
            nonce: random::array(random)?,
        };
        Ok(header.seal(&self.keys(self.active)?.record, &binding, plaintext)?)
    }

    /// Opens a record at its place.
    ///
    /// # Errors
    /// [`BarrierError`].
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<SecretBytes, BarrierError> {
        let (header, body) = Header::parse(sealed)?;
        let keys = self.keys(header.generation)?;
        header.open(&keys.record, &self.record_binding(place)?, body)
    }

    /// Wraps a key material, the second layer inside its record: it opens only as this material
    /// of this key.
    ///
    /// # Errors
    /// [`BarrierError::Failed`].
    pub fn wrap_material(
        &self,
        key: &KeyId,
        material_id: &KeyMaterialId,
        material: &Secret<32>,
        random: &dyn Random,
    ) -> Result<Vec<u8>, BarrierError> {
        let binding = self.material_binding(key, material_id)?;
        let header = Header {
            generation: self.active,
            nonce: random::array(random)?,
        };
        Ok(header.seal(
            &self.keys(self.active)?.material,
            &binding,
            material.expose(),
        )?)
    }

    /// Opens what [`Barrier::wrap_material`] made.
    ///
    /// # Errors
    /// [`BarrierError`].
    pub fn unwrap_material(
        &self,
        key: &KeyId,
        material_id: &KeyMaterialId,
        wrapped: &[u8],
    ) -> Result<Secret<32>, BarrierError> {
        let (header, body) = Header::parse(wrapped)?;
        let keys = self.keys(header.generation)?;
        let binding = self.material_binding(key, material_id)?;
        let material = header.open(&keys.material, &binding, body)?;
        Secret::from_slice(material.expose()).ok_or(BarrierError::Malformed)
    }

    /// Seals what a token says. Two sealings of the same content differ.
    ///
    /// # Errors
    /// [`BarrierError::Failed`].
    pub fn seal_token(
        &self,
        purpose: TokenPurpose,
        content: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, BarrierError> {
        let header = Header {
            generation: self.active,
            nonce: random::array(random)?,
        };
        let key = self.keys(self.active)?.of_token(purpose);
        Ok(header.seal(key, &bind(&[&self.store_id])?, content)?)
    }

    /// Opens what [`Barrier::seal_token`] made, for this store and purpose.
    ///
    /// # Errors
    /// [`BarrierError`].
    pub fn open_token(
        &self,
        purpose: TokenPurpose,
        sealed: &[u8],
    ) -> Result<SecretBytes, BarrierError> {
        let (header, body) = Header::parse(sealed)?;
        let key = self.keys(header.generation)?.of_token(purpose);
        header.open(key, &bind(&[&self.store_id])?, body)
    }

    /// Wraps the secret of a key that is not symmetric: it opens only as this material of this
    /// key, of this spec.
    ///
    /// # Errors
    /// [`BarrierError::Failed`].
    pub fn wrap_secret(
        &self,
        place: SecretPlace<'_>,
        secret: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, BarrierError> {
        let binding = self.secret_binding(place)?;
        let header = Header {
            generation: self.active,
            nonce: random::array(random)?,
        };
        Ok(header.seal(&self.keys(self.active)?.material, &binding, secret)?)
    }

    /// Opens what [`Barrier::wrap_secret`] made.
    ///
    /// # Errors
    /// [`BarrierError`].
    pub fn unwrap_secret(
        &self,
        place: SecretPlace<'_>,
        wrapped: &[u8],
    ) -> Result<SecretBytes, BarrierError> {
        let (header, body) = Header::parse(wrapped)?;
        let keys = self.keys(header.generation)?;
        header.open(&keys.material, &self.secret_binding(place)?, body)
    }

    /// The Ed25519 seed of the ledger's signing key, of the active generation.
    ///
    /// # Errors
    /// None in practice: the active generation is always held.
    pub fn ledger_seed(&self) -> Result<Secret<32>, BarrierError> {
        let seed = &self.keys(self.active)?.ledger;
        Ok(Secret::build(|bytes| bytes.copy_from_slice(seed.expose())))
    }

    /// The key of what is given to clients to bring back, such as markers, of the active
    /// generation.
    ///
    /// # Errors
    /// None in practice: the active generation is always held.
    pub fn token_key(&self) -> Result<Secret<32>, BarrierError> {
        let key = &self.keys(self.active)?.token;
        Ok(Secret::build(|bytes| bytes.copy_from_slice(key.expose())))
    }

    /// What one record adds to the digest of the set of records, under one generation.
    ///
    /// # Errors
    /// [`BarrierError::UnknownGeneration`].
    pub fn set_element(
        &self,
        generation: u32,
        path: &str,
        revision: u64,
        seal: &RecordSeal,
    ) -> Result<[u8; 32], BarrierError> {
        let key = &self.keys(generation)?.set;
        let element = bind(&[path.as_bytes(), &revision.to_be_bytes(), seal])?;
        Ok(key.hash(&element))
    }

    /// The seal of a sealed record, without opening it.
    ///
    /// # Errors
    /// [`BarrierError::Malformed`], [`BarrierError::UnknownFormat`].
    pub fn seal_of(sealed: &[u8]) -> Result<RecordSeal, BarrierError> {
        let (header, body) = Header::parse(sealed)?;
        let tag = body.last_chunk::<TAG_LENGTH>();
        let mut seal = [0; SEAL_LENGTH];
        let (nonce, rest) = seal.split_at_mut(NONCE_LENGTH);
        nonce.copy_from_slice(&header.nonce);
        rest.copy_from_slice(tag.ok_or(BarrierError::Malformed)?);
        Ok(seal)
    }

    fn keys(&self, generation: u32) -> Result<&GenerationKeys, BarrierError> {
        self.generations
            .get(&generation)
            .ok_or(BarrierError::UnknownGeneration(generation))
    }

    fn record_binding(&self, place: Place<'_>) -> Result<Vec<u8>, Failed> {
        bind(&[
            &self.store_id,
            place.path.as_bytes(),
            &place.revision.to_be_bytes(),
            &[place.kind.code()],
            &[KIND_VERSION],
        ])
    }

    /// One field more than a symmetric material has, so that neither passes for the other.
    fn secret_binding(&self, place: SecretPlace<'_>) -> Result<Vec<u8>, Failed> {
        let key = place.key.to_string();
        bind(&[
            &self.store_id,
            key.as_bytes(),
            place.material_id.as_str().as_bytes(),
            place.spec.as_str().as_bytes(),
        ])
    }

    fn material_binding(
        &self,
        key: &KeyId,
        material_id: &KeyMaterialId,
    ) -> Result<Vec<u8>, Failed> {
        let key = key.to_string();
        bind(&[
            &self.store_id,
            key.as_bytes(),
            material_id.as_str().as_bytes(),
        ])
    }
}

struct Header {
    generation: u32,
    nonce: [u8; NONCE_LENGTH],
}

impl Header {
    fn parse(sealed: &[u8]) -> Result<(Self, &[u8]), BarrierError> {
        let (format, rest) = sealed.split_first().ok_or(BarrierError::Malformed)?;
        if *format != FORMAT {
            return Err(BarrierError::UnknownFormat(*format));
        }
        let (generation, rest) = rest.split_first_chunk().ok_or(BarrierError::Malformed)?;
        let (nonce, body) = rest.split_first_chunk().ok_or(BarrierError::Malformed)?;
        if body.len() < TAG_LENGTH {
            return Err(BarrierError::Malformed);
        }
        Ok((
            Self {
                generation: u32::from_be_bytes(*generation),
                nonce: *nonce,
            },
            body,
        ))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.nonce);
        bytes
    }

    /// A key of its own for each sealing, so that random nonces set no bound on how many records
    /// one root key seals.
    fn sealing_key(&self, prk: &Prk, binding: &[u8]) -> Result<AesGcm, Failed> {
        AesGcm::new(prk.expand::<32>(&[&self.nonce, binding])?.expose())
    }

    fn seal(&self, prk: &Prk, binding: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Failed> {
        let header = self.to_bytes();
        // Sized at once: growing would leave plaintext behind in the memory given back.
        let mut sealed = Vec::with_capacity(OVERHEAD + plaintext.len());
        sealed.extend_from_slice(&header);
        sealed.extend_from_slice(plaintext);
        let aad = [header.as_slice(), binding].concat();
        let body = sealed.get_mut(HEADER_LENGTH..).ok_or(Failed)?;
        let tag = self
            .sealing_key(prk, binding)?
            .seal_in_place(self.nonce, &aad, body)?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    fn open(&self, prk: &Prk, binding: &[u8], body: &[u8]) -> Result<SecretBytes, BarrierError> {
        let aad = [self.to_bytes().as_slice(), binding].concat();
        let key = self.sealing_key(prk, binding)?;
        let mut buffer = body.to_vec();
        let length = key
            .open(self.nonce, &aad, &mut buffer)
            .map_err(|_| BarrierError::Altered)?
            .len();
        buffer.truncate(length);
        Ok(SecretBytes::new(buffer))
    }
}

#[cfg(test)]
mod tests;
