//! The values of a request, and what was asked for in vain.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use super::{ConditionKey, ConditionValues, Value};

/// The values of a request, which remember the keys that they were asked for and did not have.
pub struct Recording<'a> {
    values: &'a dyn ConditionValues,
    absent: RefCell<BTreeSet<String>>,
}

impl fmt::Debug for Recording<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("absent", &self.absent)
            .finish_non_exhaustive()
    }
}

impl<'a> Recording<'a> {
    /// Nothing was asked for yet.
    #[must_use]
    pub fn new(values: &'a dyn ConditionValues) -> Self {
        Self {
            values,
            absent: RefCell::default(),
        }
    }

    /// The keys that were asked for and absent, in lower case and in order.
    #[must_use]
    pub fn absent(self) -> Vec<String> {
        self.absent.into_inner().into_iter().collect()
    }
}

impl ConditionValues for Recording<'_> {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let value = self.values.value(key);
        if value.is_none() {
            let mut absent = self.absent.borrow_mut();
            absent.insert(key.folded().to_owned());
        }
        value
    }
}
