//! The head: what every commit says about all records.

use crate::store::Revision;

/// The path of the head.
pub(super) const PATH: &str = "head";
const FORMAT: u8 = 1;
const LENGTH: usize = 1 + 8 + 8 + 8 + 32;

/// What the newest commit left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The newest revision.
    pub revision: Revision,
    /// How many records there are, the head not counted.
    pub count: u64,
    /// How many entries the ledger held at least.
    pub ledger_size: u64,
}

/// A [`Head`] with the digest of the set of records.
#[derive(Clone, Copy, Debug)]
pub(super) struct DigestedHead {
    pub(super) head: Head,
    pub(super) digest: [u8; 32],
}

impl DigestedHead {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(FORMAT);
        for number in [self.head.revision.0, self.head.count, self.head.ledger_size] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.digest);
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (format, rest) = bytes.split_first()?;
        let (revision, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (ledger_size, digest) = rest.split_first_chunk()?;
        let head = Head {
            revision: Revision(u64::from_be_bytes(*revision)),
            count: u64::from_be_bytes(*count),
            ledger_size: u64::from_be_bytes(*ledger_size),
        };
        let digest = digest.try_into().ok()?;
        (*format == FORMAT).then_some(Self { head, digest })
    }
}
