//! Faults on purpose, so that a client can be tried against them: only where the configuration file
//! asks for them, never by a request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kms_core::api::{ErrorCode, Operation};

use crate::config::Fault;

/// The faults of the configuration, each with the count of the requests it was asked about.
#[derive(Debug, Default)]
pub struct Faults(Vec<Counted>);

#[derive(Debug)]
struct Counted {
    fault: Fault,
    asked: AtomicU64,
}

/// What befalls one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stroke {
    /// How long the request waits.
    pub(super) delay: Duration,
    /// What it is answered with instead of being performed.
    pub(super) error: Option<ErrorCode>,
}

impl Faults {
    /// The faults of a configuration; usually none.
    #[must_use]
    pub fn new(faults: &[Fault]) -> Self {
        let counted = faults.iter().map(|fault| Counted {
            fault: *fault,
            asked: AtomicU64::new(0),
        });
        Self(counted.collect())
    }

    /// What befalls a request of `operation`: all delays that strike, and the first error.
    pub(super) fn strike(&self, operation: Operation) -> Stroke {
        let mut stroke = Stroke::default();
        for counted in &self.0 {
            if counted.strikes(operation) {
                stroke.delay = stroke.delay.saturating_add(counted.fault.delay);
                stroke.error = stroke.error.or(counted.fault.error);
            }
        }
        stroke
    }
}

impl Counted {
    /// Spreads the strokes evenly instead of drawing lots: a test that passes once passes again.
    fn strikes(&self, operation: Operation) -> bool {
        if self.fault.operation.is_some_and(|only| only != operation) {
            return false;
        }
        let before = u128::from(self.asked.fetch_add(1, Ordering::Relaxed));
        let strokes =
            |requests: u128| requests.saturating_mul(u128::from(self.fault.millionths)) / 1_000_000;
        strokes(before.saturating_add(1)) > strokes(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(operation: Option<Operation>, millionths: u32) -> Fault {
        Fault {
            operation,
            millionths,
            delay: Duration::from_millis(5),
            error: Some(ErrorCode::ThrottlingException),
        }
    }

    #[test]
    fn the_rate_is_kept_and_spread_evenly() {
        for (millionths, expected) in [(1_000_000, 12), (500_000, 6), (250_000, 3), (1, 0)] {
            let faults = Faults::new(&[fault(None, millionths)]);
            let struck: Vec<bool> = (0..12)
                .map(|_| faults.strike(Operation::Encrypt).error.is_some())
                .collect();
            assert_eq!(struck.iter().filter(|struck| **struck).count(), expected);
            let longest = struck.split(|struck| *struck).map(<[bool]>::len).max();
            let apart = usize::try_from(1_000_000 / millionths).unwrap();
            assert!(longest.unwrap() <= apart);
        }
    }

    #[test]
    fn an_operation_that_is_not_named_is_spared() {
        let faults = Faults::new(&[fault(Some(Operation::Decrypt), 1_000_000)]);
        assert_eq!(faults.strike(Operation::Encrypt), Stroke::default());
        assert!(faults.strike(Operation::Decrypt).error.is_some());
    }

    #[test]
    fn delays_add_up_and_the_first_error_counts() {
        let other = Fault {
            error: Some(ErrorCode::KMSInternalException),
            ..fault(None, 1_000_000)
        };
        let faults = Faults::new(&[fault(None, 1_000_000), other]);
        let stroke = faults.strike(Operation::Encrypt);
        assert_eq!(stroke.delay, Duration::from_millis(10));
        assert_eq!(stroke.error, Some(ErrorCode::ThrottlingException));
    }
}
