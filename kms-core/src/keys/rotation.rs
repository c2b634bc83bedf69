//! Rotation: automatic after a period, or on demand.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Why a key got a new material.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RotationCause {
    /// The period had passed.
    Automatic,
    /// Somebody asked for it.
    OnDemand,
}

/// Automatic rotation of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomaticRotation {
    /// Days between two rotations, 90 to 2560.
    pub period_days: u32,
    /// When the next one is due.
    pub next: Timestamp,
}

impl AutomaticRotation {
    /// Rotation every `period_days`, counted from `from`.
    #[must_use]
    pub fn starting(from: Timestamp, period_days: u32) -> Self {
        Self {
            period_days,
            next: from.plus_days(i64::from(period_days)),
        }
    }
}
