//! What shells put together: pipes with names, devices, signals, limits, sparse files.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use kms_tests::{Home, Kms, program};
use rustix::process::{Pid, Signal, kill_process};

use crate::{FAILED, bytes, quietly, refused, store_with_key};

/// Runs a script of bash, which has process substitution, with `kms` on the path.
fn shell(kms: &Kms, home: &Home, script: &str) -> Output {
    let bash = kms.command(["--version"]);
    let mut command = Command::new("bash");
    for (name, value) in bash.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .env("KMS", program("kms"))
        .args([
            "-c",
            &format!("set -o pipefail; kms() {{ \"$KMS\" \"$@\"; }}; {script}"),
        ])
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn pipes_with_names_are_inputs_and_outputs() {
    let (home, kms) = store_with_key();
    fs::write(home.scratch("f"), bytes(300_000)).unwrap();
    for script in [
        "kms encrypt -k alias/k <(cat f) | kms decrypt /dev/stdin | cmp - f",
        "kms encrypt -k alias/k -o >(kms decrypt | cmp - f && echo same > said) f; \
         until [ -s said ]; do sleep 0.05; done; grep -q same said",
        "mkfifo one two; cat f > one & kms encrypt -k alias/k -o two one & kms decrypt two | cmp - f",
        "kms encrypt -k alias/k -o /dev/stdout f | kms decrypt -o /dev/fd/1 - | cmp - f",
        "kms encrypt -k alias/k -o m f && kms decrypt -o /dev/null m && kms decrypt m > /dev/null",
        "echo head > both; kms encrypt -k alias/k -o /dev/stdout f >> both; \
         tail -c +6 both | kms decrypt | cmp - f",
    ] {
        let output = shell(&kms, &home, script);
        quietly(output);
    }
    let null = fs::metadata("/dev/null").unwrap();
    assert!(null.file_type().is_char_device());
    let two = fs::metadata(home.scratch("two")).unwrap();
    assert!(two.file_type().is_fifo());
}

#[test]
fn a_reader_that_takes_one_byte_ends_it_quietly() {
    let (home, kms) = store_with_key();
    fs::write(home.scratch("f"), bytes(5_000_000)).unwrap();
    quietly(shell(&kms, &home, "kms encrypt -k alias/k -o m f"));
    for command in [
        "kms decrypt m",
        "kms encrypt -k alias/k f",
        "kms encrypt -ak alias/k f",
    ] {
        let script = format!("{command} | head -c 1 > out; echo ${{PIPESTATUS[0]}} > status");
        quietly(shell(&kms, &home, &script));
        let status = fs::read_to_string(home.scratch("status")).unwrap();
        assert_eq!(status.trim(), FAILED.to_string(), "{command}");
        assert_eq!(fs::metadata(home.scratch("out")).unwrap().len(), 1);
    }
}

#[test]
fn a_command_that_is_ended_in_the_middle_leaves_nothing_behind() {
    let (home, kms) = store_with_key();
    let directory = home.scratch("d");
    fs::create_dir(&directory).unwrap();
    let target = directory.join("t");
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for old in [None, Some("old")] {
            if let Some(old) = old {
                fs::write(&target, old).unwrap();
            }
            let mut child = kms
                .command(["encrypt", "-k", "alias/k", "-o"])
                .arg(&target)
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            // More than the pipe holds: by its end the command is in the middle of its work.
            input.write_all(&bytes(3_000_000)).unwrap();
            kill_process(Pid::from_child(&child), signal).unwrap();
            let ended = child.wait().unwrap();
            assert_eq!(ended.signal(), Some(signal.as_raw()));
            assert_eq!(fs::read_to_string(&target).ok().as_deref(), old);
            assert_eq!(entries(&directory).len(), usize::from(old.is_some()));
        }
        fs::remove_file(&target).unwrap();
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_told_and_leaves_nothing() {
    let (home, kms) = store_with_key();
    fs::create_dir(home.scratch("d")).unwrap();
    fs::write(home.scratch("f"), bytes(6_000_000)).unwrap();
    for script in [
        "ulimit -f 4000; kms encrypt -k alias/k -o d/t f",
        "ulimit -f 4000; kms encrypt -k alias/k -o d/t - < f",
        "ulimit -f 4000; kms encrypt -k alias/k --output-directory d f",
    ] {
        refused(&shell(&kms, &home, script), FAILED, "file too large");
        assert!(entries(&home.scratch("d")).is_empty(), "{script}");
    }
    let script = "kms encrypt -k alias/k -o m f; ulimit -f 4000; kms decrypt -o d/t m";
    refused(&shell(&kms, &home, script), FAILED, "file too large");
    assert!(entries(&home.scratch("d")).is_empty());
}

#[test]
fn a_full_device_is_told() {
    let (home, kms) = store_with_key();
    fs::write(home.scratch("f"), bytes(1_000_000)).unwrap();
    for script in [
        "kms encrypt -k alias/k f > /dev/full",
        "kms encrypt -k alias/k f | kms decrypt -o /dev/full",
    ] {
        let output = shell(&kms, &home, script);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(FAILED), "{said}");
        assert!(
            said.starts_with("kms: cannot write") && said.contains("no space left"),
            "{said}"
        );
    }
}

#[test]
fn a_file_with_holes_comes_back() {
    let (home, kms) = store_with_key();
    let file = File::create(home.scratch("f")).unwrap();
    file.set_len(20 << 20).unwrap();
    (&file).write_all(b"begin").unwrap();
    let script = "kms encrypt -k alias/k f | kms decrypt | cmp - f";
    quietly(shell(&kms, &home, script));
}

/// Runs a shell script with a terminal of its own, whose input comes slowly from the pipe `input`, at
/// most until the terminal shows `words`; what it showed.
fn watched(kms: &Kms, home: &Home, script: &str, words: &str) -> String {
    let (ours, theirs) = crate::terminal::terminal();
    let pipe = home.scratch("input");
    let mut command = Command::new("setsid");
    let settings = kms.command(["--version"]);
    for (name, value) in settings.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command
        .args(["--ctty", "--wait", "sh", "-c", script])
        .env("KMS", program("kms"))
        .current_dir(home)
        .stdin(theirs)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It holds an end of the terminal, which has to be closed for the screen to come to its end.
    drop(command);
    let shown = Arc::new(Mutex::new(String::new()));
    let (mut screen, sink) = (ours.try_clone().unwrap(), Arc::clone(&shown));
    let reader = thread::spawn(move || {
        let mut block = [0; 256];
        while let Ok(count @ 1..) = screen.read(&mut block) {
            let text = String::from_utf8_lossy(&block[..count]).into_owned();
            sink.lock().unwrap().push_str(&text);
        }
    });
    let mut input = File::options().write(true).open(pipe).unwrap();
    for _ in 0..300 {
        input.write_all(&bytes(10_000)).unwrap();
        thread::sleep(Duration::from_millis(100));
        if shown.lock().unwrap().contains(words) {
            break;
        }
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    drop(ours);
    reader.join().unwrap();
    let shown = shown.lock().unwrap();
    shown.clone()
}

#[test]
fn long_work_shows_on_a_terminal_how_far_it_is_and_takes_it_away_again() {
    let (home, kms) = store_with_key();
    let made = Command::new("mkfifo").arg(home.scratch("input")).status();
    assert!(made.unwrap().success());
    let run = |options: &str, words: &str| {
        let script = format!("\"$KMS\" encrypt {options} -k alias/k < input > message 2> /dev/tty");
        let shown = watched(&kms, &home, &script, words);
        quietly(kms.run([
            "decrypt",
            "-o",
            "/dev/null",
            home.scratch("message").to_str().unwrap(),
        ]));
        shown
    };
    let shown = run("", "KiB/s");
    assert!(
        shown.contains("KiB, ") && shown.ends_with("\r\u{1b}[K"),
        "{shown}"
    );
}

#[test]
fn nothing_is_shown_where_nobody_looks() {
    let (home, kms) = store_with_key();
    let made = Command::new("mkfifo").arg(home.scratch("input")).status();
    assert!(made.unwrap().success());
    for script in [
        "\"$KMS\" encrypt -q -k alias/k < input > message 2> /dev/tty",
        "\"$KMS\" encrypt -k alias/k < input > message 2> said; test ! -s said",
    ] {
        // Twice as long as it takes to show something, and no longer: the last word ends it.
        let script = format!("(sleep 2; echo enough > /dev/tty) & {script}");
        let shown = watched(&kms, &home, &script, "enough");
        assert_eq!(shown.trim(), "enough", "{script}");
    }
}
