//! What a request offers for conditions to compare with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ConditionKey;

/// The value of a condition key in a request. Booleans, numbers and dates are given as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// The value of a single-valued key.
    One(Cow<'a, str>),
    /// The values of a multivalued key such as `aws:TagKeys`, also when it has only one. A key
    /// with no values at all counts as absent.
    Many(Vec<Cow<'a, str>>),
    /// The request holds contradicting values for a single-valued key, such as two pairs of an
    /// encryption context whose keys differ only in case. No Allow that tests the key applies, and
    /// every Deny does.
    Ambiguous,
}

/// The values of one request, looked up when a statement asks for them.
pub trait ConditionValues {
    /// The value of `key`, or `None` when the request has none.
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>>;
}

/// Values held in a map: for simulations and tests.
#[derive(Clone, Debug, Default)]
pub struct Context(BTreeMap<String, Value<'static>>);

impl Context {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With `value` for the single-valued `key`, which replaces an earlier value.
    #[must_use]
    pub fn with(self, key: &str, value: &str) -> Self {
        self.insert(key, Value::One(Cow::Owned(value.to_owned())))
    }

    /// With `values` for the multivalued `key`, which replace earlier values.
    #[must_use]
    pub fn with_many(self, key: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| Cow::Owned((*value).to_owned()));
        self.insert(key, Value::Many(values.collect()))
    }

    /// With contradicting values for `key`.
    #[must_use]
    pub fn with_ambiguous(self, key: &str) -> Self {
        self.insert(key, Value::Ambiguous)
    }

    fn insert(mut self, key: &str, value: Value<'static>) -> Self {
        self.0.insert(key.to_ascii_lowercase(), value);
        self
    }
}

impl ConditionValues for Context {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        Some(match self.0.get(key.folded())? {
            Value::One(text) => Value::One(Cow::Borrowed(text)),
            Value::Many(texts) => Value::Many(texts.iter().map(|t| Cow::Borrowed(&**t)).collect()),
            Value::Ambiguous => Value::Ambiguous,
        })
    }
}
