//! Encrypting and decrypting from file to file.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;

use kms_tests::Kms;

use crate::{INTEGRITY, NOT_FOUND, USAGE, bytes, quietly, refused, store_with_key};

fn encrypt(kms: &Kms, from: &Path, to: &Path) {
    let output = kms
        .command(["encrypt", "-k", "alias/k", "-o"])
        .arg(to)
        .arg(from)
        .output();
    quietly(output.unwrap());
}

fn decrypt(kms: &Kms, from: &Path, to: &Path) {
    let output = kms.command(["decrypt", "-o"]).arg(to).arg(from).output();
    quietly(output.unwrap());
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_file_is_encrypted_and_decrypted_in_place() {
    let (home, kms) = store_with_key();
    let file = home.scratch("f");
    fs::write(&file, bytes(200_000)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    encrypt(&kms, &file, &file);
    assert!(fs::read(&file).unwrap() != bytes(200_000));
    decrypt(&kms, &file, &file);
    assert!(fs::read(&file).unwrap() == bytes(200_000));
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn a_failure_leaves_the_target_as_it_was() {
    let (home, kms) = store_with_key();
    let directory = home.scratch("d");
    fs::create_dir(&directory).unwrap();
    let (message, target) = (directory.join("m"), directory.join("t"));
    fs::write(&target, "old").unwrap();
    let good = quietly(kms.feed(["encrypt", "-k", "alias/k"], &bytes(200_000)));
    fs::write(&message, &good[..good.len() - 1]).unwrap();
    let output = kms
        .command(["decrypt", "-o"])
        .arg(&target)
        .arg(&message)
        .output()
        .unwrap();
    refused(&output, INTEGRITY, "cut off");
    assert_eq!(fs::read(&target).unwrap(), b"old");
    assert_eq!(names(&directory).len(), 2);
}

#[test]
fn a_killed_command_leaves_nothing_behind() {
    let (home, kms) = store_with_key();
    let directory = home.scratch("d");
    fs::create_dir(&directory).unwrap();
    let mut child = kms
        .command(["encrypt", "-k", "alias/k", "-o"])
        .arg(directory.join("t"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // More than a pipe holds: once it is written, the command is in the middle of its work.
    input.write_all(&bytes(3_000_000)).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(names(&directory), Vec::<String>::new());
}

#[test]
fn an_empty_file_is_a_message_too() {
    let (home, kms) = store_with_key();
    let (file, message, back) = (home.scratch("f"), home.scratch("m"), home.scratch("b"));
    fs::write(&file, "").unwrap();
    encrypt(&kms, &file, &message);
    decrypt(&kms, &message, &back);
    assert_eq!(fs::read(&back).unwrap(), b"");
}

#[test]
fn a_file_is_not_appended_to_itself() {
    let (home, kms) = store_with_key();
    let file = home.scratch("f");
    fs::write(&file, bytes(100)).unwrap();
    let append = fs::OpenOptions::new().append(true).open(&file).unwrap();
    let output = kms
        .command(["encrypt", "-k", "alias/k"])
        .arg(&file)
        .stdout(append)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    refused(&output, USAGE, "use -o FILE");
    assert_eq!(fs::read(&file).unwrap(), bytes(100));
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let (home, kms) = store_with_key();
    let missing = home.scratch("missing");
    let output = kms
        .command(["encrypt", "-k", "alias/k"])
        .arg(&missing)
        .output()
        .unwrap();
    refused(&output, NOT_FOUND, "missing");
    let output = kms
        .command(["encrypt", "-k", "alias/k", "-o"])
        .arg(missing.join("x"))
        .output();
    refused(&output.unwrap(), NOT_FOUND, "missing/x");
    let output = kms
        .command(["encrypt", "-k", "alias/k", "/"])
        .output()
        .unwrap();
    refused(&output, crate::FAILED, "directory");
}

#[test]
fn a_full_disk_fails_and_says_so() {
    let (_home, kms) = store_with_key();
    let output = kms.feed(["encrypt", "-k", "alias/k", "-o", "/dev/full"], b"x");
    refused(&output, crate::FAILED, "no space left");
}
