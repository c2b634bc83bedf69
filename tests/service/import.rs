//! Imported key material: brought, expired, destroyed, brought again, and rotated to.

use kms_core::crypto::asymmetric::{Message, PublicKey, generate};

use super::*;

const HOUR: i64 = 3_600_000;

/// What `GetParametersForImport` answered, as the side that wraps sees it.
pub(super) struct Way {
    pub(super) token: Blob,
    pub(super) public: PublicKey,
}

impl Way {
    pub(super) fn wrap(&self, material: &[u8]) -> Blob {
        let wrapped = self.public.encrypt(
            EncryptionAlgorithm::RsaesOaepSha256,
            material,
            &SystemRandom,
        );
        wrapped.unwrap().into()
    }
}

impl Fixture {
    fn external(&self, spec: KeySpec, usage: KeyUsage) -> String {
        let request = CreateKeyRequest {
            origin: Some("EXTERNAL".to_owned()),
            key_spec: Some(spec.to_string()),
            key_usage: Some(usage.to_string()),
            ..CreateKeyRequest::default()
        };
        self.send(request).unwrap().key_metadata.arn.to_string()
    }

    fn external_key(&self) -> String {
        self.external(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt)
    }

    fn way(&self, key: &str) -> Way {
        let answer = self.send(parameters(key, "RSAES_OAEP_SHA_256")).unwrap();
        let public = answer.public_key.as_slice();
        Way {
            public: PublicKey::open(KeySpec::Rsa2048, public).unwrap(),
            token: answer.import_token,
        }
    }

    /// An import that never expires, and what it is answered with.
    fn import(&self, key: &str, material: &[u8]) -> Result<ImportKeyMaterialResponse, Error> {
        let way = self.way(key);
        self.send(importing(key, &way.token, &way.wrap(material)))
    }

    fn import_new(&self, key: &str, material: &[u8]) -> Result<ImportKeyMaterialResponse, Error> {
        let way = self.way(key);
        self.send(ImportKeyMaterialRequest {
            import_type: Some("NEW_KEY_MATERIAL".to_owned()),
            ..importing(key, &way.token, &way.wrap(material))
        })
    }

    fn import_until(&self, key: &str, material: &[u8], expires: Timestamp) -> Result<(), Error> {
        let way = self.way(key);
        let request = ImportKeyMaterialRequest {
            expiration_model: None,
            valid_to: Some(expires),
            ..importing(key, &way.token, &way.wrap(material))
        };
        self.send(request).map(drop)
    }

    fn metadata(&self, key: &str) -> KeyMetadata {
        let request = on_key!(DescribeKeyRequest, key);
        self.send(request).unwrap().key_metadata
    }

    fn materials(&self, key: &str) -> Vec<RotationsListEntry> {
        let request = ListKeyRotationsRequest {
            key_id: Some(key.to_owned()),
            include_key_material: Some("ALL_KEY_MATERIAL".to_owned()),
            ..ListKeyRotationsRequest::default()
        };
        self.send(request).unwrap().rotations
    }

    pub(super) fn pass(&self, millis: i64) {
        self.clock.set(self.clock.now().plus_millis(millis));
    }
}

pub(super) fn parameters(key: &str, algorithm: &str) -> GetParametersForImportRequest {
    GetParametersForImportRequest {
        key_id: Some(key.to_owned()),
        wrapping_algorithm: Some(algorithm.to_owned()),
        wrapping_key_spec: Some("RSA_2048".to_owned()),
    }
}

pub(super) fn importing(key: &str, token: &Blob, wrapped: &Blob) -> ImportKeyMaterialRequest {
    ImportKeyMaterialRequest {
        key_id: Some(key.to_owned()),
        import_token: Some(token.clone()),
        encrypted_key_material: Some(wrapped.clone()),
        expiration_model: Some("KEY_MATERIAL_DOES_NOT_EXPIRE".to_owned()),
        ..ImportKeyMaterialRequest::default()
    }
}

#[test]
fn a_key_is_used_with_its_imported_material_and_not_without_it() {
    let mut fixture = Fixture::new();
    let key = fixture.external_key();
    let before = fixture.metadata(&key);
    assert_eq!(before.key_state, KeyState::PendingImport);
    assert_eq!(before.origin, Origin::External);
    assert!(!before.enabled && before.expiration_model.is_none());
    assert!(before.current_key_material_id.is_none());
    let refused = fixture.send(encrypt(&key, &[])).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::KMSInvalidStateException);
    assert_eq!(refused.to_string(), format!("{key} is pending import."));
    let imported = fixture.import(&key, &[7; 32]).unwrap();
    let sealed = fixture.send(encrypt(&key, &[])).unwrap().ciphertext_blob;
    fixture.reopen();
    let opened = fixture.send(decrypt(&sealed, &[])).unwrap();
    assert_eq!(opened.plaintext.expose(), b"attack at dawn");
    let after = fixture.metadata(&key);
    assert_eq!(after.key_state, KeyState::Enabled);
    assert!(after.enabled && after.valid_to.is_none());
    assert_eq!(after.current_key_material_id, imported.key_material_id);
    assert_eq!(
        after.expiration_model,
        Some(ExpirationModelType::KeyMaterialDoesNotExpire)
    );
}

#[test]
fn deleted_material_is_gone_until_the_same_one_is_imported_again() {
    let mut fixture = Fixture::new();
    let key = fixture.external_key();
    let first = fixture.import(&key, &[7; 32]).unwrap();
    let sealed = fixture.send(encrypt(&key, &[])).unwrap().ciphertext_blob;
    let delete = || on_key!(DeleteImportedKeyMaterialRequest, key);
    let deleted = fixture.send(delete()).unwrap();
    assert_eq!(deleted.key_material_id, first.key_material_id);
    fixture.reopen();
    assert_eq!(fixture.metadata(&key).key_state, KeyState::PendingImport);
    assert_eq!(
        code(fixture.send(decrypt(&sealed, &[]))),
        "KMSInvalidStateException"
    );
    fixture.send(delete()).unwrap();
    assert_eq!(
        code(fixture.import(&key, &[8; 32])),
        "IncorrectKeyMaterialException"
    );
    assert_eq!(
        code(fixture.import_new(&key, &[7; 32])),
        "IncorrectKeyMaterialException"
    );
    let again = fixture.import(&key, &[7; 32]).unwrap();
    assert_eq!(again.key_material_id, first.key_material_id);
    assert!(fixture.send(decrypt(&sealed, &[])).is_ok());
}

#[test]
fn the_same_material_has_another_name_under_another_key() {
    let fixture = Fixture::new();
    let (key, other) = (fixture.external_key(), fixture.external_key());
    let first = fixture.import(&key, &[7; 32]).unwrap();
    let second = fixture.import(&other, &[7; 32]).unwrap();
    assert_ne!(first.key_material_id, second.key_material_id);
}

#[test]
fn material_that_expires_is_unusable_on_time_and_then_destroyed() {
    let fixture = Fixture::new();
    let key = fixture.external_key();
    let expires = fixture.clock.now().plus_millis(HOUR);
    fixture.import_until(&key, &[7; 32], expires).unwrap();
    let told = fixture.metadata(&key);
    assert_eq!(told.valid_to, Some(expires));
    assert_eq!(
        told.expiration_model,
        Some(ExpirationModelType::KeyMaterialExpires)
    );
    let sealed = fixture.send(encrypt(&key, &[])).unwrap().ciphertext_blob;
    fixture.pass(HOUR - 1);
    fixture.engine().run_due_jobs().unwrap();
    assert!(fixture.send(decrypt(&sealed, &[])).is_ok());
    fixture.pass(1);
    // Nobody waits for the job.
    assert_eq!(
        code(fixture.send(decrypt(&sealed, &[]))),
        "KMSInvalidStateException"
    );
    fixture.engine().run_due_jobs().unwrap();
    fixture.engine().run_due_jobs().unwrap();
    let destroyed = fixture.lines().into_iter();
    let destroyed: Vec<_> = destroyed
        .filter(|line| line["eventName"] == "DeleteExpiredKeyMaterial")
        .collect();
    assert_eq!(destroyed.len(), 1);
    // Destroyed and not only past its time: an earlier clock does not bring it back.
    fixture.pass(-HOUR);
    let told = fixture.metadata(&key);
    assert_eq!(told.key_state, KeyState::PendingImport);
    assert!(told.valid_to.is_none() && told.expiration_model.is_none());
    fixture.import(&key, &[7; 32]).unwrap();
    assert!(fixture.send(decrypt(&sealed, &[])).is_ok());
    fixture.pass(10 * HOUR);
    fixture.engine().run_due_jobs().unwrap();
    assert!(fixture.send(decrypt(&sealed, &[])).is_ok());
}

#[test]
fn the_time_of_expiry_must_be_given_when_it_counts_and_be_in_the_next_365_days() {
    let fixture = Fixture::new();
    let key = fixture.external_key();
    let now = fixture.clock.now();
    for expires in [now, now.plus_millis(-1), now.plus_days(365).plus_millis(1)] {
        let refused = fixture.import_until(&key, &[7; 32], expires);
        assert_eq!(code(refused), "ValidationException");
    }
    let way = fixture.way(&key);
    let request = || importing(&key, &way.token, &way.wrap(&[7; 32]));
    let refused = fixture.send(ImportKeyMaterialRequest {
        valid_to: Some(now.plus_days(1)),
        ..request()
    });
    assert_eq!(code(refused), "ValidationException");
    for model in [None, Some("KEY_MATERIAL_EXPIRES".to_owned())] {
        let refused = fixture.send(ImportKeyMaterialRequest {
            expiration_model: model,
            ..request()
        });
        assert_eq!(code(refused), "ValidationException");
    }
    let latest = now.plus_days(365);
    fixture.import_until(&key, &[7; 32], latest).unwrap();
}

#[test]
fn a_token_is_good_for_its_key_and_its_public_key_for_24_hours() {
    let fixture = Fixture::new();
    let (key, other) = (fixture.external_key(), fixture.external_key());
    let (way, stranger) = (fixture.way(&key), fixture.way(&other));
    let wrapped = way.wrap(&[7; 32]);
    let send = |key: &str, token: &Blob, wrapped: &Blob| {
        code(fixture.send(importing(key, token, wrapped)))
    };
    let invalid = "InvalidImportTokenException";
    assert_eq!(send(&other, &way.token, &wrapped), invalid);
    let token = way.token.as_slice();
    for place in [0, 1, 5, 20, 60, token.len() - 1] {
        let mut altered = token.to_vec();
        altered[place] ^= 1;
        assert_eq!(send(&key, &altered.into(), &wrapped), invalid, "{place}");
    }
    for length in [1, 17, 33, token.len() - 1] {
        let cut = token[..length].to_vec().into();
        assert_eq!(send(&key, &cut, &wrapped), invalid, "{length}");
    }
    let foreign = stranger.wrap(&[7; 32]);
    let garbage: Blob = vec![1; 256].into();
    let short: Blob = vec![1].into();
    for wrapped in [&foreign, &garbage, &short] {
        assert_eq!(
            send(&key, &way.token, wrapped),
            "InvalidCiphertextException"
        );
    }
    for length in [1, 16, 31, 33, 64] {
        let wrapped = way.wrap(&vec![7; length]);
        let refused = send(&key, &way.token, &wrapped);
        assert_eq!(refused, "IncorrectKeyMaterialException", "{length}");
    }
    fixture.pass(24 * HOUR);
    assert_eq!(
        send(&key, &way.token, &wrapped),
        "ExpiredImportTokenException"
    );
    fixture.pass(-1);
    let request = importing(&key, &way.token, &wrapped);
    assert!(fixture.send(request).is_ok());
}

#[test]
fn a_grant_token_of_the_store_is_no_import_token() {
    let fixture = Fixture::new();
    let key = fixture.external_key();
    let way = fixture.way(&key);
    fixture.import(&key, &[7; 32]).unwrap();
    let grant = CreateGrantRequest {
        key_id: Some(key.clone()),
        grantee_principal: Some("arn:aws:iam::111122223333:root".to_owned()),
        operations: Some(vec!["Encrypt".to_owned()]),
        ..CreateGrantRequest::default()
    };
    let token = fixture.send(grant).unwrap().grant_token;
    let json = serde_json::Value::String(token);
    let token: Blob = serde_json::from_value(json).unwrap();
    let refused = fixture.send(importing(&key, &token, &way.wrap(&[7; 32])));
    assert_eq!(code(refused), "InvalidImportTokenException");
}

#[test]
fn a_key_of_this_service_s_material_takes_no_other() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let refused = fixture.send(parameters(&key, "RSAES_OAEP_SHA_256"));
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::UnsupportedOperationException);
    assert_eq!(
        refused.to_string(),
        format!("{key} origin is AWS_KMS which is not valid for this operation.")
    );
    let delete = on_key!(DeleteImportedKeyMaterialRequest, key);
    assert_eq!(code(fixture.send(delete)), "UnsupportedOperationException");
    let external = fixture.external_key();
    for algorithm in ["RSAES_PKCS1_V1_5", "SM2PKE"] {
        let refused = fixture.send(parameters(&external, algorithm));
        assert_eq!(code(refused), "UnsupportedOperationException");
    }
    fixture.import(&external, &[7; 32]).unwrap();
    let rotation = EnableKeyRotationRequest {
        key_id: Some(external),
        ..EnableKeyRotationRequest::default()
    };
    assert_eq!(
        code(fixture.send(rotation)),
        "UnsupportedOperationException"
    );
}

#[test]
fn a_second_material_waits_until_a_rotation_takes_it() {
    let mut fixture = Fixture::new();
    let key = fixture.external_key();
    let rotate = || on_key!(RotateKeyOnDemandRequest, key);
    let first = fixture.import(&key, &[7; 32]).unwrap().key_material_id;
    let sealed = fixture.send(encrypt(&key, &[])).unwrap().ciphertext_blob;
    let refused = fixture.send(rotate()).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::KMSInvalidStateException);
    assert_eq!(
        refused.to_string(),
        format!("No available key material pending rotation for the key: {key}.")
    );
    let second = fixture.import_new(&key, &[8; 32]).unwrap().key_material_id;
    assert_eq!(fixture.metadata(&key).current_key_material_id, first);
    assert_eq!(
        code(fixture.import_new(&key, &[9; 32])),
        "KMSInvalidStateException"
    );
    let states = |fixture: &Fixture| -> Vec<_> {
        let materials = fixture.materials(&key).into_iter();
        materials
            .map(|one| (one.key_material_state.unwrap(), one.import_state.unwrap()))
            .collect()
    };
    use ImportState::{Imported, PendingImport};
    use KeyMaterialState::{Current, NonCurrent, PendingRotation};
    assert_eq!(
        states(&fixture),
        [(Current, Imported), (PendingRotation, Imported)]
    );
    fixture.send(rotate()).unwrap();
    fixture.reopen();
    assert_eq!(fixture.metadata(&key).current_key_material_id, second);
    assert_eq!(
        states(&fixture),
        [(NonCurrent, Imported), (Current, Imported)]
    );
    assert!(fixture.send(decrypt(&sealed, &[])).is_ok());
    // Without one of its materials the key cannot be used, whichever it is.
    let delete = DeleteImportedKeyMaterialRequest {
        key_id: Some(key.clone()),
        key_material_id: first.map(|id| id.to_string()),
    };
    fixture.send(delete).unwrap();
    assert_eq!(
        states(&fixture),
        [(NonCurrent, PendingImport), (Current, Imported)]
    );
    assert_eq!(
        code(fixture.send(encrypt(&key, &[]))),
        "KMSInvalidStateException"
    );
    fixture.import(&key, &[7; 32]).unwrap();
    assert!(fixture.send(decrypt(&sealed, &[])).is_ok());
}

#[test]
fn a_material_is_imported_as_the_one_that_is_named_and_keeps_its_description() {
    let fixture = Fixture::new();
    let key = fixture.external_key();
    let way = fixture.way(&key);
    let request = |material: &[u8]| importing(&key, &way.token, &way.wrap(material));
    let described = ImportKeyMaterialRequest {
        key_material_description: Some("from the safe".to_owned()),
        ..request(&[7; 32])
    };
    let id = fixture.send(described).unwrap().key_material_id.unwrap();
    let naming = |id: String, material: &[u8]| ImportKeyMaterialRequest {
        key_material_id: Some(id),
        ..request(material)
    };
    fixture.send(naming(id.to_string(), &[7; 32])).unwrap();
    let entry = fixture.materials(&key).remove(0);
    assert_eq!(entry.key_material_id, Some(id.clone()));
    assert_eq!(
        entry.key_material_description.as_deref(),
        Some("from the safe")
    );
    let refused = fixture.send(naming("0".repeat(64), &[7; 32]));
    assert_eq!(code(refused), "IncorrectKeyMaterialException");
    let refused = fixture.send(naming(id.to_string(), &[8; 32]));
    assert_eq!(code(refused), "IncorrectKeyMaterialException");
    let both = ImportKeyMaterialRequest {
        import_type: Some("NEW_KEY_MATERIAL".to_owned()),
        ..naming(id.to_string(), &[8; 32])
    };
    assert_eq!(code(fixture.send(both)), "ValidationException");
}

#[test]
fn an_hmac_key_is_used_with_imported_material_of_its_length() {
    let fixture = Fixture::new();
    let key = fixture.external(KeySpec::Hmac384, KeyUsage::GenerateVerifyMac);
    assert_eq!(
        code(fixture.import(&key, &[7; 32])),
        "IncorrectKeyMaterialException"
    );
    assert_eq!(
        code(fixture.import_new(&key, &[7; 48])),
        "ValidationException"
    );
    let imported = fixture.import(&key, &[7; 48]).unwrap();
    assert!(imported.key_material_id.is_none());
    let request = || GenerateMacRequest {
        key_id: Some(key.clone()),
        message: Some(SecretBytes::new(b"message".to_vec())),
        mac_algorithm: Some("HMAC_SHA_384".to_owned()),
        ..GenerateMacRequest::default()
    };
    let first = fixture.send(request()).unwrap().mac;
    let delete = on_key!(DeleteImportedKeyMaterialRequest, key);
    fixture.send(delete).unwrap();
    assert_eq!(code(fixture.send(request())), "KMSInvalidStateException");
    fixture.import(&key, &[7; 48]).unwrap();
    assert_eq!(fixture.send(request()).unwrap().mac, first);
}

#[test]
fn a_key_pair_signs_with_an_imported_private_key_of_its_spec() {
    let fixture = Fixture::new();
    let key = fixture.external(KeySpec::EccNistP256, KeyUsage::SignVerify);
    let outside = generate(KeySpec::EccNistP256, &SystemRandom).unwrap();
    let other = generate(KeySpec::EccNistP256, &SystemRandom).unwrap();
    let wrong = generate(KeySpec::EccSecgP256k1, &SystemRandom).unwrap();
    let public_key = || fixture.send(on_key!(GetPublicKeyRequest, key));
    assert_eq!(code(public_key()), "KMSInvalidStateException");
    for refused in [wrong.private.expose(), &[7; 32], &[0x30]] {
        let refused = code(fixture.import(&key, refused));
        assert_eq!(refused, "IncorrectKeyMaterialException");
    }
    fixture.import(&key, outside.private.expose()).unwrap();
    let told = public_key().unwrap().public_key;
    assert_eq!(told.as_slice(), outside.public);
    let request = SignRequest {
        key_id: Some(key.clone()),
        message: Some(SecretBytes::new(b"message".to_vec())),
        signing_algorithm: Some("ECDSA_SHA_256".to_owned()),
        ..SignRequest::default()
    };
    let signature = fixture.send(request).unwrap().signature;
    let public = PublicKey::open(KeySpec::EccNistP256, &outside.public).unwrap();
    let (algorithm, message) = (SigningAlgorithm::EcdsaSha256, Message::Raw(b"message"));
    let verified = public.verify(algorithm, message, signature.as_slice());
    assert!(verified.is_ok());
    let delete = on_key!(DeleteImportedKeyMaterialRequest, key);
    fixture.send(delete).unwrap();
    assert_eq!(
        code(fixture.import(&key, other.private.expose())),
        "IncorrectKeyMaterialException"
    );
    fixture.import(&key, outside.private.expose()).unwrap();
    assert_eq!(fixture.metadata(&key).key_state, KeyState::Enabled);
}

#[test]
fn an_rsa_key_cannot_be_wrapped_to_rsa_alone_and_ml_dsa_is_not_imported() {
    let fixture = Fixture::new();
    let key = fixture.external(KeySpec::Rsa2048, KeyUsage::SignVerify);
    let direct = fixture.send(parameters(&key, "RSAES_OAEP_SHA_256"));
    assert_eq!(code(direct), "UnsupportedOperationException");
    assert!(
        fixture
            .send(parameters(&key, "RSA_AES_KEY_WRAP_SHA_256"))
            .is_ok()
    );
    let request = CreateKeyRequest {
        origin: Some("EXTERNAL".to_owned()),
        key_spec: Some("ML_DSA_44".to_owned()),
        key_usage: Some("SIGN_VERIFY".to_owned()),
        ..CreateKeyRequest::default()
    };
    assert_eq!(code(fixture.send(request)), "UnsupportedOperationException");
}

#[test]
fn deletion_of_a_key_goes_its_way_without_material_too() {
    let fixture = Fixture::new();
    let key = fixture.external_key();
    fixture.import(&key, &[7; 32]).unwrap();
    let schedule = ScheduleKeyDeletionRequest {
        key_id: Some(key.clone()),
        ..ScheduleKeyDeletionRequest::default()
    };
    fixture.send(schedule).unwrap();
    let delete = on_key!(DeleteImportedKeyMaterialRequest, key);
    fixture.send(delete).unwrap();
    assert_eq!(fixture.metadata(&key).key_state, KeyState::PendingDeletion);
    let cancel = || on_key!(CancelKeyDeletionRequest, key);
    fixture.send(cancel()).unwrap();
    assert_eq!(fixture.metadata(&key).key_state, KeyState::PendingImport);
    let refused = fixture.send(cancel()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("{key} is not pending deletion.")
    );
    fixture.import(&key, &[7; 32]).unwrap();
    assert_eq!(fixture.metadata(&key).key_state, KeyState::Enabled);
}

#[test]
fn the_ledger_has_neither_token_nor_material() {
    let fixture = Fixture::new();
    let key = fixture.external_key();
    let way = fixture.way(&key);
    let wrapped = way.wrap(&[7; 32]);
    let request = importing(&key, &way.token, &wrapped);
    fixture.send(request).unwrap();
    let lines = fixture.lines();
    let text = serde_json::to_string(&lines).unwrap();
    for secret in [&way.token, &wrapped] {
        let encoded = serde_json::to_value(secret).unwrap();
        assert!(!text.contains(encoded.as_str().unwrap()));
    }
    let import = lines.iter().find(|l| l["eventName"] == "ImportKeyMaterial");
    let parameters = &import.unwrap()["requestParameters"];
    assert_eq!(
        parameters["expirationModel"],
        "KEY_MATERIAL_DOES_NOT_EXPIRE"
    );
    assert_eq!(parameters.as_object().unwrap().len(), 2);
}
