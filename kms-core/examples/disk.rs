//! The key of an encrypted disk (LUKS): made by a KMS, stored wrapped, unwrapped when the disk is opened.
//!
//! `cargo run -p kms-core --example disk DIRECTORY`

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use futures_executor::block_on;
use kms_core::api::{
    CreateKeyRequest, DecryptRequest, EncryptionContextMap, GenerateDataKeyRequest,
};
use kms_core::crypto::random::SystemRandom;
use kms_core::service::{CallContext, Engine, NewStore, OpenOptions};
use kms_core::{api::limits::Quotas, attestation::TrustedRoots, audit::LedgerOptions};
use kms_core::{store::home::RootGuard, time::SystemClock};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: disk DIRECTORY")?;
    run(directory.as_ref())
}

pub(crate) fn run(directory: &Path) -> Result<(), Box<dyn Error>> {
    let new = NewStore {
        account: None,
        region: "us-east-1".parse()?,
    };
    let engine = Engine::create(options(directory), &new)?;
    let account = engine.default_account()?.id;
    let caller = CallContext::embedded(account, new.region, "boot", "request-1".to_owned());
    let key = block_on(engine.call(&caller, CreateKeyRequest::default()))?.into_inner()?;

    // Bound to the one disk: `cryptsetup luksUUID` tells which.
    let disk = [(
        "luks-uuid".to_owned(),
        "3f1c2a60-6a1e-4a43-9d2e-7f7a0f0d9c11".to_owned(),
    )];
    let disk = Some(EncryptionContextMap(disk.into_iter().collect()));
    let request = GenerateDataKeyRequest {
        key_id: Some(key.key_metadata.arn.to_string()),
        encryption_context: disk.clone(),
        number_of_bytes: Some(64), // aes-xts-plain64 with 512 bits
        ..GenerateDataKeyRequest::default()
    };
    let made = block_on(engine.call(&caller, request))?.into_inner()?;
    // `cryptsetup luksFormat --key-file=-` reads `made.plaintext` from a pipe; stored is the rest.
    fs::write(directory.join("disk.key"), made.ciphertext_blob.into_vec())?;

    // At the next start: who may open the disk is for the key's policy, and stands in the ledger.
    let request = DecryptRequest {
        ciphertext_blob: Some(fs::read(directory.join("disk.key"))?.into()),
        encryption_context: disk,
        ..DecryptRequest::default()
    };
    let opened = block_on(engine.call(&caller, request))?.into_inner()?;
    assert_eq!(opened.plaintext.expose(), made.plaintext.expose());
    Ok(())
}

fn options(directory: &Path) -> OpenOptions {
    OpenOptions {
        directory: directory.join("kms"),
        guard: RootGuard::KeyFile(None),
        ledger: LedgerOptions::default(),
        random: Arc::new(SystemRandom),
        clock: Arc::new(SystemClock),
        accept_rollback: None,
        quotas: Quotas::default(),
        attestation_roots: TrustedRoots::default(),
        sm2: false,
    }
}
