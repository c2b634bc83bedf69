//! An inner store that writes down what is asked of it.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

pub(super) type Spoil = fn(&mut Vec<Bytes>);

/// Objects in memory, and the ranges that were asked of them.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) memory: InMemory,
    asked: Mutex<Vec<Range<u64>>>,
    /// What another one puts before each request to come, if anything.
    replacements: Mutex<VecDeque<Option<PutPayload>>>,
    /// What is made of several ranges before they are given, if anything.
    spoiled: Mutex<Option<Spoil>>,
    /// The object that is given in the place of any, if it lies.
    instead: Mutex<Option<Path>>,
}

impl Watched {
    /// The ranges that were asked for since this was called last.
    pub(super) fn take(&self) -> Vec<Range<u64>> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Watched {
    /// Has the object replaced before some of the next requests.
    pub(super) fn replace_before(&self, requests: impl IntoIterator<Item = Option<PutPayload>>) {
        self.replacements.lock().unwrap().extend(requests);
    }

    /// Answers with this object, whichever is asked for.
    pub(super) fn answer_with(&self, location: &Path) {
        *self.instead.lock().unwrap() = Some(location.clone());
    }

    /// Gives several ranges as this leaves them.
    pub(super) fn spoil_ranges(&self, spoil: Spoil) {
        *self.spoiled.lock().unwrap() = Some(spoil);
    }

    fn answered(&self, location: &Path) -> Path {
        let instead = self.instead.lock().unwrap().clone();
        instead.unwrap_or_else(|| location.clone())
    }

    async fn replace(&self, location: &Path) {
        let replacement = self.replacements.lock().unwrap().pop_front();
        if let Some(stored) = replacement.flatten() {
            self.memory.put(location, stored).await.unwrap();
        }
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.memory.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.memory.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let head = options.head;
        self.replace(location).await;
        let result = self
            .memory
            .get_opts(&self.answered(location), options)
            .await?;
        if !head {
            self.asked.lock().unwrap().push(result.range.clone());
        }
        Ok(result)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.replace(location).await;
        self.asked.lock().unwrap().extend_from_slice(ranges);
        let location = self.answered(location);
        let mut read = self.memory.get_ranges(&location, ranges).await?;
        if let Some(spoil) = *self.spoiled.lock().unwrap() {
            spoil(&mut read);
        }
        Ok(read)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.memory.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.memory.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.memory.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        panic!("ciphertext is never copied: it is bound to its location")
    }
}
