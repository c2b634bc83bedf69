//! Policies as people write them, each with a request that it lets pass and one that it does not.

use super::*;

/// Values of a request; a key that starts with `+` is multivalued, its values parted by commas.
type Values = &'static [(&'static str, &'static str)];

/// `Action` and `Condition`, then action and values of the request that passes and of the one
/// that does not.
type Example = (
    &'static str,
    &'static str,
    (&'static str, Values),
    (&'static str, Values),
);

fn context(values: Values) -> Context {
    values.iter().fold(Context::new(), |context, (key, value)| {
        match key.strip_prefix('+') {
            Some(key) => context.with_many(key, &value.split(',').collect::<Vec<_>>()),
            None => context.with(key, value),
        }
    })
}

const ALLOWS: [Example; 28] = [
    (
        r#""kms:Encrypt""#,
        "{}",
        ("kms:Encrypt", &[]),
        ("kms:Decrypt", &[]),
    ),
    (
        r#"["kms:Encrypt","kms:Decrypt"]"#,
        "{}",
        ("kms:Decrypt", &[]),
        ("kms:Sign", &[]),
    ),
    (
        r#""kms:ReEncrypt*""#,
        "{}",
        ("kms:ReEncryptFrom", &[]),
        ("kms:Encrypt", &[]),
    ),
    (
        r#""kms:GenerateDataKey*""#,
        "{}",
        ("kms:GenerateDataKeyWithoutPlaintext", &[]),
        ("kms:GenerateMac", &[]),
    ),
    (
        r#"["kms:Create*","kms:Describe*","kms:Enable*","kms:List*","kms:Put*"]"#,
        "{}",
        ("kms:DescribeKey", &[]),
        ("kms:ScheduleKeyDeletion", &[]),
    ),
    (
        r#""KMS:get?ublickey""#,
        "{}",
        ("kms:GetPublicKey", &[]),
        ("kms:GetKeyPolicy", &[]),
    ),
    (
        r#""kms:CreateKey","NotResource":"arn:aws:kms:*:*:key/mrk-*""#,
        "{}",
        ("kms:CreateKey", &[]),
        ("kms:PutKeyPolicy", &[]),
    ),
    (
        r#""kms:*""#,
        r#"{"StringEquals":{"kms:CallerAccount":"111122223333"}}"#,
        ("kms:Encrypt", &[("kms:CallerAccount", "111122223333")]),
        ("kms:Encrypt", &[("kms:CallerAccount", "444455556666")]),
    ),
    (
        r#""kms:*""#,
        r#"{"StringEquals":{"kms:ViaService":["ec2.us-west-2.amazonaws.com","rds.us-west-2.amazonaws.com"]}}"#,
        (
            "kms:Encrypt",
            &[("kms:ViaService", "rds.us-west-2.amazonaws.com")],
        ),
        ("kms:Encrypt", &[]),
    ),
    (
        r#""kms:Decrypt""#,
        r#"{"StringEquals":{"kms:EncryptionContext:AppName":"ExampleApp"}}"#,
        (
            "kms:Decrypt",
            &[("kms:EncryptionContext:AppName", "ExampleApp")],
        ),
        (
            "kms:Decrypt",
            &[("kms:EncryptionContext:AppName", "exampleapp")],
        ),
    ),
    (
        r#""kms:Decrypt""#,
        r#"{"StringLike":{"kms:EncryptionContext:AppName":"Example*"}}"#,
        (
            "kms:Decrypt",
            &[("kms:EncryptionContext:AppName", "Example")],
        ),
        ("kms:Decrypt", &[("kms:EncryptionContext:App", "Example")]),
    ),
    (
        r#""kms:Decrypt""#,
        r#"{"StringEqualsIgnoreCase":{"kms:EncryptionContext:appname":"EXAMPLE"},"StringEquals":{"kms:EncryptionContext:Stage":"prod"}}"#,
        (
            "kms:Decrypt",
            &[
                ("kms:EncryptionContext:AppName", "Example"),
                ("kms:EncryptionContext:Stage", "prod"),
            ],
        ),
        (
            "kms:Decrypt",
            &[("kms:EncryptionContext:AppName", "Example")],
        ),
    ),
    (
        r#""kms:Encrypt""#,
        r#"{"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["AppName","Department"]},"Null":{"kms:EncryptionContextKeys":"false"}}"#,
        (
            "kms:Encrypt",
            &[("+kms:EncryptionContextKeys", "Department")],
        ),
        ("kms:Encrypt", &[]),
    ),
    (
        r#""kms:Encrypt""#,
        r#"{"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"SecretARN"}}"#,
        (
            "kms:Encrypt",
            &[("+kms:EncryptionContextKeys", "Version,SecretARN")],
        ),
        (
            "kms:Encrypt",
            &[("+kms:EncryptionContextKeys", "secretarn")],
        ),
    ),
    (
        r#""kms:CreateGrant""#,
        r#"{"Bool":{"kms:GrantIsForAWSResource":true}}"#,
        ("kms:CreateGrant", &[("kms:GrantIsForAWSResource", "true")]),
        ("kms:CreateGrant", &[("kms:GrantIsForAWSResource", "false")]),
    ),
    (
        r#""kms:CreateGrant""#,
        r#"{"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","Decrypt"]}}"#,
        (
            "kms:CreateGrant",
            &[("+kms:GrantOperations", "Encrypt,Decrypt")],
        ),
        (
            "kms:CreateGrant",
            &[("+kms:GrantOperations", "Encrypt,CreateGrant")],
        ),
    ),
    (
        r#""kms:CreateGrant""#,
        r#"{"StringEquals":{"kms:GranteePrincipal":["arn:aws:iam::111122223333:role/LimitedAdminRole"]}}"#,
        (
            "kms:CreateGrant",
            &[(
                "kms:GranteePrincipal",
                "arn:aws:iam::111122223333:role/LimitedAdminRole",
            )],
        ),
        (
            "kms:CreateGrant",
            &[(
                "kms:GranteePrincipal",
                "arn:aws:iam::111122223333:role/Admin",
            )],
        ),
    ),
    (
        r#""kms:CreateGrant""#,
        r#"{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextEquals"}}"#,
        (
            "kms:CreateGrant",
            &[("kms:GrantConstraintType", "EncryptionContextEquals")],
        ),
        ("kms:CreateGrant", &[]),
    ),
    (
        r#""kms:Encrypt""#,
        r#"{"StringEquals":{"kms:EncryptionAlgorithm":"RSAES_OAEP_SHA_256"}}"#,
        (
            "kms:Encrypt",
            &[("kms:EncryptionAlgorithm", "RSAES_OAEP_SHA_256")],
        ),
        (
            "kms:Encrypt",
            &[("kms:EncryptionAlgorithm", "RSAES_OAEP_SHA_1")],
        ),
    ),
    (
        r#""kms:Sign""#,
        r#"{"StringLike":{"kms:SigningAlgorithm":"ECDSA*"},"StringEquals":{"kms:MessageType":"DIGEST"}}"#,
        (
            "kms:Sign",
            &[
                ("kms:SigningAlgorithm", "ECDSA_SHA_256"),
                ("kms:MessageType", "DIGEST"),
            ],
        ),
        (
            "kms:Sign",
            &[
                ("kms:SigningAlgorithm", "ECDSA_SHA_256"),
                ("kms:MessageType", "RAW"),
            ],
        ),
    ),
    (
        r#""kms:ScheduleKeyDeletion""#,
        r#"{"NumericGreaterThanEquals":{"kms:ScheduleKeyDeletionPendingWindowInDays":21}}"#,
        (
            "kms:ScheduleKeyDeletion",
            &[("kms:ScheduleKeyDeletionPendingWindowInDays", "30")],
        ),
        (
            "kms:ScheduleKeyDeletion",
            &[("kms:ScheduleKeyDeletionPendingWindowInDays", "7")],
        ),
    ),
    (
        r#""kms:ImportKeyMaterial""#,
        r#"{"DateLessThanEquals":{"kms:ValidTo":"2026-12-31T23:59:59Z"}}"#,
        ("kms:ImportKeyMaterial", &[("kms:ValidTo", "1798761599")]),
        ("kms:ImportKeyMaterial", &[("kms:ValidTo", "1798761600.0")]),
    ),
    (
        r#""kms:ImportKeyMaterial""#,
        r#"{"Null":{"kms:ExpirationModel":"true"}}"#,
        ("kms:ImportKeyMaterial", &[]),
        (
            "kms:ImportKeyMaterial",
            &[("kms:ExpirationModel", "KEY_MATERIAL_EXPIRES")],
        ),
    ),
    (
        r#""kms:Encrypt""#,
        r#"{"StringLike":{"kms:RequestAlias":"alias/*"}}"#,
        ("kms:Encrypt", &[("kms:RequestAlias", "alias/a")]),
        ("kms:Encrypt", &[]),
    ),
    (
        r#""kms:Encrypt""#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/*"}}"#,
        (
            "kms:Encrypt",
            &[("aws:PrincipalArn", "arn:aws:iam::111122223333:user/a/b")],
        ),
        (
            "kms:Encrypt",
            &[("aws:PrincipalArn", "arn:aws:iam::111122223333:role/r")],
        ),
    ),
    (
        r#""kms:Encrypt""#,
        r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}"#,
        ("kms:Encrypt", &[("aws:SourceIp", "2001:db8::5")]),
        ("kms:Encrypt", &[("aws:SourceIp", "198.51.100.1")]),
    ),
    (
        r#""kms:Encrypt""#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2020-04-01T00:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2020-06-30T23:59:59Z"}}"#,
        (
            "kms:Encrypt",
            &[("aws:CurrentTime", "2020-05-01T00:00:00Z")],
        ),
        (
            "kms:Encrypt",
            &[("aws:CurrentTime", "2020-07-01T00:00:00Z")],
        ),
    ),
    (
        r#""kms:Decrypt""#,
        r#"{"StringEquals":{"kms:EncryptionContext:User":"${aws:username}"}}"#,
        (
            "kms:Decrypt",
            &[
                ("kms:EncryptionContext:User", "alice"),
                ("aws:username", "alice"),
            ],
        ),
        (
            "kms:Decrypt",
            &[
                ("kms:EncryptionContext:User", "bob"),
                ("aws:username", "alice"),
            ],
        ),
    ),
];

const DENIES: [Example; 10] = [
    (
        r#""kms:PutKeyPolicy""#,
        r#"{"Bool":{"kms:BypassPolicyLockoutSafetyCheck":"true"}}"#,
        ("kms:PutKeyPolicy", &[]),
        (
            "kms:PutKeyPolicy",
            &[("kms:BypassPolicyLockoutSafetyCheck", "true")],
        ),
    ),
    (
        r#"["kms:ScheduleKeyDeletion","kms:DisableKey"]"#,
        "{}",
        ("kms:EnableKey", &[]),
        ("kms:DisableKey", &[]),
    ),
    (
        r#""kms:*""#,
        r#"{"Bool":{"aws:SecureTransport":"false"}}"#,
        ("kms:Encrypt", &[("aws:SecureTransport", "true")]),
        ("kms:Encrypt", &[("aws:SecureTransport", "false")]),
    ),
    (
        r#""kms:*""#,
        r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
        ("kms:Encrypt", &[("aws:MultiFactorAuthPresent", "true")]),
        ("kms:Encrypt", &[]),
    ),
    (
        r#""kms:*""#,
        r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        ("kms:Encrypt", &[("aws:SourceIp", "::ffff:10.0.0.1")]),
        ("kms:Encrypt", &[]),
    ),
    (
        r#"["kms:Encrypt","kms:GenerateDataKey"]"#,
        r#"{"Null":{"kms:EncryptionContext:Department":"true"}}"#,
        ("kms:Encrypt", &[("kms:EncryptionContext:Department", "")]),
        ("kms:Encrypt", &[("kms:EncryptionContext:App", "x")]),
    ),
    (
        r#""kms:Encrypt""#,
        r#"{"ForAnyValue:StringNotEquals":{"kms:EncryptionContextKeys":["AppName"]}}"#,
        ("kms:Encrypt", &[("+kms:EncryptionContextKeys", "AppName")]),
        (
            "kms:Encrypt",
            &[("+kms:EncryptionContextKeys", "AppName,Other")],
        ),
    ),
    (
        r#""kms:*""#,
        r#"{"StringNotEquals":{"aws:ResourceTag/Environment":["dev","test"]}}"#,
        ("kms:Encrypt", &[("aws:ResourceTag/environment", "test")]),
        ("kms:Encrypt", &[("aws:ResourceTag/Environment", "prod")]),
    ),
    (
        r#""kms:*""#,
        r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/admin-*"},"StringNotEqualsIfExists":{"aws:PrincipalTag/Break":"glass"}}"#,
        (
            "kms:Encrypt",
            &[("aws:PrincipalArn", "arn:aws:iam::1:user/admin-a")],
        ),
        (
            "kms:Encrypt",
            &[("aws:PrincipalArn", "arn:aws:iam::1:user/b")],
        ),
    ),
    (
        r#""kms:*""#,
        r#"{"DateLessThan":{"aws:TokenIssueTime":"2026-01-01T00:00:00Z"}}"#,
        (
            "kms:Encrypt",
            &[("aws:TokenIssueTime", "2026-01-01T00:00:00Z")],
        ),
        (
            "kms:Encrypt",
            &[("aws:TokenIssueTime", "2025-12-31T23:59:59Z")],
        ),
    ),
];

/// `Action`, `Resource`, then action and resource of the two requests; `key` is the key.
type IdentityExample = (
    &'static str,
    &'static str,
    (&'static str, &'static str),
    (&'static str, &'static str),
);

const IDENTITIES: [IdentityExample; 10] = [
    (
        r#"["kms:CreateKey","kms:ListAliases"]"#,
        "*",
        ("kms:ListAliases", "*"),
        ("kms:ListKeys", "*"),
    ),
    (
        r#""kms:Decrypt""#,
        "arn:aws:kms:*:111122223333:key/*",
        ("kms:Decrypt", "key"),
        ("kms:Encrypt", "key"),
    ),
    (
        r#""kms:*""#,
        "arn:aws:kms:us-west-2:111122223333:key/1234abcd-*",
        ("kms:Sign", "key"),
        (
            "kms:CreateAlias",
            "arn:aws:kms:us-west-2:111122223333:alias/1234abcd-x",
        ),
    ),
    (
        r#""kms:*""#,
        "arn:aws:kms:*:*:alias/*",
        (
            "kms:CreateAlias",
            "arn:aws:kms:us-west-2:111122223333:alias/a",
        ),
        ("kms:CreateAlias", "key"),
    ),
    (
        r#""kms:Encrypt""#,
        "arn:aws:kms:*:*:key/????????-12ab-*",
        ("kms:Encrypt", "key"),
        ("kms:Encrypt", "*"),
    ),
    (
        r#""*""#,
        "arn:*:kms:us-west-2:*:*",
        ("kms:Encrypt", "key"),
        (
            "kms:CreateAlias",
            "arn:aws:kms:us-east-1:111122223333:alias/a",
        ),
    ),
    (
        r#""kms:*Alias""#,
        "*",
        (
            "kms:DeleteAlias",
            "arn:aws:kms:us-west-2:111122223333:alias/a",
        ),
        ("kms:ListAliases", "*"),
    ),
    (
        r#""kms:Describe*""#,
        "*",
        ("kms:DescribeKey", "key"),
        (
            "kms:DescribeCustomKeyStores",
            "arn:aws:kms:us-west-2:444455556666:alias/a",
        ),
    ),
    (
        r#""iam:*User*""#,
        "arn:aws:iam::111122223333:user/*",
        ("iam:PutUserPolicy", "arn:aws:iam::111122223333:user/bob"),
        ("iam:CreateGroup", "arn:aws:iam::111122223333:group/g"),
    ),
    (
        r#""secretsmanager:*""#,
        "arn:aws:secretsmanager:*:111122223333:secret:app/*",
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-west-2:111122223333:secret:app/a-x1",
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-west-2:111122223333:secret:db/a-x1",
        ),
    ),
];

fn check(policy: &str, (action, values): (&str, Values), expected: bool) {
    let case = Case::new(user(ACCOUNT, "alice"), action)
        .key_policy(policy)
        .values(context(values));
    assert_eq!(case.allows(), expected, "{policy} {action} {values:?}");
}

fn element(effect: &str, action: &str, condition: &str) -> String {
    let resource = if action.contains("NotResource") {
        ""
    } else {
        r#","Resource":"*""#
    };
    format!(
        r#"{{"Effect":"{effect}","Principal":{{"AWS":"arn:aws:iam::111122223333:user/alice"}},"Action":{action}{resource},"Condition":{condition}}}"#
    )
}

#[test]
fn key_policies_that_allow() {
    for (action, condition, passes, fails) in ALLOWS {
        let policy = document(&element("Allow", action, condition));
        check(&policy, passes, true);
        check(&policy, fails, false);
    }
}

#[test]
fn key_policies_that_deny() {
    for (action, condition, passes, fails) in DENIES {
        let everything = element("Allow", r#""kms:*""#, "{}");
        let deny = element("Deny", action, condition);
        let policy = document(&format!("{everything},{deny}"));
        check(&policy, passes, true);
        check(&policy, fails, false);
    }
}

#[test]
fn identity_policies_under_the_default_key_policy() {
    let default = KeyPolicy::default_text(&ACCOUNT.parse().unwrap());
    for (actions, pattern, passes, fails) in IDENTITIES {
        let policy = document(&format!(
            r#"{{"Effect":"Allow","Action":{actions},"Resource":"{pattern}"}}"#
        ));
        for ((action, resource), expected) in [(passes, true), (fails, false)] {
            let case = Case::new(user(ACCOUNT, "alice"), action)
                .key_policy(&default)
                .identity_policy(&policy);
            let case = if resource == "key" {
                case
            } else {
                case.on(resource)
            };
            assert_eq!(case.allows(), expected, "{policy} {action} {resource}");
        }
    }
}
