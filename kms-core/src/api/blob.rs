//! Binary members: base64 in JSON, RFC 4648 §4, the standard alphabet with padding.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::secret::SecretBytes;

/// Binary data that is not secret, such as a ciphertext. `Debug` shows only the length.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(Vec<u8>);

/// Text that is not canonical base64; says nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not base64")]
pub struct InvalidBlob;

impl Blob {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Gives the bytes up.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
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

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Base64Text(|text: &str| {
            STANDARD.decode(text).map(Self).map_err(|_| InvalidBlob)
        }))
    }
}

/// Decodes a member straight into memory that is wiped; absent and `null` are `None`.
pub(super) fn optional_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretBytes>, D::Error> {
    struct Member(SecretBytes);

    impl<'de> Deserialize<'de> for Member {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer
                .deserialize_str(Base64Text(decode_secret))
                .map(Self)
        }
    }

    let member = Option::<Member>::deserialize(deserializer)?;
    Ok(member.map(|Member(secret)| secret))
}

/// As [`optional_secret`], of a member that has to be there.
pub(crate) fn required_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SecretBytes, D::Error> {
    deserializer.deserialize_str(Base64Text(decode_secret))
}

/// Encodes a secret through a buffer that is wiped.
pub(crate) fn secret<S: Serializer>(
    secret: &SecretBytes,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Zeroizing::new(STANDARD.encode(secret.expose())))
}

/// The length in characters of `length` bytes as base64.
pub(super) const fn encoded_length(length: usize) -> usize {
    length.div_ceil(3).saturating_mul(4)
}

/// Appends `bytes` as base64, without a buffer in between.
pub(super) fn append_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start.saturating_add(encoded_length(bytes.len())), b'=');
    let written = out
        .get_mut(start..)
        .map_or(0, |tail| STANDARD.encode_slice(bytes, tail).unwrap_or(0));
    out.truncate(start.saturating_add(written));
}

fn decode_secret(text: &str) -> Result<SecretBytes, InvalidBlob> {
    let padding = text.bytes().rev().take_while(|b| *b == b'=').count();
    let length = (text.len() / 4)
        .saturating_mul(3)
        .checked_sub(padding)
        .ok_or(InvalidBlob)?;
    SecretBytes::try_build(length, |bytes| match STANDARD.decode_slice(text, bytes) {
        Ok(written) if written == length => Ok(()),
        _ => Err(InvalidBlob),
    })
}

struct Base64Text<F>(F);

impl<T, F: FnOnce(&str) -> Result<T, InvalidBlob>> Visitor<'_> for Base64Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Vec<u8>, InvalidBlob> {
        decode_secret(text).map(|secret| secret.expose().to_vec())
    }

    #[test]
    fn base64_of_every_remainder_decodes_into_the_secret() {
        for text in ["", "YQ==", "YWI=", "YWJj", "YWJjZA=="] {
            let bytes = decode(text).unwrap();
            let mut out = Vec::new();
            append_base64(&mut out, &bytes);
            assert_eq!(out, text.as_bytes());
        }
    }

    #[test]
    fn only_canonical_base64_is_taken() {
        for text in [
            "YQ", "YQ=", "YR==", "YWJ", "YWJj\n", " YWJj", "YW-_", "====", "=", "Y===", "YQ==YQ==",
        ] {
            assert_eq!(decode(text), Err(InvalidBlob), "{text}");
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<Blob>(&json).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_tells_nothing_of_the_content() {
        let error = serde_json::from_str::<Blob>("\"c2VjcmV0IQ\"").unwrap_err();
        assert!(!error.to_string().contains("c2V"), "{error}");
    }

    #[test]
    fn a_blob_prints_only_its_length() {
        assert_eq!(format!("{:?}", Blob::from(vec![1, 2])), "Blob(2 bytes)");
    }
}
