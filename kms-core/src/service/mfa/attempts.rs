//! How often a code may be guessed: whoever has somebody's access key must not find the code of the
//! moment by trying.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::time::Timestamp;

/// How many wrong codes of a device there may be in [`WINDOW`].
const MOST_WRONG: u32 = 10;
/// Five minutes, in milliseconds.
const WINDOW: i64 = 5 * 60 * 1000;

/// The wrong codes of each device since when. In memory alone: each process counts for itself.
#[derive(Debug, Default)]
pub(in crate::service) struct Attempts(Mutex<HashMap<String, (Timestamp, u32)>>);

impl Attempts {
    /// Whether a code of the device may be looked at now.
    pub(super) fn admit(&self, serial: &str, now: Timestamp) -> bool {
        let wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong
            .get(serial)
            .is_none_or(|(since, count)| *count < MOST_WRONG || now.millis_since(*since) >= WINDOW)
    }

    /// Counts a wrong code.
    pub(super) fn wrong(&self, serial: &str, now: Timestamp) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = wrong.entry(serial.to_owned()).or_insert((now, 0));
        if now.millis_since(entry.0) >= WINDOW {
            *entry = (now, 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }

    /// Forgets the wrong codes, since there was a right one.
    pub(super) fn right(&self, serial: &str) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.remove(serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_wrong_codes_bar_a_device_for_five_minutes() {
        let attempts = Attempts::default();
        let at = |seconds| Timestamp::from_seconds(seconds);
        for _ in 0..MOST_WRONG {
            assert!(attempts.admit("a", at(0)));
            attempts.wrong("a", at(0));
        }
        assert!(!attempts.admit("a", at(299)));
        assert!(attempts.admit("b", at(299)));
        assert!(attempts.admit("a", at(300)));
        attempts.wrong("a", at(300));
        assert!(attempts.admit("a", at(301)));
        for _ in 0..MOST_WRONG {
            attempts.wrong("a", at(301));
        }
        assert!(!attempts.admit("a", at(302)));
        attempts.right("a");
        assert!(attempts.admit("a", at(302)));
    }
}
