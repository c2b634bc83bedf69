//! The server as its clients and its attackers see it: over sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assumption fails the test"
)]

mod calls;
mod drain;
mod harness;
mod http2;
mod limits;
mod local;
mod process;
mod smuggling;
mod sockets;
