//! The `Action` and `NotAction` elements.

use super::malformed::MalformedPolicy;
use crate::policy::pattern::{Glob, Pattern};

/// Which actions a statement is about.
#[derive(Debug)]
pub(in crate::policy) enum ActionElement {
    /// The element is missing, so the statement has no effect.
    Nothing,
    Is(Vec<ActionPattern>),
    IsNot(Vec<ActionPattern>),
}

/// One entry of the element. Nearly all are exact or end in their only `*`, which can be compared
/// without folding the action first.
#[derive(Debug)]
pub(in crate::policy) enum ActionPattern {
    Exact(String),
    Prefix(String),
    /// In lower case.
    Glob(Glob),
}

impl ActionElement {
    pub(in crate::policy) fn matches(&self, action: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Is(patterns) => patterns.iter().any(|pattern| pattern.matches(action)),
            Self::IsNot(patterns) => !patterns.iter().any(|pattern| pattern.matches(action)),
        }
    }
}

impl ActionPattern {
    fn of(text: &str) -> Option<Self> {
        let prefix = text.strip_suffix('*').unwrap_or(text);
        Some(if prefix.contains(['*', '?']) {
            Self::Glob(Glob::authored(&text.to_ascii_lowercase())?)
        } else if prefix.len() < text.len() {
            Self::Prefix(prefix.to_owned())
        } else {
            Self::Exact(text.to_owned())
        })
    }

    pub(in crate::policy) fn matches(&self, action: &str) -> bool {
        match self {
            Self::Exact(text) => text.eq_ignore_ascii_case(action),
            Self::Prefix(prefix) => action
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
            Self::Glob(glob) => glob.matches(&action.to_ascii_lowercase()),
        }
    }
}

/// Reads `*` or `VENDOR:NAME`, where the name may have wildcards; case does not matter.
pub(in crate::policy) fn parse(text: &str) -> Result<ActionPattern, MalformedPolicy> {
    if text == "*:*" {
        return Ok(ActionPattern::Prefix(String::new()));
    }
    if text != "*" {
        let (vendor, name) = text.split_once(':').ok_or(MalformedPolicy::NoVendor)?;
        if name.contains(':') {
            return Err(MalformedPolicy::TooManyColons);
        }
        let is_vendor = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"*?-_.".contains(&b);
        if vendor.is_empty() {
            return Err(MalformedPolicy::NoVendor);
        }
        if name.is_empty() || !vendor.bytes().all(is_vendor) || !name.bytes().all(is_name) {
            return Err(MalformedPolicy::Syntax);
        }
    }
    ActionPattern::of(text).ok_or(MalformedPolicy::Syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_matched_without_case_whatever_the_pattern_s_form() {
        for (pattern, action, expected) in [
            ("*", "kms:Encrypt", true),
            ("*:*", "kms:Encrypt", true),
            ("KMS:encrypt", "kms:Encrypt", true),
            ("kms:Encrypt", "kms:EncryptAll", false),
            ("kms:EN*", "kms:Encrypt", true),
            ("kms:Encrypt*", "kms:Encrypt", true),
            ("kms:Encrypts*", "kms:Encrypt", false),
            ("kms:*", "s3:GetObject", false),
            ("kms:*CRYPT", "kms:Encrypt", true),
            ("kms:?ncrypt", "kms:Encrypt", true),
            ("kms:?ncrypt*", "kms:ReEncryptTo", false),
            ("kms:E*", "kms:\u{e9}", false),
        ] {
            let element = ActionElement::Is(vec![parse(pattern).unwrap()]);
            assert_eq!(element.matches(action), expected, "{pattern} {action}");
        }
    }
}
