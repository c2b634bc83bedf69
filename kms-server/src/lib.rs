//! The AWS KMS endpoint around the engine of `kms-core`.
//!
//! A request goes through the rooms once: `listen` (sockets, TLS, limits) → `wire` (which
//! operation) → `auth` (who) → `wire` (the request's content) → the engine → `wire`.
//! `oidc` brings the keys of identity providers; `xks` carries what the engine asks of the proxies of external key stores; `xks_proxy` is one.

mod args;
pub mod auth;
pub mod config;
mod exit;
mod harden;
mod jobs;
pub mod listen;
mod log;
mod oidc;
mod principals;
mod start;
mod store;
pub mod wire;
mod xks;
mod xks_proxy;

pub use exit::Exit;
pub use start::run;
