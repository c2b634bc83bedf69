//! A Python with the unmodified AWS CLI, boto3 and AWS Encryption SDK in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::{Home, Server, program, workspace};

/// The interpreter of a virtual environment at `target/kms-test-venv` that the test run makes
/// itself from `tests/requirements.txt`, and makes again when that file changes.
///
/// # Panics
/// With one line that says what is missing: `python3`, its `venv`, or the network.
pub fn python() -> PathBuf {
    match &*ENVIRONMENT {
        Ok(path) => path.clone(),
        Err(missing) => panic!("{missing}"),
    }
}

static ENVIRONMENT: LazyLock<Result<PathBuf, String>> = LazyLock::new(prepare);

fn prepare() -> Result<PathBuf, String> {
    let target = program::target();
    let environment = target.join("kms-test-venv");
    let stamp = environment.join("requirements.txt");
    let interpreter = environment.join("bin/python");
    let wanted_file = workspace().join("tests/requirements.txt");
    let wanted = fs::read_to_string(&wanted_file).map_err(|error| error.to_string())?;

    // Test processes that start together wait here; the second finds the stamp.
    fs::create_dir_all(&target).map_err(|error| error.to_string())?;
    let lock =
        File::create(target.join("kms-test-venv.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }

    drop(fs::remove_dir_all(&environment));
    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment))
    .map_err(|why| {
        format!(
            "the end-to-end tests need python3 with venv (Debian: apt install python3-venv): {why}"
        )
    })?;
    install(&interpreter, &wanted_file).map_err(|why| {
        format!("the end-to-end tests need the packages of tests/requirements.txt from PyPI: {why}")
    })?;
    fs::write(&stamp, &wanted).map_err(|error| error.to_string())?;
    Ok(interpreter)
}

/// Installs what a file asks for; a network that fails for a moment is tried again.
fn install(interpreter: &Path, wanted: &Path) -> Result<(), String> {
    let pip = "-m pip --quiet --disable-pip-version-check --retries 10 --timeout 60 install";
    let attempt = || {
        let mut command = Command::new(interpreter);
        command.args(pip.split(' ')).arg("--requirement");
        run(command.arg(wanted))
    };
    attempt().or_else(|_| attempt()).or_else(|_| attempt())
}

/// AWS's own description of the service, as the boto3 of the tests has it.
///
/// # Panics
/// As [`python`].
pub fn service_model() -> String {
    const UNPACK: &str = "import botocore, gzip, os, sys
path = os.path.join(os.path.dirname(botocore.__file__), 'data/kms/2014-11-01/service-2.json.gz')
sys.stdout.buffer.write(gzip.open(path).read())";
    let output = Command::new(python()).args(["-c", UNPACK]).output();
    let output = output.expect("python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "no service model: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Runs to the end; what went wrong is the last line it printed.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let last = printed.lines().rev().find(|line| !line.trim().is_empty());
    Err(last.unwrap_or("it failed without a word").to_owned())
}

/// A Python script of `tests/e2e`, run against a server as a stranger would run it: the settings
/// come by environment variables only.
#[derive(Debug)]
pub struct Script {
    command: Command,
}

impl Script {
    /// The script `tests/e2e/NAME` as the root user of `home`, talking to `server`.
    pub fn new(name: &str, home: &Home, server: &Server) -> Self {
        let python = python();
        let directory: &Path = python.parent().expect("bin");
        let search = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(&python);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("AWS_") {
                command.env_remove(&variable);
            }
        }
        command
            .arg(workspace().join("tests/e2e").join(name))
            .env("PATH", format!("{}:{search}", directory.display()))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env(
                "AWS_SHARED_CREDENTIALS_FILE",
                home.path().join("credentials"),
            )
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_PROFILE", "root")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", server.endpoint())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_MAX_ATTEMPTS", "1")
            .env("AWS_PAGER", "")
            .env("KMS_HOME", home.path())
            .env("KMS_PROGRAM", program("kms"))
            .env("KMS_SCRATCH", home.as_ref())
            .stdin(Stdio::null());
        Self { command }
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs to the end and returns what it printed.
    ///
    /// # Panics
    /// With everything it printed, when it fails.
    pub fn passes(mut self) -> String {
        let output = self.command.output().expect("python starts");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{:?} ended with {}:\n{printed}{}",
            self.command.get_args().next().unwrap_or_default(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        printed
    }
}
