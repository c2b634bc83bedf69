//! The root key: what guards it, what it derives, and the barrier that seals every record.
//!
//! Specified in `docs/spec/key-hierarchy.md` and `docs/spec/sealed-record.md`.

pub mod barrier;
pub mod durable;
pub mod kind;
pub mod private_file;
pub mod ring;
pub mod seal;

pub use barrier::{
    Barrier, BarrierError, OpenedSession, Place, RecordSeal, SESSION_OVERHEAD, SealedSession,
    SecretPlace, TokenPurpose,
};
pub use kind::RecordKind;
pub use ring::{RingError, RootKeyRing};
pub use seal::{SealError, SealProvider};

/// The identity of one store, drawn at random when it is created.
pub type StoreId = [u8; 16];

/// Fields as one byte string that no other list of fields makes: each as length(4) ‖ bytes.
fn bind(fields: &[&[u8]]) -> Result<Vec<u8>, crate::crypto::Failed> {
    let mut bound = Vec::with_capacity(fields.iter().map(|field| field.len() + 4).sum());
    for field in fields {
        let length = u32::try_from(field.len()).map_err(|_| crate::crypto::Failed)?;
        bound.extend_from_slice(&length.to_be_bytes());
        bound.extend_from_slice(field);
    }
    Ok(bound)
}
