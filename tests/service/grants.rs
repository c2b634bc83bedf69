//! Grants: what they give, to whom, and who may give and end them.

use super::*;

pub const ROOT: &str = "arn:aws:iam::111122223333:root";

pub fn arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:user/{name}")
}

pub fn create(key: &str, grantee: &str, operations: &[&str]) -> CreateGrantRequest {
    CreateGrantRequest {
        key_id: Some(key.to_owned()),
        grantee_principal: Some(grantee.to_owned()),
        operations: Some(operations.iter().map(|name| (*name).to_owned()).collect()),
        ..CreateGrantRequest::default()
    }
}

pub fn equals(context: &[(&str, &str)]) -> Option<GrantConstraints> {
    Some(GrantConstraints {
        encryption_context_equals: Some(pairs(context)),
        encryption_context_subset: None,
    })
}

pub fn subset(context: &[(&str, &str)]) -> Option<GrantConstraints> {
    Some(GrantConstraints {
        encryption_context_equals: None,
        encryption_context_subset: Some(pairs(context)),
    })
}

pub fn revoke(key: &str, id: &str) -> RevokeGrantRequest {
    RevokeGrantRequest {
        key_id: Some(key.to_owned()),
        grant_id: Some(id.to_owned()),
        dry_run: None,
    }
}

pub fn retire(key: &str, id: &str) -> RetireGrantRequest {
    RetireGrantRequest {
        key_id: Some(key.to_owned()),
        grant_id: Some(id.to_owned()),
        ..RetireGrantRequest::default()
    }
}

pub fn retire_by(token: &str) -> RetireGrantRequest {
    RetireGrantRequest {
        grant_token: Some(token.to_owned()),
        ..RetireGrantRequest::default()
    }
}

impl Fixture {
    pub fn grant(&self, request: CreateGrantRequest) -> CreateGrantResponse {
        self.send(request).unwrap()
    }

    pub fn listed(&self, key: &str) -> Vec<GrantListEntry> {
        self.send(on_key!(ListGrantsRequest, key)).unwrap().grants
    }

    pub fn identity_policy(&self, user: &str, effect: &str, action: &str) {
        let policy = PutUserPolicyRequest {
            user_name: user.parse().unwrap(),
            policy_name: format!("{effect}-{}", action.replace([':', '*'], "-"))
                .parse()
                .unwrap(),
            policy_document: format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}}}"#
            ),
        };
        self.send(policy).unwrap();
    }

    fn key_policy(&self, key: &str, statement: &str) {
        let put = PutKeyPolicyRequest {
            key_id: Some(key.to_owned()),
            policy: Some(format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{ROOT}"}},"Action":"kms:*","Resource":"*"}},{statement}]}}"#
            )),
            ..PutKeyPolicyRequest::default()
        };
        self.send(put).unwrap();
    }
}

#[test]
fn a_grant_holds_at_once_for_its_grantee_alone_and_for_its_operations_alone() {
    let mut fixture = Fixture::new();
    let (key, other) = (fixture.create_key(), fixture.create_key());
    let (bob, carol) = (fixture.user("bob"), fixture.user("carol"));
    let denied = |call: &CallContext, key: &str, fixture: &Fixture| {
        code(fixture.send_as(call, encrypt(key, &[]))) == "AccessDeniedException"
    };
    assert!(denied(&bob, &key, &fixture));
    let made = fixture.grant(create(&key, &arn("bob"), &["Encrypt", "DescribeKey"]));
    let sealed = fixture.send_as(&bob, encrypt(&key, &[])).unwrap();
    fixture
        .send_as(&bob, on_key!(DescribeKeyRequest, key))
        .unwrap();
    let opened = fixture.send_as(&bob, decrypt(&sealed.ciphertext_blob, &[]));
    assert_eq!(code(opened), "AccessDeniedException");
    assert!(denied(&carol, &key, &fixture));
    assert!(denied(&bob, &other, &fixture));
    fixture.reopen();
    fixture.send_as(&bob, encrypt(&key, &[])).unwrap();
    fixture.send(revoke(&key, made.grant_id.as_str())).unwrap();
    assert!(denied(&bob, &key, &fixture));
    fixture.reopen();
    assert!(denied(&bob, &key, &fixture));
    assert!(fixture.listed(&key).is_empty());
}

#[test]
fn an_explicit_deny_wins_over_a_grant() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    fixture.grant(create(&key, &arn("bob"), &["Encrypt", "DescribeKey"]));
    let deny = format!(
        r#"{{"Effect":"Deny","Principal":{{"AWS":"{}"}},"Action":"kms:Encrypt","Resource":"*"}}"#,
        arn("bob")
    );
    fixture.key_policy(&key, &deny);
    let refused = fixture.send_as(&bob, encrypt(&key, &[])).unwrap_err();
    let words = "with an explicit deny in a resource-based policy";
    assert!(refused.to_string().ends_with(words), "{refused}");
    fixture
        .send_as(&bob, on_key!(DescribeKeyRequest, key))
        .unwrap();
    fixture.identity_policy("bob", "Deny", "kms:DescribeKey");
    let refused = fixture.send_as(&bob, on_key!(DescribeKeyRequest, key));
    assert_eq!(code(refused), "AccessDeniedException");
}

#[test]
fn a_grant_to_the_account_leaves_its_users_to_their_policies() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    // Nobody is let in by the key policy but its administrators.
    let closed = PutKeyPolicyRequest {
        key_id: Some(key.clone()),
        policy: Some(format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{ROOT}"}},"Action":["kms:*Grant*","kms:PutKeyPolicy"],"Resource":"*"}}}}"#
        )),
        ..PutKeyPolicyRequest::default()
    };
    fixture.send(closed).unwrap();
    fixture.identity_policy("bob", "Allow", "kms:Encrypt");
    assert_eq!(
        code(fixture.send(encrypt(&key, &[]))),
        "AccessDeniedException"
    );
    let refused = fixture.send_as(&bob, encrypt(&key, &[]));
    assert_eq!(code(refused), "AccessDeniedException");
    fixture.grant(create(&key, ROOT, &["Encrypt", "GenerateDataKey"]));
    fixture.send(encrypt(&key, &[])).unwrap();
    fixture.send_as(&bob, encrypt(&key, &[])).unwrap();
    let data_key = GenerateDataKeyRequest {
        key_id: Some(key),
        number_of_bytes: Some(32),
        ..GenerateDataKeyRequest::default()
    };
    assert_eq!(
        code(fixture.send_as(&bob, data_key)),
        "AccessDeniedException"
    );
}

#[test]
fn a_constraint_binds_the_context_of_every_use_but_not_describing() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    fixture.grant(CreateGrantRequest {
        constraints: equals(&[("tenant", "blue")]),
        ..create(&key, &arn("bob"), &["Encrypt", "DescribeKey"])
    });
    fixture.grant(CreateGrantRequest {
        constraints: subset(&[("tenant", "blue")]),
        ..create(&key, &arn("bob"), &["Decrypt"])
    });
    let (blue, more) = ([("tenant", "blue")], [("tenant", "blue"), ("x", "1")]);
    let sealed = fixture.send_as(&bob, encrypt(&key, &blue)).unwrap();
    for wrong in [&[][..], &[("tenant", "red")], &more, &[("Tenant", "blue")]] {
        let refused = fixture.send_as(&bob, encrypt(&key, wrong));
        assert_eq!(code(refused), "AccessDeniedException", "{wrong:?}");
    }
    fixture
        .send_as(&bob, decrypt(&sealed.ciphertext_blob, &blue))
        .unwrap();
    let wider = fixture.send(encrypt(&key, &more)).unwrap().ciphertext_blob;
    fixture.send_as(&bob, decrypt(&wider, &more)).unwrap();
    let refused = fixture.send_as(&bob, decrypt(&wider, &[("x", "1")]));
    assert_eq!(code(refused), "AccessDeniedException");
    fixture
        .send_as(&bob, on_key!(DescribeKeyRequest, key))
        .unwrap();
}

#[test]
fn re_encrypting_needs_a_grant_for_each_side_with_its_own_context() {
    let fixture = Fixture::new();
    let (from, to) = (fixture.create_key(), fixture.create_key());
    let bob = fixture.user("bob");
    let blob = fixture
        .send(encrypt(&from, &[("a", "1")]))
        .unwrap()
        .ciphertext_blob;
    let request = || ReEncryptRequest {
        ciphertext_blob: Some(blob.clone()),
        source_encryption_context: Some(pairs(&[("a", "1")])),
        destination_key_id: Some(to.clone()),
        destination_encryption_context: Some(pairs(&[("b", "2")])),
        ..ReEncryptRequest::default()
    };
    fixture.grant(CreateGrantRequest {
        constraints: equals(&[("a", "1")]),
        ..create(&from, &arn("bob"), &["ReEncryptFrom"])
    });
    assert_eq!(
        code(fixture.send_as(&bob, request())),
        "AccessDeniedException"
    );
    fixture.grant(CreateGrantRequest {
        constraints: equals(&[("a", "1")]),
        ..create(&to, &arn("bob"), &["ReEncryptTo"])
    });
    assert_eq!(
        code(fixture.send_as(&bob, request())),
        "AccessDeniedException"
    );
    fixture.grant(CreateGrantRequest {
        constraints: equals(&[("b", "2")]),
        ..create(&to, &arn("bob"), &["ReEncryptTo"])
    });
    fixture.send_as(&bob, request()).unwrap();
}

#[test]
fn whoever_may_create_grants_by_a_grant_gives_only_what_it_has() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    let carol = fixture.user("carol");
    fixture.grant(CreateGrantRequest {
        constraints: subset(&[("tenant", "blue")]),
        ..create(&key, &arn("bob"), &["Encrypt", "Decrypt", "CreateGrant"])
    });
    let child = |operations: &[&str], constraints| CreateGrantRequest {
        constraints,
        ..create(&key, &arn("carol"), operations)
    };
    for (operations, constraints) in [
        (&["Encrypt"][..], None),
        (&["Encrypt"], subset(&[("other", "blue")])),
        (&["Encrypt"], equals(&[("tenant", "red")])),
        (&["Encrypt", "DescribeKey"], subset(&[("tenant", "blue")])),
        (&["GenerateDataKey"], equals(&[("tenant", "blue")])),
    ] {
        let refused = fixture.send_as(&bob, child(operations, constraints));
        assert_eq!(code(refused), "AccessDeniedException", "{operations:?}");
    }
    let blue = [("tenant", "blue"), ("x", "1")];
    let made = fixture
        .send_as(&bob, child(&["Encrypt"], equals(&blue)))
        .unwrap();
    fixture.send_as(&carol, encrypt(&key, &blue)).unwrap();
    // The child outlives its parent, as in AWS.
    let parent = fixture
        .listed(&key)
        .into_iter()
        .find(|grant| grant.grant_id != made.grant_id);
    let parent = parent.unwrap().grant_id;
    fixture.send(revoke(&key, parent.as_str())).unwrap();
    fixture.send_as(&carol, encrypt(&key, &blue)).unwrap();
    let again = fixture.send_as(&bob, child(&["Encrypt"], equals(&blue)));
    assert_eq!(code(again), "AccessDeniedException");
}

#[test]
fn a_grant_is_retired_by_those_whom_it_names_and_by_nobody_else() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let (bob, carol, dave) = (
        fixture.user("bob"),
        fixture.user("carol"),
        fixture.user("dave"),
    );
    // A key policy cannot allow it.
    let allow = r#"{"Effect":"Allow","Principal":"*","Action":"kms:RetireGrant","Resource":"*"}"#;
    fixture.key_policy(&key, allow);
    let made = || {
        fixture
            .grant(CreateGrantRequest {
                retiring_principal: Some(arn("carol")),
                ..create(&key, &arn("bob"), &["Encrypt"])
            })
            .grant_id
    };
    let id = made();
    for call in [&bob, &dave] {
        let refused = fixture.send_as(call, retire(&key, id.as_str()));
        assert_eq!(code(refused), "AccessDeniedException");
    }
    fixture.send_as(&carol, retire(&key, id.as_str())).unwrap();
    let gone = fixture.send_as(&carol, retire(&key, id.as_str()));
    assert_eq!(code(gone), "NotFoundException");
    fixture.send(retire(&key, made().as_str())).unwrap();
    fixture.identity_policy("dave", "Allow", "kms:RetireGrant");
    fixture
        .send_as(&dave, retire(&key, made().as_str()))
        .unwrap();
    let own = fixture.grant(create(&key, &arn("bob"), &["Encrypt", "RetireGrant"]));
    fixture.send_as(&bob, retire_by(&own.grant_token)).unwrap();
    fixture.identity_policy("carol", "Deny", "kms:RetireGrant");
    let refused = fixture.send_as(&carol, retire(&key, made().as_str()));
    assert_eq!(code(refused), "AccessDeniedException");
}

#[test]
fn conditions_limit_which_grants_may_be_made() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let bob = fixture.user("bob");
    fixture.user("carol");
    let may = |condition: &str, request: CreateGrantRequest| {
        let allow = format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"kms:CreateGrant","Resource":"*","Condition":{condition}}}"#,
            arn("bob")
        );
        fixture.key_policy(&key, &allow);
        fixture.send_as(&bob, request).is_ok()
    };
    let plain = || create(&key, &arn("carol"), &["Encrypt", "Decrypt"]);
    let retired = || CreateGrantRequest {
        retiring_principal: Some(arn("bob")),
        ..plain()
    };
    let constrained = || CreateGrantRequest {
        constraints: subset(&[("a", "1")]),
        ..plain()
    };
    for (condition, request, expected) in [
        (
            r#"{"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","Decrypt"]}}"#,
            plain(),
            true,
        ),
        (
            r#"{"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt"]}}"#,
            plain(),
            false,
        ),
        (
            r#"{"StringLike":{"kms:GranteePrincipal":"*:user/carol"}}"#,
            plain(),
            true,
        ),
        (
            r#"{"StringLike":{"kms:GranteePrincipal":"*:user/bob"}}"#,
            plain(),
            false,
        ),
        (
            r#"{"StringLike":{"kms:RetiringPrincipal":"*:user/bob"}}"#,
            retired(),
            true,
        ),
        (
            r#"{"StringLike":{"kms:RetiringPrincipal":"*:user/bob"}}"#,
            plain(),
            false,
        ),
        (
            r#"{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextSubset"}}"#,
            constrained(),
            true,
        ),
        (
            r#"{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextEquals"}}"#,
            constrained(),
            false,
        ),
        (
            r#"{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextSubset"}}"#,
            plain(),
            false,
        ),
        (
            r#"{"StringEquals":{"kms:EncryptionContext:a":"1"}}"#,
            constrained(),
            true,
        ),
        (
            r#"{"StringEquals":{"kms:EncryptionContext:a":"1"}}"#,
            plain(),
            false,
        ),
        (
            r#"{"Bool":{"kms:GrantIsForAWSResource":"false"}}"#,
            plain(),
            true,
        ),
        (
            r#"{"Bool":{"kms:GrantIsForAWSResource":"true"}}"#,
            plain(),
            false,
        ),
    ] {
        assert_eq!(may(condition, request), expected, "{condition}");
    }
}

#[test]
fn a_key_pair_is_granted_what_it_can_do_and_no_constraint() {
    let fixture = Fixture::new();
    let bob = fixture.user("bob");
    let made = fixture.send(CreateKeyRequest {
        key_spec: Some(KeySpec::EccNistP256.as_str().to_owned()),
        key_usage: Some(KeyUsage::SignVerify.as_str().to_owned()),
        ..CreateKeyRequest::default()
    });
    let key = made.unwrap().key_metadata.arn.to_string();
    let sign = || SignRequest {
        key_id: Some(key.clone()),
        message: Some(SecretBytes::new(b"message".to_vec())),
        signing_algorithm: Some(SigningAlgorithm::EcdsaSha256.as_str().to_owned()),
        ..SignRequest::default()
    };
    assert_eq!(code(fixture.send_as(&bob, sign())), "AccessDeniedException");
    let constrained = CreateGrantRequest {
        constraints: subset(&[("a", "1")]),
        ..create(&key, &arn("bob"), &["Sign"])
    };
    assert_eq!(code(fixture.send(constrained)), "ValidationException");
    for impossible in ["Encrypt", "GenerateDataKey", "GenerateMac"] {
        let refused = fixture.send(create(&key, &arn("bob"), &["Sign", impossible]));
        assert_eq!(code(refused), "ValidationException", "{impossible}");
    }
    fixture.grant(create(&key, &arn("bob"), &["Sign"]));
    fixture.send_as(&bob, sign()).unwrap();
    let public = fixture.send_as(&bob, on_key!(GetPublicKeyRequest, key));
    assert_eq!(code(public), "AccessDeniedException");
    fixture.grant(create(&key, &arn("bob"), &["GetPublicKey", "Verify"]));
    fixture
        .send_as(&bob, on_key!(GetPublicKeyRequest, key))
        .unwrap();
}
