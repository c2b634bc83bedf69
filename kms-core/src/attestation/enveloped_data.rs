//! CMS `EnvelopedData` (RFC 5652 §6) in the very form of AWS KMS: BER with indefinite lengths, since
//! AWS's SDK for enclaves reads no other. `docs/spec/attestation.md` has it byte by byte.

use crate::api::EncryptionAlgorithm;
use crate::crypto::asymmetric::PublicKey;
use crate::crypto::random::{self, Random};
use crate::crypto::{Failed, cbc, digest};
use crate::secret::{Secret, SecretBytes};

/// `ContentInfo` of `id-envelopedData`, and in it `EnvelopedData` of version 2.
const HEAD: &[u8] =
    b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80\x30\x80\x02\x01\x02";

/// `KeyTransRecipientInfo`: version 2, the one with a `subjectKeyIdentifier` of 32 bytes.
const RECIPIENT: &[u8] = b"\x02\x01\x02\x80\x20";

/// `id-RSAES-OAEP` (RFC 8017 §A.2.1) with SHA-256 for the hash and for MGF1.
const OAEP_SHA_256: &[u8] = b"\x30\x3c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07\x30\x2f\
    \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\
    \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
    \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";

/// `EncryptedContentInfo` of `id-data`, with `aes256-CBC` up to the vector's 16 bytes.
const CONTENT: &[u8] = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\
    \x30\x1d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a\x04\x10";

/// `[0]` of the content, constructed and of indefinite length.
const CONTENT_OCTETS: &[u8] = b"\xa0\x80";

/// Ends the five values of indefinite length.
const TAIL: [u8; 10] = [0; 10];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTET_STRING: u8 = 0x04;

/// Encrypts `plaintext` under a new key, and that key to the owner of `public_key`, whose
/// `SubjectPublicKeyInfo` is `spki`.
///
/// # Errors
/// [`Failed`] when there is no randomness, or the key cannot encrypt.
pub(super) fn seal(
    public_key: &PublicKey,
    spki: &[u8],
    plaintext: &SecretBytes,
    random: &dyn Random,
) -> Result<Vec<u8>, Failed> {
    let key = Secret::try_build(|bytes| random.fill(bytes))?;
    let iv = random::array(random)?;
    let ciphertext = cbc::encrypt(&key, iv, plaintext.expose())?;
    let algorithm = EncryptionAlgorithm::RsaesOaepSha256;
    let encrypted_key = public_key.encrypt(algorithm, key.expose(), random)?;
    let recipient = [
        RECIPIENT,
        &digest::sha256(spki),
        OAEP_SHA_256,
        &element(OCTET_STRING, &encrypted_key)?,
    ]
    .concat();
    let recipients = element(SET, &element(SEQUENCE, &recipient)?)?;
    let octets = element(OCTET_STRING, &ciphertext)?;
    Ok([
        HEAD,
        &recipients,
        CONTENT,
        &iv,
        CONTENT_OCTETS,
        &octets,
        &TAIL,
    ]
    .concat())
}

/// A value of definite length, in as few bytes as DER asks for.
fn element(tag: u8, content: &[u8]) -> Result<Vec<u8>, Failed> {
    let length = u16::try_from(content.len()).map_err(|_| Failed)?;
    let [high, low] = length.to_be_bytes();
    let head: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    Ok([head, content].concat())
}

#[cfg(test)]
mod tests;
