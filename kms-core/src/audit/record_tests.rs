use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::audit::ledger::is_record;
use crate::caller::{Session, WebIdentity};

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn access_key() -> AccessKeyId {
    "AKIAIOSFODNN7EXAMPLE".parse().unwrap()
}

fn alice() -> Principal {
    Principal::User {
        account: account(),
        path: Default::default(),
        name: "Alice".parse().unwrap(),
        id: "AIDACKCEVSQ6C2EXAMPLE".parse().unwrap(),
    }
}

fn role_session() -> Caller {
    let mut session = Session::new(
        Timestamp::from_seconds(1_795_546_000),
        Timestamp::from_seconds(1_795_549_600),
    );
    session.source_identity = Some("alice".parse().unwrap());
    session.policy = Some("secret policy".to_owned());
    session.web_identity = Some(WebIdentity {
        provider: "oidc.example".to_owned(),
        claims: Default::default(),
    });
    let principal = Principal::AssumedRole {
        account: account(),
        path: "/team/".parse().unwrap(),
        role: "app".parse().unwrap(),
        id: "AROACKCEVSQ6C2EXAMPLE".parse().unwrap(),
        session: "sess".parse().unwrap(),
    };
    let key = "ASIAIOSFODNN7EXAMPLE".parse().unwrap();
    Caller::assume_authenticated(principal, Credential::AccessKey(key)).in_session(session.into())
}

#[test]
fn the_session_of_a_role_is_told_with_the_role_and_without_its_policies() {
    let caller = role_session();
    let record = with_record(Identity::Caller(&caller), |record| parsed(&record));
    assert_eq!(
        record["userIdentity"],
        json!({
            "type": "AssumedRole",
            "principalId": "AROACKCEVSQ6C2EXAMPLE:sess",
            "arn": "arn:aws:sts::111122223333:assumed-role/app/sess",
            "accountId": "111122223333",
            "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROACKCEVSQ6C2EXAMPLE",
                    "arn": "arn:aws:iam::111122223333:role/team/app",
                    "accountId": "111122223333",
                    "userName": "app",
                },
                "webIdFederationData": {"federatedProvider": "oidc.example", "attributes": {}},
                "attributes": {"creationDate": "2026-11-24T18:46:40Z", "mfaAuthenticated": "false"},
                "sourceIdentity": "alice",
            },
        })
    );
}

fn object(name: &'static str, value: &Value) -> JsonObject {
    let mut object = JsonObject::begin();
    object.member(name, value);
    object.end().unwrap()
}

fn parsed(record: &Record<'_>) -> Value {
    let entry = record.to_entry();
    assert!(is_record(entry.as_bytes()));
    serde_json::from_slice(entry.as_bytes()).unwrap()
}

fn with_record<T>(identity: Identity<'_>, use_it: impl FnOnce(Record<'_>) -> T) -> T {
    let region: Region = "us-west-2".parse().unwrap();
    let account = account();
    use_it(Record {
        identity,
        time: Timestamp::from_millis(1_795_546_663_999),
        event_source: "kms.amazonaws.com",
        event_name: "Decrypt",
        region: &region,
        source_ip_address: "192.0.2.0",
        user_agent: "aws-cli/2",
        refusal: None,
        request_parameters: None,
        response_elements: None,
        additional_event_data: None,
        service_event_details: None,
        request_id: "4f14f5c4-0000-4000-8000-000000000001",
        event_id: "4f14f5c4-0000-4000-8000-000000000002",
        read_only: true,
        resources: &[],
        recipient_account: &account,
        tls: None,
    })
}

fn identity_of(principal: Principal, credential: Credential) -> Value {
    let caller = Caller::assume_authenticated(principal, credential);
    with_record(Identity::Caller(&caller), |record| {
        parsed(&record)["userIdentity"].clone()
    })
}

#[test]
fn a_record_has_the_fields_of_a_cloudtrail_event() {
    let caller = Caller::assume_authenticated(alice(), Credential::AccessKey(access_key()));
    let parameters = object("encryptionContext", &json!({"Department": "R&D\n"}));
    let elements = object("keyId", &json!("k"));
    let data = object("keyMaterialId", &json!("m"));
    let account = account();
    let resource = Resource {
        account: &account,
        kind: "AWS::KMS::Key",
        arn: "arn:aws:kms:us-west-2:111122223333:key/k",
    };
    let value = with_record(Identity::Caller(&caller), |record| {
        parsed(&Record {
            refusal: Some(Refusal {
                code: "IncorrectKeyException",
                message: "The key ID is \"wrong\".",
            }),
            request_parameters: Some(&parameters),
            response_elements: Some(&elements),
            additional_event_data: Some(&data),
            resources: &[resource, resource],
            tls: Some(Tls {
                version: "TLSv1.3",
                cipher_suite: "TLS_AES_256_GCM_SHA384",
                client_provided_host: "localhost",
            }),
            ..record
        })
    });
    assert_eq!(value, full_event());
}

fn full_event() -> Value {
    let resource = json!({
        "accountId": "111122223333", "type": "AWS::KMS::Key",
        "ARN": "arn:aws:kms:us-west-2:111122223333:key/k",
    });
    json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser", "principalId": "AIDACKCEVSQ6C2EXAMPLE",
                "arn": "arn:aws:iam::111122223333:user/Alice", "accountId": "111122223333",
                "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "Alice",
            },
            "eventTime": "2026-11-24T18:57:43Z",
            "eventSource": "kms.amazonaws.com",
            "eventName": "Decrypt",
            "awsRegion": "us-west-2",
            "sourceIPAddress": "192.0.2.0",
            "userAgent": "aws-cli/2",
            "errorCode": "IncorrectKeyException",
            "errorMessage": "The key ID is \"wrong\".",
            "requestParameters": {"encryptionContext": {"Department": "R&D\n"}},
            "responseElements": {"keyId": "k"},
            "additionalEventData": {"keyMaterialId": "m"},
            "requestID": "4f14f5c4-0000-4000-8000-000000000001",
            "eventID": "4f14f5c4-0000-4000-8000-000000000002",
            "readOnly": true,
            "resources": [resource, resource],
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": "111122223333",
            "eventCategory": "Management",
            "tlsDetails": {
                "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_256_GCM_SHA384",
                "clientProvidedHostHeader": "localhost",
            },
    })
}

#[test]
fn what_is_not_there_is_null_or_left_out_as_in_cloudtrail() {
    let value = with_record(Identity::Unknown { claimed: None }, |record| {
        parsed(&record)
    });
    assert_eq!(value["requestParameters"], Value::Null);
    assert!(value.as_object().unwrap().contains_key("responseElements"));
    for left_out in [
        "errorCode",
        "errorMessage",
        "additionalEventData",
        "tlsDetails",
    ] {
        assert!(!value.as_object().unwrap().contains_key(left_out));
    }
    assert_eq!(value["userIdentity"], json!({"type": "Unknown"}));
}

#[test]
fn every_kind_of_caller_is_named_as_cloudtrail_names_it() {
    let root = || Principal::Root { account: account() };
    assert_eq!(
        identity_of(root(), Credential::AccessKey(access_key())),
        json!({
            "type": "Root", "principalId": "111122223333",
            "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333",
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        })
    );
    assert_eq!(
        identity_of(root(), Credential::StoreOwner("carol \"x\"".to_owned())),
        json!({
            "type": "Root", "principalId": "111122223333",
            "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333",
            "userName": "carol \"x\"", "invokedBy": "kms (embedded)",
        })
    );
    assert_eq!(
        identity_of(
            Principal::Service { account: account() },
            Credential::Internal
        ),
        json!({"accountId": "111122223333", "invokedBy": "AWS Internal"})
    );
    let claimed = access_key();
    let unknown = Identity::Unknown {
        claimed: Some(&claimed),
    };
    assert_eq!(
        with_record(unknown, |record| parsed(&record)["userIdentity"].clone()),
        json!({"type": "Unknown", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"})
    );
}

#[test]
fn the_services_own_work_is_a_service_event() {
    let service = Caller::assume_authenticated(
        Principal::Service { account: account() },
        Credential::Internal,
    );
    let details = object("keyId", &json!("k"));
    let value = with_record(Identity::Caller(&service), |record| {
        parsed(&Record {
            service_event_details: Some(&details),
            ..record
        })
    });
    assert_eq!(value["eventType"], "AwsServiceEvent");
    assert_eq!(value["serviceEventDetails"], json!({"keyId": "k"}));
}

#[test]
fn a_long_user_agent_is_cut_at_a_character() {
    let agent = format!("{}ü{}", "a".repeat(MAX_USER_AGENT - 1), "b".repeat(1 << 20));
    let value = with_record(Identity::Unknown { claimed: None }, |record| {
        parsed(&Record {
            user_agent: &agent,
            ..record
        })
    });
    assert_eq!(value["userAgent"], "a".repeat(MAX_USER_AGENT - 1));
}

proptest! {
    #[test]
    fn hostile_texts_are_read_back_and_add_no_field(
        agent in "\\PC{0,40}|[\\x00-\\x7f\u{2028}\u{2029}]{0,40}",
        message in any::<String>(),
        owner in any::<String>(),
    ) {
        let caller = Arc::new(Caller::assume_authenticated(
            Principal::Root { account: account() },
            Credential::StoreOwner(owner.clone()),
        ));
        let value = with_record(Identity::Caller(&caller), |record| parsed(&Record {
            user_agent: &agent,
            refusal: Some(Refusal { code: "ValidationException", message: &message }),
            ..record
        }));
        prop_assert_eq!(&value["userAgent"], &Value::from(agent));
        prop_assert_eq!(&value["errorMessage"], &Value::from(message));
        prop_assert_eq!(&value["userIdentity"]["userName"], &Value::from(owner));
        prop_assert_eq!(value.as_object().unwrap().len(), 20);
    }
}
