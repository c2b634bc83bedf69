//! Each error of AWS's model that a request alone can bring about, on each operation that has it;
//! `tests/model/errors.txt` says which test stands for which.

use kms_core::api::Operation::{self, *};
use kms_core::api::Resource;
use serde_json::{Value, json};

use super::{Things, World, assert_refused, body, key_policy, with};

const ABSENT: &str = "00000000-0000-4000-8000-000000000000";
const ARN: &str = "arn:aws:kms:us-east-1:111122223333:";

impl World {
    /// A request that is refused with `code`; AWS's words.
    fn refused(&self, operation: Operation, body: &Value, code: &str) -> String {
        let reply = self.send(&self.root.request(operation.as_str(), body));
        assert_refused(operation, &reply, code);
        reply.message()
    }

    /// The id of a new key.
    fn key(&self, kind: &Value) -> String {
        let made = self.done("CreateKey", kind);
        made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    }
}

/// The member by which an operation names its key.
fn key_member(operation: Operation) -> &'static str {
    match operation {
        CreateAlias | UpdateAlias => "TargetKeyId",
        ReEncrypt => "DestinationKeyId",
        _ => "KeyId",
    }
}

#[test]
fn what_is_absent_is_not_found() {
    let world = World::new();
    for operation in Operation::ALL.iter().copied() {
        if operation.resource() == Resource::Account && operation != ListAliases {
            continue;
        }
        let things = world.things(operation);
        let absent = if operation == DeleteAlias {
            json!({"AliasName": "alias/absent"})
        } else {
            with(body(operation, &things), key_member(operation), ABSENT)
        };
        let words = world.refused(operation, &absent, "NotFoundException");
        let expected = if operation == DeleteAlias {
            format!("Alias {ARN}alias/absent is not found.")
        } else {
            format!("Key '{ARN}key/{ABSENT}' does not exist")
        };
        assert_eq!(words, expected, "{operation}");
    }
}

#[test]
fn text_that_names_no_key_is_not_found_rather_than_an_invalid_arn() {
    let world = World::new();
    for operation in Operation::ALL.iter().copied() {
        if matches!(operation.resource(), Resource::Account) || operation == DeleteAlias {
            continue;
        }
        let things = world.things(operation);
        for text in ["arn:aws:kms:eu-west-1:111122223333:key/x", "no key"] {
            let request = with(body(operation, &things), key_member(operation), text);
            world.refused(operation, &request, "NotFoundException");
        }
    }
}

#[test]
fn a_dry_run_that_would_succeed_says_so() {
    let world = World::new();
    for operation in Operation::ALL.iter().filter(|o| o.accepts_dry_run()) {
        let mut request = body(*operation, &world.things(*operation));
        request["DryRun"] = json!(true);
        assert_eq!(
            world.refused(*operation, &request, "DryRunOperationException"),
            "The request would have succeeded, but the DryRun option is set."
        );
    }
}

#[test]
fn a_marker_that_was_not_given_out_is_refused() {
    let world = World::new();
    for operation in [
        ListKeys,
        ListAliases,
        ListGrants,
        ListRetirableGrants,
        ListKeyPolicies,
        ListKeyRotations,
        ListResourceTags,
    ] {
        let request = body(operation, &world.things(operation));
        let request = with(request, "Marker", "x");
        let words = world.refused(operation, &request, "InvalidMarkerException");
        assert_eq!(words, "Could not deserialize marker 'x'", "{operation}");
    }
}

#[test]
fn a_key_of_another_usage_is_refused() {
    let world = World::new();
    let hmac = json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"});
    let signing = json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"});
    for operation in Operation::ALL.iter().filter(|o| o.is_key_usage()).copied() {
        let kind = match operation {
            Decrypt => &signing,
            GenerateMac | VerifyMac | Sign | Verify | DeriveSharedSecret => &json!({}),
            _ => &hmac,
        };
        let usage = kind["KeyUsage"].as_str().unwrap_or("ENCRYPT_DECRYPT");
        let key = world.key(kind);
        let mut request = body(operation, &world.things(operation));
        request[key_member(operation)] = json!(key);
        if operation == Decrypt {
            request["EncryptionAlgorithm"] = json!("RSAES_OAEP_SHA_256");
        }
        assert_eq!(
            world.refused(operation, &request, "InvalidKeyUsageException"),
            format!("{ARN}key/{key} key usage is {usage} which is not valid for {operation}.")
        );
    }
}

/// Requests that are refused for what they say: operation, code, members, the words.
fn refusals(things: &Things) -> Vec<(Operation, &'static str, Value, &'static str)> {
    let key = &things.key;
    let on = |members: Value| {
        let mut request = json!({"KeyId": key});
        let object = request.as_object_mut().unwrap();
        object.extend(members.as_object().unwrap().clone());
        request
    };
    let reserved = json!([{"TagKey": "aws:a", "TagValue": ""}]);
    let long = format!("{}{}", key_policy(), " ".repeat(32_768));
    let alias = |name: &str| json!({"AliasName": name, "TargetKeyId": key});
    let sm2 = json!({"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"});
    vec![
        (
            CreateKey,
            "MalformedPolicyDocumentException",
            json!({"Policy": "{"}),
            "",
        ),
        (
            PutKeyPolicy,
            "MalformedPolicyDocumentException",
            on(json!({"Policy": "{"})),
            "",
        ),
        (
            CreateKey,
            "LimitExceededException",
            json!({"Policy": long}),
            "",
        ),
        (
            PutKeyPolicy,
            "LimitExceededException",
            on(json!({"Policy": long})),
            "",
        ),
        (CreateKey, "UnsupportedOperationException", sm2, ""),
        (
            CreateKey,
            "TagException",
            json!({"Tags": reserved}),
            "Tags beginning with aws: are reserved",
        ),
        (
            TagResource,
            "TagException",
            on(json!({"Tags": reserved})),
            "Tags beginning with aws: are reserved",
        ),
        (
            UntagResource,
            "TagException",
            on(json!({"TagKeys": ["aws:a"]})),
            "",
        ),
        (
            CreateAlias,
            "AlreadyExistsException",
            alias(&things.alias),
            "",
        ),
        (
            CreateAlias,
            "InvalidAliasNameException",
            alias("alias/aws/a"),
            "",
        ),
        (
            CreateGrant,
            "InvalidArnException",
            on(json!({"GranteePrincipal": "nobody", "Operations": ["Encrypt"]})),
            "",
        ),
        (
            ListRetirableGrants,
            "InvalidArnException",
            json!({"RetiringPrincipal": "nobody"}),
            "",
        ),
        (
            ListGrants,
            "InvalidGrantIdException",
            on(json!({"GrantId": "no grant"})),
            "",
        ),
        (
            RevokeGrant,
            "InvalidGrantIdException",
            on(json!({"GrantId": "no grant"})),
            "",
        ),
        (
            RetireGrant,
            "InvalidGrantIdException",
            on(json!({"GrantId": "no grant"})),
            "",
        ),
        (
            RetireGrant,
            "InvalidGrantTokenException",
            json!({"GrantToken": "no token"}),
            "",
        ),
        (
            Decrypt,
            "InvalidCiphertextException",
            json!({"CiphertextBlob": "eA=="}),
            "",
        ),
        (
            ReEncrypt,
            "InvalidCiphertextException",
            json!({"CiphertextBlob": "eA==", "DestinationKeyId": key}),
            "",
        ),
        (
            GetPublicKey,
            "UnsupportedOperationException",
            on(json!({})),
            "",
        ),
        (
            GenerateDataKeyPair,
            "UnsupportedOperationException",
            on(json!({"KeyPairSpec": "SM2"})),
            "",
        ),
        (
            GenerateRandom,
            "CustomKeyStoreNotFoundException",
            json!({"NumberOfBytes": 1, "CustomKeyStoreId": "cks-1234567890abcdef0"}),
            "",
        ),
        (
            GenerateDataKeyPairWithoutPlaintext,
            "UnsupportedOperationException",
            on(json!({"KeyPairSpec": "SM2"})),
            "",
        ),
    ]
}

#[test]
fn a_request_is_refused_for_what_it_says() {
    let world = World::new();
    let things = world.things(DescribeKey);
    for (operation, code, request, words) in refusals(&things) {
        let said = world.refused(operation, &request, code);
        println!("{operation} {code}: {said}");
        assert!(
            words.is_empty() || said == words,
            "{operation} {code}: {said}"
        );
    }
}

#[test]
fn a_ciphertext_of_another_key_is_refused() {
    let world = World::new();
    let other = world.key(&json!({}));
    for (operation, member) in [(Decrypt, "KeyId"), (ReEncrypt, "SourceKeyId")] {
        let request = body(operation, &world.things(operation));
        let words =
            "The key ID in the request does not identify a CMK that can perform this operation.";
        let request = with(request, member, &other);
        assert_eq!(
            world.refused(operation, &request, "IncorrectKeyException"),
            words
        );
    }
}

#[test]
fn a_signature_and_a_mac_of_something_else_are_refused_without_a_word() {
    let world = World::new();
    for (operation, code) in [
        (Verify, "KMSInvalidSignatureException"),
        (VerifyMac, "KMSInvalidMacException"),
    ] {
        let request = body(operation, &world.things(operation));
        let request = with(request, "Message", "eXk=");
        assert_eq!(world.refused(operation, &request, code), "");
    }
}

#[test]
fn material_that_is_not_the_one_awaited_is_refused() {
    let world = World::new();
    let things = world.things(ImportKeyMaterial);
    let request = body(ImportKeyMaterial, &things);
    let token = with(request.clone(), "ImportToken", "eA==");
    world.refused(ImportKeyMaterial, &token, "InvalidImportTokenException");
    let damaged = with(request.clone(), "EncryptedKeyMaterial", "eA==");
    world.refused(ImportKeyMaterial, &damaged, "InvalidCiphertextException");
    let other = world.wrapped(&things.key, &[8; 32]);
    let request = with(request, "EncryptedKeyMaterial", &other.1);
    let request = with(request, "ImportToken", &other.0);
    world.refused(ImportKeyMaterial, &request, "IncorrectKeyMaterialException");
}

#[test]
fn a_quota_that_is_reached_refuses_in_aws_s_words() {
    let world = World::new();
    let full = world.key(&json!({}));
    let alias =
        |number: usize| json!({"AliasName": format!("alias/{number}"), "TargetKeyId": full});
    for number in 0..50 {
        world.done("CreateAlias", &alias(number));
    }
    world.refused(CreateAlias, &alias(50), "LimitExceededException");
    let things = world.things(UpdateAlias);
    let moved = with(body(UpdateAlias, &things), "TargetKeyId", &full);
    world.refused(UpdateAlias, &moved, "LimitExceededException");
    let rotated = json!({"KeyId": things.key});
    for _ in 0..25 {
        world.done("RotateKeyOnDemand", &rotated);
    }
    let words = world.refused(RotateKeyOnDemand, &rotated, "LimitExceededException");
    assert_eq!(
        words,
        format!(
            "The on-demand rotations limit has been reached for the given keyId. No more \
             on-demand rotations can be performed for this key: {}",
            things.key
        )
    );
}

#[test]
fn a_quota_of_the_configuration_holds() {
    let world = World::configured(
        "[quotas]\nkeys = 2\naliases_per_key = 1\ngrants_per_key = 2\non_demand_rotations = 1\n",
    );
    let key = world.things(RotateKeyOnDemand).key;
    let other = world.things(DescribeKey);
    let limit = "LimitExceededException";
    let told = |operation: Operation, body: &Value| world.refused(operation, body, limit);
    assert_eq!(
        told(CreateKey, &json!({})),
        "The quota of 2 keys is reached."
    );
    let grant = body(CreateGrant, &other);
    world.done("CreateGrant", &grant);
    let full = format!(
        "The quota of 2 grants is reached for key {ARN}key/{}",
        other.key
    );
    assert_eq!(told(CreateGrant, &grant), full);
    let full = format!("The quota of 1 aliases is reached for key {ARN}key/{key}");
    let alias = json!({"AliasName": "alias/more", "TargetKeyId": key});
    assert_eq!(told(CreateAlias, &alias), full);
    let alias = json!({"AliasName": other.alias, "TargetKeyId": key});
    assert_eq!(told(UpdateAlias, &alias), full);
    world.done("RotateKeyOnDemand", &json!({"KeyId": key}));
    told(RotateKeyOnDemand, &json!({"KeyId": key}));
}
