//! A store with a million keys and 50,000 grants on one of them, against a store with one key, both
//! served at once: the time to start, memory, the latency of Encrypt by policy and by grant, and
//! the pages of ListKeys.
//!
//! Settings: `KMS_BENCH_KEYS` (1000000), `KMS_BENCH_GRANTS` (50000), `KMS_BENCH_REPETITIONS` (7),
//! `KMS_BENCH_SECONDS` of each (2), `KMS_BENCH_CONNECTIONS` (8), `KMS_BENCH_HOME` (a directory on
//! the disk to measure; by default the system's temporary directory).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use kms_benches::{drive, median, resident_kibibytes, setting, spread};
use kms_core::api::CreateGrantRequest;
use kms_core::api::limits::Quotas;
use kms_core::attestation::TrustedRoots;
use kms_core::audit::LedgerOptions;
use kms_core::crypto::random::PooledRandom;
use kms_core::seed;
use kms_core::service::{
    ApplySeedRequest, CallContext, CreateUserRequest, Engine, NewStore, OpenOptions, Operation,
    groups,
};
use kms_core::store::home::RootGuard;
use kms_core::time::SystemClock;
use kms_tests::{Connection, Credentials, Kms, Server, Signer};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
/// The most keys of a seed file.
const KEYS_OF_A_FILE: usize = 100_000;
/// The key that is used and granted.
const KEY: &str = "00000000-0000-0000-0000-000000000000";

/// A store of so many keys, the first of which has so many grants, each for another context.
fn build(home: &Path, keys: usize, grants: usize) {
    let options = OpenOptions {
        directory: home.to_owned(),
        guard: RootGuard::KeyFile(None),
        ledger: LedgerOptions::default(),
        random: Arc::new(PooledRandom),
        clock: Arc::new(SystemClock),
        accept_rollback: None,
        attestation_roots: TrustedRoots::default(),
        sm2: false,
        quotas: Quotas {
            keys,
            ..Quotas::default()
        },
    };
    let new = NewStore {
        account: Some(ACCOUNT.parse().unwrap()),
        region: "us-east-1".parse().unwrap(),
    };
    let engine = Engine::create(options, &new).unwrap();
    let call = CallContext::embedded(
        new.account.unwrap(),
        new.region,
        "bench",
        "request".to_owned(),
    );
    for first in (0..keys).step_by(KEYS_OF_A_FILE) {
        let text: String = (first..keys.min(first + KEYS_OF_A_FILE))
            .map(|key| format!("[[keys]]\nid = \"00000000-0000-0000-0000-{key:012}\"\n"))
            .collect();
        for keys in groups(seed::parse(&text).unwrap()) {
            let in_production = false;
            let request = ApplySeedRequest {
                keys,
                in_production,
            };
            send(&engine, &call, request);
        }
    }
    let user = CreateUserRequest::new("grantee".parse().unwrap());
    send(&engine, &call, user);
    for tenant in 0..grants {
        let request = json!({
            "KeyId": KEY,
            "GranteePrincipal": format!("arn:aws:iam::{ACCOUNT}:user/grantee"),
            "Operations": ["Encrypt"],
            "Constraints": {"EncryptionContextSubset": {"tenant": tenant.to_string()}},
        });
        let request: CreateGrantRequest = serde_json::from_value(request).unwrap();
        send(&engine, &call, request);
    }
}

fn send<O: Operation>(engine: &Engine, call: &CallContext, request: O) -> O::Response {
    block_on(engine.call(call, request))
        .unwrap()
        .into_inner()
        .unwrap()
}

/// A served store.
struct Subject {
    name: &'static str,
    server: Server,
    root: Signer,
    grantee: Signer,
    started: Duration,
    grants: usize,
}

impl Subject {
    fn start(name: &'static str, home: &Path, grants: usize) -> Self {
        let access_key = |owner: &str| {
            let create = ["user", "access-key", "create", owner, "--output", "json"];
            Credentials::from_json(&Kms::on(home).done(create))
        };
        let (root, grantee) = (access_key("--root"), access_key("grantee"));
        let before = Instant::now();
        let server = Server::start(home, &[]);
        let started = before.elapsed();
        let host = server.address().to_string();
        Self {
            name,
            root: Signer::new(&root, &host),
            grantee: Signer::new(&grantee, &host),
            server,
            started,
            grants,
        }
    }

    fn latency(&self, signer: &Signer, body: &Value, run: &Run) -> f64 {
        let pool: Vec<_> = (0..256).map(|_| signer.request("Encrypt", body)).collect();
        let duration = Duration::from_secs_f64(run.seconds);
        let outcome = drive(self.server.address(), &pool, run.connections, duration).unwrap();
        outcome.latency(0.5).as_secs_f64() * 1e6
    }

    /// Microseconds of the slowest and of the median page of 1,000 keys, over the whole list.
    fn pages(&self) -> (f64, f64) {
        let mut connection = Connection::open(self.server.address()).unwrap();
        let (mut marker, mut times) = (Value::Null, Vec::new());
        loop {
            let mut body = json!({"Limit": 1000});
            if !marker.is_null() {
                body["Marker"] = marker;
            }
            let request = self.root.request("ListKeys", &body);
            let before = Instant::now();
            let reply = connection.exchange(&request).unwrap();
            times.push(before.elapsed().as_secs_f64() * 1e6);
            let answer = reply.json();
            marker = answer["NextMarker"].clone();
            if answer["Truncated"] != true {
                return (median(&times), times.into_iter().fold(0.0, f64::max));
            }
        }
    }
}

struct Run {
    repetitions: usize,
    seconds: f64,
    connections: usize,
}

impl Run {
    fn compare(&self, what: &str, subjects: &[Subject; 2], of: impl Fn(&Subject) -> f64) {
        let mut series = [Vec::new(), Vec::new()];
        for repetition in 0..self.repetitions {
            for turn in [repetition % 2, 1 - repetition % 2] {
                series[turn].push(of(&subjects[turn]));
            }
        }
        println!("{what}: median latency in µs");
        for (subject, values) in subjects.iter().zip(&series) {
            println!("  {:<6} {}", subject.name, spread(values, 0));
        }
        println!("  ratio  {:.2}", median(&series[1]) / median(&series[0]));
    }
}

fn main() {
    let run = Run {
        repetitions: setting("KMS_BENCH_REPETITIONS", 7),
        seconds: setting("KMS_BENCH_SECONDS", 2.0),
        connections: setting("KMS_BENCH_CONNECTIONS", 8),
    };
    let (keys, grants) = (
        setting("KMS_BENCH_KEYS", 1_000_000),
        setting("KMS_BENCH_GRANTS", 50_000),
    );
    let place = std::env::var_os("KMS_BENCH_HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(place).expect("a directory for the stores");
    let subjects = [("small", 1, 1), ("large", keys, grants)].map(|(name, keys, grants)| {
        let home = directory.path().join(name);
        std::fs::create_dir(&home).unwrap();
        let home = home.join("home");
        let before = Instant::now();
        build(&home, keys, grants);
        let built = before.elapsed().as_secs_f64();
        let subject = Subject::start(name, &home, grants);
        println!(
            "{name}: {keys} keys, {grants} grants on one, made in {built:.0} s; starts in {:.2} s, \
             {:.0} MiB resident",
            subject.started.as_secs_f64(),
            resident_kibibytes(subject.server.id()) as f64 / 1024.0,
        );
        subject
    });
    println!(
        "{} connections, median (lowest–highest) of {} interleaved repetitions of {} s",
        run.connections, run.repetitions, run.seconds
    );
    let body = |tenant: usize| {
        json!({
            "KeyId": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY}"),
            "Plaintext": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=",
            "EncryptionContext": {"tenant": tenant.to_string()},
        })
    };
    run.compare("Encrypt by key policy", &subjects, |subject| {
        subject.latency(&subject.root, &body(0), &run)
    });
    run.compare("Encrypt by a grant", &subjects, |subject| {
        subject.latency(&subject.grantee, &body(subject.grants - 1), &run)
    });
    let (middle, slowest) = subjects[1].pages();
    println!("ListKeys, pages of 1,000 of large: median {middle:.0} µs, slowest {slowest:.0} µs");
}
