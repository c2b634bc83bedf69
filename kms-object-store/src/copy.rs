//! Copies: an object is bound to its location, so that a copy is made anew.

use std::sync::Arc;

use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, MultipartUpload, PutMode,
    PutMultipartOptions, PutOptions, PutPayloadMut, RenameOptions, RenameTargetMode, Result,
};

use crate::store::Shared;

/// What is copied at once, and the size of parts of what is not.
const PART: u64 = 8 * 1024 * 1024;
/// Stores take 10,000 parts at most; ciphertext is a little longer than plaintext.
const MOST_PARTS: u64 = 9_000;

impl Shared {
    /// Decrypts an object and encrypts it for its new place. In memory is a part of it, or all where
    /// the copy must not replace anything: an upload in parts has no condition.
    pub(crate) async fn copy(
        self: &Arc<Self>,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> Result<()> {
        let request = GetOptions {
            extensions: options.extensions.clone(),
            ..GetOptions::default()
        };
        let source = self.get(from, request).await?;
        if options.mode == CopyMode::Overwrite && source.meta.size > PART {
            return self.copy_in_parts(source, to, options).await;
        }
        let options = PutOptions {
            mode: match options.mode {
                CopyMode::Overwrite => PutMode::Overwrite,
                CopyMode::Create => PutMode::Create,
            },
            attributes: source.attributes.clone(),
            extensions: options.extensions,
            ..PutOptions::default()
        };
        let plaintext = source.bytes().await?;
        self.put(to, plaintext.into(), options).await.map(|_| ())
    }

    async fn copy_in_parts(
        self: &Arc<Self>,
        source: GetResult,
        to: &Path,
        options: CopyOptions,
    ) -> Result<()> {
        let options = PutMultipartOptions {
            attributes: source.attributes.clone(),
            extensions: options.extensions,
            ..PutMultipartOptions::default()
        };
        let mut upload = self.put_multipart(to, options).await?;
        match put_all(source, &mut upload).await {
            Ok(()) => upload.complete().await.map(|_| ()),
            Err(error) => {
                // What went wrong is told, not what went wrong with cleaning up.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }

    pub(crate) async fn rename(
        self: &Arc<Self>,
        from: &Path,
        to: &Path,
        options: RenameOptions,
    ) -> Result<()> {
        let mode = match options.target_mode {
            RenameTargetMode::Overwrite => CopyMode::Overwrite,
            RenameTargetMode::Create => CopyMode::Create,
        };
        if from == to {
            return self.rename_to_itself(from, mode).await;
        }
        let copy = CopyOptions {
            mode,
            extensions: options.extensions,
        };
        self.copy(from, to, copy).await?;
        let from = from.clone();
        let only = futures_util::stream::iter([Ok(from)]).boxed();
        let mut deleted = self.inner.delete_stream(only);
        while let Some(location) = deleted.next().await {
            location?;
        }
        Ok(())
    }

    /// A copy that is then deleted would be no more.
    async fn rename_to_itself(&self, location: &Path, mode: CopyMode) -> Result<()> {
        let request = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        self.ask(location, request).await?;
        match mode {
            CopyMode::Overwrite => Ok(()),
            CopyMode::Create => Err(Error::AlreadyExists {
                path: location.to_string(),
                source: "an object is not renamed to itself".into(),
            }),
        }
    }
}

async fn put_all(source: GetResult, upload: &mut dyn MultipartUpload) -> Result<()> {
    let part = PART.max(source.meta.size / MOST_PARTS);
    let part = usize::try_from(part).unwrap_or(usize::MAX);
    let mut plaintext = source.into_stream();
    let mut waiting = PutPayloadMut::new();
    while let Some(piece) = plaintext.next().await {
        waiting.push(piece?);
        if waiting.content_length() >= part {
            upload
                .put_part(std::mem::take(&mut waiting).freeze())
                .await?;
        }
    }
    if !waiting.is_empty() {
        upload.put_part(waiting.freeze()).await?;
    }
    Ok(())
}
