//! Cases that are written down.

use serde_json::{Value as Json, json};

use super::*;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const ROLE: &str = "arn:aws:iam::111122223333:role/target";

fn policy(effect: &str) -> Json {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": "kms:*", "Resource": "*"}]})
}

fn key_policy(effect: &str, principal: &str) -> Json {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "One", "Effect": effect, "Principal": {"AWS": principal},
         "Action": "kms:*", "Resource": "*"}]})
}

fn case(more: Json) -> Json {
    let mut case = json!({"principal": ALICE, "action": "kms:Decrypt", "resource": KEY});
    for (name, value) in more.as_object().unwrap() {
        case[name] = value.clone();
    }
    case
}

fn run(case: &Json) -> (&'static str, String) {
    let (outcome, reason) = Simulation::parse(&case.to_string()).unwrap().run();
    (outcome.as_str(), reason)
}

fn refusal(case: &Json) -> String {
    Simulation::parse(&case.to_string())
        .unwrap_err()
        .to_string()
}

/// A case that the account, by its key's policy, leaves to an identity policy that allows it.
fn open() -> Json {
    case(json!({
        "resourcePolicy": key_policy("Allow", ACCOUNT),
        "identityPolicies": [policy("Allow")],
    }))
}

/// Runs [`open`] with other values, each with the decision and words of the reason.
#[track_caller]
fn each(changes: &[(&str, Json, &str, &str)]) {
    for (name, value, decision, words) in changes {
        let mut case = open();
        case[*name] = value.clone();
        let (found, reason) = run(&case);
        assert_eq!(found, *decision, "{name} {value} {reason}");
        assert!(reason.contains(words), "{name} {value} {reason}");
    }
}

#[test]
fn an_allowed_case_says_which_statements_allowed_it() {
    let (decision, reason) = run(&open());
    assert_eq!(decision, "Allowed");
    assert_eq!(
        reason,
        "allowed by the resource-based policy: policy 0, statement 0, Sid \"One\", and an \
         identity-based policy: policy 0, statement 0"
    );
}

#[test]
fn the_policies_of_identity_and_key_decide() {
    let no_policy = "no resource-based policy";
    each(&[
        (
            "identityPolicies",
            json!([]),
            "ImplicitlyDenied",
            "no identity-based policy",
        ),
        (
            "identityPolicies",
            json!([policy("Deny")]),
            "ExplicitlyDenied",
            "an identity-based",
        ),
        ("resourcePolicy", json!(null), "ImplicitlyDenied", no_policy),
        (
            "resourcePolicy",
            key_policy("Deny", ALICE),
            "ExplicitlyDenied",
            "Sid \"One\"",
        ),
        (
            "resourcePolicy",
            json!(key_policy("Allow", ACCOUNT).to_string()),
            "Allowed",
            "",
        ),
        (
            "principal",
            json!("arn:aws:iam::111122223333:root"),
            "Allowed",
            "",
        ),
        (
            "principal",
            json!("arn:aws:iam::444455556666:user/a"),
            "ImplicitlyDenied",
            no_policy,
        ),
    ]);
}

#[test]
fn the_other_layers_decide() {
    let (scp, denied) = ("a service control policy", "ExplicitlyDenied");
    let below = json!([[policy("Allow")], [policy("Allow"), policy("Deny")]]);
    let rcp = json!([[{"Version": "2012-10-17", "Statement":
        {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}}]]);
    each(&[
        (
            "permissionBoundary",
            policy("Deny"),
            denied,
            "a permissions boundary",
        ),
        ("sessionPolicy", policy("Deny"), denied, "a sessions policy"),
        ("scps", json!([[]]), "ImplicitlyDenied", scp),
        ("scps", below, denied, "policy 2"),
        ("scps", json!(null), "Allowed", ""),
        ("scps", json!([]), "Allowed", ""),
        ("rcps", rcp, denied, "a resource control policy"),
        ("rcps", json!([[]]), "Allowed", ""),
    ]);
}

#[test]
fn what_follows_from_the_principal_is_filled_in_unless_it_is_given() {
    let asks = |principal: &str, key: &str, value: &str, context: Json| {
        let mut allow = key_policy("Allow", "*");
        allow["Statement"][0]["Condition"] = json!({"StringEquals": {key: value}});
        let more = json!({"principal": principal, "resourcePolicy": allow, "context": context});
        run(&case(more)).0 == "Allowed"
    };
    let session = "arn:aws:sts::111122223333:assumed-role/r/one";
    let fred = "arn:aws:sts::111122223333:federated-user/fred";
    let root = "arn:aws:iam::111122223333:root";
    for (principal, key, value) in [
        (ALICE, "aws:PrincipalArn", ALICE),
        (ALICE, "aws:username", "alice"),
        (ALICE, "aws:PrincipalType", "User"),
        (
            session,
            "aws:PrincipalArn",
            "arn:aws:iam::111122223333:role/r",
        ),
        (session, "aws:PrincipalType", "AssumedRole"),
        (fred, "aws:PrincipalArn", fred),
        (fred, "aws:PrincipalType", "FederatedUser"),
        (root, "aws:PrincipalType", "Account"),
        (root, "aws:PrincipalAccount", ACCOUNT),
    ] {
        assert!(asks(principal, key, value, json!({})), "{principal} {key}");
        assert!(
            !asks(principal, key, value, json!({key.to_lowercase(): "x"})),
            "{principal} {key}"
        );
    }
    let mut absent = key_policy("Allow", "*");
    absent["Statement"][0]["Condition"] = json!({"Null": {"aws:username": "true"}});
    let more = json!({"principal": session, "resourcePolicy": absent});
    assert_eq!(run(&case(more)).0, "Allowed");
}

#[test]
fn context_values_are_scalars_or_lists_of_them() {
    for (operator, value, context, expected) in [
        ("Bool", json!("true"), json!(true), "Allowed"),
        ("NumericLessThan", json!("10"), json!(9.5), "Allowed"),
        (
            "StringEquals",
            json!("é\u{1f511}"),
            json!("é\u{1f511}"),
            "Allowed",
        ),
        ("StringEquals", json!("a"), json!(["a"]), "ImplicitlyDenied"),
        (
            "ForAnyValue:StringEquals",
            json!("a"),
            json!(["b", "a"]),
            "Allowed",
        ),
        (
            "ForAllValues:StringEquals",
            json!("a"),
            json!([]),
            "Allowed",
        ),
    ] {
        let mut allow = key_policy("Allow", "*");
        allow["Statement"][0]["Condition"] = json!({operator: {"test:K": value}});
        let more = json!({"resourcePolicy": allow, "context": {"test:K": context}});
        let (decision, reason) = run(&case(more));
        assert_eq!(decision, expected, "{operator} {value} {reason}");
    }
}

#[test]
fn a_role_is_decided_on_by_its_trust_policy() {
    let trust = |principal: Json, action: &str| {
        json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Principal": principal, "Action": action}})
    };
    let asks = |principal: &str, action: &str, policy: Json| {
        run(&json!({"principal": principal, "action": action, "resource": ROLE, "resourcePolicy": policy})).0
    };
    let provider = "arn:aws:iam::111122223333:oidc-provider/token.example.com";
    let by_token = "sts:AssumeRoleWithWebIdentity";
    let alice = || trust(json!({"AWS": ALICE}), "sts:*");
    assert_eq!(asks(ALICE, "sts:AssumeRole", alice()), "Allowed");
    assert_eq!(asks(ALICE, "sts:TagSession", alice()), "Allowed");
    assert_eq!(
        asks(ALICE, "sts:AssumeRole", json!(null)),
        "ImplicitlyDenied"
    );
    assert_eq!(asks(ALICE, by_token, alice()), "ImplicitlyDenied");
    assert_eq!(
        asks(ALICE, "sts:AssumeRoleWithSAML", alice()),
        "ImplicitlyDenied"
    );
    let federated = || trust(json!({"Federated": provider}), by_token);
    assert_eq!(asks(provider, by_token, federated()), "Allowed");
    assert_eq!(asks(provider, by_token, alice()), "ImplicitlyDenied");
}

#[test]
fn nobody_can_be_kept_from_asking_who_it_is() {
    let deny = json!({"action": "sts:GetCallerIdentity", "resource": "*",
        "identityPolicies": [{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}]});
    assert_eq!(run(&case(deny)).0, "Allowed");
}

#[test]
fn a_case_that_is_not_understood_whole_is_refused() {
    for (more, words) in [
        (json!({"extra": 1}), "\"extra\": unknown member"),
        (json!({"principal": null}), "principal: missing"),
        (json!({"principal": "alice"}), "principal"),
        (json!({"principal": ACCOUNT}), "principal"),
        (json!({"principal": "*"}), "principal"),
        (json!({"principal": ROLE}), "through a session"),
        (
            json!({"principal": "arn:aws:iam::111122223333:oidc-provider/x"}),
            "only assume roles",
        ),
        (json!({"action": "kms:*"}), "action"),
        (json!({"action": "Decrypt"}), "action"),
        (json!({"action": 1}), "action: not a string"),
        (json!({"resource": "x"}), "resource"),
        (
            json!({"resource": "arn:aws:kms:us-west-2:111122223333:key/x"}),
            "resource",
        ),
        (
            json!({"resource": "arn:aws:kms:us-west-2:111122223333:key/*"}),
            "resource",
        ),
        (
            json!({"resource": "arn:aws:s3:::bucket"}),
            "without an account",
        ),
        (json!({"resourceAccount": "1"}), "resourceAccount"),
        (json!({"resourceAccount": STRANGER}), "resourceAccount"),
        (
            json!({"resource": ROLE, "action": "iam:GetRole", "resourcePolicy": key_policy("Allow", "*")}),
            "resourcePolicy",
        ),
        (json!({"action": "sts:AssumeRole"}), "ARN of a role"),
        (
            json!({"action": "sts:AssumeRole", "resource": "*"}),
            "ARN of a role",
        ),
        (json!({"context": []}), "context"),
        (json!({"context": {"nocolon": "x"}}), "context"),
        (json!({"context": {"aws:a": null}}), "context"),
        (json!({"context": {"aws:a": {"b": 1}}}), "context"),
        (
            json!({"context": {"aws:a": "1", "AWS:A": "2"}}),
            "given twice",
        ),
        (
            json!({"identityPolicies": policy("Allow")}),
            "identityPolicies: not a list",
        ),
        (
            json!({"identityPolicies": [key_policy("Allow", "*")]}),
            "should not specify a principal",
        ),
        (json!({"identityPolicies": ["{"]}), "Syntax errors"),
        (json!({"identityPolicies": [1]}), "identityPolicies"),
        (json!({"scps": [policy("Allow")]}), "scps"),
        (
            json!({"rcps": [[policy("Deny")]]}),
            "Missing required field Principal",
        ),
        (json!({"resourcePolicy": policy("Allow")}), "no principal"),
    ] {
        let said = refusal(&case(more.clone()));
        assert!(said.contains(words), "{more}: {said}");
    }
    for text in [
        "",
        "[]",
        "{",
        "{\"principal\":\"a\",\"principal\":\"b\"}",
        &"[".repeat(100_000),
    ] {
        assert!(Simulation::parse(text).is_err());
    }
    let twice = case(json!({})).to_string().replace(
        "\"action\"",
        r#""resourcePolicy":{"Statement":{"Effect":"Allow","Effect":"Deny"}},"action""#,
    );
    assert!(Simulation::parse(&twice).is_err());
}
