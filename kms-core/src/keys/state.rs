//! The states of a key.

use serde::{Deserialize, Serialize};

use crate::api::KeyState;
use crate::time::Timestamp;

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    /// Usable.
    Enabled,
    /// Not usable until it is enabled again.
    Disabled,
    /// Not usable, and destroyed at the given time unless that is cancelled.
    PendingDeletion {
        /// When the material is destroyed.
        deletion: Timestamp,
        /// The waiting period that was asked for.
        window_days: u32,
    },
    /// A primary that is not usable, and whose waiting period begins when its last replica is
    /// deleted, unless that is cancelled.
    PendingReplicaDeletion {
        /// The waiting period that was asked for.
        window_days: u32,
    },
}

impl Lifecycle {
    /// AWS's name of the state.
    #[must_use]
    pub const fn state(self) -> KeyState {
        match self {
            Self::Enabled => KeyState::Enabled,
            Self::Disabled => KeyState::Disabled,
            Self::PendingDeletion { .. } => KeyState::PendingDeletion,
            Self::PendingReplicaDeletion { .. } => KeyState::PendingReplicaDeletion,
        }
    }
}
