//! The program as whoever starts it sees it: exit status, standard output and standard error.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tempfile::TempDir;

use crate::harness::{AccessKey, SIXTEEN_BYTES, exchange, signed_call};

/// No test of the program is about a deadline, so a busy machine passes none.
const NO_DEADLINES: [(&str, &str); 3] = [
    ("KMS_HEADER_SECONDS", "600"),
    ("KMS_BODY_SECONDS", "600"),
    ("KMS_LEDGER_SECONDS", "600"),
];

fn kms_server(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kms-server"));
    command.env_clear().envs(NO_DEADLINES).env("KMS_HOME", home);
    command
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn help_and_version_are_done_at_once() {
    let home = TempDir::new().unwrap();
    let (code, out, _) = run(kms_server(home.path()).arg("--help"));
    assert_eq!(code, Some(0));
    assert!(out.contains("Examples:") && out.contains("--tls-certificate"));
    let (code, out, _) = run(kms_server(home.path()).arg("--version"));
    assert_eq!(code, Some(0));
    assert_eq!(out, concat!("kms-server ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_good_configuration_checks_and_leaves_nothing_behind() {
    let home = TempDir::new().unwrap();
    let (code, out, err) = run(kms_server(home.path()).arg("--check-config"));
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "", ""));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_bad_configuration_is_named_on_standard_error() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("server.toml");
    std::fs::write(&file, "lisen = []").unwrap();
    let config = file.to_str().unwrap();
    for (arguments, word) in [
        (&["--config", config][..], "lisen"),
        (&["--config", "/nonexistent"], "/nonexistent"),
        (&["--listen", "0.0.0.0:0"], "TLS"),
        (&["--listen", "nowhere"], "nowhere"),
        (&["--tls-certificate", "/c", "--tls-key", "/k"], "/c"),
        (&["--passphrase-file", "/nonexistent"], "/nonexistent"),
        (&["--colour"], "--colour"),
    ] {
        for check in [&[][..], &["--check-config"]] {
            let (code, out, err) = run(kms_server(home.path()).args(arguments).args(check));
            assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
            assert!(err.contains(word), "{arguments:?}: {err}");
        }
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("server.toml");
    std::fs::write(&file, "listen = ['0.0.0.0:1']").unwrap();
    let mut command = kms_server(home.path());
    command.arg("--check-config").env("KMS_CONFIG", &file);
    assert_eq!(run(&mut command).0, Some(2));
    command.env("KMS_LISTEN", "127.0.0.1:1");
    assert_eq!(run(&mut command).0, Some(0));
    command.args(["--listen", "0.0.0.0:1"]);
    assert_eq!(run(&mut command).0, Some(2));
}

/// A home that does not exist yet, and what lies around it.
fn new_home() -> (TempDir, PathBuf) {
    let around = TempDir::new().unwrap();
    let home = around.path().join("kms");
    (around, home)
}

/// A program that said where it listens; killed when dropped.
struct Running {
    child: Child,
    address: String,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let address = line.trim_end().strip_prefix("listening on http://");
        Self {
            address: address.unwrap_or(&line).to_owned(),
            child,
            log: Some(log),
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn send(&self, raw: &[u8]) -> String {
        exchange(TcpStream::connect(&self.address).unwrap(), raw)
    }

    /// Sends the signal; the exit status and the log.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        kill_process(self.pid(), signal).unwrap();
        let status = self.child.wait().unwrap();
        (status.code(), self.log.take().unwrap().join().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn credentials(home: &Path) -> AccessKey {
    let text = std::fs::read_to_string(home.join("credentials")).unwrap();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim_start_matches(" = ").to_owned()
    };
    assert!(text.starts_with("[root]\n"));
    AccessKey {
        id: value("aws_access_key_id"),
        secret: value("aws_secret_access_key"),
    }
}

fn on_a_free_port(home: &Path) -> Command {
    let mut command = kms_server(home);
    command.args(["--listen", "127.0.0.1:0"]);
    command
}

#[test]
fn the_first_start_makes_a_store_and_a_way_in_and_later_ones_keep_both() {
    let (_around, home) = new_home();
    let first = Running::start(&mut on_a_free_port(&home));
    let key = credentials(&home);
    let mode = std::fs::metadata(home.join("credentials"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let close = "connection: close\r\n";
    let call = signed_call(&key, "GenerateRandom", SIXTEEN_BYTES, close);
    assert!(first.send(&call).contains("Plaintext"));
    let (code, log) = first.end(Signal::TERM);
    assert_eq!(code, Some(0), "{log}");
    assert!(
        !log.contains(&key.secret) && log.contains("credentials"),
        "{log}"
    );
    let written = std::fs::read(home.join("credentials")).unwrap();
    let second = Running::start(&mut on_a_free_port(&home));
    let call = signed_call(&key, "GenerateRandom", SIXTEEN_BYTES, close);
    assert!(second.send(&call).contains("Plaintext"));
    assert_eq!(second.end(Signal::INT).0, Some(0));
    assert_eq!(std::fs::read(home.join("credentials")).unwrap(), written);
}

#[test]
fn a_way_in_is_made_only_where_there_is_none() {
    let (_around, home) = new_home();
    Running::start(&mut on_a_free_port(&home)).end(Signal::TERM);
    std::fs::remove_file(home.join("credentials")).unwrap();
    Running::start(&mut on_a_free_port(&home)).end(Signal::TERM);
    assert!(!home.join("credentials").exists());
}

#[test]
fn a_json_log_is_an_object_a_line() {
    let (_around, home) = new_home();
    let running = Running::start(on_a_free_port(&home).args(["--log-format", "json"]));
    let (_, log) = running.end(Signal::TERM);
    assert!(log.lines().count() >= 2, "{log}");
    for line in log.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line)
                .unwrap()
                .is_object()
        );
    }
}

#[test]
fn a_store_behind_a_passphrase_opens_with_it_only() {
    let (around, home) = new_home();
    let file = around.path().join("passphrase");
    std::fs::write(&file, "correct horse\n").unwrap();
    let with_passphrase = |command: &mut Command| {
        command.args(["--passphrase-file", file.to_str().unwrap()]);
    };
    let mut command = on_a_free_port(&home);
    with_passphrase(&mut command);
    assert_eq!(Running::start(&mut command).end(Signal::TERM).0, Some(0));
    let (code, out, err) = run(&mut on_a_free_port(&home));
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("passphrase"), "{err}");
    std::fs::write(&file, "wrong horse").unwrap();
    let (code, out, err) = run(&mut command);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(!err.contains("horse"), "{err}");
}

#[test]
fn a_port_in_use_is_unavailable_and_no_store_is_made() {
    let (_around, home) = new_home();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, out, err) = run(kms_server(&home).args(["--listen", &address]));
    assert_eq!((code, out.as_str()), (Some(5), ""), "{err}");
    assert!(err.contains(&address) && !home.exists());
}

#[test]
fn a_ledger_that_lost_records_is_an_integrity_failure() {
    let (_around, home) = new_home();
    Running::start(&mut on_a_free_port(&home)).end(Signal::TERM);
    let segment = std::fs::read_dir(home.join("ledger"))
        .unwrap()
        .find_map(|entry| {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            bytes.starts_with(b"{").then_some((path, bytes))
        });
    let (path, bytes) = segment.unwrap();
    let changed = String::from_utf8(bytes)
        .unwrap()
        .replace("CreateAccessKey", "DeleteAccessKey");
    std::fs::write(path, changed).unwrap();
    let (code, out, err) = run(&mut on_a_free_port(&home));
    assert_eq!((code, out.as_str()), (Some(6), ""), "{err}");
}

#[test]
fn what_cannot_be_recorded_is_not_answered() {
    let (_around, home) = new_home();
    // A file that may not grow makes a write fail instead of ending the process.
    let mut command = Command::new("sh");
    command
        .env_clear()
        .envs(NO_DEADLINES)
        .env("KMS_HOME", &home)
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command
        .arg(env!("CARGO_BIN_EXE_kms-server"))
        .args(["--listen", "127.0.0.1:0"]);
    let running = Running::start(&mut command);
    let key = credentials(&home);
    let close = "connection: close\r\n";
    let full = Rlimit {
        current: Some(1),
        maximum: None,
    };
    prlimit(Some(running.pid()), Resource::Fsize, full).unwrap();
    let call = signed_call(&key, "GenerateRandom", SIXTEEN_BYTES, close);
    let answer = running.send(&call);
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(
        answer.contains("KMSInternalException") && !answer.contains("Plaintext"),
        "{answer}"
    );
    let unsigned = "POST / HTTP/1.1\r\nhost: kms\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let answer = running.send(unsigned.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(!answer.contains("MissingAuthentication"), "{answer}");
    let ready = "GET /readyz HTTP/1.1\r\nhost: kms\r\nconnection: close\r\n\r\n";
    assert!(running.send(ready.as_bytes()).starts_with("HTTP/1.1 503 "));
}
