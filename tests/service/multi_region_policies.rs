//! Who may replicate a multi-Region key and change its primary, and how policies tell its keys apart.

use super::multi_region::{ELSEWHERE, HERE, THERE, arn, in_region, replicate, update_primary};
use super::*;

impl Fixture {
    fn allow(&self, user: &str, statements: &serde_json::Value) {
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
        let request = PutUserPolicyRequest {
            user_name: user.parse().unwrap(),
            policy_name: "default".parse().unwrap(),
            policy_document: policy.to_string(),
        };
        self.send(request).unwrap();
    }
}

#[test]
fn the_policy_of_a_replica_must_let_the_caller_change_it() {
    let fixture = Fixture::new();
    let key = fixture.primary();
    let bob = fixture.user("bob").caller.principal().arn();
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": bob}, "Action": "kms:*", "Resource": "*"}});
    let request = |bypass| ReplicateKeyRequest {
        policy: Some(policy.to_string()),
        bypass_policy_lockout_safety_check: bypass,
        ..replicate(&key, THERE)
    };
    let malformed = "MalformedPolicyDocumentException";
    assert_eq!(code(fixture.send(request(None))), malformed);
    fixture.send(request(Some(true))).unwrap();
    let request = ReplicateKeyRequest {
        policy: Some("{".to_owned()),
        ..replicate(&key, ELSEWHERE)
    };
    assert_eq!(code(fixture.send(request)), malformed);
}

#[test]
fn replicating_needs_a_permission_on_the_primary_and_one_in_the_region_of_the_replica() {
    let fixture = Fixture::new();
    let key = fixture.primary();
    let bob = fixture.user("bob");
    let on_primary = |region: &str| {
        serde_json::json!({"Effect": "Allow", "Action": "kms:ReplicateKey", "Resource": "*",
            "Condition": {"StringEquals": {"kms:ReplicaRegion": region,
                "kms:MultiRegionKeyType": "PRIMARY", "aws:RequestedRegion": HERE},
                "Bool": {"kms:MultiRegion": "true"}}})
    };
    let creating = |region: &str, action: &str| {
        serde_json::json!({"Effect": "Allow", "Action": action, "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": region,
                "kms:MultiRegionKeyType": "REPLICA", "kms:KeySpec": "SYMMETRIC_DEFAULT"},
                "Bool": {"kms:MultiRegion": "true"}}})
    };
    let denied = |action: &str| {
        let error = fixture.send_as(&bob, replicate(&key, THERE)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::AccessDeniedException);
        let words = format!("not authorized to perform: {action} ");
        assert!(error.to_string().contains(&words), "{error}");
    };
    denied("kms:ReplicateKey");
    fixture.allow("bob", &serde_json::json!([on_primary(ELSEWHERE)]));
    denied("kms:ReplicateKey");
    fixture.allow("bob", &serde_json::json!([on_primary(THERE)]));
    denied("kms:CreateKey");
    let there = creating(HERE, "kms:CreateKey");
    fixture.allow("bob", &serde_json::json!([on_primary(THERE), there]));
    denied("kms:CreateKey");
    let there = creating(THERE, "kms:CreateKey");
    fixture.allow("bob", &serde_json::json!([on_primary(THERE), there]));
    let tagged = ReplicateKeyRequest {
        tags: Some(vec![RequestTag {
            tag_key: Some("a".to_owned()),
            tag_value: Some("b".to_owned()),
        }]),
        ..replicate(&key, THERE)
    };
    let refusal = fixture.send_as(&bob, tagged.clone()).unwrap_err();
    assert!(refusal.to_string().contains("kms:TagResource"), "{refusal}");
    // The default policy leaves it to bob's own whether bob may change it.
    let put = serde_json::json!({"Effect": "Allow", "Action": "kms:PutKeyPolicy", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": THERE}}});
    let tag = creating(THERE, "kms:TagResource");
    fixture.allow(
        "bob",
        &serde_json::json!([on_primary(THERE), there, tag, put]),
    );
    fixture.send_as(&bob, tagged).unwrap();
}

#[test]
fn changing_the_primary_needs_a_permission_on_both_keys() {
    let fixture = Fixture::new();
    let key = fixture.related();
    let bob = fixture.user("bob");
    let on = |region: &str| {
        serde_json::json!({"Effect": "Allow", "Action": "kms:UpdatePrimaryRegion",
            "Resource": arn(&key, region),
            "Condition": {"StringEquals": {"kms:PrimaryRegion": THERE}}})
    };
    for (allowed, on_which) in [(ELSEWHERE, HERE), (HERE, THERE), (THERE, HERE)] {
        fixture.allow("bob", &serde_json::json!([on(allowed)]));
        let error = fixture
            .send_as(&bob, update_primary(&key, THERE))
            .unwrap_err();
        let words = format!("on resource: {}", arn(&key, on_which));
        assert!(error.to_string().contains(&words), "{error}");
    }
    fixture.allow("bob", &serde_json::json!([on(HERE), on(THERE)]));
    fixture.send_as(&bob, update_primary(&key, THERE)).unwrap();
}

#[test]
fn a_policy_tells_multi_region_keys_from_others() {
    let fixture = Fixture::new();
    let bob = fixture.user("bob");
    let single_only = serde_json::json!([{"Effect": "Allow", "Action": "kms:CreateKey",
        "Resource": "*", "Condition": {"Bool": {"kms:MultiRegion": "false"},
        "Null": {"kms:MultiRegionKeyType": "true"}}},
        {"Effect": "Allow", "Action": "kms:PutKeyPolicy", "Resource": "*"}]);
    fixture.allow("bob", &single_only);
    let primary = CreateKeyRequest {
        multi_region: Some(true),
        ..CreateKeyRequest::default()
    };
    let refusal = fixture.send_as(&bob, primary.clone());
    assert_eq!(code(refusal), "AccessDeniedException");
    fixture.send_as(&bob, CreateKeyRequest::default()).unwrap();
    let primaries = serde_json::json!([{"Effect": "Allow", "Resource": "*",
        "Action": ["kms:CreateKey", "kms:PutKeyPolicy", "kms:Encrypt"],
        "Condition": {"StringEquals": {"kms:MultiRegionKeyType": "PRIMARY"}}}]);
    fixture.allow("bob", &primaries);
    let key = fixture.send_as(&bob, primary).unwrap().key_metadata.key_id;
    fixture.send(replicate(&key.to_string(), THERE)).unwrap();
    let encrypt = || encrypt(&key.to_string(), &[]);
    fixture.send_as(&bob, encrypt()).unwrap();
    let refusal = fixture.send_as(&in_region(&bob, THERE), encrypt());
    assert_eq!(code(refusal), "AccessDeniedException");
}

#[test]
fn no_length_of_a_request_hides_from_the_ledger_where_a_replica_is() {
    let fixture = Fixture::new();
    let key = fixture.primary();
    let statement =
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
    let policy = format!("{statement}{}", "\t".repeat(32_000));
    let request = ReplicateKeyRequest {
        policy: Some(policy.clone()),
        description: Some("\u{1}".repeat(8192)),
        ..replicate(&key, THERE)
    };
    fixture.send(request).unwrap();
    let last = fixture.lines().pop().unwrap();
    let parameters = &last["requestParameters"];
    assert_eq!(parameters["replicaRegion"], THERE);
    assert_eq!(parameters["policy"], policy);
    assert_eq!(parameters["description"]["omitted"], "too long");
    let metadata = &last["responseElements"]["replicaKeyMetadata"];
    assert_eq!(metadata["arn"], arn(&key, THERE));
}
