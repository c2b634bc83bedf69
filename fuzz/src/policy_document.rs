//! Any text as a key policy: refused, or compiled and then asked with hostile values.

use std::borrow::Cow;
use std::sync::Arc;

use kms_core::caller::Principal;
use kms_core::policy::{
    ConditionKey, ConditionValues, IdentityPolicy, KeyPolicy, Question, Resource, Value, decide,
};

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Answers every key with text of the fuzzer's own, in a shape that depends on the key.
struct Hostile<'a>(&'a str);

impl ConditionValues for Hostile<'_> {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let text = Cow::Borrowed(self.0);
        match key.folded().len() % 5 {
            0 => None,
            1 => Some(Value::Many(vec![
                text,
                Cow::Borrowed("*"),
                Cow::Borrowed(""),
            ])),
            2 => Some(Value::Ambiguous),
            _ => Some(Value::One(text)),
        }
    }
}

/// As the head of this file says.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let identity: Vec<_> = IdentityPolicy::parse(text)
        .map(Arc::new)
        .into_iter()
        .collect();
    let key_policy = KeyPolicy::parse(text).ok();
    if identity.is_empty() && key_policy.is_none() {
        return;
    }
    let (Ok(key), Ok(account)) = (KEY.parse(), "111122223333".parse()) else {
        return;
    };
    let principal = Principal::Root { account };
    for resource in [Resource::Key(&key), Resource::Named(text), Resource::Any] {
        let decision = decide(&Question {
            principal: &principal,
            action: "kms:Encrypt",
            resource,
            values: &Hostile(text),
            key_policy: key_policy.as_ref(),
            identity_policies: &identity,
            boundary: None,
            session_policies: None,
            service_control: &[],
            resource_control: &[],
            by_grant: None,
        });
        drop(decision);
    }
    if let Some(policy) = &key_policy {
        drop(policy.check_new());
        assert!(policy.principals().count() <= text.len());
    }
}
