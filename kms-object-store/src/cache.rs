//! Objects that were opened before, so that a range costs one request and no data key.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use kms_core::envelope::RangedMessage;
use object_store::path::Path;

/// Objects that are kept: each takes a few KiB.
const MOST_KEPT: usize = 128;

/// An object whose header and end are authenticated. Its key is wiped with it.
#[derive(Debug)]
pub(crate) struct OpenedObject {
    pub(crate) location: Path,
    pub(crate) message: RangedMessage,
    /// Which state of the object it is, where the inner store tells.
    pub(crate) e_tag: Option<String>,
}

/// The objects opened last, the latest at the end.
#[derive(Debug, Default)]
pub(crate) struct OpenedObjects(Mutex<VecDeque<Arc<OpenedObject>>>);

impl OpenedObjects {
    pub(crate) fn get(&self, location: &Path) -> Option<Arc<OpenedObject>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept
            .iter()
            .position(|object| object.location == *location)?;
        let object = kept.remove(index)?;
        kept.push_back(Arc::clone(&object));
        Some(object)
    }

    /// Keeps an object, unless nothing tells whether it is still the same when it is read next.
    pub(crate) fn keep(&self, object: &Arc<OpenedObject>) {
        self.forget(&object.location);
        if object.e_tag.is_none() {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(object));
    }

    pub(crate) fn forget(&self, location: &Path) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|object| object.location != *location);
    }
}
