//! What opens a store, and what it means when that fails.

use std::fs::File;
use std::path::Path;

use kms_core::audit::LedgerError;
use kms_core::root::seal::{KeyFileError, Passphrase};
use kms_core::root::{RingError, SealError};
use kms_core::secret::{SecretBytes, SecretText};
use kms_core::service::OpenError;
use kms_core::store::StoreError;
use kms_core::store::home::{HomeError, RootGuard};

use super::embedded::with_cause;
use super::refusal::refused;
use crate::args::Unlock;
use crate::failure::{Failure, Kind};
use crate::pipeline::read_private;
use crate::term;

/// The guard that the arguments name; without any, the key file in its usual place.
pub(super) fn guard(unlock: &Unlock) -> Result<RootGuard, Failure> {
    Ok(match given_passphrase(unlock)? {
        Some(passphrase) => RootGuard::Passphrase(passphrase),
        None => RootGuard::KeyFile(unlock.key_file.clone()),
    })
}

/// The passphrase, asked for at the terminal.
pub(super) fn asked_passphrase() -> Result<RootGuard, Failure> {
    let typed = term::passphrase("Passphrase: ")?;
    passphrase(bytes_of(&typed)).map(RootGuard::Passphrase)
}

/// A passphrase for a new store: the one given, or one asked for twice.
pub(crate) fn new_passphrase(unlock: &Unlock) -> Result<RootGuard, Failure> {
    let chosen = match given_passphrase(unlock)? {
        Some(passphrase) => passphrase,
        None => passphrase(bytes_of(&term::new_passphrase()?))?,
    };
    Ok(RootGuard::Passphrase(chosen))
}

fn given_passphrase(unlock: &Unlock) -> Result<Option<Passphrase>, Failure> {
    let path = match (&unlock.passphrase_file, unlock.passphrase_fd) {
        (Some(path), _) => path.clone(),
        (None, Some(descriptor)) => Path::new("/dev/fd").join(descriptor.to_string()),
        (None, None) => return Ok(None),
    };
    let name = path.display().to_string();
    let mut file =
        File::open(&path).map_err(|error| Failure::io(format!("cannot read {name}"), &error))?;
    let line = read_private(&mut file, &name)?;
    passphrase(line).map(Some)
}

fn bytes_of(text: &SecretText) -> SecretBytes {
    SecretBytes::new(text.expose().as_bytes().to_vec())
}

fn passphrase(bytes: SecretBytes) -> Result<Passphrase, Failure> {
    Passphrase::new(bytes).map_err(|error| Failure::usage(error.to_string()))
}

/// Why a store could not be made or opened.
pub(super) fn failed(error: OpenError) -> Failure {
    let text = with_cause(&error);
    let plain = |kind| Failure::new(kind, text.clone());
    match error {
        OpenError::Home(HomeError::NoStore(_)) => plain(Kind::NotFound)
            .hint("create one with `kms init`, or give --home or --endpoint-url"),
        OpenError::Home(HomeError::Exists(_)) => {
            plain(Kind::Failed).hint("it is used as it is, or give another --home")
        }
        OpenError::Home(HomeError::Root(RingError::Seal(error))) => seal_failed(&error, text),
        OpenError::Home(HomeError::Store(error)) | OpenError::Store(error) => {
            plain(store_kind(&error))
        }
        OpenError::Home(HomeError::Incomplete { .. } | HomeError::OtherStore(_)) => {
            plain(Kind::Integrity)
        }
        OpenError::Home(_) => plain(Kind::Failed),
        OpenError::Unfinished => plain(Kind::Failed).hint("run `kms init` again"),
        OpenError::Ledger(error) => ledger_failed(&error),
        OpenError::LedgerBehindStore { .. } | OpenError::RolledBack { .. } => {
            plain(Kind::Integrity)
        }
        OpenError::Crypto(_) | OpenError::Barrier(_) => plain(Kind::Integrity),
        OpenError::Engine(error) => refused(error.code().as_str(), &text),
    }
}

fn seal_failed(error: &SealError, text: String) -> Failure {
    match error {
        SealError::WrongKey | SealError::WrongPassphrase => Failure::new(Kind::Denied, text),
        SealError::OtherProvider { .. } => Failure::new(Kind::Denied, text)
            .hint("give --key-file, --passphrase-file or --passphrase-fd accordingly"),
        SealError::KeyFile(KeyFileError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            Failure::new(Kind::NotFound, text).hint("give --key-file FILE")
        }
        SealError::KeyFile(KeyFileError::Exposed(_)) => {
            Failure::new(Kind::Denied, text).hint("make it so with chmod 600")
        }
        SealError::Malformed => Failure::new(Kind::Integrity, text),
        _ => Failure::new(Kind::Failed, text),
    }
}

fn store_kind(error: &StoreError) -> Kind {
    match error {
        StoreError::Corrupt { .. } | StoreError::OtherRecords { .. } => Kind::Integrity,
        StoreError::Exposed(_) => Kind::Denied,
        _ => Kind::Unavailable,
    }
}

/// Why a ledger cannot be read.
pub(crate) fn ledger_failed(error: &LedgerError) -> Failure {
    match error {
        LedgerError::Io { path, source } => {
            Failure::io(format!("cannot use {}", path.display()), source)
        }
        LedgerError::Records { .. } | LedgerError::File { .. } => {
            let message = format!("the ledger does not verify: {error}");
            Failure::new(Kind::Integrity, message)
                .hint("compare it with a backup or a copy kept elsewhere")
        }
        LedgerError::Key(_) | LedgerError::Signing(_) => {
            Failure::new(Kind::Failed, error.to_string())
        }
    }
}
