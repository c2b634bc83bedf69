//! At a terminal.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use kms_tests::{Home, program};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::{USAGE, quietly, refused, store_with_key};

/// A terminal: our end and the program's.
pub(crate) fn terminal() -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = File::options().read(true).write(true).open(name).unwrap();
    (File::from(ours), theirs)
}

#[test]
fn an_encrypted_message_does_not_go_to_a_terminal_by_itself() {
    let (_home, kms) = store_with_key();
    let run = |more: &[&str]| {
        let (_ours, theirs) = terminal();
        let mut command = kms.command(["encrypt", "-k", "alias/k"]);
        let command = command.args(more).stdin(Stdio::null()).stdout(theirs);
        command
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap()
    };
    refused(&run(&[]), USAGE, "-o FILE");
    quietly(run(&["-a"]));
    quietly(run(&["--force"]));
    quietly(run(&["-o", "/dev/null"]));
}

#[test]
fn decrypted_text_goes_to_a_terminal_and_control_sequences_do_not() {
    let (home, kms) = store_with_key();
    let file = home.scratch("m");
    let run = |content: &[u8], more: &[&str]| {
        fs::write(
            &file,
            quietly(kms.feed(["encrypt", "-k", "alias/k"], content)),
        )
        .unwrap();
        let (_ours, theirs) = terminal();
        let mut command = kms.command(["decrypt"]);
        let command = command
            .args(more)
            .arg(&file)
            .stdout(theirs)
            .stderr(Stdio::piped());
        command.spawn().unwrap().wait_with_output().unwrap()
    };
    quietly(run("grüße\n".as_bytes(), &[]));
    refused(&run(b"\x1b]0;title\x07", &[]), USAGE, "not text");
    quietly(run(b"\x1b]0;title\x07", &["--force"]));
}

/// Runs `kms` with a terminal of its own, on which each line of `typed` is typed once it asks.
pub(crate) fn at_terminal(home: &Path, arguments: &[&str], typed: &[&str]) -> (bool, String) {
    run_at_terminal(home, arguments, typed, |_| true)
}

/// As [`at_terminal`], where the lines are not to be seen.
pub(crate) fn unseen_at_terminal(
    home: &Path,
    arguments: &[&str],
    typed: &[&str],
) -> (bool, String) {
    run_at_terminal(home, arguments, typed, |terminal| {
        let modes = tcgetattr(terminal).unwrap().local_modes;
        !modes.contains(LocalModes::ECHO)
    })
}

/// Types a line whenever one more question stands on the screen and the terminal is as `ready` has it.
fn run_at_terminal(
    home: &Path,
    arguments: &[&str],
    typed: &[&str],
    ready: impl Fn(&File) -> bool,
) -> (bool, String) {
    let (ours, theirs) = terminal();
    let mut child = Command::new("setsid")
        .args(["--ctty", "--wait"])
        .arg(program("kms"))
        .args(arguments)
        .env("KMS_HOME", home)
        .stdin(theirs)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = ours.try_clone().unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&shown);
    let reader = thread::spawn(move || {
        let mut block = [0; 256];
        while let Ok(count @ 1..) = screen.read(&mut block) {
            seen.lock().unwrap().extend_from_slice(&block[..count]);
        }
    });
    let questions = || {
        let shown = shown.lock().unwrap();
        QUESTIONS
            .map(|question| occurrences(&shown, question))
            .iter()
            .sum::<usize>()
    };
    let mut keyboard = ours;
    for (number, line) in typed.iter().enumerate() {
        while child.try_wait().unwrap().is_none() && !(questions() > number && ready(&keyboard)) {
            thread::sleep(Duration::from_millis(1));
        }
        writeln!(keyboard, "{line}").unwrap();
    }
    let succeeded = child.wait().unwrap().success();
    drop(keyboard);
    reader.join().unwrap();
    let shown = shown.lock().unwrap();
    (succeeded, String::from_utf8_lossy(&shown).into_owned())
}

/// The ends of what `kms` asks.
const QUESTIONS: [&str; 4] = ["assphrase: ", "Value of A: ", "The same again: ", "[y/N] "];

fn occurrences(text: &[u8], of: &str) -> usize {
    let windows = text.windows(of.len());
    windows.filter(|window| *window == of.as_bytes()).count()
}

#[test]
fn a_passphrase_is_asked_for_without_echo() {
    let home = Home::new();
    let init = ["init", "--seal", "passphrase"];
    let typed = ["correct horse", "other"];
    let (succeeded, shown) = unseen_at_terminal(&home.path(), &init, &typed);
    assert!(!succeeded, "{shown}");
    let typed = ["correct horse", "correct horse"];
    let (succeeded, shown) = unseen_at_terminal(&home.path(), &init, &typed);
    assert!(succeeded, "{shown}");
    assert!(
        shown.contains("New passphrase:") && !shown.contains("horse"),
        "{shown}"
    );
    let list = ["key", "list"];
    assert!(unseen_at_terminal(&home.path(), &list, &["correct horse"]).0);
    assert!(!unseen_at_terminal(&home.path(), &list, &["wrong"]).0);
}

#[test]
fn without_a_terminal_the_way_to_give_a_passphrase_is_named() {
    let home = Home::new();
    let output = Command::new("setsid")
        .arg("--wait")
        .arg(program("kms"))
        .args(["init", "--seal", "passphrase"])
        .env("KMS_HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    refused(&output, crate::FAILED, "--passphrase-file");
}
