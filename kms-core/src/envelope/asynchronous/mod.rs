//! Messages to asynchronous writers and from asynchronous readers: features `futures` (the traits of
//! `futures-io`, which most runtimes have) and `tokio` (those of tokio), both off by default.
//!
//! What holds for [`encrypt`](super::encrypt()) and [`decrypt`](super::decrypt()) holds here. Nothing
//! is handed out before its tag is checked, nothing of a signed message before the signature is, but by
//! the [`UnverifiedReader`]; and the end of the plaintext is told only when the whole message is
//! verified. A message that is altered or cut off ends in an error of the kind
//! [`InvalidData`](std::io::ErrorKind::InvalidData) around a [`DecryptError`](super::DecryptError), and
//! so does every read after it.
//!
//! # How this behaves in an executor
//!
//! * One poll seals or opens one frame, 64 KiB unless chosen otherwise, which takes tens of microseconds;
//!   signing and holding back add a SHA-384 over it. No thread is started. Where even that is too long,
//!   choose shorter frames.
//! * Keyrings are not asynchronous. [`EncryptingWriter::new`] and [`ReceivedMessage::open`] ask the
//!   keyring once and wait for its answer: with one that asks a service, call them where waiting is
//!   allowed, such as `spawn_blocking`. They take and give what they work on by value for that.
//! * [`EncryptOptions::threads`](super::EncryptOptions::threads) has no effect.
//! * A future that is dropped in the middle of a read or a write loses nothing that was read or taken.
//!   A writer that is dropped before it is closed leaves a message without an end, which every reader
//!   refuses.

mod decoder;
mod encoder;
#[cfg(feature = "futures")]
pub mod futures;
mod reader;
mod received;
#[cfg(feature = "tokio")]
pub mod tokio;
mod withheld;
mod writer;

pub use reader::{DecryptingReader, UnverifiedReader};
pub use received::ReceivedMessage;
pub use writer::EncryptingWriter;
