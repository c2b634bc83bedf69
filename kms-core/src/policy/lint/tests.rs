//! Each finding on a document that has it, and on one that is as it should be.

use super::PolicyType::{Identity, Key, ResourceControl, ServiceControl, Trust};
use super::*;

fn codes(text: &str, kind: PolicyType) -> Vec<&'static str> {
    lint(text, kind)
        .iter()
        .map(|finding| finding.code)
        .collect()
}

fn in_version(version: &str, statement: &str) -> String {
    format!(r#"{{"Version":"{version}","Statement":[{{{statement}}}]}}"#)
}

fn statement_codes(kind: PolicyType, statement: &str) -> Vec<&'static str> {
    codes(&in_version("2012-10-17", statement), kind)
}

/// The code, the type, a statement with the trap, and the same without it.
const TRAPS: [(&str, PolicyType, &str, &str); 19] = [
    (
        "NO_EFFECT",
        Key,
        r#""Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*""#,
        r#""Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*""#,
    ),
    (
        "NO_EFFECT",
        Key,
        r#""Effect":"Deny","Principal":{"AWS":"111122223333"},"Resource":"*""#,
        r#""Effect":"Deny","Principal":{"AWS":"111122223333"},"NotAction":"kms:Encrypt","Resource":"*""#,
    ),
    (
        "PUBLIC_PRINCIPAL",
        Key,
        r#""Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*""#,
        r#""Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*""#,
    ),
    (
        "PUBLIC_PRINCIPAL",
        Key,
        r#""Effect":"Allow","Principal":{"AWS":["111122223333","*"]},"Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:a":"b"}}"#,
        r#""Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333"}}"#,
    ),
    (
        "PUBLIC_PRINCIPAL",
        Key,
        r#""Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}"#,
        r#""Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/x"}}"#,
    ),
    (
        "PUBLIC_PRINCIPAL",
        Key,
        r#""Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringNotEquals":{"kms:CallerAccount":"111122223333"}}"#,
        r#""Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a"}}"#,
    ),
    (
        "PUBLIC_PRINCIPAL",
        Key,
        r#""Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#,
        r#""Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#,
    ),
    (
        "MULTIVALUED_KEY_WITHOUT_SET_OPERATOR",
        Key,
        r#""Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Resource":"*","Condition":{"StringEquals":{"kms:GrantOperations":"Decrypt"}}"#,
        r#""Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"kms:GrantOperations":"Decrypt"},"Null":{"aws:TagKeys":"true"}}"#,
    ),
    (
        "FOR_ALL_VALUES_ALONE",
        Identity,
        r#""Effect":"Allow","Action":"kms:TagResource","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}"#,
        r#""Effect":"Allow","Action":"kms:TagResource","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]},"Null":{"aws:TagKeys":"false"}}"#,
    ),
    (
        "MFA_GUARD",
        Key,
        r#""Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#,
        r#""Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":false}}"#,
    ),
    (
        "MFA_GUARD",
        Identity,
        r#""Effect":"Allow","Action":"kms:Encrypt","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":true}}"#,
        r#""Effect":"Allow","Action":"kms:Encrypt","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true}}"#,
    ),
    (
        "TOKEN_WITHOUT_SUBJECT",
        Trust,
        r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/id.example.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"id.example.com:aud":"a"}}"#,
        r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/id.example.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"id.example.com:aud":"a"},"StringLike":{"ID.example.com:sub":"repo:a/*"}}"#,
    ),
    (
        "DECRYPT_ON_ALL_KEYS",
        Identity,
        r#""Effect":"Allow","Action":"kms:De*","Resource":"*""#,
        r#""Effect":"Allow","Action":"kms:De*","Resource":"arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab""#,
    ),
    (
        "DECRYPT_ON_ALL_KEYS",
        Identity,
        r#""Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:kms:*:111122223333:key/*""#,
        r#""Effect":"Allow","NotAction":"kms:*","Resource":"arn:aws:kms:*:111122223333:key/*""#,
    ),
    (
        "DECRYPT_ON_ALL_KEYS",
        Identity,
        r#""Effect":"Allow","Action":"kms:ReEncrypt*","NotResource":"arn:aws:kms:us-west-2:111122223333:key/a""#,
        r#""Effect":"Deny","Action":"kms:ReEncrypt*","NotResource":"arn:aws:kms:us-west-2:111122223333:key/a""#,
    ),
    (
        "ALIAS_AS_RESOURCE",
        Identity,
        r#""Effect":"Allow","Action":"kms:Encrypt","Resource":"arn:aws:kms:us-west-2:111122223333:alias/a""#,
        r#""Effect":"Allow","Action":"kms:*Alias","Resource":"arn:aws:kms:us-west-2:111122223333:alias/a""#,
    ),
    (
        "ALIAS_AS_RESOURCE",
        Identity,
        r#""Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:us-west-2:111122223333:alias/a""#,
        r#""Effect":"Allow","Action":"kms:*","Resource":["arn:aws:kms:us-west-2:111122223333:alias/a","arn:aws:kms:us-west-2:111122223333:key/a"]"#,
    ),
    (
        "PUBLIC_PRINCIPAL",
        Trust,
        r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole""#,
        r#""Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole""#,
    ),
    (
        "MULTIVALUED_KEY_WITHOUT_SET_OPERATOR",
        ServiceControl,
        r#""Effect":"Deny","Action":"kms:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalOrgPaths":"o-a/*"}}"#,
        r#""Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalOrgPaths":"o-a/*"}}"#,
    ),
];

#[test]
fn a_trap_is_found_and_what_replaces_it_is_not() {
    for (code, kind, trap, good) in TRAPS {
        assert_eq!(statement_codes(kind, trap), [code], "{trap}");
        assert_eq!(statement_codes(kind, good), [""; 0], "{good}");
    }
}

#[test]
fn an_allow_for_everybody_but_some_is_refused_and_explained() {
    let statement =
        r#""Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*""#;
    let expected = ["MALFORMED", "NOT_PRINCIPAL_WITH_ALLOW"];
    assert_eq!(statement_codes(Key, statement), expected);
}

#[test]
fn a_variable_is_plain_text_in_an_old_document() {
    let statement = r#""Effect":"Allow","Action":"kms:Encrypt","Resource":"arn:aws:kms:*:*:key/${aws:username}""#;
    assert_eq!(
        codes(&in_version("2008-10-17", statement), Identity),
        ["VARIABLE_IN_OLD_VERSION"]
    );
    assert_eq!(
        codes(&in_version("2012-10-17", statement), Identity),
        [""; 0]
    );
    let none = format!("{{\"Statement\":{{{statement}}}}}");
    assert_eq!(codes(&none, Identity), ["VARIABLE_IN_OLD_VERSION"]);
}

#[test]
fn a_finding_says_where_it_is_and_ends_its_one_sentence() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},
        {"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:*"}]}"#;
    let findings = lint(text, Key);
    let places: Vec<_> = findings
        .iter()
        .map(|finding| (finding.code, finding.statement, finding.sid.as_deref()))
        .collect();
    assert_eq!(
        places,
        [
            ("NO_EFFECT", Some(1), Some("Open")),
            ("PUBLIC_PRINCIPAL", Some(1), Some("Open"))
        ]
    );
    for finding in findings {
        assert!(finding.message.ends_with('.') && !finding.message.contains(". "));
    }
}

#[test]
fn what_is_no_document_of_the_type_is_a_finding() {
    for (text, kind) in [
        ("", Key),
        ("{", Identity),
        (r#"{"Statement":[]}"#, Trust),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#,
            ServiceControl,
        ),
        (
            r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}}"#,
            ResourceControl,
        ),
    ] {
        assert_eq!(codes(text, kind), ["MALFORMED"], "{text}");
    }
}

#[test]
fn the_type_is_guessed_by_principals_and_actions() {
    for (statement, kind) in [
        (r#""Effect":"Allow","Action":"*","Resource":"*""#, Identity),
        (
            r#""Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*""#,
            Key,
        ),
        (
            r#""Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","STS:TagSession"]"#,
            Trust,
        ),
        (r#""Effect":"Allow","Principal":"*""#, Key),
    ] {
        assert_eq!(
            guess_type(&in_version("2012-10-17", statement)),
            kind,
            "{statement}"
        );
    }
    assert_eq!(guess_type("x"), Key);
}

#[test]
fn the_built_in_policies_and_the_default_one_are_without_findings() {
    let default = KeyPolicy::default_text(&"111122223333".parse().unwrap());
    assert_eq!(codes(&default, Key), [""; 0]);
    let full = ServiceControlPolicy::FULL_AWS_ACCESS;
    assert_eq!(codes(full, ServiceControl), [""; 0]);
    let full = ResourceControlPolicy::FULL_AWS_ACCESS;
    assert_eq!(codes(full, ResourceControl), [""; 0]);
}
