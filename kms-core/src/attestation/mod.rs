//! Attestation documents of Nitro Enclaves and NitroTPM, and answers that only the attested one can
//! read. The format and every check are specified in `docs/spec/attestation.md`.
//!
//! An [`Attestation`] comes of [`verify`] alone: what an unverified document says cannot be read.

mod cbor;
mod document;
mod enveloped_data;
mod verify;

pub use crate::crypto::certificates::{RootFault, TrustedRoots};
pub use document::AttestationDocument;
pub use verify::{Attestation, FRESH_MILLISECONDS, Register, RegisterBank, verify};

use crate::crypto::certificates::ChainFault;

/// Why an attestation document is not believed; every word may be shown to whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not CBOR as the specification has it, or a member of another type, size or number.
    #[error("The attestation document is malformed.")]
    Malformed,
    /// A member that must be there is not.
    #[error("The attestation document has no {0}.")]
    Missing(&'static str),
    /// Another digest than `SHA384`.
    #[error("The attestation document has a digest other than SHA384.")]
    Digest,
    /// The chain of certificates.
    #[error("The certificate chain of the attestation document is not valid: {0}.")]
    Chain(#[from] ChainFault),
    /// The signature is not one of the certificate's key over the payload.
    #[error("The signature of the attestation document is not valid.")]
    Signature,
    /// Made too long ago, or later than now.
    #[error("The attestation document has expired or is not yet valid.")]
    NotFresh,
    /// The public key is none that an answer could be encrypted to.
    #[error(
        "The public key of the attestation document is not an RSA key of 2048, 3072 or 4096 bits."
    )]
    PublicKey,
}
