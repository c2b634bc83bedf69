//! The engine as its users see it: requests in, recorded answers out, over a real store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use kms_core::Error;
use kms_core::api::limits::Quotas;
use kms_core::api::*;
use kms_core::attestation::TrustedRoots;
use kms_core::audit::{self, LedgerOptions};
use kms_core::caller::{Caller, Credential, Principal};
use kms_core::crypto::random::SystemRandom;
use kms_core::secret::SecretBytes;
use kms_core::service::{
    CallContext, CreateAccessKeyRequest, CreateUserRequest, Engine, NewStore, OpenError,
    OpenOptions, Operation, PutUserPolicyRequest,
};
use kms_core::store::home::RootGuard;
use kms_core::time::{Clock, SetClock, Timestamp};

const DAY: i64 = 86_400_000;

struct Fixture {
    directory: tempfile::TempDir,
    clock: Arc<SetClock>,
    engine: Option<Engine>,
    call: CallContext,
}

fn options(directory: &Path, clock: &Arc<SetClock>) -> OpenOptions {
    OpenOptions {
        directory: directory.join("home"),
        guard: RootGuard::KeyFile(None),
        ledger: LedgerOptions {
            // No test here is about a disk that is late.
            deadline: Duration::from_secs(3600),
            ..LedgerOptions::default()
        },
        random: Arc::new(SystemRandom),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        accept_rollback: None,
        quotas: Quotas::default(),
        attestation_roots: TrustedRoots::default(),
        sm2: false,
    }
}

fn call(account: &str) -> CallContext {
    let account = account.parse().unwrap();
    CallContext::embedded(
        account,
        "us-east-1".parse().unwrap(),
        "alice",
        "request".to_owned(),
    )
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock::new(Timestamp::from_seconds(1_800_000_000)));
        let new = NewStore {
            account: Some("111122223333".parse().unwrap()),
            region: "us-east-1".parse().unwrap(),
        };
        let engine = Engine::create(options(directory.path(), &clock), &new).unwrap();
        Self {
            directory,
            clock,
            engine: Some(engine),
            call: call("111122223333"),
        }
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.engine = None;
        self.engine = Some(Engine::open(options(self.directory.path(), &self.clock)).unwrap());
    }

    fn send<O: Operation>(&self, request: O) -> Result<O::Response, Error> {
        self.send_as(&self.call, request)
    }

    fn send_as<O: Operation>(&self, call: &CallContext, request: O) -> Result<O::Response, Error> {
        block_on(self.engine().call(call, request))
            .unwrap()
            .into_inner()
    }

    fn create_key(&self) -> String {
        self.send(CreateKeyRequest::default())
            .unwrap()
            .key_metadata
            .arn
            .to_string()
    }

    fn user(&self, name: &str) -> CallContext {
        let request = CreateUserRequest::new(name.parse().unwrap());
        let user = self.send(request).unwrap().0;
        let principal = Principal::User {
            account: user.account,
            path: Default::default(),
            name: user.name,
            id: user.id,
        };
        let credential = Credential::StoreOwner(name.to_owned());
        CallContext {
            caller: Caller::assume_authenticated(principal, credential),
            ..self.call.clone()
        }
    }

    fn lines(&self) -> Vec<serde_json::Value> {
        let ledger = self.directory.path().join("home/ledger");
        let records = audit::read(&ledger, 0).unwrap();
        records
            .map(|record| serde_json::from_slice(&record.unwrap().1).unwrap())
            .collect()
    }
}

fn encrypt(key: &str, context: &[(&str, &str)]) -> EncryptRequest {
    EncryptRequest {
        key_id: Some(key.to_owned()),
        plaintext: Some(SecretBytes::new(b"attack at dawn".to_vec())),
        encryption_context: Some(pairs(context)),
        ..EncryptRequest::default()
    }
}

fn decrypt(blob: &Blob, context: &[(&str, &str)]) -> DecryptRequest {
    DecryptRequest {
        ciphertext_blob: Some(blob.clone()),
        encryption_context: Some(pairs(context)),
        ..DecryptRequest::default()
    }
}

fn pairs(context: &[(&str, &str)]) -> EncryptionContextMap {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    EncryptionContextMap(context.iter().map(pair).collect::<BTreeMap<_, _>>())
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code().as_str()
}

macro_rules! on_key {
    ($request:ident, $key:expr) => {
        $request {
            key_id: Some($key.to_owned()),
            ..$request::default()
        }
    };
}

mod asymmetric;
mod attestation;
mod custom_key_stores;
mod explain;
mod external_keys;
mod external_proxy;
mod grant_life;
mod grants;
mod identities;
mod import;
mod key_usage;
mod local_callers;
mod many_keys;
mod multi_region;
mod multi_region_import;
mod multi_region_policies;
mod organizations;
mod principals_file;
mod seed;
mod session_revocations;
mod sessions;
mod sm2;

#[test]
fn what_is_encrypted_decrypts_with_the_same_context_only() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let sealed = fixture.send(encrypt(&key, &[("purpose", "test")])).unwrap();
    assert_eq!(sealed.key_id.to_string(), key);
    let opened = fixture
        .send(decrypt(&sealed.ciphertext_blob, &[("purpose", "test")]))
        .unwrap();
    assert_eq!(opened.plaintext.expose(), b"attack at dawn");
    for context in [
        &[][..],
        &[("purpose", "Test")],
        &[("purpose", "test"), ("more", "x")],
    ] {
        let refused = fixture.send(decrypt(&sealed.ciphertext_blob, context));
        assert_eq!(code(refused), "InvalidCiphertextException");
    }
}

#[test]
fn everything_is_there_after_reopening() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    let alias = CreateAliasRequest {
        alias_name: Some("alias/backup".to_owned()),
        target_key_id: Some(key.clone()),
    };
    fixture.send(alias).unwrap();
    let sealed = fixture.send(encrypt("alias/backup", &[])).unwrap();
    fixture.reopen();
    let opened = fixture.send(decrypt(&sealed.ciphertext_blob, &[])).unwrap();
    assert_eq!(opened.plaintext.expose(), b"attack at dawn");
    assert_eq!(opened.key_id.to_string(), key);
}

#[test]
fn rotation_keeps_old_ciphertexts_readable_and_encrypts_with_the_new_material() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    let before = fixture.send(encrypt(&key, &[])).unwrap();
    fixture
        .send(on_key!(RotateKeyOnDemandRequest, key))
        .unwrap();
    let after = fixture.send(encrypt(&key, &[])).unwrap();
    fixture.reopen();
    let old = fixture.send(decrypt(&before.ciphertext_blob, &[])).unwrap();
    let new = fixture.send(decrypt(&after.ciphertext_blob, &[])).unwrap();
    assert_ne!(old.key_material_id, new.key_material_id);
    let rotations = fixture
        .send(on_key!(ListKeyRotationsRequest, key))
        .unwrap()
        .rotations;
    assert_eq!(rotations.len(), 1);
    assert_eq!(rotations[0].key_material_id, new.key_material_id);
}

#[test]
fn a_key_rotates_by_itself_when_its_period_has_passed() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let enable = EnableKeyRotationRequest {
        key_id: Some(key.clone()),
        rotation_period_in_days: Some(90),
    };
    fixture.send(enable).unwrap();
    let start = fixture.clock.now();
    fixture.clock.set(start.plus_days(89));
    fixture.engine().run_due_jobs().unwrap();
    let rotations = || {
        fixture
            .send(on_key!(ListKeyRotationsRequest, key))
            .unwrap()
            .rotations
            .len()
    };
    assert_eq!(rotations(), 0);
    fixture.clock.set(start.plus_days(90));
    fixture.engine().run_due_jobs().unwrap();
    fixture.engine().run_due_jobs().unwrap();
    assert_eq!(rotations(), 1);
}

#[test]
fn a_disabled_key_and_one_pending_deletion_cannot_be_used_until_enabled() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    fixture.send(on_key!(DisableKeyRequest, key)).unwrap();
    assert_eq!(code(fixture.send(encrypt(&key, &[]))), "DisabledException");
    fixture
        .send(on_key!(ScheduleKeyDeletionRequest, key))
        .unwrap();
    assert_eq!(
        code(fixture.send(encrypt(&key, &[]))),
        "KMSInvalidStateException"
    );
    assert_eq!(
        code(fixture.send(on_key!(EnableKeyRequest, key))),
        "KMSInvalidStateException"
    );
    fixture
        .send(on_key!(CancelKeyDeletionRequest, key))
        .unwrap();
    assert_eq!(
        code(fixture.send(on_key!(CancelKeyDeletionRequest, key))),
        "KMSInvalidStateException"
    );
    assert_eq!(code(fixture.send(encrypt(&key, &[]))), "DisabledException");
    fixture.send(on_key!(EnableKeyRequest, key)).unwrap();
    fixture.send(encrypt(&key, &[])).unwrap();
}

#[test]
fn a_deleted_key_is_gone_with_its_aliases_at_the_end_of_its_window_and_not_before() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let alias = CreateAliasRequest {
        alias_name: Some("alias/doomed".to_owned()),
        target_key_id: Some(key.clone()),
    };
    fixture.send(alias).unwrap();
    let sealed = fixture.send(encrypt(&key, &[])).unwrap();
    let schedule = ScheduleKeyDeletionRequest {
        key_id: Some(key.clone()),
        pending_window_in_days: Some(7),
    };
    fixture.send(schedule).unwrap();
    let start = fixture.clock.now();
    fixture.clock.set(start.plus_millis(7 * DAY - 1));
    fixture.engine().run_due_jobs().unwrap();
    fixture.send(on_key!(DescribeKeyRequest, key)).unwrap();
    fixture.clock.set(start.plus_days(7));
    fixture.engine().run_due_jobs().unwrap();
    assert_eq!(
        code(fixture.send(on_key!(DescribeKeyRequest, key))),
        "NotFoundException"
    );
    assert_eq!(
        code(fixture.send(on_key!(DescribeKeyRequest, "alias/doomed"))),
        "NotFoundException"
    );
    let refused = fixture.send(decrypt(&sealed.ciphertext_blob, &[]));
    assert_eq!(code(refused), "AccessDeniedException");
}

#[test]
fn a_user_may_do_what_the_key_policy_or_an_identity_policy_allows_and_no_more() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    let refused = fixture.send_as(&bob, encrypt(&key, &[]));
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!(
            "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: kms:Encrypt \
             on resource: {key} because no identity-based policy allows the kms:Encrypt action"
        )
    );
    let policy = PutUserPolicyRequest {
        user_name: "bob".parse().unwrap(),
        policy_name: "encrypt".parse().unwrap(),
        policy_document: format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"kms:Encrypt","Resource":"{key}"}}}}"#
        ),
    };
    fixture.send(policy).unwrap();
    let sealed = fixture.send_as(&bob, encrypt(&key, &[])).unwrap();
    let refused = fixture.send_as(&bob, decrypt(&sealed.ciphertext_blob, &[]));
    assert_eq!(code(refused), "AccessDeniedException");
}

#[test]
fn a_policy_that_would_lock_the_caller_out_is_refused_unless_that_is_bypassed() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    fixture.user("bob");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"},"Action":"kms:*","Resource":"*"}]}"#;
    let put = |bypass| PutKeyPolicyRequest {
        key_id: Some(key.clone()),
        policy: Some(policy.to_owned()),
        bypass_policy_lockout_safety_check: bypass,
        ..PutKeyPolicyRequest::default()
    };
    assert_eq!(
        code(fixture.send(put(None))),
        "MalformedPolicyDocumentException"
    );
    fixture.send(put(Some(true))).unwrap();
    assert_eq!(
        code(fixture.send(encrypt(&key, &[]))),
        "AccessDeniedException"
    );
}

#[test]
fn a_policy_that_names_nobody_known_is_refused() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    for principal in [
        "arn:aws:iam::111122223333:user/nobody",
        "arn:aws:iam::999999999999:root",
    ] {
        let put = PutKeyPolicyRequest {
            key_id: Some(key.clone()),
            policy: Some(format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":["arn:aws:iam::111122223333:root","{principal}"]}},"Action":"kms:*","Resource":"*"}}]}}"#
            )),
            ..PutKeyPolicyRequest::default()
        };
        assert_eq!(
            code(fixture.send(put)),
            "MalformedPolicyDocumentException",
            "{principal}"
        );
    }
}

#[test]
fn a_dry_run_decides_and_does_nothing() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let dry = EncryptRequest {
        dry_run: Some(true),
        ..encrypt(&key, &[])
    };
    assert_eq!(code(fixture.send(dry)), "DryRunOperationException");
    let bob = fixture.user("bob");
    let dry = EncryptRequest {
        dry_run: Some(true),
        ..encrypt(&key, &[])
    };
    assert_eq!(code(fixture.send_as(&bob, dry)), "AccessDeniedException");
}

#[test]
fn every_request_is_in_the_ledger_with_its_end_and_without_a_secret() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let sealed = fixture.send(encrypt(&key, &[("purpose", "test")])).unwrap();
    let _ = fixture.send(decrypt(&sealed.ciphertext_blob, &[]));
    let created = fixture
        .send(CreateAccessKeyRequest { user_name: None })
        .unwrap();
    let lines = fixture.lines();
    let names: Vec<&str> = lines
        .iter()
        .map(|line| line["eventName"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "CreateAccount",
            "CreateKey",
            "Encrypt",
            "Decrypt",
            "CreateAccessKey"
        ]
    );
    assert_eq!(
        lines[2]["requestParameters"]["encryptionContext"]["purpose"],
        "test"
    );
    assert_eq!(lines[2]["resources"][0]["ARN"], key);
    assert_eq!(lines[3]["errorCode"], "InvalidCiphertextException");
    assert_eq!(lines[1]["userIdentity"]["userName"], "alice");
    let text = serde_json::to_string(&lines).unwrap();
    for secret in [
        "attack at dawn",
        "YXR0YWNr",
        created.secret_access_key.expose(),
    ] {
        assert!(!text.contains(secret));
    }
}

#[test]
fn a_store_put_back_to_yesterday_is_refused_until_that_is_accepted() {
    let mut fixture = Fixture::new();
    let home = fixture.directory.path().join("home");
    let key = fixture.create_key();
    fixture.engine = None;
    let yesterday = std::fs::read(home.join("store.db")).unwrap();
    fixture.reopen();
    fixture.send(on_key!(DisableKeyRequest, key)).unwrap();
    fixture.engine = None;
    std::fs::write(home.join("store.db"), yesterday).unwrap();
    let refused = Engine::open(options(fixture.directory.path(), &fixture.clock));
    assert!(
        matches!(refused, Err(OpenError::RolledBack { .. })),
        "{refused:?}"
    );
    let accept = OpenOptions {
        accept_rollback: Some("restored from backup".to_owned()),
        ..options(fixture.directory.path(), &fixture.clock)
    };
    fixture.engine = Some(Engine::open(accept).unwrap());
    fixture.send(encrypt(&key, &[])).unwrap();
    fixture.reopen();
    let accepted = fixture.lines().into_iter().any(|line| {
        line["eventName"] == "AcceptRollback"
            && line["serviceEventDetails"]["reason"] == "restored from backup"
    });
    assert!(accepted);
}

#[test]
fn a_removed_ledger_is_missed_and_no_new_one_takes_its_place() {
    let mut fixture = Fixture::new();
    fixture.create_key();
    fixture.engine = None;
    let ledger = fixture.directory.path().join("home/ledger");
    std::fs::remove_dir_all(&ledger).unwrap();
    let refused = Engine::open(options(fixture.directory.path(), &fixture.clock));
    assert!(
        matches!(refused, Err(OpenError::LedgerBehindStore { found: 0, .. })),
        "{refused:?}"
    );
    assert!(!ledger.exists());
}

#[test]
fn a_request_of_any_length_is_recorded_and_stops_nothing() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    let untag = UntagResourceRequest {
        key_id: Some(key.clone()),
        tag_keys: Some(vec!["k".repeat(128); 2_000]),
    };
    fixture.send(untag).unwrap();
    let described = fixture.send(on_key!(DescribeKeyRequest, "x".repeat(250_000).as_str()));
    assert_eq!(code(described), "ValidationException");
    fixture.send(on_key!(DisableKeyRequest, key)).unwrap();
    fixture.reopen();
    let names: Vec<String> = fixture
        .lines()
        .iter()
        .map(|line| line["eventName"].to_string())
        .collect();
    assert_eq!(
        names[2..],
        ["\"UntagResource\"", "\"DescribeKey\"", "\"DisableKey\""]
    );
}

#[test]
fn two_engines_on_one_store_see_each_other_s_changes_at_once() {
    let fixture = Fixture::new();
    let other = Engine::open(options(fixture.directory.path(), &fixture.clock)).unwrap();
    let key = fixture.create_key();
    let send = |request| {
        block_on(other.call(&fixture.call, request))
            .unwrap()
            .into_inner()
    };
    send(encrypt(&key, &[])).unwrap();
    fixture.send(on_key!(DisableKeyRequest, key)).unwrap();
    assert_eq!(code(send(encrypt(&key, &[]))), "DisabledException");
    drop(other);
    let ledger = fixture.directory.path().join("home/ledger");
    assert_eq!(audit::verify(&ledger, None).unwrap().records, 5);
}
