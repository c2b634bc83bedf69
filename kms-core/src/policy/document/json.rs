//! JSON (RFC 8259) read strictly: no duplicate keys, and not deep.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::malformed::MalformedPolicy;

/// The deepest nesting of objects and lists; a policy needs six.
const MAX_DEPTH: usize = 8;

/// The largest number that `f64` holds with all of its digits.
const MAX_EXACT: f64 = 1e15;

/// A JSON value; numbers as their decimal text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::policy) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// In the order of the text; no key occurs twice.
    Object(Vec<(String, Json)>),
}

/// Reads a whole document made of the characters that AWS allows in one.
pub(in crate::policy) fn parse(text: &str) -> Result<Json, MalformedPolicy> {
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    if !text.chars().all(allowed) {
        return Err(MalformedPolicy::Syntax);
    }
    read(text, MAX_DEPTH).ok_or(MalformedPolicy::Syntax)
}

/// Reads JSON of any characters, in which nothing is nested deeper than `max_depth`.
pub(in crate::policy) fn read(text: &str, max_depth: usize) -> Option<Json> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = Node { left: max_depth };
    let value = node.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

impl Json {
    /// The member of that name, of an object that has one.
    pub(in crate::policy) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let found = members.iter().find(|(found, _)| found == name);
        found.map(|(_, json)| json)
    }

    /// The value as JSON without white space, in the characters that AWS allows in a document.
    pub(in crate::policy) fn to_text(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) => text.clone(),
            Self::Text(text) => quoted(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::to_text).collect();
                format!("[{}]", items.join(","))
            }
            Self::Object(members) => {
                let member =
                    |(name, json): &(String, Self)| format!("{}:{}", quoted(name), json.to_text());
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='\u{ff}' => quoted.push(c),
            other => {
                let units = other.encode_utf16(&mut [0; 2]).to_vec();
                quoted.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// A value with so many levels left for what is inside of it.
#[derive(Clone, Copy)]
struct Node {
    left: usize,
}

impl Node {
    fn inside<E: Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left }),
            None => Err(E::custom("too deep")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        if value.abs() > MAX_EXACT {
            return Err(E::custom("a number too large to be exact"));
        }
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let inside = self.inside()?;
        let mut seen = BTreeSet::new();
        let mut members = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom("duplicate key"));
            }
            members.push((key, access.next_value_seed(inside)?));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree_that_keeps_order_and_numbers() {
        let json = parse(r#" {"b": [1, -2, 1.50, true, null], "a": "xé"} "#).unwrap();
        let number = |text: &str| Json::Number(text.into());
        let list = vec![
            number("1"),
            number("-2"),
            number("1.5"),
            Json::Bool(true),
            Json::Null,
        ];
        assert_eq!(
            json,
            Json::Object(vec![
                ("b".into(), Json::List(list)),
                ("a".into(), Json::Text("xé".into()))
            ])
        );
    }

    #[test]
    fn what_is_not_strict_json_is_refused() {
        for text in [
            "",
            "{",
            "{}x",
            "{} {}",
            "{'a':1}",
            "[1,]",
            "{\"a\":1,\"a\":1}",
            "\u{feff}{}",
            "{\"a\":{\"b\":1,\"b\":2}}",
            "{\"a\":1,\"\\u0061\":2}",
            "\"\u{100}\"",
            "\"\u{1}\"",
            "01",
            "1e400",
            "12345678901234567890123",
            "\"\\ud800\"",
            "\u{b}{}",
            "NaN",
        ] {
            assert_eq!(parse(text), Err(MalformedPolicy::Syntax), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_back_is_read_as_the_same() {
        let text = r#"{"a":[1.5,-2,"x\u0100\ud83d\udd11\n\"\\é",true,null],"b":{}}"#;
        let json = parse(text).unwrap();
        assert_eq!(parse(&json.to_text()).unwrap(), json);
        assert_eq!(json.to_text(), text.replace("\\n", "\\u000a"));
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(parse(&format!("{}{}", "[".repeat(8), "]".repeat(8))).is_ok());
        assert!(parse(&format!("{}{}", "[".repeat(9), "]".repeat(9))).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"{\"a\":".repeat(100_000)).is_err());
    }
}
