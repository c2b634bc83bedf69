//! Every operation for principals of another account, of each kind: allowed where both accounts allow it and
//! AWS lets the operation reach across accounts, and by nothing less.

use super::*;
use crate::api::Operation;

/// Callers of the other account, and how a key policy names each itself.
fn strangers() -> [(Principal, &'static str); 4] {
    [
        (root(STRANGER), "arn:aws:iam::444455556666:root"),
        (
            user(STRANGER, "alice"),
            "arn:aws:iam::444455556666:user/alice",
        ),
        (
            session(STRANGER, "one"),
            "arn:aws:sts::444455556666:assumed-role/r/one",
        ),
        (
            federated(STRANGER, "fred"),
            "arn:aws:sts::444455556666:federated-user/fred",
        ),
    ]
}

fn naming(effect: &str, arn: &str) -> String {
    statement(effect, Some(&format!(r#"{{"AWS":"{arn}"}}"#)), "{}")
}

/// What stands on the caller's own side.
#[derive(Clone, Copy, Debug)]
enum Own {
    Nothing,
    Allows,
    Denies,
    BeyondBoundary,
    BeyondSession,
}

fn own_side(case: Case, own: Own) -> Case {
    let allow = document(&statement("Allow", None, "{}"));
    let deny = document(&statement("Deny", None, "{}"));
    let elsewhere = document(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    // What a federated user may do at all is in the policy of its session.
    let case = match (&case.principal, own) {
        (Principal::FederatedUser { .. }, Own::BeyondSession) => case,
        (Principal::FederatedUser { .. }, _) => case.session_policy(&allow),
        _ => case,
    };
    match own {
        Own::Nothing => case,
        Own::Allows => case.identity_policy(&allow),
        Own::Denies => case.identity_policy(&allow).identity_policy(&deny),
        Own::BeyondBoundary => case.identity_policy(&allow).boundary(&elsewhere),
        Own::BeyondSession => case.identity_policy(&allow).session_policy(&elsewhere),
    }
}

#[test]
fn every_operation_is_done_across_accounts_where_both_allow_it_and_aws_has_it() {
    let owner = naming("Allow", "111122223333");
    let actions = Operation::ALL.iter().flat_map(|operation| {
        operation
            .actions()
            .iter()
            .map(move |action| (operation, *action))
    });
    for (operation, action) in actions {
        let retires = action == "kms:RetireGrant";
        let reaches = operation.allows_cross_account() && !retires;
        for (principal, arn) in strangers() {
            let is_root = matches!(principal, Principal::Root { .. });
            let decide = |key: &[String], own| {
                let case =
                    Case::new(principal.clone(), action).key_policy(&document(&key.join(",")));
                own_side(case, own).allows()
            };
            for own in [
                Own::Nothing,
                Own::Allows,
                Own::Denies,
                Own::BeyondBoundary,
                Own::BeyondSession,
            ] {
                // The root user of an account has every right in it, which nothing but a Deny limits.
                let agrees = match own {
                    Own::Allows => true,
                    Own::Denies => false,
                    Own::Nothing | Own::BeyondBoundary | Own::BeyondSession => is_root,
                };
                let context = format!("{action} {principal:?} {own:?}");
                let other = naming("Allow", "arn:aws:iam::777788889999:root");
                assert!(!decide(&[owner.clone(), other], own), "{context}");
                for name in [arn, "444455556666"] {
                    let named = [owner.clone(), naming("Allow", name)];
                    assert_eq!(decide(&named, own), reaches && agrees, "{context} {name}");
                    let denied = [&named[..], &[naming("Deny", name)]].concat();
                    assert!(!decide(&denied, own), "{context} {name}");
                }
            }
        }
    }
}
