//! Key pairs of RSA, made before anybody holds a lock: the search for primes takes from a tenth of
//! a second to several seconds.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::api::KeySpec;
use crate::crypto::Failed;
use crate::crypto::asymmetric::{NewKeyPair, generate};
use crate::crypto::random::{Random, SystemRandom};

/// The most pairs of one spec that lie ready: what denied requests give back above that is wiped.
const MOST_READY: usize = 8;

/// The pairs of one spec.
#[derive(Debug, Default)]
struct Shelf {
    /// For whoever comes next.
    ready: Vec<NewKeyPair>,
    /// For the requests under way; which of them takes which does not matter.
    reserved: Vec<NewKeyPair>,
    /// How many requests are under way that reserved one and may have taken it.
    reservations: usize,
}

#[derive(Default)]
struct Shelves {
    specs: Mutex<HashMap<KeySpec, Shelf>>,
    /// How many of each spec that was asked for once are kept ready.
    wanted: Mutex<usize>,
    /// Held by the request that makes a pair.
    making: Mutex<()>,
    filling: AtomicBool,
    closed: AtomicBool,
}

impl Shelves {
    fn lock(&self) -> MutexGuard<'_, HashMap<KeySpec, Shelf>> {
        // What a thread that panicked left is whole: no change here is in two steps.
        self.specs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wanted(&self) -> usize {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_to_fill(&self) -> Option<KeySpec> {
        let wanted = self.wanted();
        self.lock()
            .iter()
            .find(|(_, shelf)| shelf.ready.len() < wanted)
            .map(|(spec, _)| *spec)
    }

    /// Makes pairs until enough of each spec are ready.
    fn fill(&self) {
        while let Some(spec) = self.next_to_fill() {
            if self.closed.load(Ordering::Relaxed) {
                return;
            }
            let Ok(pair) = generate(spec, &SystemRandom) else {
                return;
            };
            self.lock().entry(spec).or_default().ready.push(pair);
        }
    }
}

/// The ready key pairs of an engine.
#[derive(Default)]
pub(super) struct KeyPairs(Arc<Shelves>);

impl fmt::Debug for KeyPairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPairs(…)")
    }
}

/// A pair set aside for a request; what the request does not take goes back when this is dropped,
/// so that who is denied costs the making of one pair and not one for each try.
#[derive(Debug)]
pub(super) struct Reservation<'a> {
    pairs: &'a KeyPairs,
    spec: KeySpec,
}

/// Whether a pair of that spec takes so long to find that it is made before the walk.
pub(super) fn is_slow(spec: KeySpec) -> bool {
    matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096)
}

impl KeyPairs {
    /// Keeps `count` pairs ready of each spec that somebody asked for, by a thread of their own.
    pub(super) fn keep_ready(&self, count: usize) {
        let count = count.min(MOST_READY);
        *self.0.wanted.lock().unwrap_or_else(PoisonError::into_inner) = count;
    }

    /// Sets a pair aside, which it makes if none is ready; nothing for specs whose pairs are made
    /// in no time. Call it without a lock.
    pub(super) fn reserve(&self, spec: Option<KeySpec>) -> Option<Reservation<'_>> {
        let spec = spec.filter(|spec| is_slow(*spec))?;
        let pair = match self.ready(spec) {
            Some(pair) => pair,
            None => self.make(spec)?,
        };
        let mut shelves = self.0.lock();
        let shelf = shelves.entry(spec).or_default();
        shelf.reserved.push(pair);
        shelf.reservations = shelf.reservations.saturating_add(1);
        drop(shelves);
        Some(Reservation { pairs: self, spec })
    }

    fn ready(&self, spec: KeySpec) -> Option<NewKeyPair> {
        self.0.lock().entry(spec).or_default().ready.pop()
    }

    /// Makes a pair, one request after the other: of many that are denied the first makes one, and
    /// the next finds it on the shelf.
    fn make(&self, spec: KeySpec) -> Option<NewKeyPair> {
        let _turn = self.0.making.lock().unwrap_or_else(PoisonError::into_inner);
        match self.ready(spec) {
            Some(pair) => Some(pair),
            None => generate(spec, &SystemRandom).ok(),
        }
    }

    /// A pair that was set aside; made here if none was.
    pub(super) fn take(&self, spec: KeySpec, random: &dyn Random) -> Result<NewKeyPair, Failed> {
        if !is_slow(spec) {
            return generate(spec, random);
        }
        let reserved = self.0.lock().entry(spec).or_default().reserved.pop();
        self.fill_aside();
        match reserved {
            Some(pair) => Ok(pair),
            None => generate(spec, random),
        }
    }

    /// Starts the thread that fills the shelves, unless it runs or nothing is to be kept ready.
    fn fill_aside(&self) {
        let shelves = Arc::clone(&self.0);
        if shelves.wanted() == 0 || shelves.filling.swap(true, Ordering::AcqRel) {
            return;
        }
        let fill = move || {
            shelves.fill();
            shelves.filling.store(false, Ordering::Release);
        };
        let started = thread::Builder::new()
            .name("key-pairs".to_owned())
            .spawn(fill);
        if started.is_err() {
            self.0.filling.store(false, Ordering::Release);
        }
    }
}

impl Drop for KeyPairs {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut shelves = self.pairs.0.lock();
        let shelf = shelves.entry(self.spec).or_default();
        shelf.reservations = shelf.reservations.saturating_sub(1);
        while shelf.reserved.len() > shelf.reservations {
            let spare = shelf.reserved.pop();
            if shelf.ready.len() < MOST_READY {
                shelf.ready.extend(spare);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: KeySpec = KeySpec::Rsa2048;

    fn counts(pairs: &KeyPairs) -> (usize, usize) {
        let shelves = pairs.0.lock();
        let shelf = shelves.get(&SPEC).unwrap();
        (shelf.ready.len(), shelf.reserved.len())
    }

    #[test]
    fn what_is_reserved_and_not_taken_is_the_next_one_s() {
        let pairs = KeyPairs::default();
        drop(pairs.reserve(Some(SPEC)).unwrap());
        assert_eq!(counts(&pairs), (1, 0));
        let public = pairs.0.lock().get(&SPEC).unwrap().ready[0].public.clone();
        let reservation = pairs.reserve(Some(SPEC)).unwrap();
        assert_eq!(counts(&pairs), (0, 1));
        let taken = pairs.take(SPEC, &SystemRandom).unwrap();
        assert_eq!(taken.public, public);
        drop(reservation);
        assert_eq!(counts(&pairs), (0, 0));
    }

    #[test]
    fn a_pair_is_never_given_out_twice() {
        let pairs = KeyPairs::default();
        let (first, second) = (pairs.reserve(Some(SPEC)), pairs.reserve(Some(SPEC)));
        let taken = pairs.take(SPEC, &SystemRandom).unwrap();
        drop(first);
        let also = pairs.take(SPEC, &SystemRandom).unwrap();
        drop(second);
        assert_ne!(taken.public, also.public);
        assert_eq!(counts(&pairs), (0, 0));
    }

    #[test]
    fn quick_pairs_are_made_when_they_are_asked_for() {
        let pairs = KeyPairs::default();
        assert!(pairs.reserve(Some(KeySpec::EccNistP256)).is_none());
        assert!(pairs.reserve(None).is_none());
        assert!(pairs.take(KeySpec::EccNistP256, &SystemRandom).is_ok());
        assert!(pairs.take(KeySpec::Hmac256, &SystemRandom).is_err());
    }

    #[test]
    fn the_shelf_of_a_spec_that_was_asked_for_is_filled_again() {
        let pairs = KeyPairs::default();
        pairs.keep_ready(1);
        let reservation = pairs.reserve(Some(SPEC));
        pairs.take(SPEC, &SystemRandom).unwrap();
        drop(reservation);
        while counts(&pairs) != (1, 0) {
            thread::yield_now();
        }
    }
}
