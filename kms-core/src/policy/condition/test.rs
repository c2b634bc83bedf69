//! One clause's values, compiled for the family of its operator.

use super::address::{Block, parse_address};
use super::date::Moment;
use super::numeric::Decimal;
use super::operator::Family;
use super::ordering::Comparison;
use super::{ConditionValues, binary, boolean};
use crate::policy::pattern::{ArnGlob, Exact, Glob, IgnoringCase, Pattern};
use crate::policy::truth::Truth;
use crate::policy::variable::{Compiled, InvalidPattern, Variables};

/// The values to compare a request's value with. Negation is the clause's business.
#[derive(Debug)]
pub(super) enum Test {
    Exact(Vec<Compiled<Exact>>),
    IgnoringCase(Vec<Compiled<IgnoringCase>>),
    Like(Vec<Compiled<Glob>>),
    Arn(Vec<Compiled<ArnGlob>>),
    Numeric(Comparison, Vec<Decimal>),
    Date(Comparison, Vec<Moment>),
    Bool(Vec<bool>),
    Binary(Vec<Vec<u8>>),
    Address(Vec<Block>),
    Null(Vec<bool>),
}

impl Test {
    pub(super) fn compile(
        family: Family,
        values: &[String],
        variables: Variables,
    ) -> Result<Self, InvalidPattern> {
        Ok(match family {
            Family::StringEquals => Self::Exact(patterns(values, variables)?),
            Family::StringEqualsIgnoreCase => Self::IgnoringCase(patterns(values, variables)?),
            Family::StringLike => Self::Like(patterns(values, variables)?),
            Family::Arn => Self::Arn(patterns(values, variables)?),
            Family::Numeric(comparison) => {
                Self::Numeric(comparison, parse_all(values, Decimal::parse)?)
            }
            Family::Date(comparison) => Self::Date(comparison, parse_all(values, Moment::parse)?),
            Family::Bool => Self::Bool(parse_all(values, boolean::parse)?),
            Family::Binary => Self::Binary(parse_all(values, binary::parse)?),
            Family::Address => Self::Address(parse_all(values, Block::parse)?),
            Family::Null => Self::Null(parse_all(values, boolean::parse)?),
        })
    }

    /// Whether `text` matches one of the values. A text that is not of the operator's type leaves
    /// the answer open.
    pub(super) fn matches(&self, text: &str, values: &dyn ConditionValues) -> Truth {
        match self {
            Self::Exact(patterns) => one_matches(patterns, text, values),
            Self::IgnoringCase(patterns) => one_matches(patterns, text, values),
            Self::Like(patterns) => one_matches(patterns, text, values),
            Self::Arn(patterns) => one_matches(patterns, text, values),
            Self::Numeric(comparison, numbers) => typed(Decimal::parse(text), |found| {
                numbers.iter().any(|n| comparison.holds(found.cmp(n)))
            }),
            Self::Date(comparison, moments) => typed(Moment::parse(text), |found| {
                moments.iter().any(|m| comparison.holds(found.cmp(m)))
            }),
            Self::Bool(booleans) => typed(boolean::parse(text), |found| booleans.contains(found)),
            Self::Binary(blobs) => typed(binary::parse(text), |found| blobs.contains(found)),
            Self::Address(blocks) => typed(parse_address(text), |found| {
                blocks.iter().any(|block| block.contains(*found))
            }),
            Self::Null(_) => Truth::Unknown,
        }
    }

    /// For `Null`: whether one of the values asks for what is the case.
    pub(super) fn matches_absence(&self, absent: bool) -> Truth {
        match self {
            Self::Null(wanted) => wanted.contains(&absent).into(),
            _ => Truth::Unknown,
        }
    }
}

fn patterns<P: Pattern>(
    values: &[String],
    variables: Variables,
) -> Result<Vec<Compiled<P>>, InvalidPattern> {
    values
        .iter()
        .map(|value| Compiled::parse(value, variables))
        .collect()
}

fn parse_all<T>(values: &[String], parse: fn(&str) -> Option<T>) -> Result<Vec<T>, InvalidPattern> {
    values
        .iter()
        .map(|value| parse(value).ok_or(InvalidPattern))
        .collect()
}

fn one_matches<P: Pattern>(
    patterns: &[Compiled<P>],
    text: &str,
    values: &dyn ConditionValues,
) -> Truth {
    Truth::any(patterns.iter().map(|pattern| pattern.matches(text, values)))
}

fn typed<T>(found: Option<T>, test: impl FnOnce(&T) -> bool) -> Truth {
    found.map_or(Truth::Unknown, |found| test(&found).into())
}
