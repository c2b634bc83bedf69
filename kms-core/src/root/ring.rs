//! The generations of the root key, kept together in one sealed file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::seal::{SealError, SealProvider};
use super::{StoreId, durable};
use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::secret::{Secret, SecretBytes};

const FORMAT: u8 = 1;
const HEADER_LENGTH: usize = 1 + 16 + 4 + 4;
const ENTRY_LENGTH: usize = 4 + 32;
/// The most generations a ring holds.
pub const MAXIMUM_GENERATIONS: usize = 1024;
/// More than any ring fills when sealed; a longer file is not read.
pub const MAXIMUM_FILE_LENGTH: u64 = 64 << 10;

/// Why a ring cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// The seal did not open or close.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What the seal held is not a ring.
    #[error("the sealed bytes are not a ring of root keys")]
    Malformed,
    /// A ring takes [`MAXIMUM_GENERATIONS`] generations.
    #[error("the ring holds as many generations as it can")]
    Full,
    /// The system refused.
    #[error("cannot read or write the sealed root key")]
    Io(#[from] io::Error),
}

impl From<Failed> for RingError {
    fn from(failed: Failed) -> Self {
        Self::Seal(SealError::Failed(failed))
    }
}

/// All root keys of one store. Generations are numbered from 1; one is active and seals what is
/// written, the others only open what they sealed.
pub struct RootKeyRing {
    store_id: StoreId,
    active: u32,
    keys: BTreeMap<u32, Secret<32>>,
}

impl fmt::Debug for RootKeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootKeyRing")
            .field("active", &self.active)
            .field("generations", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl RootKeyRing {
    /// A ring of one fresh root key, generation 1.
    ///
    /// # Errors
    /// [`Failed`] when there is no randomness.
    pub fn generate(store_id: StoreId, random: &dyn Random) -> Result<Self, Failed> {
        let key = Secret::try_build(|bytes| random.fill(bytes))?;
        Ok(Self {
            store_id,
            active: 1,
            keys: BTreeMap::from([(1, key)]),
        })
    }

    /// Adds a fresh root key and makes it the active one; returns its generation.
    ///
    /// # Errors
    /// [`RingError::Full`], or [`Failed`] as [`RingError::Seal`].
    pub fn rotate(&mut self, random: &dyn Random) -> Result<u32, RingError> {
        let newest = self.keys.keys().next_back().copied().unwrap_or_default();
        let generation = newest.checked_add(1).ok_or(RingError::Full)?;
        if self.keys.len() >= MAXIMUM_GENERATIONS {
            return Err(RingError::Full);
        }
        let key = Secret::try_build(|bytes| random.fill(bytes))?;
        self.keys.insert(generation, key);
        self.active = generation;
        Ok(generation)
    }

    /// The store whose root keys these are.
    #[must_use]
    pub const fn store_id(&self) -> StoreId {
        self.store_id
    }

    /// The generation that seals what is written.
    #[must_use]
    pub const fn active(&self) -> u32 {
        self.active
    }

    /// Generations and their root keys, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = (u32, &Secret<32>)> {
        self.keys.iter().map(|(generation, key)| (*generation, key))
    }

    /// Reads a sealed ring from a file.
    ///
    /// # Errors
    /// [`RingError`].
    pub fn load(path: &Path, provider: &dyn SealProvider) -> Result<Self, RingError> {
        Self::unseal(&read_sealed(path)?, provider)
    }

    /// Opens a sealed ring.
    ///
    /// # Errors
    /// [`RingError::Seal`], [`RingError::Malformed`].
    pub fn unseal(sealed: &[u8], provider: &dyn SealProvider) -> Result<Self, RingError> {
        Self::parse(provider.unseal(sealed)?.expose())
    }

    /// Seals the ring.
    ///
    /// # Errors
    /// [`RingError::Seal`].
    pub fn seal(
        &self,
        provider: &dyn SealProvider,
        random: &dyn Random,
    ) -> Result<Vec<u8>, RingError> {
        Ok(provider.seal(self.to_bytes()?.expose(), random)?)
    }

    /// Seals the ring into a file, durably, in the place of the one that is there.
    ///
    /// # Errors
    /// [`RingError`]; the old file is then still there.
    pub fn save(
        &self,
        path: &Path,
        provider: &dyn SealProvider,
        random: &dyn Random,
    ) -> Result<(), RingError> {
        Ok(durable::replace(path, &self.seal(provider, random)?)?)
    }

    /// The ring in the clear, exactly as [`RootKeyRing::to_bytes`] writes it.
    ///
    /// # Errors
    /// [`RingError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RingError> {
        let (format, rest) = bytes.split_first().ok_or(RingError::Malformed)?;
        let (store_id, rest) = rest.split_first_chunk::<16>().ok_or(RingError::Malformed)?;
        let (active, rest) = rest.split_first_chunk().ok_or(RingError::Malformed)?;
        let (count, entries) = rest.split_first_chunk().ok_or(RingError::Malformed)?;
        let active = u32::from_be_bytes(*active);
        let count =
            usize::try_from(u32::from_be_bytes(*count)).map_err(|_| RingError::Malformed)?;
        let (entries, remainder) = entries.as_chunks::<ENTRY_LENGTH>();
        let counted = entries.len() == count && remainder.is_empty();
        if *format != FORMAT || !counted || count > MAXIMUM_GENERATIONS {
            return Err(RingError::Malformed);
        }
        let mut keys = BTreeMap::new();
        for entry in entries {
            let (generation, key) = entry.split_first_chunk().ok_or(RingError::Malformed)?;
            let generation = u32::from_be_bytes(*generation);
            let ascending = keys
                .last_key_value()
                .is_none_or(|(last, _)| *last < generation);
            if generation == 0 || !ascending {
                return Err(RingError::Malformed);
            }
            keys.insert(
                generation,
                Secret::from_slice(key).ok_or(RingError::Malformed)?,
            );
        }
        if !keys.contains_key(&active) {
            return Err(RingError::Malformed);
        }
        Ok(Self {
            store_id: *store_id,
            active,
            keys,
        })
    }

    /// The ring in the clear; only a seal may see it.
    ///
    /// # Errors
    /// None with as many generations as a ring holds.
    pub fn to_bytes(&self) -> Result<SecretBytes, Failed> {
        let count = u32::try_from(self.keys.len()).map_err(|_| Failed)?;
        let length = HEADER_LENGTH + self.keys.len() * ENTRY_LENGTH;
        SecretBytes::try_build(length, |bytes| {
            let mut cursor = io::Cursor::new(bytes);
            let mut put = |part: &[u8]| io::Write::write_all(&mut cursor, part).map_err(|_| Failed);
            put(&[FORMAT])?;
            put(&self.store_id)?;
            put(&self.active.to_be_bytes())?;
            put(&count.to_be_bytes())?;
            for (generation, key) in &self.keys {
                put(&generation.to_be_bytes())?;
                put(key.expose())?;
            }
            Ok(())
        })
    }
}

/// The bytes of a sealed ring's file.
///
/// # Errors
/// What the system said; [`io::ErrorKind::InvalidData`] for a file over [`MAXIMUM_FILE_LENGTH`].
pub fn read_sealed(path: &Path) -> io::Result<Vec<u8>> {
    let mut sealed = Vec::new();
    File::open(path)?
        .take(MAXIMUM_FILE_LENGTH + 1)
        .read_to_end(&mut sealed)?;
    if u64::try_from(sealed.len()).unwrap_or(u64::MAX) > MAXIMUM_FILE_LENGTH {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    fn ring_of(generations: usize) -> RootKeyRing {
        let mut ring = RootKeyRing::generate([7; 16], &SystemRandom).unwrap();
        for _ in 1..generations {
            ring.rotate(&SystemRandom).unwrap();
        }
        ring
    }

    #[test]
    fn a_ring_reads_back_as_it_was_written() {
        for generations in [1, 2, 3] {
            let ring = ring_of(generations);
            let bytes = ring.to_bytes().unwrap();
            let read = RootKeyRing::parse(bytes.expose()).unwrap();
            assert_eq!(read.to_bytes().unwrap().expose(), bytes.expose());
            assert_eq!(read.active(), ring.active());
            assert_eq!(read.store_id(), [7; 16]);
        }
    }

    #[test]
    fn rotation_makes_a_new_active_key_and_keeps_the_old() {
        let ring = ring_of(3);
        assert_eq!(ring.active(), 3);
        let keys: Vec<&[u8; 32]> = ring.keys().map(|(_, key)| key.expose()).collect();
        assert_eq!(keys.len(), 3);
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    }

    #[test]
    fn a_ring_takes_only_so_many_generations() {
        let mut ring = ring_of(MAXIMUM_GENERATIONS);
        assert!(matches!(ring.rotate(&SystemRandom), Err(RingError::Full)));
        assert!(RootKeyRing::parse(ring.to_bytes().unwrap().expose()).is_ok());
    }

    #[test]
    fn bytes_that_no_ring_writes_are_refused() {
        let good = ring_of(2).to_bytes().unwrap().expose().to_vec();
        assert!(RootKeyRing::parse(&good).is_ok());
        // Format, active generation, count, first generation: byte and the value it is set to.
        for (position, value) in [(0, 2), (20, 3), (20, 0), (24, 1), (24, 3), (28, 0), (28, 2)] {
            let mut bytes = good.clone();
            bytes[position] = value;
            let refused = RootKeyRing::parse(&bytes);
            assert!(
                matches!(refused, Err(RingError::Malformed)),
                "{position} = {value}"
            );
        }
        let longer = [good.as_slice(), &[0]].concat();
        assert!(RootKeyRing::parse(&longer).is_err());
        for length in 0..good.len() {
            assert!(RootKeyRing::parse(&good[..length]).is_err(), "{length}");
        }
    }
}
