//! Who can read a message and who could have changed it: signatures, public keys, messages made
//! anew for others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kms_core::api::KeySpec;
use kms_core::crypto::asymmetric::generate;
use kms_core::crypto::random::SystemRandom;
use kms_tests::{Home, Kms};

use crate::{FAILED, INTEGRITY, NOT_FOUND, USAGE, bytes, quietly, refused, store_with_key};

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

/// The files of a public and a private key.
fn key_pair(home: &Home, name: &str) -> (String, String) {
    let pair = generate(KeySpec::Rsa2048, &SystemRandom).unwrap();
    let public = home.scratch(&format!("{name}.pem"));
    fs::write(&public, pem("PUBLIC KEY", &pair.public)).unwrap();
    let pem = pem("PRIVATE KEY", pair.private.expose());
    (
        text(public),
        private_file(home, &format!("{name}.key"), &pem),
    )
}

/// A file that is closed to others.
fn private_file(home: &Home, name: &str, content: &str) -> String {
    let path = home.scratch(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    text(path)
}

fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap()
}

/// A signed message in a file, and the file.
fn signed(home: &Home, kms: &Kms, plaintext: &[u8]) -> (Vec<u8>, String) {
    let encrypt = [
        "encrypt",
        "--sign",
        "-k",
        "alias/k",
        "--frame-length",
        "1000",
    ];
    let message = quietly(kms.feed(encrypt, plaintext));
    let file = home.scratch("signed");
    fs::write(&file, &message).unwrap();
    (message, text(file))
}

#[test]
fn a_signed_message_comes_back_from_a_pipe_from_a_file_and_into_a_file() {
    let (home, kms) = store_with_key();
    let plaintext = bytes(12_345);
    let (message, file) = signed(&home, &kms, &plaintext);
    assert_eq!(quietly(kms.feed(["decrypt"], &message)), plaintext);
    assert_eq!(quietly(kms.feed(["decrypt", &file], b"")), plaintext);
    let out = text(home.scratch("out"));
    quietly(kms.feed(["decrypt", "-o", &out, &file], b""));
    assert_eq!(fs::read(out).unwrap(), plaintext);
    let shown = String::from_utf8(quietly(kms.feed(["inspect"], &message))).unwrap();
    assert!(
        shown.contains("0x0578") && shown.contains("signed"),
        "{shown}"
    );
    let armor = quietly(kms.feed(["encrypt", "--sign", "-a", "-k", "alias/k"], &plaintext));
    let file = home.scratch("armor");
    fs::write(&file, &armor).unwrap();
    assert_eq!(quietly(kms.feed(["decrypt", &text(file)], b"")), plaintext);
}

#[test]
fn a_signed_file_that_was_changed_gives_not_one_byte() {
    let (home, kms) = store_with_key();
    let (message, file) = signed(&home, &kms, &bytes(12_345));
    for place in [message.len() - 1, message.len() - 3000, message.len() / 2] {
        let mut altered = message.clone();
        altered[place] ^= 1;
        fs::write(&file, &altered).unwrap();
        let output = kms.feed(["decrypt", &file], b"");
        refused(&output, INTEGRITY, "altered");
        assert!(output.stdout.is_empty());
    }
    fs::write(&file, &message[..message.len() - 1]).unwrap();
    let output = kms.feed(["decrypt", &file], b"");
    refused(&output, INTEGRITY, "cut off");
    assert!(output.stdout.is_empty());
}

#[test]
fn from_a_pipe_an_unverified_beginning_is_released_only_when_that_is_asked_for() {
    let (home, kms) = store_with_key();
    let plaintext = bytes(2_000_000);
    let (mut message, _) = signed(&home, &kms, &plaintext);
    *message.last_mut().unwrap() ^= 1;
    let output = kms.feed(["decrypt"], &message);
    refused(&output, INTEGRITY, "signature");
    assert!(output.stdout.is_empty());
    let output = kms.feed(["decrypt", "--release-unverified-plaintext"], &message);
    refused(&output, INTEGRITY, "discard what was written");
    assert!(!output.stdout.is_empty() && plaintext.starts_with(&output.stdout));
    assert!(output.stdout.len() < plaintext.len());
}

#[test]
fn more_signed_data_than_is_held_back_needs_a_file_on_one_side() {
    let (home, kms) = store_with_key();
    let plaintext = bytes(17 << 20);
    let message = quietly(kms.feed(["encrypt", "--sign", "-k", "alias/k"], &plaintext));
    let output = kms.feed(["decrypt"], &message);
    refused(&output, FAILED, "-o FILE");
    assert!(output.stdout.is_empty());
    let file = home.scratch("message");
    fs::write(&file, &message).unwrap();
    assert!(quietly(kms.feed(["decrypt", &text(file)], b"")) == plaintext);
}

/// The standard output of a success that warns of something.
fn warned(output: Output, of: &str) -> Vec<u8> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains(of), "{said}");
    output.stdout
}

#[test]
fn the_owner_of_a_public_key_decrypts_without_any_store() {
    let (home, kms) = store_with_key();
    let (public, private) = key_pair(&home, "owner");
    let encrypt = ["encrypt", "-k", "alias/k", "-r", &public];
    let message = quietly(kms.feed(encrypt, b"x"));
    let nowhere = Home::new().kms();
    let decrypt = ["decrypt", "--private-key", &private];
    assert_eq!(quietly(nowhere.feed(decrypt, &message)), b"x");
    assert_eq!(quietly(kms.feed(["decrypt"], &message)), b"x");

    let alone = nowhere.feed(["encrypt", "--sign", "-r", &public], b"x");
    let alone = warned(alone, "says nothing to those who decrypt by -r");
    assert_eq!(quietly(nowhere.feed(decrypt, &alone)), b"x");
    refused(&kms.feed(["decrypt"], &alone), NOT_FOUND, "this store");
    let (_, other) = key_pair(&home, "other");
    let output = nowhere.feed(["decrypt", "--private-key", &other], &message);
    refused(&output, NOT_FOUND, "this private key");
    let shown = String::from_utf8(quietly(nowhere.feed(["inspect"], &alone))).unwrap();
    assert!(shown.contains("kms-rsa-oaep-sha256"), "{shown}");
}

#[test]
fn what_is_no_key_of_rsa_is_named() {
    let (home, kms) = store_with_key();
    let (public, private) = key_pair(&home, "owner");
    let output = kms.feed(["encrypt", "-r", &private], b"x");
    refused(&output, FAILED, "PUBLIC KEY");
    fs::set_permissions(&public, fs::Permissions::from_mode(0o600)).unwrap();
    let output = kms.feed(["decrypt", "--private-key", &public], b"x");
    refused(&output, FAILED, "PRIVATE KEY");
    let broken = home.scratch("broken");
    fs::write(&broken, pem("PUBLIC KEY", b"no key")).unwrap();
    refused(
        &kms.feed(["encrypt", "-r", &text(broken)], b"x"),
        FAILED,
        "RSA key",
    );
    assert_eq!(kms.feed(["encrypt"], b"x").status.code(), Some(USAGE));
    let both = ["decrypt", "--private-key", &private, "-k", "alias/k"];
    assert_eq!(kms.feed(both, b"x").status.code(), Some(USAGE));
}

#[test]
fn a_message_for_the_owner_of_a_public_key_asks_for_the_private_key() {
    let (home, kms) = store_with_key();
    let (public, _) = key_pair(&home, "owner");
    let alone = quietly(kms.feed(["encrypt", "-r", &public], b"x"));
    refused(&kms.feed(["decrypt"], &alone), NOT_FOUND, "--private-key");
    let both = quietly(kms.feed(["encrypt", "-k", "alias/k", "-r", &public], b"x"));
    let (_other_home, other) = store_with_key();
    let output = other.feed(["decrypt"], &both);
    let said = refused(&output, NOT_FOUND, "--private-key");
    assert!(said.contains("it needs arn:aws:kms:"), "{said}");
}

#[test]
fn a_private_key_in_another_form_is_refused_with_the_command_that_changes_it() {
    let (home, kms) = store_with_key();
    let with = |file: &str| kms.feed(["decrypt", "--private-key", file], b"x");
    for (label, command) in [
        ("RSA PRIVATE KEY", "openssl pkcs8 -topk8 -nocrypt -in "),
        ("ENCRYPTED PRIVATE KEY", "openssl pkcs8 -in "),
    ] {
        let file = private_file(&home, "other.key", &pem(label, b"no key"));
        refused(&with(&file), FAILED, &format!("{command}{file} -out NEW"));
    }
    let (_, private) = key_pair(&home, "owner");
    for mode in [0o644, 0o604, 0o620] {
        fs::set_permissions(&private, fs::Permissions::from_mode(mode)).unwrap();
        refused(
            &with(&private),
            FAILED,
            "can be read by others; its mode should be 0600",
        );
    }
}

#[test]
fn armor_stays_armor_when_a_message_is_made_anew() {
    let (_home, kms) = store_with_key();
    kms.done(["key", "create", "--alias", "alias/new"]);
    let armored = quietly(kms.feed(["encrypt", "-a", "-k", "alias/k"], b"x"));
    let anew = |more: &[&str], message: &[u8]| {
        let command = [&["reencrypt", "-k", "alias/new"], more].concat();
        quietly(kms.feed(command, message))
    };
    let begins = b"-----BEGIN";
    let text = anew(&[], &armored);
    assert!(text.starts_with(begins));
    assert_eq!(quietly(kms.feed(["decrypt"], &text)), b"x");
    let bytes = anew(&["--no-armor"], &armored);
    assert!(!bytes.starts_with(begins));
    assert!(!anew(&[], &bytes).starts_with(begins));
    assert!(anew(&["-a"], &bytes).starts_with(begins));
}

#[test]
fn discovery_stays_in_the_accounts_and_regions_that_are_given() {
    let (_home, kms) = store_with_key();
    let arn = kms.done(["key", "create"]);
    let account = arn.split(':').nth(4).unwrap().to_owned();
    let message = quietly(kms.feed(["encrypt", "-k", "alias/k"], b"x"));
    let with = |option: &str, value: &str| kms.feed(["decrypt", option, value], &message);
    assert_eq!(quietly(with("--discovery-account", &account)), b"x");
    assert_eq!(quietly(with("--discovery-region", "us-east-1")), b"x");
    let output = with("--discovery-account", "999999999999");
    refused(&output, NOT_FOUND, "the accounts and Regions given");
    refused(
        &with("--discovery-region", "eu-west-1"),
        NOT_FOUND,
        "Regions given",
    );
    refused(
        &with("--discovery-account", "me"),
        USAGE,
        "me is no account",
    );
}

#[test]
fn a_pair_that_is_not_stored_must_be_brought() {
    let (_home, kms) = store_with_key();
    let encrypt = [
        "encrypt",
        "-k",
        "alias/k",
        "--context",
        "a=1",
        "--unstored-context",
        "b=2",
    ];
    let message = quietly(kms.feed(encrypt, b"x"));
    let shown = String::from_utf8(quietly(kms.feed(["inspect"], &message))).unwrap();
    assert!(shown.contains("a=1") && !shown.contains("b=2"), "{shown}");
    let decrypt = ["decrypt", "--context", "b=2"];
    assert_eq!(quietly(kms.feed(decrypt, &message)), b"x");
    assert!(!kms.feed(["decrypt"], &message).status.success());
    let twice = [
        "encrypt",
        "-k",
        "alias/k",
        "--context",
        "b=1",
        "--unstored-context",
        "b=2",
    ];
    refused(&kms.feed(twice, b"x"), USAGE, "twice");
}

#[test]
fn no_more_data_keys_are_tried_than_is_allowed() {
    let (home, kms) = store_with_key();
    let (public, _) = key_pair(&home, "owner");
    let encrypt = ["encrypt", "-k", "alias/k", "-r", &public, "-r", &public];
    let message = quietly(kms.feed(encrypt, b"x"));
    let most = |most| kms.feed(["decrypt", "--max-encrypted-data-keys", most], &message);
    assert_eq!(quietly(most("3")), b"x");
    refused(&most("2"), FAILED, "--max-encrypted-data-keys");
    let mut many = vec!["encrypt", "-k", "alias/k"];
    many.extend(["-r", public.as_str()].repeat(16));
    refused(&kms.feed(many, b"x"), USAGE, "more than 16");
}

#[test]
fn a_message_is_made_anew_for_others() {
    let (home, kms) = store_with_key();
    kms.done(["key", "create", "--alias", "alias/new"]);
    let plaintext = bytes(200_000);
    let encrypt = ["encrypt", "-k", "alias/k", "--context", "a=1"];
    let old = quietly(kms.feed(encrypt, &plaintext));
    let file = text(home.scratch("message"));
    fs::write(&file, &old).unwrap();
    quietly(kms.feed(["reencrypt", "-k", "alias/new", "-o", &file, &file], b""));
    let new = fs::read(&file).unwrap();
    assert_ne!(old, new);
    kms.done(["key", "disable", "alias/k"]);
    let decrypt = ["decrypt", "--context", "a=1", "-k", "alias/new"];
    assert_eq!(quietly(kms.feed(decrypt, &new)), plaintext);
    refused(&kms.feed(["decrypt"], &old), FAILED, "disabled");

    let (public, private) = key_pair(&home, "owner");
    let to_owner = [
        "reencrypt",
        "--old-key",
        "alias/new",
        "-r",
        &public,
        "--sign",
        "-a",
    ];
    let owners = warned(
        kms.feed(to_owner, &new),
        "says nothing to those who decrypt by -r",
    );
    let decrypt = ["decrypt", "--private-key", &private];
    assert_eq!(quietly(Home::new().kms().feed(decrypt, &owners)), plaintext);
    let back = ["reencrypt", "--private-key", &private, "-k", "alias/new"];
    let back = warned(kms.feed(back, &owners), "--sign makes a signature");
    assert_eq!(quietly(kms.feed(["decrypt"], &back)), plaintext);
}

#[test]
fn a_damaged_message_is_not_made_anew() {
    let (home, kms) = store_with_key();
    let message = quietly(kms.feed(["encrypt", "-k", "alias/k"], &bytes(200_000)));
    let file = text(home.scratch("message"));
    for damaged in [
        &message[..message.len() - 1],
        &[&message[..], b"x"].concat(),
    ] {
        fs::write(&file, damaged).unwrap();
        let output = kms.feed(["reencrypt", "-k", "alias/k", "-o", &file, &file], b"");
        assert_eq!(output.status.code(), Some(INTEGRITY));
        assert_eq!(
            fs::read(&file).unwrap(),
            damaged,
            "the old file is as it was"
        );
    }
}
