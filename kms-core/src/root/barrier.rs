//! The barrier: every record is sealed for its place, and every key material once more.

use std::collections::BTreeMap;
use std::fmt;

use super::ring::RootKeyRing;
use super::{RecordKind, StoreId, bind};
use crate::api::KeySpec;
use crate::crypto::Failed;
use crate::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::digest::Sha256Digest;
use crate::crypto::kdf::Prk;
use crate::crypto::mac::HmacSha256;
use crate::crypto::random::{self, Random};
use crate::ids::{KeyId, KeyMaterialId};
use crate::secret::{Secret, SecretBytes};

/// The first byte of a sealed record.
pub const FORMAT: u8 = 1;
/// The version of the contents of every record kind, bound into the seal.
const KIND_VERSION: u8 = 1;
const HEADER_LENGTH: usize = 1 + 4 + NONCE_LENGTH;
/// How many bytes a sealed record is longer than its content.
pub const OVERHEAD: usize = HEADER_LENGTH + TAG_LENGTH;

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
    set: HmacSha256,
    ledger: Secret<32>,
    token: Secret<32>,
    grant: Prk,
    import: Prk,
}

impl GenerationKeys {
    fn derive(root_key: &Secret<32>) -> Result<Self, Failed> {
        let prk = Prk::extract(root_key.expose());
        let purpose = |name: &[u8]| prk.expand::<32>(&[b"kms/v1/", name]);
        Ok(Self {
            record: Prk::extract(purpose(b"record")?.expose()),
            material: Prk::extract(purpose(b"material")?.expose()),
            set: HmacSha256::new(purpose(b"set")?.expose()),
            ledger: purpose(b"ledger")?,
            token: purpose(b"token")?,
            grant: Prk::extract(purpose(b"grant")?.expose()),
            import: Prk::extract(purpose(b"import")?.expose()),
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
        sealed_digest: &Sha256Digest,
    ) -> Result<[u8; 32], BarrierError> {
        let key = &self.keys(generation)?.set;
        let element = bind(&[path.as_bytes(), &revision.to_be_bytes(), sealed_digest])?;
        Ok(key.tag(&[&element]))
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
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    const PLACE: Place<'static> = Place {
        path: "key/a",
        revision: 7,
        kind: RecordKind::Key,
    };

    fn barrier() -> (RootKeyRing, Barrier) {
        let ring = RootKeyRing::generate([7; 16], &SystemRandom).unwrap();
        let barrier = Barrier::new(&ring).unwrap();
        (ring, barrier)
    }

    #[test]
    fn a_record_opens_at_its_own_place_only() {
        let (ring, barrier) = barrier();
        let sealed = barrier.seal(PLACE, b"body", &SystemRandom).unwrap();
        assert_eq!(sealed.len(), 4 + OVERHEAD);
        assert_eq!(barrier.open(PLACE, &sealed).unwrap().expose(), b"body");
        let elsewhere = [
            Place {
                path: "key/b",
                ..PLACE
            },
            Place {
                path: "key/",
                ..PLACE
            },
            Place {
                revision: 6,
                ..PLACE
            },
            Place {
                revision: 8,
                ..PLACE
            },
            Place {
                kind: RecordKind::Alias,
                ..PLACE
            },
        ];
        for place in elsewhere {
            assert_eq!(
                barrier.open(place, &sealed).unwrap_err(),
                BarrierError::Altered
            );
        }
        let mut bytes = ring.to_bytes().unwrap().expose().to_vec();
        bytes[1] ^= 1;
        let other_store = Barrier::new(&RootKeyRing::parse(&bytes).unwrap()).unwrap();
        assert_eq!(
            other_store.open(PLACE, &sealed).unwrap_err(),
            BarrierError::Altered
        );
    }

    #[test]
    fn every_altered_bit_and_every_cut_is_refused() {
        let (_ring, barrier) = barrier();
        let sealed = barrier.seal(PLACE, b"body", &SystemRandom).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(barrier.open(PLACE, &altered).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(barrier.open(PLACE, &sealed[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn an_old_generation_still_opens_and_an_unknown_one_is_named() {
        let (mut ring, old) = barrier();
        let sealed = old.seal(PLACE, b"body", &SystemRandom).unwrap();
        ring.rotate(&SystemRandom).unwrap();
        let new = Barrier::new(&ring).unwrap();
        assert_eq!(new.open(PLACE, &sealed).unwrap().expose(), b"body");
        let resealed = new.seal(PLACE, b"body", &SystemRandom).unwrap();
        assert_eq!(Barrier::generation_of(&resealed), Ok(2));
        assert_eq!(
            old.open(PLACE, &resealed).unwrap_err(),
            BarrierError::UnknownGeneration(2)
        );
    }

    #[test]
    fn a_material_opens_as_this_material_of_this_key_only() {
        let (_ring, barrier) = barrier();
        let (key, other_key) = (KeyId::uuid_from_random(1), KeyId::uuid_from_random(2));
        let id: KeyMaterialId = "a".repeat(64).parse().unwrap();
        let other_id: KeyMaterialId = "b".repeat(64).parse().unwrap();
        let material = Secret::build(|bytes| bytes.fill(9));
        let wrapped = barrier
            .wrap_material(&key, &id, &material, &SystemRandom)
            .unwrap();
        let opened = barrier.unwrap_material(&key, &id, &wrapped).unwrap();
        assert_eq!(opened.expose(), &[9; 32]);
        for (key, id) in [(&other_key, &id), (&key, &other_id)] {
            let refused = barrier.unwrap_material(key, id, &wrapped).unwrap_err();
            assert_eq!(refused, BarrierError::Altered);
        }
        assert!(barrier.open(PLACE, &wrapped).is_err());
    }

    #[test]
    fn a_secret_opens_as_this_material_of_this_key_and_spec_only() {
        let (_ring, barrier) = barrier();
        let (key, other_key) = (KeyId::uuid_from_random(1), KeyId::uuid_from_random(2));
        let id: KeyMaterialId = "a".repeat(64).parse().unwrap();
        let other_id: KeyMaterialId = "b".repeat(64).parse().unwrap();
        let place = SecretPlace {
            key: &key,
            material_id: &id,
            spec: KeySpec::Hmac256,
        };
        let wrapped = barrier.wrap_secret(place, &[9; 32], &SystemRandom).unwrap();
        let opened = barrier.unwrap_secret(place, &wrapped).unwrap();
        assert_eq!(opened.expose(), &[9; 32]);
        let elsewhere = [
            SecretPlace {
                key: &other_key,
                ..place
            },
            SecretPlace {
                material_id: &other_id,
                ..place
            },
            SecretPlace {
                spec: KeySpec::Hmac384,
                ..place
            },
        ];
        for place in elsewhere {
            let refused = barrier.unwrap_secret(place, &wrapped).unwrap_err();
            assert_eq!(refused, BarrierError::Altered);
        }
        // Nor does a symmetric material pass for one, or the reverse.
        assert!(barrier.unwrap_material(&key, &id, &wrapped).is_err());
        let material = Secret::build(|bytes| bytes.fill(9));
        let wrapped = barrier
            .wrap_material(&key, &id, &material, &SystemRandom)
            .unwrap();
        assert!(barrier.unwrap_secret(place, &wrapped).is_err());
    }

    #[test]
    fn the_keys_of_different_purposes_and_generations_differ() {
        let (mut ring, first) = barrier();
        ring.rotate(&SystemRandom).unwrap();
        let second = Barrier::new(&ring).unwrap();
        let (a, b) = (first.ledger_seed().unwrap(), second.ledger_seed().unwrap());
        assert_ne!(a.expose(), b.expose());
        let element = |generation| second.set_element(generation, "a", 1, &[0; 32]).unwrap();
        assert_ne!(element(1), element(2));
        assert!(first.set_element(2, "a", 1, &[0; 32]).is_err());
    }
}
