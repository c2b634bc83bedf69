//! External key stores and their keys, with a proxy in memory that a test can bend.

use kms_core::xks::{self, ErrorName, ProxyFailure};

use super::external_proxy::{EncryptRequestOf, Mood, World, cipher, creation, refused};
use super::*;

#[test]
fn a_plaintext_is_encrypted_by_both_sides() {
    let world = World::new();
    let (store, key) = world.key();
    assert_eq!(
        world.proxy.asked(),
        ["health", "health", "keys/hsm-1/metadata"]
    );
    let blob = world.encrypt(&key).unwrap();
    assert_eq!(blob.as_slice()[..2], [1, 2]);
    assert_eq!(world.decrypt(&blob).unwrap(), b"attack at dawn");
    assert_eq!(
        world.proxy.asked(),
        ["keys/hsm-1/encrypt", "keys/hsm-1/decrypt"]
    );
    let own = world.fixture.create_key();
    let request = |blob: &Blob, to: &str| ReEncryptRequest {
        ciphertext_blob: Some(blob.clone()),
        destination_key_id: Some(to.to_owned()),
        ..ReEncryptRequest::default()
    };
    let out = world.send(request(&blob, &own)).unwrap().ciphertext_blob;
    assert_eq!(out.as_slice()[..2], [1, 1]);
    let back = world.send(request(&out, &key)).unwrap().ciphertext_blob;
    assert_eq!(world.decrypt(&back).unwrap(), b"attack at dawn");
    let metadata = world.create_key(&store, "hsm-2").unwrap();
    let both = world
        .send(request(&back, &metadata.arn.to_string()))
        .unwrap();
    assert_eq!(
        world.decrypt(&both.ciphertext_blob).unwrap(),
        b"attack at dawn"
    );
    let lines = world.fixture.lines();
    let last = lines
        .iter()
        .rev()
        .find(|line| line["eventName"] == "ReEncrypt")
        .unwrap();
    assert!(last["additionalEventData"]["sourceKeyMaterialId"].is_string());
    assert_eq!(last["resources"].as_array().unwrap().len(), 2);
    let all = serde_json::to_string(&lines).unwrap();
    assert!(!all.contains("sesame") && !all.contains("attack"));
}

#[test]
fn an_inner_blob_does_not_open_without_the_outer_layer() {
    let world = World::new();
    let (_, key) = world.key();
    let blob = world.encrypt(&key).unwrap();
    // What whoever runs the proxy sees.
    let outer = kms_core::ciphertext::DoubleBlob::parse(blob.as_slice()).unwrap();
    let bound = outer
        .name()
        .authenticated(&BTreeMap::<String, String>::new().into_iter().collect());
    let layer = outer.into_layer();
    let bound = xks::authenticated(&bound.unwrap(), b"v1").unwrap();
    let mut sealed = [layer.ciphertext, layer.tag].concat();
    let inner = cipher()
        .open([5; 12], &bound, &mut sealed)
        .unwrap()
        .to_vec();
    assert_eq!(inner[..2], [1, 1]);
    let (code, _) = refused(world.decrypt(&inner.into()));
    assert_eq!(code, ErrorCode::InvalidCiphertextException);
    // And a suite that the key does not have.
    let own = world.fixture.create_key();
    let mut bytes = world.encrypt(&own).unwrap().as_slice().to_vec();
    bytes.splice(27..27, [0, 12].into_iter().chain([0; 28]));
    bytes[1] = 2;
    let (code, _) = refused(world.decrypt(&bytes.into()));
    assert_eq!(code, ErrorCode::InvalidCiphertextException);
}

#[test]
fn a_changed_blob_or_context_is_refused() {
    let world = World::new();
    let (_, key) = world.key();
    let blob = world.encrypt(&key).unwrap();
    for at in [3, 20, 28, 31, 45, 61, blob.len() - 1] {
        let mut bytes = blob.as_slice().to_vec();
        bytes[at] ^= 1;
        let (code, _) = refused(world.decrypt(&bytes.into()));
        assert!(
            matches!(
                code,
                ErrorCode::KMSInvalidStateException
                    | ErrorCode::InvalidCiphertextException
                    | ErrorCode::AccessDeniedException
                    | ErrorCode::NotFoundException
            ),
            "{at}: {code}"
        );
    }
    let request = kms_core::api::DecryptRequest {
        ciphertext_blob: Some(blob),
        encryption_context: Some(EncryptionContextMap([("a".into(), "b".into())].into())),
        ..kms_core::api::DecryptRequest::default()
    };
    let (code, message) = refused(world.send(request));
    assert_eq!(code, ErrorCode::KMSInvalidStateException);
    assert!(
        message.contains("ciphertext or encryption context is corrupted"),
        "{message}"
    );
}

#[test]
fn a_failure_of_the_proxy_is_told_in_aws_s_words_and_recorded() {
    let world = World::new();
    let (_, key) = world.key();
    let blob = world.encrypt(&key).unwrap();
    for (mood, words) in [
        (
            Mood::Fails(ProxyFailure::TimedOut),
            "did not respond in time",
        ),
        (
            Mood::Fails(ProxyFailure::Unreachable),
            "cannot communicate with the external key store",
        ),
        (
            Mood::Fails(ProxyFailure::Tls),
            "cannot establish a TLS connection",
        ),
        (
            Mood::Fails(ProxyFailure::Malformed),
            "cannot interpret the response",
        ),
        (Mood::Garbles, "cannot interpret the response"),
        (
            Mood::Refuses(ErrorName::Validation),
            "cannot interpret the response",
        ),
        (
            Mood::Refuses(ErrorName::InvalidState),
            "is not enabled in the external key manager",
        ),
        (
            Mood::Refuses(ErrorName::InvalidKeyUsage),
            "does not support the requested operation",
        ),
        (
            Mood::Refuses(ErrorName::AuthenticationFailed),
            "could not authenticate AWS KMS",
        ),
        (
            Mood::Refuses(ErrorName::AccessDenied),
            "denied access to the operation",
        ),
        (
            Mood::Refuses(ErrorName::KeyNotFound),
            "was not found in its external key manager",
        ),
        (
            Mood::Refuses(ErrorName::InvalidUriPath),
            "because of an invalid URI path",
        ),
        (
            Mood::Refuses(ErrorName::Throttling),
            "due to a very high request rate",
        ),
        (
            Mood::Refuses(ErrorName::UnsupportedOperation),
            "it does not support the requested",
        ),
        (
            Mood::Refuses(ErrorName::DependencyTimeout),
            "in the time allotted",
        ),
        (
            Mood::Refuses(ErrorName::Internal),
            "cannot communicate with the external key manager",
        ),
    ] {
        world.proxy.is(mood);
        let before = world.fixture.lines().len();
        for result in [
            world.encrypt(&key).map(drop),
            world.decrypt(&blob).map(drop),
        ] {
            let (code, message) = refused(result);
            assert_eq!(code, ErrorCode::KMSInvalidStateException, "{mood:?}");
            assert!(message.contains(words), "{mood:?}: {message}");
            assert!(!message.contains("own words"));
        }
        let lines = world.fixture.lines();
        assert_eq!(lines.len(), before + 2);
        assert!(
            lines[before..]
                .iter()
                .all(|line| line["errorCode"] == "KMSInvalidStateException")
        );
    }
    world.proxy.is(Mood::Corrupts);
    let (code, message) = refused(world.encrypt(&key));
    assert_eq!(code, ErrorCode::KMSInvalidStateException);
    assert!(message.contains("cannot interpret"), "{message}");
    world.proxy.is(Mood::Well);
    assert_eq!(world.decrypt(&blob).unwrap(), b"attack at dawn");
}

#[test]
fn a_dry_run_asks_no_proxy() {
    let world = World::new();
    let (_, key) = world.key();
    let blob = world.encrypt(&key).unwrap();
    world.proxy.asked();
    let encrypt = kms_core::api::EncryptRequest {
        dry_run: Some(true),
        ..EncryptRequestOf(&key).request()
    };
    let decrypt = kms_core::api::DecryptRequest {
        ciphertext_blob: Some(blob),
        dry_run: Some(true),
        ..kms_core::api::DecryptRequest::default()
    };
    let codes = [
        refused(world.send(encrypt)).0,
        refused(world.send(decrypt)).0,
    ];
    assert_eq!(codes, [ErrorCode::DryRunOperationException; 2]);
    assert!(world.proxy.asked().is_empty());
}

#[test]
fn the_keys_of_a_store_that_is_not_connected_are_unavailable() {
    let mut world = World::new();
    let (store, key) = world.key();
    let blob = world.encrypt(&key).unwrap();
    world.disconnect(&store);
    let describe = |world: &World| {
        let key_id = Some(key.clone());
        let request = DescribeKeyRequest {
            key_id,
            ..DescribeKeyRequest::default()
        };
        world.send(request).unwrap().key_metadata
    };
    let metadata = describe(&world);
    assert_eq!(
        (metadata.key_state, metadata.enabled),
        (KeyState::Unavailable, false)
    );
    assert_eq!(metadata.origin, Origin::ExternalKeyStore);
    assert_eq!(metadata.custom_key_store_id.unwrap().as_str(), store);
    assert_eq!(metadata.xks_key_configuration.unwrap().id.as_str(), "hsm-1");
    assert_eq!(metadata.current_key_material_id, None);
    world.proxy.asked();
    for result in [
        world.encrypt(&key).map(drop),
        world.decrypt(&blob).map(drop),
    ] {
        let (code, message) = refused(result);
        assert_eq!(code, ErrorCode::KMSInvalidStateException);
        assert!(
            message.contains("is in a custom key store that is not connected"),
            "{message}"
        );
    }
    assert!(world.proxy.asked().is_empty());
    every_other_operation_answers_as_in_aws(&world, &key);
    let key_id = Some(key.clone());
    world
        .send(DisableKeyRequest {
            key_id: key_id.clone(),
        })
        .unwrap();
    assert_eq!(describe(&world).key_state, KeyState::Unavailable);
    world.send(EnableKeyRequest { key_id }).unwrap();
    world.fixture.reopen();
    assert_eq!(describe(&world).key_state, KeyState::Unavailable);
    // A process without a client administers the store and uses no key of it.
    let (code, message) = refused(world.connect(&store));
    assert_eq!(code, ErrorCode::XksProxyUriUnreachableException);
    assert!(message.contains("has no client"), "{message}");
}

#[test]
fn keys_are_made_of_external_keys_that_fit_and_are_free() {
    let world = World::new();
    let store = world
        .send(creation("safe"))
        .unwrap()
        .custom_key_store_id
        .to_string();
    let code = |key| refused(world.create_key(&store, key)).0;
    assert_eq!(
        code("hsm-1"),
        ErrorCode::CustomKeyStoreInvalidStateException
    );
    world.connect(&store).unwrap();
    for (mood, expected) in [
        (
            Mood::Disabled,
            ErrorCode::XksKeyInvalidConfigurationException,
        ),
        (
            Mood::Refuses(ErrorName::KeyNotFound),
            ErrorCode::XksKeyNotFoundException,
        ),
        (
            Mood::Refuses(ErrorName::InvalidKeyUsage),
            ErrorCode::XksKeyInvalidConfigurationException,
        ),
        (
            Mood::Refuses(ErrorName::AccessDenied),
            ErrorCode::KMSInvalidStateException,
        ),
        (
            Mood::Fails(ProxyFailure::TimedOut),
            ErrorCode::CustomKeyStoreInvalidStateException,
        ),
        (
            Mood::Garbles,
            ErrorCode::CustomKeyStoreInvalidStateException,
        ),
    ] {
        world.proxy.is(mood);
        assert_eq!(code("hsm-1"), expected, "{mood:?}");
    }
    world.proxy.is(Mood::Well);
    let made = world.create_key(&store, "hsm-1").unwrap();
    assert_eq!(code("hsm-1"), ErrorCode::XksKeyAlreadyInUseException);
    let key_id = Some(made.arn.to_string());
    let rotation = EnableKeyRotationRequest {
        key_id: key_id.clone(),
        ..EnableKeyRotationRequest::default()
    };
    let import = GetParametersForImportRequest {
        key_id: key_id.clone(),
        wrapping_algorithm: Some("RSAES_OAEP_SHA_256".to_owned()),
        wrapping_key_spec: Some("RSA_2048".to_owned()),
    };
    let rotate = RotateKeyOnDemandRequest { key_id };
    let unsupported = [
        refused(world.send(rotation)).0,
        refused(world.send(import)).0,
        refused(world.send(rotate)).0,
    ];
    assert_eq!(unsupported, [ErrorCode::UnsupportedOperationException; 3]);
    let with = |change: &dyn Fn(&mut CreateKeyRequest)| {
        let mut request = CreateKeyRequest {
            origin: Some("EXTERNAL_KEY_STORE".to_owned()),
            custom_key_store_id: Some(store.clone()),
            xks_key_id: Some("hsm-9".to_owned()),
            ..CreateKeyRequest::default()
        };
        change(&mut request);
        refused(world.send(request)).0
    };
    let validation = ErrorCode::ValidationException;
    assert_eq!(with(&|request| request.xks_key_id = None), validation);
    assert_eq!(
        with(&|request| request.custom_key_store_id = None),
        validation
    );
    assert_eq!(with(&|request| request.origin = None), validation);
    let unsupported = ErrorCode::UnsupportedOperationException;
    assert_eq!(
        with(&|request| request.key_spec = Some("HMAC_256".to_owned())),
        validation
    );
    let rsa = |request: &mut CreateKeyRequest| {
        request.key_spec = Some("RSA_2048".to_owned());
        request.key_usage = Some("ENCRYPT_DECRYPT".to_owned());
    };
    assert_eq!(with(&rsa), unsupported);
    let elsewhere = |request: &mut CreateKeyRequest| {
        request.custom_key_store_id = Some("cks-00000000000000000".to_owned());
    };
    assert_eq!(with(&elsewhere), ErrorCode::CustomKeyStoreNotFoundException);
    let random = GenerateRandomRequest {
        number_of_bytes: Some(16),
        custom_key_store_id: Some(store.clone()),
        ..GenerateRandomRequest::default()
    };
    assert_eq!(refused(world.send(random)).0, unsupported);
}

/// The rest of the column `Unavailable` of AWS's table of key states.
fn every_other_operation_answers_as_in_aws(world: &World, key: &str) {
    let key_id = || Some(key.to_owned());
    let origin = [
        refused(world.send(EnableKeyRotationRequest {
            key_id: key_id(),
            ..EnableKeyRotationRequest::default()
        })),
        refused(world.send(DisableKeyRotationRequest { key_id: key_id() })),
        refused(world.send(GetKeyRotationStatusRequest { key_id: key_id() })),
        refused(world.send(RotateKeyOnDemandRequest { key_id: key_id() })),
    ];
    for (code, message) in origin {
        assert_eq!(code, ErrorCode::UnsupportedOperationException, "{message}");
    }
    let cancel = CancelKeyDeletionRequest { key_id: key_id() };
    let (code, message) = refused(world.send(cancel));
    assert_eq!(code, ErrorCode::KMSInvalidStateException);
    assert!(message.contains("is not pending deletion"), "{message}");
    let data_key = GenerateDataKeyRequest {
        key_id: key_id(),
        number_of_bytes: Some(32),
        ..GenerateDataKeyRequest::default()
    };
    let pair = GenerateDataKeyPairRequest {
        key_id: key_id(),
        key_pair_spec: Some("ECC_NIST_P256".to_owned()),
        ..GenerateDataKeyPairRequest::default()
    };
    let unavailable = [refused(world.send(data_key)).0, refused(world.send(pair)).0];
    assert_eq!(unavailable, [ErrorCode::KMSInvalidStateException; 2]);
    let description = UpdateKeyDescriptionRequest {
        key_id: key_id(),
        description: Some("away".to_owned()),
    };
    world.send(description).unwrap();
    let alias = CreateAliasRequest {
        alias_name: Some("alias/away".to_owned()),
        target_key_id: key_id(),
    };
    world.send(alias).unwrap();
    let policy = GetKeyPolicyRequest {
        key_id: key_id(),
        ..GetKeyPolicyRequest::default()
    };
    world.send(policy).unwrap();
}

/// Polls a request once, which has asked the proxy then, and drops it as a server does when the
/// client hangs up.
fn hang_up<O: Operation>(world: &World, request: O) {
    let engine = world.fixture.engine();
    let mut answering = std::pin::pin!(engine.call(&world.fixture.call, request));
    let waker = std::task::Waker::noop();
    let polled = answering
        .as_mut()
        .poll(&mut std::task::Context::from_waker(waker));
    assert!(polled.is_pending());
}

#[test]
fn who_hangs_up_while_the_proxy_is_asked_is_recorded() {
    let mut world = World::new();
    let (store, key) = world.key();
    let blob = world.encrypt(&key).unwrap();
    world.disconnect(&store);
    world.proxy.asked();
    world.proxy.is(Mood::Hangs);
    let connection = kms_core::api::ConnectCustomKeyStoreRequest {
        custom_key_store_id: Some(store.clone()),
    };
    hang_up(&world, connection);
    world.proxy.is(Mood::Well);
    world.connect(&store).unwrap();
    world.proxy.is(Mood::Hangs);
    let before = world.fixture.lines().len();
    hang_up(&world, EncryptRequestOf(&key).request());
    hang_up(&world, decrypt(&blob, &[]));
    assert_eq!(
        world.proxy.asked(),
        [
            "health",
            "health",
            "keys/hsm-1/encrypt",
            "keys/hsm-1/decrypt"
        ]
    );
    world.fixture.reopen();
    let lines = world.fixture.lines();
    let connecting: Vec<_> = lines
        .iter()
        .filter(|line| line["eventName"] == "ConnectCustomKeyStore")
        .map(|line| line["errorCode"].as_str())
        .collect();
    assert_eq!(connecting, [None, Some("KMSInvalidStateException"), None]);
    let used: Vec<_> = lines[before..]
        .iter()
        .filter(|line| line["eventName"] == "Encrypt" || line["eventName"] == "Decrypt")
        .collect();
    assert_eq!(used.len(), 2);
    for line in used {
        assert_eq!(line["errorCode"], "KMSInvalidStateException");
        let message = line["errorMessage"].as_str().unwrap();
        assert!(message.starts_with("The caller went away"), "{message}");
        assert_eq!(line["resources"][0]["ARN"], key.as_str());
    }
}
