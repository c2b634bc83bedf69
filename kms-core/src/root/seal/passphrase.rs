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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    const CHEAP: Argon2Cost = Argon2Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::dangerous_with_any_cost(SecretBytes::new(text.into()), CHEAP).unwrap()
    }

    #[test]
    fn the_cost_comes_from_what_was_sealed() {
        let sealed = passphrase("correct horse")
            .seal(b"secret", &SystemRandom)
            .unwrap();
        let dear = Passphrase::new(SecretBytes::new(b"correct horse".to_vec())).unwrap();
        assert_eq!(dear.unseal(&sealed).unwrap().expose(), b"secret");
    }

    #[test]
    fn another_passphrase_says_so() {
        let sealed = passphrase("correct horse")
            .seal(b"secret", &SystemRandom)
            .unwrap();
        for wrong in ["correct horsf", "correct horse ", "c"] {
            let refused = passphrase(wrong).unseal(&sealed);
            assert!(
                matches!(refused, Err(SealError::WrongPassphrase)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_weak_cost_has_to_be_asked_for_by_name() {
        let weak = Argon2Cost {
            memory_kib: MINIMUM_MEMORY_KIB - 1,
            passes: 3,
            lanes: 4,
        };
        let secret = || SecretBytes::new(b"correct horse".to_vec());
        assert!(matches!(
            Passphrase::with_cost(secret(), weak),
            Err(SealError::Cost)
        ));
        let least = Argon2Cost {
            memory_kib: MINIMUM_MEMORY_KIB,
            ..weak
        };
        assert!(Passphrase::with_cost(secret(), least).is_ok());
        let none = SecretBytes::new(Vec::new());
        assert!(matches!(
            Passphrase::new(none),
            Err(SealError::EmptyPassphrase)
        ));
    }

    #[test]
    fn a_blob_that_asks_for_all_memory_is_refused_before_it_is_served() {
        let sealed = passphrase("correct horse")
            .seal(b"secret", &SystemRandom)
            .unwrap();
        let costs = [
            (u32::MAX, 1, 1),
            (MAXIMUM_MEMORY_KIB + 1, 1, 1),
            (64, 0, 1),
            (64, MAXIMUM_PASSES + 1, 1),
            (64, u32::MAX, 1),
            (64, 1, 0),
            (1024, 1, MAXIMUM_LANES + 1),
            (1024, 1, u32::MAX),
            (7, 1, 1),
            (63, 1, 8),
        ];
        for (memory_kib, passes, lanes) in costs {
            let mut hostile = sealed.clone();
            let cost = Argon2Cost {
                memory_kib,
                passes,
                lanes,
            };
            hostile[12..24].copy_from_slice(&encode(cost));
            let refused = passphrase("correct horse").unseal(&hostile);
            assert!(matches!(refused, Err(SealError::Cost)), "{cost:?}");
        }
    }

    #[test]
    fn a_lowered_cost_does_not_open() {
        let sealed = passphrase("correct horse")
            .seal(b"secret", &SystemRandom)
            .unwrap();
        let mut altered = sealed.clone();
        altered[12..24].copy_from_slice(&encode(Argon2Cost {
            memory_kib: 32,
            ..CHEAP
        }));
        let refused = passphrase("correct horse").unseal(&altered);
        assert!(matches!(refused, Err(SealError::WrongPassphrase)));
    }

    #[test]
    fn a_blob_of_a_key_file_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let key = crate::root::seal::KeyFile::create(&directory.path().join("k"), &SystemRandom);
        let sealed = key.unwrap().seal(b"secret", &SystemRandom).unwrap();
        let refused = passphrase("correct horse").unseal(&sealed).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the root key is guarded by a key file, not by a passphrase"
        );
    }
}
