//! Keys as such: what a key is, which state it is in, its materials, its rotation.
//!
//! Pure: nothing here knows where a key is stored or who asks for it.

mod alias;
mod base64_bytes;
mod import;
mod import_token;
mod index;
mod key;
mod kind;
mod material;
mod multi_region;
mod rotation;
mod state;

pub use alias::Alias;
pub use import::{Import, Imported, NamingSalt};
pub use import_token::{ImportToken, InvalidImportToken};
pub use index::KeyIndex;
pub use key::{ExternalKey, Key};
pub use kind::KeyKind;
pub use material::{BackingKey, KeyMaterial, public_material_id, secret_material_id};
pub use multi_region::OfReplica;
pub use rotation::{AutomaticRotation, RotationCause};
pub use state::Lifecycle;
