//! Multi-Region keys: replicas, what they share with their primary, and the change of the primary.

use super::*;

pub(super) const HERE: &str = "us-east-1";
pub(super) const THERE: &str = "eu-west-1";
pub(super) const ELSEWHERE: &str = "ap-southeast-2";

/// Somebody at work in a Region.
pub(super) fn in_region(call: &CallContext, region: &str) -> CallContext {
    CallContext {
        region: region.parse().unwrap(),
        ..call.clone()
    }
}

pub(super) fn replicate(key: &str, region: &str) -> ReplicateKeyRequest {
    ReplicateKeyRequest {
        key_id: Some(key.to_owned()),
        replica_region: Some(region.to_owned()),
        ..ReplicateKeyRequest::default()
    }
}

pub(super) fn update_primary(key: &str, region: &str) -> UpdatePrimaryRegionRequest {
    UpdatePrimaryRegionRequest {
        key_id: Some(key.to_owned()),
        primary_region: Some(region.to_owned()),
    }
}

fn delete_in(key: &str, days: i32) -> ScheduleKeyDeletionRequest {
    ScheduleKeyDeletionRequest {
        key_id: Some(key.to_owned()),
        pending_window_in_days: Some(days),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, code: &str, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code().as_str(), code, "{error}");
    assert_eq!(error.to_string(), words);
}

impl Fixture {
    pub(super) fn there(&self) -> CallContext {
        in_region(&self.call, THERE)
    }

    fn primary_of(&self, spec: KeySpec, usage: KeyUsage) -> String {
        let request = CreateKeyRequest {
            multi_region: Some(true),
            key_spec: Some(spec.to_string()),
            key_usage: Some(usage.to_string()),
            ..CreateKeyRequest::default()
        };
        self.send(request).unwrap().key_metadata.key_id.to_string()
    }

    pub(super) fn primary(&self) -> String {
        self.primary_of(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt)
    }

    /// The id of a primary here with a replica there.
    pub(super) fn related(&self) -> String {
        let key = self.primary();
        self.send(replicate(&key, THERE)).unwrap();
        key
    }

    pub(super) fn described(&self, key: &str, region: &str) -> KeyMetadata {
        let request = on_key!(DescribeKeyRequest, key);
        let answer = self.send_as(&in_region(&self.call, region), request);
        answer.unwrap().key_metadata
    }

    /// The Region of the primary and those of the replicas, as the key in `region` tells them.
    fn roles(&self, key: &str, region: &str) -> (String, Vec<String>) {
        let keys = self.described(key, region).multi_region_configuration;
        let keys = keys.unwrap();
        let region = |key: &MultiRegionKey| {
            assert_eq!(key.arn.region, key.region);
            key.region.to_string()
        };
        let replicas = keys.replica_keys.iter().map(region).collect();
        (region(&keys.primary_key), replicas)
    }

    fn revision(&self) -> u64 {
        let line = self.lines().into_iter().rev();
        let mut revisions =
            line.filter_map(|line| line["additionalEventData"]["storeRevision"].as_u64());
        revisions.next().unwrap()
    }
}

pub(super) fn arn(key: &str, region: &str) -> String {
    format!("arn:aws:kms:{region}:111122223333:key/{key}")
}

#[test]
fn a_multi_region_key_is_a_primary_without_replicas() {
    let fixture = Fixture::new();
    let key = fixture.primary();
    assert!(key.starts_with("mrk-") && key.len() == 36, "{key}");
    let metadata = fixture.described(&key, HERE);
    assert!(metadata.multi_region && metadata.enabled);
    let keys = metadata.multi_region_configuration.unwrap();
    assert_eq!(keys.multi_region_key_type, MultiRegionKeyType::Primary);
    assert_eq!(fixture.roles(&key, HERE), (HERE.to_owned(), vec![]));
    let single = fixture.create_key();
    let metadata = fixture.described(&single, HERE);
    assert!(!metadata.multi_region && metadata.multi_region_configuration.is_none());
}

#[test]
fn a_replica_shares_what_aws_says_and_has_the_rest_of_its_own() {
    let mut fixture = Fixture::new();
    let request = CreateKeyRequest {
        multi_region: Some(true),
        description: Some("of the primary".to_owned()),
        ..CreateKeyRequest::default()
    };
    let primary = fixture.send(request).unwrap().key_metadata;
    let key = primary.key_id.to_string();
    let request = ReplicateKeyRequest {
        description: Some("of the replica".to_owned()),
        tags: Some(vec![RequestTag {
            tag_key: Some("team".to_owned()),
            tag_value: Some("there".to_owned()),
        }]),
        ..replicate(&key, THERE)
    };
    let answer = fixture.send(request).unwrap();
    let replica = answer.replica_key_metadata;
    assert_eq!(replica.arn.to_string(), arn(&key, THERE));
    assert_eq!(replica.description, "of the replica");
    assert_eq!(replica.key_state, KeyState::Enabled);
    assert_eq!(
        replica.current_key_material_id,
        primary.current_key_material_id
    );
    assert_eq!(answer.replica_tags[0].tag_value, "there");
    assert!(answer.replica_policy.contains("key-default-1"));
    fixture.reopen();
    for region in [HERE, THERE] {
        let expected = (HERE.to_owned(), vec![THERE.to_owned()]);
        assert_eq!(fixture.roles(&key, region), expected);
    }
    assert_eq!(fixture.described(&key, HERE).description, "of the primary");
    let tags = fixture.send(on_key!(ListResourceTagsRequest, key)).unwrap();
    assert!(tags.tags.is_empty());
    fixture
        .send_as(&fixture.there(), on_key!(DisableKeyRequest, key))
        .unwrap();
    assert_eq!(fixture.described(&key, THERE).key_state, KeyState::Disabled);
    assert_eq!(fixture.described(&key, HERE).key_state, KeyState::Enabled);
}

#[test]
fn aliases_and_grants_do_not_cross() {
    let fixture = Fixture::new();
    let key = fixture.related();
    let alias = CreateAliasRequest {
        alias_name: Some("alias/here".to_owned()),
        target_key_id: Some(key.clone()),
    };
    fixture.send(alias).unwrap();
    let refused = fixture.send_as(&fixture.there(), encrypt("alias/here", &[]));
    assert_eq!(code(refused), "NotFoundException");
    let bob = fixture.user("bob");
    let grant = CreateGrantRequest {
        key_id: Some(key.clone()),
        grantee_principal: Some(bob.caller.principal().arn()),
        operations: Some(vec!["Encrypt".to_owned()]),
        ..CreateGrantRequest::default()
    };
    fixture.send(grant).unwrap();
    fixture.send_as(&bob, encrypt(&key, &[])).unwrap();
    let refused = fixture.send_as(&in_region(&bob, THERE), encrypt(&key, &[]));
    assert_eq!(code(refused), "AccessDeniedException");
}

#[test]
fn what_one_sealed_the_other_opens_by_its_own_name_only() {
    let fixture = Fixture::new();
    let key = fixture.related();
    let there = fixture.there();
    let sealed = fixture.send(encrypt(&key, &[("a", "b")])).unwrap();
    for name in [None, Some(key.clone()), Some(arn(&key, THERE))] {
        let request = DecryptRequest {
            key_id: name,
            ..decrypt(&sealed.ciphertext_blob, &[("a", "b")])
        };
        let opened = fixture.send_as(&there, request).unwrap();
        assert_eq!(opened.plaintext.expose(), b"attack at dawn");
        assert_eq!(opened.key_id.to_string(), arn(&key, THERE));
    }
    let request = DecryptRequest {
        key_id: Some(arn(&key, HERE)),
        ..decrypt(&sealed.ciphertext_blob, &[("a", "b")])
    };
    let refusal = fixture.send_as(&there, request);
    assert_eq!(code(refusal), "NotFoundException");
    let elsewhere = in_region(&fixture.call, ELSEWHERE);
    let refusal = fixture.send_as(&elsewhere, decrypt(&sealed.ciphertext_blob, &[("a", "b")]));
    assert_eq!(code(refusal), "AccessDeniedException");
    let request = ReEncryptRequest {
        ciphertext_blob: Some(sealed.ciphertext_blob),
        source_encryption_context: Some(pairs(&[("a", "b")])),
        destination_key_id: Some(key.clone()),
        ..ReEncryptRequest::default()
    };
    let again = fixture.send_as(&there, request).unwrap();
    fixture.send(decrypt(&again.ciphertext_blob, &[])).unwrap();
}

#[test]
fn signatures_and_codes_of_one_are_verified_by_the_other() {
    let fixture = Fixture::new();
    let there = fixture.there();
    let key = fixture.primary_of(KeySpec::EccNistP256, KeyUsage::SignVerify);
    fixture.send(replicate(&key, THERE)).unwrap();
    let message = || Some(SecretBytes::new(b"message".to_vec()));
    let sign = SignRequest {
        key_id: Some(key.clone()),
        message: message(),
        signing_algorithm: Some("ECDSA_SHA_256".to_owned()),
        ..SignRequest::default()
    };
    let signed = fixture.send(sign).unwrap();
    let verify = VerifyRequest {
        key_id: Some(key.clone()),
        message: message(),
        signature: Some(signed.signature),
        signing_algorithm: Some("ECDSA_SHA_256".to_owned()),
        ..VerifyRequest::default()
    };
    assert!(fixture.send_as(&there, verify).unwrap().signature_valid);
    let public = |call: &CallContext| {
        let answer = fixture.send_as(call, on_key!(GetPublicKeyRequest, key));
        answer.unwrap().public_key
    };
    assert_eq!(public(&fixture.call), public(&there));
    let key = fixture.primary_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
    fixture.send(replicate(&key, THERE)).unwrap();
    let generate = GenerateMacRequest {
        key_id: Some(key.clone()),
        message: message(),
        mac_algorithm: Some("HMAC_SHA_256".to_owned()),
        ..GenerateMacRequest::default()
    };
    let mac = fixture.send_as(&there, generate).unwrap().mac;
    let verify = VerifyMacRequest {
        key_id: Some(key),
        message: message(),
        mac: Some(mac),
        mac_algorithm: Some("HMAC_SHA_256".to_owned()),
        ..VerifyMacRequest::default()
    };
    assert!(fixture.send(verify).unwrap().mac_valid);
}

// AWS's words are recorded for a key that is no primary; for the others these are plain ones.
#[test]
fn what_cannot_be_replicated_is_refused() {
    let fixture = Fixture::new();
    let key = fixture.related();
    let no_primary = |arn: &str| format!("{arn} is not a multi-region primary key.");
    let unsupported = "UnsupportedOperationException";
    let on_replica = fixture.send_as(&fixture.there(), replicate(&key, ELSEWHERE));
    refused(on_replica, unsupported, &no_primary(&arn(&key, THERE)));
    let single = fixture.create_key();
    let refusal = fixture.send(replicate(&single, THERE));
    refused(refusal, unsupported, &no_primary(&single));
    for region in [HERE, THERE] {
        let words = format!("Key {key} already exists in Region {region}.");
        let refusal = fixture.send(replicate(&key, region));
        refused(refusal, "AlreadyExistsException", &words);
    }
    fixture
        .engine()
        .serve_only(vec![HERE.parse().unwrap(), THERE.parse().unwrap()]);
    let refusal = fixture.send(replicate(&key, ELSEWHERE));
    refused(
        refusal,
        unsupported,
        "Region ap-southeast-2 is not served here.",
    );
    let bad = fixture.send(replicate(&key, "Frankfurt"));
    assert_eq!(code(bad), "ValidationException");
    let long = ReplicateKeyRequest {
        policy: Some(" ".repeat(32 * 1024 + 1)),
        ..replicate(&key, ELSEWHERE)
    };
    assert_eq!(code(fixture.send(long)), "LimitExceededException");
    let reserved = ReplicateKeyRequest {
        tags: Some(vec![RequestTag {
            tag_key: Some("aws:a".to_owned()),
            tag_value: Some("b".to_owned()),
        }]),
        ..replicate(&key, ELSEWHERE)
    };
    assert_eq!(code(fixture.send(reserved)), "TagException");
    let alias = fixture.send(replicate("alias/a", ELSEWHERE));
    assert_eq!(code(alias), "NotFoundException");
    let missing = fixture.send(replicate("mrk-00000000000000000000000000000000", THERE));
    assert_eq!(code(missing), "NotFoundException");
}

#[test]
fn only_an_enabled_primary_is_replicated_or_replaced() {
    let fixture = Fixture::new();
    let key = fixture.related();
    let both = |code_of: &str| {
        let refusal = fixture.send(replicate(&key, ELSEWHERE));
        assert_eq!(code(refusal), code_of);
        let refusal = fixture.send(update_primary(&key, THERE));
        assert_eq!(code(refusal), code_of);
    };
    fixture.send(on_key!(DisableKeyRequest, key)).unwrap();
    both("DisabledException");
    fixture.send(delete_in(&key, 7)).unwrap();
    both("KMSInvalidStateException");
    let words = format!("{} is pending replica deletion.", arn(&key, HERE));
    let refusal = fixture.send(encrypt(&key, &[]));
    refused(refusal, "KMSInvalidStateException", &words);
    fixture
        .send(on_key!(CancelKeyDeletionRequest, key))
        .unwrap();
    fixture.send(on_key!(EnableKeyRequest, key)).unwrap();
    let there = fixture.there();
    fixture
        .send_as(&there, on_key!(DisableKeyRequest, key))
        .unwrap();
    let refusal = fixture.send(update_primary(&key, THERE));
    refused(
        refusal,
        "DisabledException",
        &format!("{} is disabled.", arn(&key, THERE)),
    );
}

#[test]
fn the_primary_changes_for_all_related_keys_in_one_commit() {
    let mut fixture = Fixture::new();
    let key = fixture.related();
    fixture.send(replicate(&key, ELSEWHERE)).unwrap();
    let before = fixture.revision();
    fixture.send(update_primary(&key, THERE)).unwrap();
    assert_eq!(fixture.revision(), before + 1);
    let line = fixture.lines().pop().unwrap();
    assert_eq!(line["resources"].as_array().unwrap().len(), 2);
    fixture.reopen();
    for region in [HERE, THERE, ELSEWHERE] {
        let replicas = vec![ELSEWHERE.to_owned(), HERE.to_owned()];
        assert_eq!(fixture.roles(&key, region), (THERE.to_owned(), replicas));
    }
    let refusal = fixture.send(update_primary(&key, ELSEWHERE));
    let words = format!("{} is not a multi-region primary key.", arn(&key, HERE));
    refused(refusal, "UnsupportedOperationException", &words);
    fixture
        .send_as(&fixture.there(), replicate(&key, "eu-west-2"))
        .unwrap();
}

// Nobody recorded AWS's words for these.
#[test]
fn the_primary_goes_only_where_a_replica_is() {
    let fixture = Fixture::new();
    let key = fixture.primary();
    let words = format!("Key '{}' does not exist", arn(&key, THERE));
    refused(
        fixture.send(update_primary(&key, THERE)),
        "NotFoundException",
        &words,
    );
    let words = format!("{} is the primary key already.", arn(&key, HERE));
    let refusal = fixture.send(update_primary(&key, HERE));
    refused(refusal, "UnsupportedOperationException", &words);
    let single = fixture.create_key();
    let words = format!("{single} is not a multi-region primary key.");
    let refusal = fixture.send(update_primary(&single, THERE));
    refused(refusal, "UnsupportedOperationException", &words);
    fixture.send(replicate(&key, THERE)).unwrap();
    fixture.engine().serve_only(vec![HERE.parse().unwrap()]);
    let refusal = fixture.send(update_primary(&key, THERE));
    refused(
        refusal,
        "UnsupportedOperationException",
        "Region eu-west-1 is not served here.",
    );
}

#[test]
fn a_rotation_of_the_primary_is_one_of_its_replicas_in_the_same_commit() {
    let mut fixture = Fixture::new();
    let key = fixture.related();
    let there = fixture.there();
    let before = fixture.send(encrypt(&key, &[])).unwrap();
    let revision = fixture.revision();
    fixture
        .send(on_key!(RotateKeyOnDemandRequest, key))
        .unwrap();
    assert_eq!(fixture.revision(), revision + 1);
    let line = fixture.lines().pop().unwrap();
    let followers = &line["additionalEventData"]["synchronizedReplicas"];
    assert_eq!(followers[0], arn(&key, THERE));
    fixture.reopen();
    let materials = |fixture: &Fixture, call: &CallContext| {
        let request = ListKeyRotationsRequest {
            key_id: Some(key.clone()),
            include_key_material: Some("ALL_KEY_MATERIAL".to_owned()),
            ..ListKeyRotationsRequest::default()
        };
        let rotations = fixture.send_as(call, request).unwrap().rotations;
        let ids = rotations.into_iter().map(|one| one.key_material_id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(materials(&fixture, &there).len(), 2);
    assert_eq!(
        materials(&fixture, &there),
        materials(&fixture, &fixture.call)
    );
    fixture
        .send_as(&there, decrypt(&before.ciphertext_blob, &[]))
        .unwrap();
    let after = fixture.send_as(&there, encrypt(&key, &[])).unwrap();
    fixture.send(decrypt(&after.ciphertext_blob, &[])).unwrap();
    // A replica that is made later has the older materials too.
    fixture.send(replicate(&key, ELSEWHERE)).unwrap();
    fixture
        .send_as(
            &in_region(&fixture.call, ELSEWHERE),
            decrypt(&before.ciphertext_blob, &[]),
        )
        .unwrap();
}

#[test]
fn automatic_rotation_is_set_on_the_primary_and_done_to_all() {
    let fixture = Fixture::new();
    let key = fixture.related();
    let there = fixture.there();
    let enable = || EnableKeyRotationRequest {
        key_id: Some(key.clone()),
        rotation_period_in_days: Some(90),
    };
    let words = format!("{} is not a multi-region primary key.", arn(&key, THERE));
    let unsupported = "UnsupportedOperationException";
    refused(fixture.send_as(&there, enable()), unsupported, &words);
    let disable = fixture.send_as(&there, on_key!(DisableKeyRotationRequest, key));
    refused(disable, unsupported, &words);
    let rotate = fixture.send_as(&there, on_key!(RotateKeyOnDemandRequest, key));
    refused(rotate, unsupported, &words);
    fixture.send(enable()).unwrap();
    let status = || {
        let status = fixture.send_as(&there, on_key!(GetKeyRotationStatusRequest, key));
        status.unwrap()
    };
    assert!(status().key_rotation_enabled && status().rotation_period_in_days == Some(90));
    fixture
        .send_as(&there, on_key!(DisableKeyRequest, key))
        .unwrap();
    fixture.clock.set(fixture.clock.now().plus_days(90));
    fixture.engine().run_due_jobs().unwrap();
    fixture.engine().run_due_jobs().unwrap();
    let rotations = |call: &CallContext| {
        let list = fixture.send_as(call, on_key!(ListKeyRotationsRequest, key));
        list.unwrap().rotations.len()
    };
    assert_eq!((rotations(&fixture.call), rotations(&there)), (1, 1));
    fixture
        .send_as(&there, on_key!(EnableKeyRequest, key))
        .unwrap();
    fixture.send(update_primary(&key, THERE)).unwrap();
    fixture.clock.set(fixture.clock.now().plus_days(90));
    fixture.engine().run_due_jobs().unwrap();
    assert_eq!((rotations(&fixture.call), rotations(&there)), (2, 2));
    fixture
        .send_as(&there, on_key!(DisableKeyRotationRequest, key))
        .unwrap();
    let status = fixture.send(on_key!(GetKeyRotationStatusRequest, key));
    assert!(!status.unwrap().key_rotation_enabled);
}

#[test]
fn a_primary_waits_with_its_deletion_for_its_last_replica() {
    let mut fixture = Fixture::new();
    let key = fixture.related();
    fixture.send(replicate(&key, ELSEWHERE)).unwrap();
    let answer = fixture.send(delete_in(&key, 10)).unwrap();
    assert_eq!(answer.key_state, KeyState::PendingReplicaDeletion);
    assert!(answer.deletion_date.is_none() && answer.pending_window_in_days == 10);
    fixture.clock.set(fixture.clock.now().plus_days(40));
    fixture.engine().run_due_jobs().unwrap();
    let metadata = fixture.described(&key, HERE);
    assert_eq!(metadata.key_state, KeyState::PendingReplicaDeletion);
    assert_eq!(metadata.pending_deletion_window_in_days, Some(10));
    assert!(metadata.deletion_date.is_none() && !metadata.enabled);
    for region in [THERE, ELSEWHERE] {
        let answer = fixture.send_as(&in_region(&fixture.call, region), delete_in(&key, 7));
        assert_eq!(answer.unwrap().key_state, KeyState::PendingDeletion);
        assert_eq!(
            fixture.described(&key, HERE).key_state,
            KeyState::PendingReplicaDeletion
        );
    }
    fixture.clock.set(fixture.clock.now().plus_days(7));
    let revision = fixture.revision();
    fixture.engine().run_due_jobs().unwrap();
    // The waiting period begins in the commit that deletes the last replica.
    assert_eq!(fixture.revision(), revision + 2);
    let lines = fixture.lines();
    let told: Vec<_> = lines[lines.len() - 2..]
        .iter()
        .map(|line| &line["additionalEventData"]["primaryKey"])
        .collect();
    assert!(told[0].is_null() && *told[1] == arn(&key, HERE));
    fixture.reopen();
    let metadata = fixture.described(&key, HERE);
    assert_eq!(metadata.key_state, KeyState::PendingDeletion);
    let begun = fixture.clock.now();
    assert_eq!(metadata.deletion_date, Some(begun.plus_days(10)));
    assert!(metadata.pending_deletion_window_in_days.is_none());
    fixture.clock.set(begun.plus_days(10));
    fixture.engine().run_due_jobs().unwrap();
    let gone = fixture.send(on_key!(DescribeKeyRequest, key));
    assert_eq!(code(gone), "NotFoundException");
}

#[test]
fn the_deletion_of_a_primary_is_cancelled_and_a_deleted_replica_made_again() {
    let fixture = Fixture::new();
    let key = fixture.related();
    let sealed = fixture.send(encrypt(&key, &[])).unwrap().ciphertext_blob;
    fixture.send(delete_in(&key, 7)).unwrap();
    fixture
        .send(on_key!(CancelKeyDeletionRequest, key))
        .unwrap();
    assert_eq!(fixture.described(&key, HERE).key_state, KeyState::Disabled);
    fixture.send(on_key!(EnableKeyRequest, key)).unwrap();
    let there = fixture.there();
    fixture.send_as(&there, delete_in(&key, 7)).unwrap();
    assert_eq!(
        code(fixture.send(replicate(&key, THERE))),
        "AlreadyExistsException"
    );
    fixture.clock.set(fixture.clock.now().plus_days(7));
    fixture.engine().run_due_jobs().unwrap();
    assert_eq!(fixture.roles(&key, HERE), (HERE.to_owned(), vec![]));
    assert_eq!(fixture.described(&key, HERE).key_state, KeyState::Enabled);
    fixture.send(replicate(&key, THERE)).unwrap();
    fixture.send_as(&there, decrypt(&sealed, &[])).unwrap();
    let answer = fixture.send_as(&there, delete_in(&key, 7)).unwrap();
    assert!(answer.deletion_date.is_some());
}

#[test]
fn a_primary_without_replicas_is_deleted_as_every_key() {
    let fixture = Fixture::new();
    let key = fixture.primary();
    let answer = fixture.send(delete_in(&key, 7)).unwrap();
    assert_eq!(answer.key_state, KeyState::PendingDeletion);
    assert!(answer.deletion_date.is_some());
}

#[test]
fn a_replica_counts_towards_the_keys_of_its_region_alone() {
    let fixture = Fixture::new();
    let key = fixture.related();
    let listed = |region: &str| {
        let call = in_region(&fixture.call, region);
        let listed = fixture.send_as(&call, ListKeysRequest::default());
        listed.unwrap().keys.len()
    };
    assert_eq!((listed(HERE), listed(THERE), listed(ELSEWHERE)), (1, 1, 0));
    assert_eq!(fixture.described(&key, THERE).key_id.to_string(), key);
}
