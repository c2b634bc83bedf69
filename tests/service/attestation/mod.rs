//! `Recipient`: documents that are believed and documents that are not, policies on registers, and
//! answers that the attested one alone can read.

mod answers;
mod authority;
mod chains;
mod documents;
mod policies;
mod vectors;

use std::sync::LazyLock;

use kms_core::attestation::{Attestation, Refusal, verify};
use kms_core::crypto::asymmetric::{NewKeyPair, generate};

use super::*;
use authority::{Link, chain};

/// The key pair inside the enclave.
static ENCLAVE: LazyLock<NewKeyPair> =
    LazyLock::new(|| generate(KeySpec::Rsa2048, &SystemRandom).unwrap());

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A root and a signer of documents, made once.
static CHAIN: LazyLock<(Link, Link)> = LazyLock::new(chain);

fn verified(document: &[u8]) -> Result<Attestation, Refusal> {
    verify(document, &CHAIN.0.trusted(), NOW)
}

fn recipient(document: Vec<u8>) -> Option<RecipientInfo> {
    Some(RecipientInfo {
        key_encryption_algorithm: Some("RSAES_OAEP_SHA_256".to_owned()),
        attestation_document: Some(document.into()),
    })
}

/// A good document of this very moment.
fn attested() -> Option<RecipientInfo> {
    recipient(CHAIN.1.document(&ENCLAVE.public))
}

impl Fixture {
    /// An engine that believes the documents of the chain.
    fn trusting() -> Self {
        let mut fixture = Self::new();
        fixture.engine = None;
        let mut options = options(fixture.directory.path(), &fixture.clock);
        options.attestation_roots = CHAIN.0.trusted();
        fixture.engine = Some(Engine::open(options).unwrap());
        fixture
    }
}
