//! Identity providers: their keys, from files or from the providers themselves.

mod fetch;
mod keys;

pub(crate) use keys::KnownKeys;
