//! From what was written to what is meant; every fault names its key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kms_core::api::ErrorCode;
use kms_core::seed::InvalidSeed;

use super::file::FileFault;
use super::quotas::quotas;
use super::{
    Config, DEFAULT_LISTEN, DEFAULT_REGION, Fault, File, Limits, PassphraseSource, Timeouts,
    TlsFiles, local, oidc, xks,
};
use crate::args::Args;

/// Why the configuration does not fit.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is not this configuration.
    #[error("the configuration file {path} is not valid: {}", .source.to_string().trim_end())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// The seed file is not one.
    #[error("the seed file {path} is not valid: {source}")]
    Seed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: InvalidSeed,
    },
    /// A value is out of its range or not of its form.
    #[error("{key}: {reason}")]
    Value {
        /// The key of the file; the flag has the same name.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
}

pub(super) fn value(key: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Value {
        key,
        reason: reason.into(),
    }
}

impl File {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or has an unknown key or a value of the wrong type.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|source| ConfigError::Invalid {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is not TOML, or has an unknown key or a value of the wrong type.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

impl Config {
    /// Whether the directory is there in which the Unix socket shall be: nobody makes it.
    ///
    /// # Errors
    /// [`ConfigError::Value`].
    pub(crate) fn check_socket_directory(&self) -> Result<(), ConfigError> {
        let directory = self.unix_socket.as_deref().and_then(Path::parent);
        // A name alone is one in the working directory.
        match directory.filter(|path| !path.as_os_str().is_empty()) {
            Some(directory) if !directory.is_dir() => Err(value(
                "unix_socket",
                format!(
                    "the directory {} is not there; make it, or have the service manager make it \
                     (RuntimeDirectory of systemd)",
                    directory.display()
                ),
            )),
            _ => Ok(()),
        }
    }

    /// The configuration of a file alone, without flags and environment.
    ///
    /// # Errors
    /// [`ConfigError::Value`] names the key at fault.
    pub fn from_file(file: File) -> Result<Self, ConfigError> {
        Self::new(&Args::default(), file)
    }

    /// Merges flags and environment (`args`) over the file.
    pub(crate) fn new(args: &Args, file: File) -> Result<Self, ConfigError> {
        let allow_plaintext = args.allow_plaintext || file.allow_plaintext.unwrap_or(false);
        let unix_socket = args.unix_socket.clone().or(file.unix_socket.clone());
        let tls = tls(args, &file)?;
        let listen = listen(args, &file, unix_socket.is_some())?;
        if let Some(open) = listen.iter().find(|address| !address.ip().is_loopback())
            && tls.is_none()
            && !allow_plaintext
        {
            return Err(value(
                "listen",
                format!(
                    "{open} is reachable by others and there is no TLS; set tls or allow_plaintext"
                ),
            ));
        }
        let production = args.production || file.production.unwrap_or(false);
        if production && !file.faults.is_empty() {
            return Err(value("faults", "not in production"));
        }
        if production && file.grant_propagation_seconds.is_some() {
            return Err(value("grant_propagation_seconds", "not in production"));
        }
        Self {
            home: home(args.home.clone().or(file.home.clone()))?,
            listen,
            unix_socket_mode: unix_socket_mode(&file)?,
            local: local::checked(&file, unix_socket.is_some(), tls.is_some())?,
            unix_socket,
            tls,
            account: args.account.clone().or(file.account.clone()),
            region: region(args, &file)?,
            other_regions: other_regions(args, &file),
            random: args.random.or(file.random).unwrap_or_default(),
            key_file: args.key_file.clone().or(file.key_file.clone()),
            passphrase: passphrase(args, &file)?,
            accept_rollback: accept_rollback(args)?,
            seed: args.seed.clone().or(file.seed.clone()),
            principals_file: args
                .principals_file
                .clone()
                .or(file.principals_file.clone()),
            production,
            seed_in_production: args.seed_in_production,
            attestation_roots: file.attestation.roots.clone(),
            sm2: args.sm2 || file.sm2.unwrap_or(false),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
            quotas: quotas(file.quotas)?,
            limits: limits(args, &file)?,
            timeouts: timeouts(args, &file)?,
            grant_propagation: grant_propagation(file.grant_propagation_seconds)?,
            faults: file.faults.iter().map(fault).collect::<Result<_, _>>()?,
            xks: file.xks.as_ref().map(xks::client).transpose()?,
            oidc: oidc::checked(file.oidc.as_ref(), &file.oidc_provider)?,
            xks_proxy: None,
        }
        .with_proxy(file.xks_proxy.as_ref())
    }
}

fn home(given: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
    let absolute = |name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    given
        .or_else(|| absolute("XDG_DATA_HOME").map(|data| data.join("kms")))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share/kms")))
        .ok_or_else(|| value("home", "neither given nor to be found out from HOME"))
}

fn listen(args: &Args, file: &File, has_socket: bool) -> Result<Vec<SocketAddr>, ConfigError> {
    let given = match (args.listen.as_slice(), &file.listen) {
        ([], Some(given)) => given.clone(),
        ([], None) if has_socket => Vec::new(),
        ([], None) => vec![DEFAULT_LISTEN.to_owned()],
        (given, _) => given.to_vec(),
    };
    if given.is_empty() && !has_socket {
        return Err(value("listen", "no address and no unix_socket"));
    }
    let parse = |text: &String| {
        text.parse()
            .map_err(|_| value("listen", format!("{text:?} is not IP:PORT")))
    };
    given.iter().map(parse).collect()
}

/// The modes that a socket may have: the server's user connects, the group too, or everybody.
const SOCKET_MODES: [(&str, u32); 3] = [("0600", 0o600), ("0660", 0o660), ("0666", 0o666)];

/// Owner and group may connect.
const DEFAULT_SOCKET_MODE: u32 = 0o660;

fn unix_socket_mode(file: &File) -> Result<u32, ConfigError> {
    let Some(given) = &file.unix_socket_mode else {
        return Ok(DEFAULT_SOCKET_MODE);
    };
    let known = SOCKET_MODES.iter().find(|(text, _)| text == given);
    let unknown = || {
        value(
            "unix_socket_mode",
            format!("{given:?} is not 0600, 0660 or 0666"),
        )
    };
    known.map(|(_, mode)| *mode).ok_or_else(unknown)
}

fn tls(args: &Args, file: &File) -> Result<Option<TlsFiles>, ConfigError> {
    let from_file = file.tls.as_ref();
    let certificate = args.tls_certificate.clone();
    let key = args.tls_key.clone();
    match (
        certificate.or_else(|| from_file?.certificate.clone()),
        key.or_else(|| from_file?.key.clone()),
    ) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        _ => Err(value("tls", "certificate and key are needed together")),
    }
}

fn region(args: &Args, file: &File) -> Result<kms_core::ids::Region, ConfigError> {
    match args.region.as_ref().or(file.region.as_ref()) {
        Some(region) => Ok(region.clone()),
        None => DEFAULT_REGION
            .parse()
            .map_err(|_| value("region", "not a Region")),
    }
}

fn other_regions(args: &Args, file: &File) -> Vec<kms_core::ids::Region> {
    match (args.other_regions.as_slice(), &file.other_regions) {
        ([], Some(given)) => given.clone(),
        (given, _) => given.to_vec(),
    }
}

fn passphrase(args: &Args, file: &File) -> Result<Option<PassphraseSource>, ConfigError> {
    match (&args.passphrase_file, args.passphrase_fd) {
        (Some(_), Some(_)) => Err(value("passphrase_file", "not together with passphrase_fd")),
        (Some(path), None) => Ok(Some(PassphraseSource::File(path.clone()))),
        (None, Some(number)) => Ok(Some(PassphraseSource::Descriptor(number))),
        (None, None) => Ok(file.passphrase_file.clone().map(PassphraseSource::File)),
    }
}

fn accept_rollback(args: &Args) -> Result<Option<String>, ConfigError> {
    match &args.accept_rollback {
        Some(reason) if reason.trim().is_empty() || reason.len() > 256 => {
            Err(value("accept_rollback", "a reason of 1 to 256 bytes"))
        }
        reason => Ok(reason.clone()),
    }
}

/// The errors that a client has to live with: it may try again.
const INJECTED: [ErrorCode; 4] = [
    ErrorCode::ThrottlingException,
    ErrorCode::KMSInternalException,
    ErrorCode::DependencyTimeoutException,
    ErrorCode::ServiceUnavailableException,
];

/// The longest time until a grant counts, in seconds: AWS says that it usually is less.
const LONGEST_PROPAGATION: u64 = 300;

fn grant_propagation(seconds: Option<u64>) -> Result<Option<Duration>, ConfigError> {
    match seconds {
        Some(seconds) if !(1..=LONGEST_PROPAGATION).contains(&seconds) => {
            let bound = format!("{seconds} is not 1 to {LONGEST_PROPAGATION}");
            Err(value("grant_propagation_seconds", bound))
        }
        seconds => Ok(seconds.map(Duration::from_secs)),
    }
}

/// The longest delay on purpose, in milliseconds.
const LONGEST_DELAY: u64 = 60_000;

fn fault(given: &FileFault) -> Result<Fault, ConfigError> {
    let operation = given.operation.as_ref().map(|name| {
        let unknown = |_| value("faults.operation", format!("{name} is no operation here"));
        name.parse().map_err(unknown)
    });
    let error = given.error.as_ref().map(|name| {
        let known = INJECTED.iter().find(|code| code.as_str() == name);
        let names = INJECTED.map(ErrorCode::as_str).join(", ");
        known
            .copied()
            .ok_or_else(|| value("faults.error", format!("{name} is none of {names}")))
    });
    if !(given.rate > 0.0 && given.rate <= 1.0) {
        return Err(value("faults.rate", "not above 0 and at most 1"));
    }
    if given.delay_milliseconds > LONGEST_DELAY {
        let bound = format!("more than {LONGEST_DELAY}");
        return Err(value("faults.delay_milliseconds", bound));
    }
    if given.error.is_none() && given.delay_milliseconds == 0 {
        return Err(value("faults", "neither error nor delay_milliseconds"));
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of at most 1"
    )]
    let millionths = (given.rate * 1e6).round().max(1.0) as u32;
    Ok(Fault {
        operation: operation.transpose()?,
        millionths,
        delay: Duration::from_millis(given.delay_milliseconds),
        error: error.transpose()?,
    })
}

fn limits(args: &Args, file: &File) -> Result<Limits, ConfigError> {
    let default = Limits::default();
    let within = |key, given: Option<usize>, default, least, most| match given.unwrap_or(default) {
        number if (least..=most).contains(&number) => Ok(number),
        number => Err(value(key, format!("{number} is not {least} to {most}"))),
    };
    let file = file.limits;
    Ok(Limits {
        header_bytes: within(
            "header_bytes",
            args.header_bytes.or(file.header_bytes),
            default.header_bytes,
            8192,
            1 << 20,
        )?,
        body_bytes: within(
            "body_bytes",
            args.body_bytes.or(file.body_bytes),
            default.body_bytes,
            1024,
            1 << 20,
        )?,
        connections: within(
            "connections",
            args.connections.or(file.connections),
            default.connections,
            1,
            1_000_000,
        )?,
    })
}

fn timeouts(args: &Args, file: &File) -> Result<Timeouts, ConfigError> {
    let default = Timeouts::default();
    let within = |key, given: Option<u64>, default| match given {
        None => Ok(default),
        Some(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        Some(seconds) => Err(value(key, format!("{seconds} is not 1 to 3600"))),
    };
    let file = file.timeouts;
    Ok(Timeouts {
        handshake: within(
            "handshake_seconds",
            args.handshake_seconds.or(file.handshake_seconds),
            default.handshake,
        )?,
        header: within(
            "header_seconds",
            args.header_seconds.or(file.header_seconds),
            default.header,
        )?,
        body: within(
            "body_seconds",
            args.body_seconds.or(file.body_seconds),
            default.body,
        )?,
        idle: within(
            "idle_seconds",
            args.idle_seconds.or(file.idle_seconds),
            default.idle,
        )?,
        drain: within(
            "drain_seconds",
            args.drain_seconds.or(file.drain_seconds),
            default.drain,
        )?,
        ledger: within(
            "ledger_seconds",
            args.ledger_seconds.or(file.ledger_seconds),
            default.ledger,
        )?,
    })
}
