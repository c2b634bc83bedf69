//! Frames out of a stream of ciphertext, opened as they come.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use kms_core::envelope::{DecryptError, Part, RangedMessage};
use kms_core::secret::SecretBytes;
use object_store::Result;

use crate::cache::OpenedObject;
use crate::error::EncryptedObjectError;
use crate::store::Shared;

/// Plaintext on its way to a caller, wiped when the last part of it is dropped.
struct Plaintext(SecretBytes);

impl AsRef<[u8]> for Plaintext {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// What of a frame's plaintext lies in `wanted`, a range of the whole plaintext.
pub(crate) fn part_of_frame(
    message: &RangedMessage,
    sequence: u32,
    plaintext: SecretBytes,
    wanted: &Range<u64>,
) -> Bytes {
    let plaintext = Bytes::from_owner(Plaintext(plaintext));
    slice_of_frame(message, sequence, &plaintext, wanted)
}

/// As [`part_of_frame`], of a frame that is shared between several ranges.
pub(crate) fn slice_of_frame(
    message: &RangedMessage,
    sequence: u32,
    plaintext: &Bytes,
    wanted: &Range<u64>,
) -> Bytes {
    let frame = message.layout().plaintext_of(sequence).unwrap_or_default();
    let bound = |position: u64| {
        let inside = position.clamp(frame.start, frame.end) - frame.start;
        let inside = usize::try_from(inside).unwrap_or(usize::MAX);
        inside.min(plaintext.len())
    };
    let (start, end) = (bound(wanted.start), bound(wanted.end));
    plaintext.slice(start..end.max(start))
}

/// Frame `sequence` out of the bytes that stand where it does.
pub(crate) fn open_frame(
    object: &OpenedObject,
    sequence: u32,
    frame: &[u8],
) -> Result<SecretBytes> {
    let opened = object.message.open_frame(sequence, frame);
    Ok(opened.map_err(|source| refused(object, source))?)
}

fn refused(object: &OpenedObject, source: DecryptError) -> EncryptedObjectError {
    EncryptedObjectError::Decrypt {
        location: object.location.clone(),
        source,
    }
}

/// Frames that are read and opened one after the other; one at a time is in memory, besides what
/// the inner store hands out at once.
pub(crate) struct Frames {
    pub(crate) shared: Arc<Shared>,
    pub(crate) object: Arc<OpenedObject>,
    pub(crate) ciphertext: BoxStream<'static, Result<Bytes>>,
    /// What came of the ciphertext and is not used yet.
    pub(crate) rest: Bytes,
    /// The frames that the ciphertext has, as far as they are not opened.
    pub(crate) sequences: RangeInclusive<u32>,
    /// The plaintext that is asked for.
    pub(crate) wanted: Range<u64>,
    /// What comes after these frames and is opened already: the part of the final frame. It is kept
    /// here, so that it is not released when one of them is refused.
    pub(crate) end: Option<Bytes>,
}

impl Frames {
    /// The plaintext, a frame or less at a time; ends with the first error, after which nothing is
    /// released.
    pub(crate) fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        stream::unfold(Some(self), |frames| async {
            let mut frames = frames?;
            let Some(sequence) = frames.sequences.next() else {
                let end = frames.end.take()?;
                return Some((Ok(end), Some(frames)));
            };
            match frames.open(sequence).await {
                Ok(plaintext) => Some((Ok(plaintext), Some(frames))),
                Err(error) => {
                    frames.shared.opened.forget(&frames.object.location);
                    Some((Err(error), None))
                }
            }
        })
        .boxed()
    }

    async fn open(&mut self, sequence: u32) -> Result<Bytes> {
        let range = self.object.message.layout().frame_range(sequence);
        let length = range.and_then(|range| usize::try_from(range.end - range.start).ok());
        let frame = self.take(length.unwrap_or(usize::MAX), sequence).await?;
        let plaintext = open_frame(&self.object, sequence, &frame)?;
        let message = &self.object.message;
        Ok(part_of_frame(message, sequence, plaintext, &self.wanted))
    }

    /// The next bytes of the ciphertext, without a copy when they came in one piece.
    async fn take(&mut self, length: usize, sequence: u32) -> Result<Bytes> {
        if self.rest.len() >= length {
            return Ok(self.rest.split_to(length));
        }
        let mut frame = Vec::new();
        loop {
            let count = self.rest.len().min(length.saturating_sub(frame.len()));
            let piece = self.rest.split_to(count);
            if frame.is_empty() && piece.len() == length {
                return Ok(piece);
            }
            frame.extend_from_slice(&piece);
            if frame.len() == length {
                return Ok(frame.into());
            }
            self.rest = match self.ciphertext.next().await {
                Some(piece) => piece?,
                None => {
                    let cut_off = DecryptError::Truncated(Part::Frame(sequence));
                    return Err(refused(&self.object, cut_off).into());
                }
            };
        }
    }
}
