//! A server in a child process.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::program;

/// How long anything may take before a test gives up: longer than it does on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);
/// No test of this harness is about a deadline of the server, so a busy machine passes none.
const NO_DEADLINES: [&str; 5] = [
    "--handshake-seconds=600",
    "--header-seconds=600",
    "--body-seconds=600",
    "--idle-seconds=3600",
    "--ledger-seconds=600",
];
/// The account that the tests work in, AWS's own example.
const ACCOUNT: &str = "111122223333";
const ANNOUNCEMENT: &str = "listening on http";

/// A running `kms-server`, killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    scheme: &'static str,
    log: PathBuf,
}

impl Server {
    /// Starts the server on `home` at a free port and waits until it says that it listens.
    ///
    /// # Panics
    /// With everything the server printed, if it ends or stays silent instead.
    pub fn start(home: &Path, arguments: &[&str]) -> Self {
        match Self::try_start(home, arguments) {
            Ok(server) => server,
            Err(report) => panic!("{report}"),
        }
    }

    /// Like [`Server::start`], but a server that does not come up is an answer.
    pub fn try_start(home: &Path, arguments: &[&str]) -> Result<Self, String> {
        let beside = home.parent().expect("a home has a parent");
        let (announced, log) = (beside.join("server.out"), beside.join("server.err"));
        let append = |path: &Path| {
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .unwrap()
        };
        fs::write(&announced, "").unwrap();
        let mut child = Command::new(program("kms-server"))
            .args(["--account", ACCOUNT, "--listen", "127.0.0.1:0", "--home"])
            .arg(home)
            .args(NO_DEADLINES)
            .args(arguments)
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .stdout(append(&announced))
            .stderr(append(&log))
            .spawn()
            .expect("kms-server starts");
        match wait_for_address(&mut child, &announced) {
            Ok((scheme, address)) => Ok(Self {
                child,
                address,
                scheme,
                log,
            }),
            Err(what) => {
                drop(child.kill());
                drop(child.wait());
                let log = fs::read_to_string(&log).unwrap_or_default();
                Err(format!("kms-server {what}; it logged:\n{log}"))
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard error so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            sleep(Duration::from_millis(10));
        }
        panic!(
            "kms-server does not end on SIGTERM; it logged:\n{}",
            self.log()
        );
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal).expect("the server is still there");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- kms-server logged ---\n{}", self.log());
        }
    }
}

fn wait_for_address(
    child: &mut Child,
    announced: &Path,
) -> Result<(&'static str, SocketAddr), String> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let printed = fs::read_to_string(announced).unwrap_or_default();
        let address = printed
            .lines()
            .find_map(|line| line.split_once(ANNOUNCEMENT))
            .and_then(|(_, rest)| scheme_and_address(rest));
        if let (Some(address), true) = (address, printed.ends_with('\n')) {
            return Ok(address);
        }
        if let Some(status) = child.try_wait().unwrap() {
            return Err(format!("ended with {status}"));
        }
        sleep(Duration::from_millis(2));
    }
    Err(format!("did not listen within {} s", PATIENCE.as_secs()))
}

/// What stands behind [`ANNOUNCEMENT`].
fn scheme_and_address(rest: &str) -> Option<(&'static str, SocketAddr)> {
    let (scheme, rest) = match rest.strip_prefix('s') {
        Some(rest) => ("https", rest),
        None => ("http", rest),
    };
    let address = rest.strip_prefix("://")?.trim_end_matches('/');
    Some((scheme, address.parse().ok()?))
}
