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

    /// Adds all that was added to `other`.
    pub(super) fn join(&mut self, other: Self) {
        self.add(&other.to_bytes());
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
    count: usize,
    /// The records that were found, in order of path. There may be very many, so that they stay
    /// as they came.
    found: Vec<(String, Entry)>,
    /// What was put or, without an entry, removed since.
    changed: HashMap<String, Option<Entry>>,
}

impl RecordSet {
    /// The set of `found`, in order of path, whose elements under one generation add up to `digest`.
    pub(super) fn of(generation: u32, digest: SetDigest, found: Vec<(String, Entry)>) -> Self {
        Self {
            generation,
            digest,
            count: found.len(),
            found,
            changed: HashMap::new(),
        }
    }

    pub(super) fn digest(&self) -> SetDigest {
        self.digest
    }

    pub(super) fn get(&self, path: &str) -> Option<Entry> {
        if let Some(changed) = self.changed.get(path) {
            return *changed;
        }
        let found = self
            .found
            .binary_search_by(|(found, _)| found.as_str().cmp(path));
        let (_, entry) = self.found.get(found.ok()?)?;
        Some(*entry)
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The paths of the records that were found, in order.
    pub(super) fn found(&self) -> impl Iterator<Item = &str> {
        self.found.iter().map(|(path, _)| path.as_str())
    }

    fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        let found = self.found.iter().map(|(path, entry)| (path, entry));
        let kept = found.filter(|(path, _)| !self.changed.contains_key(*path));
        let changed = self.changed.iter();
        kept.chain(changed.filter_map(|(path, entry)| Some((path, entry.as_ref()?))))
    }

    pub(super) fn newest(&self) -> Revision {
        self.entries()
            .map(|(_, entry)| entry.revision)
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
        let mut count = self.count;
        let element = |path: &str, entry: &Entry| entry.element(barrier, generation, path);
        let replaced = change
            .puts
            .iter()
            .map(|(path, _)| path)
            .chain(&change.deletes);
        for path in replaced {
            if let Some(old) = self.get(path) {
                digest.subtract(&element(path, &old)?);
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
        self.count = planned.count;
        let deletes = planned.change.deletes.into_iter().map(|path| (path, None));
        let puts = planned.change.puts.into_iter();
        let puts = puts.map(|(path, entry)| (path, Some(entry)));
        self.changed.extend(deletes.chain(puts));
    }

    fn digest_under(&self, barrier: &Barrier, generation: u32) -> Result<SetDigest, BarrierError> {
        if generation == self.generation {
            return Ok(self.digest);
        }
        let mut digest = SetDigest::default();
        for (path, entry) in self.entries() {
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
