//! Who can decrypt the message that is written, and what opens the one that is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{
    AwsKmsKeys, DataKeys, DiscoveryFilter, Header, KeyError, MultiKeyring, RawRsaError,
    RawRsaKeyring,
};

use crate::args::{DiscoveryAndPrivateKey, NewRecipients, Recipients};
use crate::engine::{Keys, Kms};
use crate::failure::{Failure, Kind};
use crate::pipeline::{PemKey, read_pem};

/// The keyring of all recipients. The data key is made in the KMS where one of them is there, and
/// here otherwise.
pub(super) fn of_recipients<'k>(
    recipients: &Recipients,
    kms: Option<&'k Kms>,
) -> Result<Box<dyn DataKeys + 'k>, Failure> {
    of_all(&recipients.keys, &recipients.recipients, kms)
}

/// The same for recipients that are named in the place of those of an old message.
pub(super) fn of_new_recipients<'k>(
    recipients: &NewRecipients,
    kms: Option<&'k Kms>,
) -> Result<Box<dyn DataKeys + 'k>, Failure> {
    let kms = kms.filter(|_| !recipients.keys.is_empty());
    of_all(&recipients.keys, &recipients.recipients, kms)
}

fn of_all<'k>(
    keys: &[String],
    owners: &[PathBuf],
    kms: Option<&'k Kms>,
) -> Result<Box<dyn DataKeys + 'k>, Failure> {
    let mut owners = owners.iter().map(|file| owner(file));
    let generator: Box<dyn DataKeys + 'k> = match kms {
        Some(kms) => Box::new(Keys::new(kms, keys)),
        None => Box::new(owners.next().ok_or_else(no_recipient)??),
    };
    let mut keyring = MultiKeyring::with_generator(generator);
    for owner in owners {
        keyring = keyring.and(Box::new(owner?));
    }
    Ok(Box::new(keyring))
}

/// The keys of a message that was opened, to encrypt for them once more.
///
/// The header is authenticated, by whoever could encrypt or decrypt with one of these keys.
pub(super) fn of_message<'k>(
    header: &Header,
    kms: Option<&'k Kms>,
) -> Result<Box<dyn DataKeys + 'k>, Failure> {
    let any = AwsKmsKeys::Discovery(DiscoveryFilter::default());
    let region = kms.and_then(Kms::region);
    let keys = header.encrypted_data_keys.iter();
    let arns: Option<Vec<String>> = keys
        .map(|key| any.key_for(key, region).map(|arn| arn.to_string()))
        .collect();
    match (kms, arns) {
        (Some(kms), Some(arns)) => Ok(Box::new(Keys::new(kms, &arns))),
        _ => Err(Failure::usage(
            "the message is not for keys of a KMS alone, and whose the others are is not told by it",
        )
        .hint("name all that can decrypt it, with -k KEY and -r FILE")),
    }
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
