//! The life of a grant: made once, named by a token, listed, ended, and on record.

use super::grants::*;
use super::*;
use kms_core::service::MarkProductionRequest;

#[test]
fn a_token_names_its_grant_and_cannot_be_made_up() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    let named = || CreateGrantRequest {
        name: Some("again".to_owned()),
        ..create(&key, &arn("bob"), &["Encrypt", "RetireGrant"])
    };
    let (first, second) = (fixture.grant(named()), fixture.grant(named()));
    assert_eq!(first.grant_id, second.grant_id);
    assert_ne!(first.grant_token, second.grant_token);
    assert_eq!(fixture.listed(&key).len(), 1);
    let with = |token: &str| EncryptRequest {
        grant_tokens: Some(vec![token.to_owned()]),
        ..encrypt(&key, &[])
    };
    fixture.send_as(&bob, with(&first.grant_token)).unwrap();
    let other_store = Fixture::new();
    let other_key = other_store.create_key();
    let foreign = other_store
        .grant(create(&other_key, ROOT, &["Encrypt"]))
        .grant_token;
    let cut = &first.grant_token[..first.grant_token.len() - 4];
    for token in ["x", "", cut, &foreign, &"A".repeat(8000)] {
        let refused = code(fixture.send_as(&bob, with(token)));
        let expected = if token.is_empty() {
            "ValidationException"
        } else {
            "InvalidGrantTokenException"
        };
        assert_eq!(refused, expected, "{token:.80}");
        assert_eq!(code(fixture.send_as(&bob, retire_by(token))), expected);
    }
    fixture.reopen();
    fixture
        .send_as(&bob, retire_by(&second.grant_token))
        .unwrap();
    let stale = EncryptRequest {
        grant_tokens: Some(vec![first.grant_token.clone()]),
        ..encrypt(&key, &[])
    };
    assert_eq!(code(fixture.send_as(&bob, stale)), "AccessDeniedException");
    let gone = fixture.send_as(&bob, retire_by(&first.grant_token));
    assert_eq!(code(gone), "NotFoundException");
}

#[test]
fn a_repeated_request_makes_one_grant_and_another_one_makes_another() {
    let fixture = Fixture::new();
    let (key, other) = (fixture.create_key(), fixture.create_key());
    fixture.user("bob");
    let named = |key: &str, operations: &[&str]| CreateGrantRequest {
        name: Some("name".to_owned()),
        ..create(key, &arn("bob"), operations)
    };
    let first = fixture.grant(named(&key, &["Encrypt", "Decrypt"])).grant_id;
    let same = fixture.grant(named(&key, &["Decrypt", "Encrypt"])).grant_id;
    assert_eq!(first, same);
    let constrained = CreateGrantRequest {
        constraints: equals(&[("a", "1")]),
        ..named(&key, &["Encrypt", "Decrypt"])
    };
    let unnamed = create(&key, &arn("bob"), &["Encrypt", "Decrypt"]);
    let others = [
        named(&key, &["Encrypt"]),
        named(&other, &["Encrypt", "Decrypt"]),
        constrained,
        unnamed.clone(),
        unnamed,
    ];
    let mut ids: Vec<_> = others
        .into_iter()
        .map(|request| fixture.grant(request).grant_id)
        .collect();
    ids.push(first);
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn pages_of_grants_do_not_shift_when_others_come_and_go() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    fixture.user("bob");
    for _ in 0..7 {
        fixture.grant(create(&key, &arn("bob"), &["Encrypt"]));
    }
    let all: Vec<_> = fixture
        .listed(&key)
        .into_iter()
        .map(|grant| grant.grant_id)
        .collect();
    let page = |marker| ListGrantsRequest {
        limit: Some(3),
        marker,
        ..on_key!(ListGrantsRequest, key)
    };
    let first = fixture.send(page(None)).unwrap();
    assert!(first.truncated);
    // The grant at which the page ended goes, and so does one before it.
    for id in [&all[0], &all[2]] {
        fixture.send(revoke(&key, id.as_str())).unwrap();
    }
    let second = fixture.send(page(first.next_marker.clone())).unwrap();
    let ids: Vec<_> = second
        .grants
        .iter()
        .map(|grant| grant.grant_id.clone())
        .collect();
    assert_eq!(ids, all[3..6]);
    let other = fixture.create_key();
    let elsewhere = ListGrantsRequest {
        marker: first.next_marker.clone(),
        ..on_key!(ListGrantsRequest, other)
    };
    assert_eq!(code(fixture.send(elsewhere)), "InvalidMarkerException");
    let filtered = ListGrantsRequest {
        grantee_principal: Some(arn("bob")),
        ..page(first.next_marker)
    };
    assert_eq!(code(fixture.send(filtered)), "InvalidMarkerException");
}

#[test]
fn retirable_grants_are_those_of_the_retiring_principal_on_any_key() {
    let fixture = Fixture::new();
    let (key, other) = (fixture.create_key(), fixture.create_key());
    let bob = fixture.user("bob");
    for (key, retiring) in [
        (&key, Some(arn("bob"))),
        (&other, Some(arn("bob"))),
        (&key, None),
    ] {
        fixture.grant(CreateGrantRequest {
            retiring_principal: retiring,
            ..create(key, ROOT, &["Encrypt"])
        });
    }
    let list = |principal: &str| ListRetirableGrantsRequest {
        retiring_principal: Some(principal.to_owned()),
        ..ListRetirableGrantsRequest::default()
    };
    let found = fixture.send(list(&arn("bob"))).unwrap().grants;
    assert_eq!(found.len(), 2);
    assert!(fixture.send(list(ROOT)).unwrap().grants.is_empty());
    assert_eq!(
        code(fixture.send_as(&bob, list(&arn("bob")))),
        "AccessDeniedException"
    );
    fixture.identity_policy("bob", "Allow", "kms:ListRetirableGrants");
    assert_eq!(
        fixture
            .send_as(&bob, list(&arn("bob")))
            .unwrap()
            .grants
            .len(),
        2
    );
    let elsewhere = list("arn:aws:iam::999988887777:root");
    assert_eq!(code(fixture.send(elsewhere)), "AccessDeniedException");
    assert_eq!(
        code(fixture.send(list(&arn("nobody")))),
        "InvalidArnException"
    );
}

#[test]
fn what_makes_no_grant_is_refused() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let nine: Vec<(String, String)> = (0..9).map(|n| (n.to_string(), String::new())).collect();
    let nine: Vec<(&str, &str)> = nine.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let long = "x".repeat(385);
    let valid = || create(&key, ROOT, &["Encrypt"]);
    let with = |constraints| CreateGrantRequest {
        constraints,
        ..valid()
    };
    let both = Some(GrantConstraints {
        encryption_context_equals: Some(pairs(&[("a", "1")])),
        encryption_context_subset: Some(pairs(&[("a", "1")])),
    });
    for (request, expected) in [
        (create(&key, ROOT, &[]), "ValidationException"),
        (create(&key, ROOT, &["CreateGrant"]), "ValidationException"),
        (create(&key, ROOT, &["ListGrants"]), "ValidationException"),
        (
            create(&key, ROOT, &["Encrypt", "Sign"]),
            "ValidationException",
        ),
        (create(&key, ROOT, &["GenerateMac"]), "ValidationException"),
        (with(equals(&nine)), "ValidationException"),
        (with(subset(&[("a", &long)])), "ValidationException"),
        (with(both), "ValidationException"),
        (
            create(&key, &arn("nobody"), &["Encrypt"]),
            "InvalidArnException",
        ),
        (
            create(&key, "arn:aws:iam::999988887777:root", &["Encrypt"]),
            "InvalidArnException",
        ),
        (
            create(&key, "arn:aws:iam::111122223333:group/g", &["Encrypt"]),
            "InvalidArnException",
        ),
        (create("alias/x", ROOT, &["Encrypt"]), "NotFoundException"),
    ] {
        let text = format!("{request:?}");
        assert_eq!(code(fixture.send(request)), expected, "{text:.300}");
    }
    assert!(fixture.listed(&key).is_empty());
    fixture.grant(create(
        &key,
        "dynamodb.us-east-1.amazonaws.com",
        &["Encrypt"],
    ));
    fixture.send(on_key!(DisableKeyRequest, key)).unwrap();
    assert_eq!(code(fixture.send(valid())), "DisabledException");
}

#[test]
fn a_dry_run_makes_and_ends_no_grant() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let id = fixture.grant(create(&key, ROOT, &["Encrypt"])).grant_id;
    let dry_run = Some(true);
    let create = CreateGrantRequest {
        dry_run,
        ..create(&key, ROOT, &["Decrypt"])
    };
    assert_eq!(code(fixture.send(create)), "DryRunOperationException");
    let revoke = RevokeGrantRequest {
        dry_run,
        ..revoke(&key, id.as_str())
    };
    assert_eq!(
        code(fixture.send(revoke.clone())),
        "DryRunOperationException"
    );
    let retire = RetireGrantRequest {
        dry_run,
        ..retire(&key, id.as_str())
    };
    assert_eq!(code(fixture.send(retire)), "DryRunOperationException");
    let bob = fixture.user("bob");
    assert_eq!(code(fixture.send_as(&bob, revoke)), "AccessDeniedException");
    assert_eq!(fixture.listed(&key).len(), 1);
}

#[test]
fn grants_go_with_their_key() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    fixture.user("bob");
    for _ in 0..5 {
        fixture.grant(CreateGrantRequest {
            retiring_principal: Some(ROOT.to_owned()),
            ..create(&key, &arn("bob"), &["Encrypt"])
        });
    }
    let schedule = ScheduleKeyDeletionRequest {
        key_id: Some(key.clone()),
        pending_window_in_days: Some(7),
    };
    fixture.send(schedule).unwrap();
    let refused = fixture.send(create(&key, ROOT, &["Encrypt"]));
    assert_eq!(code(refused), "KMSInvalidStateException");
    let id = fixture.listed(&key)[0].grant_id.clone();
    fixture.send(revoke(&key, id.as_str())).unwrap();
    fixture.clock.set(fixture.clock.now().plus_days(7));
    fixture.engine().run_due_jobs().unwrap();
    for _ in 0..2 {
        let retirable = ListRetirableGrantsRequest {
            retiring_principal: Some(ROOT.to_owned()),
            ..ListRetirableGrantsRequest::default()
        };
        assert!(fixture.send(retirable).unwrap().grants.is_empty());
        assert_eq!(
            code(fixture.send(on_key!(ListGrantsRequest, key))),
            "NotFoundException"
        );
        fixture.reopen();
    }
}

#[test]
fn the_ledger_tells_of_grants_and_never_of_their_tokens() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let made = fixture.grant(CreateGrantRequest {
        name: Some("backup".to_owned()),
        constraints: subset(&[("tenant", "blue")]),
        retiring_principal: Some(ROOT.to_owned()),
        ..create(&key, ROOT, &["Encrypt"])
    });
    let used = EncryptRequest {
        grant_tokens: Some(vec![made.grant_token.clone()]),
        ..encrypt(&key, &[])
    };
    fixture.send(used).unwrap();
    fixture.send(retire_by(&made.grant_token)).unwrap();
    let _ = fixture.send(retire_by(&made.grant_token));
    let _ = fixture.send(retire_by("made up by somebody"));
    let again = fixture.grant(create(&key, ROOT, &["Encrypt"]));
    fixture.send(revoke(&key, again.grant_id.as_str())).unwrap();
    let lines = fixture.lines();
    let of = |name: &str| lines.iter().find(|line| line["eventName"] == name).unwrap();
    let created = of("CreateGrant");
    assert_eq!(created["requestParameters"]["granteePrincipal"], ROOT);
    assert_eq!(
        created["requestParameters"]["constraints"]["encryptionContextSubset"]["tenant"],
        "blue"
    );
    assert_eq!(
        created["responseElements"]["grantId"],
        made.grant_id.as_str()
    );
    assert_eq!(created["responseElements"]["keyId"], key);
    let retired = of("RetireGrant");
    assert!(retired["requestParameters"].is_null());
    assert_eq!(
        retired["additionalEventData"]["grantId"],
        made.grant_id.as_str()
    );
    assert_eq!(retired["resources"][0]["ARN"], key);
    assert_eq!(
        of("RevokeGrant")["requestParameters"]["grantId"],
        again.grant_id.as_str()
    );
    let text = serde_json::to_string(&lines).unwrap();
    for token in [
        made.grant_token.as_str(),
        again.grant_token.as_str(),
        "made up",
    ] {
        assert!(!text.contains(token), "{token}");
    }
}

#[test]
fn another_engine_on_the_store_knows_of_grants_at_once() {
    let fixture = Fixture::new();
    let other = Engine::open(options(fixture.directory.path(), &fixture.clock)).unwrap();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    let encrypts = || {
        block_on(other.call(&bob, encrypt(&key, &[])))
            .unwrap()
            .into_inner()
            .is_ok()
    };
    assert!(!encrypts());
    let made = fixture.grant(create(&key, &arn("bob"), &["Encrypt"]));
    assert!(encrypts());
    fixture.send(revoke(&key, made.grant_id.as_str())).unwrap();
    assert!(!encrypts());
}

#[test]
fn a_delayed_grant_counts_late_but_for_requests_with_its_token() {
    const DELAY: i64 = 30_000;
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let (bob, carol) = (fixture.user("bob"), fixture.user("carol"));
    let before = fixture.grant(create(&key, &arn("carol"), &["Encrypt"]));
    fixture.clock.set(fixture.clock.now().plus_millis(DELAY));
    let delay = std::time::Duration::from_secs(30);
    fixture.engine().delay_grants(delay).unwrap();
    let with = |tokens: &[&str]| EncryptRequest {
        grant_tokens: Some(tokens.iter().map(|token| (*token).to_owned()).collect()),
        ..encrypt(&key, &[])
    };
    let denied = |call: &CallContext, tokens: &[&str]| {
        code(fixture.send_as(call, with(tokens))) == "AccessDeniedException"
    };
    let operations = ["Encrypt", "CreateGrant", "RetireGrant"];
    let made = fixture.grant(create(&key, &arn("bob"), &operations));
    let unused = fixture.grant(create(&key, &arn("carol"), &["Decrypt"]));
    fixture.send_as(&carol, with(&[])).unwrap();
    assert!(denied(&bob, &[]));
    assert!(denied(&bob, &[&before.grant_token, &unused.grant_token]));
    fixture.send_as(&bob, with(&[&made.grant_token])).unwrap();
    let give = |tokens: Option<Vec<String>>| CreateGrantRequest {
        grant_tokens: tokens,
        ..create(&key, &arn("carol"), &["Encrypt"])
    };
    assert_eq!(
        code(fixture.send_as(&bob, give(None))),
        "AccessDeniedException"
    );
    let token = made.grant_token.clone();
    fixture.send_as(&bob, give(Some(vec![token]))).unwrap();
    // A token is no bearer's: it helps whom the grant is for.
    let stranger = fixture.user("mallory");
    assert!(denied(&stranger, &[&made.grant_token]));
    let now = fixture.clock.now();
    fixture.clock.set(now.plus_millis(DELAY - 1));
    assert!(denied(&bob, &[]));
    fixture.clock.set(now.plus_millis(DELAY));
    fixture.send_as(&bob, with(&[])).unwrap();
}

#[test]
fn a_delayed_grant_ends_at_once_by_who_may_end_it() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    let delay = std::time::Duration::from_secs(30);
    fixture.engine().delay_grants(delay).unwrap();
    let made = fixture.grant(create(&key, &arn("bob"), &["Encrypt", "RetireGrant"]));
    let id = made.grant_id.as_str();
    fixture.send_as(&bob, retire(&key, id)).unwrap();
    let stale = EncryptRequest {
        grant_tokens: Some(vec![made.grant_token]),
        ..encrypt(&key, &[])
    };
    assert_eq!(code(fixture.send_as(&bob, stale)), "AccessDeniedException");
}

#[test]
fn a_store_of_production_delays_no_grants() {
    let fixture = Fixture::new();
    fixture.send(MarkProductionRequest).unwrap();
    let delay = std::time::Duration::from_secs(1);
    let refused = fixture.engine().delay_grants(delay).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ValidationException);
    let (key, bob) = (fixture.create_key(), fixture.user("bob"));
    fixture.grant(create(&key, &arn("bob"), &["Encrypt"]));
    fixture.send_as(&bob, encrypt(&key, &[])).unwrap();
}
