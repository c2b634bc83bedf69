//! Clients that change things as fast as they are answered, and remember what they were answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kms_tests::{Home, Reply, Server};
use serde_json::{Value, json};

use crate::Client;

/// What every ciphertext opens to, in base64.
pub(crate) const PLAINTEXT: &str = "a2VwdA==";

/// A key, and what was acknowledged of it.
#[derive(Debug, Default)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) alias: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) blob: Option<String>,
    pub(crate) disabled: bool,
    /// A request to disable it was sent; the answer may not have come.
    pub(crate) perhaps_disabled: bool,
}

/// What was answered with success.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    pub(crate) keys: Vec<Key>,
    pub(crate) requests: Vec<String>,
}

impl Acknowledged {
    pub(crate) fn add(&mut self, more: Self) {
        self.keys.extend(more.keys);
        self.requests.extend(more.requests);
    }
}

/// Running clients.
pub(crate) struct Load {
    workers: Vec<JoinHandle<Acknowledged>>,
    answers: Arc<AtomicUsize>,
}

impl Load {
    pub(crate) fn start(home: &Home, server: &Server, workers: usize, round: usize) -> Self {
        let answers = Arc::new(AtomicUsize::new(0));
        let work = |worker: usize| {
            let mut worker = Worker {
                client: Client::of(home, server),
                name: format!("{round}-{worker}"),
                answers: Arc::clone(&answers),
                acknowledged: Acknowledged::default(),
            };
            thread::spawn(move || {
                worker.work();
                worker.acknowledged
            })
        };
        let workers = (0..workers).map(work).collect();
        Self { workers, answers }
    }

    pub(crate) fn wait_for_answers(&self, count: usize) {
        while self.answers.load(Ordering::Relaxed) < count {
            assert!(
                self.workers.iter().any(|w| !w.is_finished()),
                "nobody is answered"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until every client has noticed that the server is gone.
    pub(crate) fn finish(self) -> Acknowledged {
        let mut all = Acknowledged::default();
        for worker in self.workers {
            all.add(
                worker
                    .join()
                    .expect("a client that was answered with an error"),
            );
        }
        all
    }
}

struct Worker {
    client: Client,
    name: String,
    answers: Arc<AtomicUsize>,
    acknowledged: Acknowledged,
}

impl Worker {
    /// Makes keys until the connection breaks.
    fn work(&mut self) {
        for number in 0.. {
            if self.one_key(number).is_err() {
                return;
            }
        }
    }

    fn one_key(&mut self, number: usize) -> std::io::Result<()> {
        let made = self.send("CreateKey", &json!({}))?;
        let id = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
        self.acknowledged.keys.push(Key {
            id: id.clone(),
            ..Key::default()
        });

        let sealed = self.send("Encrypt", &json!({"KeyId": id, "Plaintext": PLAINTEXT}))?;
        self.key().blob = Some(sealed["CiphertextBlob"].as_str().unwrap().to_owned());

        let alias = format!("alias/crash-{}-{number}", self.name);
        self.send(
            "CreateAlias",
            &json!({"AliasName": alias, "TargetKeyId": id}),
        )?;
        self.key().alias = Some(alias);

        let description = format!("key {number}");
        self.send(
            "UpdateKeyDescription",
            &json!({"KeyId": id, "Description": description}),
        )?;
        self.key().description = Some(description);

        if number.is_multiple_of(3) {
            self.key().perhaps_disabled = true;
            self.send("DisableKey", &json!({"KeyId": id}))?;
            self.key().disabled = true;
        }
        Ok(())
    }

    fn key(&mut self) -> &mut Key {
        self.acknowledged.keys.last_mut().unwrap()
    }

    fn send(&mut self, operation: &str, body: &Value) -> std::io::Result<Value> {
        let reply: Reply = self.client.send(operation, body)?;
        assert_eq!(
            reply.status,
            200,
            "{operation}: {} {}",
            reply.code(),
            reply.message()
        );
        let id = reply
            .header("x-amzn-requestid")
            .expect("a request id")
            .to_owned();
        self.acknowledged.requests.push(id);
        self.answers.fetch_add(1, Ordering::Relaxed);
        Ok(reply.json())
    }
}
