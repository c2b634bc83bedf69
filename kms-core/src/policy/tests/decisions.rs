//! The decision against a naive reference over every combination of caller and policies, and the
//! rules that have a name.

use super::*;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

/// The statements that a key policy of the matrix may have: name, effect, principal element.
const STATEMENTS: [(&str, &str, &str); 8] = [
    (
        "allow-alice",
        "Allow",
        r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}"#,
    ),
    (
        "allow-account",
        "Allow",
        r#""Principal":{"AWS":"111122223333"}"#,
    ),
    (
        "allow-stranger",
        "Allow",
        r#""Principal":{"AWS":"arn:aws:iam::444455556666:root"}"#,
    ),
    ("allow-all", "Allow", r#""Principal":{"AWS":"*"}"#),
    (
        "deny-alice",
        "Deny",
        r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}"#,
    ),
    (
        "deny-account",
        "Deny",
        r#""Principal":{"AWS":"111122223333"}"#,
    ),
    ("deny-all", "Deny", r#""Principal":"*""#),
    (
        "deny-not-alice",
        "Deny",
        r#""NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"]}"#,
    ),
];

struct Caller {
    own: bool,
    root: bool,
    name: &'static str,
}

const CALLERS: [Caller; 5] = [
    Caller {
        own: true,
        root: true,
        name: "",
    },
    Caller {
        own: true,
        root: false,
        name: "alice",
    },
    Caller {
        own: true,
        root: false,
        name: "bob",
    },
    Caller {
        own: false,
        root: true,
        name: "",
    },
    Caller {
        own: false,
        root: false,
        name: "alice",
    },
];

/// The rules once more, in the plainest words: no statements, no matching, only names.
fn reference(caller: &Caller, key: &[&str], identity: &[&str], cross_account: bool) -> bool {
    let has = |name: &str| key.contains(&name);
    let alice = caller.own && caller.name == "alice";
    let exempt = alice || (caller.own && caller.root);
    if identity.contains(&"Deny")
        || has("deny-all")
        || (has("deny-alice") && alice)
        || (has("deny-account") && caller.own)
        || (has("deny-not-alice") && !exempt)
    {
        return false;
    }
    let own_side = caller.root || identity.contains(&"Allow");
    let direct = has("allow-all") || (has("allow-alice") && alice);
    if caller.own {
        direct || (has("allow-account") && own_side)
    } else {
        cross_account && own_side && (direct || has("allow-stranger"))
    }
}

fn key_policy_of(names: &[&str]) -> Option<KeyPolicy> {
    let statements: Vec<String> = STATEMENTS
        .iter()
        .filter(|(name, ..)| names.contains(name))
        .map(|(_, effect, principal)| {
            format!(r#"{{"Effect":"{effect}",{principal},"Action":"kms:*","Resource":"*"}}"#)
        })
        .collect();
    (!statements.is_empty()).then(|| KeyPolicy::parse(&document(&statements.join(","))).unwrap())
}

#[test]
fn every_combination_of_caller_and_policies_agrees_with_the_reference() {
    let identities: [&[&str]; 4] = [&[], &["Allow"], &["Deny"], &["Allow", "Deny"]];
    for mask in 0..1_u32 << STATEMENTS.len() {
        let names: Vec<&str> = (0..STATEMENTS.len())
            .filter(|bit| mask & (1 << bit) != 0)
            .map(|bit| STATEMENTS[bit].0)
            .collect();
        let policy = key_policy_of(&names).map(Arc::new);
        for (caller, identity) in CALLERS.iter().flat_map(|c| identities.map(|i| (c, i))) {
            for (action, cross_account) in [("kms:Encrypt", true), ("kms:PutKeyPolicy", false)] {
                let account = if caller.own { ACCOUNT } else { STRANGER };
                let principal = match caller.root {
                    true => root(account),
                    false => user(account, caller.name),
                };
                let mut case = Case::new(principal, action);
                for effect in identity {
                    case = case.identity_policy(&document(&statement(effect, None, "{}")));
                }
                let key = key_arn();
                let decision = decide(&Question {
                    principal: &case.principal,
                    action,
                    resource: Resource::Key(&key),
                    values: &case.values,
                    key_policy: policy.as_deref(),
                    identity_policies: &case.identity_policies,
                    boundary: None,
                    session_policies: None,
                    service_control: &[],
                    resource_control: &[],
                    by_grant: None,
                });
                assert_eq!(
                    matches!(decision, Decision::Allow(_)),
                    reference(caller, &names, identity, cross_account),
                    "{:?} {action} {names:?} {identity:?}",
                    case.principal
                );
            }
        }
    }
}

fn default_policy() -> String {
    KeyPolicy::default_text(&ACCOUNT.parse().unwrap())
}

#[test]
fn the_default_policy_lets_the_account_s_identity_policies_decide() {
    let alice = || Case::new(user(ACCOUNT, "alice"), "kms:Encrypt").key_policy(&default_policy());
    assert!(!alice().allows());
    let encrypt = r#"{"Effect":"Allow","Action":"kms:encrypt","Resource":"*"}"#;
    assert!(alice().identity_policy(&document(encrypt)).allows());
    assert!(
        Case::new(root(ACCOUNT), "kms:Encrypt")
            .key_policy(&default_policy())
            .allows()
    );
    assert!(
        !Case::new(root(STRANGER), "kms:Encrypt")
            .key_policy(&default_policy())
            .allows()
    );
}

#[test]
fn an_identity_policy_alone_allows_nothing_on_a_key() {
    let everything = document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let alone = Case::new(user(ACCOUNT, "alice"), "kms:Encrypt").identity_policy(&everything);
    assert_eq!(alone.denial().layer(), Layer::ResourceBased);
    assert!(!Case::new(root(ACCOUNT), "kms:Encrypt").allows());
}

#[test]
fn the_delegation_to_the_account_limits_what_an_identity_policy_can_allow() {
    let delegation = document(
        r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Encrypt","Resource":"*"}"#,
    );
    let everything = document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let of = |action| {
        Case::new(user(ACCOUNT, "alice"), action)
            .key_policy(&delegation)
            .identity_policy(&everything)
    };
    assert!(of("kms:Encrypt").allows());
    assert!(!of("kms:Decrypt").allows());
}

#[test]
fn only_identity_policies_decide_on_what_is_no_key() {
    let create = document(r#"{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*"}"#);
    let alice = |action: &str| Case::new(user(ACCOUNT, "alice"), action).on("*");
    assert!(!alice("kms:CreateKey").allows());
    assert!(alice("kms:CreateKey").identity_policy(&create).allows());
    assert!(!alice("kms:ListKeys").identity_policy(&create).allows());
    assert!(Case::new(root(ACCOUNT), "kms:CreateKey").on("*").allows());
}

#[test]
fn an_action_without_a_resource_needs_a_pattern_of_everything_in_account_and_region() {
    let values = || Context::new().with("aws:RequestedRegion", "us-west-2");
    for (pattern, expected) in [
        ("*", true),
        ("arn:aws:kms:us-west-2:111122223333:*", true),
        ("arn:aws:kms:*:*:*", true),
        ("arn:aws:kms:eu-west-1:111122223333:*", false),
        ("arn:aws:kms:us-west-2:444455556666:*", false),
        ("arn:aws:kms:us-west-2:111122223333:key/*", false),
        ("arn:aws:s3:us-west-2:111122223333:*", false),
        (KEY, false),
    ] {
        let policy = document(&format!(
            r#"{{"Effect":"Allow","Action":"kms:*","Resource":"{pattern}"}}"#
        ));
        let case = || Case::new(user(ACCOUNT, "alice"), "kms:CreateKey").on("*");
        assert_eq!(
            case().values(values()).identity_policy(&policy).allows(),
            expected,
            "{pattern}"
        );
        if pattern.contains("us-west-2") {
            assert!(
                !case().identity_policy(&policy).allows(),
                "no Region known: {pattern}"
            );
        }
    }
}

#[test]
fn an_alias_arn_names_the_alias_and_never_its_key() {
    let alias = "arn:aws:kms:us-west-2:111122223333:alias/a";
    let policy = document(&format!(
        r#"{{"Effect":"Allow","Action":"kms:*","Resource":"{alias}"}}"#
    ));
    let alice = || Case::new(user(ACCOUNT, "alice"), "kms:CreateAlias").identity_policy(&policy);
    assert!(alice().on(alias).allows());
    assert!(
        !alice()
            .on("arn:aws:kms:us-west-2:111122223333:alias/b")
            .allows()
    );
    assert!(!alice().key_policy(&default_policy()).allows());
    let foreign = "arn:aws:kms:us-west-2:444455556666:alias/a";
    let everything = document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    assert!(!alice().identity_policy(&everything).on(foreign).allows());
    assert!(
        !Case::new(root(ACCOUNT), "kms:CreateAlias")
            .on(foreign)
            .allows()
    );
}

#[test]
fn a_key_policy_s_resource_is_the_key_itself_or_of_no_effect() {
    for (resource, expected) in [
        (r#","Resource":"*""#.to_owned(), true),
        (format!(r#","Resource":"{KEY}""#), true),
        (
            r#","Resource":"arn:aws:kms:us-west-2:111122223333:key/other""#.to_owned(),
            false,
        ),
        (format!(r#","NotResource":"{KEY}""#), false),
        (String::new(), false),
    ] {
        let policy = document(&format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"kms:*"{resource}}}"#
        ));
        let case = Case::new(user(ACCOUNT, "alice"), "kms:Encrypt").key_policy(&policy);
        assert_eq!(case.allows(), expected, "{resource}");
    }
    let no_action = document(
        r#"{"Effect":"Deny","Principal":"*","Resource":"*"},
        {"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#,
    );
    assert!(
        Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
            .key_policy(&no_action)
            .allows()
    );
}

#[test]
fn the_service_itself_does_its_own_jobs_in_its_account_and_nothing_else() {
    let deny = document(&statement("Deny", Some("\"*\""), "{}"));
    let service = |account: &str, action: &str| {
        let account = account.parse().unwrap();
        Case::new(Principal::Service { account }, action).key_policy(&deny)
    };
    assert!(service(ACCOUNT, "kms:RotateKey").allows());
    assert!(service(ACCOUNT, "kms:DeleteKey").allows());
    assert!(service(ACCOUNT, "kms:DeleteExpiredKeyMaterial").allows());
    assert!(!service(STRANGER, "kms:DeleteKey").allows());
    assert!(!service(ACCOUNT, "kms:Decrypt").allows());
    assert!(!service(ACCOUNT, "kms:deletekey").allows());
    assert!(!service(ACCOUNT, "kms:DeleteKey").on("*").allows());
}

#[test]
fn nobody_else_is_ever_allowed_the_service_s_own_jobs() {
    let all = document(&statement("Allow", Some("\"*\""), "{}"));
    for action in [
        "kms:RotateKey",
        "kms:DeleteKey",
        "kms:DeleteExpiredKeyMaterial",
        "kms:deletekey",
    ] {
        assert!(!Case::new(root(ACCOUNT), action).key_policy(&all).allows());
        assert!(
            !Case::new(user(ACCOUNT, "alice"), action)
                .key_policy(&all)
                .allows()
        );
    }
}

#[test]
fn a_permit_names_the_action_and_the_key() {
    let all = document(&statement("Allow", Some("\"*\""), "{}"));
    match Case::new(root(ACCOUNT), "kms:Encrypt")
        .key_policy(&all)
        .decide()
    {
        Decision::Allow(permit) => {
            assert_eq!(permit.action(), "kms:Encrypt");
            assert_eq!(permit.key(), Some(&key_arn()));
        }
        Decision::Deny(denial) => panic!("{denial:?}"),
    }
}

#[test]
fn a_denial_tells_the_caller_what_aws_tells() {
    let message = |case: Case| case.denial().message(ALICE, "kms:Encrypt", KEY);
    let start =
        format!("User: {ALICE} is not authorized to perform: kms:Encrypt on resource: {KEY}");
    let alice = || Case::new(user(ACCOUNT, "alice"), "kms:Encrypt");
    let deny = document(&statement("Deny", None, "{}"));
    let key_deny = document(&statement("Deny", Some("\"*\""), "{}"));
    for (case, end) in [
        (
            alice(),
            "because no resource-based policy allows the kms:Encrypt action",
        ),
        (
            alice().key_policy(&default_policy()),
            "because no identity-based policy allows the kms:Encrypt action",
        ),
        (
            alice().identity_policy(&deny),
            "with an explicit deny in an identity-based policy",
        ),
        (
            alice().key_policy(&key_deny),
            "with an explicit deny in a resource-based policy",
        ),
    ] {
        assert_eq!(message(case), format!("{start} {end}"));
    }
}

#[test]
fn of_a_foreign_key_a_denial_tells_nothing() {
    let expected = format!(
        "User: {ALICE} is not authorized to perform: kms:Encrypt on this resource because the \
         resource does not exist in this Region, no resource-based policies allow access, or a \
         resource-based policy explicitly denies access"
    );
    let stranger = || Case::new(user(STRANGER, "alice"), "kms:Encrypt");
    let deny = document(&statement("Deny", Some("\"*\""), "{}"));
    for case in [
        stranger(),
        stranger().key_policy(&default_policy()),
        stranger().key_policy(&deny),
    ] {
        assert_eq!(case.denial().message(ALICE, "kms:Encrypt", KEY), expected);
    }
}

#[test]
fn a_denial_keeps_the_statement_for_the_audit() {
    let deny = document(
        r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"},
           {"Sid":"NoEncrypt","Effect":"Deny","Action":"kms:Encrypt","Resource":"*"}"#,
    );
    let allow = document(&statement("Allow", None, "{}"));
    let denial = Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
        .identity_policy(&allow)
        .identity_policy(&deny)
        .denial();
    let matched = MatchedStatement {
        policy: 1,
        index: 1,
        sid: Some("NoEncrypt".into()),
    };
    assert_eq!(denial.layer(), Layer::IdentityBased);
    assert_eq!(denial.reason(), &Reason::ExplicitDeny(matched));
}

#[test]
fn user_names_are_compared_with_their_case() {
    let policy = document(&statement(
        "Allow",
        Some(&format!(r#"{{"AWS":"{ALICE}"}}"#)),
        "{}",
    ));
    assert!(
        Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
            .key_policy(&policy)
            .allows()
    );
    assert!(
        !Case::new(user(ACCOUNT, "Alice"), "kms:Encrypt")
            .key_policy(&policy)
            .allows()
    );
}
