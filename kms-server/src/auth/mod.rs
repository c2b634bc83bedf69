//! Who sent a request: its signature, checked over the bytes as they arrived.

mod signing_keys;

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use http::request;
use kms_core::api::ErrorCode;
use kms_core::caller::Caller;
use kms_core::ids::{AccessKeyId, Region};
use kms_core::sigv4::{Header, Presented, Refusal, Request};
use kms_core::time::Clock;

use crate::wire::Backend;
use signing_keys::SigningKeys;

/// The service that requests must be signed for.
const SERVICE: &str = "kms";

thread_local! {
    /// Scratch space for canonical requests.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Checks signatures for one Region.
pub struct Authenticator {
    region: Region,
    clock: Arc<dyn Clock>,
    keys: SigningKeys,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Checks signatures that are meant for `region`, at the time of `clock`.
    #[must_use]
    pub fn new(region: Region, clock: Arc<dyn Clock>) -> Self {
        Self {
            region,
            clock,
            keys: SigningKeys::default(),
        }
    }

    /// The caller who signed the request.
    ///
    /// The access key is looked up for each request, so that one deleted a moment ago does not
    /// open anything; only the key derived from its secret is kept. For an unknown access key a
    /// signature is checked all the same, so that the answer takes as long.
    pub(crate) fn authenticate<B: Backend>(
        &self,
        backend: &B,
        head: &request::Parts,
        body: &[u8],
    ) -> Result<Caller, Refusal> {
        let headers = headers(head);
        let request = Request {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &headers,
            body,
        };
        let presented = Presented::parse(&request)?;
        let admitted = presented.admit(SERVICE, &self.region, self.clock.now())?;
        let id = admitted.access_key_id().parse::<AccessKeyId>();
        let found = id.ok().and_then(|id| {
            let (secret, caller) = backend.credential(&id)?;
            Some((id, secret, caller))
        });
        let (key, caller) = match found {
            Some((id, secret, caller)) => {
                let secret = secret.expose().as_bytes();
                let key = self.keys.get(&id, secret, admitted.day(), &self.region);
                (key, Some(caller))
            }
            None => (self.keys.stand_in(admitted.day(), &self.region), None),
        };
        let verified = SCRATCH.with_borrow_mut(|buffer| admitted.verify(&key, buffer));
        match caller {
            Some(caller) => verified.map(|()| caller),
            None => Err(Refusal::UnknownAccessKey),
        }
    }
}

/// All header fields, and the authority of the request line or of HTTP/2 as `host`: where both
/// are sent the verifier sees `host` twice and refuses it.
fn headers(head: &request::Parts) -> Vec<Header<'_>> {
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
        Refusal::Region
        | Refusal::Service
        | Refusal::ScopeDate
        | Refusal::Payload
        | Refusal::Mismatch
        | Refusal::Expired { .. }
        | Refusal::NotYetCurrent { .. } => ErrorCode::InvalidSignatureException,
    }
}
