//! What an import token says, `docs/spec/key-import.md`.

use crate::api::{AlgorithmSpec, WrappingKeySpec};
use crate::ids::KeyArn;
use crate::secret::SecretBytes;
use crate::time::Timestamp;

const VERSION: u8 = 1;

/// The content of an import token: what unwraps a material, and for which key.
#[derive(Debug)]
pub struct ImportToken {
    /// The key that the material is for.
    pub key: KeyArn,
    /// How the material is wrapped.
    pub algorithm: AlgorithmSpec,
    /// What it is wrapped to.
    pub wrapping_key_spec: WrappingKeySpec,
    /// When the token is no longer taken.
    pub valid_to: Timestamp,
    /// PKCS#8 of the wrapping key pair.
    pub private_key: SecretBytes,
}

/// Bytes that are no import token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an import token")]
pub struct InvalidImportToken;

const fn algorithm_code(algorithm: AlgorithmSpec) -> u8 {
    match algorithm {
        AlgorithmSpec::RsaesPkcs1V15 => 1,
        AlgorithmSpec::RsaesOaepSha1 => 2,
        AlgorithmSpec::RsaesOaepSha256 => 3,
        AlgorithmSpec::RsaAesKeyWrapSha1 => 4,
        AlgorithmSpec::RsaAesKeyWrapSha256 => 5,
        AlgorithmSpec::Sm2pke => 6,
    }
}

const fn spec_code(spec: WrappingKeySpec) -> u8 {
    match spec {
        WrappingKeySpec::Rsa2048 => 1,
        WrappingKeySpec::Rsa3072 => 2,
        WrappingKeySpec::Rsa4096 => 3,
        WrappingKeySpec::Sm2 => 4,
    }
}

impl ImportToken {
    /// The content, to be sealed.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        let arn = self.key.to_string();
        // An ARN of a key is far shorter than 64 KiB; cut off it would parse as none.
        let length = u16::try_from(arn.len()).unwrap_or(u16::MAX);
        let private_key = self.private_key.expose();
        // Sized at once: growing would leave the private key behind in the memory given back.
        let mut bytes = Vec::with_capacity(13 + arn.len() + private_key.len());
        bytes.push(VERSION);
        bytes.push(algorithm_code(self.algorithm));
        bytes.push(spec_code(self.wrapping_key_spec));
        bytes.extend_from_slice(&self.valid_to.millis().to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(arn.as_bytes());
        bytes.extend_from_slice(private_key);
        SecretBytes::new(bytes)
    }

    /// Reads what [`ImportToken::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`InvalidImportToken`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidImportToken> {
        Self::read(bytes).ok_or(InvalidImportToken)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let ([version, algorithm, spec], rest) = bytes.split_first_chunk()?;
        let (valid_to, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (arn, private_key) = rest.split_at_checked(length)?;
        let arn = std::str::from_utf8(arn).ok()?;
        let key: KeyArn = arn.parse().ok()?;
        if *version != VERSION || key.to_string() != arn || private_key.is_empty() {
            return None;
        }
        Some(Self {
            key,
            algorithm: named(AlgorithmSpec::ALL, algorithm_code, *algorithm)?,
            wrapping_key_spec: named(WrappingKeySpec::ALL, spec_code, *spec)?,
            valid_to: Timestamp::from_millis(i64::from_be_bytes(*valid_to)),
            private_key: SecretBytes::new(private_key.to_vec()),
        })
    }
}

/// The value of the set that has that code.
fn named<T: Copy>(all: &[T], code: fn(T) -> u8, asked: u8) -> Option<T> {
    all.iter().copied().find(|value| code(*value) == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> ImportToken {
        ImportToken {
            key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                .parse()
                .unwrap(),
            algorithm: AlgorithmSpec::RsaesOaepSha256,
            wrapping_key_spec: WrappingKeySpec::Rsa4096,
            valid_to: Timestamp::from_millis(1_800_000_000_123),
            private_key: SecretBytes::new(vec![0x30, 0x82]),
        }
    }

    #[test]
    fn a_token_reads_back_as_it_was() {
        for algorithm in AlgorithmSpec::ALL {
            for spec in WrappingKeySpec::ALL {
                let token = ImportToken {
                    algorithm: *algorithm,
                    wrapping_key_spec: *spec,
                    ..token()
                };
                let bytes = token.to_bytes();
                let read = ImportToken::parse(bytes.expose()).unwrap();
                assert_eq!(
                    (read.algorithm, read.wrapping_key_spec),
                    (*algorithm, *spec)
                );
                assert_eq!((read.key, read.valid_to), (token.key, token.valid_to));
                assert_eq!(read.private_key.expose(), token.private_key.expose());
            }
        }
    }

    #[test]
    fn bytes_that_are_no_token_are_refused() {
        let bytes = token().to_bytes();
        let bytes = bytes.expose();
        for length in 0..bytes.len() - 1 {
            assert!(ImportToken::parse(&bytes[..length]).is_err(), "{length}");
        }
        for (place, value) in [
            (0, 0),
            (0, 2),
            (1, 0),
            (1, 7),
            (2, 0),
            (2, 5),
            (12, 0),
            (13, 0xff),
        ] {
            let mut altered = bytes.to_vec();
            altered[place] = value;
            assert!(ImportToken::parse(&altered).is_err(), "{place} {value}");
        }
    }
}
