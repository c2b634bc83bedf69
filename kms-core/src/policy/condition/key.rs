//! Condition keys: names without case, some with a suffix that the author chooses.

use std::str::FromStr;

/// The keys whose last part is a name of the author's choice, with what precedes that part.
const WITH_SUFFIX: [(&str, char); 6] = [
    ("iam:resourcetag", '/'),
    ("kms:encryptioncontext", ':'),
    ("kms:recipientattestation", ':'),
    ("aws:resourcetag", '/'),
    ("aws:requesttag", '/'),
    ("aws:principaltag", '/'),
];

/// The keys of which a request has several values by their kind, in lower case.
pub const MULTIVALUED: [&str; 8] = [
    "aws:principalorgpaths",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "kms:encryptioncontextkeys",
    "kms:grantoperations",
    "kms:resourcealiases",
    "sts:transitivetagkeys",
];

/// The name of a value of the request: `aws:SourceIp`, `kms:EncryptionContext:Department`.
///
/// Names, suffixes included, do not depend on the case of ASCII letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConditionKey {
    folded: Box<str>,
    name: Box<str>,
    suffix: Option<Box<str>>,
}

/// A text that has no vendor prefix and so is no condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a condition key")]
pub struct InvalidConditionKey;

impl ConditionKey {
    /// The name in lower case without the suffix: `kms:encryptioncontext`, `aws:sourceip`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The suffix in lower case, for the keys that have one: `department`.
    #[must_use]
    pub fn suffix(&self) -> Option<&str> {
        self.suffix.as_deref()
    }

    /// Whether the key has a suffix and `text` is the same but for the case of ASCII letters.
    #[must_use]
    pub fn suffix_is(&self, text: &str) -> bool {
        self.suffix()
            .is_some_and(|suffix| suffix.eq_ignore_ascii_case(text))
    }

    /// Name and suffix in lower case.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl FromStr for ConditionKey {
    type Err = InvalidConditionKey;

    fn from_str(text: &str) -> Result<Self, InvalidConditionKey> {
        let folded = text.to_ascii_lowercase();
        match folded.split_once(':') {
            Some((vendor, rest)) if !vendor.is_empty() && !rest.is_empty() => {}
            _ => return Err(InvalidConditionKey),
        }
        let split = WITH_SUFFIX.iter().find_map(|(name, separator)| {
            let suffix = folded.strip_prefix(name)?.strip_prefix(*separator)?;
            Some((*name, suffix))
        });
        let (name, suffix) = match split {
            Some((name, suffix)) => (name.into(), Some(suffix.into())),
            None => (folded.as_str().into(), None),
        };
        Ok(Self {
            folded: folded.into(),
            name,
            suffix,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_name_and_suffix_without_case() {
        let key: ConditionKey = "kms:EncryptionContext:App:Name".parse().unwrap();
        assert_eq!(key.name(), "kms:encryptioncontext");
        assert_eq!(key.suffix(), Some("app:name"));
        assert!(key.suffix_is("APP:name"));
        assert_eq!(key, "KMS:encryptioncontext:APP:NAME".parse().unwrap());
        let keys: ConditionKey = "kms:EncryptionContextKeys".parse().unwrap();
        assert_eq!(
            (keys.name(), keys.suffix()),
            ("kms:encryptioncontextkeys", None)
        );
        let tag: ConditionKey = "aws:ResourceTag/Env".parse().unwrap();
        assert_eq!((tag.name(), tag.suffix()), ("aws:resourcetag", Some("env")));
    }

    #[test]
    fn a_key_needs_a_vendor() {
        for text in ["", "SourceIp", ":x", "aws:"] {
            assert!(text.parse::<ConditionKey>().is_err(), "{text}");
        }
    }
}
