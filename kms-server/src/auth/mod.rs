//! Who sent a request: its signature, checked over the bytes as they arrived.

mod local;
mod signing_keys;

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use http::request;
use kms_core::Error;
use kms_core::api::query::QueryService;
use kms_core::api::{ErrorCode, organizations};
use kms_core::caller::Caller;
use kms_core::ids::{AccessKeyId, Region};
use kms_core::service::{Engine, SigningCredential};
use kms_core::sigv4::{Header, Presented, Refusal, Request, SigningKey};
use kms_core::time::Clock;

use signing_keys::SigningKeys;

/// The service that a request must be signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    /// AWS KMS, in one of the Regions that are served.
    Kms,
    /// One that is the same in all Regions.
    Global(&'static str),
}

impl From<QueryService> for Service {
    fn from(service: QueryService) -> Self {
        Self::Global(service.signing_name())
    }
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Kms => "kms",
            Self::Global(name) => name,
        }
    }
}

/// The Region that AWS's IAM and Organizations answer from.
const HOME_REGION: &str = "us-east-1";

/// The services that are in that Region alone.
const IN_ONE_REGION: [&str; 2] = [
    QueryService::Iam.signing_name(),
    organizations::SIGNING_NAME,
];

thread_local! {
    /// Scratch space for canonical requests.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Why the caller is not known.
#[derive(Debug)]
pub(crate) enum Unauthentic {
    /// The request does not prove who sent it.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The access key that it names, as far as it could be read.
        claimed: Option<String>,
    },
    /// The engine could not look the access key up.
    Engine(Error),
}

/// Who sent a request, and for which Region.
#[derive(Debug)]
pub(crate) struct Authentic {
    pub(crate) caller: Caller,
    pub(crate) region: Region,
}

/// Checks signatures for the Regions that are served.
pub struct Authenticator {
    first: Region,
    others: Vec<Region>,
    clock: Arc<dyn Clock>,
    keys: SigningKeys,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("first", &self.first)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Checks signatures that are meant for `first` or one of `others`, at the time of `clock`.
    #[must_use]
    pub fn new(first: Region, others: Vec<Region>, clock: Arc<dyn Clock>) -> Self {
        Self {
            first,
            others,
            clock,
            keys: SigningKeys::default(),
        }
    }

    /// The Region that a request is recorded in which is for none, or does not tell.
    #[must_use]
    pub fn first_region(&self) -> &Region {
        &self.first
    }

    /// The Region of that name, or the first one, which then refuses the signature. A service that
    /// is the same in all Regions takes signatures for any.
    fn region(&self, name: &str, service: Service) -> Region {
        let named = |region: &&Region| region.as_str() == name;
        let served = self.others.iter().find(named);
        match (served, service) {
            (Some(served), _) => served.clone(),
            (None, Service::Global(_)) => name.parse().unwrap_or_else(|_| self.first.clone()),
            (None, Service::Kms) => self.first.clone(),
        }
    }

    /// The Region that answers, which policies and the ledger are told: IAM and Organizations are in one alone, and the
    /// caller does not choose another service's beyond those that are served.
    fn answering(&self, signed_for: Region, service: Service) -> Region {
        match service {
            Service::Kms => signed_for,
            Service::Global(name) if IN_ONE_REGION.contains(&name) => {
                HOME_REGION.parse().unwrap_or_else(|_| self.first.clone())
            }
            Service::Global(_) if self.serves(&signed_for) => signed_for,
            Service::Global(_) => self.first.clone(),
        }
    }

    fn serves(&self, region: &Region) -> bool {
        *region == self.first || self.others.contains(region)
    }

    /// The caller who signed the request, and the Region that it is signed for.
    ///
    /// The access key is looked up for each request, so that one deleted a moment ago does not
    /// open anything; only the key derived from its secret is kept. For an unknown access key a
    /// signature is checked all the same, so that the answer takes as long.
    pub(crate) fn authenticate(
        &self,
        engine: &Engine,
        head: &request::Parts,
        body: &[u8],
        service: Service,
    ) -> Result<Authentic, Unauthentic> {
        let headers = headers(head);
        let request = Request {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &headers,
            body,
        };
        let nobody = |refusal| Unauthentic::Refused {
            refusal,
            claimed: None,
        };
        let presented = Presented::parse(&request).map_err(nobody)?;
        let id = presented.access_key_id();
        let refused = |refusal| Unauthentic::Refused {
            refusal,
            claimed: Some(id.to_owned()),
        };
        let region = self.region(presented.region(), service);
        let now = self.clock.now();
        let admitted = presented
            .admit(service.name(), &region, now)
            .map_err(refused)?;
        let credential = match id.parse::<AccessKeyId>() {
            Ok(id) => {
                let found = engine.credential(&id, admitted.session_token());
                found.map_err(Unauthentic::Engine)?
            }
            Err(_) => None,
        };
        let key = self.signing_key(credential.as_ref(), admitted.day(), &region, service);
        let verified = SCRATCH.with_borrow_mut(|buffer| admitted.verify(&key, buffer));
        let credential = credential
            .ok_or(Refusal::UnknownAccessKey)
            .map_err(refused)?;
        verified.map_err(refused)?;
        // Only whoever holds the secret learns that it was once good.
        let caller = credential.into_caller(now).ok_or(Refusal::ExpiredToken);
        Ok(Authentic {
            caller: caller.map_err(refused)?,
            region: self.answering(region, service),
        })
    }

    /// What the signature is checked with. The keys of sessions are many and live for a day at
    /// most: theirs are derived each time.
    fn signing_key(
        &self,
        credential: Option<&SigningCredential>,
        day: &str,
        region: &Region,
        service: Service,
    ) -> Arc<SigningKey> {
        // Strangers can name any Region of a global service: what they name is not kept.
        let kept = self.serves(region);
        let derived =
            |secret: &[u8]| Arc::new(SigningKey::derive(secret, day, region, service.name()));
        match credential {
            None if kept => self.keys.stand_in(day, region, service),
            None => derived(&[0; 40]),
            Some(credential) => match credential.long_term() {
                Some(key) if kept => self.keys.get(key, day, region, service),
                _ => derived(credential.secret().expose().as_bytes()),
            },
        }
    }
}

/// All header fields, and the authority of the request line or of HTTP/2 as `host`: where both
/// are sent the verifier sees `host` twice and refuses it.
pub(crate) fn headers(head: &request::Parts) -> Vec<Header<'_>> {
    let fields = head.headers.iter();
    let mut headers = Vec::with_capacity(head.headers.len() + 1);
    headers.extend(fields.map(|(name, value)| (name.as_str(), value.as_bytes())));
    if let Some(authority) = head.uri.authority() {
        headers.push(("host", authority.as_str().as_bytes()));
    }
    headers
}

/// AWS's code for a refusal.
pub(crate) fn code(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::Missing => ErrorCode::MissingAuthenticationTokenException,
        Refusal::Malformed(_) => ErrorCode::IncompleteSignatureException,
        Refusal::UnknownAccessKey | Refusal::SessionToken => ErrorCode::UnrecognizedClientException,
        Refusal::ExpiredToken => ErrorCode::ExpiredTokenException,
        Refusal::Region
        | Refusal::Service
        | Refusal::ScopeDate
        | Refusal::Payload
        | Refusal::Mismatch
        | Refusal::Expired { .. }
        | Refusal::NotYetCurrent { .. } => ErrorCode::InvalidSignatureException,
    }
}
