//! Inputs made to break the parser, the matcher or the meaning of a policy.

use super::*;

fn allow_all() -> String {
    document(&statement("Allow", Some("\"*\""), "{}"))
}

#[test]
fn a_key_policy_has_at_most_32768_bytes() {
    let padded = |size: usize| {
        let text = allow_all();
        format!("{text}{}", " ".repeat(size - text.len()))
    };
    assert!(KeyPolicy::parse(&padded(32_768)).is_ok());
    let refused = KeyPolicy::parse(&padded(32_769)).unwrap_err();
    assert_eq!(refused, MalformedPolicy::TooLarge { limit: 32_768 });
}

#[test]
fn an_identity_policy_has_at_most_10240_bytes_besides_white_space() {
    let of = |length: usize| {
        document(&format!(
            r#"{{"Sid":"{}","Effect":"Allow","Action":"*","Resource":"*"}}"#,
            "a".repeat(length)
        ))
    };
    let frame = of(0).len();
    let spaced = format!("{}{}", of(10_240 - frame), " ".repeat(1000));
    assert!(IdentityPolicy::parse(&spaced).is_ok());
    assert!(IdentityPolicy::parse(&of(10_241 - frame)).is_err());
    assert!(IdentityPolicy::parse(&" ".repeat(131_073)).is_err());
}

#[test]
fn ten_thousand_statements_and_deep_nesting_are_refused() {
    let one = r#"{"Effect":"Deny","Principal":"*"}"#;
    let many = vec![one; 10_000].join(",");
    assert!(KeyPolicy::parse(&document(&many)).is_err());
    for nest in ["[", "{\"Statement\":"] {
        assert!(KeyPolicy::parse(&nest.repeat(2_000)).is_err());
    }
}

#[test]
fn characters_outside_of_latin_1_are_refused_unless_escaped() {
    let with = |text: &str| {
        document(&statement(
            "Allow",
            Some("\"*\""),
            &format!(r#"{{"StringEquals":{{"a:b":"{text}"}}}}"#),
        ))
    };
    assert!(KeyPolicy::parse(&with("\u{ff}")).is_ok());
    assert!(KeyPolicy::parse(&with("\u{100}")).is_err());
    assert!(KeyPolicy::parse(&with("\u{7}")).is_err());
    assert!(KeyPolicy::parse(&with("\\u4e00")).is_ok());
}

#[test]
fn duplicate_keys_are_refused_wherever_they_are() {
    let refused = [
        r#"{"Effect":"Allow","Effect":"Deny","Principal":"*"}"#,
        r#"{"Effect":"Deny","Principal":{"AWS":"*","AWS":"111122223333"}}"#,
        r#"{"Effect":"Deny","Principal":"*","Condition":{"Bool":{"a:b":"true"},"Bool":{"a:c":"true"}}}"#,
        r#"{"Effect":"Deny","Principal":"*","Condition":{"Bool":{"a:b":"true","a:b":"false"}}}"#,
    ];
    for statement in refused {
        assert_eq!(
            KeyPolicy::parse(&document(statement)).unwrap_err(),
            MalformedPolicy::Syntax
        );
    }
}

#[test]
fn a_blown_up_glob_is_matched_at_once() {
    let pattern = "*a".repeat(5_000);
    let policy = document(&statement(
        "Allow",
        Some("\"*\""),
        &format!(r#"{{"StringLike":{{"a:b":"{pattern}b"}}}}"#),
    ));
    let values = Context::new().with("a:b", &"a".repeat(8_192));
    let case = Case::new(root(ACCOUNT), "kms:Encrypt").key_policy(&policy);
    assert!(!case.values(values).allows());
    let searched = format!("*{}*b", "a?".repeat(100));
    let text = document(&statement(
        "Allow",
        Some("\"*\""),
        &format!(r#"{{"StringLike":{{"a:b":"{searched}"}}}}"#),
    ));
    assert_eq!(
        KeyPolicy::parse(&text).unwrap_err(),
        MalformedPolicy::Syntax
    );
}

#[test]
fn a_tag_s_value_is_never_a_wildcard_nor_a_variable() {
    let identity = document(
        r#"{"Effect":"Allow","Action":"kms:*",
            "Resource":"arn:aws:kms:us-west-2:111122223333:alias/${aws:PrincipalTag/team}"}"#,
    );
    let on = |tag: &str, alias: &str| {
        Case::new(user(ACCOUNT, "alice"), "kms:CreateAlias")
            .identity_policy(&identity)
            .values(
                Context::new()
                    .with("aws:PrincipalTag/Team", tag)
                    .with("aws:username", "alice"),
            )
            .on(&format!("arn:aws:kms:us-west-2:111122223333:alias/{alias}"))
            .allows()
    };
    assert!(on("red", "red"));
    assert!(!on("*", "red"));
    assert!(!on("re?", "red"));
    assert!(!on("${aws:username}", "alice"));
    assert!(!on("", "red"));
    assert!(on("*", "*"));
}

#[test]
fn without_a_version_a_variable_is_plain_text_also_in_resources() {
    let resource = "arn:aws:kms:us-west-2:111122223333:alias/${aws:username}";
    let policy =
        format!(r#"{{"Statement":{{"Effect":"Allow","Action":"kms:*","Resource":"{resource}"}}}}"#);
    let alice = || {
        Case::new(user(ACCOUNT, "alice"), "kms:CreateAlias")
            .identity_policy(&policy)
            .values(Context::new().with("aws:username", "alice"))
    };
    assert!(alice().on(resource).allows());
    assert!(
        !alice()
            .on("arn:aws:kms:us-west-2:111122223333:alias/alice")
            .allows()
    );
}

#[test]
fn a_resource_with_a_missing_variable_matches_nothing() {
    let alias = "arn:aws:kms:us-west-2:111122223333:alias/";
    let policy = document(&format!(
        r#"{{"Effect":"Allow","Action":"kms:*","Resource":"{alias}${{aws:PrincipalTag/team}}*"}}"#
    ));
    let case = Case::new(user(ACCOUNT, "alice"), "kms:CreateAlias").identity_policy(&policy);
    assert!(!case.on(&format!("{alias}a")).allows());
}

#[test]
fn messages_echo_at_most_eight_bytes_of_a_refused_document() {
    let secret = "sécret-material-0123456789";
    for statement in [
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{secret}"}}"#),
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"arn:{secret}:kms:::x"}}"#),
        format!(r#"{{"Effect":"Allow","Action":"{secret}","Resource":"*"}}"#),
        format!(r#"{{"Effect":"{secret}","Action":"*","Resource":"*"}}"#),
        format!(r#"{{"{secret}":1}}"#),
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{secret}":1}}}}"#),
    ] {
        let refused = IdentityPolicy::parse(&document(&statement)).unwrap_err();
        assert!(!refused.to_string().contains("sécret-m"), "{refused}");
        assert!(!format!("{refused:?}").contains("sécret-m"), "{refused:?}");
    }
}
