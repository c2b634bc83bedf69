//! What holds for every trust policy, and for every order of policies: a Deny never lets in, an Allow
//! never shuts out, and where a statement stands is nothing.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/target";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.example.com";
const PRINCIPALS: [&str; 8] = [
    r#""*""#,
    r#"{"AWS":"*"}"#,
    r#"{"AWS":"111122223333"}"#,
    r#"{"AWS":["arn:aws:iam::111122223333:user/alice","444455556666"]}"#,
    r#"{"AWS":"arn:aws:iam::111122223333:role/p/r"}"#,
    r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/r/one"}"#,
    r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.example.com"}"#,
    r#"{"Federated":"accounts.example.com"}"#,
];
const ACTIONS: [&str; 5] = [
    r#""sts:AssumeRole""#,
    r#""sts:AssumeRoleWithWebIdentity""#,
    r#"["sts:AssumeRole*","sts:TagSession"]"#,
    r#""sts:*""#,
    r#""sts:SetSourceIdentity""#,
];
const CONDITIONS: [&str; 6] = [
    "{}",
    r#"{"StringEquals":{"test:A":"1"}}"#,
    r#"{"StringNotLike":{"test:A":"2*"}}"#,
    r#"{"BoolIfExists":{"test:B":"true"}}"#,
    r#"{"Null":{"test:A":"true"}}"#,
    r#"{"ForAnyValue:StringEquals":{"test:B":["1","true"]}}"#,
];
const ASKED: [&str; 4] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
];

fn trusting(effect: &'static str) -> impl Strategy<Value = String> {
    (select(&PRINCIPALS), select(&ACTIONS), select(&CONDITIONS)).prop_map(
        move |(principal, action, condition)| {
            format!(
                r#"{{"Effect":"{effect}","Principal":{principal},"Action":{action},"Condition":{condition}}}"#
            )
        },
    )
}

fn any_trusting() -> impl Strategy<Value = String> {
    prop_oneof![3 => trusting("Allow"), 1 => trusting("Deny")]
}

fn own(effect: &'static str) -> impl Strategy<Value = String> {
    (select(&ACTIONS), select(&CONDITIONS)).prop_map(move |(action, condition)| {
        format!(
            r#"{{"Effect":"{effect}","Action":{action},"Resource":"*","Condition":{condition}}}"#
        )
    })
}

fn any_own() -> impl Strategy<Value = String> {
    prop_oneof![3 => own("Allow"), 1 => own("Deny")]
}

/// Who asks to assume the role: somebody with a name, or nobody but a provider.
#[derive(Clone, Debug)]
struct Asking {
    trust: Vec<String>,
    identity: Vec<String>,
    session: Option<Vec<String>>,
    principal: Option<Principal>,
    action: &'static str,
    values: Context,
}

fn asking() -> impl Strategy<Value = Asking> {
    let who = select(vec![
        None,
        Some(root(ACCOUNT)),
        Some(user(ACCOUNT, "alice")),
        Some(user(ACCOUNT, "bob")),
        Some(user(STRANGER, "alice")),
        Some(session(ACCOUNT, "one")),
        Some(session(STRANGER, "one")),
        Some(federated(ACCOUNT, "fred")),
    ]);
    let value = || select(&["absent", "1", "23", "true", "ambiguous"]);
    let values = (value(), value()).prop_map(|(a, b)| {
        let add = |context: Context, key: &str, value: &str| match value {
            "absent" => context,
            "ambiguous" => context.with_ambiguous(key),
            text => context.with(key, text),
        };
        add(add(Context::new(), "test:A", a), "test:B", b)
    });
    let limits = prop::option::weighted(0.3, prop::collection::vec(any_own(), 1..3));
    (
        prop::collection::vec(any_trusting(), 1..5),
        prop::collection::vec(any_own(), 1..4),
        limits,
        who,
        select(&ASKED),
        values,
    )
        .prop_map(
            |(trust, identity, session, principal, action, values)| Asking {
                trust,
                identity,
                session,
                principal,
                action,
                values,
            },
        )
}

fn one_each(statements: &[String]) -> Vec<Arc<IdentityPolicy>> {
    let parse = |one: &String| Arc::new(IdentityPolicy::parse(&document(one)).unwrap());
    statements.iter().map(parse).collect()
}

/// Whether the role lets in who asks, with one policy for each statement of its own side.
fn lets_in(asking: &Asking) -> bool {
    let trust = TrustPolicy::parse(&document(&asking.trust.join(","))).unwrap();
    let identity = one_each(&asking.identity);
    let session = asking.session.as_deref().map(one_each);
    let decision = decide_trust(&TrustQuestion {
        by: match &asking.principal {
            None => AssumedBy::WebIdentity(PROVIDER),
            Some(principal) => AssumedBy::Principal {
                principal,
                identity_policies: &identity,
                boundary: None,
                session_policies: session.as_deref(),
            },
        },
        action: asking.action,
        role_account: &ACCOUNT.parse().unwrap(),
        role_arn: ROLE,
        trust_policy: &trust,
        values: &asking.values,
        service_control: &[],
        resource_control: &[],
    });
    matches!(decision, Decision::Allow(_))
}

proptest! {
    #[test]
    fn a_deny_that_is_added_never_lets_anybody_assume_a_role(
        asking in asking(), trust in trusting("Deny"), own in own("Deny")
    ) {
        let before = lets_in(&asking);
        let mut after = asking.clone();
        after.trust.push(trust);
        prop_assert!(before || !lets_in(&after));
        let mut after = asking;
        after.identity.push(own.clone());
        prop_assert!(before || !lets_in(&after));
        after.session.get_or_insert_default().push(own);
        prop_assert!(before || !lets_in(&after));
    }

    #[test]
    fn an_allow_that_is_added_never_keeps_anybody_from_a_role(
        asking in asking(), trust in trusting("Allow"), own in own("Allow")
    ) {
        let before = lets_in(&asking);
        let mut after = asking;
        after.trust.push(trust);
        after.identity.push(own.clone());
        if let Some(session) = &mut after.session {
            session.push(own);
        }
        prop_assert!(!before || lets_in(&after));
    }

    #[test]
    fn the_order_of_policies_and_of_statements_lets_in_the_same(
        asking in asking(), turn in 0_usize..4
    ) {
        let mut after = asking.clone();
        for list in [Some(&mut after.trust), Some(&mut after.identity), after.session.as_mut()] {
            let Some(list) = list else { continue };
            let length = list.len();
            list.rotate_left(turn % length);
            if turn > 1 {
                list.reverse();
            }
        }
        prop_assert_eq!(lets_in(&asking), lets_in(&after));
    }

    #[test]
    fn null_lets_in_exactly_where_a_value_is_absent(asking in asking()) {
        let by = |condition: &str| {
            let statement = format!(
                r#"{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{condition}}}"#
            );
            lets_in(&Asking {
                trust: vec![statement],
                identity: vec![r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned()],
                session: None,
                principal: Some(user(ACCOUNT, "alice")),
                action: "sts:AssumeRole",
                values: asking.values.clone(),
            })
        };
        let absent = by(r#"{"Null":{"test:A":"true"}}"#);
        prop_assert_ne!(absent, by(r#"{"Null":{"test:A":"false"}}"#));
        prop_assert_eq!(absent, by(r#"{"StringEqualsIfExists":{"test:A":"none"}}"#));
    }
}
