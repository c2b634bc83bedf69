//! From a document to an [`Attestation`]: everything is verified, or nothing is said.

use std::collections::BTreeMap;
use std::fmt;

use minicbor::Encoder;

use super::document::{AttestationDocument, PROTECTED};
use super::{Refusal, TrustedRoots, enveloped_data};
use crate::api::KeySpec;
use crate::crypto::Failed;
use crate::crypto::asymmetric::PublicKey;
use crate::crypto::certificates::verify_chain;
use crate::crypto::random::Random;
use crate::secret::SecretBytes;
use crate::time::Timestamp;

/// How far the time of a document may be from now, in milliseconds, before or after: AWS takes
/// documents for five minutes.
pub const FRESH_MILLISECONDS: i64 = 5 * 60 * 1000;

/// Which registers a document tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterBank {
    /// Those of a Nitro Enclave.
    Enclave,
    /// Those of the NitroTPM of an instance.
    NitroTpm,
}

/// A platform configuration register: its index, 0 to 31, and its value of 32, 48 or 64 bytes.
pub type Register<'a> = (u8, &'a [u8]);

/// What a verified document says.
pub struct Attestation {
    module_id: String,
    bank: RegisterBank,
    registers: BTreeMap<u8, Vec<u8>>,
    public_key: PublicKey,
    public_key_info: Vec<u8>,
}

impl fmt::Debug for Attestation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attestation")
            .field("module_id", &self.module_id)
            .field("bank", &self.bank)
            .finish_non_exhaustive()
    }
}

impl Attestation {
    /// The enclave, or the NitroTPM of an instance, that was attested.
    #[must_use]
    pub fn module_id(&self) -> &str {
        &self.module_id
    }

    /// Which registers these are.
    #[must_use]
    pub fn bank(&self) -> RegisterBank {
        self.bank
    }

    /// The value of a register, if the document has it.
    #[must_use]
    pub fn register(&self, index: u8) -> Option<&[u8]> {
        self.registers.get(&index).map(Vec::as_slice)
    }

    /// All registers of the document.
    pub fn registers(&self) -> impl Iterator<Item = Register<'_>> {
        let registers = self.registers.iter();
        registers.map(|(index, value)| (*index, value.as_slice()))
    }

    /// Encrypts an answer to the attested public key: CMS `EnvelopedData` (RFC 5652 §6).
    ///
    /// # Errors
    /// [`Failed`] when there is no randomness.
    pub fn encrypt(&self, plaintext: &SecretBytes, random: &dyn Random) -> Result<Vec<u8>, Failed> {
        let key = &self.public_key;
        enveloped_data::seal(key, &self.public_key_info, plaintext, random)
    }
}

/// Verifies a document at the time `now`: its form, its chain of certificates up to one of `roots`,
/// its signature, its age and its public key.
///
/// # Errors
/// [`Refusal`] says what is wrong first.
pub fn verify(bytes: &[u8], roots: &TrustedRoots, now: Timestamp) -> Result<Attestation, Refusal> {
    let document = AttestationDocument::parse(bytes)?;
    let claims = &document.claims;
    verify_chain(roots, &claims.bundle, claims.certificate, now)?
        .verify(&signed(document.payload), document.signature)
        .map_err(|_| Refusal::Signature)?;
    let made = i64::try_from(claims.timestamp).map_err(|_| Refusal::NotFresh)?;
    if now.millis().abs_diff(made) > FRESH_MILLISECONDS.unsigned_abs() {
        return Err(Refusal::NotFresh);
    }
    let registers = claims.registers.iter();
    Ok(Attestation {
        module_id: claims.module_id.to_owned(),
        bank: claims.bank,
        registers: registers
            .map(|(index, value)| (*index, value.to_vec()))
            .collect(),
        public_key: public_key(claims.public_key)?,
        public_key_info: claims.public_key.to_vec(),
    })
}

/// What is signed: the `Sig_structure` of RFC 9052 §4.4 without external data.
fn signed(payload: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::with_capacity(payload.len().saturating_add(32)));
    // Writing to memory cannot fail; were it to, the signature would not verify.
    let written = encoder
        .array(4)
        .and_then(|encoder| encoder.str("Signature1"))
        .and_then(|encoder| encoder.bytes(&PROTECTED))
        .and_then(|encoder| encoder.bytes(&[]))
        .and_then(|encoder| encoder.bytes(payload))
        .is_ok();
    let bytes = encoder.into_writer();
    if written { bytes } else { Vec::new() }
}

fn public_key(spki: &[u8]) -> Result<PublicKey, Refusal> {
    [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096]
        .into_iter()
        .find_map(|spec| PublicKey::open(spec, spki).ok())
        .ok_or(Refusal::PublicKey)
}
