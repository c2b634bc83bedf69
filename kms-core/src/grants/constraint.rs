//! What a grant asks of the encryption context.

use serde::{Deserialize, Serialize};

use crate::ciphertext::EncryptionContext;

/// The encryption context that a use by a grant must have. Keys and values are compared with their
/// case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Constraint {
    /// Exactly these pairs.
    EncryptionContextEquals(EncryptionContext),
    /// At least these pairs.
    EncryptionContextSubset(EncryptionContext),
}

impl Constraint {
    /// AWS's name of the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::EncryptionContextEquals(_) => "EncryptionContextEquals",
            Self::EncryptionContextSubset(_) => "EncryptionContextSubset",
        }
    }

    /// The pairs.
    #[must_use]
    pub const fn context(&self) -> &EncryptionContext {
        match self {
            Self::EncryptionContextEquals(context) | Self::EncryptionContextSubset(context) => {
                context
            }
        }
    }

    /// Whether a use with `context` is let through.
    #[must_use]
    pub fn permits(&self, context: &EncryptionContext) -> bool {
        match self {
            Self::EncryptionContextEquals(pairs) => pairs == context,
            Self::EncryptionContextSubset(pairs) => includes(context, pairs),
        }
    }

    /// Whether everything that `child` lets through is let through by this one too.
    #[must_use]
    pub fn covers(&self, child: &Self) -> bool {
        match child {
            Self::EncryptionContextEquals(pairs) => self.permits(pairs),
            Self::EncryptionContextSubset(pairs) => match self {
                Self::EncryptionContextEquals(_) => false,
                Self::EncryptionContextSubset(own) => includes(pairs, own),
            },
        }
    }
}

fn includes(context: &EncryptionContext, pairs: &EncryptionContext) -> bool {
    pairs
        .iter()
        .all(|(key, value)| context.get(key) == Some(value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::Constraint::{EncryptionContextEquals as Equals, EncryptionContextSubset as Subset};
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn equals_takes_these_pairs_alone_and_subset_takes_more() {
        let one = pairs(&[("a", "1")]);
        let two = pairs(&[("a", "1"), ("b", "2")]);
        assert!(Equals(one.clone()).permits(&one));
        assert!(!Equals(one.clone()).permits(&two));
        assert!(Subset(one.clone()).permits(&one));
        assert!(Subset(one.clone()).permits(&two));
        assert!(!Subset(two.clone()).permits(&one));
        for wrong in [pairs(&[]), pairs(&[("a", "2")]), pairs(&[("A", "1")])] {
            assert!(!Equals(one.clone()).permits(&wrong));
            assert!(!Subset(one.clone()).permits(&wrong));
        }
    }

    #[test]
    fn a_child_is_covered_only_when_it_is_as_strict_or_stricter() {
        let one = || pairs(&[("a", "1")]);
        let two = || pairs(&[("a", "1"), ("b", "2")]);
        assert!(Subset(one()).covers(&Subset(one())));
        assert!(Subset(one()).covers(&Subset(two())));
        assert!(Subset(one()).covers(&Equals(two())));
        assert!(Equals(one()).covers(&Equals(one())));
        assert!(!Subset(two()).covers(&Subset(one())));
        assert!(!Subset(two()).covers(&Equals(one())));
        assert!(!Equals(one()).covers(&Equals(two())));
        assert!(!Equals(one()).covers(&Subset(one())));
        assert!(!Equals(one()).covers(&Subset(two())));
    }
}
