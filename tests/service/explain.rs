//! Explanations of decisions: they are the decisions that requests get, and they say which statement
//! made them and what is missing.

use kms_core::service::{
    AttachUserPolicyRequest, CreatePolicyRequest, CreateRoleRequest, ExplainRequest, Explanation,
    LintStoreRequest, PutUserPermissionsBoundaryRequest,
};

use super::*;

mod findings;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

fn ask(principal: &str, action: &str, key: &str, context: &[(&str, &str)]) -> ExplainRequest {
    ExplainRequest {
        principal: principal.to_owned(),
        action: action.to_owned(),
        key: Some(key.to_owned()),
        encryption_context: Some(pairs(context)),
        conditions: Vec::new(),
    }
}

fn document(statements: &[String]) -> String {
    let statements = statements.join(",\n    ");
    format!("{{\"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {statements}\n  ]\n}}")
}

/// A statement of a key policy, for everybody of `principal`.
fn of_key(effect: &str, principal: &str, action: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": {{"AWS": "{principal}"}}, "Action": "{action}", "Resource": "*"{condition}}}"#
    )
}

fn of_user(effect: &str, action: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Action": "{action}", "Resource": "{resource}"{condition}}}"#
    )
}

fn when(operator: &str, key: &str, value: &str) -> String {
    format!(r#", "Condition": {{"{operator}": {{"{key}": "{value}"}}}}"#)
}

impl Fixture {
    fn explain(&self, request: ExplainRequest) -> Explanation {
        self.send(request).unwrap()
    }

    fn key_with(&self, statements: &[String]) -> String {
        let request = CreateKeyRequest {
            policy: Some(document(statements)),
            bypass_policy_lockout_safety_check: Some(true),
            ..CreateKeyRequest::default()
        };
        self.send(request).unwrap().key_metadata.arn.to_string()
    }

    fn let_alice(&self, statements: &[String]) {
        let request = PutUserPolicyRequest {
            user_name: "alice".parse().unwrap(),
            policy_name: "p".parse().unwrap(),
            policy_document: document(statements),
        };
        self.send(request).unwrap();
    }

    fn managed(&self, name: &str, statements: &[String]) -> kms_core::ids::PolicyArn {
        let request = CreatePolicyRequest {
            policy_name: name.parse().unwrap(),
            path: None,
            policy_document: document(statements),
            description: None,
            tags: None,
        };
        self.send(request).unwrap().0.policy.arn()
    }
}

/// Draws from short lists, the same each time.
struct Draws(u64);

impl Draws {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.next(list.len())]
    }

    fn condition(&mut self) -> String {
        match self.next(6) {
            0 => when("StringEquals", "kms:EncryptionContext:app", "mail"),
            1 => when("Null", "kms:EncryptionContextKeys", "true"),
            2 => when(
                "StringEquals",
                "kms:EncryptionAlgorithm",
                "SYMMETRIC_DEFAULT",
            ),
            3 => when("StringEquals", "aws:username", "alice"),
            _ => String::new(),
        }
    }

    fn effect(&mut self) -> &'static str {
        match self.next(5) {
            0 => "Deny",
            _ => "Allow",
        }
    }
}

const PRINCIPALS: [&str; 4] = [
    "arn:aws:iam::111122223333:root",
    ALICE,
    "arn:aws:iam::111122223333:user/bob",
    "*",
];

const ACTIONS: [&str; 5] = [
    "kms:*",
    "kms:Encrypt",
    "kms:Generate*",
    "kms:DescribeKey",
    "kms:Decrypt",
];

impl Draws {
    fn key_policy(&mut self) -> Vec<String> {
        let count = 1 + self.next(3);
        let mut drawn = Vec::new();
        for _ in 0..count {
            let (effect, principal) = (self.effect(), self.of(&PRINCIPALS));
            let (action, condition) = (self.of(&ACTIONS), self.condition());
            drawn.push(of_key(effect, principal, action, &condition));
        }
        drawn
    }

    fn identity_policy(&mut self, key: &str) -> Vec<String> {
        let count = 1 + self.next(3);
        let mut drawn = Vec::new();
        for _ in 0..count {
            let (effect, action) = (self.effect(), self.of(&ACTIONS));
            let other = "arn:aws:kms:us-east-1:111122223333:alias/a";
            let resource = self.of(&["*", key, other]);
            let condition = self.condition();
            drawn.push(of_user(effect, action, resource, &condition));
        }
        drawn
    }
}

fn is_allowed<T>(result: Result<T, Error>) -> Result<bool, String> {
    match result {
        Ok(_) => Ok(true),
        Err(Error::AccessDenied(message)) => Err(message),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn an_explanation_decides_as_the_request_is_decided() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    fixture.user("bob");
    let mut draws = Draws(7);
    let (mut allowed, mut denied, mut by_grant) = (0, 0, 0);
    for round in 0..200 {
        let key = fixture.key_with(&draws.key_policy());
        let policy = draws.identity_policy(&key);
        fixture.let_alice(&policy);
        if draws.next(4) != 0 {
            let mut grant = on_key!(CreateGrantRequest, key);
            grant.grantee_principal = Some(ALICE.to_owned());
            grant.operations = Some(vec!["Encrypt".to_owned(), "DescribeKey".to_owned()]);
            let constrained = draws.next(2) == 0;
            grant.constraints = constrained.then(|| GrantConstraints {
                encryption_context_subset: Some(pairs(&[("app", "mail")])),
                encryption_context_equals: None,
            });
            // The root user may be one of those whom the policy denies.
            let _ = fixture.send(grant);
        }
        let context = match draws.next(3) {
            0 => &[][..],
            1 => &[("app", "mail")],
            _ => &[("app", "web"), ("x", "y")],
        };
        let data_key = GenerateDataKeyRequest {
            key_id: Some(key.clone()),
            key_spec: Some("AES_256".to_owned()),
            encryption_context: Some(pairs(context)),
            ..GenerateDataKeyRequest::default()
        };
        let asked = [
            (
                "kms:Encrypt",
                is_allowed(fixture.send_as(&alice, encrypt(&key, context))),
            ),
            (
                "kms:GenerateDataKey",
                is_allowed(fixture.send_as(&alice, data_key)),
            ),
        ];
        let described = on_key!(DescribeKeyRequest, key);
        let described = is_allowed(fixture.send_as(&alice, described));
        let asked = asked
            .into_iter()
            .map(|(action, real)| (action, context, real));
        for (action, context, real) in asked.chain([("kms:DescribeKey", &[][..], described)]) {
            let said = fixture.explain(ask(ALICE, action, &key, context));
            let told = format!("round {round}: {said:?}\n{real:?}\n{policy:?}");
            assert_eq!(said.allowed, real.is_ok(), "{told}");
            match real {
                Ok(_) => {
                    allowed += 1;
                    assert!(!said.decided_by.is_empty(), "{told}");
                    by_grant += usize::from(said.reason.contains("the grant"));
                }
                Err(message) => {
                    denied += 1;
                    assert!(message.ends_with(&said.reason), "{told}");
                    assert!(!said.hints.is_empty(), "{told}");
                    let explicit = said.reason.contains("explicit deny");
                    assert_eq!(said.decided_by.len(), usize::from(explicit), "{told}");
                }
            }
        }
    }
    assert!(
        allowed > 50 && denied > 50 && by_grant > 0,
        "{allowed} {denied} {by_grant}"
    );
}

#[test]
fn what_decides_is_told_with_its_place() {
    let fixture = Fixture::new();
    fixture.user("alice");
    let key = fixture.create_key();
    fixture.let_alice(&[of_user("Allow", "kms:Encrypt", "*", "")]);
    let said = fixture.explain(ask("user/alice", "kms:encrypt", &key, &[]));
    assert!(said.allowed);
    assert_eq!(
        (said.principal.as_str(), said.action.as_str()),
        (ALICE, "kms:Encrypt")
    );
    assert_eq!(said.resource, key);
    let [by_key, by_user] = said.decided_by.as_slice() else {
        panic!("{said:?}");
    };
    assert_eq!(by_key.policy, "the key policy");
    assert_eq!(by_key.sid.as_deref(), Some("Enable IAM User Permissions"));
    assert_eq!(
        (by_key.statement, by_key.line, by_key.column),
        (Some(0), Some(4), Some(19))
    );
    assert_eq!(by_user.policy, "the inline policy p of the user alice");
    assert_eq!(
        (by_user.statement, by_user.line, by_user.column),
        (Some(0), Some(3), Some(5))
    );

    let deny = fixture.managed("no-encrypt", &[of_user("Deny", "kms:Encrypt", "*", "")]);
    let attach = AttachUserPolicyRequest {
        user_name: "alice".parse().unwrap(),
        policy_arn: deny.clone(),
    };
    fixture.send(attach).unwrap();
    let said = fixture.explain(ask(ALICE, "kms:Encrypt", &key, &[]));
    assert_eq!(
        said.reason,
        "with an explicit deny in an identity-based policy"
    );
    assert_eq!(
        said.decided_by[0].policy,
        format!("the managed policy {deny} (v1)")
    );

    let said = fixture.explain(ask("root", "kms:Encrypt", &key, &[]));
    assert!(said.allowed, "{said:?}");
    let said = fixture.explain(ExplainRequest {
        key: None,
        ..ask("root", "kms:CreateKey", "", &[])
    });
    assert!(said.allowed && said.decided_by.is_empty(), "{said:?}");
    assert_eq!(said.resource, "*");
}

#[test]
fn a_refusal_says_what_is_missing() {
    let fixture = Fixture::new();
    fixture.user("alice");
    let key = fixture.create_key();
    let hints = |key: &str, context: &[(&str, &str)]| {
        let said = fixture.explain(ask(ALICE, "kms:Decrypt", key, context));
        assert!(!said.allowed, "{said:?}");
        said.hints.join("\n")
    };
    let said = hints(&key, &[]);
    assert!(said.contains("leaves it to identity policies"), "{said}");
    assert!(
        said.contains("\"Enable IAM User Permissions\" at line 4, column 19"),
        "{said}"
    );

    let condition = when("StringEquals", "kms:EncryptionContext:app", "mail");
    fixture.let_alice(&[of_user("Allow", "kms:Decrypt", "*", &condition)]);
    let place = "the inline policy p of the user alice, statement 0 at line 3, column 5 would \
        allow it, but its condition StringEquals kms:EncryptionContext:app is not met: wanted \
        \"mail\", got";
    let said = hints(&key, &[]);
    assert!(said.contains(&format!("{place} nothing")), "{said}");
    let said = hints(&key, &[("app", "web")]);
    assert!(said.contains(&format!("{place} \"web\"")), "{said}");
    let said = hints(&key, &[("app", "mail"), ("App", "mail")]);
    assert!(said.contains("values that contradict each other"), "{said}");

    fixture.let_alice(&[of_user("Allow", "kms:*", "arn:aws:kms:*:*:key/other", "")]);
    let said = hints(&key, &[]);
    assert!(
        said.contains("allows the action, but on other resources"),
        "{said}"
    );

    fixture.let_alice(&[of_user("Allow", "kms:*", "*", "")]);
    let closed = fixture.key_with(&[of_key("Allow", ALICE, "kms:Encrypt", "")]);
    let said = hints(&closed, &[]);
    assert!(
        said.contains("no statement of the key policy allows kms:Decrypt"),
        "{said}"
    );
    assert!(said.contains("which does not suffice"), "{said}");

    let narrow = fixture.managed("narrow", &[of_user("Allow", "kms:Encrypt", "*", "")]);
    let bound = PutUserPermissionsBoundaryRequest {
        user_name: "alice".parse().unwrap(),
        permissions_boundary: narrow.clone(),
    };
    fixture.send(bound).unwrap();
    let said = hints(&key, &[]);
    assert!(
        said.contains(&format!("the permissions boundary {narrow} (v1)")),
        "{said}"
    );
}

#[test]
fn a_grant_that_does_not_fit_is_told() {
    let fixture = Fixture::new();
    fixture.user("alice");
    let key = fixture.create_key();
    let mut grant = on_key!(CreateGrantRequest, key);
    grant.grantee_principal = Some(ALICE.to_owned());
    grant.operations = Some(vec!["Decrypt".to_owned()]);
    grant.constraints = Some(GrantConstraints {
        encryption_context_subset: Some(pairs(&[("app", "mail")])),
        encryption_context_equals: None,
    });
    let id = fixture.send(grant).unwrap().grant_id;
    let said = fixture.explain(ask(ALICE, "kms:Decrypt", &key, &[("app", "mail")]));
    assert_eq!(said.reason, format!("by the grant {id}"));
    let said = fixture.explain(ask(ALICE, "kms:Decrypt", &key, &[]));
    let hints = said.hints.join("\n");
    assert!(
        hints.contains(&format!("the grant {id} would allow it")),
        "{hints}"
    );
}

#[test]
fn conditions_are_of_the_request_that_is_thought_of() {
    let fixture = Fixture::new();
    fixture.user("alice");
    let key = fixture.create_key();
    let from = when("IpAddress", "aws:SourceIp", "192.0.2.0/24");
    fixture.let_alice(&[of_user("Allow", "kms:Encrypt", "*", &from)]);
    let asked = ask(ALICE, "kms:Encrypt", &key, &[]);
    assert!(!fixture.explain(asked.clone()).allowed);
    let given = |key: &str, value: &str| ExplainRequest {
        conditions: vec![(key.to_owned(), value.to_owned())],
        ..asked.clone()
    };
    assert!(fixture.explain(given("aws:sourceip", "192.0.2.7")).allowed);
    assert!(
        !fixture
            .explain(given("aws:SourceIp", "198.51.100.1"))
            .allowed
    );
    let algorithm = when(
        "StringEquals",
        "kms:EncryptionAlgorithm",
        "SYMMETRIC_DEFAULT",
    );
    fixture.let_alice(&[of_user("Allow", "kms:Encrypt", "*", &algorithm)]);
    assert!(fixture.explain(asked.clone()).allowed);
    assert!(
        !fixture
            .explain(given("kms:EncryptionAlgorithm", "x"))
            .allowed
    );
    let tags = r#", "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "b"}}"#;
    fixture.let_alice(&[of_user("Allow", "kms:TagResource", "*", tags)]);
    let mut tagged = ask(ALICE, "kms:TagResource", &key, &[]);
    tagged.conditions = ["a", "b"]
        .map(|tag| ("aws:TagKeys".to_owned(), tag.to_owned()))
        .into();
    assert!(fixture.explain(tagged).allowed);
}

#[test]
fn a_role_is_explained_through_a_session() {
    let fixture = Fixture::new();
    let request = CreateRoleRequest {
        path: Some("/r/".parse().unwrap()),
        role_name: "worker".parse().unwrap(),
        assume_role_policy_document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}"#.to_owned(),
        description: None,
        max_session_duration: None,
        permissions_boundary: None,
        tags: None,
    };
    fixture.send(request).unwrap();
    let session = "arn:aws:sts::111122223333:assumed-role/worker/one";
    let key = fixture.key_with(&[of_key("Allow", session, "kms:Encrypt", "")]);
    assert!(
        fixture
            .explain(ask(session, "kms:Encrypt", &key, &[]))
            .allowed
    );
    let said = fixture.explain(ask("role/worker", "kms:Encrypt", &key, &[]));
    assert!(!said.allowed);
    assert_eq!(
        said.principal,
        "arn:aws:sts::111122223333:assumed-role/worker/explained"
    );
    let by_arn = "arn:aws:iam::111122223333:role/r/worker";
    assert!(
        !fixture
            .explain(ask(by_arn, "kms:Encrypt", &key, &[]))
            .allowed
    );
    let elsewhere = ask(
        "arn:aws:iam::111122223333:role/worker",
        "kms:Encrypt",
        &key,
        &[],
    );
    assert_eq!(code(fixture.send(elsewhere)), "NotFoundException");
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    let key = fixture.create_key();
    for (principal, action, key, expected) in [
        (
            "user/bob",
            "kms:Encrypt",
            Some(key.as_str()),
            "NotFoundException",
        ),
        ("role/bob", "kms:Encrypt", Some(&key), "NotFoundException"),
        (
            "arn:aws:iam::999999999999:user/alice",
            "kms:Encrypt",
            Some(&key),
            "NotFoundException",
        ),
        (
            "arn:aws:iam::111122223333:user/x/alice",
            "kms:Encrypt",
            Some(&key),
            "NotFoundException",
        ),
        ("group/x", "kms:Encrypt", Some(&key), "ValidationException"),
        ("alice", "kms:Encrypt", Some(&key), "ValidationException"),
        (
            "user/alice",
            "kms:Frobnicate",
            Some(&key),
            "ValidationException",
        ),
        ("user/alice", "kms:*", Some(&key), "ValidationException"),
        (
            "user/alice",
            "kms:RetireGrant",
            Some(&key),
            "ValidationException",
        ),
        ("user/alice", "kms:Encrypt", None, "ValidationException"),
        (
            "user/alice",
            "kms:CreateKey",
            Some(&key),
            "ValidationException",
        ),
        (
            "user/alice",
            "kms:Encrypt",
            Some("alias/none"),
            "NotFoundException",
        ),
    ] {
        let request = ExplainRequest {
            key: key.map(str::to_owned),
            ..ask(principal, action, "", &[])
        };
        assert_eq!(
            code(fixture.send(request)),
            expected,
            "{principal} {action}"
        );
    }
    let nobody_s_business = ask(ALICE, "kms:Encrypt", &key, &[]);
    assert_eq!(
        code(fixture.send_as(&alice, nobody_s_business)),
        "AccessDeniedException"
    );
    assert_eq!(
        code(fixture.send_as(&alice, LintStoreRequest)),
        "AccessDeniedException"
    );
    let events = fixture.lines();
    assert_eq!(events.last().unwrap()["eventName"], "LintStore");
    assert_eq!(events.last().unwrap()["errorCode"], "AccessDenied");
}
