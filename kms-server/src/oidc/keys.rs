//! The keys of providers as they are known, and when they are asked for anew.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use http::Uri;
use kms_core::oidc::{Issuer, KeySet, Keys, ProviderKeys, Unreachable};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

use super::fetch::{Failure, Reach, is_loopback};
use crate::config::Oidc;
use crate::xks::{RootsError, client_config};

/// How long keys that were asked for are good.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long they are while the provider does not answer.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it is waited until a provider is asked again, whatever the tokens say.
const PAUSE: Duration = Duration::from_secs(60);
/// The same after it did not answer.
const RETRY: Duration = Duration::from_secs(10);

/// What is known of one provider.
#[derive(Default)]
struct Known {
    keys: Option<(Arc<KeySet>, Instant)>,
    asked: Option<(Instant, bool)>,
}

impl Known {
    /// The keys, if they need not be asked for.
    fn ready(&self, wanted: &str) -> Option<Result<Arc<KeySet>, Unreachable>> {
        let usable = self.keys.as_ref();
        let good_for = |limit: Duration| {
            usable
                .filter(|(_, since)| since.elapsed() < limit)
                .map(|(keys, _)| Arc::clone(keys))
        };
        let fresh = good_for(FRESH);
        if let Some(keys) = fresh.as_ref().filter(|keys| keys.has(wanted)) {
            return Some(Ok(Arc::clone(keys)));
        }
        let (asked, answered) = self.asked?;
        let pause = if answered { PAUSE } else { RETRY };
        let waits = asked.elapsed() < pause;
        waits.then(|| good_for(STALE).ok_or(Unreachable))
    }
}

struct Inner {
    files: BTreeMap<Issuer, Arc<KeySet>>,
    reach: Option<(Reach, Duration)>,
    plain_loopback: bool,
    /// One entry for each provider that was asked; the engine names those of accounts alone.
    known: StdMutex<HashMap<Issuer, Arc<Mutex<Known>>>>,
}

/// The keys of providers.
#[derive(Clone)]
pub(crate) struct KnownKeys(Arc<Inner>);

impl fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KnownKeys")
            .field(&self.0.files.keys())
            .finish()
    }
}

/// What a provider says of itself, OpenID Connect Discovery 1.0 §3.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl KnownKeys {
    /// The keys in `files`, and of the providers that the configuration lets be asked.
    pub(crate) fn new(
        config: &Oidc,
        files: BTreeMap<Issuer, Arc<KeySet>>,
    ) -> Result<Self, RootsError> {
        let client = config.client.as_ref();
        let reach = client.map(|client| {
            let reach = Reach {
                tls: TlsConnector::from(client_config(client)?),
                private: client.private_addresses,
                plain_loopback: config.plain_loopback,
            };
            Ok::<_, RootsError>((reach, client.timeout))
        });
        Ok(Self(Arc::new(Inner {
            files,
            reach: reach.transpose()?,
            plain_loopback: config.plain_loopback,
            known: StdMutex::default(),
        })))
    }
}

impl ProviderKeys for KnownKeys {
    fn keys(&self, issuer: &Issuer, wanted: &str) -> Keys {
        let inner = Arc::clone(&self.0);
        let (issuer, wanted) = (issuer.clone(), wanted.to_owned());
        Box::pin(async move {
            match inner.files.get(&issuer) {
                Some(keys) => Ok(Arc::clone(keys)),
                None => inner.asked(&issuer, &wanted).await,
            }
        })
    }

    fn admits(&self, issuer: &Issuer) -> bool {
        let host = issuer.authority().split(':').next().unwrap_or_default();
        !issuer.is_plain()
            || self.0.files.contains_key(issuer)
            || self.0.plain_loopback && is_loopback(host)
    }
}

impl Inner {
    /// The keys of a provider that has no file: those that are known, or newer ones. Requests that
    /// need the same provider asked wait for one answer.
    async fn asked(&self, issuer: &Issuer, wanted: &str) -> Result<Arc<KeySet>, Unreachable> {
        let known = {
            let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(issuer.clone()).or_default())
        };
        let mut known = known.lock().await;
        if let Some(ready) = known.ready(wanted) {
            return ready;
        }
        // Whoever hangs up meanwhile leaves the pause behind, and the next does not ask at once.
        known.asked = Some((Instant::now(), false));
        let fetched = self.fetch(issuer).await;
        known.asked = Some((Instant::now(), fetched.is_ok()));
        match fetched {
            Ok(keys) => {
                let keys = Arc::new(keys);
                known.keys = Some((Arc::clone(&keys), Instant::now()));
                Ok(keys)
            }
            Err(failure) => {
                tracing::warn!(%issuer, %failure, "the keys of an identity provider cannot be had");
                known.ready(wanted).unwrap_or(Err(Unreachable))
            }
        }
    }

    async fn fetch(&self, issuer: &Issuer) -> Result<KeySet, Failure> {
        let (reach, timeout) = self.reach.as_ref().ok_or(Failure::Address)?;
        let discover = format!("{issuer}/.well-known/openid-configuration");
        let both = async {
            let json = reach.get(&uri(&discover)?).await?;
            let found: Discovery = serde_json::from_slice(&json).map_err(|_| Failure::Document)?;
            if found.issuer != issuer.as_str() {
                return Err(Failure::Document);
            }
            let json = reach.get(&uri(&found.jwks_uri)?).await?;
            KeySet::parse(&json).map_err(|_| Failure::Document)
        };
        tokio::time::timeout(*timeout, both)
            .await
            .unwrap_or(Err(Failure::TimedOut))
    }
}

fn uri(text: &str) -> Result<Uri, Failure> {
    text.parse().map_err(|_| Failure::Document)
}
