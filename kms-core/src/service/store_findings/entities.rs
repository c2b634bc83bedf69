//! Findings on access keys and grants.

use super::StoreFinding;
use crate::grants::GrantPrincipal;
use crate::identity::{AccessKey, AccessKeyOwner};
use crate::ids::{AccountId, KeyArn};
use crate::policy::Severity;
use crate::service::operation::Step;
use crate::service::state::State;

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// When access keys should have been rotated, in days.
const OLD: i64 = 90;

/// Access keys that are old, or that nobody uses, of those that open something.
pub(super) fn access_keys(account: &AccountId, step: &Step<'_>, findings: &mut Vec<StoreFinding>) {
    for key in step.state.access_keys(account) {
        if key.inactive {
            continue;
        }
        let days = step
            .now
            .millis_since(key.created)
            .div_euclid(MILLIS_PER_DAY);
        if days >= OLD {
            let message = format!(
                "The access key is {days} days old; make another one, and delete this one when \
                 nothing uses it any more."
            );
            findings.push(StoreFinding::new(
                Severity::Medium,
                "ACCESS_KEY_OLD",
                place(key),
                message,
            ));
        }
        if days >= 1 && step.engine.usage.of_access_key(&key.id).is_none() {
            let message = "The access key was never used; delete it.".to_owned();
            findings.push(StoreFinding::new(
                Severity::Low,
                "ACCESS_KEY_UNUSED",
                place(key),
                message,
            ));
        }
    }
}

fn place(key: &AccessKey) -> String {
    match &key.owner {
        AccessKeyOwner::Root => format!("the access key {} of the account root user", key.id),
        AccessKeyOwner::User(name) => format!("the access key {} of the user {name}", key.id),
    }
}

/// Grants that are for more than one user or role.
pub(super) fn grants(key: &KeyArn, state: &State, findings: &mut Vec<StoreFinding>) {
    let grants = state.grants().of_key(key);
    let grants = grants.into_iter().flat_map(|grants| grants.after(None));
    for grant in grants {
        let GrantPrincipal::Account(account) = &grant.grantee else {
            continue;
        };
        let place = format!("the grant {} on the key {key}", grant.id);
        let (severity, code, whose) = match *account == key.account {
            true => (Severity::Medium, "GRANT_TO_ACCOUNT", "its account"),
            false => (Severity::High, "GRANT_TO_OTHER_ACCOUNT", "another account"),
        };
        let message = format!(
            "The grant is for {whose}, {account}: whomever identity policies there let has it; \
             name the user or role that needs it."
        );
        findings.push(StoreFinding::new(severity, code, place, message));
    }
}
