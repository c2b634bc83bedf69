//! Asking policies, with no store.

use kms_tests::{Home, Kms};
use serde_json::{Value, json};

use crate::{FAILED, NOT_FOUND, USAGE, quietly, refused};

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// `kms` where there is no store.
fn without_store() -> (Home, Kms) {
    let home = Home::new();
    let kms = home.kms();
    (home, kms)
}

fn case(effect: &str) -> Value {
    json!({
        "principal": "arn:aws:iam::111122223333:user/alice",
        "action": "kms:Decrypt",
        "resource": KEY,
        "resourcePolicy": {"Version": "2012-10-17", "Statement": [{
            "Effect": effect, "Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"},
            "Action": "kms:Decrypt", "Resource": "*"}]},
    })
}

fn lines(output: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(output).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn each_case_is_decided_in_a_line_of_its_own() {
    let (_home, kms) = without_store();
    let mut nobody = case("Allow");
    nobody["principal"] = json!("arn:aws:iam::111122223333:user/bob");
    let cases = format!("{}\n{}\n{nobody}", case("Allow"), case("Deny"));
    let answers = lines(&quietly(kms.feed(["policy", "eval"], cases.as_bytes())));
    let decisions: Vec<_> = answers
        .iter()
        .map(|one| one["decision"].as_str().unwrap())
        .collect();
    assert_eq!(
        decisions,
        ["Allowed", "ExplicitlyDenied", "ImplicitlyDenied"]
    );
    assert_eq!(
        answers[2]["reason"],
        "because no resource-based policy allows the kms:Decrypt action"
    );
    assert!(quietly(kms.feed(["policy", "eval", "-"], b"")).is_empty());
}

#[test]
fn a_case_that_cannot_be_read_is_said_on_its_line_and_in_the_end() {
    let (home, kms) = without_store();
    let file = home.scratch("cases.jsonl");
    let mut unknown = case("Allow");
    unknown["grants"] = json!([]);
    let cases = format!("{}\n{{\n\n{unknown}\n{}\n", case("Allow"), case("Deny"));
    std::fs::write(&file, [cases.as_bytes(), b"\xff\n"].concat()).unwrap();
    let output = kms.run(["policy", "eval", file.to_str().unwrap()]);
    refused(&output, FAILED, "4 of 6 cases could not be read");
    let answers = lines(&output.stdout);
    let errors: Vec<_> = answers.iter().map(|one| one["error"].as_str()).collect();
    assert_eq!(answers.len(), 6);
    assert_eq!((errors[0], errors[4]), (None, None));
    assert!(errors[1].is_some() && errors[2].is_some() && errors[5] == Some("not UTF-8"));
    assert_eq!(errors[3], Some("\"grants\": unknown member"));
    refused(
        &kms.run(["policy", "eval", "nowhere"]),
        NOT_FOUND,
        "nowhere",
    );
}

#[test]
fn a_policy_without_traps_has_no_findings() {
    let (_home, kms) = without_store();
    let policy = case("Allow")["resourcePolicy"].to_string();
    assert!(quietly(kms.feed(["policy", "lint"], policy.as_bytes())).is_empty());
    let json = quietly(kms.feed(["policy", "lint", "--output", "json"], policy.as_bytes()));
    assert_eq!(
        serde_json::from_slice::<Value>(&json).unwrap(),
        json!({"Findings": []})
    );
}

#[test]
fn findings_say_where_and_what_to_do_and_fail_the_command() {
    let (_home, kms) = without_store();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]})
    .to_string();
    let output = kms.feed(["policy", "lint"], policy.as_bytes());
    refused(&output, FAILED, "1 finding");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("PUBLIC_PRINCIPAL statement 0 (Open): The statement allows"),
        "{said}"
    );
    let output = kms.feed(["policy", "lint", "--output", "json"], policy.as_bytes());
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(findings["Findings"][0]["Code"], "PUBLIC_PRINCIPAL");
    assert_eq!(findings["Findings"][0]["Statement"], 0);
    assert_eq!(findings["Findings"][0]["Sid"], "Open");
    let output = kms.feed(["policy", "lint", "--type", "identity"], policy.as_bytes());
    refused(&output, FAILED, "2 findings");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("MALFORMED: The document is refused"),
        "{said}"
    );
    let wrong = kms.feed(["policy", "lint", "--type", "bucket"], b"");
    assert_eq!(wrong.status.code(), Some(USAGE));
}
