//! A crash loses nothing that was acknowledged: the server is killed in the middle of its work,
//! again and again, and whatever it had answered is there at the next start, and on record.

mod disk_full;
mod load;

use std::collections::HashSet;
use std::env;
use std::time::Duration;

use kms_tests::{Connection, Home, Reply, Server, Signer};
use load::{Acknowledged, Load};
use serde_json::{Value, json};

const ROUNDS: usize = 50;
const WORKERS: usize = 3;

/// A client of one running server.
struct Client {
    signer: Signer,
    connection: Connection,
}

impl Client {
    fn of(home: &Home, server: &Server) -> Self {
        let host = server.address().to_string();
        Self {
            signer: Signer::new(&home.root_credentials(), &host),
            connection: Connection::open(server.address()).unwrap(),
        }
    }

    fn send(&mut self, operation: &str, body: &Value) -> std::io::Result<Reply> {
        self.connection
            .exchange(&self.signer.request(operation, body))
    }

    fn done(&mut self, operation: &str, body: &Value) -> Value {
        let reply = self.send(operation, body).unwrap();
        assert_eq!(reply.status, 200, "{operation} {body}: {}", reply.message());
        reply.json()
    }
}

/// Every change that was acknowledged is there.
fn assert_kept(client: &mut Client, acknowledged: &Acknowledged) {
    for key in &acknowledged.keys {
        let name = key.alias.as_deref().unwrap_or(&key.id);
        let metadata = client.done("DescribeKey", &json!({"KeyId": name}))["KeyMetadata"].take();
        assert_eq!(metadata["KeyId"], key.id.as_str());
        if let Some(description) = &key.description {
            assert_eq!(metadata["Description"], description.as_str());
        }
        if key.disabled {
            assert_eq!(metadata["KeyState"], "Disabled");
        }
        let (Some(blob), false) = (&key.blob, key.perhaps_disabled) else {
            continue;
        };
        let opened = client.done("Decrypt", &json!({"CiphertextBlob": blob}));
        assert_eq!(opened["Plaintext"], load::PLAINTEXT);
    }
}

/// Every acknowledged request stands in the last `count` records of the ledger.
fn assert_recorded(home: &Home, acknowledged: &Acknowledged, count: usize) {
    let count = count.to_string();
    let printed = home
        .kms()
        .done(["audit", "tail", "-n", &count, "--output", "json"]);
    let recorded: HashSet<String> = serde_json::Deserializer::from_str(&printed)
        .into_iter::<Value>()
        .map(|record| record.expect("a record in JSON"))
        .flat_map(|value| match value {
            Value::Array(records) => records,
            record => vec![record],
        })
        .filter_map(|record| Some(record["requestID"].as_str()?.to_owned()))
        .collect();
    for id in &acknowledged.requests {
        assert!(
            recorded.contains(id),
            "request {id} was answered and is not on record"
        );
    }
}

/// Kills the server once it has answered some requests and a moment has passed.
fn round(home: &Home, server: Server, number: usize) -> Acknowledged {
    let load = Load::start(home, &server, WORKERS, number);
    // Spread over the work of a key: creation, encryption, alias, description, disabling.
    load.wait_for_answers(1 + number % 23);
    std::thread::sleep(Duration::from_millis(number as u64 * 17 % 31));
    server.kill();
    load.finish()
}

#[test]
fn a_killed_server_loses_nothing_it_answered() {
    let rounds = env::var("KMS_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let home = Home::new();
    let mut everything = Acknowledged::default();
    let mut before = Acknowledged::default();
    for number in 0..rounds {
        let server = Server::start(&home.path(), &[]);
        assert_recorded(&home, &before, before.requests.len() + 10 * WORKERS + 50);
        assert_kept(&mut Client::of(&home, &server), &before);
        everything.add(before);
        before = round(&home, server, number);
        assert!(!before.requests.is_empty());
        home.kms().done(["audit", "verify"]);
    }
    everything.add(before);
    println!(
        "{} kills: {} keys and {} answers, none lost",
        rounds,
        everything.keys.len(),
        everything.requests.len()
    );
    let server = Server::start(&home.path(), &[]);
    assert_kept(&mut Client::of(&home, &server), &everything);
    assert!(server.terminate().success());
    assert_recorded(&home, &everything, 1_000_000);
    home.kms().done(["audit", "verify"]);
}
