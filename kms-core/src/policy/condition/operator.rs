//! The names of the operators: `[ForAllValues:|ForAnyValue:]Operator[IfExists]`.

use super::ordering::Comparison;

/// How the values of a multivalued key are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// No set operator: for single-valued keys.
    Single,
    /// Every value of the request must pass; also true when there are none.
    ForAll,
    /// One value of the request must pass.
    ForAny,
}

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

/// A parsed operator name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) quantifier: Quantifier,
    pub(super) family: Family,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

impl Operator {
    /// `None` for a name that is none of AWS's; names are compared with their case.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (quantifier, text) = if let Some(rest) = text.strip_prefix("ForAllValues:") {
            (Quantifier::ForAll, rest)
        } else if let Some(rest) = text.strip_prefix("ForAnyValue:") {
            (Quantifier::ForAny, rest)
        } else {
            (Quantifier::Single, text)
        };
        let (if_exists, name) = match text.strip_suffix("IfExists") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let (family, negated) = family(name)?;
        let bare = !if_exists && quantifier == Quantifier::Single;
        (family != Family::Null || bare).then_some(Self {
            quantifier,
            family,
            negated,
            if_exists,
        })
    }
}

fn family(name: &str) -> Option<(Family, bool)> {
    if let Some(comparison) = name.strip_prefix("Numeric") {
        return ordered(comparison, Family::Numeric);
    }
    if let Some(comparison) = name.strip_prefix("Date") {
        return ordered(comparison, Family::Date);
    }
    Some(match name {
        "StringEquals" => (Family::StringEquals, false),
        "StringNotEquals" => (Family::StringEquals, true),
        "StringEqualsIgnoreCase" => (Family::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Family::StringEqualsIgnoreCase, true),
        "StringLike" => (Family::StringLike, false),
        "StringNotLike" => (Family::StringLike, true),
        "Bool" => (Family::Bool, false),
        "BinaryEquals" => (Family::Binary, false),
        "IpAddress" => (Family::Address, false),
        "NotIpAddress" => (Family::Address, true),
        "ArnEquals" | "ArnLike" => (Family::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Family::Arn, true),
        "Null" => (Family::Null, false),
        _ => return None,
    })
}

fn ordered(name: &str, family: fn(Comparison) -> Family) -> Option<(Family, bool)> {
    let (comparison, negated) = match name {
        "Equals" => (Comparison::Equal, false),
        "NotEquals" => (Comparison::Equal, true),
        "LessThan" => (Comparison::Less, false),
        "LessThanEquals" => (Comparison::LessOrEqual, false),
        "GreaterThan" => (Comparison::Greater, false),
        "GreaterThanEquals" => (Comparison::GreaterOrEqual, false),
        _ => return None,
    };
    Some((family(comparison), negated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_a_set_operator_a_name_and_if_exists() {
        let operator = Operator::parse("ForAllValues:StringNotEqualsIgnoreCaseIfExists").unwrap();
        assert_eq!(operator.quantifier, Quantifier::ForAll);
        assert_eq!(operator.family, Family::StringEqualsIgnoreCase);
        assert!(operator.negated && operator.if_exists);
    }

    #[test]
    fn names_that_aws_does_not_have_are_refused() {
        for name in [
            "",
            "stringEquals",
            "StringEqual",
            "NullIfExists",
            "ForAnyValue:Null",
            "BoolNot",
            "ForAllValues:ForAnyValue:Bool",
            "BoolIfExistsIfExists",
            "NumericLike",
            "Date",
            "BinaryNotEquals",
            "ForSomeValues:Bool",
            "NotNull",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
