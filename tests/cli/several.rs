//! Several files in one command.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Output;

use kms_tests::{Home, Kms};

use crate::{FAILED, INTEGRITY, NOT_FOUND, USAGE, bytes, quietly, refused, store_with_key};

/// A store with a key, and a directory with the files `a`, `b` and `c`.
fn files() -> (Home, Kms, PathBuf) {
    let (home, kms) = store_with_key();
    let directory = home.scratch("d");
    fs::create_dir(&directory).unwrap();
    for (number, name) in ["a", "b", "c"].iter().enumerate() {
        fs::write(directory.join(name), bytes(100_000 * number)).unwrap();
    }
    (home, kms, directory)
}

fn run(kms: &Kms, directory: &PathBuf, arguments: &str) -> Output {
    kms.command(arguments.split(' '))
        .current_dir(directory)
        .output()
        .unwrap()
}

fn names(directory: &PathBuf) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn each_file_has_an_output_beside_it_and_stays() {
    let (_home, kms, directory) = files();
    quietly(run(&kms, &directory, "encrypt -k alias/k a b ./c"));
    assert_eq!(
        names(&directory),
        ["a", "a.kms", "b", "b.kms", "c", "c.kms"]
    );
    for name in ["a", "b", "c"] {
        fs::remove_file(directory.join(name)).unwrap();
    }
    quietly(run(&kms, &directory, "decrypt a.kms b.kms c.kms"));
    assert_eq!(
        names(&directory),
        ["a", "a.kms", "b", "b.kms", "c", "c.kms"]
    );
    assert!(fs::read(directory.join("c")).unwrap() == bytes(200_000));
}

#[test]
fn outputs_go_to_a_directory_even_one_alone() {
    let (_home, kms, directory) = files();
    fs::create_dir(directory.join("o")).unwrap();
    quietly(run(
        &kms,
        &directory,
        "encrypt -a -k alias/k --output-directory o b",
    ));
    fs::create_dir(directory.join("back")).unwrap();
    quietly(run(
        &kms,
        &directory,
        "decrypt --output-directory back o/b.kms",
    ));
    assert!(fs::read(directory.join("back/b")).unwrap() == bytes(100_000));
    assert_eq!(names(&directory), ["a", "b", "back", "c", "o"]);
    let output = run(
        &kms,
        &directory,
        "encrypt -k alias/k --output-directory none b",
    );
    refused(&output, NOT_FOUND, "none/b.kms");
}

#[test]
fn a_private_file_stays_private_there_and_back() {
    let (_home, kms, directory) = files();
    let mode = |name: &str| fs::metadata(directory.join(name)).unwrap().mode() & 0o777;
    fs::set_permissions(directory.join("b"), Permissions::from_mode(0o600)).unwrap();
    quietly(run(&kms, &directory, "encrypt -k alias/k a b"));
    fs::remove_file(directory.join("b")).unwrap();
    quietly(run(&kms, &directory, "decrypt --force b.kms a.kms"));
    assert_eq!((mode("b.kms"), mode("b")), (0o600, 0o600));
    assert_eq!(mode("a.kms"), mode("a"));
}

#[test]
fn what_exists_is_not_replaced_without_force() {
    let (_home, kms, directory) = files();
    fs::write(directory.join("b.kms"), "mine").unwrap();
    let output = run(&kms, &directory, "encrypt -k alias/k a b");
    refused(&output, FAILED, "b.kms exists already; --force replaces it");
    assert_eq!(fs::read(directory.join("b.kms")).unwrap(), b"mine");
    assert!(directory.join("a.kms").exists());
    quietly(run(&kms, &directory, "encrypt --force -k alias/k a b"));
    fs::write(directory.join("b"), "changed").unwrap();
    quietly(run(&kms, &directory, "decrypt --force a.kms b.kms"));
    assert!(fs::read(directory.join("b")).unwrap() == bytes(100_000));
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let (_home, kms, directory) = files();
    let output = run(&kms, &directory, "encrypt -k alias/k missing a b");
    refused(&output, NOT_FOUND, "missing");
    assert_eq!(names(&directory), ["a", "a.kms", "b", "b.kms", "c"]);
    let mut forged = fs::read(directory.join("b.kms")).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    fs::write(directory.join("forged.kms"), &forged).unwrap();
    let output = run(&kms, &directory, "decrypt --force forged.kms a.kms");
    let said = refused(&output, INTEGRITY, "altered");
    assert!(said.contains("forged.kms"), "{said}");
    assert!(!directory.join("forged").exists());
    let output = run(
        &kms,
        &directory,
        "decrypt --force forged.kms none.kms c b.kms",
    );
    assert_eq!(output.status.code(), Some(FAILED));
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    for (line, words) in lines
        .iter()
        .zip(["forged.kms", "none.kms", "c does not end in .kms"])
    {
        assert!(line.starts_with("kms: ") && line.contains(words), "{said}");
    }
}

#[test]
fn what_makes_no_sense_for_several_files_is_refused_before_any_is_written() {
    let (_home, kms, directory) = files();
    fs::create_dir_all(directory.join("sub")).unwrap();
    fs::write(directory.join("sub/a"), "").unwrap();
    for (arguments, words) in [
        ("encrypt -k alias/k -o x a b", "--output-directory"),
        ("encrypt -k alias/k a -", "standard input"),
        (
            "encrypt -k alias/k --output-directory sub",
            "standard input",
        ),
        (
            "encrypt -k alias/k --output-directory . a sub/a",
            "two of the files",
        ),
        ("encrypt -k alias/k a a", "two of the files"),
    ] {
        refused(&run(&kms, &directory, arguments), USAGE, words);
        assert_eq!(names(&directory), ["a", "b", "c", "sub"], "{arguments}");
    }
    let output = run(&kms, &directory, "encrypt -k alias/none a b");
    assert_eq!(output.status.code(), Some(NOT_FOUND));
    assert_eq!(names(&directory), ["a", "b", "c", "sub"]);
}
