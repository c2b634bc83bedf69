//! A condition of a policy and the value of a request: an operator, the policy's value and the
//! request's, a line each, the last to the end.

use std::borrow::Cow;

use kms_core::caller::Principal;
use kms_core::ids::KeyArn;
use kms_core::policy::{
    ConditionKey, ConditionValues, Decision, KeyPolicy, Question, Resource, Value, decide,
};
use serde_json::json;

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// A value that a request has for every key, if it has one.
pub(crate) struct Given<'a>(pub(crate) Option<Value<'a>>);

impl ConditionValues for Given<'_> {
    fn value(&self, _: &ConditionKey) -> Option<Value<'_>> {
        self.0.clone()
    }
}

/// A key policy with one statement, after one that allows everything where it denies.
pub(crate) fn policy(effect: &str, operator: &str, value: &str) -> Option<KeyPolicy> {
    let mut statements = Vec::new();
    if effect == "Deny" {
        statements
            .push(json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}));
    }
    statements.push(
        json!({"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*",
        "Condition": {operator: {"test:Key": value}}}),
    );
    // Without a version there are no variables, whose values would be the request's.
    KeyPolicy::parse(&json!({"Statement": statements}).to_string()).ok()
}

/// Whether a policy lets a user do something with a key.
pub(crate) fn allows(policy: &KeyPolicy, value: Option<Value<'_>>) -> Option<bool> {
    let key: KeyArn = KEY.parse().ok()?;
    let principal = Principal::User {
        account: "111122223333".parse().ok()?,
        path: Default::default(),
        name: "alice".parse().ok()?,
        id: "AIDAAAAAAAAAAAAAAAAAA".parse().ok()?,
    };
    let decision = decide(&Question {
        principal: &principal,
        action: "kms:Encrypt",
        resource: Resource::Key(&key),
        values: &Given(value),
        key_policy: Some(policy),
        identity_policies: &[],
        boundary: None,
        session_policies: None,
        service_control: &[],
        resource_control: &[],
        by_grant: None,
    });
    Some(matches!(decision, Decision::Allow(_)))
}

/// The operator that holds where this one does not.
fn opposite(operator: &str) -> Option<String> {
    for (is, is_not) in [
        ("StringEquals", "StringNotEquals"),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        ("StringLike", "StringNotLike"),
        ("NumericEquals", "NumericNotEquals"),
        ("DateEquals", "DateNotEquals"),
        ("IpAddress", "NotIpAddress"),
        ("ArnEquals", "ArnNotEquals"),
        ("ArnLike", "ArnNotLike"),
    ] {
        if operator == is {
            return Some(is_not.to_owned());
        }
    }
    None
}

/// Whatever lets a statement that allows apply lets one apply that denies; of an operator and its
/// opposite one applies to every value; and `IfExists` is nothing where there is a value.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.splitn(3, '\n');
    let (Some(operator), Some(wanted), Some(found)) = (lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    let allowing = policy("Allow", operator, wanted);
    let denying = policy("Deny", operator, wanted);
    assert_eq!(allowing.is_some(), denying.is_some());
    let (Some(allowing), Some(denying)) = (allowing, denying) else {
        return;
    };
    let one = || Some(Value::One(Cow::Borrowed(found)));
    let many = vec![
        Cow::Borrowed(found),
        Cow::Borrowed(""),
        Cow::Borrowed(wanted),
    ];
    for value in [
        None,
        one(),
        Some(Value::Many(Vec::new())),
        Some(Value::Many(many)),
        Some(Value::Ambiguous),
    ] {
        let applies = allows(&allowing, value.clone()).unwrap_or_default();
        let denies = !allows(&denying, value).unwrap_or_default();
        assert!(
            !applies || denies,
            "{operator} allows what it does not deny"
        );
    }
    if let Some(other) = opposite(operator)
        && let (Some(not_allowing), Some(not_denying)) = (
            policy("Allow", &other, wanted),
            policy("Deny", &other, wanted),
        )
    {
        let both =
            allows(&allowing, one()) == Some(true) && allows(&not_allowing, one()) == Some(true);
        assert!(!both, "{operator} and {other} both apply");
        let none =
            allows(&denying, one()) == Some(true) && allows(&not_denying, one()) == Some(true);
        assert!(!none, "{operator} and {other} both do not deny");
    }
    if let Some(if_exists) = policy("Allow", &format!("{operator}IfExists"), wanted) {
        assert_eq!(allows(&if_exists, one()), allows(&allowing, one()));
    }
}
