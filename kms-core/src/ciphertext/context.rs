//! The encryption context: pairs of text that are authenticated with a ciphertext.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

use serde::{Deserialize, Serialize};

/// Pairs of text bound to a ciphertext: public, and needed unchanged to decrypt.
///
/// Ordered by the UTF-8 bytes of the keys, so that one context has one serialised form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EncryptionContext(BTreeMap<String, String>);

/// Bytes that are not the serialised form of an encryption context, or pairs that have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidContext {
    /// A key, a value, the count or the whole exceeds 65,535.
    #[error("the encryption context is too large")]
    TooLarge,
    /// The bytes are not in the one form that the writer writes.
    #[error("the encryption context is malformed")]
    Malformed,
}

/// The largest serialised form in bytes.
const MAX_SERIALISED: usize = 0xffff;

impl EncryptionContext {
    /// No pairs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pair; returns the value that the key had before.
    pub fn insert(&mut self, key: String, value: String) -> Option<String> {
        self.0.insert(key, value)
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// The pairs in the order of their keys' UTF-8 bytes.
    pub fn iter(&self) -> Iter<'_, String, String> {
        self.0.iter()
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The form of the AWS Encryption SDK: nothing for no pairs, else `count(2)` and per pair
    /// `length(2) ‖ key ‖ length(2) ‖ value`, big-endian, in order.
    ///
    /// # Errors
    /// [`InvalidContext::TooLarge`] when the form would exceed 65,535 bytes.
    pub fn serialise(&self) -> Result<Vec<u8>, InvalidContext> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(&length(self.0.len())?);
        for text in self.0.iter().flat_map(|(key, value)| [key, value]) {
            bytes.extend_from_slice(&length(text.len())?);
            bytes.extend_from_slice(text.as_bytes());
        }
        if bytes.len() > MAX_SERIALISED {
            return Err(InvalidContext::TooLarge);
        }
        Ok(bytes)
    }

    /// Reads exactly what [`Self::serialise`] writes: sorted, no duplicate key, nothing after it.
    ///
    /// # Errors
    /// [`InvalidContext`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidContext> {
        if bytes.len() > MAX_SERIALISED {
            return Err(InvalidContext::TooLarge);
        }
        if bytes.is_empty() {
            return Ok(Self::new());
        }
        let mut rest = bytes;
        let count = take_length(&mut rest)?;
        let mut pairs = BTreeMap::new();
        for _ in 0..count {
            let key = take_text(&mut rest)?;
            let value = take_text(&mut rest)?;
            if pairs
                .last_key_value()
                .is_some_and(|(last, _): (&String, &String)| *last >= key)
            {
                return Err(InvalidContext::Malformed);
            }
            pairs.insert(key, value);
        }
        if count == 0 || !rest.is_empty() {
            return Err(InvalidContext::Malformed);
        }
        Ok(Self(pairs))
    }
}

impl FromIterator<(String, String)> for EncryptionContext {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for EncryptionContext {
    fn from(pairs: [(&str, &str); N]) -> Self {
        pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }
}

fn length(length: usize) -> Result<[u8; 2], InvalidContext> {
    u16::try_from(length)
        .map(u16::to_be_bytes)
        .map_err(|_| InvalidContext::TooLarge)
}

fn take_length(rest: &mut &[u8]) -> Result<usize, InvalidContext> {
    let (length, after) = rest
        .split_first_chunk::<2>()
        .ok_or(InvalidContext::Malformed)?;
    *rest = after;
    Ok(usize::from(u16::from_be_bytes(*length)))
}

fn take_text(rest: &mut &[u8]) -> Result<String, InvalidContext> {
    let length = take_length(rest)?;
    let (text, after) = rest
        .split_at_checked(length)
        .ok_or(InvalidContext::Malformed)?;
    *rest = after;
    String::from_utf8(text.to_vec()).map_err(|_| InvalidContext::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn an_empty_context_is_no_bytes() {
        assert_eq!(context(&[]).serialise().unwrap(), b"");
        assert_eq!(EncryptionContext::parse(b"").unwrap(), context(&[]));
    }

    #[test]
    fn pairs_stand_in_the_order_of_their_bytes() {
        assert_eq!(
            context(&[("b", "2"), ("B", "1")]).serialise().unwrap(),
            b"\0\x02\0\x01B\0\x01\x31\0\x01b\0\x01\x32"
        );
    }

    #[test]
    fn only_the_written_form_is_read() {
        let cases: [&[u8]; 7] = [
            b"\0\0",                               // count 0
            b"\0\x02\0\x01b\0\x012\0\x01B\0\x011", // unsorted
            b"\0\x02\0\x01B\0\x011\0\x01B\0\x011", // duplicate
            b"\0\x01\0\x01B\0\x011x",              // trailing byte
            b"\0\x01\0\x01B\0\x02\x31",            // truncated
            b"\0\x01\0\x01\xff\0\x011",            // not UTF-8
            b"\0",                                 // half a count
        ];
        for case in cases {
            assert_eq!(
                EncryptionContext::parse(case),
                Err(InvalidContext::Malformed),
                "{case:?}"
            );
        }
    }

    #[test]
    fn a_context_over_65_535_bytes_has_no_form() {
        let long = context(&[("key", &"v".repeat(65_527))]);
        assert_eq!(long.serialise().err(), Some(InvalidContext::TooLarge));
    }

    proptest! {
        #[test]
        fn parse_inverts_serialise(pairs in prop::collection::btree_map(".{0,9}", ".{0,9}", 0..9)) {
            let context: EncryptionContext = pairs.into_iter().collect();
            prop_assert_eq!(EncryptionContext::parse(&context.serialise().unwrap()).unwrap(), context);
        }

        #[test]
        fn what_parses_is_what_would_be_written(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(context) = EncryptionContext::parse(&bytes) {
                prop_assert_eq!(context.serialise().unwrap(), bytes);
            }
        }
    }
}
