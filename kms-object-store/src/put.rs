//! Objects that are put at once, or in parts.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{ready, try_join_all};
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{EncryptError, EncryptOptions, FrameLayout, MessageEncryptor};
use object_store::path::Path;
use object_store::{
    MultipartUpload, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use crate::blocking::blocking;
use crate::error::EncryptedObjectError;
use crate::store::Shared;

/// The smallest part that is put into an upload of the inner store, but for the last: no less is taken
/// by Amazon S3.
const SMALLEST_PART: usize = 5 * 1024 * 1024;

impl Shared {
    pub(crate) async fn put(
        self: &Arc<Self>,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let (shared, place) = (Arc::clone(self), location.clone());
        let sealed = blocking(move || shared.seal(&place, &payload)).await?;
        let sealed = sealed.map_err(|source| not_encrypted(location, source))?;
        let put = self.inner.put_opts(location, sealed.into(), options).await;
        self.opened.forget(location);
        put
    }

    pub(crate) async fn put_multipart(
        self: &Arc<Self>,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<EncryptedUpload> {
        let (shared, place) = (Arc::clone(self), location.clone());
        let encryptor = blocking(move || shared.encryptor(&place)).await?;
        let encryptor = encryptor.map_err(|source| not_encrypted(location, source))?;
        Ok(EncryptedUpload {
            shared: Arc::clone(self),
            location: location.clone(),
            upload: self.inner.put_multipart_opts(location, options).await?,
            encryptor: Some(encryptor),
            sealed: Vec::new(),
            part_length: None,
        })
    }

    fn encryptor(&self, location: &Path) -> Result<MessageEncryptor, EncryptError> {
        let context = self.context_of(location);
        let options = EncryptOptions {
            frame_length: self.lengths.frame,
            header_length: Some(self.lengths.header),
            max_data_keys: self.max_data_keys,
            required_context_keys: context.iter().map(|(key, _)| key.clone()).collect(),
            ..EncryptOptions::default()
        };
        MessageEncryptor::new(self.keys.as_ref(), &context, &options, &SystemRandom)
    }

    fn seal(&self, location: &Path, payload: &PutPayload) -> Result<Vec<u8>, EncryptError> {
        let mut encryptor = self.encryptor(location)?;
        let length = u64::try_from(payload.content_length()).unwrap_or(u64::MAX);
        let header = u64::from(self.lengths.header);
        let layout = FrameLayout::of_plaintext(length, header, self.lengths.frame);
        let length = layout.and_then(|layout| usize::try_from(layout.message_length()).ok());
        let mut sealed = Vec::with_capacity(length.ok_or(EncryptError::TooLong)?);
        for piece in payload {
            encryptor.update(piece, &mut sealed)?;
        }
        encryptor.finish(&mut sealed)?;
        Ok(sealed)
    }
}

fn not_encrypted(location: &Path, source: EncryptError) -> EncryptedObjectError {
    EncryptedObjectError::Encrypt {
        location: location.clone(),
        source,
    }
}

/// An upload in parts of any size, in the order in which they are put.
///
/// Parts are sealed when they are put, and handed on in parts of one size: that of the first one, or 5
/// MiB if that is more. What waits for the next part is ciphertext, less than one part of it,
/// and less than a frame of plaintext.
pub(crate) struct EncryptedUpload {
    shared: Arc<Shared>,
    location: Path,
    upload: Box<dyn MultipartUpload>,
    /// Gone when the upload has failed or ended.
    encryptor: Option<MessageEncryptor>,
    sealed: Vec<u8>,
    part_length: Option<usize>,
}

impl fmt::Debug for EncryptedUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedUpload")
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

impl EncryptedUpload {
    fn ended(&self) -> object_store::Error {
        let location = self.location.clone();
        EncryptedObjectError::UploadEnded { location }.into()
    }

    /// Takes the whole parts off what is sealed.
    ///
    /// They share the memory that they were sealed into: only what is left is copied, and once, however
    /// many parts were put at once.
    fn take_parts(&mut self, length: usize) -> Vec<PutPayload> {
        if self.sealed.len() < length {
            return Vec::new();
        }
        let mut sealed = Bytes::from(std::mem::take(&mut self.sealed));
        let mut parts = Vec::new();
        while sealed.len() >= length {
            parts.push(sealed.split_to(length).into());
        }
        self.sealed = sealed.to_vec();
        parts
    }

    #[cfg(test)]
    pub(crate) fn waiting_for_tests(&self) -> (usize, usize) {
        (self.sealed.len(), self.sealed.capacity())
    }

    #[cfg(test)]
    pub(crate) fn replace_for_tests(&mut self, upload: Box<dyn MultipartUpload>) {
        self.upload = upload;
    }

    fn seal(&mut self, data: &PutPayload) -> Result<()> {
        let Some(mut encryptor) = self.encryptor.take() else {
            return Err(self.ended());
        };
        for piece in data {
            let sealed = encryptor.update(piece, &mut self.sealed);
            sealed.map_err(|source| not_encrypted(&self.location, source))?;
        }
        self.encryptor = Some(encryptor);
        Ok(())
    }
}

#[async_trait]
impl MultipartUpload for EncryptedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        if let Err(error) = self.seal(&data) {
            return ready(Err(error)).boxed();
        }
        let first = data.content_length().max(SMALLEST_PART);
        let length = *self.part_length.get_or_insert(first);
        let mut parts = Vec::new();
        for part in self.take_parts(length) {
            parts.push(self.upload.put_part(part));
        }
        try_join_all(parts).map(|done| done.map(|_| ())).boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let encryptor = self.encryptor.take().ok_or_else(|| self.ended())?;
        let finished = encryptor.finish(&mut self.sealed);
        finished.map_err(|source| not_encrypted(&self.location, source))?;
        let length = self.part_length.unwrap_or(SMALLEST_PART);
        for part in self.take_parts(length) {
            self.upload.put_part(part).await?;
        }
        let rest = std::mem::take(&mut self.sealed);
        if !rest.is_empty() {
            self.upload.put_part(rest.into()).await?;
        }
        let put = self.upload.complete().await;
        self.shared.opened.forget(&self.location);
        put
    }

    async fn abort(&mut self) -> Result<()> {
        self.encryptor = None;
        self.sealed = Vec::new();
        self.upload.abort().await
    }
}
