//! Bytes that must not be seen: wiped on drop, never printed, cloned, compared or serialised.

use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` secret bytes on the heap, so that a move copies a pointer and never the secret.
///
/// There is no `Clone`, `PartialEq`, `Serialize` or readable `Debug`; [`Secret::expose`] is the
/// only exit.
///
/// ```compile_fail,E0369
/// let a = kms_core::secret::Secret::<32>::build(|_| ());
/// let b = kms_core::secret::Secret::<32>::build(|_| ());
/// let _ = a == b;
/// ```
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Makes the secret in its final place; `fill` sees zeros.
    pub fn build(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut bytes = Box::new([0; N]);
        fill(&mut bytes);
        Self(bytes)
    }

    /// Like [`Secret::build`], for a maker that can fail; what it wrote is wiped then.
    pub fn try_build<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(Box::new([0; N]));
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// Copies exactly `N` bytes out of `bytes`; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self(Box::new([0; N]));
        if bytes.len() != N {
            return None;
        }
        secret.0.copy_from_slice(bytes);
        Some(secret)
    }

    /// The bytes. Do not copy them into anything that is not wiped.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(…)")
    }
}

/// Secret bytes of a length known only at run time: a customer's plaintext, a passphrase.
///
/// The whole capacity is wiped on drop. Growing it would leave a copy behind, so it has no way
/// to grow.
///
/// ```compile_fail,E0369
/// let _ = kms_core::secret::SecretBytes::new(vec![]) == kms_core::secret::SecretBytes::new(vec![]);
/// ```
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over; they are wiped with this value.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// `length` zeros, then filled in place.
    pub fn try_build<E>(
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut secret = Self(vec![0; length]);
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// The bytes. Do not copy them into anything that is not wiped.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

/// Secret text: a secret access key. Wiped on drop, never printed.
pub struct SecretText(String);

impl SecretText {
    /// Takes the text over; it is wiped with this value.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text. Do not copy it into anything that is not wiped.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// A working buffer that plaintext passes through many times: reused without being cleared, wiped
/// once, on drop.
///
/// The wipe is a word-wise fill behind a compiler barrier, which for buffers of this size costs a
/// small part of a byte-wise one.
pub struct SecretBuffer(Vec<u8>);

impl SecretBuffer {
    /// `length` zeros.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self(vec![0; length])
    }

    /// The bytes. Do not copy them into anything that is not wiped.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be filled or changed in place.
    pub fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for SecretBuffer {
    fn drop(&mut self) {
        self.0.fill(0);
        zeroize::optimization_barrier(self.0.as_slice());
    }
}

impl ZeroizeOnDrop for SecretBuffer {}

impl fmt::Debug for SecretBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBuffer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_its_bytes() {
        let secret = Secret::<4>::build(|bytes| *bytes = *b"abcd");
        assert_eq!(format!("{secret:?}"), "Secret<4>(…)");
        assert_eq!(
            format!("{:?}", SecretBytes::new(b"abcd".to_vec())),
            "SecretBytes(…)"
        );
    }

    #[test]
    fn a_secret_takes_only_its_own_length() {
        assert!(Secret::<4>::from_slice(b"abc").is_none());
        assert_eq!(Secret::<4>::from_slice(b"abcd").unwrap().expose(), b"abcd");
    }
}
