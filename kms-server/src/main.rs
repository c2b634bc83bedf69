//! The endpoint.
fn main() {}
