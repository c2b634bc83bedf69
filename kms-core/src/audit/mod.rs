//! The ledger: every use of a key, in a tamper-evident log, before the answer leaves.
//!
//! `docs/spec/audit-log.md` specifies the files. A [`record::Record`] becomes an [`Entry`]; a
//! [`Ledger`] makes it durable; [`Recorded`] holds a response back until that has happened.
//! [`FileLedger`] is the ledger on disk, [`verify`] checks one with its public key alone.

mod checkpoints;
mod cursor;
mod directory;
mod disk;
mod error;
mod frontier;
mod journal;
mod json;
mod ledger;
mod note;
mod open;
mod queue;
mod read;
pub mod record;
mod recorded;
mod session;
mod tree;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{Fault, LedgerError};
pub use json::JsonObject;
pub use ledger::{Entry, Gathered, InvalidEntry, Ledger, LedgerUnavailable, Pending, Receipt};
pub use note::{Checkpoint, InvalidVerifierKey, VerifierKey};
pub use read::{Records, read};
pub use recorded::Recorded;
pub use verify::{VerifiedLedger, verify};
pub use writer::{FileLedger, LedgerOptions};

/// The longest record in bytes, without its newline.
pub const MAX_RECORD: usize = 256 * 1024;

/// The most bytes written before a sync, and so the most that a crash can tear.
const MAX_BATCH: usize = 4 * 1024 * 1024;
