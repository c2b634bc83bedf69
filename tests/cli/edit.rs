//! Editing a message.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use kms_tests::{Home, Kms};
use rustix::process::{Pid, Signal, kill_process};

use crate::{FAILED, INTEGRITY, NOT_FOUND, USAGE, bytes, quietly, refused, store_with_key};

/// A store with a key, a message in `secret.txt.kms` of the text `old`, and a place of its own for
/// texts that are edited.
struct Desk {
    home: Home,
    kms: Kms,
    message: PathBuf,
    private: PathBuf,
}

impl Desk {
    fn new(options: &[&str]) -> Self {
        let (home, kms) = store_with_key();
        let (message, private) = (home.scratch("secret.txt.kms"), home.scratch("private"));
        fs::create_dir(&private).unwrap();
        let desk = Self {
            home,
            kms,
            message,
            private,
        };
        let encrypt = ["encrypt", "-k", "alias/k", "-o", desk.message()];
        let encrypt = [&encrypt, options].concat();
        quietly(desk.kms.feed(encrypt, b"old"));
        desk
    }

    fn message(&self) -> &str {
        self.message.to_str().unwrap()
    }

    /// Without the warnings, of which one depends on where the tests' files are: on a disk or in memory.
    fn edit(&self, options: &[&str], editor: &str) -> Command {
        let mut command = self.loud_edit(options, editor);
        command.arg("-q");
        command
    }

    fn loud_edit(&self, options: &[&str], editor: &str) -> Command {
        let mut command = self.kms.command(["edit"]);
        command
            .args(options)
            .arg(&self.message)
            .env("VISUAL", editor)
            .env("XDG_RUNTIME_DIR", &self.private)
            .env("SCRATCH", self.home.as_ref())
            .stdin(Stdio::null());
        command
    }

    fn edited(&self, options: &[&str], editor: &str) -> Output {
        self.edit(options, editor).output().unwrap()
    }

    fn text(&self, options: &[&str]) -> Vec<u8> {
        let command = [&["decrypt", self.message()], options].concat();
        quietly(self.kms.run(command))
    }

    fn inspected(&self) -> serde_json::Value {
        let said = self
            .kms
            .done(["inspect", "--output", "json", self.message()]);
        serde_json::from_str(&said).unwrap()
    }

    fn leaves_nothing(&self) {
        assert_eq!(fs::read_dir(&self.private).unwrap().count(), 0);
    }
}

/// Writes `new` where the text is.
const CHANGE: &str = "printf new >";

#[test]
fn a_changed_text_takes_the_place_of_the_old_one() {
    let desk = Desk::new(&[]);
    fs::set_permissions(&desk.message, Permissions::from_mode(0o640)).unwrap();
    let before = desk.inspected();
    quietly(desk.edited(&[], CHANGE));
    assert_eq!(desk.text(&[]), b"new");
    assert_eq!(desk.inspected(), before);
    assert_eq!(fs::metadata(&desk.message).unwrap().mode() & 0o777, 0o640);
    desk.leaves_nothing();
}

#[test]
fn a_message_stays_what_it_was() {
    let options = ["-a", "--sign", "--frame-length", "2", "--context", "a=b"];
    let unstored = ["--unstored-context", "c=d"];
    let desk = Desk::new(&[&options[..], &unstored].concat());
    let before = desk.inspected();
    assert_eq!(
        (&before["Signed"], &before["FrameLength"]),
        (&true.into(), &2.into())
    );
    quietly(desk.edited(&["--context", "c=d"], "printf two >"));
    let mut after = desk.inspected();
    // The signature has another key each time.
    let key = "aws-crypto-public-key";
    assert!(before["EncryptionContext"][key] != after["EncryptionContext"][key]);
    after["EncryptionContext"][key] = before["EncryptionContext"][key].clone();
    after["Size"] = before["Size"].clone();
    assert_eq!(after, before);
    assert!(fs::read(&desk.message).unwrap().starts_with(b"-----BEGIN"));
    assert_eq!(desk.text(&["--context", "c=d", "--context", "a=b"]), b"two");
    refused(
        &desk.kms.run(["decrypt", desk.message()]),
        INTEGRITY,
        "encryption context",
    );
}

#[test]
fn all_keys_of_a_message_open_it_when_it_was_edited() {
    let desk = Desk::new(&[]);
    desk.kms.done(["key", "create", "--alias", "alias/second"]);
    let encrypt = [
        "encrypt",
        "-k",
        "alias/k",
        "-k",
        "alias/second",
        "-o",
        desk.message(),
    ];
    quietly(desk.kms.feed(encrypt, b"old"));
    quietly(desk.edited(&[], CHANGE));
    for key in ["alias/k", "alias/second"] {
        assert_eq!(desk.text(&["-k", key]), b"new");
    }
    quietly(desk.edited(&["-k", "alias/second"], "printf newer >"));
    let output = desk.kms.run(["decrypt", "-k", "alias/k", desk.message()]);
    refused(&output, NOT_FOUND, "not encrypted for the keys given");
}

#[test]
fn a_text_that_was_not_changed_changes_nothing() {
    let desk = Desk::new(&[]);
    let before = fs::read(&desk.message).unwrap();
    for editor in ["true", "touch", "printf old >"] {
        let output = desk.loud_edit(&[], editor).output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("not changed"), "{said}");
        assert!(fs::read(&desk.message).unwrap() == before);
    }
    quietly(desk.edited(&[], "true"));
    desk.leaves_nothing();
}

#[test]
fn the_text_is_nobody_else_s_while_it_is_edited() {
    let desk = Desk::new(&[]);
    let look = r#"look() { stat -c %a "$1" "${1%/*}"; echo "$1"; cat "$1"; }; look"#;
    let output = desk.edited(&[], look);
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!([lines[0], lines[1], lines[3]], ["600", "700", "old"]);
    assert!(Path::new(lines[2]).starts_with(&desk.private));
    assert!(lines[2].ends_with("/secret.txt"));
    desk.leaves_nothing();
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let desk = Desk::new(&[]);
    for (editor, words) in [
        ("sh -c 'echo new > $1; exit 3' sh", "ended with 3"),
        (
            "echo new > $1; exec sh -c 'kill -9 $$'",
            "ended by signal 9",
        ),
        ("rm", "left no text"),
    ] {
        refused(&desk.edited(&[], editor), FAILED, words);
        assert_eq!(desk.text(&[]), b"old");
        desk.leaves_nothing();
    }
    let output = desk.edited(&[], "no-such-editor 2>&- ");
    refused(&output, FAILED, "set VISUAL or EDITOR");
}

#[test]
fn a_file_that_is_not_there_is_made_with_a_key() {
    let desk = Desk::new(&[]);
    fs::remove_file(&desk.message).unwrap();
    refused(&desk.edited(&[], CHANGE), NOT_FOUND, "-k KEY");
    assert!(desk.edited(&["-k", "alias/k"], "true").status.success());
    assert!(!desk.message.exists());
    quietly(desk.edited(&["-k", "alias/k", "-a", "--context", "a=b"], CHANGE));
    assert_eq!(desk.text(&["--context", "a=b"]), b"new");
    desk.leaves_nothing();
}

/// The text that a refusal says it has kept.
#[track_caller]
fn kept(desk: &Desk, output: &Output, code: i32, words: &str) {
    let said = refused(output, code, words);
    let (_, place) = said.trim().split_once("your text is kept in ").unwrap();
    assert!(Path::new(place).starts_with(&desk.private));
    assert_eq!(fs::read(place).unwrap(), b"new");
    assert_eq!(fs::metadata(place).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_text_that_cannot_be_encrypted_is_not_lost() {
    let desk = Desk::new(&[]);
    let before = fs::read(&desk.message).unwrap();
    let kms = kms_tests::program("kms");
    let disable = format!("{} key disable alias/k; {CHANGE}", kms.display());
    kept(&desk, &desk.edited(&[], &disable), FAILED, "disabled");
    assert!(fs::read(&desk.message).unwrap() == before);
}

#[test]
fn what_another_wrote_meanwhile_is_not_replaced() {
    let desk = Desk::new(&[]);
    let editor = format!("printf theirs > $SCRATCH/secret.txt.kms; {CHANGE}");
    kept(
        &desk,
        &desk.edited(&[], &editor),
        FAILED,
        "while you edited it",
    );
    assert_eq!(fs::read(&desk.message).unwrap(), b"theirs");
    fs::remove_file(&desk.message).unwrap();
    let output = desk.edited(&["-k", "alias/k"], &editor);
    kept(&desk, &output, FAILED, "while you edited it");
    assert_eq!(fs::read(&desk.message).unwrap(), b"theirs");
}

#[test]
fn what_cannot_be_edited_is_refused_before_the_editor_runs() {
    let desk = Desk::new(&["--context", "a=b"]);
    let mark = "touch $SCRATCH/ran; true";
    let refuse = |options: &[&str], code, words| {
        refused(&desk.edited(options, mark), code, words);
        assert!(!desk.home.scratch("ran").exists());
    };
    refuse(&["--context", "a=c"], INTEGRITY, "context");
    let good = fs::read(&desk.message).unwrap();
    for bad in [&good[..good.len() - 1], b"text"] {
        fs::write(&desk.message, bad).unwrap();
        refuse(&[], INTEGRITY, "message");
    }
    let file = File::create(&desk.message).unwrap();
    file.set_len(1 << 30).unwrap();
    refuse(&[], FAILED, "at most 16 MiB");
    fs::write(
        &desk.message,
        quietly(
            desk.kms
                .feed(["encrypt", "-k", "alias/k"], &bytes(17 << 20)),
        ),
    )
    .unwrap();
    refuse(&[], FAILED, "at most 16 MiB");
    fs::remove_file(&desk.message).unwrap();
    fs::create_dir(&desk.message).unwrap();
    refuse(&[], FAILED, "directory");
    let output = desk.kms.command(["edit", "/dev/null"]).output().unwrap();
    refused(&output, USAGE, "not a regular file");
    desk.leaves_nothing();
}

#[test]
fn a_text_that_got_too_long_is_kept() {
    let desk = Desk::new(&[]);
    let said = refused(
        &desk.edited(&[], "truncate -s 17M"),
        FAILED,
        "at most 16 MiB",
    );
    assert!(said.contains("your text is kept in"), "{said}");
    assert_eq!(desk.text(&[]), b"old");
}

/// An edit whose editor runs, and waits until it is let go.
struct Editing {
    child: Child,
    release: PathBuf,
}

fn begin(desk: &Desk) -> Editing {
    let (ready, release) = (desk.home.scratch("ready"), desk.home.scratch("release"));
    for fifo in [&ready, &release] {
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    }
    let editor = "echo > $SCRATCH/ready; read line < $SCRATCH/release; printf new >";
    let child = desk
        .edit(&[], editor)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    File::open(ready)
        .unwrap()
        .read_to_end(&mut Vec::new())
        .unwrap();
    assert_eq!(fs::read_dir(&desk.private).unwrap().count(), 1);
    Editing { child, release }
}

impl Editing {
    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    fn let_go(&self) {
        let mut release = File::options().write(true).open(&self.release).unwrap();
        writeln!(release, "go").unwrap();
    }
}

#[test]
fn a_command_that_is_ended_leaves_no_text_behind() {
    for signal in [Signal::TERM, Signal::HUP] {
        let desk = Desk::new(&[]);
        let mut editing = begin(&desk);
        editing.signal(signal);
        let ended = editing.child.wait().unwrap();
        assert_eq!(ended.signal(), Some(signal.as_raw()));
        desk.leaves_nothing();
        editing.let_go();
        assert_eq!(desk.text(&[]), b"old");
    }
}

#[test]
fn the_interrupt_key_is_the_editor_s() {
    let desk = Desk::new(&[]);
    let editing = begin(&desk);
    editing.signal(Signal::INT);
    editing.signal(Signal::QUIT);
    editing.let_go();
    quietly(editing.child.wait_with_output().unwrap());
    assert_eq!(desk.text(&[]), b"new");
    desk.leaves_nothing();
}
