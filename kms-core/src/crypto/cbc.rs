//! AES-256-CBC (SP 800-38A §6.2) with the padding of RFC 5652 §6.3: for CMS alone, which other
//! parties read. It authenticates nothing.

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use super::Failed;
use crate::secret::Secret;

/// Length of an initialisation vector in bytes.
pub const IV_LENGTH: usize = 16;

/// Encrypts: the ciphertext is 1 to 16 bytes longer than the plaintext.
///
/// The caller answers for an unpredictable `iv`.
///
/// # Errors
/// [`Failed`] when the library refuses.
pub fn encrypt(key: &Secret<32>, iv: [u8; IV_LENGTH], plaintext: &[u8]) -> Result<Vec<u8>, Failed> {
    // Grown to its length before the plaintext is in it: growing would leave a copy behind.
    let mut in_out = Vec::with_capacity(plaintext.len().saturating_add(IV_LENGTH));
    in_out.extend_from_slice(plaintext);
    let key = UnboundCipherKey::new(&AES_256, key.expose()).map_err(|_| Failed)?;
    PaddedBlockEncryptingKey::cbc_pkcs7(key)
        .and_then(|key| {
            let context = EncryptionContext::Iv128(FixedLength::from(iv));
            key.less_safe_encrypt(&mut in_out, context)
        })
        .map_err(|_| Failed)?;
    Ok(in_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SP 800-38A §F.2.5, first block; the second is the padding's.
    #[test]
    fn a_block_is_encrypted_as_the_standard_has_it() {
        let key = *b"\x60\x3d\xeb\x10\x15\xca\x71\xbe\x2b\x73\xae\xf0\x85\x7d\x77\x81\
            \x1f\x35\x2c\x07\x3b\x61\x08\xd7\x2d\x98\x10\xa3\x09\x14\xdf\xf4";
        let iv = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let plaintext = b"\x6b\xc1\xbe\xe2\x2e\x40\x9f\x96\xe9\x3d\x7e\x11\x73\x93\x17\x2a";
        let ciphertext = encrypt(&Secret::build(|room| *room = key), iv, plaintext).unwrap();
        assert_eq!(
            ciphertext[..16],
            *b"\xf5\x8c\x4c\x04\xd6\xe5\xf1\xba\x77\x9e\xab\xfb\x5f\x7b\xfb\xd6"
        );
        assert_eq!(ciphertext.len(), 32);
    }
}
