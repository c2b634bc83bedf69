//! Writes JSON (RFC 8259) into a byte buffer, for the record that every request makes.

const HEX: &[u8; 16] = b"0123456789abcdef";

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
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
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

    /// Writes a value that is JSON already; whitespace between its tokens cannot break the line.
    pub(super) fn json(&mut self, name: &'static str, value: &serde_json::value::RawValue) {
        let out = self.name(name);
        let start = out.len();
        out.extend_from_slice(value.get().as_bytes());
        for byte in out.get_mut(start..).unwrap_or_default() {
            // A control character can only be whitespace here: in a string it is escaped.
            if *byte < 0x20 {
                *byte = b' ';
            }
        }
    }

    pub(super) fn object(&mut self, name: &'static str) -> Object<'_> {
        Object::begin(self.name(name))
    }
}

/// A JSON string.
pub(super) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let bytes = value.as_bytes();
    if bytes.iter().all(|&byte| is_plain(byte)) {
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
