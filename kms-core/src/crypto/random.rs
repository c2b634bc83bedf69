//! Randomness as a parameter: the operating system's generator, called each time or pooled.

use std::cell::RefCell;
use std::fmt;
use std::sync::Mutex;

use getrandom::SysRng;
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroize;

use super::Failed;

/// A source of random bytes fit for keys.
pub trait Random: fmt::Debug + Send + Sync {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    /// [`Failed`] when the source cannot serve; nothing may then be made of `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failed>;
}

/// `N` random bytes that need not be secret: a nonce, an id.
///
/// # Errors
/// [`Failed`] when the source cannot serve.
pub fn array<const N: usize>(random: &dyn Random) -> Result<[u8; N], Failed> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

/// One call to the operating system per use.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failed> {
        SysRng.try_fill_bytes(bytes).map_err(|_| Failed)
    }
}

const POOL_BYTES: usize = 2048;

/// The operating system's generator behind a pool per thread, for request rates at which a system
/// call per nonce is felt.
///
/// Bytes are wiped as they are handed out. A process that forks, or a virtual machine whose
/// snapshot is resumed twice, would hand out the same bytes twice: the server never forks, and
/// where machines are cloned while they run, use [`SystemRandom`].
#[derive(Clone, Copy, Debug, Default)]
pub struct PooledRandom;

struct Pool {
    bytes: [u8; POOL_BYTES],
    used: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], used: POOL_BYTES }) };
}

impl Pool {
    fn take(&mut self, bytes: &mut [u8]) -> Result<(), Failed> {
        if POOL_BYTES - self.used < bytes.len() {
            SystemRandom.fill(&mut self.bytes)?;
            self.used = 0;
        }
        let end = self.used + bytes.len();
        let fresh = self.bytes.get_mut(self.used..end).ok_or(Failed)?;
        bytes.copy_from_slice(fresh);
        fresh.zeroize();
        self.used = end;
        Ok(())
    }
}

impl Random for PooledRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failed> {
        if bytes.len() > POOL_BYTES / 4 {
            return SystemRandom.fill(bytes);
        }
        POOL.with_borrow_mut(|pool| pool.take(bytes))
    }
}

/// Any generator of the `rand_core` family as a [`Random`]: a hardware generator, or in tests a
/// reproducible one.
pub struct GeneratorRandom<G>(Mutex<G>);

impl<G: TryCryptoRng> GeneratorRandom<G> {
    /// Wraps the generator; calls are served one at a time.
    pub fn new(generator: G) -> Self {
        Self(Mutex::new(generator))
    }
}

impl<G> fmt::Debug for GeneratorRandom<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratorRandom(…)")
    }
}

impl<G: TryCryptoRng + Send> Random for GeneratorRandom<G> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failed> {
        self.0
            .lock()
            .map_err(|_| Failed)?
            .try_fill_bytes(bytes)
            .map_err(|_| Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_never_hands_out_the_same_bytes_twice() {
        let draws: std::collections::HashSet<[u8; 32]> =
            (0..1000).map(|_| array(&PooledRandom).unwrap()).collect();
        assert_eq!(draws.len(), 1000);
        assert!(!draws.contains(&[0; 32]));
    }

    #[test]
    fn a_long_draw_bypasses_the_pool() {
        let mut bytes = [0; 4096];
        PooledRandom.fill(&mut bytes).unwrap();
        assert!(bytes.chunks(32).all(|chunk| chunk.iter().any(|&b| b != 0)));
    }
}
