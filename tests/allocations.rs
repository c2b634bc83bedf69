//! Decisions take no memory: what the door asks for each request, with every kind of policy that most
//! requests meet, allocates nothing, whether it is allowed or denied.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::Arc;

use kms_core::api::GrantOperation;
use kms_core::caller::Principal;
use kms_core::ciphertext::EncryptionContext;
use kms_core::grants::{Constraint, Grant, GrantPrincipal, GrantUse, KeyGrants};
use kms_core::ids::KeyArn;
use kms_core::policy::{
    ByGrant, ConditionKey, ConditionValues, Decision, IdentityPolicy, KeyPolicy, Question,
    Resource, Value, decide,
};
use kms_core::time::Timestamp;
use serde_json::{Value as Json, json};

const ROOT: &str = "arn:aws:iam::111122223333:root";
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

/// The values of a request, as the service has them: lent, never made.
struct Values;

impl ConditionValues for Values {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let text = match key.folded() {
            "kms:encryptioncontext:tenant" => "blue",
            "aws:sourceip" => "203.0.113.7",
            "aws:securetransport" => "true",
            "aws:currenttime" => "2026-11-22T12:00:00Z",
            "aws:principalarn" => ALICE,
            "kms:encryptionalgorithm" => "SYMMETRIC_DEFAULT",
            "aws:multifactorauthage" => "120",
            _ => return None,
        };
        Some(Value::One(Cow::Borrowed(text)))
    }
}

fn document(statements: &[Json]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// What every new key has: all of the account's policies decide.
fn default_policy() -> String {
    document(&[
        json!({"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": ROOT},
               "Action": "kms:*", "Resource": "*"}),
    ])
}

/// A condition of each family in turn, that holds or does not.
fn condition(number: usize, holds: bool) -> Json {
    let pick = |yes: &str, no: &str| (if holds { yes } else { no }).to_owned();
    match number % 8 {
        0 => json!({"StringEquals": {"kms:EncryptionContext:tenant": pick("blue", "red")}}),
        1 => json!({"StringLike": {"kms:EncryptionContext:tenant": pick("b*e", "r?d*")}}),
        2 => json!({"IpAddress": {"aws:SourceIp": pick("203.0.113.0/24", "198.51.100.0/24")}}),
        3 => json!({"Bool": {"aws:SecureTransport": pick("true", "false")}}),
        4 => json!({"DateGreaterThan": {"aws:CurrentTime":
                    pick("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")}}),
        _ => {
            json!({"ArnLike": {"aws:PrincipalArn": pick("arn:aws:iam::*:user/a*", "arn:aws:iam::*:role/*")}})
        }
    }
}

/// Twenty statements with conditions, the last of which allows; or denies, where `effect` says so.
fn long_policy(principal: bool, effect: &str) -> String {
    let statement = |number: usize, effect: &str, holds: bool| {
        let mut made = json!({"Sid": format!("Statement{number}"), "Effect": effect,
            "Action": ["kms:Encrypt", "kms:Generate*", "kms:Decrypt"], "Resource": "*",
            "Condition": condition(number, holds)});
        if principal {
            made["Principal"] = json!({"AWS": [ALICE, "arn:aws:iam::111122223333:role/app"]});
        }
        made
    };
    let mut all: Vec<_> = (0..19)
        .map(|number| statement(number, ["Allow", "Deny"][number % 2], false))
        .collect();
    all.push(statement(19, effect, true));
    document(&all)
}

fn key() -> KeyArn {
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        .parse()
        .unwrap()
}

fn root() -> Principal {
    Principal::Root {
        account: "111122223333".parse().unwrap(),
    }
}

fn alice() -> Principal {
    Principal::User {
        account: "111122223333".parse().unwrap(),
        path: Default::default(),
        name: "alice".parse().unwrap(),
        id: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
    }
}

fn session() -> Principal {
    Principal::AssumedRole {
        account: "111122223333".parse().unwrap(),
        path: Default::default(),
        role: "app".parse().unwrap(),
        id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        session: "session".parse().unwrap(),
    }
}

/// What a decision is made of, besides who asks.
#[derive(Default)]
struct Policies {
    key: Option<KeyPolicy>,
    identity: Vec<Arc<IdentityPolicy>>,
    boundary: Option<IdentityPolicy>,
    session: Option<Vec<Arc<IdentityPolicy>>>,
    grants: Option<(KeyGrants, EncryptionContext)>,
}

impl Policies {
    fn key(text: &str) -> Self {
        Self {
            key: Some(KeyPolicy::parse(text).unwrap()),
            ..Self::default()
        }
    }

    fn identity(mut self, text: &str) -> Self {
        self.identity
            .push(Arc::new(IdentityPolicy::parse(text).unwrap()));
        self
    }

    /// Decides twice: once to see that it is allowed or not, once to count.
    fn decide(&self, name: &str, principal: &Principal, action: &str, allowed: bool) {
        let key = key();
        let by_grant = self.grants.as_ref().map(|(grants, context)| {
            let operation = GrantOperation::of_action(action).unwrap();
            ByGrant::Allows {
                grants,
                wanted: GrantUse::Cryptographic(operation, Some(context)),
                propagation: None,
            }
        });
        let question = Question {
            principal,
            action,
            resource: Resource::Key(&key),
            values: &Values,
            key_policy: self.key.as_ref(),
            identity_policies: &self.identity,
            boundary: self.boundary.as_ref(),
            session_policies: self.session.as_deref(),
            service_control: &[],
            resource_control: &[],
            by_grant,
        };
        let decided = matches!(decide(&question), Decision::Allow(_));
        assert_eq!(decided, allowed, "{name}: {action}");
        let counted = allocation_counter::measure(|| drop(black_box(decide(black_box(&question)))));
        assert_eq!(counted.count_total, 0, "{name}: {action}: {counted:?}");
    }
}

#[test]
fn memory_that_is_taken_is_counted() {
    let counted = allocation_counter::measure(|| drop(black_box(vec![0_u8; 100])));
    assert_eq!((counted.count_total, counted.bytes_total), (1, 100));
}

#[test]
fn the_default_policy_is_decided_without_taking_memory() {
    let alone = Policies::key(&default_policy());
    let allow =
        |action: &str| document(&[json!({"Effect": "Allow", "Action": action, "Resource": "*"})]);
    let permitted = Policies::key(&default_policy()).identity(&allow("kms:*"));
    let other = Policies::key(&default_policy()).identity(&allow("kms:ListKeys"));
    // Each action of the service, the longest names among them.
    let actions = kms_core::api::Operation::ALL.iter();
    for action in actions.flat_map(|operation| operation.actions()) {
        if *action == "kms:RetireGrant" {
            continue;
        }
        alone.decide("the root user", &root(), action, true);
        alone.decide("a user without policies", &alice(), action, false);
        permitted.decide("a user with a policy", &alice(), action, true);
        permitted.decide("a session", &session(), action, true);
        if *action != "kms:ListKeys" {
            other.decide("a user with another policy", &alice(), action, false);
        }
    }
}

#[test]
fn twenty_statements_with_conditions_are_decided_without_taking_memory() {
    for effect in ["Allow", "Deny"] {
        let allowed = effect == "Allow";
        let key = Policies::key(&long_policy(true, effect));
        let identity = Policies::key(&default_policy()).identity(&long_policy(false, effect));
        for action in ["kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext"] {
            key.decide("a key policy", &alice(), action, allowed);
            key.decide("a key policy, of the role", &session(), action, allowed);
            identity.decide("an identity policy", &alice(), action, allowed);
        }
        key.decide("a key policy", &alice(), "kms:Sign", false);
    }
}

#[test]
fn policies_that_name_keys_are_decided_without_taking_memory() {
    let on = |resource: &str| {
        document(&[json!({"Effect": "Allow", "Action": "kms:Encrypt", "Resource": resource})])
    };
    for (resource, allowed) in [
        (key().to_string().as_str(), true),
        ("arn:aws:kms:*:111122223333:key/*", true),
        ("arn:aws:kms:*:*:key/1234abcd-*", true),
        ("arn:aws:kms:*:*:key/mrk-*", false),
        ("arn:aws:kms:us-east-1:111122223333:alias/app", false),
    ] {
        let policies = Policies::key(&default_policy()).identity(&on(resource));
        policies.decide(resource, &alice(), "kms:Encrypt", allowed);
    }
}

#[test]
fn limits_are_decided_without_taking_memory() {
    for effect in ["Allow", "Deny"] {
        let limit = || IdentityPolicy::parse_managed(&long_policy(false, effect)).unwrap();
        let mut policies = Policies::key(&default_policy()).identity(&long_policy(false, "Allow"));
        policies.boundary = Some(limit());
        let allowed = effect == "Allow";
        policies.decide("a boundary", &alice(), "kms:Encrypt", allowed);
        policies.session = Some(vec![Arc::new(limit())]);
        policies.decide("a session policy", &session(), "kms:Encrypt", allowed);
    }
}

#[test]
fn a_grant_among_many_is_found_without_taking_memory() {
    let volume = |number: usize| -> EncryptionContext {
        [("aws:ebs:id", format!("vol-{number}"))]
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    };
    let mut grants = KeyGrants::default();
    for number in 0..500 {
        grants.insert(Arc::new(Grant {
            id: format!("{number:064x}").parse().unwrap(),
            key: key(),
            created: Timestamp::from_millis(0),
            name: None,
            grantee: GrantPrincipal::User {
                account: "111122223333".parse().unwrap(),
                path: Default::default(),
                name: "alice".parse().unwrap(),
                id: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
            },
            retiring: None,
            issuing_account: "111122223333".parse().unwrap(),
            operations: vec![GrantOperation::Encrypt],
            constraint: Some(Constraint::EncryptionContextEquals(volume(number))),
        }));
    }
    let mut policies = Policies::key(&default_policy());
    policies.grants = Some((grants, volume(250)));
    policies.decide("a grant", &alice(), "kms:Encrypt", true);
    policies.decide("a grant", &alice(), "kms:Decrypt", false);
    policies.grants.as_mut().unwrap().1 = volume(500);
    policies.decide("no grant", &alice(), "kms:Encrypt", false);
}
