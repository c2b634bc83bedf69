//! The size of an object as it was put, out of the size of what is stored.

use kms_core::envelope::FrameLayout;
use object_store::{ObjectMeta, Result};

use crate::error::EncryptedObjectError;

/// The lengths that all objects of a store have in common, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    pub(crate) header: u32,
    pub(crate) frame: u32,
}

impl Lengths {
    /// Where the frames of a stored object of this size stand; `None` when it is none of this store's.
    pub(crate) fn layout(self, stored: u64) -> Option<FrameLayout> {
        FrameLayout::of_message(stored, u64::from(self.header), self.frame)
    }

    /// What is said of an object: the size is that of its plaintext.
    ///
    /// Nothing is authenticated here; reading the object does that.
    pub(crate) fn of_plaintext(self, stored: ObjectMeta) -> Result<ObjectMeta> {
        match self.layout(stored.size) {
            Some(layout) => Ok(ObjectMeta {
                size: layout.plaintext_length(),
                ..stored
            }),
            None => Err(EncryptedObjectError::Size {
                location: stored.location,
                size: stored.size,
            }
            .into()),
        }
    }
}
