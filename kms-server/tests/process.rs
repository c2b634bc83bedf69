//! The program as whoever starts it sees it: exit status, standard output and standard error.
#![expect(clippy::unwrap_used, reason = "a failed assumption fails the test")]

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn kms_server(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kms-server"));
    command.env_clear().env("KMS_HOME", home);
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
