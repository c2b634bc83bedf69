//! Messages: recipients, contexts, and everything that is wrong with them.

use std::fs;

use kms_tests::Home;

use crate::{DENIED, FAILED, INTEGRITY, NOT_FOUND, USAGE, bytes, quietly, refused, store_with_key};

#[test]
fn each_recipient_can_decrypt_alone() {
    let (_home, kms) = store_with_key();
    let second = kms.done(["key", "create", "--alias", "alias/second"]);
    let message = quietly(kms.feed(["encrypt", "-k", "alias/k", "-k", "alias/second"], b"x"));
    kms.done(["key", "disable", "alias/k"]);
    assert_eq!(quietly(kms.feed(["decrypt"], &message)), b"x");
    for name in [
        "alias/second",
        second.as_str(),
        second.rsplit('/').next().unwrap(),
    ] {
        assert_eq!(quietly(kms.feed(["decrypt", "-k", name], &message)), b"x");
    }
    refused(
        &kms.feed(["decrypt", "-k", "alias/k"], &message),
        FAILED,
        "kms key enable",
    );
}

#[test]
fn only_the_keys_that_are_named_may_decrypt() {
    let (_home, kms) = store_with_key();
    kms.done(["key", "create", "--alias", "alias/other"]);
    let message = quietly(kms.feed(["encrypt", "-k", "alias/k"], b"x"));
    let output = kms.feed(["decrypt", "-k", "alias/other"], &message);
    refused(&output, NOT_FOUND, "not encrypted for the keys given");
}

#[test]
fn a_message_of_another_store_names_the_key_that_it_needs() {
    let (_home, kms) = store_with_key();
    let message = quietly(kms.feed(["encrypt", "-k", "alias/k"], b"x"));
    let other = Home::initialised();
    let said = refused(
        &other.kms().feed(["decrypt"], &message),
        NOT_FOUND,
        "this store",
    );
    assert!(said.contains("arn:aws:kms:us-east-1:"), "{said}");
}

#[test]
fn a_context_must_be_met() {
    let (_home, kms) = store_with_key();
    let encrypt = [
        "encrypt",
        "-k",
        "alias/k",
        "--context",
        "a=1",
        "--context",
        "b=x=y",
    ];
    let message = quietly(kms.feed(encrypt, b"x"));
    for met in [
        &[][..],
        &["--context", "a=1"],
        &["--context", "b=x=y", "--context", "a=1"],
    ] {
        let command = [&["decrypt"], met].concat();
        assert_eq!(quietly(kms.feed(command, &message)), b"x");
    }
    for missed in ["a=2", "A=1", "c=3", "a="] {
        let output = kms.feed(["decrypt", "--context", missed], &message);
        refused(&output, INTEGRITY, "context");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_context_that_cannot_be_is_a_mistake() {
    let (_home, kms) = store_with_key();
    let command = |pairs: &[&'static str]| {
        let mut command = vec!["encrypt", "-k", "alias/k"];
        pairs
            .iter()
            .for_each(|pair| command.extend(["--context", pair]));
        kms.feed(command, b"x")
    };
    refused(&command(&["a=1", "a=2"]), USAGE, "twice");
    refused(&command(&["aws-crypto-x=1"]), USAGE, "reserved");
    assert_eq!(command(&["a"]).status.code(), Some(USAGE));
}

#[test]
fn no_altered_message_gives_anything_but_an_authentic_beginning() {
    let (_home, kms) = store_with_key();
    let plaintext = bytes(300);
    let encrypt = [
        "encrypt",
        "-k",
        "alias/k",
        "--frame-length",
        "100",
        "--context",
        "a=1",
    ];
    let message = quietly(kms.feed(encrypt, &plaintext));
    let step = message.len() / 40;
    for place in (0..message.len()).step_by(step) {
        let mut altered = message.clone();
        altered[place] ^= 1;
        let output = kms.feed(["decrypt"], &altered);
        let code = output.status.code().unwrap();
        // In the name of a key, a change makes a key that is not here.
        assert!([INTEGRITY, NOT_FOUND].contains(&code), "{place}: {code}");
        assert!(plaintext.starts_with(&output.stdout), "{place}");
    }
}

#[test]
fn no_cut_message_passes_for_a_whole_one() {
    let (home, kms) = store_with_key();
    let plaintext = bytes(300);
    let encrypt = ["encrypt", "-k", "alias/k", "--frame-length", "100"];
    let message = quietly(kms.feed(encrypt, &plaintext));
    let target = home.scratch("out");
    for length in (0..message.len()).step_by(message.len() / 25) {
        let output = kms.feed(["decrypt"], &message[..length]);
        refused(&output, INTEGRITY, "cut off");
        assert!(plaintext.starts_with(&output.stdout), "{length}");
        let to_file = ["decrypt", "-o", target.to_str().unwrap()];
        refused(&kms.feed(to_file, &message[..length]), INTEGRITY, "cut off");
        assert!(!target.exists());
    }
    let longer = [&message[..], b"x"].concat();
    refused(&kms.feed(["decrypt"], &longer), INTEGRITY, "after the end");
}

#[test]
fn what_was_released_of_a_cut_message_is_said_to_be_incomplete() {
    let (_home, kms) = store_with_key();
    let encrypt = ["encrypt", "-k", "alias/k", "--frame-length", "100"];
    let message = quietly(kms.feed(encrypt, &bytes(300)));
    let output = kms.feed(["decrypt"], &message[..message.len() - 1]);
    refused(&output, INTEGRITY, "discard what was written");
    assert_eq!(output.stdout, bytes(300)[..output.stdout.len()]);
}

#[test]
fn what_is_no_message_is_named_for_what_it_is() {
    let (_home, kms) = store_with_key();
    refused(
        &kms.feed(["decrypt"], b"hello"),
        INTEGRITY,
        "not an encrypted message",
    );
    refused(&kms.feed(["decrypt"], b""), INTEGRITY, "cut off");
    let armor = quietly(kms.feed(["encrypt", "-a", "-k", "alias/k"], b"x"));
    let text = String::from_utf8(armor).unwrap();
    let bare: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    refused(&kms.feed(["decrypt"], bare.as_bytes()), INTEGRITY, "base64");
    let altered = text.replacen('\n', "\r\n", 1);
    refused(
        &kms.feed(["decrypt"], altered.as_bytes()),
        INTEGRITY,
        "armor",
    );
}

#[test]
fn keys_refuse_by_their_state() {
    let (_home, kms) = store_with_key();
    let message = quietly(kms.feed(["encrypt", "-k", "alias/k"], b"x"));
    refused(
        &kms.feed(["encrypt", "-k", "alias/none"], b"x"),
        NOT_FOUND,
        "alias/none",
    );
    kms.done(["key", "disable", "alias/k"]);
    refused(&kms.feed(["decrypt"], &message), FAILED, "disabled");
    refused(
        &kms.feed(["encrypt", "-k", "alias/k"], b"x"),
        FAILED,
        "disabled",
    );
    kms.done(["key", "enable", "alias/k"]);
    kms.done(["key", "rotate", "alias/k"]);
    assert_eq!(quietly(kms.feed(["decrypt"], &message)), b"x");
}

#[test]
fn a_policy_that_denies_is_said_to_deny() {
    let (home, kms) = store_with_key();
    let message = quietly(kms.feed(["encrypt", "-k", "alias/k"], b"x"));
    let policy = home.scratch("policy.json");
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},
        {"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}]}"#;
    fs::write(&policy, text).unwrap();
    kms.done(["key", "policy", "put", "alias/k", policy.to_str().unwrap()]);
    refused(&kms.feed(["decrypt"], &message), DENIED, "not authorized");
}

#[test]
fn inspecting_needs_no_key() {
    let (_home, kms) = store_with_key();
    let arn = kms.done(["key", "describe", "alias/k"]);
    let arn = arn
        .lines()
        .next()
        .unwrap()
        .split_whitespace()
        .last()
        .unwrap()
        .to_owned();
    let message = quietly(kms.feed(
        ["encrypt", "-k", "alias/k", "--context", "a=1"],
        &bytes(100),
    ));
    let elsewhere = Home::new().kms();
    let shown = String::from_utf8(quietly(elsewhere.feed(["inspect"], &message))).unwrap();
    for expected in [
        arn.as_str(),
        "a=1",
        "0x0478",
        "65536",
        &message.len().to_string(),
    ] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
    let json = quietly(elsewhere.feed(["inspect", "--output", "json"], &message));
    let seen: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(seen["Keys"][0]["Key"], arn.as_str());
    assert_eq!(seen["EncryptionContext"]["a"], "1");
    let armor = quietly(kms.feed(["encrypt", "-a", "-k", "alias/k"], b"x"));
    assert!(!quietly(elsewhere.feed(["inspect"], &armor)).is_empty());
    refused(&elsewhere.feed(["inspect"], b"hello"), INTEGRITY, "neither");
}

#[test]
fn a_kms_ciphertext_names_its_key_to_anybody() {
    let (_home, kms) = store_with_key();
    let json = kms.done(["generate-data-key", "-k", "alias/k", "--output", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    let base64 = answer["CiphertextBlob"].as_str().unwrap();
    let key_id = answer["KeyId"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    let shown = quietly(Home::new().kms().feed(["inspect"], base64.as_bytes()));
    assert!(String::from_utf8(shown).unwrap().contains(key_id));
}
