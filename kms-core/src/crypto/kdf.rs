//! HKDF, RFC 5869.

use std::fmt;

use hkdf::Hkdf;
use sha2::{Sha256, Sha384, Sha512};

use super::Failed;
use super::mac::HmacSha256;
use crate::secret::Secret;

/// A pseudorandom key of HKDF-SHA256, ready to expand: both halves of its HMAC are kept prepared.
pub struct Prk(HmacSha256);

impl fmt::Debug for Prk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prk(…)")
    }
}

impl Prk {
    /// HKDF-Extract with an empty salt from uniformly random key material.
    #[must_use]
    pub fn extract(input_key_material: &[u8]) -> Self {
        let salt = HmacSha256::new(&[0; HASH]);
        let prk = Secret::<HASH>::build(|prk| *prk = salt.tag(&[input_key_material]));
        Self(HmacSha256::new(prk.expose()))
    }

    /// HKDF-Expand to `N` bytes; `info` is the concatenation of at most [`MAX_INFO_PARTS`]
    /// `info_parts`.
    ///
    /// This is the cost of every message's own key, so that it runs on the prepared HMAC of the
    /// fastest library and not on a generic one.
    ///
    /// # Errors
    /// [`Failed`] when `N` is over 8160, or for more parts.
    pub fn expand<const N: usize>(&self, info_parts: &[&[u8]]) -> Result<Secret<N>, Failed> {
        if info_parts.len() > MAX_INFO_PARTS {
            return Err(Failed);
        }
        Secret::try_build(|output| {
            let mut block = Secret::<HASH>::build(|_| ());
            for (index, chunk) in output.chunks_mut(HASH).enumerate() {
                let counter = u8::try_from(index.saturating_add(1)).map_err(|_| Failed)?;
                block = self.block(index, &block, info_parts, counter);
                let (bytes, _) = block.expose().split_at_checked(chunk.len()).ok_or(Failed)?;
                chunk.copy_from_slice(bytes);
            }
            Ok(())
        })
    }

    /// `T(index + 1) = HMAC(PRK, T(index) ‖ info ‖ counter)`, where `T(0)` is empty.
    fn block(
        &self,
        index: usize,
        previous: &Secret<HASH>,
        info_parts: &[&[u8]],
        counter: u8,
    ) -> Secret<HASH> {
        let previous: &[u8] = if index == 0 { &[] } else { previous.expose() };
        let counter = [counter];
        let mut parts: [&[u8]; MAX_INFO_PARTS + 2] = [&[]; MAX_INFO_PARTS + 2];
        let all = [previous]
            .into_iter()
            .chain(info_parts.iter().copied())
            .chain([&counter[..]]);
        for (slot, part) in parts.iter_mut().zip(all) {
            *slot = part;
        }
        Secret::build(|block| *block = self.0.tag(&parts))
    }
}

/// The length of a SHA-256 digest.
const HASH: usize = 32;
/// The largest number of parts of an info.
pub const MAX_INFO_PARTS: usize = 4;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_prepared_expansion_is_that_of_rfc_5869(
            key in prop::collection::vec(any::<u8>(), 0..80),
            info in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70), 0..=MAX_INFO_PARTS),
        ) {
            let parts: Vec<&[u8]> = info.iter().map(Vec::as_slice).collect();
            let reference = Hkdf::<Sha256>::new(None, &key);
            let mut expected = [0; 97];
            reference.expand(&info.concat(), &mut expected).unwrap();
            let ours = Prk::extract(&key).expand::<97>(&parts).unwrap();
            prop_assert_eq!(ours.expose(), &expected);
        }
    }
}
