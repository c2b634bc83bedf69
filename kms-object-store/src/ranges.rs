//! Several ranges of one object at once.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, Result};

use crate::blocking::blocking;
use crate::cache::OpenedObject;
use crate::error::EncryptedObjectError;
use crate::frames::{open_frame, part_of_frame, slice_of_frame};
use crate::read::{MOST_OPENINGS, resolve};
use crate::store::Shared;

impl Shared {
    pub(crate) async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[Range<u64>],
    ) -> Result<Vec<Bytes>> {
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(object) = self.opened.get(location) {
            match self.get_ranges_opened(&object, ranges).await {
                Ok(parts) => return Ok(parts),
                // It may have been replaced: what is there now decides.
                Err(_) => self.opened.forget(location),
            }
        }
        for _ in 0..MOST_OPENINGS {
            let opening = self.open(location, &GetOptions::default()).await;
            let object = match opening {
                Ok(opening) => opening.object,
                // It was replaced between two requests.
                Err(Error::Precondition { .. }) => continue,
                Err(error) => return Err(error),
            };
            match self.get_ranges_opened(&object, ranges).await {
                Ok(parts) => return Ok(parts),
                Err(error) => {
                    self.opened.forget(location);
                    if !self.is_replaced(&object).await? {
                        return Err(error);
                    }
                }
            }
        }
        let location = location.clone();
        Err(EncryptedObjectError::Changed { location }.into())
    }

    /// Whether there is another object now: ranges cannot be asked for under a condition, and frames
    /// of two objects do not open as one.
    async fn is_replaced(&self, object: &OpenedObject) -> Result<bool> {
        let head = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        let now = self.ask(&object.location, head).await?.meta;
        Ok(now.e_tag != object.e_tag || now.size != object.message.layout().message_length())
    }

    /// Each frame is read and opened once, whatever number of ranges it is in. How many requests
    /// are made of it is left to the inner store.
    async fn get_ranges_opened(
        &self,
        object: &Arc<OpenedObject>,
        ranges: &[Range<u64>],
    ) -> Result<Vec<Bytes>> {
        let layout = object.message.layout();
        let length = layout.plaintext_length();
        let mut wanted = Vec::with_capacity(ranges.len());
        for range in ranges {
            let range = GetRange::Bounded(range.clone());
            wanted.push(resolve(Some(&range), length)?);
        }
        let needed = wanted
            .iter()
            .filter_map(|range| layout.frames_of(range.clone()));
        let runs = joined(needed.collect());
        let stored: Vec<Range<u64>> = runs
            .iter()
            .filter_map(|run| bytes_of(object, run))
            .collect();
        let read = self.inner.get_ranges(&object.location, &stored).await?;
        let object = Arc::clone(object);
        blocking(move || {
            let frames = opened(&object, &runs, &read)?;
            let part = |range: &Range<u64>| collect(&object, &frames, range);
            Ok(wanted.iter().map(part).collect())
        })
        .await?
    }
}

/// Where frames that follow each other stand.
fn bytes_of(object: &OpenedObject, run: &RangeInclusive<u32>) -> Option<Range<u64>> {
    let layout = object.message.layout();
    Some(layout.frame_range(*run.start())?.start..layout.frame_range(*run.end())?.end)
}

/// Frames in order, those that follow each other or overlap as one run.
fn joined(mut runs: Vec<RangeInclusive<u32>>) -> Vec<RangeInclusive<u32>> {
    runs.sort_unstable_by_key(|run| *run.start());
    let mut joined: Vec<RangeInclusive<u32>> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last) if *run.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(run.end());
            }
            _ => joined.push(run),
        }
    }
    joined
}

/// The plaintext of each frame of the runs, for which the inner store must have given all their bytes and
/// no others: a frame that is not here would be missing from what the caller gets, without an error.
fn opened(
    object: &OpenedObject,
    runs: &[RangeInclusive<u32>],
    read: &[Bytes],
) -> Result<BTreeMap<u32, Bytes>> {
    let changed = || {
        let location = object.location.clone();
        EncryptedObjectError::Changed { location }
    };
    if read.len() != runs.len() {
        return Err(changed().into());
    }
    let mut frames = BTreeMap::new();
    for (run, bytes) in runs.iter().zip(read) {
        let mut rest = bytes.clone();
        for sequence in run.clone() {
            let range = object.message.layout().frame_range(sequence);
            let length = range.and_then(|range| usize::try_from(range.end - range.start).ok());
            let length = length.filter(|length| *length <= rest.len());
            let length = length.ok_or_else(changed)?;
            let plaintext = open_frame(object, sequence, &rest.split_to(length))?;
            let whole = part_of_frame(&object.message, sequence, plaintext, &(0..u64::MAX));
            frames.insert(sequence, whole);
        }
        if !rest.is_empty() {
            return Err(changed().into());
        }
    }
    Ok(frames)
}

/// One range out of the frames that hold it, without a copy where that is one frame.
fn collect(object: &OpenedObject, frames: &BTreeMap<u32, Bytes>, range: &Range<u64>) -> Bytes {
    let Some(sequences) = object.message.layout().frames_of(range.clone()) else {
        return Bytes::new();
    };
    let parts = frames.range(sequences);
    let mut parts = parts
        .map(|(sequence, plaintext)| slice_of_frame(&object.message, *sequence, plaintext, range));
    let first = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    if rest.peek().is_none() {
        return first;
    }
    let mut all = first.to_vec();
    rest.for_each(|part| all.extend_from_slice(&part));
    all.into()
}
