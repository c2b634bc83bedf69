//! `GetKeyLastUsage`: true at once, after a restart, and whatever happens to its snapshot.

use std::fs;
use std::thread;

use super::*;

impl Fixture {
    fn last_use(&self, key: &str) -> Option<KeyLastUsageData> {
        let request = on_key!(GetKeyLastUsageRequest, key);
        self.send(request).unwrap().key_last_usage
    }

    /// As many records as a snapshot waits for, of requests that use no key.
    fn fill_the_ledger(&self) {
        let request = || GenerateRandomRequest {
            number_of_bytes: Some(1),
            ..GenerateRandomRequest::default()
        };
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| (0..640).for_each(|_| drop(self.send(request()).unwrap())));
            }
        });
    }
}

#[test]
fn the_last_successful_use_of_a_key_is_told_and_no_other() {
    let fixture = Fixture::new();
    let (key, other) = (fixture.create_key(), fixture.create_key());
    assert_eq!(fixture.last_use(&key), None);
    let sealed = fixture.send(encrypt(&key, &[])).unwrap().ciphertext_blob;
    let used = fixture.last_use(&key).unwrap();
    assert_eq!(used.operation, kms_core::api::Operation::Encrypt);
    assert_eq!(used.timestamp, fixture.clock.now());
    assert_eq!(used.kms_request_id, "request");
    let lines = fixture.lines();
    let recorded = lines.iter().find(|line| line["eventName"] == "Encrypt");
    assert_eq!(recorded.unwrap()["eventID"], used.cloud_trail_event_id);
    fixture.clock.set(Timestamp::from_seconds(1_800_000_060));
    let dry = EncryptRequest {
        dry_run: Some(true),
        ..encrypt(&key, &[])
    };
    fixture.send(dry).unwrap_err();
    fixture.send(decrypt(&sealed, &[("a", "b")])).unwrap_err();
    fixture.send(on_key!(DescribeKeyRequest, key)).unwrap();
    assert_eq!(fixture.last_use(&key), Some(used));
    assert_eq!(fixture.last_use(&other), None);
}

#[test]
fn re_encrypting_uses_both_keys() {
    let fixture = Fixture::new();
    let (from, to) = (fixture.create_key(), fixture.create_key());
    let sealed = fixture.send(encrypt(&from, &[])).unwrap().ciphertext_blob;
    let request = ReEncryptRequest {
        ciphertext_blob: Some(sealed),
        destination_key_id: Some(to.clone()),
        ..ReEncryptRequest::default()
    };
    fixture.send(request).unwrap();
    for key in [from, to] {
        let used = fixture.last_use(&key).unwrap();
        assert_eq!(used.operation, kms_core::api::Operation::ReEncrypt);
    }
}

#[test]
fn a_use_by_another_process_or_before_a_restart_counts() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    assert_eq!(fixture.last_use(&key), None);
    let other = Engine::open(options(fixture.directory.path(), &fixture.clock)).unwrap();
    block_on(other.call(&fixture.call, encrypt(&key, &[])))
        .unwrap()
        .into_inner()
        .unwrap();
    let used = fixture.last_use(&key);
    assert!(used.is_some());
    drop(other);
    fixture.reopen();
    assert_eq!(fixture.last_use(&key), used);
}

#[test]
fn a_snapshot_saves_reading_and_is_believed_only_as_it_was_written() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    fixture.send(encrypt(&key, &[])).unwrap();
    let used = fixture.last_use(&key);
    let file = fixture.directory.path().join("home/key-usage.sealed");
    fixture.engine().keep_up_with_key_usage().unwrap();
    assert!(!file.exists(), "too little to be worth a snapshot");
    fixture.fill_the_ledger();
    fixture.engine().keep_up_with_key_usage().unwrap();
    let snapshot = fs::read(&file).unwrap();
    fixture.reopen();
    assert_eq!(fixture.last_use(&key), used);
    let altered = |place: usize| {
        let mut bytes = snapshot.clone();
        bytes[place] ^= 1;
        bytes
    };
    let last = snapshot.len() - 1;
    for bytes in [
        altered(0),
        altered(7),
        altered(30),
        altered(last),
        Vec::new(),
    ] {
        fs::write(&file, bytes).unwrap();
        fixture.reopen();
        assert_eq!(fixture.last_use(&key), used);
    }
}

#[test]
fn a_snapshot_that_knows_more_than_the_ledger_is_not_believed() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    fixture.engine = None;
    let home = fixture.directory.path().join("home");
    let old = tempfile::tempdir().unwrap();
    copy(&home, old.path());
    fixture.reopen();
    fixture.send(encrypt(&key, &[])).unwrap();
    fixture.fill_the_ledger();
    fixture.engine().keep_up_with_key_usage().unwrap();
    fixture.engine = None;
    let snapshot = fs::read(home.join("key-usage.sealed")).unwrap();
    fs::remove_dir_all(&home).unwrap();
    copy(old.path(), &home);
    fs::write(home.join("key-usage.sealed"), snapshot).unwrap();
    fixture.reopen();
    assert_eq!(fixture.last_use(&key), None);
}

/// A home with its ledger and all modes.
fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp")
        .args(["-a", &format!("{}/.", from.display())])
        .arg(to)
        .status();
    assert!(status.unwrap().success());
}
