//! The part of CBOR (RFC 8949) that attestation documents are made of: definite lengths, no value
//! nested deeper than its reader asks for.

use std::ops::RangeInclusive;

use minicbor::Decoder;
use minicbor::data::Type;

use super::Refusal;

/// The tag of `COSE_Sign1`, RFC 9052 §2.
const COSE_SIGN1: u64 = 18;

/// Reads values one after the other; every one must be of the type that is asked for.
pub(super) struct Reader<'a>(Decoder<'a>);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Decoder::new(bytes))
    }

    /// How many values an array holds.
    pub(super) fn array(&mut self) -> Result<u64, Refusal> {
        definite(self.0.array())
    }

    /// How many pairs a map holds.
    pub(super) fn map(&mut self) -> Result<u64, Refusal> {
        definite(self.0.map())
    }

    /// A byte string with a length in bytes out of `lengths`.
    pub(super) fn bytes(&mut self, lengths: RangeInclusive<usize>) -> Result<&'a [u8], Refusal> {
        let bytes = self.0.bytes().map_err(malformed)?;
        within(bytes, bytes.len(), lengths)
    }

    /// A text string with a length in bytes out of `lengths`.
    pub(super) fn text(&mut self, lengths: RangeInclusive<usize>) -> Result<&'a str, Refusal> {
        let text = self.0.str().map_err(malformed)?;
        within(text, text.len(), lengths)
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, Refusal> {
        self.0.u64().map_err(malformed)
    }

    /// Steps over a `null`, if that is the next value.
    pub(super) fn null(&mut self) -> Result<bool, Refusal> {
        let found = self.0.datatype().map_err(malformed)? == Type::Null;
        if found {
            self.0.null().map_err(malformed)?;
        }
        Ok(found)
    }

    /// Steps over the tag of `COSE_Sign1`, which may be left out.
    pub(super) fn cose_sign1_tag(&mut self) -> Result<(), Refusal> {
        if self.0.datatype().map_err(malformed)? != Type::Tag {
            return Ok(());
        }
        match self.0.tag() {
            Ok(tag) if tag.as_u64() == COSE_SIGN1 => Ok(()),
            _ => Err(Refusal::Malformed),
        }
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Refusal> {
        if self.0.position() == self.0.input().len() {
            Ok(())
        } else {
            Err(Refusal::Malformed)
        }
    }
}

fn definite(length: Result<Option<u64>, minicbor::decode::Error>) -> Result<u64, Refusal> {
    length.map_err(malformed)?.ok_or(Refusal::Malformed)
}

fn within<T>(value: T, length: usize, lengths: RangeInclusive<usize>) -> Result<T, Refusal> {
    if lengths.contains(&length) {
        Ok(value)
    } else {
        Err(Refusal::Malformed)
    }
}

fn malformed(_: minicbor::decode::Error) -> Refusal {
    Refusal::Malformed
}
