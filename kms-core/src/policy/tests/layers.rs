//! The layers beside key policy and identity policies: a naive reference over every combination,
//! and the rules that have a name.

use super::*;
use crate::grants::GrantPrincipal;

const ROOT: &str = r#"{"AWS":"111122223333"}"#;
const ALICE: &str = r#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#;
const ROLE: &str = r#"{"AWS":"arn:aws:iam::111122223333:role/p/r"}"#;
const SESSION: &str = r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/r/one"}"#;
const FRED: &str = r#"{"AWS":"arn:aws:sts::111122223333:federated-user/fred"}"#;

fn allow() -> String {
    document(&statement("Allow", None, "{}"))
}

fn deny() -> String {
    document(&statement("Deny", None, "{}"))
}

/// Allows something else.
fn nothing() -> String {
    document(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#)
}

fn key_policy(effect: &str, principal: &str) -> String {
    document(&statement(effect, Some(principal), "{}"))
}

fn rcp_deny() -> String {
    document(r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}"#)
}

/// What a layer of the matrix says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Absent,
    Allow,
    Nothing,
    Deny,
}

const SAYINGS: [Says; 4] = [Says::Absent, Says::Allow, Says::Nothing, Says::Deny];

impl Says {
    fn text(self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Allow => Some(allow()),
            Self::Nothing => Some(nothing()),
            Self::Deny => Some(document(&format!(
                "{},{}",
                statement("Allow", None, "{}"),
                statement("Deny", None, "{}")
            ))),
        }
    }

    fn passes(self) -> bool {
        matches!(self, Self::Absent | Self::Allow)
    }
}

/// Who calls, and the class in which each element of the key's policy names it.
struct Caller {
    principal: Principal,
    direct: &'static str,
    entity: &'static str,
    own: bool,
    root: bool,
}

fn callers() -> Vec<Caller> {
    let nobody = r#"{"AWS":"999988887777"}"#;
    let caller = |principal, direct, entity, own| Caller {
        root: matches!(principal, Principal::Root { .. }),
        principal,
        direct,
        entity,
        own,
    };
    vec![
        caller(root(ACCOUNT), r#""*""#, nobody, true),
        caller(user(ACCOUNT, "alice"), ALICE, nobody, true),
        caller(session(ACCOUNT, "one"), SESSION, ROLE, true),
        caller(federated(ACCOUNT, "fred"), FRED, ALICE, true),
        caller(user(STRANGER, "alice"), r#""*""#, nobody, false),
        caller(session(STRANGER, "one"), r#""*""#, nobody, false),
    ]
}

/// The rules once more, in the plainest words.
fn reference(caller: &Caller, class: &str, says: [Says; 4], scp: &str, rcp_denies: bool) -> bool {
    let [identity, boundary, session, _] = says;
    if says.contains(&Says::Deny) || scp == "deny" || rcp_denies || scp == "nothing" {
        return false;
    }
    let federated = matches!(caller.principal, Principal::FederatedUser { .. });
    let in_session = session == Says::Allow || session == Says::Absent && !federated;
    let limits = caller.root || boundary.passes() && in_session;
    let agrees = caller.root || identity == Says::Allow && limits;
    match (class, caller.own) {
        ("none", _) => false,
        ("direct", true) => true,
        ("entity", true) => limits && caller.entity.contains("iam"),
        ("account", true) => agrees,
        ("direct", false) => agrees,
        _ => false,
    }
}

#[test]
fn every_combination_of_layers_agrees_with_the_reference() {
    let mut cells = 0;
    let combinations = SAYINGS.iter().flat_map(|i| {
        SAYINGS
            .iter()
            .flat_map(move |b| SAYINGS.map(|s| (*i, *b, s)))
    });
    for (identity, boundary, session) in combinations {
        for caller in callers() {
            for class in ["none", "direct", "entity", "account"] {
                for (scp, rcp_denies) in [
                    ("none", false),
                    ("allow", false),
                    ("nothing", false),
                    ("deny", false),
                    ("allow", true),
                ] {
                    let mut case = Case::new(caller.principal.clone(), "kms:Encrypt");
                    case = match class {
                        "direct" => case.key_policy(&key_policy("Allow", caller.direct)),
                        "entity" => case.key_policy(&key_policy("Allow", caller.entity)),
                        "account" => case.key_policy(&key_policy("Allow", ROOT)),
                        _ => case,
                    };
                    if let Some(text) = identity.text() {
                        case = case.identity_policy(&text);
                    }
                    if let Some(text) = boundary.text() {
                        case = case.boundary(&text);
                    }
                    if let Some(text) = session.text() {
                        case = case.session_policy(&text);
                    }
                    let full = ServiceControlPolicy::FULL_AWS_ACCESS;
                    case = match scp {
                        "allow" => case.service_control(&[full]).service_control(&[full]),
                        "nothing" => case.service_control(&[full]).service_control(&[&nothing()]),
                        "deny" => case.service_control(&[full, &deny()]),
                        _ => case,
                    };
                    if rcp_denies {
                        case = case.resource_control(&[&rcp_deny()]);
                    }
                    let says = [identity, boundary, session, Says::Absent];
                    assert_eq!(
                        case.allows(),
                        reference(&caller, class, says, scp, rcp_denies),
                        "{:?} {class} {says:?} {scp} {rcp_denies}",
                        caller.principal
                    );
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 4 * 4 * 4 * 6 * 4 * 5);
}

fn closed_by(case: &Case) -> (Layer, String) {
    let denial = case.denial();
    let message = denial.message("ARN", "kms:Encrypt", "KEY");
    let start = "User: ARN is not authorized to perform: kms:Encrypt on resource: KEY ";
    (
        denial.layer(),
        message.strip_prefix(start).unwrap().to_owned(),
    )
}

#[test]
fn each_layer_is_named_in_aws_s_words() {
    let open = || {
        Case::new(session(ACCOUNT, "one"), "kms:Encrypt")
            .key_policy(&key_policy("Allow", ROOT))
            .identity_policy(&allow())
    };
    assert!(open().allows());
    let implicit = |kind: &str| format!("because no {kind} allows the kms:Encrypt action");
    let explicit = |kind: &str| format!("with an explicit deny in {kind}");
    let full = ServiceControlPolicy::FULL_AWS_ACCESS;
    for (case, layer, text) in [
        (
            open().boundary(&nothing()),
            Layer::PermissionsBoundary,
            implicit("permissions boundary"),
        ),
        (
            open().session_policy(&nothing()),
            Layer::SessionPolicy,
            implicit("session policy"),
        ),
        (
            open().service_control(&[&nothing()]),
            Layer::ServiceControl,
            explicit("a service control policy"),
        ),
        (
            open().service_control(&[full, &deny()]),
            Layer::ServiceControl,
            explicit("a service control policy"),
        ),
        (
            open().boundary(&deny()),
            Layer::PermissionsBoundary,
            explicit("a permissions boundary"),
        ),
        (
            open().session_policy(&deny()),
            Layer::SessionPolicy,
            explicit("a sessions policy"),
        ),
        (
            open().resource_control(&[&rcp_deny()]),
            Layer::ResourceControl,
            explicit("a resource control policy"),
        ),
        (
            open().identity_policy(&deny()),
            Layer::IdentityBased,
            explicit("an identity-based policy"),
        ),
        (
            open().key_policy(&key_policy("Deny", ROOT)),
            Layer::ResourceBased,
            explicit("a resource-based policy"),
        ),
    ] {
        assert_eq!(closed_by(&case), (layer, text));
    }
}

#[test]
fn a_denial_says_which_statement_of_which_policy_of_which_layer() {
    let named = document(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},
           {"Sid":"NoKms","Effect":"Deny","Action":"kms:*","Resource":"*"}"#,
    );
    let full = ServiceControlPolicy::FULL_AWS_ACCESS;
    let case = Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
        .service_control(&[full])
        .service_control(&[full, &named]);
    let expected = Reason::ExplicitDeny(MatchedStatement {
        policy: 2,
        index: 1,
        sid: Some("NoKms".into()),
    });
    assert_eq!(case.denial().reason(), &expected);
    let implicit = case.denial().layer();
    assert_eq!(implicit, Layer::ServiceControl);
}

#[test]
fn a_permit_says_what_allowed() {
    let by_account = Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
        .key_policy(&key_policy("Allow", ROOT))
        .identity_policy(&nothing())
        .identity_policy(&document(
            r#"{"Sid":"Use","Effect":"Allow","Action":"kms:*","Resource":"*"}"#,
        ))
        .permit();
    let identity = MatchedStatement {
        policy: 1,
        index: 0,
        sid: Some("Use".into()),
    };
    assert_eq!(by_account.by_identity_policy(), Some(&identity));
    assert_eq!(
        by_account.by_resource_policy().map(|(layer, _)| layer),
        Some(Layer::ResourceBased)
    );
    assert_eq!(by_account.by_grant(), None);
    let direct = Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
        .key_policy(&key_policy("Allow", ALICE))
        .identity_policy(&allow())
        .permit();
    assert_eq!(direct.by_identity_policy(), None);
}

#[test]
fn every_level_of_an_organization_must_allow_and_an_empty_one_does_not() {
    let open =
        || Case::new(user(ACCOUNT, "alice"), "kms:Encrypt").key_policy(&key_policy("Allow", ALICE));
    let full = ServiceControlPolicy::FULL_AWS_ACCESS;
    assert!(
        open()
            .service_control(&[full])
            .service_control(&[&nothing(), full])
            .allows()
    );
    assert!(
        !open()
            .service_control(&[full])
            .service_control(&[])
            .allows()
    );
    assert!(
        !open()
            .service_control(&[&nothing()])
            .service_control(&[full])
            .allows()
    );
}

#[test]
fn service_control_holds_the_root_user_and_actions_without_a_resource() {
    let create = || Case::new(root(ACCOUNT), "kms:CreateKey").on("*");
    assert!(create().allows());
    assert!(!create().service_control(&[&nothing()]).allows());
    assert!(!create().service_control(&[&deny()]).allows());
    let alice = || {
        Case::new(user(ACCOUNT, "alice"), "kms:CreateKey")
            .on("*")
            .identity_policy(&allow())
    };
    assert!(alice().allows());
    assert!(!alice().boundary(&nothing()).allows());
    assert!(!alice().session_policy(&nothing()).allows());
    assert!(!alice().service_control(&[&nothing()]).allows());
    let alias = "arn:aws:kms:us-west-2:111122223333:alias/a";
    let on_alias = || {
        Case::new(user(ACCOUNT, "alice"), "kms:CreateAlias")
            .on(alias)
            .identity_policy(&allow())
    };
    assert!(on_alias().allows());
    assert!(!on_alias().boundary(&nothing()).allows());
}

#[test]
fn session_policies_are_one_set() {
    let open = || {
        Case::new(session(ACCOUNT, "one"), "kms:Encrypt")
            .key_policy(&key_policy("Allow", ROLE))
            .session_policy(&nothing())
    };
    assert!(!open().allows());
    assert!(open().session_policy(&allow()).allows());
    assert!(
        !open()
            .session_policy(&allow())
            .session_policy(&deny())
            .allows()
    );
    let mut of_none =
        Case::new(session(ACCOUNT, "one"), "kms:Encrypt").key_policy(&key_policy("Allow", ROLE));
    assert!(of_none.allows());
    of_none.session_policies = Some(Vec::new());
    assert!(!of_none.allows());
}

#[test]
fn the_full_access_of_resource_control_is_taken_for_granted() {
    let open =
        || Case::new(user(ACCOUNT, "alice"), "kms:Encrypt").key_policy(&key_policy("Allow", ALICE));
    assert!(open().resource_control(&[]).allows());
    let full = ResourceControlPolicy::FULL_AWS_ACCESS;
    assert!(open().resource_control(&[full]).allows());
    assert!(
        !open()
            .resource_control(&[full])
            .resource_control(&[full, &rcp_deny()])
            .allows()
    );
}

#[test]
fn resource_control_of_a_foreign_key_tells_nothing_of_it() {
    let case = Case::new(user(STRANGER, "alice"), "kms:Encrypt")
        .key_policy(&key_policy("Allow", r#""*""#))
        .identity_policy(&allow())
        .resource_control(&[&rcp_deny()]);
    assert_eq!(case.denial().layer(), Layer::ResourceControl);
    let message = case.denial().message("ARN", "kms:Encrypt", KEY);
    assert!(
        message.contains("does not exist in this Region"),
        "{message}"
    );
}

#[test]
fn not_principal_exempts_only_whose_whole_chain_is_listed() {
    let open = statement("Allow", Some(r#""*""#), "{}");
    let account = "111122223333";
    let alice = "arn:aws:iam::111122223333:user/alice";
    let role = "arn:aws:iam::111122223333:role/p/r";
    let one = "arn:aws:sts::111122223333:assumed-role/r/one";
    let fred = "arn:aws:sts::111122223333:federated-user/fred";
    for (principal, listed, exempt) in [
        (root(ACCOUNT), vec![account], true),
        (root(ACCOUNT), vec![alice], false),
        (user(ACCOUNT, "alice"), vec![alice], false),
        (user(ACCOUNT, "alice"), vec![account], false),
        (user(ACCOUNT, "alice"), vec![account, alice], true),
        (session(ACCOUNT, "one"), vec![one], false),
        (session(ACCOUNT, "one"), vec![account, role], false),
        (session(ACCOUNT, "one"), vec![account, one], false),
        (session(ACCOUNT, "one"), vec![role, one], false),
        (session(ACCOUNT, "one"), vec![account, role, one], true),
        (session(ACCOUNT, "two"), vec![account, role, one], false),
        (federated(ACCOUNT, "fred"), vec![account, fred], false),
        (federated(ACCOUNT, "fred"), vec![account, alice, fred], true),
    ] {
        let listed = listed
            .iter()
            .map(|arn| format!("\"{arn}\""))
            .collect::<Vec<_>>()
            .join(",");
        let deny = format!(
            r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":[{listed}]}},"Action":"kms:*","Resource":"*"}}"#
        );
        let case = || {
            Case::new(principal.clone(), "kms:Encrypt")
                .key_policy(&document(&format!("{open},{deny}")))
        };
        assert_eq!(case().allows(), exempt, "{principal:?} {listed}");
        assert!(
            !case().boundary(&allow()).allows(),
            "with a boundary: {principal:?} {listed}"
        );
    }
}

fn grant_to(grantee: GrantPrincipal, issuer: &str) -> Grant {
    Grant {
        id: "0".repeat(64).parse().unwrap(),
        key: key_arn(),
        created: crate::time::Timestamp::from_millis(0),
        name: None,
        grantee,
        retiring: None,
        issuing_account: issuer.parse().unwrap(),
        operations: vec![GrantOperation::Encrypt],
        constraint: None,
    }
}

fn role_grantee(account: &str) -> GrantPrincipal {
    GrantPrincipal::Role {
        account: account.parse().unwrap(),
        path: "/p/".parse().unwrap(),
        name: "r".parse().unwrap(),
        id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
    }
}

fn session_grantee(account: &str) -> GrantPrincipal {
    GrantPrincipal::Session {
        account: account.parse().unwrap(),
        role: "r".parse().unwrap(),
        id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        session: "one".parse().unwrap(),
    }
}

/// A grant, and who of the callers may encrypt by it: plainly, with a boundary that does not allow
/// it, with an identity policy that does, and with both.
#[test]
fn a_grant_is_limited_like_a_key_policy_that_names_its_grantee() {
    let account = GrantPrincipal::Account(ACCOUNT.parse().unwrap());
    let fred = GrantPrincipal::FederatedUser {
        account: ACCOUNT.parse().unwrap(),
        name: "fred".parse().unwrap(),
    };
    let one = || session(ACCOUNT, "one");
    for (principal, grantee, expected) in [
        (one(), session_grantee(ACCOUNT), [true, true, true, true]),
        (one(), role_grantee(ACCOUNT), [true, false, true, false]),
        (one(), account.clone(), [false, false, true, false]),
        (
            session(ACCOUNT, "two"),
            session_grantee(ACCOUNT),
            [false; 4],
        ),
        (federated(ACCOUNT, "fred"), fred, [true, true, true, true]),
        (root(ACCOUNT), account, [true, true, true, true]),
        (root(ACCOUNT), role_grantee(ACCOUNT), [false; 4]),
    ] {
        let case = || {
            Case::new(principal.clone(), "kms:Encrypt").grant(grant_to(grantee.clone(), ACCOUNT))
        };
        let answers = [
            case().allows(),
            case().boundary(&nothing()).allows(),
            case().identity_policy(&allow()).allows(),
            case()
                .identity_policy(&allow())
                .boundary(&nothing())
                .allows(),
        ];
        assert_eq!(answers, expected, "{principal:?} {grantee:?}");
        assert!(!case().service_control(&[&nothing()]).allows());
        assert!(!case().resource_control(&[&rcp_deny()]).allows());
        assert!(!case().session_policy(&deny()).allows());
    }
}

#[test]
fn a_grant_on_a_foreign_key_needs_the_caller_s_account_or_to_come_from_it() {
    for (grantee, issuer, plain, limited, agreed) in [
        (session_grantee(STRANGER), ACCOUNT, false, false, true),
        (session_grantee(STRANGER), STRANGER, true, true, true),
        (role_grantee(STRANGER), ACCOUNT, false, false, true),
        (role_grantee(STRANGER), STRANGER, true, false, true),
        (
            GrantPrincipal::Account(STRANGER.parse().unwrap()),
            STRANGER,
            false,
            false,
            true,
        ),
    ] {
        let case = || {
            Case::new(session(STRANGER, "one"), "kms:Encrypt")
                .grant(grant_to(grantee.clone(), issuer))
        };
        assert_eq!(case().allows(), plain, "{grantee:?} {issuer}");
        assert_eq!(
            case().session_policy(&nothing()).allows(),
            limited,
            "{grantee:?} {issuer}"
        );
        assert_eq!(
            case().identity_policy(&allow()).allows(),
            agreed,
            "{grantee:?} {issuer}"
        );
    }
}
