//! Whether a request is signed with the proxy's credential.

use http::request;
use kms_core::crypto::constant_time_eq;
use kms_core::ids::Region;
use kms_core::sigv4::{Presented, Refusal, Request, SigningKey};
use kms_core::time::Timestamp;
use kms_core::xks::SERVICE;

use super::Credential;
use crate::auth::headers;

/// Checks the signature, which is for `region`, the Region that the client signs for.
///
/// A signature is checked also for another access key id, so that the answer takes as long.
pub(super) fn verify(
    head: &request::Parts,
    body: &[u8],
    credential: &Credential,
    region: &Region,
    now: Timestamp,
) -> Result<(), Refusal> {
    let headers = headers(head);
    let request = Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: "",
        headers: &headers,
        body,
    };
    let presented = Presented::parse(&request)?;
    let known = constant_time_eq(
        presented.access_key_id().as_bytes(),
        credential.id.as_bytes(),
    );
    let admitted = presented.admit(SERVICE, region, now)?;
    let secret = credential.secret.expose().as_bytes();
    let key = SigningKey::derive(secret, admitted.day(), region, SERVICE);
    admitted.verify(&key, &mut Vec::new())?;
    if known {
        Ok(())
    } else {
        Err(Refusal::UnknownAccessKey)
    }
}
