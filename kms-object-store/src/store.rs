//! The store itself.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use kms_core::ciphertext::EncryptionContext;
use kms_core::envelope::{
    DEFAULT_FRAME_LENGTH, DEFAULT_MAX_DATA_KEYS, DataKeys, MAX_WRITTEN_FRAME_LENGTH,
};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use crate::cache::OpenedObjects;
use crate::error::InvalidStoreOptions;
use crate::lengths::Lengths;
#[cfg(test)]
use crate::put::EncryptedUpload;

/// The key of the pair of the encryption context that binds an object to its location.
pub const LOCATION_CONTEXT_KEY: &str = "object-location";
/// What the keys of the encryption context start with that the message format keeps for itself.
const RESERVED_PREFIX: &str = "aws-crypto-";
const DEFAULT_HEADER_LENGTH: u32 = 1024;
const SMALLEST_HEADER: u32 = 256;
const LARGEST_HEADER: u32 = 64 * 1024;

/// Where a store gets its data keys. It may block, and is asked on threads that may.
pub type Keyring = Arc<dyn DataKeys + Send + Sync>;

/// What holds for all objects of a store. Whoever reads them needs the same lengths and context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Plaintext bytes per frame, from 1 to 1 MiB; 64 KiB unless told otherwise. A range costs whole
    /// frames.
    pub frame_length: u32,
    /// Bytes of each object's header, from 256 to 64 KiB; 1,024 unless told otherwise, which has room
    /// for about three keys of a KMS. It is the same for all objects, so that their sizes are known
    /// without reading them.
    pub header_length: u32,
    /// The largest number of encrypted data keys of an object, one for each recipient and one that
    /// fills the header up.
    pub max_data_keys: usize,
    /// Pairs that every object is bound to besides its location, such as the name of the store. They
    /// are not stored.
    pub context: EncryptionContext,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            frame_length: DEFAULT_FRAME_LENGTH,
            header_length: DEFAULT_HEADER_LENGTH,
            max_data_keys: DEFAULT_MAX_DATA_KEYS,
            context: EncryptionContext::new(),
        }
    }
}

impl StoreOptions {
    fn check(&self) -> Result<(), InvalidStoreOptions> {
        if !(1..=MAX_WRITTEN_FRAME_LENGTH).contains(&self.frame_length) {
            return Err(InvalidStoreOptions::FrameLength);
        }
        if !(SMALLEST_HEADER..=LARGEST_HEADER).contains(&self.header_length) {
            return Err(InvalidStoreOptions::HeaderLength);
        }
        let reserved = |key: &str| key == LOCATION_CONTEXT_KEY || key.starts_with(RESERVED_PREFIX);
        let mut keys = self.context.iter().map(|(key, _)| key);
        if let Some(key) = keys.find(|key| reserved(key)) {
            return Err(InvalidStoreOptions::ReservedContextKey(key.clone()));
        }
        self.context.serialise()?;
        Ok(())
    }
}

/// What the store, its uploads and its streams share.
pub(crate) struct Shared {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) keys: Keyring,
    pub(crate) lengths: Lengths,
    pub(crate) max_data_keys: usize,
    context: EncryptionContext,
    pub(crate) opened: OpenedObjects,
}

impl Shared {
    /// Asks the inner store for an object. Whatever it says where the object is, the answer has the
    /// location that was asked for: this one is what the object is bound to, and an inner store that
    /// answers with another object is refused for it.
    pub(crate) async fn ask(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut response = self.inner.get_opts(location, options).await?;
        response.meta.location = location.clone();
        Ok(response)
    }

    /// The encryption context of an object.
    pub(crate) fn context_of(&self, location: &Path) -> EncryptionContext {
        let mut context = self.context.clone();
        context.insert(
            LOCATION_CONTEXT_KEY.to_owned(),
            location.as_ref().to_owned(),
        );
        context
    }
}

/// An object store that encrypts what is put into another one.
///
/// * Each object is one message under a data key of its own, bound to the object's location: objects
///   that somebody swaps or moves in the inner store are refused. A copy or a rename by this store
///   encrypts anew.
/// * The first read of an object costs one or two requests more, for its header and its end, and a
///   data key; then it is remembered, and a read is one request for the frames that it touches.
/// * Sizes are those of the plaintext. `head` and `list` take them from the sizes in the inner store
///   by arithmetic, and authenticate nothing; every read does.
/// * `e_tag`, version, attributes and conditions are the inner store's.
/// * A payload that is put at once is sealed as a whole in memory; an upload in parts needs memory for one
///   part. Reading needs memory for one frame, but for `get_ranges`, which needs it for its
///   ranges.
///
/// An object that is not authentic gives an [`object_store::Error::Generic`] with an
/// [`EncryptedObjectError`](crate::EncryptedObjectError) inside, never its bytes.
#[derive(Clone)]
pub struct EncryptedObjectStore(Arc<Shared>);

impl EncryptedObjectStore {
    /// A store over `inner` whose data keys are `keys`'.
    ///
    /// # Errors
    /// [`InvalidStoreOptions`].
    pub fn new(
        inner: Arc<dyn ObjectStore>,
        keys: Keyring,
        options: StoreOptions,
    ) -> Result<Self, InvalidStoreOptions> {
        options.check()?;
        Ok(Self(Arc::new(Shared {
            inner,
            keys,
            lengths: Lengths {
                header: options.header_length,
                frame: options.frame_length,
            },
            max_data_keys: options.max_data_keys,
            context: options.context,
            opened: OpenedObjects::default(),
        })))
    }

    #[cfg(test)]
    pub(crate) async fn put_multipart_for_tests(&self, location: &Path) -> EncryptedUpload {
        let options = PutMultipartOptions::default();
        self.0.put_multipart(location, options).await.unwrap()
    }

    fn with_plaintext_sizes(
        &self,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let lengths = self.0.lengths;
        listed.map(move |meta| lengths.of_plaintext(meta?)).boxed()
    }
}

impl fmt::Debug for EncryptedObjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedObjectStore")
            .field("inner", &self.0.inner)
            .field("lengths", &self.0.lengths)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for EncryptedObjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptedObjectStore({})", self.0.inner)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for EncryptedObjectStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.0.put(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(self.0.put_multipart(location, opts).await?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.with_plaintext_sizes(self.0.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.with_plaintext_sizes(self.0.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let listed = self.0.inner.list_with_delimiter(prefix).await?;
        let objects = listed.objects.into_iter();
        let objects = objects.map(|meta| self.0.lengths.of_plaintext(meta));
        Ok(ListResult {
            objects: objects.collect::<Result<_>>()?,
            ..listed
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.rename(from, to, options).await
    }
}
