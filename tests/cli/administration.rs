//! Keys, aliases, users, data keys and random bytes.

use std::fs;
use std::os::unix::fs::MetadataExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_tests::{Home, Kms};
use serde_json::Value;

use crate::{FAILED, NOT_FOUND, USAGE, quietly, refused, store_with_key};

fn json(kms: &Kms, arguments: &[&str]) -> Value {
    let text = kms.done([arguments, &["--output", "json"]].concat());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_new_key_prints_only_its_arn() {
    let home = Home::initialised();
    let output = home
        .kms()
        .run(["key", "create", "--alias", "alias/a", "--tag", "team=x"]);
    let arn = String::from_utf8(quietly(output)).unwrap();
    let id = arn.trim_end().rsplit('/').next().unwrap();
    assert!(arn.ends_with('\n') && arn.lines().count() == 1, "{arn}");
    let answer = json(&home.kms(), &["key", "describe", "alias/a"]);
    assert_eq!(answer["KeyMetadata"]["KeyId"], id);
    assert_eq!(home.kms().done(["key", "tags", id]), "team=x");
    let listed = home.kms().done(["key", "list"]);
    assert!(
        listed.contains(id) && listed.contains("alias/a"),
        "{listed}"
    );
}

#[test]
fn a_key_that_could_not_get_its_name_is_not_made() {
    let (_home, kms) = store_with_key();
    refused(
        &kms.run(["key", "create", "--alias", "nameless"]),
        USAGE,
        "alias/NAME",
    );
    let keys = json(&kms, &["key", "list"]);
    assert_eq!(keys["Keys"].as_array().unwrap().len(), 1);
}

#[test]
fn more_keys_than_a_page_are_all_listed() {
    let home = Home::initialised();
    let kms = home.kms();
    for _ in 0..101 {
        kms.done(["key", "create"]);
    }
    assert_eq!(
        json(&kms, &["key", "list"])["Keys"]
            .as_array()
            .unwrap()
            .len(),
        101
    );
    assert_eq!(kms.done(["key", "list"]).lines().count(), 101);
}

#[test]
fn a_key_lives_and_is_deleted() {
    let (_home, kms) = store_with_key();
    let state = || json(&kms, &["key", "describe", "alias/k"])["KeyMetadata"]["KeyState"].clone();
    kms.done(["key", "update-description", "alias/k", "two words"]);
    assert!(
        kms.done(["key", "describe", "alias/k"])
            .contains("two words")
    );
    kms.done(["key", "disable", "alias/k"]);
    assert_eq!(state(), "Disabled");
    kms.done(["key", "enable", "alias/k"]);
    assert_eq!(state(), "Enabled");
    kms.done(["key", "schedule-deletion", "--days", "7", "alias/k"]);
    assert_eq!(state(), "PendingDeletion");
    refused(
        &kms.run(["key", "enable", "alias/k"]),
        FAILED,
        "pending deletion",
    );
    kms.done(["key", "cancel-deletion", "alias/k"]);
    assert_eq!(state(), "Disabled");
    assert_eq!(
        kms.run(["key", "schedule-deletion", "--days", "6", "x"])
            .status
            .code(),
        Some(USAGE)
    );
}

#[test]
fn the_last_usage_of_a_key_is_shown() {
    let (_home, kms) = store_with_key();
    let shown = || kms.done(["key", "last-usage", "alias/k"]);
    assert!(shown().starts_with("never used"));
    kms.done(["generate-data-key", "-k", "alias/k"]);
    assert!(shown().starts_with("GenerateDataKey"), "{}", shown());
}

#[test]
fn rotation_is_switched_shown_and_listed() {
    let (_home, kms) = store_with_key();
    assert!(
        kms.done(["key", "rotation", "status", "alias/k"])
            .contains("does not")
    );
    kms.done(["key", "rotation", "enable", "--days", "90", "alias/k"]);
    assert!(
        kms.done(["key", "rotation", "status", "alias/k"])
            .contains("90 days")
    );
    kms.done(["key", "rotate", "alias/k"]);
    assert!(
        kms.done(["key", "rotation", "list", "alias/k"])
            .contains("ON_DEMAND")
    );
    kms.done(["key", "rotation", "disable", "alias/k"]);
    assert!(
        kms.done(["key", "rotation", "status", "alias/k"])
            .contains("does not")
    );
}

#[test]
fn tags_and_policies_are_what_was_put() {
    let (_home, kms) = store_with_key();
    kms.done(["key", "tag", "alias/k", "b=2", "a=1"]);
    kms.done(["key", "untag", "alias/k", "b"]);
    assert_eq!(kms.done(["key", "tags", "alias/k"]), "a=1");
    let policy = kms.done(["key", "policy", "get", "alias/k"]);
    quietly(kms.feed(["key", "policy", "put", "alias/k", "-"], policy.as_bytes()));
    assert_eq!(kms.done(["key", "policy", "get", "alias/k"]), policy);
    refused(
        &kms.feed(["key", "policy", "put", "alias/k", "-"], b"{"),
        FAILED,
        "olicy",
    );
}

#[test]
fn an_alias_stands_for_one_key_after_another() {
    let (_home, kms) = store_with_key();
    let other = kms.done(["key", "create"]);
    let id = other.rsplit('/').next().unwrap();
    kms.done(["alias", "create", "alias/n", id]);
    refused(
        &kms.run(["alias", "create", "alias/n", id]),
        FAILED,
        "already exists",
    );
    kms.done(["alias", "update", "alias/k", id]);
    let listed = kms.done(["alias", "list", "--key", id]);
    assert!(
        listed.contains("alias/n") && listed.contains("alias/k"),
        "{listed}"
    );
    kms.done(["alias", "delete", "alias/n"]);
    refused(
        &kms.run(["key", "describe", "alias/n"]),
        NOT_FOUND,
        "alias/n",
    );
}

#[test]
fn a_user_gets_a_policy_and_an_access_key() {
    let home = Home::initialised();
    let kms = home.kms();
    assert!(
        kms.done(["user", "create", "alice"])
            .ends_with(":user/alice")
    );
    assert!(kms.done(["user", "list"]).ends_with(":user/alice"));
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
    quietly(kms.feed(["user", "policy", "put", "alice", "-"], policy.as_bytes()));
    assert_eq!(kms.done(["user", "policy", "get", "alice"]), policy);
    kms.done(["user", "policy", "delete", "alice"]);
    refused(
        &kms.run(["user", "policy", "get", "alice"]),
        NOT_FOUND,
        "policy",
    );
    let created = kms.run(["user", "access-key", "create", "alice"]);
    let said = String::from_utf8(created.stderr).unwrap();
    assert!(said.contains("never again"), "{said}");
    let printed = String::from_utf8(created.stdout).unwrap();
    let id = printed.lines().next().unwrap().split_once('=').unwrap().1;
    assert!(printed.contains("AWS_SECRET_ACCESS_KEY="));
    assert!(
        kms.done(["user", "access-key", "list", "alice"])
            .contains(id)
    );
    kms.done(["user", "access-key", "delete", id]);
    assert_eq!(kms.done(["user", "access-key", "list", "alice"]), "");
    assert_eq!(
        kms.run(["user", "access-key", "create"]).status.code(),
        Some(USAGE)
    );
}

#[test]
fn a_data_key_is_printed_or_written() {
    let (home, kms) = store_with_key();
    let answer = json(
        &kms,
        &["generate-data-key", "-k", "alias/k", "--bytes", "24"],
    );
    let plaintext = STANDARD
        .decode(answer["Plaintext"].as_str().unwrap())
        .unwrap();
    assert_eq!(plaintext.len(), 24);
    let (clear, sealed) = (home.scratch("clear"), home.scratch("sealed"));
    let files = [
        "--plaintext-out",
        clear.to_str().unwrap(),
        "--ciphertext-out",
        sealed.to_str().unwrap(),
    ];
    let command = [&["generate-data-key", "-k", "alias/k"][..], &files].concat();
    assert_eq!(kms.done(command), "");
    for file in [&clear, &sealed] {
        assert_eq!(fs::metadata(file).unwrap().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read(&clear).unwrap().len(), 32);
    let shown = kms.done(["generate-data-key", "-k", "alias/k", "--without-plaintext"]);
    assert!(
        shown.starts_with("ciphertext") && shown.lines().count() == 1,
        "{shown}"
    );
    let short = json(
        &kms,
        &[
            "generate-data-key",
            "-k",
            "alias/k",
            "--key-spec",
            "AES_128",
        ],
    );
    assert_eq!(
        STANDARD
            .decode(short["Plaintext"].as_str().unwrap())
            .unwrap()
            .len(),
        16
    );
}

#[test]
fn random_bytes_come_in_three_forms() {
    let home = Home::initialised();
    let kms = home.kms();
    let raw = quietly(kms.run(["random", "-n", "40", "--format", "raw"]));
    assert_eq!(raw.len(), 40);
    let hex = kms.done(["random", "-n", "40", "--format", "hex"]);
    assert!(
        hex.len() == 80 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{hex}"
    );
    assert_eq!(STANDARD.decode(kms.done(["random"])).unwrap().len(), 32);
    assert_ne!(kms.done(["random"]), kms.done(["random"]));
}

#[test]
fn a_grant_is_made_listed_and_ended() {
    let (_home, kms) = store_with_key();
    let alice = kms.done(["user", "create", "alice"]);
    let make = [
        "grant",
        "create",
        "alias/k",
        "--to",
        &alice,
        "--allow",
        "Encrypt,RetireGrant",
    ];
    let made = kms.done([&make[..], &["--context-includes", "tenant=blue"]].concat());
    let (id, token) = made.split_once('\n').unwrap();
    assert_eq!(
        kms.done(["grant", "list", "alias/k"]),
        format!("{id}  {alice}  Encrypt,RetireGrant  tenant=blue")
    );
    let root = alice.replace("user/alice", "root");
    assert_eq!(kms.done(["grant", "list", "--retiring", &root]), "");
    assert_eq!(kms.done(["grant", "list", "alias/k", "--to", &root]), "");
    kms.done(["grant", "retire", "--token", token]);
    refused(&kms.run(["grant", "revoke", "alias/k", id]), NOT_FOUND, id);
    let answer = json(&kms, &make);
    let id = answer["GrantId"].as_str().unwrap();
    kms.done(["grant", "revoke", "alias/k", id]);
    assert_eq!(kms.done(["grant", "list", "alias/k"]), "");
    let nobody = alice.replace("alice", "nobody");
    let refusal = kms.run([
        "grant", "create", "alias/k", "--to", &nobody, "--allow", "Encrypt",
    ]);
    refused(&refusal, FAILED, "does not refer to a valid principal");
    let twice = ["--context-equals", "a=1", "--context-equals", "a=2"];
    refused(
        &kms.run([&make[..], &twice].concat()),
        USAGE,
        "a is given twice",
    );
}

#[test]
fn sessions_that_are_over_are_listed_by_the_names_of_their_users() {
    let (_home, kms) = store_with_key();
    kms.done(["user", "create", "alice"]);
    kms.done(["user", "create", "bob"]);
    kms.done(["session", "revoke", "--user", "alice"]);
    kms.done(["session", "revoke", "--root"]);
    kms.done(["session", "revoke", "--access-key", "ASIAIOSFODNN7EXAMPLE"]);
    let shown = kms.done(["session", "list-revoked"]);
    let ends = |end: &str| shown.lines().filter(|line| line.ends_with(end)).count();
    assert_eq!(
        (shown.lines().count(), ends(":user/alice"), ends(":root")),
        (3, 1, 1),
        "{shown}"
    );
    let single = shown
        .lines()
        .find(|line| line.starts_with("ASIAIOSFODNN7EXAMPLE"));
    assert!(single.is_some_and(|line| line.ends_with('Z')), "{shown}");
    let told = json(&kms, &["session", "list-revoked"]);
    let all = told["SessionRevocations"].as_array().unwrap();
    let named = all
        .iter()
        .find(|one| one["SessionsOf"].as_str().unwrap().starts_with("AIDA"));
    assert!(
        named.unwrap()["Arn"]
            .as_str()
            .unwrap()
            .ends_with(":user/alice")
    );
}

#[test]
fn a_command_line_that_makes_no_sense_is_one_line_with_the_help_to_read() {
    let (_home, kms) = store_with_key();
    let said = refused(&kms.run(["key", "list", "--foo"]), USAGE, "'--foo'");
    assert!(said.ends_with("; see `kms key list --help`\n"), "{said}");
    refused(&kms.run(["key", "lst"]), USAGE, "'lst'");
    refused(&kms.run(["encrypt"]), USAGE, "--key <KEY>");
    refused(
        &kms.run(["key", "list", "--output", "x"]),
        USAGE,
        "possible values: text, json",
    );
    let nothing = kms.run(["key"]);
    assert_eq!(nothing.status.code(), Some(USAGE));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("Commands:"));
}
