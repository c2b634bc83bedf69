//! The algorithm suites of the message format.

use super::error::DecryptError;
use crate::crypto::kdf::HkdfHash;
use crate::crypto::sign::EcdsaAlgorithm;

/// The version of the message format that a suite belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageVersion {
    /// Version 1: a 16-byte message id, no commitment.
    V1,
    /// Version 2: a 32-byte message id, key commitment.
    V2,
}

impl MessageVersion {
    /// Length of the message id in bytes.
    #[must_use]
    pub fn message_id_length(self) -> usize {
        match self {
            Self::V1 => 16,
            Self::V2 => 32,
        }
    }
}

/// How the key that encrypts the frames comes from the data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Derivation {
    /// The data key itself encrypts.
    None,
    /// HKDF of version 1, with a zero salt and the message id in the info.
    Hkdf(HkdfHash),
    /// HKDF-SHA512 of version 2, with the message id as salt and a commitment beside the key.
    Committing,
}

/// An algorithm suite: AES-GCM with a 12-byte nonce and a 16-byte tag, and what stands around it.
///
/// Only [`AlgorithmSuite::COMMITTING`] and [`AlgorithmSuite::COMMITTING_SIGNED`] are written; all
/// eleven are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmSuite {
    id: u16,
    version: MessageVersion,
    key_length: usize,
    derivation: Derivation,
    signature: Option<EcdsaAlgorithm>,
}

const P256: Option<EcdsaAlgorithm> = Some(EcdsaAlgorithm::P256Sha256);
const P384: Option<EcdsaAlgorithm> = Some(EcdsaAlgorithm::P384Sha384);

const fn v1(
    id: u16,
    key_length: usize,
    derivation: Derivation,
    signature: Option<EcdsaAlgorithm>,
) -> AlgorithmSuite {
    AlgorithmSuite {
        id,
        version: MessageVersion::V1,
        key_length,
        derivation,
        signature,
    }
}

const fn v2(id: u16, signature: Option<EcdsaAlgorithm>) -> AlgorithmSuite {
    AlgorithmSuite {
        id,
        version: MessageVersion::V2,
        key_length: 32,
        derivation: Derivation::Committing,
        signature,
    }
}

const SUITES: [AlgorithmSuite; 11] = [
    AlgorithmSuite::COMMITTING_SIGNED,
    AlgorithmSuite::COMMITTING,
    v1(0x0378, 32, Derivation::Hkdf(HkdfHash::Sha384), P384),
    v1(0x0346, 24, Derivation::Hkdf(HkdfHash::Sha384), P384),
    v1(0x0214, 16, Derivation::Hkdf(HkdfHash::Sha256), P256),
    v1(0x0178, 32, Derivation::Hkdf(HkdfHash::Sha256), None),
    v1(0x0146, 24, Derivation::Hkdf(HkdfHash::Sha256), None),
    v1(0x0114, 16, Derivation::Hkdf(HkdfHash::Sha256), None),
    v1(0x0078, 32, Derivation::None, None),
    v1(0x0046, 24, Derivation::None, None),
    v1(0x0014, 16, Derivation::None, None),
];

impl AlgorithmSuite {
    /// AES-256-GCM, HKDF-SHA512, key commitment, no signature: what is written unless a signature
    /// is asked for.
    pub const COMMITTING: Self = v2(0x0478, None);
    /// The same with a signature, ECDSA on P-384 with SHA-384.
    pub const COMMITTING_SIGNED: Self = v2(0x0578, P384);

    /// The suite with this id.
    ///
    /// # Errors
    /// [`DecryptError::Unsupported`] for an id that no suite has.
    pub(super) fn from_id(id: u16) -> Result<Self, DecryptError> {
        SUITES
            .into_iter()
            .find(|suite| suite.id == id)
            .ok_or(DecryptError::Unsupported("algorithm suite"))
    }

    /// The id in the header.
    #[must_use]
    pub fn id(self) -> u16 {
        self.id
    }

    /// The version of the message format.
    #[must_use]
    pub fn version(self) -> MessageVersion {
        self.version
    }

    /// Length in bytes of the data key, and of the key that encrypts the frames.
    #[must_use]
    pub fn key_length(self) -> usize {
        self.key_length
    }

    /// Whether the message commits to its data key, so that it opens to one plaintext only.
    #[must_use]
    pub fn commits_to_key(self) -> bool {
        self.derivation == Derivation::Committing
    }

    /// Whether the key that encrypts the frames is derived for each message, so that several
    /// messages can have one data key.
    pub(super) fn derives_a_key(self) -> bool {
        self.derivation != Derivation::None
    }

    /// The signature at the end of the message, if the suite has one.
    #[must_use]
    pub fn signature(self) -> Option<EcdsaAlgorithm> {
        self.signature
    }

    pub(super) fn derivation(self) -> Derivation {
        self.derivation
    }
}
