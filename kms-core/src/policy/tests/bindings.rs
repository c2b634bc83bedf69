//! Names that are bound to unique ids, and names that are not.

use super::*;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const ROLE: &str = "arn:aws:iam::111122223333:role/p/r";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/r/one";

fn statement_for(effect: &str, arn: &str) -> String {
    document(&statement(
        effect,
        Some(&format!(r#"{{"AWS":"{arn}"}}"#)),
        "{}",
    ))
}

fn bound(arn: &str, id: &str) -> Bindings {
    [(arn.to_owned(), id.parse().unwrap())]
        .into_iter()
        .collect()
}

fn allows(principal: &Principal, policy: KeyPolicy) -> bool {
    let mut case = Case::new(principal.clone(), "kms:Encrypt");
    case.key_policy = Some(policy);
    case.allows()
}

#[test]
fn a_bound_name_is_whoever_has_the_id_and_not_a_namesake() {
    for (arn, caller, id, other) in [
        (
            ALICE,
            user(ACCOUNT, "alice"),
            "AIDAAAAAAAAAAAAAAAAAA",
            "AIDABBBBBBBBBBBBBBBBB",
        ),
        (
            ROLE,
            session(ACCOUNT, "one"),
            "AROAAAAAAAAAAAAAAAAAA",
            "AROABBBBBBBBBBBBBBBBB",
        ),
        (
            SESSION,
            session(ACCOUNT, "one"),
            "AROAAAAAAAAAAAAAAAAAA",
            "AROABBBBBBBBBBBBBBBBB",
        ),
    ] {
        let text = statement_for("Allow", arn);
        assert!(allows(&caller, KeyPolicy::parse(&text).unwrap()), "{arn}");
        let with = |bindings: &Bindings| KeyPolicy::parse_bound(&text, bindings).unwrap();
        assert!(allows(&caller, with(&bound(arn, id))), "{arn}");
        assert!(!allows(&caller, with(&bound(arn, other))), "{arn}");
        assert!(allows(
            &caller,
            with(&bound("arn:aws:iam::111122223333:user/x", other))
        ));
    }
    let elsewhere = session(ACCOUNT, "two");
    let policy = KeyPolicy::parse_bound(
        &statement_for("Allow", SESSION),
        &bound(SESSION, "AROAAAAAAAAAAAAAAAAAA"),
    );
    assert!(!allows(&elsewhere, policy.unwrap()));
}

#[test]
fn a_bound_name_holds_after_the_user_was_renamed() {
    let text = statement_for("Allow", ALICE);
    let policy = KeyPolicy::parse_bound(&text, &bound(ALICE, "AIDAAAAAAAAAAAAAAAAAA"));
    assert!(allows(&user(ACCOUNT, "renamed"), policy.unwrap()));
}

#[test]
fn without_a_binding_the_path_is_part_of_the_name() {
    for (arn, expected) in [
        (ROLE, true),
        ("arn:aws:iam::111122223333:role/r", false),
        ("arn:aws:iam::111122223333:role/P/r", false),
        ("arn:aws:iam::111122223333:role/p/R", false),
        ("arn:aws:iam::444455556666:role/p/r", false),
    ] {
        let policy = KeyPolicy::parse(&statement_for("Allow", arn)).unwrap();
        assert_eq!(allows(&session(ACCOUNT, "one"), policy), expected, "{arn}");
    }
}

#[test]
fn bindings_are_kept_as_a_map_beside_the_document() {
    let bindings = bound(ALICE, "AIDAAAAAAAAAAAAAAAAAA");
    let json = serde_json::to_string(&bindings).unwrap();
    assert_eq!(json, format!(r#"{{"{ALICE}":"AIDAAAAAAAAAAAAAAAAAA"}}"#));
    assert_eq!(serde_json::from_str::<Bindings>(&json).unwrap(), bindings);
}

#[test]
fn a_policy_tells_whom_it_names_so_that_they_can_be_bound() {
    let policy = KeyPolicy::parse(&document(&statement(
        "Allow",
        Some(&format!(
            r#"{{"AWS":["*","111122223333","{ALICE}","{ROLE}","{SESSION}"],"Service":"s3.amazonaws.com"}}"#
        )),
        "{}",
    )))
    .unwrap();
    let arns: Vec<_> = policy.principals().map(|named| named.arn()).collect();
    let root = "arn:aws:iam::111122223333:root";
    assert_eq!(
        arns.iter().map(Option::as_deref).collect::<Vec<_>>(),
        [
            None,
            Some(root),
            Some(ALICE),
            Some(ROLE),
            Some(SESSION),
            None
        ]
    );
}
