//! Three-valued logic: what could not be determined stays undetermined.

/// The outcome of a test on a request.
///
/// The three values combine by Kleene's rules, so that a part that cannot be determined matters
/// only where the rest leaves the question open. At the end an Allow needs `True`, and a Deny is
/// held off only by `False`: both fail closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    pub(super) fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    pub(super) fn negated_if(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }

    /// True when all are; true of nothing.
    pub(super) fn all(items: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::True;
        for item in items {
            match item {
                Self::False => return Self::False,
                Self::Unknown => result = Self::Unknown,
                Self::True => {}
            }
        }
        result
    }

    /// True when one is; false of nothing.
    pub(super) fn any(items: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for item in items {
            match item {
                Self::True => return Self::True,
                Self::Unknown => result = Self::Unknown,
                Self::False => {}
            }
        }
        result
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{False, True, Unknown};
    use super::*;

    #[test]
    fn an_unknown_part_matters_only_where_the_rest_leaves_the_question_open() {
        assert_eq!(Truth::all([Unknown, False]), False);
        assert_eq!(Truth::all([True, Unknown]), Unknown);
        assert_eq!(Truth::any([Unknown, True]), True);
        assert_eq!(Truth::any([False, Unknown]), Unknown);
        assert_eq!(Unknown.not(), Unknown);
    }

    #[test]
    fn all_of_nothing_is_true_and_any_of_nothing_is_false() {
        assert_eq!(Truth::all([]), True);
        assert_eq!(Truth::any([]), False);
    }
}
