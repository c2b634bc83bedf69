//! The ledger: every use of a key, in a tamper-evident log, before the answer leaves.
