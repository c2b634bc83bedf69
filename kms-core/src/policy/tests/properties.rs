//! What holds for every policy: a Deny never allows, an Allow never denies, order is nothing.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const PRINCIPALS: [&str; 5] = [
    r#""Principal":"*""#,
    r#""Principal":{"AWS":"111122223333"}"#,
    r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}"#,
    r#""Principal":{"AWS":["444455556666","arn:aws:iam::111122223333:role/r"]}"#,
    r#""NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"]}"#,
];
const ACTIONS: [&str; 5] = [
    r#""Action":"*""#,
    r#""Action":["kms:Encrypt","kms:D*"]"#,
    r#""Action":"kms:?ncrypt""#,
    r#""NotAction":"kms:Encrypt""#,
    r#""Action":"s3:*""#,
];
const RESOURCES: [&str; 4] = [
    r#""Resource":"*""#,
    r#""Resource":"arn:aws:kms:*:*:key/1234*""#,
    r#""NotResource":"arn:aws:kms:*:*:key/${aws:username}""#,
    r#""Resource":"arn:aws:kms:*:*:key/mrk-*""#,
];
const CONDITIONS: [&str; 6] = [
    "{}",
    r#"{"StringEquals":{"test:A":"1"}}"#,
    r#"{"StringNotEquals":{"test:A":"${test:B}"}}"#,
    r#"{"ForAllValues:StringLike":{"test:B":["1","2*"]}}"#,
    r#"{"NumericLessThanIfExists":{"test:A":"2"}}"#,
    r#"{"Null":{"test:A":"true"}}"#,
];

fn statement_of(effect: &'static str, key: bool) -> impl Strategy<Value = String> {
    let principals = match (key, effect) {
        (false, _) => vec![""],
        (true, "Allow") => PRINCIPALS[..4].to_vec(),
        (true, _) => PRINCIPALS.to_vec(),
    };
    (select(principals), select(&ACTIONS), select(&RESOURCES), select(&CONDITIONS)).prop_map(
        move |(principal, action, resource, condition)| {
            let comma = if principal.is_empty() { "" } else { "," };
            format!(
                r#"{{"Effect":"{effect}",{principal}{comma}{action},{resource},"Condition":{condition}}}"#
            )
        },
    )
}

fn any_statement(key: bool) -> impl Strategy<Value = String> {
    prop_oneof![3 => statement_of("Allow", key), 1 => statement_of("Deny", key)]
}

#[derive(Clone, Debug)]
struct World {
    key: Vec<String>,
    identity: Vec<String>,
    principal: Principal,
    action: &'static str,
    values: Context,
}

fn context() -> impl Strategy<Value = Context> {
    let value = || select(&["absent", "1", "2", "23", "x", "many", "ambiguous"]);
    (value(), value(), any::<bool>()).prop_map(|(a, b, named)| {
        let add = |context: Context, key: &str, value: &str| match value {
            "absent" => context,
            "many" => context.with_many(key, &["1", "23"]),
            "ambiguous" => context.with_ambiguous(key),
            text => context.with(key, text),
        };
        let context = add(add(Context::new(), "test:A", a), "test:B", b);
        if named {
            context.with("aws:username", "alice")
        } else {
            context
        }
    })
}

fn world() -> impl Strategy<Value = World> {
    let principal = select(vec![
        root(ACCOUNT),
        user(ACCOUNT, "alice"),
        user(ACCOUNT, "bob"),
        user(STRANGER, "alice"),
    ]);
    let key = prop::collection::vec(any_statement(true), 1..5);
    let identity = prop::collection::vec(any_statement(false), 1..4);
    let action = select(&["kms:Encrypt", "kms:Decrypt", "kms:PutKeyPolicy"]);
    (key, identity, principal, action, context()).prop_map(
        |(key, identity, principal, action, values)| World {
            key,
            identity,
            principal,
            action,
            values,
        },
    )
}

fn allows(world: &World) -> bool {
    Case::new(world.principal.clone(), world.action)
        .values(world.values.clone())
        .key_policy(&document(&world.key.join(",")))
        .identity_policy(&document(&world.identity.join(",")))
        .allows()
}

proptest! {
    #[test]
    fn adding_a_deny_never_allows(
        world in world(), key in statement_of("Deny", true), identity in statement_of("Deny", false)
    ) {
        let before = allows(&world);
        let mut after = world;
        after.key.push(key);
        prop_assert!(before || !allows(&after));
        after.identity.push(identity);
        prop_assert!(before || !allows(&after));
    }

    #[test]
    fn adding_an_allow_never_denies(
        world in world(), key in statement_of("Allow", true), identity in statement_of("Allow", false)
    ) {
        let before = allows(&world);
        let mut after = world;
        after.key.push(key);
        prop_assert!(!before || allows(&after));
        after.identity.push(identity);
        prop_assert!(!before || allows(&after));
    }

    #[test]
    fn the_order_of_statements_does_not_matter(world in world()) {
        let before = allows(&world);
        let mut after = world;
        after.key.reverse();
        after.identity.rotate_left(1);
        prop_assert_eq!(before, allows(&after));
    }

    #[test]
    fn statements_in_one_policy_or_in_several_are_the_same(world in world()) {
        let mut case = Case::new(world.principal.clone(), world.action)
            .values(world.values.clone())
            .key_policy(&document(&world.key.join(",")));
        for statement in &world.identity {
            case = case.identity_policy(&document(statement));
        }
        prop_assert_eq!(allows(&world), case.allows());
    }

    #[test]
    fn null_is_what_if_exists_takes_for_absence(world in world()) {
        let with = |condition: &str| {
            Case::new(root(ACCOUNT), "kms:Encrypt")
                .values(world.values.clone())
                .key_policy(&document(&statement("Allow", Some("\"*\""), condition)))
                .allows()
        };
        let absent = with(r#"{"Null":{"test:A":"true"}}"#);
        prop_assert_ne!(absent, with(r#"{"Null":{"test:A":"false"}}"#));
        if absent {
            prop_assert_eq!(with(r#"{"StringEqualsIfExists":{"test:A":"1"}}"#), true);
            prop_assert_eq!(with(r#"{"StringEquals":{"test:A":"1"}}"#), false);
        }
    }

    #[test]
    fn no_text_makes_the_parsers_panic(
        pieces in subsequence(&["{", "}", "[", "]", "\"", ":", ",", "Statement", "${", "*", "\\u00"][..], 0..11),
        text in "\\PC{0,40}",
    ) {
        let document = format!("{}{text}", pieces.concat());
        let _ = KeyPolicy::parse(&document);
        let _ = IdentityPolicy::parse(&document);
        let escaped = serde_json::to_string(&text).unwrap();
        let _ = KeyPolicy::parse(&super::document(&format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":{escaped},"Resource":{escaped},"Condition":{{"ArnLike":{{"a:b":{escaped}}}}}}}"#
        )));
    }
}
