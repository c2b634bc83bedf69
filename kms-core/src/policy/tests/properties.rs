//! What holds for every policy: a Deny never allows, an Allow never denies, order is nothing.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const PRINCIPALS: [&str; 8] = [
    r#""Principal":"*""#,
    r#""Principal":{"AWS":"111122223333"}"#,
    r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}"#,
    r#""Principal":{"AWS":["444455556666","arn:aws:iam::111122223333:role/p/r"]}"#,
    r#""Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/r/one"}"#,
    r#""Principal":{"AWS":["arn:aws:sts::111122223333:federated-user/fred","arn:aws:iam::111122223333:role/p/r"]}"#,
    r#""NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"]}"#,
    r#""NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/p/r","arn:aws:sts::111122223333:assumed-role/r/one"]}"#,
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
        (true, "Allow") => PRINCIPALS[..6].to_vec(),
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

/// A layer that a world may have or not: its statements.
type Layer = Option<Vec<String>>;

#[derive(Clone, Debug)]
struct World {
    key: Vec<String>,
    identity: Vec<String>,
    boundary: Layer,
    session: Layer,
    service_control: Vec<Vec<String>>,
    resource_control: Vec<Vec<String>>,
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

/// Denies of what a resource control policy can deny.
fn of_resources() -> impl Strategy<Value = String> {
    let actions = select(&[r#""Action":"kms:*""#, r#""Action":["kms:Encrypt","s3:*"]"#]);
    (actions, select(&RESOURCES), select(&CONDITIONS)).prop_map(|(action, resource, condition)| {
        format!(
            r#"{{"Effect":"Deny","Principal":"*",{action},{resource},"Condition":{condition}}}"#
        )
    })
}

fn layer() -> impl Strategy<Value = Layer> {
    prop::option::weighted(0.4, prop::collection::vec(any_statement(false), 1..3))
}

/// The layers beside the policies of key and identity; many are absent, so that much is allowed.
fn layers() -> impl Strategy<Value = (Layer, Layer, Vec<Vec<String>>, Vec<Vec<String>>)> {
    let level = prop::collection::vec(any_statement(false), 1..3);
    let levels = prop_oneof![
        2 => Just(Vec::new()),
        1 => prop::collection::vec(level, 1..3),
    ];
    let resources = prop_oneof![
        2 => Just(Vec::new()),
        1 => prop::collection::vec(prop::collection::vec(of_resources(), 1..2), 1..2),
    ];
    (layer(), layer(), levels, resources)
}

fn world() -> impl Strategy<Value = World> {
    let principal = select(vec![
        root(ACCOUNT),
        user(ACCOUNT, "alice"),
        user(ACCOUNT, "bob"),
        user(STRANGER, "alice"),
        session(ACCOUNT, "one"),
        session(STRANGER, "one"),
        federated(ACCOUNT, "fred"),
    ]);
    let key = prop::collection::vec(any_statement(true), 1..5);
    let identity = prop::collection::vec(any_statement(false), 1..4);
    let action = select(&["kms:Encrypt", "kms:Decrypt", "kms:PutKeyPolicy"]);
    (key, identity, layers(), principal, action, context()).prop_map(
        |(key, identity, layers, principal, action, values)| World {
            key,
            identity,
            boundary: layers.0,
            session: layers.1,
            service_control: layers.2,
            resource_control: layers.3,
            principal,
            action,
            values,
        },
    )
}

/// The case without the policies of its identity.
fn case_of(world: &World) -> Case {
    let mut case = Case::new(world.principal.clone(), world.action)
        .values(world.values.clone())
        .key_policy(&document(&world.key.join(",")));
    if let Some(statements) = &world.boundary {
        case = case.boundary(&document(&statements.join(",")));
    }
    if let Some(statements) = &world.session {
        case = case.session_policy(&document(&statements.join(",")));
    }
    for level in &world.service_control {
        case = case.service_control(&[&document(&level.join(","))]);
    }
    for level in &world.resource_control {
        case = case.resource_control(&[&document(&level.join(","))]);
    }
    case
}

fn allows(world: &World) -> bool {
    case_of(world)
        .identity_policy(&document(&world.identity.join(",")))
        .allows()
}

/// Adds a statement to every layer that is there.
fn add_everywhere(world: &mut World, key: &str, identity: &str) {
    world.key.push(key.to_owned());
    world.identity.push(identity.to_owned());
    let layers = [&mut world.boundary, &mut world.session];
    let layers = layers.into_iter().flatten();
    for statements in layers.chain(&mut world.service_control) {
        statements.push(identity.to_owned());
    }
}

proptest! {
    #[test]
    fn adding_a_deny_never_allows(
        world in world(),
        key in statement_of("Deny", true),
        identity in statement_of("Deny", false),
        resources in of_resources(),
    ) {
        let before = allows(&world);
        for layer in 0..6 {
            let mut after = world.clone();
            match layer {
                0 => after.key.push(key.clone()),
                1 => after.identity.push(identity.clone()),
                2 => after.boundary.iter_mut().for_each(|layer| layer.push(identity.clone())),
                3 => after.session.iter_mut().for_each(|layer| layer.push(identity.clone())),
                4 => after.service_control.iter_mut().for_each(|level| level.push(identity.clone())),
                _ => after.resource_control.push(vec![resources.clone()]),
            }
            prop_assert!(before || !allows(&after), "layer {}", layer);
        }
    }

    #[test]
    fn adding_an_allow_never_denies(
        world in world(), key in statement_of("Allow", true), identity in statement_of("Allow", false)
    ) {
        let before = allows(&world);
        let mut after = world;
        add_everywhere(&mut after, &key, &identity);
        prop_assert!(!before || allows(&after));
    }

    #[test]
    fn a_layer_that_was_not_there_never_allows(world in world(), more in layers()) {
        let before = allows(&world);
        let mut after = world;
        after.boundary = after.boundary.or(more.0);
        prop_assert!(before || !allows(&after));
        // Without session policies a federated user has an empty set of them already.
        if !matches!(after.principal, Principal::FederatedUser { .. }) {
            after.session = after.session.or(more.1);
        }
        prop_assert!(before || !allows(&after));
        after.service_control.extend(more.2);
        after.resource_control.extend(more.3);
        prop_assert!(before || !allows(&after));
    }

    #[test]
    fn the_order_of_statements_does_not_matter(world in world()) {
        let before = allows(&world);
        let mut after = world;
        after.key.reverse();
        after.identity.rotate_left(1);
        for statements in [&mut after.boundary, &mut after.session].into_iter().flatten() {
            statements.reverse();
        }
        after.service_control.reverse();
        after.service_control.iter_mut().for_each(|level| level.reverse());
        after.resource_control.reverse();
        prop_assert_eq!(before, allows(&after));
    }

    #[test]
    fn statements_in_one_policy_or_in_several_are_the_same(world in world()) {
        let mut case = case_of(&world);
        for statement in &world.identity {
            case = case.identity_policy(&document(statement));
        }
        if let Some(statements) = &world.session {
            case.session_policies = None;
            for statement in statements {
                case = case.session_policy(&document(statement));
            }
        }
        case.service_control.clear();
        for level in &world.service_control {
            let policies: Vec<String> = level.iter().map(|one| document(one)).collect();
            let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
            case = case.service_control(&policies);
        }
        prop_assert_eq!(allows(&world), case.allows());
    }

    #[test]
    fn only_an_account_that_is_named_leaves_the_decision_to_identity_policies(world in world()) {
        let with = allows(&world);
        let mut without = world.clone();
        without.identity = vec![r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#.to_owned()];
        let case = case_of(&world).identity_policy(&document(&world.identity.join(",")));
        if let Decision::Allow(permit) = case.decide() {
            let is_root = matches!(world.principal, Principal::Root { .. });
            prop_assert!(with);
            prop_assert_eq!(permit.by_identity_policy().is_none() && !is_root, allows(&without) && !is_root);
        }
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
    fn null_says_of_every_layer_what_absence_does(world in world()) {
        let test = |condition: &str| {
            let allow = document(&statement("Allow", None, condition));
            let open = || Case::new(user(ACCOUNT, "alice"), "kms:Encrypt")
                .values(world.values.clone())
                .key_policy(&document(&statement("Allow", Some(r#"{"AWS":"111122223333"}"#), "{}")))
                .identity_policy(&document(&statement("Allow", None, "{}")));
            [
                open().boundary(&allow).allows(),
                open().session_policy(&allow).allows(),
                open().service_control(&[&allow]).allows(),
            ]
        };
        let absent = test(r#"{"Null":{"test:A":"true"}}"#);
        let present = test(r#"{"Null":{"test:A":"false"}}"#);
        prop_assert!(absent.iter().zip(present).all(|(absent, present)| *absent != present));
        prop_assert!(absent == [absent[0]; 3]);
    }

    #[test]
    fn no_text_makes_the_parsers_panic(
        pieces in subsequence(&["{", "}", "[", "]", "\"", ":", ",", "Statement", "${", "*", "\\u00"][..], 0..11),
        text in "\\PC{0,40}",
    ) {
        let document = format!("{}{text}", pieces.concat());
        let _ = KeyPolicy::parse(&document);
        let _ = IdentityPolicy::parse(&document);
        let _ = TrustPolicy::parse(&document);
        let _ = ServiceControlPolicy::parse(&document);
        let _ = ResourceControlPolicy::parse(&document);
        let _ = lint(&document, PolicyType::Key);
        let _ = Simulation::parse(&document);
        let escaped = serde_json::to_string(&text).unwrap();
        let _ = KeyPolicy::parse(&super::document(&format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":{escaped},"Resource":{escaped},"Condition":{{"ArnLike":{{"a:b":{escaped}}}}}}}"#
        )));
    }
}
