//! A passphrase, stretched with Argon2id (RFC 9106).

use super::blob::{self, SALT_LENGTH, SealedBlob};
use super::{ProviderKind, SealError, SealProvider};
use crate::crypto::password::{Argon2Cost, argon2id};
use crate::crypto::random::{self, Random};
use crate::secret::{Secret, SecretBytes};

/// What a new seal costs unless something else is asked for: 256 MiB, 3 passes, 4 lanes.
pub const DEFAULT_COST: Argon2Cost = Argon2Cost {
    memory_kib: 256 << 10,
    passes: 3,
    lanes: 4,
};

/// The least memory of a new seal: 64 MiB.
pub const MINIMUM_MEMORY_KIB: u32 = 64 << 10;
/// The most memory that a sealed blob may ask for: 1 GiB.
pub const MAXIMUM_MEMORY_KIB: u32 = 1 << 20;
/// The most passes that a sealed blob may ask for.
pub const MAXIMUM_PASSES: u32 = 16;
/// The most lanes that a sealed blob may ask for.
pub const MAXIMUM_LANES: u32 = 16;

const PARAMETERS_LENGTH: usize = 12;

/// A passphrase and what a new seal with it costs.
#[derive(Debug)]
pub struct Passphrase {
    passphrase: SecretBytes,
    cost: Argon2Cost,
}

impl Passphrase {
    /// With [`DEFAULT_COST`].
    ///
    /// # Errors
    /// [`SealError::EmptyPassphrase`].
    pub fn new(passphrase: SecretBytes) -> Result<Self, SealError> {
        Self::with_cost(passphrase, DEFAULT_COST)
    }

    /// With another cost, of at least [`MINIMUM_MEMORY_KIB`].
    ///
    /// # Errors
    /// [`SealError::EmptyPassphrase`], [`SealError::Cost`].
    pub fn with_cost(passphrase: SecretBytes, cost: Argon2Cost) -> Result<Self, SealError> {
        if cost.memory_kib < MINIMUM_MEMORY_KIB {
            return Err(SealError::Cost);
        }
        Self::dangerous_with_any_cost(passphrase, cost)
    }

    /// With a cost that may be too low to protect anything; for tests.
    ///
    /// # Errors
    /// [`SealError::EmptyPassphrase`], [`SealError::Cost`] over the maximum.
    pub fn dangerous_with_any_cost(
        passphrase: SecretBytes,
        cost: Argon2Cost,
    ) -> Result<Self, SealError> {
        if passphrase.is_empty() {
            return Err(SealError::EmptyPassphrase);
        }
        check_bounds(cost)?;
        Ok(Self { passphrase, cost })
    }

    fn guard(&self, salt: &[u8], cost: Argon2Cost) -> Result<Secret<32>, SealError> {
        argon2id(self.passphrase.expose(), salt, cost).map_err(|_| SealError::Cost)
    }
}

/// What a stranger may have written must not take all memory or hours.
fn check_bounds(cost: Argon2Cost) -> Result<(), SealError> {
    let lanes_fit = (1..=MAXIMUM_LANES).contains(&cost.lanes);
    let passes_fit = (1..=MAXIMUM_PASSES).contains(&cost.passes);
    let memory_fits =
        (8 * cost.lanes.min(MAXIMUM_LANES)..=MAXIMUM_MEMORY_KIB).contains(&cost.memory_kib);
    if lanes_fit && passes_fit && memory_fits {
        Ok(())
    } else {
        Err(SealError::Cost)
    }
}

fn encode(cost: Argon2Cost) -> Vec<u8> {
    [cost.memory_kib, cost.passes, cost.lanes]
        .iter()
        .flat_map(|field| field.to_be_bytes())
        .collect()
}

fn decode(parameters: &[u8]) -> Result<Argon2Cost, SealError> {
    let parameters: [u8; PARAMETERS_LENGTH] =
        parameters.try_into().map_err(|_| SealError::Malformed)?;
    let [m0, m1, m2, m3, p0, p1, p2, p3, l0, l1, l2, l3] = parameters;
    let cost = Argon2Cost {
        memory_kib: u32::from_be_bytes([m0, m1, m2, m3]),
        passes: u32::from_be_bytes([p0, p1, p2, p3]),
        lanes: u32::from_be_bytes([l0, l1, l2, l3]),
    };
    check_bounds(cost)?;
    Ok(cost)
}

impl SealProvider for Passphrase {
    fn name(&self) -> &str {
        ProviderKind::Passphrase.name()
    }

    fn seal(&self, secret: &[u8], random: &dyn Random) -> Result<Vec<u8>, SealError> {
        let salt = random::array::<SALT_LENGTH>(random)?;
        let guard = self.guard(&salt, self.cost)?;
        Ok(blob::seal(
            ProviderKind::Passphrase,
            &encode(self.cost),
            &salt,
            &guard,
            secret,
        )?)
    }

    fn unseal(&self, sealed: &[u8]) -> Result<SecretBytes, SealError> {
        let blob = SealedBlob::parse_of(sealed, ProviderKind::Passphrase)?;
        let guard = self.guard(blob.salt, decode(blob.parameters)?)?;
        blob.open(&guard).map_err(|_| SealError::WrongPassphrase)
    }
}
