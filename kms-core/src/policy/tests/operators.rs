//! Truth tables: operator × {absent, one, many} × {plain, `IfExists`, set operators} × negation.

use super::*;

/// Whether `condition` holds: seen through an Allow that has it.
fn allows(condition: &str, values: &Context) -> bool {
    let policy = document(&statement("Allow", Some("\"*\""), condition));
    Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
        .values(values.clone())
        .key_policy(&policy)
        .allows()
}

/// Whether a Deny with `condition` applies.
fn denies(condition: &str, values: &Context) -> bool {
    let deny = statement("Deny", Some("\"*\""), condition);
    let allow = statement("Allow", Some("\"*\""), "{}");
    let policy = document(&format!("{allow},{deny}"));
    !Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
        .values(values.clone())
        .key_policy(&policy)
        .allows()
}

/// The condition holds, or does not, for an Allow and a Deny alike.
fn check(condition: &str, values: &Context, expected: bool) {
    assert_eq!(
        allows(condition, values),
        expected,
        "Allow {condition} {values:?}"
    );
    assert_eq!(
        denies(condition, values),
        expected,
        "Deny {condition} {values:?}"
    );
}

/// A family: positive operator, negated operator, the policy's value, a matching value and one
/// that does not match.
const FAMILIES: [(&str, Option<&str>, &str, &str, &str); 11] = [
    ("StringEquals", Some("StringNotEquals"), "a", "a", "A"),
    (
        "StringEqualsIgnoreCase",
        Some("StringNotEqualsIgnoreCase"),
        "aÉ",
        "Aé",
        "b",
    ),
    ("StringLike", Some("StringNotLike"), "a?c*", "abcd", "acd"),
    (
        "NumericEquals",
        Some("NumericNotEquals"),
        "10",
        "10.0",
        "10.01",
    ),
    (
        "DateEquals",
        Some("DateNotEquals"),
        "2020-01-01",
        "1577836800",
        "2020-01-02",
    ),
    ("Bool", None, "true", "TRUE", "false"),
    ("BinaryEquals", None, "QmluYXJ5", "QmluYXJ5", "qmluyxj5"),
    (
        "IpAddress",
        Some("NotIpAddress"),
        "203.0.113.0/24",
        "::ffff:203.0.113.9",
        "203.0.114.0",
    ),
    (
        "ArnEquals",
        Some("ArnNotEquals"),
        "arn:aws:iam::*:user/a",
        "arn:aws:iam::1:user/a",
        "arn:aws:iam::1:user/b",
    ),
    (
        "ArnLike",
        Some("ArnNotLike"),
        "arn:aws:iam::1:user/*",
        "arn:aws:iam::1:user/p/a",
        "arn:aws:iam::1:role/a",
    ),
    ("NumericLessThanEquals", None, "10", "9.99", "10.5"),
];

/// What is in the request: the expectation per (plain, `IfExists`, `ForAllValues`, `ForAnyValue`)
/// of the positive operator, then of the negated one.
type Row = (&'static [&'static str], [bool; 4], [bool; 4]);

/// `+` is a matching value, `-` one that does not match; the first entry is for the key's shape.
const ROWS: [Row; 9] = [
    (
        &["absent"],
        [false, true, true, false],
        [true, true, true, false],
    ),
    (
        &["many"],
        [false, true, true, false],
        [true, true, true, false],
    ),
    (&["one", "+"], [true; 4], [false; 4]),
    (&["one", "-"], [false; 4], [true; 4]),
    (&["many", "+"], [false, false, true, true], [false; 4]),
    (&["many", "-"], [false; 4], [false, false, true, true]),
    (
        &["many", "+", "-"],
        [false, false, false, true],
        [false, false, false, true],
    ),
    (&["many", "+", "+"], [false, false, true, true], [false; 4]),
    (&["many", "-", "-"], [false; 4], [false, false, true, true]),
];

fn context(shape: &[&str], matching: &str, other: &str) -> Context {
    let values: Vec<&str> = shape[1..]
        .iter()
        .map(|sign| if *sign == "+" { matching } else { other })
        .collect();
    match shape[0] {
        "absent" => Context::new(),
        "one" => Context::new().with("test:Key", values[0]),
        _ => Context::new().with_many("test:Key", &values),
    }
}

fn check_row(operator: &str, policy_value: &str, values: &Context, expected: [bool; 4]) {
    let forms = [
        operator.to_owned(),
        format!("{operator}IfExists"),
        format!("ForAllValues:{operator}"),
        format!("ForAnyValue:{operator}"),
    ];
    for (form, expected) in forms.iter().zip(expected) {
        let condition = format!(r#"{{"{form}":{{"TEST:key":"{policy_value}"}}}}"#);
        check(&condition, values, expected);
    }
}

#[test]
fn every_operator_follows_the_truth_table() {
    for (positive, negated, policy_value, matching, other) in FAMILIES {
        for (shape, when_positive, when_negated) in ROWS {
            let values = context(shape, matching, other);
            check_row(positive, policy_value, &values, when_positive);
            if let Some(negated) = negated {
                check_row(negated, policy_value, &values, when_negated);
            }
        }
    }
}

#[test]
fn a_set_operator_decides_on_an_absent_key_with_if_exists_as_without() {
    for (operator, when_absent) in [
        ("ForAllValues:StringEqualsIfExists", true),
        ("ForAnyValue:StringEqualsIfExists", false),
        ("ForAnyValue:StringNotEqualsIfExists", false),
    ] {
        let condition = format!(r#"{{"{operator}":{{"test:Key":"a"}}}}"#);
        check(&condition, &Context::new(), when_absent);
        let other = Context::new().with_many("test:Key", &["b"]);
        check(&condition, &other, operator.contains("Not"));
    }
}

#[test]
fn several_values_are_alternatives_and_under_negation_all_excluded() {
    for (value, positive) in [("a", true), ("b", true), ("c", false)] {
        let values = Context::new().with("test:Key", value);
        check(
            r#"{"StringEquals":{"test:Key":["a","b"]}}"#,
            &values,
            positive,
        );
        check(
            r#"{"StringNotEquals":{"test:Key":["a","b"]}}"#,
            &values,
            !positive,
        );
    }
}

#[test]
fn several_operators_and_keys_must_all_hold() {
    let condition = r#"{"StringEquals":{"test:A":"1","test:B":"2"},"Bool":{"test:C":true}}"#;
    let values = Context::new().with("test:A", "1").with("test:B", "2");
    check(condition, &values.clone().with("test:C", "true"), true);
    check(condition, &values.clone().with("test:C", "false"), false);
    check(
        condition,
        &values.with("test:A", "2").with("test:C", "true"),
        false,
    );
}

#[test]
fn null_asks_whether_the_key_is_absent() {
    let present = Context::new().with("test:Key", "");
    let empty = Context::new().with_many("test:Key", &[]);
    for (value, absent) in [("\"true\"", true), ("false", false), ("\"FALSE\"", false)] {
        let condition = format!(r#"{{"Null":{{"test:Key":{value}}}}}"#);
        check(&condition, &Context::new(), absent);
        check(&condition, &empty, absent);
        check(&condition, &present, !absent);
    }
}

#[test]
fn ordered_operators_compare_the_request_with_the_policy() {
    for (operator, less, equal, greater) in [
        ("LessThan", true, false, false),
        ("LessThanEquals", true, true, false),
        ("GreaterThan", false, false, true),
        ("GreaterThanEquals", false, true, true),
        ("Equals", false, true, false),
        ("NotEquals", true, false, true),
    ] {
        for (value, expected) in [("9.9", less), ("10", equal), ("10.1", greater)] {
            let condition = format!(r#"{{"Numeric{operator}":{{"test:Key":10}}}}"#);
            check(
                &condition,
                &Context::new().with("test:Key", value),
                expected,
            );
        }
        for (value, expected) in [
            ("2019-12-31T23:59:59Z", less),
            ("1577836800", equal),
            ("2020-01-01T00:00:01Z", greater),
        ] {
            let condition = format!(r#"{{"Date{operator}":{{"test:Key":"2020-01-01"}}}}"#);
            check(
                &condition,
                &Context::new().with("test:Key", value),
                expected,
            );
        }
    }
}

#[test]
fn a_value_of_another_type_neither_allows_nor_escapes_a_deny() {
    for condition in [
        r#"{"NumericLessThan":{"test:Key":"5"}}"#,
        r#"{"NumericNotEquals":{"test:Key":"5"}}"#,
        r#"{"DateGreaterThan":{"test:Key":"2020"}}"#,
        r#"{"Bool":{"test:Key":"true"}}"#,
        r#"{"BinaryEquals":{"test:Key":"AAAA"}}"#,
        r#"{"IpAddress":{"test:Key":"10.0.0.0/8"}}"#,
        r#"{"NotIpAddress":{"test:Key":"10.0.0.0/8"}}"#,
    ] {
        let values = Context::new().with("test:Key", "no such value!");
        assert!(!allows(condition, &values), "{condition}");
        assert!(denies(condition, &values), "{condition}");
    }
}

#[test]
fn contradicting_values_neither_allow_nor_escape_a_deny() {
    let values = Context::new().with_ambiguous("test:Key");
    for operator in ["StringEquals", "StringNotEquals", "ForAnyValue:StringLike"] {
        let condition = format!(r#"{{"{operator}":{{"test:Key":"a"}}}}"#);
        assert!(!allows(&condition, &values), "{operator}");
        assert!(denies(&condition, &values), "{operator}");
    }
}

#[test]
fn what_cannot_be_determined_does_not_matter_where_the_rest_decides() {
    let condition = r#"{"StringEquals":{"test:Key":"a"},"Bool":{"test:Other":"true"}}"#;
    let values = Context::new()
        .with_ambiguous("test:Key")
        .with("test:Other", "false");
    check(condition, &values, false);
}

#[test]
fn variables_are_substituted_in_text_and_arn_values() {
    let values = Context::new()
        .with("aws:username", "alice")
        .with("test:Key", "x-alice");
    check(
        r#"{"StringEquals":{"test:Key":"x-${aws:username}"}}"#,
        &values,
        true,
    );
    check(
        r#"{"StringNotLike":{"test:Key":"*-${aws:username}"}}"#,
        &values,
        false,
    );
    let values = values.with("test:Key", "arn:aws:iam::1:user/alice");
    check(
        r#"{"ArnLike":{"test:Key":"arn:aws:iam::*:user/${aws:username}"}}"#,
        &values,
        true,
    );
}

#[test]
fn a_variable_without_value_matches_nothing_and_negated_everything() {
    let values = Context::new().with("test:Key", "a");
    check(
        r#"{"StringLike":{"test:Key":"${aws:username}*"}}"#,
        &values,
        false,
    );
    check(
        r#"{"StringNotLike":{"test:Key":"${aws:username}*"}}"#,
        &values,
        true,
    );
    check(
        r#"{"StringLike":{"test:Key":"${aws:username,'a'}*"}}"#,
        &values,
        true,
    );
}

#[test]
fn operators_of_other_types_take_no_variables_and_no_malformed_values() {
    for condition in [
        r#"{"NumericEquals":{"a:b":"${aws:x}"}}"#,
        r#"{"Bool":{"a:b":"yes"}}"#,
        r#"{"Bool":{"a:b":1}}"#,
        r#"{"Null":{"a:b":"absent"}}"#,
        r#"{"DateEquals":{"a:b":"yesterday"}}"#,
        r#"{"IpAddress":{"a:b":"10.0.0.*"}}"#,
        r#"{"BinaryEquals":{"a:b":"%"}}"#,
        r#"{"StringEquals":{"a:b":[]}}"#,
        r#"{"StringEquals":{"a:b":null}}"#,
        r#"{"StringEquals":{"a:b":[["a"]]}}"#,
        r#"{"StringEquals":{}}"#,
        r#"{"StringEquals":"a"}"#,
        r#"{"StringIs":{"a:b":"a"}}"#,
        r#"[]"#,
    ] {
        let text = document(&statement("Allow", None, condition));
        let refused = IdentityPolicy::parse(&text).unwrap_err();
        assert_eq!(refused, MalformedPolicy::Syntax, "{condition}");
    }
}
