//! One object or one range of it, as a stream.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, GetResult, GetResultPayload, ObjectMeta, Result};

use crate::cache::OpenedObject;
use crate::error::{EncryptedObjectError, STORE};
use crate::frames::{Frames, part_of_frame};
use crate::open::{Opening, part};
use crate::store::Shared;

/// How often an object is opened that is replaced again and again while it is.
pub(crate) const MOST_OPENINGS: usize = 8;

impl Shared {
    pub(crate) async fn get(
        self: &Arc<Self>,
        location: &Path,
        options: GetOptions,
    ) -> Result<GetResult> {
        if options.head {
            return self.head(location, options).await;
        }
        if is_unconditional(&options)
            && let Some(object) = self.opened.get(location)
        {
            match self.get_opened(&object, &options).await {
                Ok(Some(result)) => return Ok(result),
                Ok(None) => {}
                // It may have been replaced: what is there now decides.
                Err(_) => self.opened.forget(location),
            }
        }
        for _ in 0..MOST_OPENINGS {
            match self.get_anew(location, &options).await {
                // Not a condition of the caller's: it was replaced between two requests.
                Err(Error::Precondition { .. })
                    if options.if_match.is_none() && options.if_unmodified_since.is_none() => {}
                result => return result,
            }
        }
        let location = location.clone();
        Err(EncryptedObjectError::Changed { location }.into())
    }

    /// What is said of an object, without its bytes.
    async fn head(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let range = options.range.clone();
        let options = GetOptions {
            range: None,
            ..options
        };
        let response = self.ask(location, options).await?;
        let meta = self.lengths.of_plaintext(response.meta)?;
        Ok(GetResult {
            range: resolve(range.as_ref(), meta.size)?,
            payload: GetResultPayload::Stream(stream::empty().boxed()),
            meta,
            attributes: response.attributes,
            extensions: response.extensions,
        })
    }

    /// Reads an object that was opened before, by one request that succeeds only if it is still the
    /// same. `None` when the range needs no frame.
    async fn get_opened(
        self: &Arc<Self>,
        object: &Arc<OpenedObject>,
        options: &GetOptions,
    ) -> Result<Option<GetResult>> {
        let layout = object.message.layout();
        let range = resolve(options.range.as_ref(), layout.plaintext_length())?;
        let (Some(sequences), Some(bytes)) = (
            layout.frames_of(range.clone()),
            layout.ciphertext_range(range.clone()),
        ) else {
            return Ok(None);
        };
        let request = GetOptions {
            range: Some(bytes.clone().into()),
            if_match: object.e_tag.clone(),
            extensions: options.extensions.clone(),
            ..GetOptions::default()
        };
        let response = self.ask(&object.location, request).await?;
        if response.range != bytes || response.meta.size != layout.message_length() {
            return Ok(None);
        }
        let meta = self.lengths.of_plaintext(response.meta.clone())?;
        let (attributes, extensions) = (response.attributes.clone(), response.extensions.clone());
        let frames = Frames {
            shared: Arc::clone(self),
            object: Arc::clone(object),
            ciphertext: response.into_stream(),
            rest: Bytes::new(),
            sequences,
            wanted: range.clone(),
            end: None,
        };
        Ok(Some(GetResult {
            payload: GetResultPayload::Stream(frames.into_stream()),
            meta,
            range,
            attributes,
            extensions,
        }))
    }

    async fn get_anew(
        self: &Arc<Self>,
        location: &Path,
        options: &GetOptions,
    ) -> Result<GetResult> {
        let opening = self.open(location, options).await?;
        let range = resolve(options.range.as_ref(), opening.meta.size)?;
        let (meta, attributes) = (opening.meta.clone(), opening.attributes.clone());
        let extensions = opening.extensions.clone();
        let payload = self.stream(opening, &range, options).await?;
        Ok(GetResult {
            payload: GetResultPayload::Stream(payload),
            meta,
            range,
            attributes,
            extensions,
        })
    }

    /// The plaintext of a range; nothing is read again that came with the opening.
    async fn stream(
        self: &Arc<Self>,
        opening: Opening,
        range: &Range<u64>,
        options: &GetOptions,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let object = opening.object;
        let layout = *object.message.layout();
        let final_frame = layout.final_frame();
        let Some(sequences) = layout.frames_of(range.clone()) else {
            return Ok(stream::empty().boxed());
        };
        let (first, mut until) = sequences.into_inner();
        let end = opening.last.filter(|_| until == final_frame);
        let end = end.map(|plaintext| {
            until = final_frame - 1;
            part_of_frame(&object.message, final_frame, plaintext, range)
        });
        let (Some(from), Some(to)) = (layout.frame_range(first), layout.frame_range(until)) else {
            return Ok(stream::iter(end.map(Ok)).boxed());
        };
        if first > until {
            return Ok(stream::iter(end.map(Ok)).boxed());
        }
        let bytes = from.start..to.end;
        let (rest, ciphertext) = match part(&opening.start, &bytes) {
            Some(here) => (here, stream::empty().boxed()),
            None => {
                let stored = ObjectMeta {
                    size: layout.message_length(),
                    ..opening.meta
                };
                let response = self
                    .inner_range(&object.location, &stored, options, bytes)
                    .await?;
                (Bytes::new(), response.into_stream())
            }
        };
        let frames = Frames {
            shared: Arc::clone(self),
            object,
            ciphertext,
            rest,
            sequences: first..=until,
            wanted: range.clone(),
            end,
        };
        Ok(frames.into_stream())
    }
}

/// Whether any state of the object will do.
fn is_unconditional(options: &GetOptions) -> bool {
    options.if_match.is_none()
        && options.if_none_match.is_none()
        && options.if_modified_since.is_none()
        && options.if_unmodified_since.is_none()
        && options.version.is_none()
}

/// The range that is asked for, of so many bytes; all of them when none is.
pub(crate) fn resolve(range: Option<&GetRange>, length: u64) -> Result<Range<u64>> {
    let Some(range) = range else {
        return Ok(0..length);
    };
    range.as_range(length).map_err(|source| Error::Generic {
        store: STORE,
        source: Box::new(source),
    })
}
