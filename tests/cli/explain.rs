//! Why something is denied, and what in a store to look at.

use serde_json::{Value, json};

use kms_tests::Kms;

use crate::{DENIED, FAILED, NOT_FOUND, USAGE, quietly, refused, store_with_key};

const ASKED: [&str; 5] = [
    "explain",
    "--principal",
    "user/alice",
    "--action",
    "kms:Decrypt",
];

fn let_alice(kms: &Kms, statement: &Value) {
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let put = kms.feed(["user", "policy", "put", "alice", "-"], policy.as_bytes());
    assert!(put.status.success());
}

#[test]
fn a_decision_is_explained_and_denied_ends_with_4() {
    let (_home, kms) = store_with_key();
    kms.done(["user", "create", "alice"]);
    let ask = [&ASKED[..], &["--key", "alias/k"]].concat();
    let output = kms.run(&ask);
    refused(
        &output,
        DENIED,
        "user/alice is not authorized to perform kms:Decrypt",
    );
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("denied: arn:aws:iam::"), "{said}");
    assert_eq!(
        lines[1],
        "  because no identity-based policy allows the kms:Decrypt action"
    );
    assert!(
        lines[2].starts_with("  - the key policy, statement 0 \"Enable IAM User"),
        "{said}"
    );
    assert!(
        lines[2].contains("leaves it to identity policies"),
        "{said}"
    );

    let_alice(
        &kms,
        &json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
        "Condition": {"StringEquals": {"kms:EncryptionContext:app": "mail"}}}),
    );
    let output = kms.run(&ask);
    refused(&output, DENIED, "not authorized");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("is not met: wanted \"mail\", got nothing"),
        "{said}"
    );

    let with_context = [&ask[..], &["--context", "app=mail"]].concat();
    let said = String::from_utf8(quietly(kms.run(&with_context))).unwrap();
    assert!(said.starts_with("allowed: arn:aws:iam::"), "{said}");
    assert!(said.contains("by the key policy, statement 0"), "{said}");
    assert!(
        said.contains("the inline policy default of the user alice, statement 0"),
        "{said}"
    );
    let condition = [
        "--condition",
        "kms:EncryptionContext:app=mail",
        "--output",
        "json",
    ];
    let output = quietly(kms.run([&ask[..], &condition].concat()));
    let told: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(told["Allowed"], true);
    assert_eq!(told["Action"], "kms:Decrypt");
    assert_eq!(told["DecidedBy"][0]["Policy"], "the key policy");
    assert_eq!(told["DecidedBy"][0]["Statement"], 0);
    assert_eq!(told["Hints"], json!([]));
    let records = kms.done(["audit", "tail"]);
    assert!(records.contains("ExplainDecision"), "{records}");
}

#[test]
fn what_makes_no_sense_to_explain_is_refused() {
    let (_home, kms) = store_with_key();
    kms.done(["user", "create", "alice"]);
    let with = |more: &[&'static str]| kms.run([&ASKED[..], more].concat());
    refused(&with(&[]), FAILED, "which one?");
    refused(&with(&["--key", "alias/none"]), NOT_FOUND, "alias/none");
    let twice = ["--key", "alias/k", "--context", "a=1", "--context", "a=2"];
    refused(&with(&twice), USAGE, "a is given twice");
    let nobody = [
        "explain",
        "--principal",
        "user/bob",
        "--action",
        "kms:Decrypt",
        "-k",
        "alias/k",
    ];
    refused(&kms.run(nobody), NOT_FOUND, "bob");
    let unknown = [
        "explain",
        "--principal",
        "root",
        "--action",
        "kms:Open",
        "-k",
        "alias/k",
    ];
    refused(&kms.run(unknown), FAILED, "no action of AWS KMS");
    let elsewhere = [&["--endpoint-url", "http://127.0.0.1:1"], &ASKED[..]].concat();
    assert_eq!(kms.run(elsewhere).status.code(), Some(USAGE));
}

#[test]
fn a_question_that_gets_no_answer_does_not_end_as_denied() {
    let (_home, kms) = store_with_key();
    let (other, _) = store_with_key();
    let key_file = other.path().join("root.key");
    let asked = ["explain", "--principal", "root", "--action", "kms:Decrypt"];
    let on_key = ["--key", "alias/k", "--key-file", key_file.to_str().unwrap()];
    let unopened = kms.run([&asked[..], &on_key].concat());
    refused(&unopened, FAILED, "wrong root key");
    let listed = kms.run(["key", "list", "--key-file", key_file.to_str().unwrap()]);
    refused(&listed, DENIED, "wrong root key");
    let elsewhere = "arn:aws:iam::999999999999:user/alice";
    let asked = [
        "explain",
        "--principal",
        elsewhere,
        "--action",
        "kms:Decrypt",
        "-k",
        "alias/k",
    ];
    refused(
        &kms.run(asked),
        NOT_FOUND,
        "999999999999 is not in this store",
    );
    let federated = "arn:aws:sts::999999999999:federated-user/alice";
    let asked = [
        "explain",
        "--principal",
        federated,
        "--action",
        "kms:Decrypt",
        "-k",
        "alias/k",
    ];
    refused(&kms.run(asked), FAILED, "ask for that user");
}

#[test]
fn the_findings_of_a_store_say_where() {
    let (_home, kms) = store_with_key();
    assert!(quietly(kms.run(["policy", "lint", "--store"])).is_empty());
    kms.done(["user", "create", "alice"]);
    let_alice(
        &kms,
        &json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*"}),
    );
    let output = kms.run(["policy", "lint", "--store"]);
    refused(&output, FAILED, "1 finding");
    let said = String::from_utf8(output.stdout).unwrap();
    let place =
        "MEDIUM DECRYPT_ON_ALL_KEYS the inline policy default of the user alice, statement 0";
    assert!(said.starts_with(place), "{said}");
    let output = kms.run(["policy", "lint", "--store", "--output", "json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["Findings"][0]["Severity"], "MEDIUM");
    assert_eq!(told["Findings"][0]["Statement"], 0);
    let both = kms.run(["policy", "lint", "--store", "--type", "key"]);
    assert_eq!(both.status.code(), Some(USAGE));
}
