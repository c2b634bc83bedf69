//! HKDF, RFC 5869.

use std::fmt;

use hkdf::Hkdf;
use sha2::{Sha256, Sha384, Sha512};

use super::Failed;
use crate::secret::Secret;

/// A pseudorandom key of HKDF-SHA256, ready to expand: both halves of its HMAC are kept prepared.
pub struct Prk(Hkdf<Sha256>);

impl fmt::Debug for Prk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prk(…)")
    }
}

impl Prk {
    /// HKDF-Extract with an empty salt from uniformly random key material.
    #[must_use]
    pub fn extract(input_key_material: &[u8]) -> Self {
        Self(Hkdf::new(None, input_key_material))
    }

    /// HKDF-Extract with a salt.
    #[must_use]
    pub fn extract_salted(salt: &[u8], input_key_material: &[u8]) -> Self {
        Self(Hkdf::new(Some(salt), input_key_material))
    }

    /// HKDF-Expand to `N` bytes; `info` is the concatenation of `info_parts`.
    ///
    /// # Errors
    /// [`Failed`] when `N` is over 8160.
    pub fn expand<const N: usize>(&self, info_parts: &[&[u8]]) -> Result<Secret<N>, Failed> {
        Secret::try_build(|bytes| {
            self.0
                .expand_multi_info(info_parts, bytes)
                .map_err(|_| Failed)
        })
    }
}

/// The hash under an HKDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HkdfHash {
    /// HKDF-SHA256.
    Sha256,
    /// HKDF-SHA384.
    Sha384,
    /// HKDF-SHA512.
    Sha512,
}

/// HKDF-Extract and one HKDF-Expand per output, for formats that fix the hash.
///
/// `salt` is used as given; an absent salt of RFC 5869 is a string of zeros of the hash's length.
/// `outputs` are pairs of info and the bytes to fill.
///
/// # Errors
/// [`Failed`] when an output is longer than 255 hash lengths.
pub fn hkdf(
    hash: HkdfHash,
    salt: &[u8],
    input_key_material: &[u8],
    outputs: &mut [(&[u8], &mut [u8])],
) -> Result<(), Failed> {
    macro_rules! derive {
        ($hash:ty) => {{
            let prk = Hkdf::<$hash>::new(Some(salt), input_key_material);
            for (info, output) in outputs {
                prk.expand(info, output).map_err(|_| Failed)?;
            }
        }};
    }
    match hash {
        HkdfHash::Sha256 => derive!(Sha256),
        HkdfHash::Sha384 => derive!(Sha384),
        HkdfHash::Sha512 => derive!(Sha512),
    }
    Ok(())
}
