//! The states of a key and what may be done in each.

use serde::{Deserialize, Serialize};

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
}

/// What an operation asks of the key's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing.
    AnyState,
    /// That it is enabled.
    Enabled,
    /// That it is not waiting for its deletion.
    NotPendingDeletion,
    /// That it is waiting for its deletion.
    PendingDeletion,
}

/// Why the state does not allow what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The key is disabled.
    Disabled,
    /// The key is waiting for its deletion.
    PendingDeletion,
    /// The key is not waiting for its deletion.
    NotPendingDeletion,
}

impl Lifecycle {
    /// Whether a key in this state meets `requirement`.
    ///
    /// # Errors
    /// [`Unusable`] says why it does not.
    pub fn admit(self, requirement: Requirement) -> Result<(), Unusable> {
        match (requirement, self) {
            (Requirement::AnyState, _)
            | (Requirement::Enabled | Requirement::NotPendingDeletion, Self::Enabled)
            | (Requirement::NotPendingDeletion, Self::Disabled)
            | (Requirement::PendingDeletion, Self::PendingDeletion { .. }) => Ok(()),
            (Requirement::Enabled, Self::Disabled) => Err(Unusable::Disabled),
            (
                Requirement::Enabled | Requirement::NotPendingDeletion,
                Self::PendingDeletion { .. },
            ) => Err(Unusable::PendingDeletion),
            (Requirement::PendingDeletion, Self::Enabled | Self::Disabled) => {
                Err(Unusable::NotPendingDeletion)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PENDING: Lifecycle = Lifecycle::PendingDeletion {
        deletion: Timestamp::from_millis(0),
        window_days: 7,
    };

    #[test]
    fn each_state_meets_exactly_its_requirements() {
        use Requirement as R;
        for (requirement, enabled, disabled, pending) in [
            (R::AnyState, Ok(()), Ok(()), Ok(())),
            (
                R::Enabled,
                Ok(()),
                Err(Unusable::Disabled),
                Err(Unusable::PendingDeletion),
            ),
            (
                R::NotPendingDeletion,
                Ok(()),
                Ok(()),
                Err(Unusable::PendingDeletion),
            ),
            (
                R::PendingDeletion,
                Err(Unusable::NotPendingDeletion),
                Err(Unusable::NotPendingDeletion),
                Ok(()),
            ),
        ] {
            assert_eq!(Lifecycle::Enabled.admit(requirement), enabled);
            assert_eq!(Lifecycle::Disabled.admit(requirement), disabled);
            assert_eq!(PENDING.admit(requirement), pending);
        }
    }
}
