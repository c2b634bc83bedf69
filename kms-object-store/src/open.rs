//! Opening an object: its header, its data key, its end.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use kms_core::envelope::{DecryptError, DecryptOptions, MessageStart};
use kms_core::secret::SecretBytes;
use object_store::path::Path;
use object_store::{Attributes, Extensions, GetOptions, GetResult, ObjectMeta, Result};

use crate::blocking::blocking;
use crate::cache::OpenedObject;
use crate::error::EncryptedObjectError;
use crate::lengths::Lengths;
use crate::store::Shared;

/// Plaintext bytes that an object may have to come whole with its header, in one request.
const SMALL: u32 = 64 * 1024;
/// What two frames have around their plaintext.
const AROUND_FRAMES: u32 = 32 + 40;

/// An object that was just opened, and what came along.
pub(crate) struct Opening {
    pub(crate) object: Arc<OpenedObject>,
    /// The bytes of the stored object that came with its header, from the first on.
    pub(crate) start: Bytes,
    /// The plaintext of the final frame, if it had to be read.
    pub(crate) last: Option<SecretBytes>,
    /// With the size of the plaintext.
    pub(crate) meta: ObjectMeta,
    pub(crate) attributes: Attributes,
    pub(crate) extensions: Extensions,
}

impl Shared {
    /// Opens the object in the state in which the caller's conditions find it.
    pub(crate) async fn open(&self, location: &Path, options: &GetOptions) -> Result<Opening> {
        let Lengths { header, frame } = self.lengths;
        let first = u64::from(header) + u64::from(frame.min(SMALL) + AROUND_FRAMES);
        let first = GetOptions {
            range: Some((0..first).into()),
            ..options.clone()
        };
        let response = self.ask(location, first).await?;
        let stored = response.meta.clone();
        let (attributes, extensions) = (response.attributes.clone(), response.extensions.clone());
        // A size that is none of this store's is refused before anything else is.
        let meta = self.lengths.of_plaintext(stored.clone())?;
        let start = response.bytes().await?;
        let (object, last) = match self.opened_before(location, &stored) {
            Some(object) => (object, None),
            None => {
                let (object, last) = self
                    .authenticate(location, &start, &stored, options)
                    .await?;
                (object, Some(last))
            }
        };
        Ok(Opening {
            object,
            start,
            last,
            meta,
            attributes,
            extensions,
        })
    }

    /// The object as it was opened before, if it is in the same state.
    fn opened_before(&self, location: &Path, stored: &ObjectMeta) -> Option<Arc<OpenedObject>> {
        let same = |object: &Arc<OpenedObject>| {
            object.e_tag.is_some()
                && object.e_tag == stored.e_tag
                && object.message.layout().message_length() == stored.size
        };
        self.opened.get(location).filter(same)
    }

    async fn authenticate(
        &self,
        location: &Path,
        beginning: &Bytes,
        stored: &ObjectMeta,
        options: &GetOptions,
    ) -> Result<(Arc<OpenedObject>, SecretBytes)> {
        let refused = |source| EncryptedObjectError::Decrypt {
            location: location.clone(),
            source,
        };
        let start = self.message_start(location, beginning.clone(), stored.size);
        let start = start.await?;
        let start = start.map_err(refused)?;
        if self.lengths.layout(stored.size) != Some(*start.layout()) {
            let location = location.clone();
            return Err(EncryptedObjectError::Lengths { location }.into());
        }
        let end = start.layout().final_frame_range();
        let frame = match part(beginning, &end) {
            Some(frame) => frame,
            None => {
                self.inner_range(location, stored, options, end)
                    .await?
                    .bytes()
                    .await?
            }
        };
        let (message, last) = start.prove_end(&frame).map_err(refused)?;
        let object = Arc::new(OpenedObject {
            location: location.clone(),
            message,
            e_tag: stored.e_tag.clone(),
        });
        self.opened.keep(&object);
        Ok((object, last))
    }

    /// Asks for the data key, which may take a call to a key service.
    async fn message_start(
        &self,
        location: &Path,
        beginning: Bytes,
        size: u64,
    ) -> Result<Result<MessageStart, DecryptError>> {
        let keys = Arc::clone(&self.keys);
        let options = DecryptOptions {
            max_data_keys: self.max_data_keys,
            max_held_bytes: usize::try_from(self.lengths.frame).unwrap_or(usize::MAX),
            reproduced_context: self.context_of(location),
            ..DecryptOptions::default()
        };
        blocking(move || MessageStart::open(&mut &*beginning, size, keys.as_ref(), &options)).await
    }

    /// A range of what is stored, out of the very object that `stored` tells of.
    pub(crate) async fn inner_range(
        &self,
        location: &Path,
        stored: &ObjectMeta,
        options: &GetOptions,
        range: Range<u64>,
    ) -> Result<GetResult> {
        let options = GetOptions {
            range: Some(range.clone().into()),
            if_match: stored.e_tag.clone(),
            version: options.version.clone(),
            extensions: options.extensions.clone(),
            ..GetOptions::default()
        };
        let response = self.ask(location, options).await?;
        if response.range != range || response.meta.size != stored.size {
            let location = location.clone();
            return Err(EncryptedObjectError::Changed { location }.into());
        }
        Ok(response)
    }
}

/// A range of an object that begins with these bytes, if they have all of it.
pub(crate) fn part(beginning: &Bytes, range: &Range<u64>) -> Option<Bytes> {
    let start = usize::try_from(range.start).ok()?;
    let end = usize::try_from(range.end).ok()?;
    (start <= end && end <= beginning.len()).then(|| beginning.slice(start..end))
}
