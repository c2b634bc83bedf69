//! The `Action` and `NotAction` elements.

use super::malformed::MalformedPolicy;
use crate::policy::pattern::{Glob, Pattern};

/// Which actions a statement is about.
#[derive(Debug)]
pub(in crate::policy) enum ActionElement {
    /// The element is missing, so the statement has no effect.
    Nothing,
    Is(Vec<Glob>),
    IsNot(Vec<Glob>),
}

impl ActionElement {
    /// `folded` is the action in lower case.
    pub(in crate::policy) fn matches(&self, folded: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Is(globs) => globs.iter().any(|glob| glob.matches(folded)),
            Self::IsNot(globs) => !globs.iter().any(|glob| glob.matches(folded)),
        }
    }
}

/// Reads `*` or `VENDOR:NAME`, where the name may have wildcards; case does not matter.
pub(super) fn parse(text: &str) -> Result<Glob, MalformedPolicy> {
    if text != "*" && text != "*:*" {
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
    Glob::authored(&text.to_ascii_lowercase()).ok_or(MalformedPolicy::Syntax)
}
