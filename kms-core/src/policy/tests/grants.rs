//! What grants add to a decision: never a refusal, never against a Deny, and what they say of
//! other accounts and of their own end.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::grants::{Constraint, GrantPrincipal, GrantUse, Propagation, Proposal};
use crate::time::Timestamp;

const ALICE: &str = "AIDAAAAAAAAAAAAAAAAAA";

fn to_user(account: &str, id: &str) -> GrantPrincipal {
    GrantPrincipal::User {
        account: account.parse().unwrap(),
        path: Default::default(),
        name: "alice".parse().unwrap(),
        id: id.parse().unwrap(),
    }
}

fn to_account(account: &str) -> GrantPrincipal {
    GrantPrincipal::Account(account.parse().unwrap())
}

fn grant(number: usize, grantee: GrantPrincipal, operations: &[GrantOperation]) -> Grant {
    Grant {
        id: format!("{number:064x}").parse().unwrap(),
        key: key_arn(),
        created: Timestamp::from_millis(0),
        name: None,
        grantee,
        retiring: None,
        issuing_account: ACCOUNT.parse().unwrap(),
        operations: operations.to_vec(),
        constraint: None,
    }
}

fn pairs(pairs: &[(&str, &str)]) -> EncryptionContext {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// A key policy that lets nobody but somebody else.
fn closed() -> String {
    document(&statement("Allow", Some(r#"{"AWS":"999988887777"}"#), "{}"))
}

fn encrypting(principal: Principal) -> Case {
    Case::new(principal, "kms:Encrypt").key_policy(&closed())
}

#[test]
fn a_grant_that_is_delayed_counts_once_it_is_reached_or_by_its_own_token() {
    let made = grant(1, to_user(ACCOUNT, ALICE), &[GrantOperation::Encrypt]);
    let mut elsewhere = key_arn();
    elsewhere.region = "eu-central-1".parse().unwrap();
    let other_id = format!("{:064x}", 2).parse().unwrap();
    for (reached, named, counts) in [
        (-1, vec![], false),
        (0, vec![], true),
        (-1, vec![(key_arn(), made.id.clone())], true),
        (-1, vec![(elsewhere, made.id.clone())], false),
        (-1, vec![(key_arn(), other_id)], false),
    ] {
        let propagation = Propagation {
            reached: Timestamp::from_millis(reached),
            named: &named,
        };
        assert_eq!(propagation.counts(&made), counts, "{propagation:?}");
    }
}

#[test]
fn a_grant_allows_its_user_what_no_policy_does() {
    let alice = || user(ACCOUNT, "alice");
    let granted = || grant(1, to_user(ACCOUNT, ALICE), &[GrantOperation::Encrypt]);
    assert!(!encrypting(alice()).allows());
    assert!(encrypting(alice()).grant(granted()).allows());
    assert!(!Case::new(alice(), "kms:Decrypt").grant(granted()).allows());
    assert!(!encrypting(root(ACCOUNT)).grant(granted()).allows());
    let namesake = grant(
        1,
        to_user(ACCOUNT, "AIDABBBBBBBBBBBBBBBBB"),
        &[GrantOperation::Encrypt],
    );
    assert!(!encrypting(alice()).grant(namesake).allows());
}

#[test]
fn a_grant_to_an_account_leaves_its_users_to_its_identity_policies() {
    let granted = || grant(1, to_account(ACCOUNT), &[GrantOperation::Encrypt]);
    assert!(encrypting(root(ACCOUNT)).grant(granted()).allows());
    let alice = || encrypting(user(ACCOUNT, "alice")).grant(granted());
    assert!(!alice().allows());
    let allow = document(&statement("Allow", None, "{}"));
    assert!(alice().identity_policy(&allow).allows());
    assert!(!encrypting(root(STRANGER)).grant(granted()).allows());
}

#[test]
fn on_a_key_of_another_account_the_caller_s_own_account_must_agree() {
    let granted = || grant(1, to_user(STRANGER, ALICE), &[GrantOperation::Encrypt]);
    let stranger = || encrypting(user(STRANGER, "alice"));
    assert!(!stranger().grant(granted()).allows());
    let allow = document(&statement("Allow", None, "{}"));
    assert!(stranger().grant(granted()).identity_policy(&allow).allows());
    assert!(!stranger().identity_policy(&allow).allows());
    let issued_at_home = Grant {
        issuing_account: STRANGER.parse().unwrap(),
        ..granted()
    };
    assert!(stranger().grant(issued_at_home).allows());
    let to_whole_account = Grant {
        issuing_account: STRANGER.parse().unwrap(),
        ..grant(2, to_account(STRANGER), &[GrantOperation::Encrypt])
    };
    assert!(!stranger().grant(to_whole_account.clone()).allows());
    assert!(encrypting(root(STRANGER)).grant(to_whole_account).allows());
}

#[test]
fn an_explicit_deny_wins_over_every_grant() {
    let granted = || grant(1, to_user(ACCOUNT, ALICE), &[GrantOperation::Encrypt]);
    let alice = || Case::new(user(ACCOUNT, "alice"), "kms:Encrypt").grant(granted());
    assert!(alice().allows());
    let deny = document(&statement("Deny", Some(r#""*""#), "{}"));
    assert!(!alice().key_policy(&deny).allows());
    let deny = document(&statement("Deny", None, "{}"));
    assert!(!alice().identity_policy(&deny).allows());
}

#[test]
fn a_constraint_binds_the_encryption_context() {
    let constrained = |constraint| Grant {
        constraint: Some(constraint),
        ..grant(1, to_user(ACCOUNT, ALICE), &[GrantOperation::Encrypt])
    };
    let with = |grant: Grant, context| {
        let mut case = encrypting(user(ACCOUNT, "alice")).grant(grant);
        case.context = context;
        case.allows()
    };
    let equals = || constrained(Constraint::EncryptionContextEquals(pairs(&[("a", "1")])));
    let subset = || constrained(Constraint::EncryptionContextSubset(pairs(&[("a", "1")])));
    for (context, by_equals, by_subset) in [
        (pairs(&[("a", "1")]), true, true),
        (pairs(&[("a", "1"), ("b", "2")]), false, true),
        (pairs(&[("a", "2")]), false, false),
        (pairs(&[("A", "1")]), false, false),
        (pairs(&[]), false, false),
    ] {
        assert_eq!(with(equals(), context.clone()), by_equals, "{context:?}");
        assert_eq!(with(subset(), context.clone()), by_subset, "{context:?}");
    }
}

/// The decision on retiring `grant`, with a key policy that allows everybody everything.
fn retires(principal: &Principal, grant: &Grant, identity: &[Arc<IdentityPolicy>]) -> bool {
    let open = KeyPolicy::parse(&document(&statement("Allow", Some(r#""*""#), "{}"))).unwrap();
    let key = key_arn();
    let question = Question {
        principal,
        action: "kms:RetireGrant",
        resource: Resource::Key(&key),
        values: &Context::new(),
        key_policy: Some(&open),
        identity_policies: identity,
        boundary: None,
        session_policies: None,
        service_control: &[],
        resource_control: &[],
        by_grant: Some(ByGrant::Retires(grant)),
    };
    matches!(decide(&question), Decision::Allow(_))
}

#[test]
fn a_grant_is_retired_by_whom_it_names_and_by_the_account_that_made_it() {
    let allow = IdentityPolicy::parse(&document(&statement("Allow", None, "{}"))).unwrap();
    let allow = [Arc::new(allow)];
    let deny = IdentityPolicy::parse(&document(&statement("Deny", None, "{}"))).unwrap();
    let deny = [Arc::new(deny)];
    let (alice, home) = (user(STRANGER, "alice"), root(ACCOUNT));
    let plain = grant(1, to_user(STRANGER, ALICE), &[GrantOperation::Encrypt]);
    assert!(!retires(&alice, &plain, &[]));
    assert!(!retires(&alice, &plain, &allow));
    assert!(retires(&home, &plain, &[]));
    assert!(!retires(&user(ACCOUNT, "bob"), &plain, &[]));
    let bob = Principal::User {
        account: ACCOUNT.parse().unwrap(),
        path: Default::default(),
        name: "bob".parse().unwrap(),
        id: "AIDABBBBBBBBBBBBBBBBB".parse().unwrap(),
    };
    assert!(retires(&bob, &plain, &allow));
    let by_grantee = Grant {
        operations: vec![GrantOperation::Encrypt, GrantOperation::RetireGrant],
        ..plain.clone()
    };
    assert!(retires(&alice, &by_grantee, &[]));
    assert!(!retires(&alice, &by_grantee, &deny));
    let by_retiring = Grant {
        retiring: Some(to_user(STRANGER, ALICE)),
        ..grant(1, to_account(ACCOUNT), &[GrantOperation::Encrypt])
    };
    assert!(retires(&alice, &by_retiring, &[]));
    let by_account = Grant {
        retiring: Some(to_account(STRANGER)),
        ..by_retiring
    };
    assert!(!retires(&alice, &by_account, &[]));
    assert!(retires(&alice, &by_account, &allow));
    assert!(retires(&root(STRANGER), &by_account, &[]));
}

#[test]
fn without_a_grant_nobody_may_retire_whatever_policies_say() {
    for principal in [root(ACCOUNT), user(ACCOUNT, "alice"), root(STRANGER)] {
        let case = Case::new(principal, "kms:RetireGrant")
            .key_policy(&document(&statement("Allow", Some(r#""*""#), "{}")))
            .identity_policy(&document(&statement("Allow", None, "{}")));
        assert!(!case.allows());
    }
}

const OPERATIONS: [GrantOperation; 5] = [
    GrantOperation::Encrypt,
    GrantOperation::Decrypt,
    GrantOperation::DescribeKey,
    GrantOperation::CreateGrant,
    GrantOperation::RetireGrant,
];

fn any_pairs() -> impl Strategy<Value = EncryptionContext> {
    subsequence(&[("a", "1"), ("b", "1"), ("b2", "2"), ("c", "3")][..], 0..4)
        .prop_map(|chosen| pairs(&chosen))
}

fn any_constraint() -> impl Strategy<Value = Option<Constraint>> {
    prop_oneof![
        Just(None),
        any_pairs().prop_map(|pairs| Some(Constraint::EncryptionContextEquals(pairs))),
        any_pairs().prop_map(|pairs| Some(Constraint::EncryptionContextSubset(pairs))),
    ]
}

fn any_principal() -> impl Strategy<Value = Principal> {
    select(vec![
        root(ACCOUNT),
        user(ACCOUNT, "alice"),
        root(STRANGER),
        user(STRANGER, "alice"),
    ])
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let grantee = select(vec![
        to_user(ACCOUNT, ALICE),
        to_user(ACCOUNT, "AIDABBBBBBBBBBBBBBBBB"),
        to_account(ACCOUNT),
        to_account(STRANGER),
        GrantPrincipal::Service("s3.amazonaws.com".to_owned()),
    ]);
    let operations = subsequence(&OPERATIONS[..], 1..=OPERATIONS.len());
    let issuer = select(&[ACCOUNT, STRANGER]);
    (0..12_usize, grantee, operations, issuer, any_constraint()).prop_map(
        |(number, grantee, operations, issuer, constraint)| Grant {
            issuing_account: issuer.parse().unwrap(),
            constraint,
            ..grant(number, grantee, &operations)
        },
    )
}

fn any_grants() -> impl Strategy<Value = Vec<Grant>> {
    prop::collection::vec(any_grant(), 0..12)
}

#[derive(Clone, Debug)]
struct Asked {
    principal: Principal,
    action: &'static str,
    context: EncryptionContext,
    denied: bool,
    identity: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    let action = select(&["kms:Encrypt", "kms:Decrypt", "kms:PutKeyPolicy"]);
    (
        any_principal(),
        action,
        any_pairs(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(principal, action, context, denied, identity)| Asked {
            principal,
            action,
            context,
            denied,
            identity,
        })
}

fn answer(asked: &Asked, grants: &[Grant]) -> bool {
    let mut case = Case::new(asked.principal.clone(), asked.action).key_policy(&closed());
    if asked.denied {
        let deny = statement("Deny", Some(r#"{"AWS":"444455556666"}"#), "{}");
        case = case.key_policy(&document(&deny));
    }
    if asked.identity {
        case = case.identity_policy(&document(&statement("Allow", None, "{}")));
    }
    case.context = asked.context.clone();
    for grant in grants {
        case = case.grant(grant.clone());
    }
    case.allows()
}

proptest! {
    #[test]
    fn adding_a_grant_never_denies_and_taking_one_away_never_allows(
        asked in asked(), grants in any_grants(), more in any_grant()
    ) {
        let others: Vec<Grant> = grants.into_iter().filter(|one| one.id != more.id).collect();
        let without = answer(&asked, &others);
        let mut with = others.clone();
        with.push(more.clone());
        prop_assert!(!without || answer(&asked, &with));

        let mut index = KeyGrants::default();
        for grant in with {
            index.insert(Arc::new(grant));
        }
        index.remove(&more.id);
        let remaining: Vec<Grant> = index.after(None).map(|grant| grant.as_ref().clone()).collect();
        prop_assert_eq!(without, answer(&asked, &remaining));
    }

    #[test]
    fn the_index_finds_a_grant_exactly_when_looking_at_all_of_them_does(
        principal in any_principal(),
        grants in any_grants(),
        removed in prop::collection::vec(0..12_usize, 0..6),
        context in prop::option::of(any_pairs()),
        child in any_constraint(),
        operations in subsequence(&OPERATIONS[..], 1..3),
        kind in 0..3,
    ) {
        let wanted = match kind {
            0 => GrantUse::Cryptographic(operations[0], context.as_ref()),
            1 => GrantUse::Unconstrained(operations[0]),
            _ => GrantUse::Create(Proposal {
                operations: &operations,
                constraint: child.as_ref(),
            }),
        };
        let mut index = KeyGrants::default();
        for grant in &grants {
            index.insert(Arc::new(grant.clone()));
        }
        for number in removed {
            index.remove(&format!("{number:064x}").parse().unwrap());
        }
        let by_hand = index
            .after(None)
            .any(|grant| grant.grantee.names(&principal).is_some() && wanted.is_allowed_by(grant));
        let found = index.find(&principal, &wanted, |_, _| true);
        prop_assert_eq!(found.is_some(), by_hand);
        if let Some(grant) = found {
            prop_assert!(wanted.is_allowed_by(grant));
        }
        let ids: Vec<_> = index.after(None).map(|grant| grant.id.clone()).collect();
        for id in &ids {
            index.remove(id);
        }
        prop_assert!(index.is_empty());
        prop_assert!(format!("{index:?}").len() < 120, "something is left: {:?}", index);
    }

    #[test]
    fn a_child_allows_nothing_that_its_parent_does_not(
        parent in any_grant(), child in any_grant(), context in any_pairs()
    ) {
        let proposal = Proposal {
            operations: &child.operations,
            constraint: child.constraint.as_ref(),
        };
        if parent.covers(&proposal) {
            for operation in OPERATIONS {
                let used = GrantUse::Cryptographic(operation, Some(&context));
                prop_assert!(!used.is_allowed_by(&child) || used.is_allowed_by(&parent));
            }
        }
    }
}
