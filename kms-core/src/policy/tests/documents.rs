//! What is a policy document and what is not.

use super::*;

fn key_error(text: &str) -> String {
    KeyPolicy::parse(text).unwrap_err().to_string()
}

fn identity_error(text: &str) -> String {
    IdentityPolicy::parse(text).unwrap_err().to_string()
}

#[test]
fn the_default_policy_is_aws_s_text_and_names_the_account() {
    let text = KeyPolicy::default_text(&ACCOUNT.parse().unwrap());
    let expected = r#"{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : { "AWS" : "arn:aws:iam::111122223333:root" },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}"#;
    assert_eq!(text, expected);
    let policy = KeyPolicy::parse(&text).unwrap();
    let account = ACCOUNT.parse().unwrap();
    let principals: Vec<_> = policy.principals().collect();
    assert_eq!(principals, [PolicyPrincipal::Account(&account)]);
    assert_eq!(policy.check_new(), Ok(()));
}

#[test]
fn a_key_policy_tells_every_principal_that_it_names() {
    let policy = KeyPolicy::parse(&document(
        r#"{"Effect":"Allow","Principal":"*"},
           {"Effect":"Deny","NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/a"]}},
           {"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com","Federated":"x",
            "AWS":"arn:aws:iam::111122223333:role/r"}}"#,
    ))
    .unwrap();
    let (account, path) = (ACCOUNT.parse().unwrap(), "/".parse().unwrap());
    let (name, role) = ("a".parse().unwrap(), "r".parse().unwrap());
    let found: Vec<_> = policy.principals().collect();
    assert_eq!(found.len(), 6);
    for expected in [
        PolicyPrincipal::Anyone,
        PolicyPrincipal::Account(&account),
        PolicyPrincipal::User {
            account: &account,
            path: &path,
            name: &name,
        },
        PolicyPrincipal::Service("s3.amazonaws.com"),
        PolicyPrincipal::Provider("x"),
        PolicyPrincipal::Role {
            account: &account,
            path: &path,
            name: &role,
        },
    ] {
        assert!(found.contains(&expected), "{expected:?}");
    }
}

#[test]
fn a_key_policy_without_a_principal_or_with_an_invalid_one_is_refused_in_aws_s_words() {
    let none = "Policy contains a statement with no principal.";
    let invalid = "Policy contains a statement with one or more invalid principals.";
    for (principal, message) in [
        ("", none),
        (r#","Principal":{}"#, none),
        (r#","Principal":{"AWS":[]}"#, none),
        (r#","Principal":"111122223333""#, invalid),
        (
            r#","Principal":{"AWS":"arn:aws:iam::111122223333:user/*"}"#,
            invalid,
        ),
        (
            r#","Principal":{"AWS":["*","arn:aws:iam::111122223333:group/g"]}"#,
            invalid,
        ),
        (r#","Principal":{"Service":"*"}"#, invalid),
        (r#","Principal":{"Robot":"*"}"#, "Syntax errors in policy."),
        (r#","Principal":["*"]"#, "Syntax errors in policy."),
        (r#","NotPrincipal":"*""#, "Syntax errors in policy."),
        (
            r#","Principal":"*","NotPrincipal":"*""#,
            "Syntax errors in policy.",
        ),
    ] {
        let text = document(&format!(
            r#"{{"Effect":"Allow","Action":"kms:*","Resource":"*"{principal}}}"#
        ));
        assert_eq!(key_error(&text), message, "{principal}");
    }
}

const SYNTAX: &str = "Syntax errors in policy.";

/// What stands in a statement of an identity policy beside the effect, and AWS's words for it.
const REFUSED_IDENTITY_STATEMENTS: [(&str, &str); 21] = [
    (
        r#""Action":"kms:*","Resource":"*","Principal":"*""#,
        "Policy document should not specify a principal.",
    ),
    (
        r#""Resource":"*""#,
        "Policy statement must contain actions.",
    ),
    (
        r#""Action":[],"Resource":"*""#,
        "Policy statement must contain actions.",
    ),
    (
        r#""Action":"kms:*""#,
        "Policy statement must contain resources.",
    ),
    (
        r#""Action":"kms:*","Resource":[]"#,
        "Policy statement must contain resources.",
    ),
    (
        r#""Action":"Encrypt","Resource":"*""#,
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    (
        r#""Action":"kms:a:b","Resource":"*""#,
        "Actions/Condition can contain only one colon.",
    ),
    (r#""Action":"k*s:a","Resource":"*""#, SYNTAX),
    (r#""Action":"kms:","Resource":"*""#, SYNTAX),
    (
        r#""Action":"kms:a","NotAction":"kms:b","Resource":"*""#,
        SYNTAX,
    ),
    (
        r#""Action":"kms:a","Resource":"*","NotResource":"*""#,
        SYNTAX,
    ),
    (r#""Action":"kms:a","Resource":1"#, SYNTAX),
    (r#""Action":"kms:a","Resource":"*","Sid":1"#, SYNTAX),
    (r#""Action":"kms:a","Resource":"*","Extra":1"#, SYNTAX),
    (
        r#""Action":"kms:a","Resource":"*","Sid":"a b""#,
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    ),
    (
        r#""Action":"kms:a","Resource":"abcdefghijklmnop""#,
        r#"Resource abcdefgh must be in ARN format or "*"."#,
    ),
    (
        r#""Action":"kms:a","Resource":"arn:b:kms:::x""#,
        r#"Partition "b" is not valid for resource "arn:b:km"."#,
    ),
    (
        r#""Action":"kms:a","Resource":"arn:aws:kms:key""#,
        "The policy failed legacy parsing",
    ),
    (
        r#""Action":"kms:a","Resource":"arn:aws:k*:::x""#,
        "The policy failed legacy parsing",
    ),
    (
        r#""Action":"kms:a","Resource":"arn:aws:kms:${aws:x}::x""#,
        SYNTAX,
    ),
    (
        r#""Action":"kms:a","Resource":"*","Condition":{"Bool":{"x":"true"}}"#,
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
];

#[test]
fn an_identity_policy_is_refused_in_aws_s_words() {
    for (statement, message) in REFUSED_IDENTITY_STATEMENTS {
        let text = document(&format!(r#"{{"Effect":"Allow",{statement}}}"#));
        assert_eq!(identity_error(&text), message, "{statement}");
    }
}

#[test]
fn the_frame_of_a_document_is_strict() {
    let good = r#"{"Effect":"Allow","Principal":"*"}"#;
    for text in [
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"Statement":[]}"#.to_owned(),
        r#"{"Statement":"x"}"#.to_owned(),
        r#"{"Statement":[1]}"#.to_owned(),
        format!(r#"{{"Statement":[{good}],"Other":1}}"#),
        format!(r#"{{"Statement":[{good}],"Statement":[{good}]}}"#),
        format!(r#"{{"statement":[{good}]}}"#),
        format!(r#"{{"Version":2012,"Statement":[{good}]}}"#),
        format!(r#"{{"Id":1,"Statement":[{good}]}}"#),
        r#"{"Statement":{"Effect":"allow","Principal":"*"}}"#.to_owned(),
        r#"{"Statement":{"Principal":"*"}}"#.to_owned(),
    ] {
        assert_eq!(key_error(&text), "Syntax errors in policy.", "{text}");
    }
    let version = format!(r#"{{"Version":"2012-10-18","Statement":[{good}]}}"#);
    assert_eq!(
        key_error(&version),
        "Policy document must be version 2012-10-17 or greater."
    );
    assert!(KeyPolicy::parse(&format!(r#"{{"Statement":{good}}}"#)).is_ok());
}

#[test]
fn statement_ids_are_unique_in_an_identity_policy_and_free_in_a_key_policy() {
    let of = |extra: &str| {
        let statement =
            format!(r#"{{"Sid":"Same","Effect":"Allow",{extra}"Action":"kms:*","Resource":"*"}}"#);
        document(&format!("{statement},{statement}"))
    };
    assert_eq!(
        identity_error(&of("")),
        "Statement IDs (SID) in a single policy must be unique."
    );
    assert!(KeyPolicy::parse(&of(r#""Principal":"*","#)).is_ok());
    let identified = r#"{"Id":"x","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    assert_eq!(identity_error(identified), "Syntax errors in policy.");
}

#[test]
fn a_new_key_policy_has_no_for_all_values_on_a_single_valued_key() {
    let with = |key: &str| {
        let condition = format!(r#"{{"ForAllValues:StringEquals":{{"{key}":"a"}}}}"#);
        KeyPolicy::parse(&document(&statement("Allow", Some("\"*\""), &condition))).unwrap()
    };
    assert_eq!(
        with("KMS:encryptionContext:Department")
            .check_new()
            .unwrap_err()
            .to_string(),
        "OverlyPermissiveCondition:EncryptionContext: Using the ForAllValues set operator with a \
         single-valued condition key matches requests without the specified encryption context or \
         with an unspecified encryption context. To fix, remove ForAllValues."
    );
    assert!(with("aws:RequestTag/Department").check_new().is_err());
    assert_eq!(with("kms:EncryptionContextKeys").check_new(), Ok(()));
}

fn trust(element: &str) -> Result<TrustPolicy, MalformedPolicy> {
    TrustPolicy::parse(&document(&format!(r#"{{"Effect":"Allow",{element}}}"#)))
}

#[test]
fn a_trust_policy_has_principals_and_actions_of_sts_and_no_resource() {
    let alice = r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}"#;
    let assume = r#""Action":"sts:AssumeRole""#;
    for good in [
        format!("{alice},{assume}"),
        format!(r#"{alice},"Action":["sts:*","STS:TagSession"]"#),
        format!(r#"{alice},"NotAction":"sts:TagSession""#),
        format!(r#"{alice},"Action":"*""#),
        format!(r#"{alice},{assume},"Sid":"Alice""#),
    ] {
        assert!(trust(&good).is_ok(), "{good}");
    }
    for (bad, message) in [
        (assume.to_owned(), "Missing required field Principal"),
        (
            format!(r#"{alice},{assume},"Resource":"*""#),
            "Has prohibited field Resource",
        ),
        (
            format!(r#"{alice},{assume},"NotResource":"*""#),
            "Has prohibited field NotResource",
        ),
        (
            format!(r#""NotPrincipal":{{"AWS":"111122223333"}},{assume}"#),
            "Has prohibited field NotPrincipal",
        ),
        (alice.to_owned(), "Policy statement must contain actions."),
        (
            format!(r#"{alice},"Action":"kms:Encrypt""#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            format!(r#"{alice},{assume},"Sid":"a b""#),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
        (
            format!(r#""Principal":{{"AWS":"arn:aws:iam::111122223333:role/*"}},{assume}"#),
            "Policy contains a statement with one or more invalid principals.",
        ),
    ] {
        assert_eq!(trust(&bad).unwrap_err().to_string(), message, "{bad}");
    }
}

#[test]
fn a_service_control_policy_is_written_like_an_identity_policy_and_has_no_id() {
    for good in [
        ServiceControlPolicy::FULL_AWS_ACCESS.to_owned(),
        document(
            r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#,
        ),
        document(r#"{"Effect":"Deny","Action":"kms:*Key*","NotResource":"arn:aws:kms:*:*:key/a"}"#),
    ] {
        assert!(ServiceControlPolicy::parse(&good).is_ok(), "{good}");
    }
    for (bad, message) in [
        (
            document(r#"{"Effect":"Deny","Action":"kms:*"}"#),
            "Policy statement must contain resources.",
        ),
        (
            document(r#"{"Effect":"Deny","Resource":"*"}"#),
            "Policy statement must contain actions.",
        ),
        (
            document(r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}"#),
            "Policy document should not specify a principal.",
        ),
        (
            r#"{"Id":"x","Statement":{"Effect":"Deny","Action":"kms:*","Resource":"*"}}"#
                .to_owned(),
            "Syntax errors in policy.",
        ),
    ] {
        assert_eq!(
            ServiceControlPolicy::parse(&bad).unwrap_err().to_string(),
            message,
            "{bad}"
        );
    }
}

#[test]
fn a_resource_control_policy_denies_everybody_named_actions() {
    let rcp = |statement: &str| ResourceControlPolicy::parse(&document(statement));
    for good in [
        r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}"#,
        r#"{"Effect":"Deny","Principal":"*","Action":["kms:*","s3:*"],"NotResource":"arn:aws:kms:*:*:key/a"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#,
        r#"{"Resource":["*"],"Action":["*"],"Principal":"*","Sid":"x","Effect":"Allow"}"#,
    ] {
        assert!(rcp(good).is_ok(), "{good}");
    }
    let only_deny = "The Effect element of a resource control policy must be Deny.";
    let every = "The Action element of a resource control policy must name a service.";
    let invalid = "Policy contains a statement with one or more invalid principals.";
    for (bad, message) in [
        (
            r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#,
            only_deny,
        ),
        (
            r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{}}"#,
            only_deny,
        ),
        (
            r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#,
            every,
        ),
        (
            r#"{"Effect":"Deny","Principal":"*","Action":["kms:*","*:*"],"Resource":"*"}"#,
            every,
        ),
        (
            r#"{"Effect":"Deny","Principal":"*","NotAction":"kms:*","Resource":"*"}"#,
            "Has prohibited field NotAction",
        ),
        (
            r#"{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}"#,
            invalid,
        ),
        (
            r#"{"Effect":"Deny","Action":"kms:*","Resource":"*"}"#,
            "Missing required field Principal",
        ),
        (
            r#"{"Effect":"Deny","NotPrincipal":"*","Action":"kms:*","Resource":"*"}"#,
            "Has prohibited field NotPrincipal",
        ),
        (
            r#"{"Effect":"Deny","Principal":"*","Action":"kms:*"}"#,
            "Policy statement must contain resources.",
        ),
        (
            r#"{"Effect":"Deny","Principal":"*","Resource":"*"}"#,
            "Policy statement must contain actions.",
        ),
    ] {
        assert_eq!(rcp(bad).unwrap_err().to_string(), message, "{bad}");
    }
}

#[test]
fn a_resource_control_policy_is_of_the_version_of_2012() {
    let old = r#"{"Version":"2008-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
    for text in [
        old.to_owned(),
        old.replace(r#""Version":"2008-10-17","#, ""),
    ] {
        let refused = ResourceControlPolicy::parse(&text).unwrap_err();
        assert_eq!(refused, MalformedPolicy::Version, "{text}");
    }
}

/// A document of exactly that many bytes, `spaces` of them white space.
fn sized(statement: &str, size: usize, spaces: usize) -> String {
    let open = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}"#);
    let start = format!(r#"{open},"Sid":""#);
    let fill = "x".repeat(size - start.len() - spaces - r#""}]}"#.len());
    format!(r#"{start}{fill}"}}]}}{}"#, " ".repeat(spaces))
}

#[test]
fn each_type_has_its_size() {
    let identity = r#"{"Effect":"Deny","Action":"kms:*","Resource":"*""#;
    let rcp = r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*""#;
    let trusting = r#"{"Effect":"Deny","Principal":"*","Action":"sts:*""#;
    type Parse = fn(&str) -> Option<MalformedPolicy>;
    let types: [(&str, Parse, usize, bool); 6] = [
        (
            identity,
            |text| IdentityPolicy::parse(text).err(),
            10_240,
            false,
        ),
        (
            identity,
            |text| IdentityPolicy::parse_managed(text).err(),
            6_144,
            false,
        ),
        (
            identity,
            |text| IdentityPolicy::parse_session(text).err(),
            2_048,
            true,
        ),
        (
            trusting,
            |text| TrustPolicy::parse(text).err(),
            2_048,
            false,
        ),
        (
            identity,
            |text| ServiceControlPolicy::parse(text).err(),
            5_120,
            true,
        ),
        (
            rcp,
            |text| ResourceControlPolicy::parse(text).err(),
            5_120,
            true,
        ),
    ];
    for (statement, parse, limit, counts_spaces) in types {
        let too_large = Some(MalformedPolicy::TooLarge { limit });
        assert_eq!(parse(&sized(statement, limit, 0)), None, "{statement}");
        assert_eq!(
            parse(&sized(statement, limit + 1, 0)),
            too_large,
            "{statement}"
        );
        let spaced = parse(&sized(statement, limit + 1, 1));
        assert_eq!(spaced, too_large.filter(|_| counts_spaces), "{statement}");
    }
}
