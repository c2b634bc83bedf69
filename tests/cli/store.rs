//! Making, finding and opening a store.

use std::fs::{self, File, Permissions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use kms_tests::{Home, program};

use crate::{DENIED, FAILED, INTEGRITY, NOT_FOUND, USAGE, quietly, refused, store_with_key};

#[test]
fn a_command_without_a_store_says_how_to_make_one() {
    let home = Home::new();
    refused(&home.kms().run(["key", "list"]), NOT_FOUND, "kms init");
    refused(&home.kms().run(["audit", "verify"]), NOT_FOUND, "kms init");
}

#[test]
fn a_store_is_not_made_twice() {
    let home = Home::initialised();
    refused(&home.kms().run(["init"]), FAILED, "already");
}

#[test]
fn an_account_and_a_region_can_be_chosen() {
    let home = Home::new();
    let kms = home.kms();
    kms.done(["init", "--account", "111122223333", "--region", "eu-west-1"]);
    let arn = kms.done(["key", "create"]);
    assert!(
        arn.starts_with("arn:aws:kms:eu-west-1:111122223333:key/"),
        "{arn}"
    );
    let elsewhere = Home::new().kms();
    refused(
        &elsewhere.run(["init", "--account", "1"]),
        USAGE,
        "12 digits",
    );
    refused(
        &elsewhere.run(["init", "--region", "Mars"]),
        USAGE,
        "us-east-1",
    );
}

#[test]
fn a_key_file_can_lie_elsewhere_and_is_then_needed() {
    let home = Home::new();
    let key = home.scratch("root.key");
    let key = key.to_str().unwrap();
    home.kms().done(["init", "--key-file", key]);
    home.kms().done(["key", "list", "--key-file", key]);
    assert_eq!(
        fs::metadata(key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    refused(&home.kms().run(["key", "list"]), NOT_FOUND, "--key-file");
    fs::set_permissions(key, Permissions::from_mode(0o644)).unwrap();
    refused(
        &home.kms().run(["key", "list", "--key-file", key]),
        DENIED,
        "chmod 600",
    );
    fs::write(key, [7; 32]).unwrap();
    fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
    refused(
        &home.kms().run(["key", "list", "--key-file", key]),
        DENIED,
        "wrong root key",
    );
}

#[test]
fn a_passphrase_opens_from_a_file_and_from_a_descriptor() {
    let home = Home::new();
    let file = home.scratch("passphrase");
    fs::write(&file, "correct horse\n").unwrap();
    let file = file.to_str().unwrap();
    home.kms()
        .done(["init", "--seal", "passphrase", "--passphrase-file", file]);
    home.kms().done(["key", "list", "--passphrase-file", file]);
    let from_input = ["key", "list", "--passphrase-fd", "0"];
    quietly(home.kms().feed(from_input, b"correct horse"));
    refused(
        &home.kms().feed(from_input, b"wrong horse"),
        DENIED,
        "wrong passphrase",
    );
    refused(&home.kms().feed(from_input, b""), USAGE, "empty");
}

#[test]
fn an_altered_store_does_not_open() {
    let (home, kms) = store_with_key();
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(home.path().join("store.db"))
        .unwrap();
    let mut content = Vec::new();
    file.read_to_end(&mut content).unwrap();
    // The rows lie at the ends of the pages.
    let rows: Vec<usize> = (0..content.len()).filter(|at| at % 4096 > 3900).collect();
    for at in rows {
        content[at] ^= 1;
    }
    file.rewind().unwrap();
    file.write_all(&content).unwrap();
    drop(file);
    refused(&kms.run(["key", "list"]), INTEGRITY, "store");
}

#[test]
fn the_store_is_found_by_flag_before_environment_before_default() {
    let (flag, variable, default) = (Home::new(), Home::new(), Home::new());
    for (home, region) in [(&flag, "eu-west-1"), (&variable, "eu-west-2")] {
        home.kms().done(["init", "--region", region]);
    }
    let data = default.scratch("data");
    let bare = |arguments: &[&str]| {
        let mut command = Command::new(program("kms"));
        command
            .args(arguments)
            .env_clear()
            .env("XDG_DATA_HOME", &data);
        command
    };
    quietly(
        bare(&["-q", "init", "--region", "eu-west-3"])
            .output()
            .unwrap(),
    );
    assert!(data.join("kms").join("store.db").exists());
    let region = |mut command: Command| {
        let arn = String::from_utf8(quietly(command.output().unwrap())).unwrap();
        arn.split(':').nth(3).unwrap().to_owned()
    };
    assert_eq!(region(bare(&["key", "create"])), "eu-west-3");
    let mut with_variable = bare(&["key", "create"]);
    with_variable.env("KMS_HOME", variable.path());
    assert_eq!(region(with_variable), "eu-west-2");
    let path = flag.path();
    let mut with_flag = bare(&["key", "create", "--home", path.to_str().unwrap()]);
    with_flag.env("KMS_HOME", variable.path());
    with_flag.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    assert_eq!(region(with_flag), "eu-west-1");
}

#[test]
fn help_and_version_are_on_standard_output() {
    let home = Home::new();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["key", "create", "--help"],
    ] {
        assert!(!quietly(home.kms().run(arguments)).is_empty());
    }
    let help = String::from_utf8(quietly(home.kms().run(["--help"]))).unwrap();
    assert!(help.contains("6 integrity"), "{help}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(!quietly(home.kms().run(["completions", shell])).is_empty());
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_a_usage_error() {
    let home = Home::new();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["encrypt"],
        &["encrypt", "-k", "k", "--frame-length", "0"],
        &["random", "-n", "1025"],
        &["user", "list", "--endpoint-url", "http://127.0.0.1:1"],
        &["key", "list", "--home", "x", "--profile", "y"],
    ] {
        let output = home.kms().run(arguments);
        assert_eq!(output.status.code(), Some(USAGE), "{arguments:?}");
    }
}
