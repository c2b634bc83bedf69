//! Seed files: applied from a file and from standard input, in production, and refused.

use std::fs;

use kms_tests::Home;

use crate::{FAILED, NOT_FOUND, USAGE, refused};

const FILE: &str = r#"
[[keys]]
id = "1234abcd-12ab-34cd-56ef-1234567890ab"
aliases = ["alias/app"]
material = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"#;

#[test]
fn a_seed_file_makes_its_keys_once() {
    let home = Home::initialised();
    let kms = home.kms();
    let file = home.scratch("keys.toml");
    fs::write(&file, FILE).unwrap();
    let file = file.to_str().unwrap();
    let said = kms.done(["seed", "apply", file]);
    assert_eq!(said, "1 created, 0 changed, 0 as they were");
    let said = kms.done(["seed", "apply", file, "--output", "json"]);
    let outcome: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(outcome["Unchanged"].as_array().unwrap().len(), 1);
}

#[test]
fn what_one_store_encrypts_another_with_the_same_seed_decrypts() {
    let homes = [Home::new(), Home::new()];
    for home in &homes {
        home.kms().done(["init", "--account", "111122223333"]);
        let applied = home.kms().feed(["seed", "apply", "-"], FILE.as_bytes());
        assert!(applied.status.success());
    }
    let [here, there] = &homes;
    let sealed = here
        .kms()
        .feed(["encrypt", "-k", "alias/app"], b"hello")
        .stdout;
    assert_eq!(there.kms().feed(["decrypt"], &sealed).stdout, b"hello");
}

#[test]
fn a_store_of_production_refuses_a_seed_file() {
    let home = Home::new();
    let kms = home.kms();
    kms.done(["init", "--production"]);
    let output = kms.feed(["seed", "apply", "-"], FILE.as_bytes());
    refused(&output, FAILED, "--in-production");
    let output = kms.feed(["seed", "apply", "--in-production", "-"], FILE.as_bytes());
    assert!(output.status.success());
}

#[test]
fn a_file_that_is_none_is_refused_with_its_line_and_without_its_material() {
    let home = Home::initialised();
    let kms = home.kms();
    let wrong = FILE.replace("aliases", "alias");
    let said = refused(
        &kms.feed(["seed", "apply", "-"], wrong.as_bytes()),
        FAILED,
        "line 4",
    );
    assert!(!said.contains("AAEC"), "{said}");
    refused(
        &kms.run(["seed", "apply", "absent.toml"]),
        NOT_FOUND,
        "absent.toml",
    );
    let output = kms.run(["seed", "apply", "x", "--endpoint-url", "http://127.0.0.1:1"]);
    refused(&output, USAGE, "directory");
}
