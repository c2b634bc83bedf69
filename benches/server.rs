//! kms-server with everything on (signatures, policies, a durable record before each answer)
//! against bare hyper with requests and answers of the same size, in one interleaved run.
//!
//! The requests are signed ahead; the client is one thread. Settings: `KMS_BENCH_REPETITIONS` (7),
//! `KMS_BENCH_SECONDS` of each (3), `KMS_BENCH_CONNECTIONS` (64), `KMS_BENCH_HOME` (a directory on
//! the disk to measure; by default the system's temporary directory).

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kms_benches::{Outcome, cpu_time, drive, median, setting, spread};
use kms_tests::{Connection, Credentials, Server, Signer};
use serde_json::{Value, json};

/// Requests that are signed ahead and sent in turn.
const POOL: usize = 1024;

struct Echo {
    child: Child,
    address: SocketAddr,
}

impl Echo {
    fn start(response_bytes: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bench-echo"))
            .arg(response_bytes.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bench-echo starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().rsplit('/').next().unwrap().parse().unwrap();
        Self { child, address }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Rates and costs of one of the two servers, a value a repetition.
#[derive(Default)]
struct Series {
    rates: Vec<f64>,
    cpu_micros: Vec<f64>,
    p50_micros: Vec<f64>,
    p99_micros: Vec<f64>,
}

impl Series {
    fn add(&mut self, outcome: &Outcome, cpu: Duration) {
        let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
        self.rates.push(outcome.rate());
        self.cpu_micros.push(micros(cpu) / outcome.answers as f64);
        self.p50_micros.push(micros(outcome.latency(0.5)));
        self.p99_micros.push(micros(outcome.latency(0.99)));
    }

    fn print(&self, name: &str) {
        println!(
            "  {name:<11} {} requests/s, {} µs CPU/request, p50 {:.0} µs, p99 {:.0} µs",
            spread(&self.rates, 0),
            spread(&self.cpu_micros, 1),
            median(&self.p50_micros),
            median(&self.p99_micros),
        );
    }
}

struct Run {
    connections: usize,
    repetitions: usize,
    seconds: f64,
}

impl Run {
    fn once(&self, address: SocketAddr, process: u32, pool: &[Vec<u8>], series: &mut Series) {
        let before = cpu_time(process);
        let duration = Duration::from_secs_f64(self.seconds);
        let outcome = drive(address, pool, self.connections, duration).expect("a run");
        series.add(&outcome, cpu_time(process) - before);
    }

    fn compare(&self, operation: &str, body: &Value, server: &Server, signer: &Signer) {
        let mut connection = Connection::open(server.address()).unwrap();
        let answer = connection
            .exchange(&signer.request(operation, body))
            .unwrap();
        assert_eq!(answer.status, 200, "{operation}: {}", answer.message());
        let echo = Echo::start(answer.body.len());
        let (mut ours, mut bare) = (Series::default(), Series::default());
        for repetition in 0..self.repetitions {
            // Signed anew each time: a signature is fresh for five minutes.
            let pool: Vec<_> = (0..POOL).map(|_| signer.request(operation, body)).collect();
            for bare_turn in [repetition % 2 == 0, repetition % 2 == 1] {
                if bare_turn {
                    self.once(echo.address, echo.child.id(), &pool, &mut bare);
                } else {
                    self.once(server.address(), server.id(), &pool, &mut ours);
                }
            }
        }
        println!(
            "{operation}: request {} bytes, answer {} bytes",
            body.to_string().len(),
            answer.body.len()
        );
        bare.print("bare hyper");
        ours.print("kms-server");
        println!(
            "  ratio       {:.2} of the requests/s, {:.2} times the CPU/request",
            median(&ours.rates) / median(&bare.rates),
            median(&ours.cpu_micros) / median(&bare.cpu_micros),
        );
    }
}

fn main() {
    let run = Run {
        connections: setting("KMS_BENCH_CONNECTIONS", 64),
        repetitions: setting("KMS_BENCH_REPETITIONS", 7),
        seconds: setting("KMS_BENCH_SECONDS", 3.0),
    };
    let place = std::env::var_os("KMS_BENCH_HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(place).expect("a directory for the store");
    let home = directory.path().join("home");
    let server = Server::start(&home, &[]);
    let credentials = Credentials::from_file(&home.join("credentials"));
    let signer = Signer::new(&credentials, &server.address().to_string());
    let mut connection = Connection::open(server.address()).unwrap();
    let mut done = |operation: &str, body: Value| {
        let reply = connection
            .exchange(&signer.request(operation, &body))
            .unwrap();
        assert_eq!(reply.status, 200, "{operation}: {}", reply.message());
        reply.json()
    };
    let made = done("CreateKey", json!({}));
    let key = made["KeyMetadata"]["Arn"].as_str().unwrap();
    let context = json!({"purpose": "bench", "tenant": "blue"});
    let plaintext = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
    let encrypt = json!({"KeyId": key, "Plaintext": plaintext, "EncryptionContext": context});
    let sealed = done("Encrypt", encrypt.clone());
    let decrypt = json!({"CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": context});
    let data_key = json!({"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context});

    println!(
        "{} connections, median (lowest–highest) of {} interleaved repetitions of {} s",
        run.connections, run.repetitions, run.seconds
    );
    for (operation, body) in [
        ("Encrypt", &encrypt),
        ("Decrypt", &decrypt),
        ("GenerateDataKey", &data_key),
    ] {
        run.compare(operation, body, &server, &signer);
    }
}
