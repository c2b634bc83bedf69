//! A key management engine that people own.
//!
//! The rooms stand in layer order; a room uses only rooms above it. The layers are kept by
//! `tests/architecture.rs`; `docs/architecture.md` tells what each room is for.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod ids;
pub mod secret;
pub mod time;

pub mod api;

pub mod crypto;

pub mod attestation;
pub mod caller;
pub mod ciphertext;
pub mod grants;
pub mod keys;
pub mod sigv4;

pub mod envelope;
pub mod identity;
pub mod oidc;
pub mod policy;
pub mod principals_file;
pub mod seed;
pub mod xks;

pub mod audit;

pub mod root;

pub mod store;

mod error;

pub mod service;

pub use error::{CustomKeyStoreFault, Error};
