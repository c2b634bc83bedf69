//! The `Condition` element: operators, keys and values; compiled once, then asked per request.

mod address;
mod binary;
mod boolean;
mod date;
mod key;
mod kind;
mod numeric;
mod operator;
mod ordering;
mod recording;
mod test;
mod values;

pub use key::{ConditionKey, InvalidConditionKey, MULTIVALUED};
pub use kind::{ContextKeyType, InvalidContextKeyType};
pub use recording::Recording;
pub use values::{ConditionValues, Context, Value};

use super::truth::Truth;
use super::variable::{InvalidPattern, Variables};
use operator::{Family, Operator, Quantifier};
use test::Test;

/// A compiled `Condition` element: every clause must hold.
#[derive(Debug, Default)]
pub(super) struct Condition {
    clauses: Vec<Clause>,
}

/// One key under one operator.
#[derive(Debug)]
struct Clause {
    key: ConditionKey,
    operator: Operator,
    test: Test,
}

/// A clause of a condition that a request does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The position of the clause, from 0, as the keys of the operators are written.
    pub clause: usize,
    /// What the request has for its key.
    pub found: Found,
}

/// What a request has for a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing: the key is absent.
    Nothing,
    /// These values: one, unless the key is multivalued.
    Values(Vec<String>),
    /// Values that contradict each other.
    Contradicting,
}

impl Found {
    fn of(value: Option<Value<'_>>) -> Self {
        match value {
            None => Self::Nothing,
            Some(Value::One(text)) => Self::Values(vec![text.into_owned()]),
            Some(Value::Many(texts)) if texts.is_empty() => Self::Nothing,
            Some(Value::Many(texts)) => Self::Values(
                texts
                    .into_iter()
                    .map(std::borrow::Cow::into_owned)
                    .collect(),
            ),
            Some(Value::Ambiguous) => Self::Contradicting,
        }
    }
}

impl Condition {
    /// Adds the clause `operator: { key: values }`; one of `values` must match, or, for a negated
    /// operator, none.
    pub(super) fn add(
        &mut self,
        operator: &str,
        key: ConditionKey,
        values: &[String],
        variables: Variables,
    ) -> Result<(), InvalidPattern> {
        let operator = Operator::parse(operator).ok_or(InvalidPattern)?;
        if values.is_empty() {
            return Err(InvalidPattern);
        }
        let test = Test::compile(operator.family, values, variables)?;
        self.clauses.push(Clause {
            key,
            operator,
            test,
        });
        Ok(())
    }

    /// Whether `name` is an operator.
    pub(super) fn is_operator(name: &str) -> bool {
        Operator::parse(name).is_some()
    }

    /// The keys that `ForAllValues` is applied to.
    pub(super) fn keys_under_for_all(&self) -> impl Iterator<Item = &ConditionKey> {
        self.clauses
            .iter()
            .filter(|clause| clause.operator.quantifier == Quantifier::ForAll)
            .map(|clause| &clause.key)
    }

    pub(super) fn evaluate(&self, values: &dyn ConditionValues) -> Truth {
        Truth::all(self.clauses.iter().map(|clause| clause.evaluate(values)))
    }

    /// The clauses that do not hold, or of which that is not certain.
    pub(super) fn unmet(&self, values: &dyn ConditionValues) -> Vec<Unmet> {
        let clauses = self.clauses.iter().enumerate();
        clauses
            .filter(|(_, clause)| clause.evaluate(values) != Truth::True)
            .map(|(position, clause)| Unmet {
                clause: position,
                found: Found::of(values.value(&clause.key)),
            })
            .collect()
    }
}

impl Clause {
    fn evaluate(&self, values: &dyn ConditionValues) -> Truth {
        let value = values
            .value(&self.key)
            .filter(|value| !matches!(value, Value::Many(many) if many.is_empty()));
        if self.operator.family == Family::Null {
            return self.test.matches_absence(value.is_none());
        }
        let Some(value) = value else {
            return self.when_absent().into();
        };
        match (value, self.operator.quantifier) {
            (Value::Ambiguous, _) => Truth::Unknown,
            (Value::One(text), _) => self.passes(&text, values),
            // A set of values under an operator for single values matches nothing, negated or not.
            (Value::Many(_), Quantifier::Single) => Truth::False,
            (Value::Many(many), Quantifier::ForAll) => {
                Truth::all(many.iter().map(|text| self.passes(text, values)))
            }
            (Value::Many(many), Quantifier::ForAny) => {
                Truth::any(many.iter().map(|text| self.passes(text, values)))
            }
        }
    }

    fn when_absent(&self) -> bool {
        match self.operator.quantifier {
            Quantifier::ForAll => true,
            // No value passes where there is none, whatever its absence would be.
            Quantifier::ForAny => false,
            Quantifier::Single => self.operator.if_exists || self.operator.negated,
        }
    }

    fn passes(&self, text: &str, values: &dyn ConditionValues) -> Truth {
        self.test
            .matches(text, values)
            .negated_if(self.operator.negated)
    }
}
