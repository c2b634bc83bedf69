//! The credential reports that were made last, in the memory of this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::AccountId;
use crate::time::Timestamp;

/// How long a report is given out, in milliseconds: four hours, as at AWS.
const KEPT: i64 = 4 * 60 * 60 * 1000;

/// The most bytes that all reports take together: there may be very many accounts.
const MOST: usize = 64 * 1024 * 1024;

/// A report of an account.
#[derive(Clone, Debug)]
pub struct CredentialReport {
    /// When it was made.
    pub made: Timestamp,
    /// A table of comma-separated values.
    pub content: Arc<str>,
}

/// The last report of each account.
#[derive(Debug, Default)]
pub(super) struct CredentialReports(Mutex<BTreeMap<AccountId, CredentialReport>>);

impl CredentialReports {
    /// Takes a report in. The oldest of other accounts make room for it.
    pub(super) fn put(&self, account: AccountId, report: CredentialReport) {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.insert(account.clone(), report);
        let size = |reports: &BTreeMap<AccountId, CredentialReport>| -> usize {
            reports.values().map(|report| report.content.len()).sum()
        };
        while size(&reports) > MOST {
            let others = reports.iter().filter(|(of, _)| **of != account);
            let oldest = others.min_by_key(|(_, report)| report.made);
            let Some(oldest) = oldest.map(|(of, _)| of.clone()) else {
                return;
            };
            reports.remove(&oldest);
        }
    }

    /// The report of an account that was made last, however old.
    pub(super) fn of(&self, account: &AccountId) -> Option<CredentialReport> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.get(account).cloned()
    }

    /// Whether there is a report that is still given out.
    pub(super) fn is_fresh(&self, account: &AccountId, now: Timestamp) -> bool {
        let age = self.of(account).map(|report| now.millis_since(report.made));
        age.is_some_and(|age| (0..KEPT).contains(&age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(seconds: i64, length: usize) -> CredentialReport {
        CredentialReport {
            made: Timestamp::from_seconds(seconds),
            content: "x".repeat(length).into(),
        }
    }

    #[test]
    fn a_report_is_given_out_for_four_hours() {
        let reports = CredentialReports::default();
        let account: AccountId = "111122223333".parse().unwrap();
        let at = Timestamp::from_seconds;
        assert!(!reports.is_fresh(&account, at(0)));
        reports.put(account.clone(), report(0, 1));
        assert!(reports.is_fresh(&account, at(14_399)));
        assert!(!reports.is_fresh(&account, at(14_400)));
        // A clock that went back says nothing of its age.
        assert!(!reports.is_fresh(&account, at(-1)));
    }

    #[test]
    fn the_oldest_reports_make_room_and_never_the_newest() {
        let reports = CredentialReports::default();
        let account = |id: &str| -> AccountId { id.parse().unwrap() };
        let (old, middle, new) = (
            account("000000000003"),
            account("000000000002"),
            account("000000000001"),
        );
        reports.put(old.clone(), report(1, MOST / 2));
        reports.put(middle.clone(), report(2, MOST / 2));
        reports.put(new.clone(), report(3, 1));
        assert!(reports.of(&old).is_none());
        assert!(reports.of(&middle).is_some() && reports.of(&new).is_some());
        reports.put(new.clone(), report(4, MOST + 1));
        assert!(reports.of(&middle).is_none() && reports.of(&new).is_some());
    }
}
