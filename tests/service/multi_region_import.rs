//! Multi-Region keys of imported material: every Region is given the same material on its own.

use kms_core::crypto::asymmetric::PublicKey;

use super::import::{Way, importing, parameters};
use super::multi_region::{ELSEWHERE, HERE, THERE, arn, in_region, replicate, update_primary};
use super::*;

const FIRST: [u8; 32] = [1; 32];
const SECOND: [u8; 32] = [2; 32];

impl Fixture {
    fn external_primary(&self) -> String {
        let request = CreateKeyRequest {
            multi_region: Some(true),
            origin: Some("EXTERNAL".to_owned()),
            ..CreateKeyRequest::default()
        };
        self.send(request).unwrap().key_metadata.key_id.to_string()
    }

    fn import_in(
        &self,
        region: &str,
        key: &str,
        material: &[u8],
        kind: Option<&str>,
    ) -> Result<ImportKeyMaterialResponse, Error> {
        let call = in_region(&self.call, region);
        let asked = parameters(key, "RSAES_OAEP_SHA_256");
        let answer = self.send_as(&call, asked).unwrap();
        let way = Way {
            public: PublicKey::open(KeySpec::Rsa2048, answer.public_key.as_slice()).unwrap(),
            token: answer.import_token,
        };
        let request = ImportKeyMaterialRequest {
            import_type: kind.map(str::to_owned),
            ..importing(key, &way.token, &way.wrap(material))
        };
        self.send_as(&call, request)
    }

    /// A primary with its material and a replica that has it too.
    fn imported_pair(&self) -> String {
        let key = self.external_primary();
        self.import_in(HERE, &key, &FIRST, None).unwrap();
        self.send(replicate(&key, THERE)).unwrap();
        self.import_in(THERE, &key, &FIRST, None).unwrap();
        key
    }

    fn state_in(&self, region: &str, key: &str) -> KeyState {
        self.described(key, region).key_state
    }

    /// The states of the materials, oldest first.
    fn material_states(&self, region: &str, key: &str) -> Vec<KeyMaterialState> {
        let request = ListKeyRotationsRequest {
            key_id: Some(key.to_owned()),
            include_key_material: Some("ALL_KEY_MATERIAL".to_owned()),
            ..ListKeyRotationsRequest::default()
        };
        let answer = self.send_as(&in_region(&self.call, region), request);
        let rotations = answer.unwrap().rotations.into_iter();
        rotations
            .map(|one| one.key_material_state.unwrap())
            .collect()
    }
}

#[test]
fn a_replica_takes_the_material_of_its_primary_and_no_other() {
    let mut fixture = Fixture::new();
    let key = fixture.external_primary();
    let refusal = fixture.send(replicate(&key, THERE));
    assert_eq!(code(refusal), "KMSInvalidStateException");
    let taken = fixture.import_in(HERE, &key, &FIRST, None).unwrap();
    let sealed = fixture.send(encrypt(&key, &[])).unwrap();
    let answer = fixture.send(replicate(&key, THERE)).unwrap();
    let replica = answer.replica_key_metadata;
    assert_eq!(replica.key_state, KeyState::PendingImport);
    assert_eq!(replica.origin, Origin::External);
    assert_eq!(replica.current_key_material_id, taken.key_material_id);
    let there = fixture.there();
    let refusal = fixture.send_as(&there, decrypt(&sealed.ciphertext_blob, &[]));
    assert_eq!(code(refusal), "KMSInvalidStateException");
    for kind in [None, Some("EXISTING_KEY_MATERIAL")] {
        let refusal = fixture.import_in(THERE, &key, &SECOND, kind);
        assert_eq!(code(refusal), "IncorrectKeyMaterialException");
    }
    let refusal = fixture.import_in(THERE, &key, &FIRST, Some("NEW_KEY_MATERIAL"));
    assert_eq!(code(refusal), "UnsupportedOperationException");
    let existing = Some("EXISTING_KEY_MATERIAL");
    let same = fixture.import_in(THERE, &key, &FIRST, existing).unwrap();
    assert_eq!(same.key_material_id, taken.key_material_id);
    fixture.reopen();
    assert_eq!(fixture.state_in(THERE, &key), KeyState::Enabled);
    let opened = fixture.send_as(&there, decrypt(&sealed.ciphertext_blob, &[]));
    assert_eq!(opened.unwrap().plaintext.expose(), b"attack at dawn");
}

#[test]
fn material_is_destroyed_in_one_region_and_stays_in_the_other() {
    let fixture = Fixture::new();
    let key = fixture.imported_pair();
    let delete = || on_key!(DeleteImportedKeyMaterialRequest, key);
    fixture.send(delete()).unwrap();
    assert_eq!(fixture.state_in(HERE, &key), KeyState::PendingImport);
    assert_eq!(fixture.state_in(THERE, &key), KeyState::Enabled);
    fixture.import_in(HERE, &key, &FIRST, None).unwrap();
    fixture.send_as(&fixture.there(), delete()).unwrap();
    assert_eq!(fixture.state_in(HERE, &key), KeyState::Enabled);
    assert_eq!(fixture.state_in(THERE, &key), KeyState::PendingImport);
    // A replica without its material cannot become the primary.
    let refusal = fixture.send(update_primary(&key, THERE));
    assert_eq!(code(refusal), "KMSInvalidStateException");
}

#[test]
fn material_expires_in_each_region_on_its_own() {
    let fixture = Fixture::new();
    let key = fixture.external_primary();
    let expires = fixture.clock.now().plus_days(1);
    let answer = fixture
        .send(parameters(&key, "RSAES_OAEP_SHA_256"))
        .unwrap();
    let way = Way {
        public: PublicKey::open(KeySpec::Rsa2048, answer.public_key.as_slice()).unwrap(),
        token: answer.import_token,
    };
    let request = ImportKeyMaterialRequest {
        expiration_model: None,
        valid_to: Some(expires),
        ..importing(&key, &way.token, &way.wrap(&FIRST))
    };
    fixture.send(request).unwrap();
    fixture.send(replicate(&key, THERE)).unwrap();
    fixture.import_in(THERE, &key, &FIRST, None).unwrap();
    let replica = fixture.described(&key, THERE);
    assert!(replica.valid_to.is_none());
    fixture.clock.set(expires);
    fixture.engine().run_due_jobs().unwrap();
    assert_eq!(fixture.state_in(HERE, &key), KeyState::PendingImport);
    assert_eq!(fixture.state_in(THERE, &key), KeyState::Enabled);
}

#[test]
fn a_new_material_is_rotated_to_once_every_region_has_it() {
    use KeyMaterialState::{
        Current, NonCurrent, PendingMultiRegionImportAndRotation, PendingRotation,
    };
    let mut fixture = Fixture::new();
    let key = fixture.imported_pair();
    let before = fixture.send(encrypt(&key, &[])).unwrap();
    let rotate = || on_key!(RotateKeyOnDemandRequest, key);
    let new = Some("NEW_KEY_MATERIAL");
    fixture.import_in(HERE, &key, &SECOND, new).unwrap();
    for region in [HERE, THERE] {
        let states = fixture.material_states(region, &key);
        assert_eq!(states, [Current, PendingMultiRegionImportAndRotation]);
    }
    // Nobody recorded AWS's words for this.
    let refusal = fixture.send(rotate()).unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::KMSInvalidStateException);
    assert_eq!(
        refusal.to_string(),
        format!(
            "The key material pending rotation has not been imported into {}.",
            arn(&key, THERE)
        )
    );
    let refusal = fixture.import_in(THERE, &key, &[3; 32], Some("EXISTING_KEY_MATERIAL"));
    assert_eq!(code(refusal), "IncorrectKeyMaterialException");
    fixture.import_in(THERE, &key, &SECOND, None).unwrap();
    for region in [HERE, THERE] {
        assert_eq!(
            fixture.material_states(region, &key),
            [Current, PendingRotation]
        );
    }
    let refusal = fixture.send_as(&fixture.there(), rotate());
    assert_eq!(code(refusal), "UnsupportedOperationException");
    fixture.send(rotate()).unwrap();
    fixture.reopen();
    for region in [HERE, THERE] {
        assert_eq!(fixture.material_states(region, &key), [NonCurrent, Current]);
    }
    let there = fixture.there();
    let after = fixture.send_as(&there, encrypt(&key, &[])).unwrap();
    fixture.send(decrypt(&after.ciphertext_blob, &[])).unwrap();
    fixture
        .send_as(&there, decrypt(&before.ciphertext_blob, &[]))
        .unwrap();
    // A replica that is made now has to be given both.
    fixture.send(replicate(&key, ELSEWHERE)).unwrap();
    fixture.import_in(ELSEWHERE, &key, &FIRST, None).unwrap();
    assert_eq!(fixture.state_in(ELSEWHERE, &key), KeyState::PendingImport);
    fixture.import_in(ELSEWHERE, &key, &SECOND, None).unwrap();
    assert_eq!(fixture.state_in(ELSEWHERE, &key), KeyState::Enabled);
}

#[test]
fn a_material_that_waits_is_forgotten_by_all_when_the_primary_s_is_destroyed() {
    let fixture = Fixture::new();
    let key = fixture.imported_pair();
    let new = Some("NEW_KEY_MATERIAL");
    let id = fixture
        .import_in(HERE, &key, &SECOND, new)
        .unwrap()
        .key_material_id;
    fixture.import_in(THERE, &key, &SECOND, None).unwrap();
    let delete = || DeleteImportedKeyMaterialRequest {
        key_id: Some(key.clone()),
        key_material_id: id.as_ref().map(ToString::to_string),
    };
    fixture.send_as(&fixture.there(), delete()).unwrap();
    let waiting = KeyMaterialState::PendingMultiRegionImportAndRotation;
    for region in [HERE, THERE] {
        assert_eq!(fixture.material_states(region, &key)[1], waiting);
    }
    fixture.send(delete()).unwrap();
    for region in [HERE, THERE] {
        assert_eq!(fixture.material_states(region, &key).len(), 1);
    }
    fixture.import_in(HERE, &key, &[3; 32], new).unwrap();
}

#[test]
fn a_new_primary_that_lacks_the_waiting_material_can_forget_it() {
    let fixture = Fixture::new();
    let key = fixture.imported_pair();
    let new = Some("NEW_KEY_MATERIAL");
    let id = fixture
        .import_in(HERE, &key, &SECOND, new)
        .unwrap()
        .key_material_id;
    fixture.send(update_primary(&key, THERE)).unwrap();
    let there = fixture.there();
    let rotate = fixture.send_as(&there, on_key!(RotateKeyOnDemandRequest, key));
    assert_eq!(code(rotate), "KMSInvalidStateException");
    let refusal = fixture.import_in(THERE, &key, &[3; 32], new);
    assert_eq!(code(refusal), "KMSInvalidStateException");
    let delete = DeleteImportedKeyMaterialRequest {
        key_id: Some(key.clone()),
        key_material_id: id.map(|id| id.to_string()),
    };
    fixture.send_as(&there, delete).unwrap();
    for region in [HERE, THERE] {
        assert_eq!(fixture.material_states(region, &key).len(), 1);
    }
    fixture.import_in(THERE, &key, &[3; 32], new).unwrap();
}

#[test]
fn a_single_region_key_waits_for_no_other_region() {
    let fixture = Fixture::new();
    let request = CreateKeyRequest {
        origin: Some("EXTERNAL".to_owned()),
        ..CreateKeyRequest::default()
    };
    let key = fixture
        .send(request)
        .unwrap()
        .key_metadata
        .key_id
        .to_string();
    fixture.import_in(HERE, &key, &FIRST, None).unwrap();
    let answer = fixture
        .send(parameters(&key, "RSAES_OAEP_SHA_256"))
        .unwrap();
    let way = Way {
        public: PublicKey::open(KeySpec::Rsa2048, answer.public_key.as_slice()).unwrap(),
        token: answer.import_token,
    };
    let expires = fixture.clock.now().plus_days(1);
    let request = ImportKeyMaterialRequest {
        expiration_model: None,
        valid_to: Some(expires),
        import_type: Some("NEW_KEY_MATERIAL".to_owned()),
        ..importing(&key, &way.token, &way.wrap(&SECOND))
    };
    fixture.send(request).unwrap();
    fixture.clock.set(expires);
    let waiting = fixture.material_states(HERE, &key)[1];
    assert_eq!(waiting, KeyMaterialState::PendingRotation);
}

#[test]
fn a_replica_that_is_to_be_deleted_is_not_waited_for() {
    let fixture = Fixture::new();
    let key = fixture.imported_pair();
    let new = Some("NEW_KEY_MATERIAL");
    fixture.import_in(HERE, &key, &SECOND, new).unwrap();
    let there = fixture.there();
    fixture
        .send_as(&there, on_key!(ScheduleKeyDeletionRequest, key))
        .unwrap();
    fixture
        .send(on_key!(RotateKeyOnDemandRequest, key))
        .unwrap();
    fixture
        .send_as(&there, on_key!(CancelKeyDeletionRequest, key))
        .unwrap();
    assert_eq!(fixture.state_in(THERE, &key), KeyState::PendingImport);
    fixture.import_in(THERE, &key, &SECOND, None).unwrap();
    assert_eq!(fixture.state_in(THERE, &key), KeyState::Enabled);
}
