//! AES-GCM with 96-bit nonces and 128-bit tags, NIST SP 800-38D.

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::Failed;

/// Length of a nonce in bytes.
pub const NONCE_LENGTH: usize = 12;
/// Length of a tag in bytes.
pub const TAG_LENGTH: usize = 16;

/// An expanded AES-GCM key of 128, 192 or 256 bits.
///
/// The caller answers for never sealing two messages under the same nonce.
pub struct AesGcm(LessSafeKey);

impl fmt::Debug for AesGcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesGcm(…)")
    }
}

impl AesGcm {
    /// Expands a key of 16, 24 or 32 bytes.
    ///
    /// # Errors
    /// [`Failed`] for any other length.
    pub fn new(key: &[u8]) -> Result<Self, Failed> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return Err(Failed),
        };
        let key = UnboundKey::new(algorithm, key).map_err(|_| Failed)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Encrypts `in_out` in place and returns the tag.
    ///
    /// # Errors
    /// [`Failed`] when the message is longer than AES-GCM allows.
    pub fn seal_in_place(
        &self,
        nonce: [u8; NONCE_LENGTH],
        aad: &[u8],
        in_out: &mut [u8],
    ) -> Result<[u8; TAG_LENGTH], Failed> {
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), in_out)
            .map_err(|_| Failed)?;
        tag.as_ref().try_into().map_err(|_| Failed)
    }

    /// Encrypts the whole of `in_out` and appends the tag.
    ///
    /// # Errors
    /// [`Failed`] when the message is longer than AES-GCM allows.
    pub fn seal(
        &self,
        nonce: [u8; NONCE_LENGTH],
        aad: &[u8],
        in_out: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        let tag = self.seal_in_place(nonce, aad, in_out)?;
        in_out.extend_from_slice(&tag);
        Ok(())
    }

    /// Checks `tag` and decrypts `ciphertext` into `plaintext`, which has the same length.
    ///
    /// # Errors
    /// [`Failed`] when the tag does not fit or the lengths differ; `plaintext` then holds nothing
    /// of use.
    pub fn open_into(
        &self,
        nonce: [u8; NONCE_LENGTH],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_LENGTH],
        plaintext: &mut [u8],
    ) -> Result<(), Failed> {
        if ciphertext.len() != plaintext.len() {
            return Err(Failed);
        }
        self.0
            .open_separate_gather(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                ciphertext,
                tag,
                plaintext,
            )
            .map_err(|_| Failed)
    }

    /// Checks the tag that ends `in_out`, decrypts what stands before it in place and returns that
    /// part.
    ///
    /// # Errors
    /// [`Failed`] when the tag does not fit; `in_out` then holds nothing of use.
    pub fn open<'a>(
        &self,
        nonce: [u8; NONCE_LENGTH],
        aad: &[u8],
        in_out: &'a mut [u8],
    ) -> Result<&'a mut [u8], Failed> {
        self.0
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), in_out)
            .map_err(|_| Failed)
    }
}
