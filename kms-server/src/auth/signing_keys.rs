//! The signing keys of the day, kept so that a request costs one HMAC instead of five.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use kms_core::identity::AccessKey;
use kms_core::ids::{AccessKeyId, Region};
use kms_core::sigv4::SigningKey;

use super::Service;

/// How many are kept; past that all are forgotten, since a day's callers are few or forged.
const MOST_KEYS: usize = 4096;

/// The day and the key of that day.
type OfDay = (String, Arc<SigningKey>);

/// Whose key it is, nobody's for unknown access keys, and for which Region and service.
type Place = (Option<AccessKeyId>, Region, Service);

/// Signing keys by access key, Region and service, each of the last day asked for. The secret of an access
/// key never changes under its id.
#[derive(Default)]
pub(super) struct SigningKeys(RwLock<HashMap<Place, OfDay>>);

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(…)")
    }
}

impl SigningKeys {
    /// The signing key of a known access key.
    pub(super) fn get(
        &self,
        of: &AccessKey,
        day: &str,
        region: &Region,
        service: Service,
    ) -> Arc<SigningKey> {
        let secret = of.secret.expose().as_bytes();
        self.kept((Some(of.id.clone()), region.clone(), service), secret, day)
    }

    /// A key of nobody, to check the signatures of unknown access keys with.
    pub(super) fn stand_in(&self, day: &str, region: &Region, service: Service) -> Arc<SigningKey> {
        self.kept((None, region.clone(), service), &[0; 40], day)
    }

    fn kept(&self, place: Place, secret: &[u8], day: &str) -> Arc<SigningKey> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((kept_for, key)) = known.get(&place)
            && kept_for == day
        {
            return Arc::clone(key);
        }
        drop(known);
        let key = Arc::new(SigningKey::derive(secret, day, &place.1, place.2.name()));
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEYS {
            known.clear();
        }
        known.insert(place, (day.to_owned(), Arc::clone(&key)));
        key
    }
}
