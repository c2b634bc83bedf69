//! Who can decrypt the message that is written, and what opens the one that is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{
    DataKeys, DiscoveryFilter, KeyError, MultiKeyring, RawRsaError, RawRsaKeyring,
};

use crate::args::{DiscoveryAndPrivateKey, Recipients};
use crate::engine::{Keys, Kms};
use crate::failure::{Failure, Kind};
use crate::pipeline::{PemKey, read_pem};

/// The keyring of all recipients. The data key is made in the KMS where one of them is there, and
/// here otherwise.
pub(super) fn of_recipients<'k>(
    recipients: &Recipients,
    kms: Option<&'k Kms>,
) -> Result<Box<dyn DataKeys + 'k>, Failure> {
    let mut owners = recipients.recipients.iter().map(|file| owner(file));
    let generator: Box<dyn DataKeys + 'k> = match kms {
        Some(kms) => Box::new(Keys::new(kms, &recipients.keys)),
        None => Box::new(owners.next().ok_or_else(no_recipient)??),
    };
    let mut keyring = MultiKeyring::with_generator(generator);
    for owner in owners {
        keyring = keyring.and(Box::new(owner?));
    }
    Ok(Box::new(keyring))
}

fn no_recipient() -> Failure {
    Failure::usage("no key was given").hint("give -k KEY")
}

/// The owner of a public key.
fn owner(file: &Path) -> Result<RawRsaKeyring, Failure> {
    let spki = read_pem(file, PemKey::Public)?;
    RawRsaKeyring::for_recipient(spki.expose(), Arc::new(SystemRandom))
        .map_err(|error| no_rsa_key(file, error))
}

fn no_rsa_key(file: &Path, error: RawRsaError) -> Failure {
    Failure::new(Kind::Failed, format!("{}: {error}", file.display()))
}

/// Whether a KMS is needed to read, which it is not with a private key.
pub(super) fn reads_by_kms(source: &DiscoveryAndPrivateKey) -> bool {
    source.private_key.is_none()
}

/// What opens a message: a private key, or keys of the KMS.
pub(super) fn of_reader<'k>(
    keys: &[String],
    source: &DiscoveryAndPrivateKey,
    kms: Option<&'k Kms>,
) -> Result<Box<dyn DataKeys + 'k>, Failure> {
    if let Some(kms) = kms.filter(|_| reads_by_kms(source)) {
        let keys = Keys::new(kms, keys).discovering(filter(source)?);
        return Ok(Box::new(keys));
    }
    let file: &PathBuf = source.private_key.as_ref().ok_or_else(no_recipient)?;
    let pkcs8 = read_pem(file, PemKey::Private)?;
    let keyring = RawRsaKeyring::of_recipient(&pkcs8, Arc::new(SystemRandom))
        .map_err(|error| no_rsa_key(file, error))?;
    Ok(Box::new(keyring))
}

fn filter(source: &DiscoveryAndPrivateKey) -> Result<DiscoveryFilter, Failure> {
    let accounts = source.discovery_account.iter();
    let regions = source.discovery_region.iter();
    Ok(DiscoveryFilter {
        accounts: accounts
            .map(|id| parsed(id, "account"))
            .collect::<Result<_, _>>()?,
        regions: regions
            .map(|name| parsed(name, "Region"))
            .collect::<Result<_, _>>()?,
    })
}

fn parsed<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Failure> {
    let parsed = text.parse();
    parsed.map_err(|_| Failure::usage(format!("{text} is no {what}")))
}

/// What a keyring's refusal means.
pub(super) fn refused(source: KeyError) -> Failure {
    match source.downcast::<Failure>() {
        Ok(failure) => *failure,
        Err(other) => match other.downcast_ref::<RawRsaError>() {
            Some(RawRsaError::NoDataKey) => Failure::new(
                Kind::NotFound,
                "the message was not encrypted for this private key",
            ),
            _ => Failure::new(Kind::Failed, other.to_string()),
        },
    }
}
