//! One call of a proxy: the signed request, and what the answer means.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::crypto::{Failed, constant_time_eq};
use crate::ids::{Region, XksKeyId};
use crate::secret::SecretBytes;
use crate::sigv4::Outgoing;
use crate::time::Timestamp;

use super::message::{
    DecryptReply, EncryptReply, EncryptRequest, ErrorReply, HealthReply, MetadataReply, read,
};
use super::proxy::{ProxyFailure, ProxyReply, ProxyRequest};
use super::store::Proxy;
use super::{ErrorName, MAX_CIPHERTEXT_METADATA, MAX_REPLY, SERVICE, integrity_value};

/// The status of an answer that does not refuse.
const OK: u16 = 200;

/// Why a call of a proxy came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There was no answer.
    Transport(ProxyFailure),
    /// The proxy refused.
    Refused(ErrorName),
    /// The answer is not one of the specification.
    Malformed,
    /// Every key manager behind the proxy is away.
    Unavailable,
}

impl From<ProxyFailure> for Failure {
    fn from(failure: ProxyFailure) -> Self {
        match failure {
            ProxyFailure::Malformed => Self::Malformed,
            other => Self::Transport(other),
        }
    }
}

/// What every call of one proxy has in common.
#[derive(Clone, Debug)]
pub struct ProxyCall {
    /// The proxy.
    pub proxy: Proxy,
    /// The Region that the request is signed for.
    pub region: Region,
}

impl ProxyCall {
    /// The signed request for `health`.
    ///
    /// # Errors
    /// [`Failed`] when the stored path is not one.
    pub fn health(&self, body: &impl Serialize, now: Timestamp) -> Result<ProxyRequest, Failed> {
        self.request("health", body, now)
    }

    /// The signed request for an operation on a key.
    ///
    /// # Errors
    /// As [`ProxyCall::health`].
    pub fn on_key(
        &self,
        key: &XksKeyId,
        operation: &str,
        body: &impl Serialize,
        now: Timestamp,
    ) -> Result<ProxyRequest, Failed> {
        self.request(&format!("keys/{key}/{operation}"), body, now)
    }

    fn request(
        &self,
        target: &str,
        body: &impl Serialize,
        now: Timestamp,
    ) -> Result<ProxyRequest, Failed> {
        // Room for the longest body, so that growing leaves no copy behind.
        let mut json = Vec::with_capacity(32 * 1024);
        serde_json::to_writer(&mut json, body).map_err(|_| Failed)?;
        let body = SecretBytes::new(json);
        let path = format!("{}/{target}", self.proxy.uri_path);
        let credential = &self.proxy.credential;
        let secret = credential.secret.expose().as_bytes();
        let outgoing = Outgoing {
            host: self.proxy.host(),
            path: &path,
            body: body.expose(),
        };
        let signed = outgoing
            .sign(
                &credential.access_key_id,
                secret,
                &self.region,
                SERVICE,
                now,
            )
            .map_err(|_| Failed)?;
        Ok(ProxyRequest {
            host: self.proxy.host().to_owned(),
            path,
            date: signed.date,
            authorization: signed.authorization,
            body,
        })
    }
}

impl ProxyReply {
    /// The body of an answer that does not refuse.
    ///
    /// # Errors
    /// [`Failure::Refused`] or [`Failure::Malformed`].
    fn accepted<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let body = self.body.expose();
        if body.len() > MAX_REPLY {
            return Err(Failure::Malformed);
        }
        if self.status == OK {
            return read(body).map_err(|_| Failure::Malformed);
        }
        let refusal: ErrorReply = read(body).map_err(|_| Failure::Malformed)?;
        match ErrorName::named(&refusal.error_name) {
            Some(name) => Err(Failure::Refused(name)),
            None => Err(Failure::Malformed),
        }
    }

    /// That the proxy is well.
    ///
    /// # Errors
    /// [`Failure`]
    pub fn health(&self) -> Result<(), Failure> {
        let health: HealthReply = self.accepted()?;
        if !health.is_valid() {
            return Err(Failure::Malformed);
        }
        if health.is_available() {
            Ok(())
        } else {
            Err(Failure::Unavailable)
        }
    }

    /// What a key is; whether it fits is another question.
    ///
    /// # Errors
    /// [`Failure`]
    pub fn metadata(&self) -> Result<MetadataReply, Failure> {
        let metadata: MetadataReply = self.accepted()?;
        if metadata.key_usage.len() > 10
            || !["ENABLED", "DISABLED"].contains(&metadata.key_status.as_str())
        {
            return Err(Failure::Malformed);
        }
        Ok(metadata)
    }

    /// The ciphertext of what `asked`, which has to be whole.
    ///
    /// # Errors
    /// [`Failure`]
    pub fn encrypted(&self, asked: &EncryptRequest) -> Result<EncryptReply, Failure> {
        let reply: EncryptReply = self.accepted()?;
        let metadata = reply.ciphertext_metadata.as_ref();
        let fits = reply.ciphertext.len() == asked.plaintext.len()
            && metadata.is_none_or(|metadata| metadata.len() <= MAX_CIPHERTEXT_METADATA)
            && matches!(reply.initialization_vector.len(), 12 | 16)
            && reply.authentication_tag.len() == 16;
        let additional = asked.additional_authenticated_data.as_ref();
        let expected = integrity_value(additional.map_or(&[], |data| data.as_slice()), &reply);
        let stated = reply.ciphertext_data_integrity_value.as_ref();
        let whole = stated.is_some_and(|stated| constant_time_eq(stated.as_slice(), &expected));
        if fits && whole {
            Ok(reply)
        } else {
            Err(Failure::Malformed)
        }
    }

    /// The plaintext, of `length` bytes.
    ///
    /// # Errors
    /// [`Failure`]
    pub fn decrypted(&self, length: usize) -> Result<SecretBytes, Failure> {
        let reply: DecryptReply = self.accepted()?;
        if reply.plaintext.len() == length {
            Ok(reply.plaintext)
        } else {
            Err(Failure::Malformed)
        }
    }
}
