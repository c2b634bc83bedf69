//! The types that AWS's simulator knows for values of condition keys.

use std::str::FromStr;

use super::address::parse_address;
use super::date::Moment;
use super::numeric::Decimal;
use super::{binary, boolean};

/// Of what type one value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scalar {
    Text,
    Number,
    Boolean,
    Address,
    Binary,
    Date,
}

/// The type of the values of a condition key: `string`, `stringList`, `numeric` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextKeyType {
    scalar: Scalar,
    list: bool,
}

/// A text that is none of AWS's `ContextKeyTypeEnum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a type of context keys")]
pub struct InvalidContextKeyType;

impl ContextKeyType {
    /// Every name.
    pub const NAMES: [&str; 12] = [
        "string",
        "stringList",
        "numeric",
        "numericList",
        "boolean",
        "booleanList",
        "ip",
        "ipList",
        "binary",
        "binaryList",
        "date",
        "dateList",
    ];

    /// Whether keys of the type are multivalued.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.list
    }

    /// Whether the text is a value of the type.
    #[must_use]
    pub fn accepts(self, text: &str) -> bool {
        match self.scalar {
            Scalar::Text => true,
            Scalar::Number => Decimal::parse(text).is_some(),
            Scalar::Boolean => boolean::parse(text).is_some(),
            Scalar::Address => parse_address(text).is_some(),
            Scalar::Binary => binary::parse(text).is_some(),
            Scalar::Date => Moment::parse(text).is_some(),
        }
    }
}

impl FromStr for ContextKeyType {
    type Err = InvalidContextKeyType;

    fn from_str(text: &str) -> Result<Self, InvalidContextKeyType> {
        let (name, list) = match text.strip_suffix("List") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let scalar = match name {
            "string" => Scalar::Text,
            "numeric" => Scalar::Number,
            "boolean" => Scalar::Boolean,
            "ip" => Scalar::Address,
            "binary" => Scalar::Binary,
            "date" => Scalar::Date,
            _ => return Err(InvalidContextKeyType),
        };
        Ok(Self { scalar, list })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_takes_its_own_values() {
        for (name, value, other) in [
            ("numeric", "-1.5", "x"),
            ("boolean", "True", "1"),
            ("ip", "192.0.2.1", "192.0.2"),
            ("binary", "aGk=", "#"),
            ("date", "2026-01-02T03:04:05Z", "tomorrow"),
        ] {
            for list in ["", "List"] {
                let kind: ContextKeyType = format!("{name}{list}").parse().unwrap();
                assert_eq!(kind.is_list(), !list.is_empty());
                assert!(kind.accepts(value), "{name}");
                assert!(!kind.accepts(other), "{name}");
            }
        }
        assert!("string".parse::<ContextKeyType>().unwrap().accepts(""));
        for name in ContextKeyType::NAMES {
            assert!(name.parse::<ContextKeyType>().is_ok(), "{name}");
        }
        for name in ["", "String", "List", "stringListList"] {
            assert!(name.parse::<ContextKeyType>().is_err(), "{name}");
        }
    }
}
