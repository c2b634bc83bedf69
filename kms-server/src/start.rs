//! From the command line to a server that listens, and to its end.

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use kms_core::service::Engine;
use kms_core::time::SystemClock;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::args::Args;
use crate::auth::Authenticator;
use crate::config::{Config, ConfigError, File, LocalCallers, PassphraseSource, TlsFiles};
use crate::listen::tls::{self, TlsError};
use crate::listen::{BindError, Listeners};
use crate::oidc::KnownKeys;
use crate::principals::{Principals, PrincipalsFault};
use crate::store::StoreFault;
use crate::wire::{Endpoint, Faults, Reading};
use crate::xks::{ProxyClient, RootsError};
use crate::xks_proxy::{Credential, CredentialError, ProxyEndpoint};
use crate::{Exit, harden, jobs, log, store};

/// Why the server did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    #[error("xks: {0}")]
    Roots(#[from] RootsError),
    #[error("oidc: {0}")]
    Oidc(RootsError),
    #[error("xks_proxy: {0}")]
    Credential(#[from] CredentialError),
    #[error("principals_file: {0}")]
    Principals(#[from] PrincipalsFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("{0}: {1}")]
    System(&'static str, std::io::Error),
}

impl Fault {
    fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Tls(_)
            | Self::Roots(_)
            | Self::Oidc(_)
            | Self::Credential(_) => Exit::Usage,
            Self::Principals(fault) => fault.exit(),
            Self::Store(fault) => fault.exit(),
            Self::Bind(_) => Exit::Unavailable,
            Self::System(..) => Exit::Failed,
        }
    }
}

/// Runs the server with these arguments until it is told to stop.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            let printed = error.print();
            let is_help = error.exit_code() == 0 && printed.is_ok();
            return if is_help { Exit::Done } else { Exit::Usage };
        }
    };
    if args.manual {
        let page = clap_mangen::Man::new(Args::command()).section("8");
        return match page.render(&mut std::io::stdout()) {
            Ok(()) => Exit::Done,
            Err(_) => Exit::Failed,
        };
    }
    match start(&args) {
        Ok(()) => Exit::Done,
        Err(fault) => {
            let told = writeln!(std::io::stderr(), "kms-server: {fault}");
            drop(told);
            fault.exit()
        }
    }
}

fn start(args: &Args) -> Result<(), Fault> {
    harden::harden().map_err(|error| Fault::System("the process cannot be hardened", error))?;
    let file = args.config.as_deref().map(File::read).transpose()?;
    let config = Config::new(args, file.unwrap_or_default())?;
    let tls = config.tls.as_ref().map(|files| load_tls(&config, files));
    let tls = tls.transpose()?;
    let local = config.local_callers()?;
    let roots = config.read_attestation_roots()?;
    let proxies = config.xks.as_ref().map(ProxyClient::new).transpose()?;
    let keys = KnownKeys::new(&config.oidc, config.read_key_sets()?).map_err(Fault::Oidc)?;
    let passphrase = config.passphrase.as_ref();
    let passphrase = passphrase.map(PassphraseSource::read).transpose()?;
    let seed = config.seed_keys()?;
    let principals = Principals::read(&config)?;
    if args.check_config {
        return Ok(config.check_socket_directory()?);
    }
    log::start(config.log_format);
    harden::raise_open_files().map_err(|error| Fault::System("the limit of open files", error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers())
        .enable_all()
        .build()
        .map_err(|error| Fault::System("the runtime cannot be started", error))?;
    let listeners = runtime.block_on(Listeners::bind(&config, tls))?;
    let face = runtime.block_on(bind_proxy(&config))?;
    let mut engine = store::open(&config, passphrase.as_ref(), seed, &roots)?;
    if let Some(proxies) = proxies {
        engine = engine.with_external_key_proxy(Arc::new(proxies));
    }
    let engine = Arc::new(engine.with_provider_keys(Arc::new(keys)));
    let principals = principals.map(|read| read.applied(&engine)).transpose()?;
    let face = match (&config.xks_proxy, face) {
        (Some(proxy), Some(listeners)) => {
            let credential = Credential::load(&proxy.credential, &proxy.uri_path_prefix)?;
            let endpoint = ProxyEndpoint::new(
                Arc::clone(&engine),
                proxy.clone(),
                credential,
                store::random(config.random),
                Arc::new(SystemClock),
                reading(&config),
            );
            Some((listeners, endpoint))
        }
        _ => None,
    };
    runtime.block_on(serve(&config, local, listeners, engine, face, principals))
}

fn load_tls(config: &Config, files: &TlsFiles) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    match &config.local.client_authentication {
        Some(clients) => tls::load_with_clients(files, clients),
        None => tls::load(files),
    }
}

fn reading(config: &Config) -> Reading {
    Reading {
        limit: config.limits.body_bytes,
        timeout: config.timeouts.body,
    }
}

/// Binds the sockets of the proxy that this server is, if it is one.
async fn bind_proxy(config: &Config) -> Result<Option<Listeners>, Fault> {
    let Some(proxy) = &config.xks_proxy else {
        return Ok(None);
    };
    let tls = tls::load(&proxy.tls)?;
    Ok(Some(Listeners::bind_tls(&proxy.listen, tls).await?))
}

/// A core is left to the ledger's writer: on a busy machine it would otherwise wait for its turn
/// with every batch, and all requests with it.
fn workers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.saturating_sub(1).max(1)
}

async fn serve(
    config: &Config,
    local: LocalCallers,
    listeners: Listeners,
    engine: Arc<Engine>,
    face: Option<(Listeners, ProxyEndpoint)>,
    principals: Option<Principals>,
) -> Result<(), Fault> {
    let stop = stop_signal().map_err(|error| Fault::System("signals cannot be awaited", error))?;
    let endpoint = Endpoint::new(
        Arc::clone(&engine),
        Authenticator::new(
            config.region.clone(),
            config.other_regions.clone(),
            Arc::new(SystemClock),
        ),
        store::random(config.random),
        reading(config),
    )
    .with_faults(Faults::new(&config.faults))
    .with_local_callers(local);
    if !config.faults.is_empty() {
        tracing::warn!(
            faults = config.faults.len(),
            "requests are delayed or refused on purpose: the configuration asks for it"
        );
    }
    if let Some(delay) = config.grant_propagation {
        tracing::warn!(
            seconds = delay.as_secs(),
            "new grants count late on purpose: the configuration asks for it"
        );
    }
    let jobs = tokio::spawn(jobs::run(Arc::clone(&engine)));
    let reloads = principals
        .map(|principals| {
            let hangup = signal(SignalKind::hangup())?;
            Ok(tokio::spawn(principals.keep(engine, hangup)))
        })
        .transpose()
        .map_err(|error| Fault::System("signals cannot be awaited", error))?;
    let proxy = face.as_ref().map(|(listeners, _)| listeners);
    announce(&listeners, proxy).map_err(|error| Fault::System("standard output", error))?;
    let (limits, timeouts) = (config.limits, config.timeouts);
    let serving = listeners.serve(Arc::new(endpoint), limits, timeouts, stop.clone());
    let proxying = async {
        match face {
            Some((listeners, endpoint)) => {
                let endpoint = Arc::new(endpoint);
                listeners.serve(endpoint, limits, timeouts, stop).await
            }
            None => true,
        }
    };
    let (served, proxied) = tokio::join!(serving, proxying);
    let all_answered = served && proxied;
    jobs.abort();
    if let Some(reloads) = reloads {
        reloads.abort();
    }
    if all_answered {
        tracing::info!("stopped; every request was answered");
    } else {
        tracing::warn!("stopped; the time for draining was over before every request was answered");
    }
    Ok(())
}

/// A line for each endpoint, for whoever started the process and waits for it.
fn announce(listeners: &Listeners, proxy: Option<&Listeners>) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for endpoint in proxy.iter().flat_map(|proxy| proxy.endpoints()) {
        writeln!(stdout, "external key store proxy on {endpoint}")?;
    }
    for endpoint in listeners.endpoints() {
        writeln!(stdout, "listening on {endpoint}")?;
    }
    stdout.flush()
}

/// Turns true at the first SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<watch::Receiver<bool>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop; finishing the requests under way");
        sender.send_replace(true);
        // Kept until the end: a receiver without a sender would wake and be told of an error.
        std::future::pending::<()>().await;
        drop(sender);
    });
    Ok(receiver)
}
