//! The ledger at a shell.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;

use serde_json::Value;

use crate::{INTEGRITY, NOT_FOUND, USAGE, quietly, refused, store_with_key};

#[test]
fn a_ledger_verifies_without_any_secret() {
    let (home, kms) = store_with_key();
    fs::remove_file(home.path().join("root.key")).unwrap();
    let shown = kms.done(["audit", "verify"]);
    assert!(shown.starts_with("verified: "), "{shown}");
    let key = home.path().join("ledger").join("ledger.pub");
    let copy = home.scratch("ledger.pub");
    fs::copy(key, &copy).unwrap();
    let output = kms.run(["audit", "verify", "--public-key", copy.to_str().unwrap()]);
    assert!(!quietly(output).is_empty());
}

#[test]
fn an_altered_record_is_found_and_named() {
    let (home, kms) = store_with_key();
    let directory = home.path().join("ledger");
    let segment = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .unwrap();
    let text = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, text.replacen("CreateKey", "DeleteKey", 1)).unwrap();
    let said = refused(&kms.run(["audit", "verify"]), INTEGRITY, "does not verify");
    assert!(said.contains("record"), "{said}");
}

#[test]
fn another_ledger_s_key_does_not_verify_this_one() {
    let (_home, kms) = store_with_key();
    let (other, _) = store_with_key();
    let key = other.path().join("ledger").join("ledger.pub");
    let output = kms.run(["audit", "verify", "--public-key", key.to_str().unwrap()]);
    refused(&output, INTEGRITY, "another key");
    let output = kms.run(["audit", "verify", "--public-key", "/dev/null"]);
    refused(&output, USAGE, "not the public key");
}

#[test]
fn records_are_shown_by_place_and_by_id() {
    let (_home, kms) = store_with_key();
    let tail = kms.done(["audit", "tail", "-n", "2", "--output", "json"]);
    let records: Vec<Value> = tail
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records.len(), 2);
    assert_eq!(records[1]["eventName"], "CreateAlias");
    let id = records[1]["eventID"].as_str().unwrap();
    let shown: Value = serde_json::from_str(&kms.done(["audit", "show", id])).unwrap();
    assert_eq!(shown, records[1]);
    let first: Value = serde_json::from_str(&kms.done(["audit", "show", "0"])).unwrap();
    assert_ne!(first, records[1]);
    refused(&kms.run(["audit", "show", "99999"]), NOT_FOUND, "99999");
    let text = kms.done(["audit", "tail"]);
    assert!(text.contains("CreateKey") && text.contains(" ok"), "{text}");
}

#[test]
fn the_owner_is_named_after_the_user_of_the_operating_system() {
    let (_home, kms) = store_with_key();
    let mut command = kms.command(["key", "list"]);
    quietly(
        command
            .env("USER", "mallory")
            .env("LOGNAME", "mallory")
            .output()
            .unwrap(),
    );
    let record = kms.done(["audit", "tail", "-n", "1", "--output", "json"]);
    assert!(!record.contains("mallory"), "{record}");
}

#[test]
fn records_are_followed_as_they_come() {
    let (_home, kms) = store_with_key();
    let mut tail = kms
        .command(["audit", "tail", "-f", "-n", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(tail.stdout.take().unwrap());
    let follower = thread::spawn(move || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line
    });
    // Until it has read what is there, new records are old ones to it.
    while !follower.is_finished() {
        kms.done(["random"]);
    }
    let line = follower.join().unwrap();
    assert!(line.contains("GenerateRandom"), "{line}");
    tail.kill().unwrap();
    tail.wait().unwrap();
}
