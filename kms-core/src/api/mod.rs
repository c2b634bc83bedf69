//! AWS's contract as types: the operations, their requests and responses, the error codes and
//! the limits. Pure; what a request may ask is here, what it does is in `service`.

mod aliases;
mod asymmetric;
mod blob;
mod cryptographic;
mod custom_key_stores;
mod data_key_pairs;
mod error_code;
mod grants;
mod import;
mod keys;
pub mod limits;
mod mac;
mod message;
mod multi_region;
mod object_writer;
mod operation;
pub mod organizations;
mod policies;
pub mod query;
mod rotation;
mod tags;
mod usage;
mod validation;
mod values;

pub use aliases::*;
pub use asymmetric::*;
pub use blob::{Blob, InvalidBlob};
pub(crate) use blob::{required_secret, secret as write_secret};
pub use cryptographic::*;
pub use custom_key_stores::*;
pub use data_key_pairs::*;
pub use error_code::ErrorCode;
pub use grants::*;
pub use import::*;
pub use keys::*;
pub use mac::*;
pub(crate) use message::object;
pub use message::{
    EncodeError, EncryptionContextMap, MalformedRequest, Request, Response, parse, parse_object,
};
pub(crate) use message::{empty_response, epoch_seconds, optional_epoch_seconds};
pub use multi_region::*;
pub use operation::{Operation, Resource, TARGET_PREFIX};
pub use organizations::{ConstraintReason, InputReason, OrganizationsCode};
pub use policies::*;
pub use rotation::*;
pub use tags::*;
pub use usage::*;
pub use validation::ValidationErrors;
pub use values::*;
