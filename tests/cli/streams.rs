//! Encrypting and decrypting from standard input to standard output.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::thread;

use kms_tests::Kms;

use crate::{FAILED, bytes, quietly, store_with_key};

const FRAME: usize = 65_536;

#[test]
fn a_stream_of_any_length_comes_back() {
    let (_home, kms) = store_with_key();
    for length in [0, 1, FRAME - 1, FRAME, FRAME + 1, 3_000_000] {
        let plaintext = bytes(length);
        let message = quietly(kms.feed(["encrypt", "-k", "alias/k"], &plaintext));
        assert!(message.len() > length);
        assert!(
            quietly(kms.feed(["decrypt"], &message)) == plaintext,
            "{length}"
        );
    }
}

#[test]
fn a_hyphen_is_standard_input_and_output() {
    let (_home, kms) = store_with_key();
    let message = quietly(kms.feed(["encrypt", "-k", "alias/k", "-o", "-", "-"], b"x"));
    assert_eq!(
        quietly(kms.feed(["decrypt", "-o", "-", "-"], &message)),
        b"x"
    );
}

#[test]
fn two_commands_on_one_store_make_a_pipeline() {
    let (_home, kms) = store_with_key();
    let plaintext = bytes(5_000_000);
    let mut encrypt = spawn(&kms, &["encrypt", "-k", "alias/k"]);
    let mut decrypt = kms
        .command(["decrypt"])
        .stdin(encrypt.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = encrypt.stdin.take().unwrap();
    let written = plaintext.clone();
    let writer = thread::spawn(move || input.write_all(&written).unwrap());
    let mut decrypted = Vec::new();
    decrypt
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut decrypted)
        .unwrap();
    writer.join().unwrap();
    assert!(decrypt.wait().unwrap().success() && encrypt.wait().unwrap().success());
    assert!(decrypted == plaintext);
}

#[test]
fn armor_is_text_and_is_recognised() {
    let (_home, kms) = store_with_key();
    let message = quietly(kms.feed(["encrypt", "-a", "-k", "alias/k"], &bytes(1000)));
    let text = String::from_utf8(message).unwrap();
    assert!(text.starts_with("-----BEGIN AWS ENCRYPTION SDK MESSAGE-----\n"));
    assert!(text.ends_with("\n-----END AWS ENCRYPTION SDK MESSAGE-----\n"));
    assert!(text.lines().skip(1).all(|line| line.len() <= 64));
    assert_eq!(quietly(kms.feed(["decrypt"], text.as_bytes())), bytes(1000));
    // As `$(…)` leaves it in a shell's variable.
    assert_eq!(
        quietly(kms.feed(["decrypt"], text.trim_end().as_bytes())),
        bytes(1000)
    );
}

#[test]
fn a_short_frame_leaves_before_the_input_ends() {
    let (_home, kms) = store_with_key();
    let mut encrypt = spawn(&kms, &["encrypt", "-k", "alias/k", "--frame-length", "10"]);
    let mut decrypt = kms
        .command(["decrypt"])
        .stdin(encrypt.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = encrypt.stdin.take().unwrap();
    input.write_all(b"0123456789").unwrap();
    let mut first = [0; 10];
    decrypt
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    assert_eq!(&first, b"0123456789");
    drop(input);
    assert!(decrypt.wait().unwrap().success() && encrypt.wait().unwrap().success());
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let (home, kms) = store_with_key();
    let message = home.scratch("message");
    let plaintext = home.scratch("plaintext");
    fs::write(&plaintext, bytes(4_000_000)).unwrap();
    fs::write(
        &message,
        quietly(kms.feed(["encrypt", "-k", "alias/k"], &bytes(4_000_000))),
    )
    .unwrap();
    for (command, file) in [
        (&["encrypt", "-k", "alias/k"][..], &plaintext),
        (&["encrypt", "-a", "-k", "alias/k"], &plaintext),
        (&["decrypt"], &message),
    ] {
        let mut child = kms
            .command(command)
            .arg(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        output.read_exact(&mut [0; 10]).unwrap();
        drop(output);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(FAILED), "{command:?}");
        assert!(ended.stderr.is_empty(), "{command:?}");
    }
}

#[test]
fn memory_does_not_grow_with_the_stream() {
    let (_home, kms) = store_with_key();
    let encrypt = |armor| -> Vec<&str> {
        let mut command = vec!["encrypt", "-k", "alias/k"];
        command.extend(armor);
        command
    };
    for command in [encrypt(None), encrypt(Some("-a"))] {
        let mut first = spawn(&kms, &command);
        let mut second = kms
            .command(["decrypt"])
            .stdin(first.stdout.take().unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = second.stdout.take().unwrap();
        let reader =
            thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()).unwrap());
        let mut input = first.stdin.take().unwrap();
        let block = bytes(1 << 20);
        for _ in 0..100 {
            input.write_all(&block).unwrap();
        }
        // Both wait for more input, so that their peaks can be read.
        let peaks = [peak_kib(&first), peak_kib(&second)];
        drop(input);
        assert!(second.wait().unwrap().success() && first.wait().unwrap().success());
        assert_eq!(reader.join().unwrap(), 100 << 20);
        assert!(
            peaks.iter().all(|&peak| peak < 32 * 1024),
            "{command:?}: {peaks:?} KiB"
        );
    }
}

fn spawn(kms: &Kms, command: &[&str]) -> Child {
    kms.command(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The most memory that the process has had, in KiB.
fn peak_kib(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
