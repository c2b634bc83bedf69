//! The one error that leaves the crate.
/// x
#[derive(Debug)]
pub struct Error;
