//! The outer layer of a ciphertext: what the proxy of a key's external store adds and takes away.

use super::ExternalUse;
use crate::Error;
use crate::api::Operation;
use crate::ciphertext::{DoubleBlob, EncryptionContext, Name, OuterLayer};
use crate::ids::XksKeyId;
use crate::secret::SecretBytes;
use crate::service::operation::{Step, Target};
use crate::xks::EncryptReply;

/// The external key of a key, ready to be used for one request.
#[derive(Debug)]
pub(in crate::service) struct Outer {
    using: ExternalUse,
    key: XksKeyId,
}

impl Outer {
    /// The outer layer of a key's ciphertexts; `None` for keys that are in no external store.
    pub(in crate::service) fn of(
        step: &Step<'_>,
        target: &Target,
        operation: Operation,
    ) -> Result<Option<Box<Self>>, Error> {
        let Some(external) = &target.key.key.external else {
            return Ok(None);
        };
        let (using, key) = ExternalUse::of_key(step, target, external, operation.as_str())?;
        Ok(Some(Box::new(Self { using, key })))
    }

    /// Has the proxy encrypt an inner blob; the blob of both layers.
    pub(in crate::service) async fn seal(
        &self,
        name: Name,
        context: &EncryptionContext,
        inner: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let additional = name.authenticated(context)?;
        let inner = SecretBytes::new(inner);
        let reply = self.using.encrypt(&self.key, inner, additional).await?;
        let metadata = reply.ciphertext_metadata.as_ref();
        let layer = OuterLayer {
            metadata: metadata.map_or_else(Vec::new, |blob| blob.as_slice().to_vec()),
            initialization_vector: reply.initialization_vector.as_slice().to_vec(),
            tag: reply.authentication_tag.as_slice().to_vec(),
            ciphertext: reply.ciphertext.as_slice().to_vec(),
        };
        let blob = DoubleBlob::new(name, layer);
        let blob = blob.ok_or_else(|| Error::internal("an outer layer that was checked"))?;
        Ok(blob.to_bytes())
    }

    /// Has the proxy decrypt an outer layer; the inner blob.
    pub(in crate::service) async fn open(
        &self,
        name: Name,
        context: &EncryptionContext,
        layer: OuterLayer,
    ) -> Result<SecretBytes, Error> {
        let additional = name.authenticated(context)?;
        let metadata = Some(layer.metadata).filter(|metadata| !metadata.is_empty());
        let sealed = EncryptReply {
            ciphertext: layer.ciphertext.into(),
            ciphertext_metadata: metadata.map(Into::into),
            initialization_vector: layer.initialization_vector.into(),
            authentication_tag: layer.tag.into(),
            ciphertext_data_integrity_value: None,
        };
        self.using.decrypt(&self.key, sealed, additional).await
    }
}
