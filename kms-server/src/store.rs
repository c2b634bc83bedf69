//! Opening the store, or making it at the first start.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::Error;
use kms_core::attestation::TrustedRoots;
use kms_core::audit::{LedgerError, LedgerOptions, LedgerUnavailable};
use kms_core::crypto::random::{PooledRandom, Random, SystemRandom, array};
use kms_core::ids::{KeyId, Region};
use kms_core::principals_file::PrincipalsFile;
use kms_core::root::seal::Passphrase;
use kms_core::secret::SecretBytes;
use kms_core::seed::SeedKey;
use kms_core::service::{
    ApplyPrincipalsRequest, ApplySeedRequest, CallContext, CreateAccessKeyRequest,
    CreateAccessKeyResponse, Engine, ListAccessKeysRequest, ListUsersRequest,
    MarkProductionRequest, NewStore, OpenError, OpenOptions as EngineOptions, Operation,
    PrincipalsOutcome, groups,
};
use kms_core::store::StoreError;
use kms_core::store::home::{HomeError, RootGuard};
use kms_core::time::SystemClock;

use crate::Exit;
use crate::config::{Config, RandomSource};

/// Key pairs of each RSA spec in use that are made ahead: a burst of requests need not wait.
const READY_KEY_PAIRS: usize = 2;

/// The file with the root access key, in the home directory.
const CREDENTIALS: &str = "credentials";

/// Zeros kept ahead of the ledger's tail, so that an append allocates nothing and cannot find the
/// disk full.
const PREALLOCATED_LEDGER_BYTES: u64 = 64 * 1024 * 1024;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreFault {
    /// The store cannot be made or opened.
    #[error("{}", chain(.0))]
    Open(#[from] OpenError),
    /// The passphrase cannot be one.
    #[error("passphrase_file: {0}")]
    Passphrase(#[from] kms_core::root::SealError),
    /// The first access key, the mark of production or the seed was refused.
    #[error("the store cannot be set up: {}", chain(.0))]
    SetUp(#[from] Error),
    /// What is done at the start could not be recorded.
    #[error("the store cannot be set up: {}", chain(.0))]
    Unrecorded(#[from] LedgerUnavailable),
    /// The store bears the mark of production, and the configuration asks for faults.
    #[error("faults, grant_propagation_seconds: not in a store of production")]
    FaultsInProduction,
    /// The first access key could not be written.
    #[error("{path} cannot be written: {source}")]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// An error and what caused it, for the operator: these are not answers to a caller.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl StoreFault {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Open(error) => exit(error),
            Self::Passphrase(_) | Self::FaultsInProduction => Exit::Usage,
            Self::SetUp(_) | Self::Credentials { .. } => Exit::Failed,
            Self::Unrecorded(_) => Exit::Unavailable,
        }
    }
}

fn exit(error: &OpenError) -> Exit {
    match error {
        OpenError::Home(HomeError::PassphraseNeeded | HomeError::Root(_)) => Exit::Usage,
        OpenError::Home(HomeError::Incomplete { .. } | HomeError::OtherStore(_))
        | OpenError::Ledger(LedgerError::Records { .. } | LedgerError::File { .. })
        | OpenError::LedgerBehindStore { .. }
        | OpenError::RolledBack { .. }
        | OpenError::Crypto(_)
        | OpenError::Barrier(_) => Exit::Integrity,
        OpenError::Home(HomeError::Store(error)) | OpenError::Store(error) => match error {
            StoreError::Corrupt { .. } | StoreError::OtherRecords { .. } => Exit::Integrity,
            StoreError::Exposed(_) => Exit::Usage,
            _ => Exit::Unavailable,
        },
        OpenError::Ledger(LedgerError::Io { .. }) => Exit::Unavailable,
        OpenError::Home(_)
        | OpenError::Unfinished
        | OpenError::Ledger(_)
        | OpenError::Engine(_) => Exit::Failed,
    }
}

/// Where nonces and ids come from.
pub(crate) fn random(source: RandomSource) -> Arc<dyn Random> {
    match source {
        RandomSource::Pooled => Arc::new(PooledRandom),
        RandomSource::System => Arc::new(SystemRandom),
    }
}

/// Opens the store, or makes it where there is none. A store that nobody has a way into yet gets
/// an access key of the account root user, which is written to `credentials`: a new one, one whose
/// making was cut short, one that `kms init` made.
pub(crate) fn open(
    config: &Config,
    passphrase: Option<&SecretBytes>,
    seed: Vec<SeedKey>,
    attestation_roots: &TrustedRoots,
) -> Result<Engine, StoreFault> {
    let engine = match Engine::open(options(
        config,
        guard(config, passphrase)?,
        attestation_roots,
    )) {
        Err(OpenError::Home(HomeError::NoStore(_)) | OpenError::Unfinished) => {
            let new = NewStore {
                account: config.account.clone(),
                region: config.region.clone(),
            };
            Engine::create(
                options(config, guard(config, passphrase)?, attestation_roots),
                &new,
            )?
        }
        opened => opened?,
    };
    if config.has_faults() && engine.is_production()? {
        return Err(StoreFault::FaultsInProduction);
    }
    if let Some(delay) = config.grant_propagation {
        engine.delay_grants(delay)?;
    }
    engine.keep_key_pairs_ready(READY_KEY_PAIRS);
    let region = engine.default_account()?.default_region;
    let served = config.regions();
    engine.serve_only(served.clone());
    if !served.contains(&region) {
        tracing::warn!(%region, "the Region of the store is not served");
    }
    let path = config.home.join(CREDENTIALS);
    let owner = Owner::new(&engine, config)?;
    if !path.exists() && owner.is_alone()? {
        let key = owner.call(CreateAccessKeyRequest { user_name: None })?;
        let written = write_credentials(&path, &key);
        written.map_err(|source| StoreFault::Credentials {
            path: path.clone(),
            source,
        })?;
        tracing::info!(path = %path.display(), "the root access key of a new store is written");
    }
    if config.production {
        owner.call(MarkProductionRequest)?;
    }
    warn_of_unserved(&seed, &served);
    owner.apply(seed, config.seed_in_production)?;
    Ok(engine)
}

/// Makes the principals of the store as the file says.
pub(crate) fn apply_principals(
    engine: &Engine,
    config: &Config,
    file: PrincipalsFile,
) -> Result<PrincipalsOutcome, StoreFault> {
    let file = Arc::new(file);
    Owner::new(engine, config)?.call(ApplyPrincipalsRequest { file })
}

/// Keys of a seed file that no request to this server can reach are made all the same: another
/// server on the store may serve their Region.
fn warn_of_unserved(seed: &[SeedKey], served: &[Region]) {
    let named: BTreeSet<&Region> = seed.iter().filter_map(|key| key.region.as_ref()).collect();
    for region in named.into_iter().filter(|named| !served.contains(named)) {
        tracing::warn!(%region, "the seed file has keys of a Region that is not served");
    }
}

fn guard(config: &Config, passphrase: Option<&SecretBytes>) -> Result<RootGuard, StoreFault> {
    Ok(match passphrase {
        Some(passphrase) => {
            let copy = SecretBytes::new(passphrase.expose().to_vec());
            RootGuard::Passphrase(Passphrase::new(copy)?)
        }
        None => RootGuard::KeyFile(config.key_file.clone()),
    })
}

fn options(config: &Config, guard: RootGuard, attestation_roots: &TrustedRoots) -> EngineOptions {
    EngineOptions {
        directory: config.home.clone(),
        guard,
        ledger: LedgerOptions {
            preallocate: PREALLOCATED_LEDGER_BYTES,
            deadline: config.timeouts.ledger,
            ..LedgerOptions::default()
        },
        random: random(config.random),
        clock: Arc::new(SystemClock),
        accept_rollback: config.accept_rollback.clone(),
        quotas: config.quotas,
        attestation_roots: attestation_roots.clone(),
        sm2: config.sm2,
    }
}

/// Whoever started the server, who could open the store.
struct Owner<'a> {
    engine: &'a Engine,
    context: CallContext,
}

impl<'a> Owner<'a> {
    fn new(engine: &'a Engine, config: &Config) -> Result<Self, StoreFault> {
        let account = engine.default_account()?.id;
        let bits = u128::from_be_bytes(array(&SystemRandom).map_err(Error::from)?);
        let request_id = KeyId::uuid_from_random(bits).to_string();
        let region = config.region.clone();
        let context = CallContext::embedded(account, region, "kms-server", request_id);
        Ok(Self { engine, context })
    }

    fn call<O: Operation>(&self, request: O) -> Result<O::Response, StoreFault> {
        let recorded = futures_executor::block_on(self.engine.call(&self.context, request))?;
        Ok(recorded.into_inner()?)
    }

    fn apply(&self, seed: Vec<SeedKey>, in_production: bool) -> Result<(), StoreFault> {
        let (mut created, mut changed) = (0, 0);
        for keys in groups(seed) {
            let outcome = self.call(ApplySeedRequest {
                keys,
                in_production,
            })?;
            created += outcome.created.len();
            changed += outcome.changed.len();
        }
        if created + changed > 0 {
            tracing::info!(created, changed, "the seed file is applied");
        }
        Ok(())
    }

    /// Whether there is neither an access key of the root user nor another user.
    fn is_alone(&self) -> Result<bool, StoreFault> {
        let keys = self.call(ListAccessKeysRequest::of(None))?;
        let users = self.call(ListUsersRequest::from_marker(None))?;
        Ok(keys.items.is_empty() && users.items.is_empty())
    }
}

/// Writes a file in the format of AWS's shared credentials, for its owner only, never over one.
fn write_credentials(path: &Path, key: &CreateAccessKeyResponse) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let secret = &key.secret_access_key;
    writeln!(file, "[root]")?;
    writeln!(file, "aws_access_key_id = {}", key.access_key_id)?;
    file.write_all(b"aws_secret_access_key = ")?;
    file.write_all(secret.expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
