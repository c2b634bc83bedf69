//! What every store must do, and what nobody can do to a sealed one unseen.

mod contract;
mod deferred;
mod home;
mod memory;
mod sealed;
mod sqlite;
mod support;
mod tamper;
mod vectors;
