//! The programs under test, built once.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The path of a built program, `kms` or `kms-server`.
///
/// Built once per test process by `cargo build` with the profile that `KMS_TEST_PROFILE` names
/// (unset: `dev`, in an optimised test or bench `release`), or taken from the directory
/// `KMS_BIN_DIR` and not built at all.
pub fn program(name: &str) -> PathBuf {
    let path = BINARIES.join(name);
    assert!(path.exists(), "no program at {}", path.display());
    path
}

static BINARIES: LazyLock<PathBuf> = LazyLock::new(|| match env::var_os("KMS_BIN_DIR") {
    Some(directory) => directory.into(),
    None => build(),
});

fn build() -> PathBuf {
    let default = if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    };
    let profile = env::var("KMS_TEST_PROFILE").unwrap_or_else(|_| default.to_owned());
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--profile", &profile])
        .args(["--package", "kms-cli", "--package", "kms-server"])
        .current_dir(workspace())
        .stdin(Stdio::null())
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "the programs do not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let folder = if profile == "dev" { "debug" } else { &profile };
    target().join(folder)
}

/// The target directory that this test itself was built into.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => workspace().join(directory),
        None => workspace().join("target"),
    }
}

/// The program `kms` working on one home.
#[derive(Debug, Clone)]
pub struct Kms {
    home: PathBuf,
}

impl Kms {
    /// The program on the home `home`.
    pub fn on(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
        }
    }

    /// A command with the home set and the environment of the caller's own AWS set-up removed.
    pub fn command<I, S>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new(program("kms"));
        for (name, _) in env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("AWS_") || name_text.starts_with("KMS_") {
                command.env_remove(&name);
            }
        }
        command.env("KMS_HOME", &self.home).args(arguments);
        command
    }

    /// Runs to the end with empty input.
    pub fn run<I, S>(&self, arguments: I) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.command(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("kms starts")
    }

    /// Runs to the end with `input` on standard input.
    pub fn feed<I, S>(&self, arguments: I, input: &[u8]) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kms starts");
        let mut pipe = child.stdin.take().expect("a piped input");
        let input = input.to_vec();
        // A program that refuses early closes its end: that is for the exit code to tell.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let output = child.wait_with_output().expect("kms ends");
        writer.join().expect("the writer ends");
        output
    }

    /// Runs, requires success, and returns what was printed, trimmed.
    pub fn done<I, S>(&self, arguments: I) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(arguments);
        let output = command.stdin(Stdio::null()).output().expect("kms starts");
        assert!(
            output.status.success(),
            "{command:?} ended with {}:\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .expect("printed text is UTF-8")
            .trim()
            .to_owned()
    }
}
