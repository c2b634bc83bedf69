//! IAM's entities in the engine: what is there after reopening, what the ledger says, and that a
//! role's sessions have the role's policies. What clients see is tested over the wire.

use kms_core::api::query::QueryCode;
use kms_core::ids::PolicyArn;
use kms_core::service::{
    AddUserToGroupRequest, AttachRolePolicyRequest, AttachUserPolicyRequest, CreateGroupRequest,
    CreatePolicyRequest, CreateRoleRequest, DeleteRoleRequest, DeleteUserRequest,
    DetachRolePolicyRequest, GetAccessKeyLastUsedRequest, GetGroupRequest, GetRoleRequest,
    ListAttachedUserPoliciesRequest, PutGroupPolicyRequest, PutRolePermissionsBoundaryRequest,
    PutRolePolicyRequest, SetDefaultPolicyVersionRequest, UpdateAccessKeyRequest,
    UpdateUserRequest,
};

use super::*;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}"#;

fn allows(action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
    )
}

impl Fixture {
    fn managed_policy(&self, name: &str, action: &str) -> PolicyArn {
        let request = CreatePolicyRequest {
            policy_name: name.parse().unwrap(),
            path: None,
            policy_document: allows(action),
            description: None,
            tags: None,
        };
        self.send(request).unwrap().0.policy.arn()
    }

    fn group(&self, name: &str) {
        let group_name = name.parse().unwrap();
        let path = Some("/g/".parse().unwrap());
        self.send(CreateGroupRequest { path, group_name }).unwrap();
    }

    /// A role, and a session of it.
    fn role(&self, name: &str) -> CallContext {
        let request = CreateRoleRequest {
            path: Some("/r/".parse().unwrap()),
            role_name: name.parse().unwrap(),
            assume_role_policy_document: TRUST.to_owned(),
            description: None,
            max_session_duration: None,
            permissions_boundary: None,
            tags: None,
        };
        let role = self.send(request).unwrap().0;
        let principal = Principal::AssumedRole {
            account: role.account,
            path: role.path,
            role: role.name,
            id: role.id,
            session: "session".parse().unwrap(),
        };
        let credential = Credential::StoreOwner("test".to_owned());
        CallContext {
            caller: Caller::assume_authenticated(principal, credential),
            ..self.call.clone()
        }
    }

    fn attach_to_role(&self, name: &str, policy_arn: &PolicyArn) {
        let request = AttachRolePolicyRequest {
            role_name: name.parse().unwrap(),
            policy_arn: policy_arn.clone(),
        };
        self.send(request).unwrap();
    }

    fn may(&self, who: &CallContext, key: &str) -> bool {
        match self.send_as(who, encrypt(key, &[])) {
            Ok(_) => true,
            Err(Error::AccessDenied(_)) => false,
            Err(other) => panic!("{other}"),
        }
    }
}

fn query_code<T: std::fmt::Debug>(result: Result<T, Error>) -> QueryCode {
    result.unwrap_err().query_code()
}

#[test]
fn entities_and_what_they_permit_outlive_the_process() {
    let mut fixture = Fixture::new();
    let key = fixture.create_key();
    let alice = fixture.user("alice");
    let session = fixture.role("worker");
    fixture.group("staff");
    let arn = fixture.managed_policy("may-encrypt", "kms:Encrypt");
    fixture.attach_to_role("worker", &arn);
    let joins = AddUserToGroupRequest {
        group_name: "staff".parse().unwrap(),
        user_name: "alice".parse().unwrap(),
    };
    fixture.send(joins).unwrap();
    let put = PutGroupPolicyRequest {
        group_name: "staff".parse().unwrap(),
        policy_name: "p".parse().unwrap(),
        policy_document: allows("kms:Encrypt"),
    };
    fixture.send(put).unwrap();
    fixture.reopen();
    assert!(fixture.may(&alice, &key));
    assert!(fixture.may(&session, &key));
    let request = GetGroupRequest {
        group_name: "staff".parse().unwrap(),
        marker: None,
        max_items: None,
    };
    let found = fixture.send(request).unwrap();
    assert_eq!(found.group.arn(), "arn:aws:iam::111122223333:group/g/staff");
    assert_eq!(found.users.items.len(), 1);
    let role_name = "worker".parse().unwrap();
    let role = fixture.send(GetRoleRequest { role_name }).unwrap().0;
    assert_eq!(role.trust_policy, TRUST);
    assert_eq!(role.max_session_duration, 3600);
}

#[test]
fn another_process_sees_renamed_and_deleted_entities_at_once() {
    let mut fixture = Fixture::new();
    fixture.user("alice");
    let key = fixture.send(CreateAccessKeyRequest {
        user_name: Some("alice".parse().unwrap()),
    });
    let key = key.unwrap().access_key_id;
    let other = Engine::open(options(fixture.directory.path(), &fixture.clock)).unwrap();
    let renamed = UpdateUserRequest {
        user_name: "alice".parse().unwrap(),
        new_path: None,
        new_user_name: Some("bob".parse().unwrap()),
    };
    fixture.send(renamed).unwrap();
    let credential = other.credential(&key, None).unwrap().unwrap();
    // The walk looks again; what the door found is the state before.
    drop(credential);
    other.ready().unwrap();
    let bob = other.principal(Some(&"bob".parse().unwrap())).unwrap();
    assert_eq!(bob.unwrap().arn(), "arn:aws:iam::111122223333:user/bob");
    assert_eq!(
        other.principal(Some(&"alice".parse().unwrap())).unwrap(),
        None
    );
    let inactive = UpdateAccessKeyRequest {
        user_name: Some("bob".parse().unwrap()),
        access_key_id: key.clone(),
        status: "Inactive".to_owned(),
    };
    fixture.send(inactive).unwrap();
    assert!(other.principal(None).unwrap().is_some());
    assert!(other.credential(&key, None).unwrap().is_none());
    drop(other);
    fixture.reopen();
    assert!(fixture.engine().credential(&key, None).unwrap().is_none());
}

#[test]
fn a_session_has_the_policies_of_its_role_within_its_boundary() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let session = fixture.role("worker");
    assert!(!fixture.may(&session, &key));
    let arn = fixture.managed_policy("may-encrypt", "kms:Encrypt");
    fixture.attach_to_role("worker", &arn);
    assert!(fixture.may(&session, &key));
    let narrow = fixture.managed_policy("narrow", "kms:Decrypt");
    let bound = |permissions_boundary: &PolicyArn| PutRolePermissionsBoundaryRequest {
        role_name: "worker".parse().unwrap(),
        permissions_boundary: permissions_boundary.clone(),
    };
    fixture.send(bound(&narrow)).unwrap();
    let refused = fixture.send_as(&session, encrypt(&key, &[])).unwrap_err();
    let message = refused.to_string();
    assert!(
        message.contains("no permissions boundary allows"),
        "{message}"
    );
    fixture.send(bound(&arn)).unwrap();
    assert!(fixture.may(&session, &key));
    let detach = DetachRolePolicyRequest {
        role_name: "worker".parse().unwrap(),
        policy_arn: arn,
    };
    fixture.send(detach).unwrap();
    assert!(!fixture.may(&session, &key));
    let put = PutRolePolicyRequest {
        role_name: "worker".parse().unwrap(),
        policy_name: "p".parse().unwrap(),
        policy_document: allows("kms:*"),
    };
    fixture.send(put).unwrap();
    assert!(fixture.may(&session, &key));
}

#[test]
fn a_session_ends_with_its_role_whatever_is_made_in_its_place() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let session = fixture.role("worker");
    let arn = fixture.managed_policy("may-encrypt", "kms:Encrypt");
    fixture.attach_to_role("worker", &arn);
    assert!(fixture.may(&session, &key));
    let role_name = || "worker".parse().unwrap();
    let detach = DetachRolePolicyRequest {
        role_name: role_name(),
        policy_arn: arn.clone(),
    };
    fixture.send(detach).unwrap();
    let delete = DeleteRoleRequest {
        role_name: role_name(),
    };
    fixture.send(delete).unwrap();
    assert!(!fixture.may(&session, &key));
    let new = fixture.role("worker");
    fixture.attach_to_role("worker", &arn);
    assert!(fixture.may(&new, &key));
    assert!(!fixture.may(&session, &key));
}

#[test]
fn refusals_are_recorded_as_cloudtrail_names_them() {
    let fixture = Fixture::new();
    let bob = fixture.user("bob");
    let missing = SetDefaultPolicyVersionRequest {
        policy_arn: "arn:aws:iam::111122223333:policy/none".parse().unwrap(),
        version_id: "v1".to_owned(),
    };
    assert_eq!(
        query_code(fixture.send(missing.clone())),
        QueryCode::NoSuchEntity
    );
    assert_eq!(
        query_code(fixture.send_as(&bob, missing)),
        QueryCode::AccessDenied
    );
    let lines = fixture.lines();
    let [.., absent, denied] = lines.as_slice() else {
        panic!("too few records");
    };
    assert_eq!(absent["eventSource"], "iam.amazonaws.com");
    assert_eq!(absent["errorCode"], "NoSuchEntityException");
    assert_eq!(absent["requestParameters"]["versionId"], "v1");
    assert_eq!(denied["errorCode"], "AccessDenied");
    assert_eq!(denied["userIdentity"]["userName"], "bob");
}

#[test]
fn changes_are_recorded_with_what_was_asked_and_made() {
    let fixture = Fixture::new();
    fixture.user("alice");
    let arn = fixture.managed_policy("p", "kms:*");
    let attach = AttachUserPolicyRequest {
        user_name: "alice".parse().unwrap(),
        policy_arn: arn.clone(),
    };
    fixture.send(attach).unwrap();
    let lines = fixture.lines();
    let [.., created, attached] = lines.as_slice() else {
        panic!("too few records");
    };
    assert_eq!(created["eventName"], "CreatePolicy");
    assert_eq!(
        created["requestParameters"]["policyDocument"],
        allows("kms:*")
    );
    assert_eq!(created["responseElements"]["arn"], arn.as_str());
    assert_eq!(attached["eventName"], "AttachUserPolicy");
    assert_eq!(attached["requestParameters"]["policyArn"], arn.as_str());
    assert_eq!(attached["readOnly"], false);
}

#[test]
fn a_marker_continues_the_list_that_it_was_given_out_for() {
    let fixture = Fixture::new();
    for user in ["alice", "bob"] {
        fixture.user(user);
        for policy in ["a", "b", "c"] {
            let policy_arn = format!("arn:aws:iam::111122223333:policy/{policy}");
            if user == "alice" {
                fixture.managed_policy(policy, "kms:*");
            }
            let attach = AttachUserPolicyRequest {
                user_name: user.parse().unwrap(),
                policy_arn: policy_arn.parse().unwrap(),
            };
            fixture.send(attach).unwrap();
        }
    }
    let list = |user: &str, marker| ListAttachedUserPoliciesRequest {
        user_name: user.parse().unwrap(),
        path_prefix: None,
        marker,
        max_items: Some(2),
    };
    let first = fixture.send(list("alice", None)).unwrap();
    let marker = first.next.unwrap();
    let second = fixture.send(list("alice", Some(marker.clone()))).unwrap();
    assert_eq!((first.items.len(), second.items.len()), (2, 1));
    assert!(second.next.is_none());
    let refused = fixture.send(list("bob", Some(marker)));
    assert_eq!(query_code(refused), QueryCode::ValidationError);
}

#[test]
fn the_last_use_of_an_access_key_is_read_from_the_ledger() {
    let mut fixture = Fixture::new();
    let created = fixture.send(CreateAccessKeyRequest { user_name: None });
    let id = created.unwrap().access_key_id;
    let last = |fixture: &Fixture| {
        let access_key_id = id.clone();
        let request = GetAccessKeyLastUsedRequest { access_key_id };
        fixture.send(request).unwrap().last
    };
    assert!(last(&fixture).is_none());
    let credential = fixture.engine().credential(&id, None).unwrap().unwrap();
    let signed = CallContext {
        caller: credential.into_caller(fixture.clock.now()).unwrap(),
        ..fixture.call.clone()
    };
    let key = fixture.create_key();
    fixture.send_as(&signed, encrypt(&key, &[])).unwrap();
    let used = last(&fixture).unwrap();
    assert_eq!(used.time, fixture.clock.now());
    assert_eq!(
        (used.service.as_str(), used.region.as_str()),
        ("kms", "us-east-1")
    );
    fixture.reopen();
    assert_eq!(last(&fixture).unwrap(), used);
}

#[test]
fn a_namesake_has_nothing_that_a_key_policy_gave_to_whom_it_replaces() {
    let mut fixture = Fixture::new();
    let (alice, role) = (fixture.user("alice"), fixture.role("app"));
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},
        {"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:user/alice","arn:aws:iam::111122223333:role/r/app"]},
         "Action":"kms:Encrypt","Resource":"*"}]}"#;
    let request = CreateKeyRequest {
        policy: Some(policy.to_owned()),
        ..CreateKeyRequest::default()
    };
    let key = fixture.send(request).unwrap().key_metadata.arn.to_string();
    assert!(fixture.may(&alice, &key) && fixture.may(&role, &key));

    let user_name = "alice".parse().unwrap();
    fixture.send(DeleteUserRequest { user_name }).unwrap();
    let role_name = "app".parse().unwrap();
    fixture.send(DeleteRoleRequest { role_name }).unwrap();
    let (alice, role) = (fixture.user("alice"), fixture.role("app"));
    for _ in 0..2 {
        assert!(!fixture.may(&alice, &key) && !fixture.may(&role, &key));
        fixture.reopen();
    }
    let put = PutKeyPolicyRequest {
        key_id: Some(key.clone()),
        policy: Some(policy.to_owned()),
        ..PutKeyPolicyRequest::default()
    };
    fixture.send(put).unwrap();
    assert!(fixture.may(&alice, &key) && fixture.may(&role, &key));
}
