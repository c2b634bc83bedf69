//! The whole walk in process: load, decide, perform, record durably. With one caller, so that a
//! sync of the disk is in every number. The directory is `KMS_BENCH_HOME`, or the system's
//! temporary directory; on a tmpfs the sync is free and the rest shows.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_executor::block_on;
use kms_core::api::limits::Quotas;
use kms_core::api::{
    CreateKeyRequest, DecryptRequest, DescribeKeyRequest, EncryptRequest, GenerateDataKeyRequest,
};
use kms_core::attestation::TrustedRoots;
use kms_core::audit::LedgerOptions;
use kms_core::crypto::random::PooledRandom;
use kms_core::secret::SecretBytes;
use kms_core::service::{CallContext, Engine, NewStore, OpenOptions, Operation};
use kms_core::store::home::RootGuard;
use kms_core::time::SystemClock;

struct Fixture {
    engine: Engine,
    call: CallContext,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let place =
            std::env::var_os("KMS_BENCH_HOME").map_or_else(std::env::temp_dir, PathBuf::from);
        let directory = tempfile::tempdir_in(place).unwrap();
        let options = OpenOptions {
            directory: directory.path().join("home"),
            guard: RootGuard::KeyFile(None),
            ledger: LedgerOptions::default(),
            random: Arc::new(PooledRandom),
            clock: Arc::new(SystemClock),
            accept_rollback: None,
            quotas: Quotas::default(),
            attestation_roots: TrustedRoots::default(),
            sm2: false,
        };
        let account = || "111122223333".parse().unwrap();
        let region = || "us-east-1".parse().unwrap();
        let new = NewStore {
            account: Some(account()),
            region: region(),
        };
        let engine = Engine::create(options, &new).unwrap();
        let call = CallContext::embedded(account(), region(), "bench", "request".to_owned());
        Self {
            engine,
            call,
            _directory: directory,
        }
    }

    fn send<O: Operation>(&self, request: O) -> O::Response {
        block_on(self.engine.call(&self.call, request))
            .unwrap()
            .into_inner()
            .unwrap()
    }
}

fn operations(criterion: &mut Criterion) {
    let fixture = Fixture::new();
    let made = fixture.send(CreateKeyRequest::default());
    let key = Some(made.key_metadata.arn.to_string());
    let encrypt = || EncryptRequest {
        key_id: key.clone(),
        plaintext: Some(SecretBytes::new(vec![7; 32])),
        ..EncryptRequest::default()
    };
    let sealed = fixture.send(encrypt()).ciphertext_blob;
    criterion.bench_function("Encrypt", |b| b.iter(|| black_box(fixture.send(encrypt()))));
    criterion.bench_function("Decrypt", |b| {
        b.iter(|| {
            let ciphertext_blob = Some(sealed.clone());
            black_box(fixture.send(DecryptRequest {
                ciphertext_blob,
                ..DecryptRequest::default()
            }))
        })
    });
    criterion.bench_function("GenerateDataKey", |b| {
        b.iter(|| {
            let number_of_bytes = Some(32);
            black_box(fixture.send(GenerateDataKeyRequest {
                key_id: key.clone(),
                number_of_bytes,
                ..GenerateDataKeyRequest::default()
            }))
        })
    });
    criterion.bench_function("DescribeKey", |b| {
        b.iter(|| {
            let key_id = key.clone();
            black_box(fixture.send(DescribeKeyRequest {
                key_id,
                ..DescribeKeyRequest::default()
            }))
        })
    });
    criterion.bench_function("CreateKey", |b| {
        b.iter(|| black_box(fixture.send(CreateKeyRequest::default())))
    });
}

criterion_group!(benches, operations);
criterion_main!(benches);
