//! One use of a proxy: put together while the state is held, made after it is let go.

use std::sync::Arc;

use super::{failure, find, store_of};
use crate::api::Blob;
use crate::ids::XksKeyId;
use crate::secret::SecretBytes;
use crate::service::operation::{Inquiry, Step, Target};
use crate::time::Clock;
use crate::xks::{
    AES_GCM, Connection, DecryptRequest, EncryptReply, EncryptRequest, ExternalKey,
    ExternalKeyProxy, Failure, MetadataRequest, Proxy, ProxyCall, ProxyReply, ProxyRequest,
    RequestMetadata, SHA_256,
};
use crate::{CustomKeyStoreFault, Error};

/// A proxy, how it is asked and for whom.
#[derive(Debug)]
pub(in crate::service) struct ExternalUse {
    carrier: Arc<dyn ExternalKeyProxy>,
    clock: Arc<dyn Clock>,
    call: ProxyCall,
    metadata: RequestMetadata,
}

/// The failure of a process that has nobody to carry its requests.
fn no_carrier() -> Error {
    Error::InvalidState(
        "This process cannot use external key stores: it has no client of external key store \
         proxies. Ask a server that is configured with one."
            .to_owned(),
    )
}

impl ExternalUse {
    /// A proxy that is asked for the store alone.
    pub(super) fn of_proxy(proxy: Proxy, step: &Step<'_>, operation: &str) -> Result<Self, Error> {
        let carrier = step.engine.external_key_proxy().ok_or_else(no_carrier)?;
        Ok(Self {
            carrier: Arc::clone(carrier),
            clock: Arc::clone(&step.engine.clock),
            call: ProxyCall {
                proxy,
                region: step.call.region.clone(),
            },
            metadata: RequestMetadata {
                kms_operation: operation.to_owned(),
                kms_request_id: step.call.request_id.clone(),
                ..RequestMetadata::default()
            },
        })
    }

    /// The proxy of the store that a key is in, and the external key.
    pub(in crate::service) fn of_key(
        step: &Step<'_>,
        target: &Target,
        external: &ExternalKey,
        operation: &str,
    ) -> Result<(Self, XksKeyId), Error> {
        let arn = &target.key.key.arn;
        let store = store_of(step.state, arn, &external.store)?;
        let mut using = Self::of_proxy(store.proxy.clone(), step, operation)?;
        using.metadata.aws_principal_arn = Some(step.call.caller.principal().arn());
        using.metadata.kms_key_arn = Some(arn.to_string());
        Ok((using, external.key.clone()))
    }

    async fn post(&self, request: ProxyRequest) -> Result<ProxyReply, Failure> {
        self.carrier.post(request).await.map_err(Failure::from)
    }

    fn request_metadata(&self) -> MetadataRequest {
        MetadataRequest {
            request_metadata: self.metadata.clone(),
        }
    }

    /// Whether the proxy is well.
    pub(super) async fn health(&self) -> Result<(), Failure> {
        let request = self.call.health(&self.request_metadata(), self.clock.now());
        let request = request.map_err(|_| Failure::Malformed)?;
        self.post(request).await?.health()
    }

    /// Whether the external key can be that of a KMS key.
    async fn fits(&self, key: &XksKeyId) -> Result<bool, Failure> {
        let (body, now) = (self.request_metadata(), self.clock.now());
        let request = self.call.on_key(key, "metadata", &body, now);
        let request = request.map_err(|_| Failure::Malformed)?;
        Ok(self.post(request).await?.metadata()?.fits())
    }

    /// Has the proxy encrypt.
    pub(in crate::service) async fn encrypt(
        &self,
        key: &XksKeyId,
        plaintext: SecretBytes,
        additional: Vec<u8>,
    ) -> Result<EncryptReply, Error> {
        let body = EncryptRequest {
            request_metadata: self.metadata.clone(),
            additional_authenticated_data: Some(additional.into()),
            plaintext,
            encryption_algorithm: AES_GCM.to_owned(),
            ciphertext_data_integrity_value_algorithm: Some(SHA_256.to_owned()),
        };
        let now = self.clock.now();
        let request = self.call.on_key(key, "encrypt", &body, now)?;
        let reply = self.post(request).await.map_err(failure::in_use)?;
        reply.encrypted(&body).map_err(failure::in_use)
    }

    /// Has the proxy decrypt what it encrypted.
    pub(in crate::service) async fn decrypt(
        &self,
        key: &XksKeyId,
        sealed: EncryptReply,
        additional: Vec<u8>,
    ) -> Result<SecretBytes, Error> {
        let length = sealed.ciphertext.len();
        let body = DecryptRequest {
            request_metadata: self.metadata.clone(),
            additional_authenticated_data: Some(Blob::from(additional)),
            ciphertext: sealed.ciphertext,
            ciphertext_metadata: sealed.ciphertext_metadata,
            encryption_algorithm: AES_GCM.to_owned(),
            initialization_vector: sealed.initialization_vector,
            authentication_tag: sealed.authentication_tag,
        };
        let now = self.clock.now();
        let request = self.call.on_key(key, "decrypt", &body, now)?;
        let reply = self.post(request).await.map_err(failure::in_use)?;
        reply.decrypted(length).map_err(failure::in_use)
    }
}

/// Checks that a key may be made of an external key, and asks whether that one fits.
///
/// # Errors
/// [`Error::CustomKeyStore`] when there is no such store, it is not connected, or another key has
/// the external key.
pub(in crate::service) fn asked_for_key(
    external: &ExternalKey,
    step: &Step<'_>,
    operation: &str,
) -> Result<Inquiry, Error> {
    let store = find(external.store.as_str(), step)?;
    if store.connection != Connection::Connected {
        return Err(super::fault(
            CustomKeyStoreFault::InvalidState,
            format!(
                "Custom key store {} is in the connection state {}; connect it before you create \
                 a key in it.",
                store.id,
                store.connection.state()
            ),
        ));
    }
    let mut keys = step.state.external_keys(&store.account, &store.region);
    if keys.any(|key| key == external) {
        return Err(super::fault(
            CustomKeyStoreFault::KeyAlreadyInUse,
            format!(
                "The XksKeyId {} is already associated with another KMS key in this external key \
                 store.",
                external.key
            ),
        ));
    }
    let mut using = ExternalUse::of_proxy(store.proxy.clone(), step, operation)?;
    using.metadata.aws_principal_arn = Some(step.call.caller.principal().arn());
    let key = external.key.clone();
    Ok(Box::pin(async move { using.fits(&key).await }))
}
