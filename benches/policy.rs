//! Decisions: by the default key policy, by long policies with conditions, through every layer, and
//! by one grant among 50,000.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kms_core::api::GrantOperation;
use kms_core::caller::Principal;
use kms_core::ciphertext::EncryptionContext;
use kms_core::grants::{Constraint, Grant, GrantPrincipal, GrantUse, KeyGrants};
use kms_core::ids::KeyArn;
use kms_core::policy::{
    ByGrant, ConditionKey, ConditionValues, Decision, IdentityPolicy, KeyPolicy, Question,
    Resource, ResourceControlPolicy, ServiceControlPolicy, Value, decide,
};
use kms_core::time::Timestamp;
use serde_json::json;

const ACCOUNT: &str = "111122223333";
const ALICE: &str = "AIDAAAAAAAAAAAAAAAAAA";

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

fn key() -> KeyArn {
    format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab")
        .parse()
        .unwrap()
}

fn decisions(criterion: &mut Criterion) {
    let key = key();
    let principal = Principal::Root {
        account: ACCOUNT.parse().unwrap(),
    };
    let none: [Arc<IdentityPolicy>; 0] = [];
    for (name, text) in [
        ("decide by the default key policy", default_policy()),
        ("decide by 1 statement with a condition", long_policy(1)),
        ("decide by 10 statements with conditions", long_policy(10)),
        ("decide by 20 statements with conditions", long_policy(20)),
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
            boundary: None,
            session_policies: None,
            service_control: &[],
            resource_control: &[],
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

/// A policy of so many statements for other actions, then the one that allows.
fn attached_policy(statements: usize) -> String {
    let statement = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    let mut all: Vec<_> = (1..statements)
        .map(|n| statement(&format!("kms:Describe{n}")))
        .collect();
    all.push(statement("kms:Enc*"));
    json!({"Version": "2012-10-17", "Statement": all}).to_string()
}

/// A session of a role of which every layer has so many statements.
fn layers(criterion: &mut Criterion) {
    let key = key();
    let principal = Principal::AssumedRole {
        account: ACCOUNT.parse().unwrap(),
        path: Default::default(),
        role: "app".parse().unwrap(),
        id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        session: "session".parse().unwrap(),
    };
    let key_policy = KeyPolicy::parse(&default_policy()).unwrap();
    for statements in [1, 10, 100] {
        let text = attached_policy(statements);
        let identity = Arc::new(IdentityPolicy::parse(&text).unwrap());
        let small = attached_policy(statements.min(30));
        let session = [Arc::new(IdentityPolicy::parse_session(&small).unwrap())];
        let control =
            Arc::new(ServiceControlPolicy::parse(&attached_policy(statements.min(60))).unwrap());
        let levels = [vec![Arc::clone(&control)], vec![control]];
        let rcp = ResourceControlPolicy::parse(
            &json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
                    "Action": "kms:Put*", "Resource": "*"}]})
            .to_string(),
        );
        let of_resources = [vec![Arc::new(rcp.unwrap())]];
        let identities = [Arc::clone(&identity)];
        let question = Question {
            principal: &principal,
            action: "kms:Encrypt",
            resource: Resource::Key(&key),
            values: &Tenant,
            key_policy: Some(&key_policy),
            identity_policies: &identities,
            boundary: Some(&identity),
            session_policies: Some(&session),
            service_control: &levels,
            resource_control: &of_resources,
            by_grant: None,
        };
        assert!(matches!(decide(&question), Decision::Allow(_)));
        let name = format!("decide through all layers, statements in each: {statements}");
        criterion.bench_function(&name, |b| b.iter(|| decide(black_box(&question))));
    }
}

/// Grants to one user, each with an encryption context of its own, as volumes have them.
fn grants(count: usize, constrained: fn(EncryptionContext) -> Constraint) -> KeyGrants {
    let mut grants = KeyGrants::default();
    for number in 0..count {
        grants.insert(Arc::new(Grant {
            id: format!("{number:064x}").parse().unwrap(),
            key: key(),
            created: Timestamp::from_millis(0),
            name: None,
            grantee: GrantPrincipal::User {
                account: ACCOUNT.parse().unwrap(),
                path: Default::default(),
                name: "alice".parse().unwrap(),
                id: ALICE.parse().unwrap(),
            },
            retiring: None,
            issuing_account: ACCOUNT.parse().unwrap(),
            operations: vec![GrantOperation::Encrypt, GrantOperation::Decrypt],
            constraint: Some(constrained(volume(number))),
        }));
    }
    grants
}

fn volume(number: usize) -> EncryptionContext {
    [
        ("aws:ebs:id", format!("vol-{number}")),
        ("tenant", "blue".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

fn granted(criterion: &mut Criterion) {
    let (key, none): (_, [Arc<IdentityPolicy>; 0]) = (key(), []);
    let alice = Principal::User {
        account: ACCOUNT.parse().unwrap(),
        path: Default::default(),
        name: "alice".parse().unwrap(),
        id: ALICE.parse().unwrap(),
    };
    let policy = KeyPolicy::parse(&default_policy()).unwrap();
    for (kind, constrained) in [
        ("equals", Constraint::EncryptionContextEquals as fn(_) -> _),
        ("subset", Constraint::EncryptionContextSubset),
    ] {
        for count in [1, 50_000] {
            let grants = grants(count, constrained);
            for (outcome, number) in [("allow", count / 2), ("deny", count)] {
                let context = volume(number);
                let question = Question {
                    principal: &alice,
                    action: "kms:Encrypt",
                    resource: Resource::Key(&key),
                    values: &Tenant,
                    key_policy: Some(&policy),
                    identity_policies: &none,
                    boundary: None,
                    session_policies: None,
                    service_control: &[],
                    resource_control: &[],
                    by_grant: Some(ByGrant::Allows {
                        grants: &grants,
                        wanted: GrantUse::Cryptographic(GrantOperation::Encrypt, Some(&context)),
                        propagation: None,
                    }),
                };
                let allowed = matches!(decide(&question), Decision::Allow(_));
                assert_eq!(allowed, outcome == "allow");
                let name = format!("{outcome} with {count} grants ({kind})");
                criterion.bench_function(&name, |b| b.iter(|| decide(black_box(&question))));
            }
        }
    }
}

criterion_group!(benches, decisions, layers, granted);
criterion_main!(benches);
