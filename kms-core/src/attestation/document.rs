//! The signed document and what it says, before anything of it is believed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Refusal;
use super::cbor::Reader;
use super::verify::RegisterBank;
use crate::crypto::certificates::P384_SIGNATURE_LENGTH;

/// The protected header, `{1: -35}`: ES384 and nothing else.
pub(super) const PROTECTED: [u8; 4] = [0xa1, 0x01, 0x38, 0x22];

/// Most bytes of the payload.
const PAYLOAD: usize = 16_384;

/// Most bytes of a certificate, and of each of the members that the attested one chooses.
const MEMBER: usize = 1024;

/// Most bytes of `module_id`.
const MODULE_ID: usize = 256;

/// Most certificates in `cabundle`: the root and six, as many as `rustls-webpki` follows.
const BUNDLE: u64 = 7;

/// How many registers there can be.
const REGISTERS: u64 = 32;

/// The parts of an attestation document, read and checked for their form. Nothing of it is true
/// until [`verify`](super::verify) says so.
pub struct AttestationDocument<'a> {
    pub(super) payload: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) claims: Claims<'a>,
}

impl std::fmt::Debug for AttestationDocument<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttestationDocument(unverified)")
    }
}

/// The members of the payload.
pub(super) struct Claims<'a> {
    pub(super) module_id: &'a str,
    /// Milliseconds since 1970.
    pub(super) timestamp: u64,
    pub(super) bank: RegisterBank,
    pub(super) registers: BTreeMap<u8, &'a [u8]>,
    pub(super) certificate: &'a [u8],
    pub(super) bundle: Vec<&'a [u8]>,
    pub(super) public_key: &'a [u8],
}

impl<'a> AttestationDocument<'a> {
    /// Reads the `COSE_Sign1` (RFC 9052 §4.2) and its payload.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::Missing`], [`Refusal::Digest`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        reader.cose_sign1_tag()?;
        let parts = reader.array()?;
        let protected = reader.bytes(PROTECTED.len()..=PROTECTED.len())?;
        let unprotected = reader.map()?;
        let payload = reader.bytes(1..=PAYLOAD)?;
        let signature = reader.bytes(P384_SIGNATURE_LENGTH..=P384_SIGNATURE_LENGTH)?;
        reader.end()?;
        if parts != 4 || protected != PROTECTED || unprotected != 0 {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            payload,
            signature,
            claims: Claims::parse(payload)?,
        })
    }
}

/// Members as they come, in any order, each at most once.
#[derive(Default)]
struct Members<'a> {
    module_id: Option<&'a str>,
    digest: Option<&'a str>,
    timestamp: Option<u64>,
    enclave: Option<BTreeMap<u8, &'a [u8]>>,
    nitro_tpm: Option<BTreeMap<u8, &'a [u8]>>,
    certificate: Option<&'a [u8]>,
    bundle: Option<Vec<&'a [u8]>>,
    // The outer option tells that the member came, the inner one that it is not null.
    public_key: Option<Option<&'a [u8]>>,
    user_data: Option<Option<&'a [u8]>>,
    nonce: Option<Option<&'a [u8]>>,
}

impl<'a> Claims<'a> {
    fn parse(payload: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(payload);
        let mut members = Members::default();
        for _ in 0..reader.map()? {
            members.read(&mut reader)?;
        }
        reader.end()?;
        members.complete()
    }
}

impl<'a> Members<'a> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Refusal> {
        match reader.text(1..=MODULE_ID)? {
            "module_id" => once(&mut self.module_id, reader.text(1..=MODULE_ID)?),
            "digest" => once(&mut self.digest, reader.text(1..=MODULE_ID)?),
            "timestamp" => once(&mut self.timestamp, reader.unsigned()?),
            "pcrs" => once(&mut self.enclave, registers(reader)?),
            "nitrotpm_pcrs" => once(&mut self.nitro_tpm, registers(reader)?),
            "certificate" => once(&mut self.certificate, reader.bytes(1..=MEMBER)?),
            "cabundle" => once(&mut self.bundle, bundle(reader)?),
            "public_key" => once(&mut self.public_key, optional(reader)?),
            "user_data" => once(&mut self.user_data, optional(reader)?),
            "nonce" => once(&mut self.nonce, optional(reader)?),
            // Nothing that is signed is passed over.
            _ => Err(Refusal::Malformed),
        }
    }

    fn complete(self) -> Result<Claims<'a>, Refusal> {
        if self.digest.ok_or(Refusal::Missing("digest"))? != "SHA384" {
            return Err(Refusal::Digest);
        }
        let (bank, registers) = match (self.enclave, self.nitro_tpm) {
            (Some(registers), None) => (RegisterBank::Enclave, registers),
            (None, Some(registers)) => (RegisterBank::NitroTpm, registers),
            (None, None) => return Err(Refusal::Missing("pcrs")),
            (Some(_), Some(_)) => return Err(Refusal::Malformed),
        };
        let public_key = self.public_key.flatten();
        Ok(Claims {
            module_id: self.module_id.ok_or(Refusal::Missing("module_id"))?,
            timestamp: self.timestamp.ok_or(Refusal::Missing("timestamp"))?,
            bank,
            registers,
            certificate: self.certificate.ok_or(Refusal::Missing("certificate"))?,
            bundle: self.bundle.ok_or(Refusal::Missing("cabundle"))?,
            public_key: public_key.ok_or(Refusal::Missing("public_key"))?,
        })
    }
}

fn once<T>(member: &mut Option<T>, value: T) -> Result<(), Refusal> {
    match member.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::Malformed),
    }
}

/// What the attested one may leave out: real documents have `null` there.
fn optional<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Refusal> {
    if reader.null()? {
        return Ok(None);
    }
    reader.bytes(0..=MEMBER).map(Some)
}

fn registers<'a>(reader: &mut Reader<'a>) -> Result<BTreeMap<u8, &'a [u8]>, Refusal> {
    let count = reader.map()?;
    if !(1..=REGISTERS).contains(&count) {
        return Err(Refusal::Malformed);
    }
    let mut registers = BTreeMap::new();
    for _ in 0..count {
        let index = reader.unsigned()?;
        let value = reader.bytes(32..=64)?;
        if index >= REGISTERS || !matches!(value.len(), 32 | 48 | 64) {
            return Err(Refusal::Malformed);
        }
        let index = u8::try_from(index).map_err(|_| Refusal::Malformed)?;
        match registers.entry(index) {
            Entry::Vacant(place) => place.insert(value),
            Entry::Occupied(_) => return Err(Refusal::Malformed),
        };
    }
    Ok(registers)
}

fn bundle<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, Refusal> {
    let count = reader.array()?;
    if !(1..=BUNDLE).contains(&count) {
        return Err(Refusal::Malformed);
    }
    (0..count).map(|_| reader.bytes(1..=MEMBER)).collect()
}
