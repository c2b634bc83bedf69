//! The signing keys of the day, kept so that a request costs one HMAC instead of five.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use kms_core::identity::AccessKey;
use kms_core::ids::{AccessKeyId, Region};
use kms_core::sigv4::SigningKey;

use super::SERVICE;

/// How many are kept; past that all are forgotten, since a day's callers are few or forged.
const MOST_KEYS: usize = 4096;

/// The day and the key of that day.
type OfDay = (String, Arc<SigningKey>);

/// Signing keys by access key and Region, each of the last day asked for. The secret of an access key never
/// changes under its id.
#[derive(Default)]
pub(super) struct SigningKeys {
    known: RwLock<HashMap<(AccessKeyId, Region), OfDay>>,
    stand_in: RwLock<HashMap<Region, OfDay>>,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(…)")
    }
}

impl SigningKeys {
    /// The signing key of a known access key.
    pub(super) fn get(&self, of: &AccessKey, day: &str, region: &Region) -> Arc<SigningKey> {
        let place = (of.id.clone(), region.clone());
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((kept_for, key)) = known.get(&place)
            && kept_for == day
        {
            return Arc::clone(key);
        }
        drop(known);
        let key = SigningKey::derive(of.secret.expose().as_bytes(), day, region, SERVICE);
        let key = Arc::new(key);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEYS {
            known.clear();
        }
        known.insert(place, (day.to_owned(), Arc::clone(&key)));
        key
    }

    /// A key of nobody, to check the signatures of unknown access keys with.
    pub(super) fn stand_in(&self, day: &str, region: &Region) -> Arc<SigningKey> {
        let known = self.stand_in.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, key)) = known.get(region)
            && of == day
        {
            return Arc::clone(key);
        }
        drop(known);
        let key = Arc::new(SigningKey::derive(&[0; 40], day, region, SERVICE));
        let mut known = self
            .stand_in
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(region.clone(), (day.to_owned(), Arc::clone(&key)));
        key
    }
}
