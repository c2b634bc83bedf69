//! A service in one's own process: a store in a directory, a key, and a secret encrypted under it.
//!
//! `cargo run -p kms-core --example embed DIRECTORY`; the README shows the same code.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use futures_executor::block_on;
use kms_core::api::limits::Quotas;
use kms_core::api::{CreateKeyRequest, DecryptRequest, EncryptRequest};
use kms_core::attestation::TrustedRoots;
use kms_core::audit::LedgerOptions;
use kms_core::crypto::random::SystemRandom;
use kms_core::secret::SecretBytes;
use kms_core::service::{CallContext, Engine, NewStore, OpenOptions};
use kms_core::store::home::RootGuard;
use kms_core::time::SystemClock;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(std::env::args().nth(1).ok_or("usage: embed DIRECTORY")?);
    let options = OpenOptions {
        directory,
        guard: RootGuard::KeyFile(None),
        ledger: LedgerOptions::default(),
        random: Arc::new(SystemRandom),
        clock: Arc::new(SystemClock),
        accept_rollback: None,
        quotas: Quotas::default(),
        attestation_roots: TrustedRoots::default(),
        sm2: false,
    };
    let new = NewStore {
        account: None,
        region: "us-east-1".parse()?,
    };
    // Later: Engine::open(options).
    let engine = Engine::create(options, &new)?;
    let account = engine.default_account()?;
    // The caller, who stands in the ledger: the owner of the store, here called "app".
    let owner = CallContext::embedded(account.id, new.region, "app", "request-1".to_owned());

    // An answer comes out of the ledger: it is on record before anybody has it.
    let created = block_on(engine.call(&owner, CreateKeyRequest::default()))?.into_inner()?;
    let request = EncryptRequest {
        key_id: Some(created.key_metadata.arn.to_string()),
        plaintext: Some(SecretBytes::new(b"attack at dawn".to_vec())),
        ..EncryptRequest::default()
    };
    let sealed = block_on(engine.call(&owner, request))?.into_inner()?;
    let request = DecryptRequest {
        ciphertext_blob: Some(sealed.ciphertext_blob),
        ..DecryptRequest::default()
    };
    let opened = block_on(engine.call(&owner, request))?.into_inner()?;
    assert_eq!(opened.plaintext.expose(), b"attack at dawn");
    Ok(())
}
