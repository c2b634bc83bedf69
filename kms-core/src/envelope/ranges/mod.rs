//! Messages read in parts, without what stands between: `docs/spec/envelope.md`, Read by ranges.

mod layout;
#[cfg(test)]
mod layout_tests;
mod message;
mod reader;
mod signed;

pub use layout::FrameLayout;
pub use message::{MessageStart, RangedMessage};
pub use reader::RandomAccessReader;
