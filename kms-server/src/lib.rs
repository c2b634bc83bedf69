//! The AWS KMS endpoint around the engine of `kms-core`.
//!
//! A request goes through the rooms once: `listen` (sockets, TLS, limits) → `wire` (which
//! operation) → `auth` (who) → `wire` (the request's content) → the engine → `wire`.

mod args;
pub mod auth;
pub mod config;
mod exit;
mod harden;
mod jobs;
pub mod listen;
mod log;
mod start;
mod store;
pub mod wire;

pub use exit::Exit;
pub use start::run;
