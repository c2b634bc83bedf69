//! Encrypted values of environment variables.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_tests::{Home, Kms, workspace};
use serde_json::Value;

use crate::terminal::unseen_at_terminal;
use crate::{FAILED, INTEGRITY, NOT_FOUND, USAGE, quietly, refused, store_with_key};

/// A store with a key, and where a file of variables is to be.
fn store() -> (Home, Kms, PathBuf) {
    let (home, kms) = store_with_key();
    let file = home.scratch("app.env");
    (home, kms, file)
}

fn set(kms: &Kms, file: &Path, name: &str, value: &[u8]) {
    let arguments = ["env", "set", "-k", "alias/k", file.to_str().unwrap(), name];
    quietly(kms.feed(arguments, value));
}

/// Makes `A` the value `x`, bound to a stage.
fn set_for_stage_test(kms: &Kms, file: &Path) {
    let options = ["env", "set", "-k", "alias/k", "--context", "stage=test"];
    let arguments = [&options[..], &[file.to_str().unwrap(), "A"]].concat();
    quietly(kms.feed(arguments, b"x"));
}

/// Runs a shell script with the variables of the file.
fn exec(kms: &Kms, file: &Path, options: &[&str], script: &str) -> Output {
    let command = ["exec", "--env-file", file.to_str().unwrap()];
    let command = [&command, options, &["--", "sh", "-c", script]].concat();
    kms.run(command)
}

#[test]
fn a_program_gets_what_was_set() {
    let (_home, kms, file) = store();
    fs::write(&file, "# Ours\nexport PLAIN='as it is' # yes\n").unwrap();
    set(&kms, &file, "DATABASE_URL", b"postgres://app:pw@db/app\n");
    set(&kms, &file, "_2", b"two\n\nlines\n");
    let script = r#"printf %s "$DATABASE_URL|$PLAIN|$_2""#;
    let printed = quietly(exec(&kms, &file, &[], script));
    assert_eq!(printed, b"postgres://app:pw@db/app|as it is|two\n\nlines");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# Ours\nexport PLAIN='as it is' # yes\nDATABASE_URL=kms:"));
    assert!(!text.contains("postgres"));
}

#[test]
fn values_of_the_environment_are_decrypted_too_and_those_of_the_file_go_first() {
    let (_home, kms, file) = store();
    set(&kms, &file, "A", b"first");
    let value = fs::read_to_string(&file).unwrap();
    let value = value.trim().strip_prefix("A=").unwrap().to_owned();
    let run = |options: &[&str]| {
        let command = [
            &["exec"],
            options,
            &["--", "sh", "-c", "printf %s-%s $A $B"],
        ]
        .concat();
        quietly(
            kms.command(command)
                .env("A", &value)
                .env("B", "b")
                .output()
                .unwrap(),
        )
    };
    assert_eq!(run(&[]), b"first-b");
    fs::write(&file, "A=second\n").unwrap();
    assert_eq!(run(&["--env-file", file.to_str().unwrap()]), b"second-b");
}

#[test]
fn the_program_takes_the_place_of_the_command() {
    let (_home, kms, file) = store();
    set(&kms, &file, "A", b"x");
    let path = file.to_str().unwrap();
    assert_eq!(exec(&kms, &file, &[], "exit 9").status.code(), Some(9));
    let output = exec(&kms, &file, &[], "kill -TERM $$");
    assert_eq!(output.status.signal(), Some(15));
    let mut command = kms.command(["exec", "--env-file", path, "sh", "-c", "echo $$"]);
    let child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id().to_string();
    let printed = quietly(child.wait_with_output().unwrap());
    assert_eq!(String::from_utf8(printed).unwrap().trim(), id);
    let output = kms.run(["exec", "--", "/no/such/program"]);
    refused(&output, NOT_FOUND, "cannot run /no/such/program");
    refused(
        &kms.run(["exec", "--", "/dev/null"]),
        FAILED,
        "cannot run /dev/null",
    );
}

#[test]
fn without_encrypted_values_no_store_is_needed() {
    let home = Home::new();
    let run = |options: &[&str]| {
        let command = [&["exec"], options, &["sh", "-c", "printf %s $A"]].concat();
        home.kms()
            .command(command)
            .env("A", "kms:alias/x")
            .output()
            .unwrap()
    };
    assert_eq!(quietly(run(&["--leave", "A"])), b"kms:alias/x");
    assert_eq!(run(&[]).status.code(), Some(NOT_FOUND));
}

#[test]
fn one_value_that_does_not_open_is_the_end_of_it() {
    let (home, kms, file) = store();
    set(&kms, &file, "GOOD", b"good-secret");
    set(&kms, &file, "OTHER", b"other-secret");
    let good = fs::read_to_string(&file).unwrap();
    let mark = home.scratch("ran");
    let touch = format!("touch {}", mark.display());
    let lines: Vec<&str> = good.lines().collect();
    let value = |line: &str| line.split_once('=').unwrap().1.to_owned();
    let (mine, other) = (value(lines[0]), value(lines[1]));
    for (text, name) in [
        (format!("GOOD={other}\nOTHER={mine}\n"), "GOOD"),
        (format!("GOOD={mine}\nTHIRD={other}\n"), "THIRD"),
        (format!("GOOD={mine}\nOTHER=kms:\n"), "OTHER"),
        (
            format!("GOOD={mine}\nOTHER={}\n", &other[..other.len() - 8]),
            "OTHER",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let said = refused(&exec(&kms, &file, &[], &touch), INTEGRITY, name);
        assert!(!said.contains("secret") && !said.contains("AgR4"), "{said}");
        assert!(!mark.exists());
    }
    fs::write(&file, &good).unwrap();
    kms.done(["key", "disable", "alias/k"]);
    refused(&exec(&kms, &file, &[], &touch), FAILED, "disabled");
    assert!(!mark.exists());
}

#[test]
fn keys_and_context_can_be_insisted_on() {
    let (_home, kms, file) = store();
    kms.done(["key", "create", "--alias", "alias/other"]);
    set_for_stage_test(&kms, &file);
    let with = |options: &[&str]| exec(&kms, &file, options, "printf $A");
    assert_eq!(quietly(with(&[])), b"x");
    assert_eq!(
        quietly(with(&["-k", "alias/k", "--context", "stage=test"])),
        b"x"
    );
    refused(
        &with(&["-k", "alias/other"]),
        NOT_FOUND,
        "A: the message was not encrypted for",
    );
    refused(&with(&["--context", "stage=production"]), INTEGRITY, "A: ");
}

#[test]
fn a_new_value_keeps_the_keys_and_the_context_of_the_old_one() {
    let (_home, kms, file) = store();
    let path = file.to_str().unwrap();
    let output = kms.feed(["env", "set", path, "A"], b"x");
    refused(&output, USAGE, "give -k KEY");
    set_for_stage_test(&kms, &file);
    let listed = || kms.done(["env", "list", path]);
    let before = listed();
    quietly(kms.feed(["env", "set", path, "A"], b"y"));
    assert_eq!(listed(), before);
    let get = ["env", "get", "--context", "stage=test", path, "A"];
    assert_eq!(quietly(kms.run(get)), b"y");
    // A value that somebody damaged names no keys that could be trusted.
    let text = fs::read_to_string(&file).unwrap();
    let end = text.trim_end().len();
    fs::write(&file, format!("{}\n", &text[..end - 8])).unwrap();
    refused(&kms.feed(["env", "set", path, "A"], b"z"), INTEGRITY, "A: ");
}

#[test]
fn a_signed_value_is_renewed_and_what_was_not_stored_stays_so() {
    let (_home, kms, file) = store();
    let path = file.to_str().unwrap();
    let encrypt = [
        "encrypt",
        "-k",
        "alias/k",
        "--sign",
        "--context",
        "environment-variable=A",
        "--unstored-context",
        "stage=test",
    ];
    let message = STANDARD.encode(quietly(kms.feed(encrypt, b"x")));
    fs::write(&file, format!("A=kms:{message}\n")).unwrap();
    let context = ["--context", "stage=test", path, "A"];
    quietly(kms.feed([&["env", "set"], &context[..]].concat(), b"y"));
    let get = [&["env", "get"], &context[..]].concat();
    assert_eq!(quietly(kms.run(get)), b"y");
    // Still not stored: whoever does not know it cannot open it.
    refused(&kms.run(["env", "get", path, "A"]), INTEGRITY, "A: ");
}

#[test]
fn values_are_listed_without_a_key_and_never_shown() {
    let (_home, kms, file) = store();
    fs::write(&file, "PLAIN=in-the-clear\nBAD=kms:x\n").unwrap();
    set(&kms, &file, "A", b"x");
    let path = file.to_str().unwrap();
    let nowhere = Home::new();
    let listed = nowhere.kms().done(["env", "list", path]);
    assert!(!listed.contains("in-the-clear"));
    let json = nowhere
        .kms()
        .done(["--output", "json", "env", "list", path]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let states: Vec<_> = (0..3)
        .map(|i| (&json[i]["Name"], &json[i]["State"]))
        .collect();
    let of = |name: &str, state: &str| (Value::from(name), Value::from(state));
    let expected = [
        of("PLAIN", "plain"),
        of("BAD", "damaged"),
        of("A", "encrypted"),
    ];
    assert!(
        states
            .iter()
            .zip(&expected)
            .all(|(seen, wanted)| (seen.0, seen.1) == (&wanted.0, &wanted.1))
    );
    let arn = json[2]["Keys"][0].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:kms:") && listed.contains(arn));
}

#[test]
fn variables_are_read_and_taken_away() {
    let (_home, kms, file) = store();
    fs::write(&file, "# keep\nPLAIN='a b'\n\n").unwrap();
    set(&kms, &file, "A", b"\xff\n\n");
    let path = file.to_str().unwrap();
    assert_eq!(quietly(kms.run(["env", "get", path, "A"])), b"\xff\n");
    assert_eq!(quietly(kms.run(["env", "get", path, "PLAIN"])), b"a b");
    refused(&kms.run(["env", "get", path, "B"]), NOT_FOUND, "B");
    quietly(kms.run(["env", "unset", path, "A"]));
    quietly(kms.run(["env", "unset", path, "PLAIN"]));
    assert_eq!(fs::read_to_string(&file).unwrap(), "# keep\n\n");
    refused(&kms.run(["env", "unset", path, "A"]), NOT_FOUND, "A");
    refused(&kms.run(["env", "list", "/no/file"]), NOT_FOUND, "/no/file");
    fs::write(&file, "A=1\nnothing\n").unwrap();
    refused(&kms.run(["env", "list", path]), FAILED, "line 2");
    refused(&exec(&kms, &file, &[], "true"), FAILED, "line 2");
}

#[test]
fn what_cannot_be_a_value_is_refused() {
    let (_home, kms, file) = store();
    let path = file.to_str().unwrap();
    let put =
        |name: &str, value: &[u8]| kms.feed(["env", "set", "-k", "alias/k", path, name], value);
    refused(&put("A", b""), USAGE, "empty");
    refused(&put("A", b"\n"), USAGE, "empty");
    refused(&put("A", b"a\0b"), USAGE, "zero byte");
    refused(&put("A", &[b'x'; 65_537]), USAGE, "65536");
    refused(&put("A-B", b"x"), USAGE, "A-B");
    refused(&put("1A", b"x"), USAGE, "1A");
    assert!(!file.exists());
    // The longest value still fits into the environment.
    quietly(put("A", &[b'x'; 65_536]));
    assert_eq!(quietly(exec(&kms, &file, &[], "printf %s ${#A}")), b"65536");
    let encrypt = [
        "encrypt",
        "-k",
        "alias/k",
        "--context",
        "environment-variable=A",
    ];
    let message = STANDARD.encode(quietly(kms.feed(encrypt, &[b'x'; 65_537])));
    fs::write(&file, format!("A=kms:{message}\n")).unwrap();
    refused(
        &exec(&kms, &file, &[], "true"),
        INTEGRITY,
        "no value of a variable",
    );
}

#[test]
fn a_person_types_a_value_without_echo() {
    let (home, kms, file) = store();
    let path = file.to_str().unwrap();
    let arguments = ["env", "set", "-k", "alias/k", path, "A"];
    let (succeeded, shown) = unseen_at_terminal(&home.path(), &arguments, &["correct horse"]);
    assert!(
        succeeded && shown.contains("Value of A:") && !shown.contains("horse"),
        "{shown}"
    );
    assert_eq!(
        quietly(kms.run(["env", "get", path, "A"])),
        b"correct horse"
    );
}

#[test]
fn the_vectors_of_the_specification_hold() {
    let path = workspace().join("docs/spec/environment-values-vectors.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let home = Home::new();
    let kms = home.kms();
    kms.done([
        "init",
        "--account",
        &text(&vectors["account"]),
        "--region",
        &text(&vectors["region"]),
    ]);
    let seed = home.scratch("seed.toml");
    let (key, material) = (text(&vectors["key"]), text(&vectors["material"]));
    fs::write(
        &seed,
        format!("[[keys]]\nid = \"{key}\"\nmaterial = \"{material}\"\n"),
    )
    .unwrap();
    kms.done(["seed", "apply", seed.to_str().unwrap()]);
    let (mut good, mut bad) = (0, 0);
    for case in vectors["cases"].as_array().unwrap() {
        let (name, variable) = (text(&case["name"]), text(&case["variable"]));
        let output = kms
            .command(["exec", "--", "printenv", "-0", &variable])
            .env(&variable, text(&case["value"]))
            .output()
            .unwrap();
        match case.get("plaintext") {
            Some(plaintext) => {
                good += 1;
                let expected = STANDARD.decode(text(plaintext)).unwrap();
                assert_eq!(quietly(output), [&expected[..], b"\0"].concat(), "{name}");
            }
            None => {
                bad += 1;
                let said = refused(&output, INTEGRITY, &variable);
                assert!(
                    output.stdout.is_empty() && !said.contains("postgres"),
                    "{name}"
                );
            }
        }
    }
    assert!(good >= 6 && bad >= 20);
}
