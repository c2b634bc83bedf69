//! Keys that are not symmetric: what they are, what they do, what they refuse.

use super::*;

pub(super) fn kind(spec: KeySpec, usage: KeyUsage) -> CreateKeyRequest {
    CreateKeyRequest {
        key_spec: Some(spec.to_string()),
        key_usage: Some(usage.to_string()),
        ..CreateKeyRequest::default()
    }
}

pub(super) fn sign(
    key: &str,
    message: &[u8],
    kind: MessageType,
    algorithm: SigningAlgorithm,
) -> SignRequest {
    SignRequest {
        key_id: Some(key.to_owned()),
        message: Some(SecretBytes::new(message.to_vec())),
        message_type: Some(kind.to_string()),
        signing_algorithm: Some(algorithm.to_string()),
        ..SignRequest::default()
    }
}

pub(super) fn verify(signed: SignRequest, signature: &Blob) -> VerifyRequest {
    VerifyRequest {
        key_id: signed.key_id,
        message: signed.message,
        message_type: signed.message_type,
        signing_algorithm: signed.signing_algorithm,
        signature: Some(signature.clone()),
        ..VerifyRequest::default()
    }
}

fn mac(key: &str, message: &[u8], algorithm: MacAlgorithm) -> GenerateMacRequest {
    GenerateMacRequest {
        key_id: Some(key.to_owned()),
        message: Some(SecretBytes::new(message.to_vec())),
        mac_algorithm: Some(algorithm.to_string()),
        ..GenerateMacRequest::default()
    }
}

impl Fixture {
    fn create(&self, spec: KeySpec, usage: KeyUsage) -> KeyMetadata {
        self.send(kind(spec, usage)).unwrap().key_metadata
    }

    pub(super) fn public_key(&self, key: &str) -> Blob {
        self.send(on_key!(GetPublicKeyRequest, key))
            .unwrap()
            .public_key
    }
}

pub(super) fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn keys_of_every_kind_sign_and_verify_also_after_reopening() {
    let mut fixture = Fixture::new();
    let mut signed = Vec::new();
    for spec in KeySpec::ALL {
        let made = fixture.send(kind(*spec, KeyUsage::SignVerify));
        if spec.as_str().starts_with("HMAC") || *spec == KeySpec::SymmetricDefault {
            let expected = format!("KeyUsage SIGN_VERIFY is not compatible with KeySpec {spec}");
            assert_eq!(words(made), expected);
            continue;
        }
        if *spec == KeySpec::Sm2 {
            assert_eq!(code(made), "UnsupportedOperationException");
            continue;
        }
        let metadata = made.unwrap().key_metadata;
        assert_eq!(metadata.key_spec, *spec);
        assert!(metadata.current_key_material_id.is_none());
        assert!(metadata.encryption_algorithms.is_empty() && metadata.mac_algorithms.is_empty());
        let key = metadata.arn.to_string();
        for algorithm in metadata.signing_algorithms {
            let (message, kind) = match algorithm {
                SigningAlgorithm::Ed25519PhSha512 => (&[3; 64][..], MessageType::Digest),
                _ => (&b"message"[..], MessageType::Raw),
            };
            let request = || sign(&key, message, kind, algorithm);
            let answer = fixture.send(request()).unwrap();
            let valid = fixture.send(verify(request(), &answer.signature)).unwrap();
            assert!(valid.signature_valid);
            signed.push((key.clone(), algorithm, kind, answer.signature));
        }
    }
    assert_eq!(signed.len(), 3 * 6 + 4 + 2 + 3);
    fixture.reopen();
    for (key, algorithm, kind, signature) in signed {
        let message = match kind {
            MessageType::Digest => &[3; 64][..],
            _ => b"message",
        };
        let request = || sign(&key, message, kind, algorithm);
        fixture.send(verify(request(), &signature)).unwrap();
        fixture.send(request()).unwrap();
        let other = sign(&key, &[4; 64], kind, algorithm);
        let refused = fixture.send(verify(other, &signature)).unwrap_err();
        assert_eq!(refused.code().as_str(), "KMSInvalidSignatureException");
        assert_eq!(refused.to_string(), "");
    }
}

#[test]
fn what_stands_for_a_message_has_the_length_and_the_algorithm_that_it_needs() {
    use MessageType::{Digest, ExternalMu, Raw};
    use SigningAlgorithm as S;
    let fixture = Fixture::new();
    let cases = [
        (KeySpec::EccNistP256, S::EcdsaSha256, Digest, 31),
        (KeySpec::EccNistP384, S::EcdsaSha384, Digest, 32),
        (KeySpec::EccNistEdwards25519, S::Ed25519PhSha512, Digest, 32),
        (KeySpec::MlDsa44, S::MlDsaShake256, ExternalMu, 63),
    ];
    for (spec, algorithm, kind, length) in cases {
        let key = fixture.create(spec, KeyUsage::SignVerify).arn.to_string();
        let refused = fixture.send(sign(&key, &vec![1; length], kind, algorithm));
        let expected = format!("Digest is invalid length for algorithm {algorithm}.");
        assert_eq!(words(refused), expected);
    }
    let cases = [
        (KeySpec::EccNistP256, S::EcdsaSha256, ExternalMu),
        (KeySpec::EccNistEdwards25519, S::Ed25519Sha512, Digest),
        (KeySpec::EccNistEdwards25519, S::Ed25519PhSha512, Raw),
        (KeySpec::MlDsa65, S::MlDsaShake256, Digest),
    ];
    for (spec, algorithm, kind) in cases {
        let key = fixture.create(spec, KeyUsage::SignVerify).arn.to_string();
        let refused = fixture.send(sign(&key, &[1; 64], kind, algorithm));
        assert_eq!(code(refused), "ValidationException", "{spec} {kind}");
    }
}

#[test]
fn a_key_does_what_it_was_made_for_and_nothing_else() {
    let fixture = Fixture::new();
    let symmetric = fixture.create_key();
    let signing = fixture.create(KeySpec::EccNistP256, KeyUsage::SignVerify);
    let signing = signing.arn.to_string();
    let rsa = fixture.create(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt);
    let rsa = rsa.arn.to_string();
    let hmac = fixture.create(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
    let hmac = hmac.arn.to_string();
    let ecdsa = |key| sign(key, b"m", MessageType::Raw, SigningAlgorithm::EcdsaSha256);
    let usage = |key, usage, operation| {
        format!("{key} key usage is {usage} which is not valid for {operation}.")
    };
    for (key, name) in [
        (&symmetric, "ENCRYPT_DECRYPT"),
        (&rsa, "ENCRYPT_DECRYPT"),
        (&hmac, "GENERATE_VERIFY_MAC"),
    ] {
        let refused = fixture.send(ecdsa(key)).unwrap_err();
        assert_eq!(refused.code().as_str(), "InvalidKeyUsageException");
        assert_eq!(refused.to_string(), usage(key, name, "Sign"));
    }
    let refused = fixture.send(encrypt(&signing, &[]));
    assert_eq!(words(refused), usage(&signing, "SIGN_VERIFY", "Encrypt"));
    let refused = fixture.send(mac(&signing, b"m", MacAlgorithm::HmacSha256));
    let expected = usage(&signing, "SIGN_VERIFY", "GenerateMac");
    assert_eq!(words(refused), expected);
    let refused = fixture.send(mac(&hmac, b"m", MacAlgorithm::HmacSha512));
    let expected = "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.";
    assert_eq!(words(refused), expected);
    let refused = fixture.send(encrypt(&rsa, &[]));
    let expected = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.";
    assert_eq!(words(refused), expected);
    let data_key = GenerateDataKeyRequest {
        key_id: Some(rsa.clone()),
        key_spec: Some("AES_256".to_owned()),
        ..GenerateDataKeyRequest::default()
    };
    assert_eq!(code(fixture.send(data_key)), "InvalidKeyUsageException");
    for key in [&symmetric, &hmac] {
        let refused = fixture.send(on_key!(GetPublicKeyRequest, key));
        assert_eq!(code(refused), "UnsupportedOperationException");
    }
    for key in [&signing, &rsa, &hmac] {
        let refused = fixture.send(on_key!(RotateKeyOnDemandRequest, key));
        assert_eq!(code(refused), "UnsupportedOperationException");
        let refused = fixture.send(on_key!(EnableKeyRotationRequest, key));
        assert_eq!(code(refused), "UnsupportedOperationException");
        let refused = fixture.send(on_key!(GetKeyRotationStatusRequest, key));
        assert_eq!(code(refused), "UnsupportedOperationException");
        let refused = fixture.send(on_key!(ListKeyRotationsRequest, key));
        assert_eq!(code(refused), "UnsupportedOperationException");
    }
}

#[test]
fn macs_are_those_of_the_message_alone() {
    let mut fixture = Fixture::new();
    let lengths = [
        (KeySpec::Hmac224, MacAlgorithm::HmacSha224, 28),
        (KeySpec::Hmac256, MacAlgorithm::HmacSha256, 32),
        (KeySpec::Hmac384, MacAlgorithm::HmacSha384, 48),
        (KeySpec::Hmac512, MacAlgorithm::HmacSha512, 64),
    ];
    for (spec, algorithm, length) in lengths {
        let metadata = fixture.create(spec, KeyUsage::GenerateVerifyMac);
        assert_eq!(metadata.mac_algorithms, [algorithm]);
        let key = metadata.arn.to_string();
        let made = fixture.send(mac(&key, b"message", algorithm)).unwrap().mac;
        assert_eq!(made.len(), length);
        fixture.reopen();
        let check = |message: &[u8], mac: &[u8]| {
            fixture.send(VerifyMacRequest {
                key_id: Some(key.clone()),
                message: Some(SecretBytes::new(message.to_vec())),
                mac_algorithm: Some(algorithm.to_string()),
                mac: Some(mac.to_vec().into()),
                ..VerifyMacRequest::default()
            })
        };
        assert!(check(b"message", made.as_slice()).unwrap().mac_valid);
        let wrong = check(b"massage", made.as_slice());
        assert_eq!(code(wrong), "KMSInvalidMacException");
        let cut = check(b"message", &made.as_slice()[..length - 1]);
        assert_eq!(code(cut), "KMSInvalidMacException");
    }
}

fn rsa_decrypt(key: Option<&str>, blob: &Blob, algorithm: &str) -> DecryptRequest {
    DecryptRequest {
        key_id: key.map(str::to_owned),
        ciphertext_blob: Some(blob.clone()),
        encryption_algorithm: Some(algorithm.to_owned()),
        ..DecryptRequest::default()
    }
}

#[test]
fn rsa_encrypts_for_its_key_by_its_algorithm() {
    let fixture = Fixture::new();
    let key = fixture.create(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt);
    let key = key.arn.to_string();
    let other = fixture.create(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt);
    let other = other.arn.to_string();
    for (algorithm, longest) in [("RSAES_OAEP_SHA_1", 214), ("RSAES_OAEP_SHA_256", 190)] {
        let request = |length| EncryptRequest {
            key_id: Some(key.clone()),
            plaintext: Some(SecretBytes::new(vec![5; length])),
            encryption_algorithm: Some(algorithm.to_owned()),
            ..EncryptRequest::default()
        };
        let sealed = fixture.send(request(longest)).unwrap().ciphertext_blob;
        let opened = fixture.send(rsa_decrypt(Some(&key), &sealed, algorithm));
        let opened = opened.unwrap();
        assert_eq!(opened.plaintext.expose(), vec![5; longest]);
        assert!(opened.key_material_id.is_none());
        let expected = format!(
            "Algorithm {algorithm} and key spec RSA_2048 cannot encrypt data larger than {longest} \
             bytes."
        );
        assert_eq!(words(fixture.send(request(longest + 1))), expected);
        let wrong = fixture.send(rsa_decrypt(Some(&other), &sealed, algorithm));
        assert_eq!(code(wrong), "InvalidCiphertextException");
        let nameless = fixture.send(rsa_decrypt(None, &sealed, algorithm));
        assert_eq!(code(nameless), "ValidationException");
        let with_context = EncryptRequest {
            encryption_context: Some(pairs(&[("a", "b")])),
            ..request(1)
        };
        assert_eq!(code(fixture.send(with_context)), "ValidationException");
    }
}

#[test]
fn a_ciphertext_moves_between_a_key_pair_and_a_symmetric_key() {
    let fixture = Fixture::new();
    let rsa = fixture.create(KeySpec::Rsa3072, KeyUsage::EncryptDecrypt);
    let rsa = rsa.arn.to_string();
    let symmetric = fixture.create_key();
    let blob = fixture.send(encrypt(&symmetric, &[])).unwrap();
    let moved = fixture
        .send(ReEncryptRequest {
            ciphertext_blob: Some(blob.ciphertext_blob),
            destination_key_id: Some(rsa.clone()),
            destination_encryption_algorithm: Some("RSAES_OAEP_SHA_256".to_owned()),
            ..ReEncryptRequest::default()
        })
        .unwrap();
    assert_eq!(moved.ciphertext_blob.len(), 384);
    assert!(moved.source_key_material_id.is_some());
    assert!(moved.destination_key_material_id.is_none());
    let back = fixture
        .send(ReEncryptRequest {
            ciphertext_blob: Some(moved.ciphertext_blob),
            source_key_id: Some(rsa),
            source_encryption_algorithm: Some("RSAES_OAEP_SHA_256".to_owned()),
            destination_key_id: Some(symmetric),
            ..ReEncryptRequest::default()
        })
        .unwrap();
    let opened = fixture.send(decrypt(&back.ciphertext_blob, &[])).unwrap();
    assert_eq!(opened.plaintext.expose(), b"attack at dawn");
}

#[test]
fn two_keys_derive_one_secret() {
    let fixture = Fixture::new();
    for spec in [KeySpec::EccNistP256, KeySpec::EccNistP521] {
        let key = || fixture.create(spec, KeyUsage::KeyAgreement).arn.to_string();
        let (alice, bob) = (key(), key());
        let derive = |key: &str, peer: Blob| {
            fixture.send(DeriveSharedSecretRequest {
                key_id: Some(key.to_owned()),
                key_agreement_algorithm: Some("ECDH".to_owned()),
                public_key: Some(peer),
                ..DeriveSharedSecretRequest::default()
            })
        };
        let one = derive(&alice, fixture.public_key(&bob)).unwrap();
        let other = derive(&bob, fixture.public_key(&alice)).unwrap();
        let secret = one.shared_secret.expose();
        assert_eq!(secret, other.shared_secret.expose());
        let refused = derive(&alice, b"InvalidPublicKey".to_vec().into()).unwrap_err();
        assert_eq!(refused.code().as_str(), "ValidationException");
        assert_eq!(refused.to_string(), "");
        let lines = serde_json::to_string(&fixture.lines()).unwrap();
        assert!(lines.contains("DeriveSharedSecret") && !lines.contains("sharedSecret"));
    }
}

#[test]
fn a_data_key_pair_opens_with_its_context() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    for spec in DataKeyPairSpec::ALL {
        let request = GenerateDataKeyPairRequest {
            key_id: Some(key.clone()),
            key_pair_spec: Some(spec.to_string()),
            encryption_context: Some(pairs(&[("purpose", "pair")])),
            ..GenerateDataKeyPairRequest::default()
        };
        let dry = GenerateDataKeyPairRequest {
            dry_run: Some(true),
            ..request.clone()
        };
        let made = fixture.send(request);
        if *spec == DataKeyPairSpec::Sm2 {
            assert_eq!(code(made), "UnsupportedOperationException");
            continue;
        }
        let made = made.unwrap();
        let blob = &made.private_key_ciphertext_blob;
        let opened = fixture.send(decrypt(blob, &[("purpose", "pair")])).unwrap();
        let private = made.private_key_plaintext.expose();
        assert_eq!(opened.plaintext.expose(), private);
        assert!(kms_core::crypto::asymmetric::PrivateKey::open(spec.key_spec(), private).is_ok());
        assert_eq!(
            code(fixture.send(decrypt(blob, &[]))),
            "InvalidCiphertextException"
        );
        assert_eq!(code(fixture.send(dry)), "DryRunOperationException");
    }
}

#[test]
fn conditions_see_what_a_key_is_and_how_it_is_used() {
    let fixture = Fixture::new();
    let bob = fixture.user("bob");
    let policy = |condition: &str| {
        fixture
            .send(PutUserPolicyRequest {
                user_name: "bob".parse().unwrap(),
                policy_name: "p".parse().unwrap(),
                policy_document: format!(
                    r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"kms:*",
                    "Resource":"*","Condition":{{"StringEquals":{{{condition}}}}}}}]}}"#
                ),
            })
            .unwrap();
    };
    let key = fixture.create(KeySpec::EccNistP256, KeyUsage::SignVerify);
    let key = key.arn.to_string();
    let raw = || sign(&key, b"m", MessageType::Raw, SigningAlgorithm::EcdsaSha256);
    let digest = || {
        sign(
            &key,
            &[1; 32],
            MessageType::Digest,
            SigningAlgorithm::EcdsaSha256,
        )
    };
    policy(r#""kms:MessageType":"DIGEST","kms:SigningAlgorithm":"ECDSA_SHA_256""#);
    fixture.send_as(&bob, digest()).unwrap();
    assert_eq!(code(fixture.send_as(&bob, raw())), "AccessDeniedException");
    policy(r#""kms:KeySpec":"ECC_NIST_P256","kms:KeyUsage":"SIGN_VERIFY""#);
    fixture.send_as(&bob, raw()).unwrap();
    let create = |spec, usage| fixture.send_as(&bob, kind(spec, usage));
    create(KeySpec::EccNistP256, KeyUsage::SignVerify).unwrap();
    let refused = create(KeySpec::EccNistP384, KeyUsage::SignVerify);
    assert_eq!(code(refused), "AccessDeniedException");
    let refused = create(KeySpec::EccNistP256, KeyUsage::KeyAgreement);
    assert_eq!(code(refused), "AccessDeniedException");
    policy(r#""kms:MacAlgorithm":"HMAC_SHA_256""#);
    let hmac = fixture.create(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
    let hmac = hmac.arn.to_string();
    let request = || mac(&hmac, b"m", MacAlgorithm::HmacSha256);
    fixture.send_as(&bob, request()).unwrap();
    policy(r#""kms:MacAlgorithm":"HMAC_SHA_512""#);
    let refused = fixture.send_as(&bob, request());
    assert_eq!(code(refused), "AccessDeniedException");
}

#[test]
fn what_is_signed_does_not_stand_in_the_ledger() {
    let fixture = Fixture::new();
    let key = fixture.create(KeySpec::EccNistP256, KeyUsage::SignVerify);
    let key = key.arn.to_string();
    let request = sign(
        &key,
        b"c0nf1dential",
        MessageType::Raw,
        SigningAlgorithm::EcdsaSha256,
    );
    fixture.send(request).unwrap();
    let lines = fixture.lines();
    let last = lines.last().unwrap();
    assert_eq!(last["eventName"], "Sign");
    assert_eq!(last["readOnly"], true);
    let parameters = serde_json::json!({
        "keyId": key, "messageType": "RAW", "signingAlgorithm": "ECDSA_SHA_256"
    });
    assert_eq!(last["requestParameters"], parameters);
    let text = last.to_string();
    assert!(!text.contains("c0nf1dential") && !text.contains("YzBuZjFkZW50aWFs"));
}

#[test]
fn a_grant_allows_what_the_key_can_do() {
    let fixture = Fixture::new();
    let key = fixture.create(KeySpec::EccNistP256, KeyUsage::SignVerify);
    let key = key.arn.to_string();
    let bob = fixture.user("bob");
    let grant = |operations: &[&str], constraints| CreateGrantRequest {
        key_id: Some(key.clone()),
        grantee_principal: Some("arn:aws:iam::111122223333:user/bob".to_owned()),
        operations: Some(operations.iter().map(|name| (*name).to_owned()).collect()),
        constraints,
        ..CreateGrantRequest::default()
    };
    let request = || sign(&key, b"m", MessageType::Raw, SigningAlgorithm::EcdsaSha256);
    let refused = fixture.send_as(&bob, request());
    assert_eq!(code(refused), "AccessDeniedException");
    fixture
        .send(grant(&["Sign", "GetPublicKey"], None))
        .unwrap();
    fixture.send_as(&bob, request()).unwrap();
    for operation in ["Encrypt", "GenerateMac", "GenerateDataKey"] {
        let refused = fixture.send(grant(&[operation], None));
        let expected = format!(
            "The operation {operation} is not supported by a KMS key with key spec \
             ECC_NIST_P256 and key usage SIGN_VERIFY."
        );
        assert_eq!(words(refused), expected);
    }
    let constraints = GrantConstraints {
        encryption_context_equals: Some(pairs(&[("a", "b")])),
        ..GrantConstraints::default()
    };
    let refused = fixture.send(grant(&["Verify"], Some(constraints)));
    assert_eq!(code(refused), "ValidationException");
}

#[test]
fn an_alias_moves_only_between_keys_of_one_type_and_usage() {
    let fixture = Fixture::new();
    let made = |spec: &str, usage: &str| {
        let request = CreateKeyRequest {
            key_spec: Some(spec.to_owned()),
            key_usage: Some(usage.to_owned()),
            ..CreateKeyRequest::default()
        };
        let made = fixture.send(request).unwrap();
        made.key_metadata.key_id.to_string()
    };
    let first = made("ECC_NIST_P256", "SIGN_VERIFY");
    let alias = Some("alias/moving".to_owned());
    let created = CreateAliasRequest {
        alias_name: alias.clone(),
        target_key_id: Some(first),
    };
    fixture.send(created).unwrap();
    let moved = |target: String| {
        fixture.send(UpdateAliasRequest {
            alias_name: alias.clone(),
            target_key_id: Some(target),
        })
    };
    moved(made("ECC_NIST_P384", "SIGN_VERIFY")).unwrap();
    for (spec, usage) in [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ] {
        assert_eq!(code(moved(made(spec, usage))), "ValidationException");
    }
}
