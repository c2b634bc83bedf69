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

/// A key policy that keeps keys which were used within `days` from being disabled and deleted.
fn kept_while_used(days: u32) -> PutKeyPolicyRequest {
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Resource": "*",
         "Action": ["kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:EnableKey"],
         "Condition": {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": days}}}]});
    PutKeyPolicyRequest {
        policy: Some(policy.to_string()),
        ..PutKeyPolicyRequest::default()
    }
}

impl Fixture {
    fn kept_key(&self, days: u32) -> String {
        let key = self.create_key();
        let put = PutKeyPolicyRequest {
            key_id: Some(key.clone()),
            ..kept_while_used(days)
        };
        self.send(put).unwrap();
        key
    }

    fn disabled(&self, key: &str) -> Result<DisableKeyResponse, Error> {
        self.send(on_key!(DisableKeyRequest, key))
    }

    fn is_kept(&self, key: &str) -> bool {
        let ending = ScheduleKeyDeletionRequest {
            key_id: Some(key.to_owned()),
            ..ScheduleKeyDeletionRequest::default()
        };
        let denied = "AccessDeniedException";
        code(self.disabled(key)) == denied && code(self.send(ending)) == denied
    }
}

#[test]
fn a_policy_keeps_a_key_that_was_used_in_the_last_days() {
    let mut fixture = Fixture::new();
    let (used, unused) = (fixture.kept_key(2), fixture.kept_key(2));
    // A key that was never used counts from its creation.
    assert!(fixture.is_kept(&used) && fixture.is_kept(&unused));
    // The condition is of these two operations alone: no other has the key.
    fixture.send(on_key!(EnableKeyRequest, used)).unwrap();
    fixture.pass(DAY);
    fixture.send(encrypt(&used, &[])).unwrap();
    fixture.pass(2 * DAY - 1);
    assert!(fixture.is_kept(&unused));
    fixture.pass(1);
    fixture.disabled(&unused).unwrap();
    // Whole days: two days and a part are two.
    fixture.pass(DAY - 1);
    fixture.reopen();
    assert!(fixture.is_kept(&used));
    fixture.pass(1);
    let scheduled = ScheduleKeyDeletionRequest {
        key_id: Some(used),
        ..ScheduleKeyDeletionRequest::default()
    };
    fixture.send(scheduled).unwrap();
}

#[test]
fn a_clock_that_was_put_back_makes_no_key_unused() {
    let fixture = Fixture::new();
    let key = fixture.kept_key(2);
    fixture.send(encrypt(&key, &[])).unwrap();
    fixture.pass(-30 * DAY);
    assert!(fixture.is_kept(&key));
}

#[test]
fn a_use_by_another_process_keeps_the_key() {
    let fixture = Fixture::new();
    let key = fixture.kept_key(2);
    fixture.pass(3 * DAY);
    let other = Engine::open(options(fixture.directory.path(), &fixture.clock)).unwrap();
    block_on(other.call(&fixture.call, encrypt(&key, &[])))
        .unwrap()
        .into_inner()
        .unwrap();
    assert!(fixture.is_kept(&key));
}

#[test]
fn where_uses_cannot_be_read_a_policy_that_asks_keeps_and_another_key_is_disabled() {
    let mut fixture = Fixture::new();
    let (kept, other) = (fixture.kept_key(2), fixture.create_key());
    fixture.pass(30 * DAY);
    fixture.reopen();
    let ledger = fixture.directory.path().join("home/ledger");
    let away = fixture.directory.path().join("away");
    fs::rename(&ledger, &away).unwrap();
    let (answer, free) = (fixture.disabled(&kept), fixture.disabled(&other));
    fs::rename(&away, &ledger).unwrap();
    assert_eq!(code(answer), "AccessDeniedException");
    free.unwrap();
    fixture.disabled(&kept).unwrap();
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
