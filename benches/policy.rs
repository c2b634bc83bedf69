//! Decisions: by the default key policy, and by long policies with conditions.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kms_core::caller::Principal;
use kms_core::ids::KeyArn;
use kms_core::policy::{
    ConditionKey, ConditionValues, Decision, IdentityPolicy, KeyPolicy, Question, Resource, Value,
    decide,
};
use serde_json::json;

const ACCOUNT: &str = "111122223333";

struct Tenant;

impl ConditionValues for Tenant {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let tenant = key.folded() == "kms:encryptioncontext:tenant";
        tenant.then_some(Value::One(Cow::Borrowed("blue")))
    }
}

fn default_policy() -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
        "Action": "kms:*", "Resource": "*"}]})
    .to_string()
}

/// Statements for other tenants, then the one that allows.
fn long_policy(statements: usize) -> String {
    let statement = |tenant: &str| {
        json!({"Effect": "Allow", "Principal": "*",
               "Action": ["kms:Encrypt", "kms:Generate*"], "Resource": "*",
               "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": tenant}}})
    };
    let mut all: Vec<_> = (1..statements)
        .map(|n| statement(&format!("tenant-{n}")))
        .collect();
    all.push(statement("blue"));
    json!({"Version": "2012-10-17", "Statement": all}).to_string()
}

fn decisions(criterion: &mut Criterion) {
    let key: KeyArn =
        format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab")
            .parse()
            .unwrap();
    let principal = Principal::Root {
        account: ACCOUNT.parse().unwrap(),
    };
    let none: [Arc<IdentityPolicy>; 0] = [];
    for (name, text) in [
        ("decide by the default key policy", default_policy()),
        ("decide by 1 statement with a condition", long_policy(1)),
        ("decide by 100 statements with conditions", long_policy(100)),
    ] {
        let policy = KeyPolicy::parse(&text).unwrap();
        let question = Question {
            principal: &principal,
            action: "kms:Encrypt",
            resource: Resource::Key(&key),
            values: &Tenant,
            key_policy: Some(&policy),
            identity_policies: &none,
            by_grant: None,
        };
        assert!(matches!(decide(&question), Decision::Allow(_)));
        criterion.bench_function(name, |b| b.iter(|| decide(black_box(&question))));
    }
    let text = long_policy(100);
    criterion.bench_function("parse 100 statements with conditions", |b| {
        b.iter(|| KeyPolicy::parse(black_box(&text)).unwrap())
    });
}

criterion_group!(benches, decisions);
criterion_main!(benches);
