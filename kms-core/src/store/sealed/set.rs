//! The digest of the set of records: an additive multiset hash.

use std::collections::HashMap;

use crate::root::{Barrier, BarrierError, RecordSeal};
use crate::store::Revision;

/// A sum of 256-bit elements modulo 2^256; limbs from the least significant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SetDigest([u64; 4]);

impl SetDigest {
    pub(super) fn add(&mut self, element: &[u8; 32]) {
        let mut carry = false;
        for (limb, term) in self.0.iter_mut().zip(Self::from_bytes(element).0) {
            (*limb, carry) = limb.carrying_add(term, carry);
        }
    }

    pub(super) fn subtract(&mut self, element: &[u8; 32]) {
        let mut borrow = false;
        for (limb, term) in self.0.iter_mut().zip(Self::from_bytes(element).0) {
            (*limb, borrow) = limb.borrowing_sub(term, borrow);
        }
    }

    /// Big-endian.
    pub(super) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (chunks, _) = bytes.as_chunks_mut::<8>();
        for (chunk, limb) in chunks.iter_mut().rev().zip(self.0) {
            *chunk = limb.to_be_bytes();
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut limbs = [0; 4];
        let (chunks, _) = bytes.as_chunks::<8>();
        for (limb, chunk) in limbs.iter_mut().zip(chunks.iter().rev()) {
            *limb = u64::from_be_bytes(*chunk);
        }
        Self(limbs)
    }
}

/// What is kept of a record: to take it out of the digest again, and to know it when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) revision: Revision,
    pub(super) seal: RecordSeal,
}

impl Entry {
    /// What the record at `path` adds to the digest under one generation.
    pub(super) fn element(
        &self,
        barrier: &Barrier,
        generation: u32,
        path: &str,
    ) -> Result<[u8; 32], BarrierError> {
        barrier.set_element(generation, path, self.revision.0, &self.seal)
    }
}

/// The records of the store by path, without their bodies, and their digest.
#[derive(Clone, Debug)]
pub(super) struct RecordSet {
    generation: u32,
    digest: SetDigest,
    entries: HashMap<String, Entry>,
}

impl RecordSet {
    /// The set of `entries`, whose elements under one generation add up to `digest`.
    pub(super) fn of(
        generation: u32,
        digest: SetDigest,
        entries: impl ExactSizeIterator<Item = (String, Entry)>,
    ) -> Self {
        Self {
            generation,
            digest,
            entries: entries.collect(),
        }
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = (String, Entry)> {
        self.entries.into_iter()
    }

    pub(super) fn digest(&self) -> SetDigest {
        self.digest
    }

    pub(super) fn get(&self, path: &str) -> Option<Entry> {
        self.entries.get(path).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn newest(&self) -> Revision {
        self.entries
            .values()
            .map(|entry| entry.revision)
            .max()
            .unwrap_or_default()
    }

    /// The set and its digest after a change, or an error and nothing changed.
    pub(super) fn plan(
        &self,
        barrier: &Barrier,
        generation: u32,
        change: SetChange,
    ) -> Result<PlannedSet, BarrierError> {
        let mut digest = self.digest_under(barrier, generation)?;
        let mut count = self.entries.len();
        let element = |path: &str, entry: &Entry| entry.element(barrier, generation, path);
        let replaced = change
            .puts
            .iter()
            .map(|(path, _)| path)
            .chain(&change.deletes);
        for path in replaced {
            if let Some(old) = self.entries.get(path) {
                digest.subtract(&element(path, old)?);
                count = count.saturating_sub(1);
            }
        }
        for (path, entry) in &change.puts {
            digest.add(&element(path, entry)?);
            count = count.saturating_add(1);
        }
        Ok(PlannedSet {
            generation,
            digest,
            count,
            change,
        })
    }

    pub(super) fn apply(&mut self, planned: PlannedSet) {
        self.generation = planned.generation;
        self.digest = planned.digest;
        for path in &planned.change.deletes {
            self.entries.remove(path);
        }
        self.entries.extend(planned.change.puts);
    }

    fn digest_under(&self, barrier: &Barrier, generation: u32) -> Result<SetDigest, BarrierError> {
        if generation == self.generation {
            return Ok(self.digest);
        }
        let mut digest = SetDigest::default();
        for (path, entry) in &self.entries {
            digest.add(&entry.element(barrier, generation, path)?);
        }
        Ok(digest)
    }
}

/// Records to put and paths to remove; no path stands in it twice.
#[derive(Debug, Default)]
pub(super) struct SetChange {
    pub(super) puts: Vec<(String, Entry)>,
    pub(super) deletes: Vec<String>,
}

/// A change with the digest and count that it leads to.
#[derive(Debug)]
pub(super) struct PlannedSet {
    generation: u32,
    pub(super) digest: SetDigest,
    pub(super) count: usize,
    change: SetChange,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_carries_over_all_limbs_and_wraps() {
        let mut digest = SetDigest::default();
        digest.add(&[0xff; 32]);
        assert_eq!(digest.to_bytes(), [0xff; 32]);
        let mut one = [0; 32];
        one[31] = 1;
        digest.add(&one);
        assert_eq!(digest.to_bytes(), [0; 32]);
        digest.subtract(&one);
        assert_eq!(digest.to_bytes(), [0xff; 32]);
    }

    #[test]
    fn the_order_of_elements_does_not_matter() {
        let elements: Vec<[u8; 32]> = (1..9).map(|n| [n * 31; 32]).collect();
        let mut forward = SetDigest::default();
        let mut backward = SetDigest::default();
        elements.iter().for_each(|element| forward.add(element));
        elements
            .iter()
            .rev()
            .for_each(|element| backward.add(element));
        assert_eq!(forward, backward);
        for element in &elements {
            forward.subtract(element);
        }
        assert_eq!(forward, SetDigest::default());
    }
}
