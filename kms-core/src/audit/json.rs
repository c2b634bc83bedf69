//! Writes JSON (RFC 8259) into a byte buffer, for the record that every request makes.

use serde::Serialize;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Room for the members that most operations record.
const TYPICAL_LENGTH: usize = 256;

/// The longest object in bytes, but for the members after it that stand as left out.
const MOST: usize = 96 * 1024;

/// What stands for a member that had no room, or for an object.
pub(super) const OMITTED: &[u8] = br#"{"omitted":"too long"}"#;

/// A JSON object that goes into a record as it stands: one line without control characters. A
/// member that would make it too long stands in it as left out: whoever sends much can hide no
/// other member with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonObject(Vec<u8>);

impl JsonObject {
    /// An object without members yet, to be [ended](Self::end).
    #[must_use]
    pub fn begin() -> Self {
        Self(Vec::new())
    }

    /// Adds a member. A value that has no JSON form is left out.
    pub fn member(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        let before = self.0.len();
        self.name(name);
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(before);
            return;
        }
        self.keep_short(before, name);
    }

    /// Adds an object as a member.
    pub fn object(&mut self, name: &'static str, object: &Self) {
        let before = self.0.len();
        self.name(name);
        self.0.extend_from_slice(&object.0);
        self.keep_short(before, name);
    }

    fn keep_short(&mut self, before: usize, name: &'static str) {
        if self.0.len() > MOST {
            self.0.truncate(before);
            self.name(name);
            self.0.extend_from_slice(OMITTED);
        }
    }

    fn name(&mut self, name: &'static str) {
        if self.0.is_empty() {
            self.0.reserve(TYPICAL_LENGTH);
            self.0.push(b'{');
        } else {
            self.0.push(b',');
        }
        write_name(&mut self.0, name);
    }

    /// Closes the object; `None` when it has no member.
    #[must_use]
    pub fn end(mut self) -> Option<Self> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push(b'}');
        Some(self)
    }

    /// The text, UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One object being written.
#[derive(Debug)]
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    /// Writes the name, which needs no escaping, and leaves the value to the caller.
    pub(super) fn name(&mut self, name: &'static str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        write_name(self.out, name);
        self.out
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        string(self.name(name), value);
    }

    pub(super) fn bool(&mut self, name: &'static str, value: bool) {
        let literal: &[u8] = if value { b"true" } else { b"false" };
        self.name(name).extend_from_slice(literal);
    }

    pub(super) fn number(&mut self, name: &'static str, value: u64) {
        self.name(name)
            .extend_from_slice(value.to_string().as_bytes());
    }

    pub(super) fn json(&mut self, name: &'static str, value: &JsonObject) {
        self.name(name).extend_from_slice(value.as_bytes());
    }

    pub(super) fn object(&mut self, name: &'static str) -> Object<'_> {
        Object::begin(self.name(name))
    }
}

/// A member's name, which needs no escaping, up to its value.
fn write_name(out: &mut Vec<u8>, name: &'static str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A JSON string.
pub(super) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let bytes = value.as_bytes();
    // Looking at every byte lets the compiler look at many at once.
    let plain = bytes
        .iter()
        .fold(true, |plain, &byte| plain & is_plain(byte));
    if plain {
        out.extend_from_slice(bytes);
    } else {
        for &byte in bytes {
            escape(out, byte);
        }
    }
    out.push(b'"');
}

fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    if is_plain(byte) {
        out.push(byte);
        return;
    }
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        _ => {
            let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
            out.extend_from_slice(b"\\u00");
            out.push(digit(byte >> 4));
            out.push(digit(byte & 0x0f));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_string_is_read_back(value in any::<String>()) {
            let mut out = Vec::new();
            string(&mut out, &value);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), value);
            prop_assert!(!out.iter().any(u8::is_ascii_control));
        }
    }

    #[test]
    fn a_member_that_is_too_long_is_left_out_alone() {
        let long = "x".repeat(MOST);
        let mut inner = JsonObject::begin();
        inner.member("description", &long);
        inner.member("keyId", "b");
        let mut object = JsonObject::begin();
        object.member("policy", &long);
        object.member("keyId", "a");
        object.object("metadata", &inner.end().unwrap());
        assert_eq!(
            object.end().unwrap().as_bytes(),
            br#"{"policy":{"omitted":"too long"},"keyId":"a","metadata":{"description":{"omitted":"too long"},"keyId":"b"}}"#
        );
    }

    #[test]
    fn control_characters_quotes_and_separators_are_read_back() {
        for value in [
            "\0\u{1}\n\r\t\u{7f}",
            "a\"b\\c",
            "\u{2028}\u{2029}",
            "\"}\n{\"",
        ] {
            let mut out = Vec::new();
            string(&mut out, value);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), value);
            assert!(!out.contains(&b'\n'));
        }
    }
}
