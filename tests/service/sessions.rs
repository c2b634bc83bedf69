//! Temporary credentials at the door and in the walk, with the clock in hand.

use kms_core::api::query::{Form, FromForm, QueryCode};
use kms_core::ids::AccessKeyId;
use kms_core::service::{
    AssumeRoleRequest, AssumedRole, CreateRoleRequest, DeleteRolePolicyRequest, DeleteRoleRequest,
    DeleteUserRequest, GetFederationTokenRequest, GetSessionTokenRequest, PutRolePolicyRequest,
    TemporaryCredentials,
};

use super::*;

const START: i64 = 1_800_000_000;

/// A request as a client writes it.
pub fn form<R: FromForm>(members: &[(&str, &str)]) -> R {
    let encode = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
    let pairs = members
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)));
    let body = match pairs.collect::<Vec<_>>().join("&") {
        empty if empty.is_empty() => "X=".to_owned(),
        body => body,
    };
    R::from_form(&mut Form::parse(body.as_bytes()).unwrap()).unwrap()
}

pub fn policy(effect: &str, action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#
    )
}

impl Fixture {
    /// Who calls with credentials, as the door lets in; nobody where it refuses.
    pub fn by(&self, given: &TemporaryCredentials) -> Option<CallContext> {
        self.by_parts(&given.access_key_id, given.session_token.expose())
    }

    fn by_parts(&self, id: &AccessKeyId, token: &str) -> Option<CallContext> {
        let found = self.engine().credential(id, Some(token)).unwrap()?;
        assert!(found.long_term().is_none());
        Some(CallContext {
            caller: found.into_caller(self.clock.now())?,
            ..self.call.clone()
        })
    }

    pub fn session(&self, of: &CallContext) -> TemporaryCredentials {
        let request = form::<GetSessionTokenRequest>(&[("DurationSeconds", "900")]);
        self.send_as(of, request).unwrap()
    }

    pub fn trusting_role(&self, name: &str, trusted: &str) {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{trusted}"}}}}]}}"#
        );
        self.send(form::<CreateRoleRequest>(&[
            ("RoleName", name),
            ("AssumeRolePolicyDocument", &trust),
        ]))
        .unwrap();
        self.send(form::<PutRolePolicyRequest>(&[
            ("RoleName", name),
            ("PolicyName", "p"),
            ("PolicyDocument", &policy("Allow", "kms:GenerateRandom")),
        ]))
        .unwrap();
    }

    pub fn assume(&self, of: &CallContext, more: &[(&str, &str)]) -> Result<AssumedRole, Error> {
        let role = [
            ("RoleArn", "arn:aws:iam::111122223333:role/app"),
            ("RoleSessionName", "sess"),
        ];
        self.send_as(of, form::<AssumeRoleRequest>(&[&role[..], more].concat()))
    }

    pub fn random(&self, call: &CallContext) -> Result<GenerateRandomResponse, Error> {
        let request = GenerateRandomRequest {
            number_of_bytes: Some(4),
            ..GenerateRandomRequest::default()
        };
        self.send_as(call, request)
    }
}

pub fn seconds(clock: &SetClock, seconds: i64) {
    clock.set(Timestamp::from_seconds(START + seconds));
}

#[test]
fn credentials_are_taken_until_they_expire() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    let given = fixture.session(&alice);
    assert_eq!(given.expiration, Timestamp::from_seconds(START + 900));
    for (at, taken) in [(0, true), (899, true), (900, false), (901, false)] {
        seconds(&fixture.clock, at);
        assert_eq!(fixture.by(&given).is_some(), taken, "{at}");
    }
}

#[test]
fn a_token_opens_in_its_own_store_alone_and_after_reopening() {
    let mut fixture = Fixture::new();
    let alice = fixture.user("alice");
    let given = fixture.session(&alice);
    let elsewhere = Fixture::new();
    elsewhere.user("alice");
    assert!(elsewhere.by(&given).is_none());
    fixture.reopen();
    assert!(fixture.by(&given).is_some());
    let (id, token) = (&given.access_key_id, given.session_token.expose());
    for wrong in ["", "x", &token[4..], &format!("{token}AAAA")] {
        assert!(fixture.by_parts(id, wrong).is_none(), "{wrong}");
    }
    assert!(fixture.engine().credential(id, None).unwrap().is_none());
}

#[test]
fn a_key_that_is_kept_comes_without_a_token() {
    let fixture = Fixture::new();
    fixture.user("alice");
    let request = CreateAccessKeyRequest {
        user_name: Some("alice".parse().unwrap()),
    };
    let key = fixture.send(request).unwrap();
    let id = key.access_key_id;
    let engine = fixture.engine();
    assert!(engine.credential(&id, None).unwrap().is_some());
    let given = fixture.session(&fixture.call);
    let token = given.session_token.expose();
    assert!(engine.credential(&id, Some(token)).unwrap().is_none());
}

#[test]
fn sessions_end_with_their_user_and_a_namesake_does_not_get_them() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    let given = fixture.session(&alice);
    let inside = fixture.by(&given).unwrap();
    let gone = form::<DeleteUserRequest>(&[("UserName", "alice")]);
    fixture.send(gone).unwrap();
    assert!(fixture.by(&given).is_none());
    // Nor does a request get through that passed the door before.
    let refused = fixture.random(&inside).unwrap_err();
    assert!(matches!(refused, Error::UnrecognizedClient), "{refused}");
    fixture.user("alice");
    assert!(fixture.by(&given).is_none());
    assert!(fixture.random(&inside).is_err());
}

#[test]
fn sessions_end_with_their_role_and_a_namesake_does_not_get_them() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    fixture.trusting_role("app", "arn:aws:iam::111122223333:user/alice");
    let given = fixture.assume(&alice, &[]).unwrap();
    let session = fixture.by(given.credentials()).unwrap();
    fixture.random(&session).unwrap();
    let policy = [("RoleName", "app"), ("PolicyName", "p")];
    fixture
        .send(form::<DeleteRolePolicyRequest>(&policy))
        .unwrap();
    fixture.random(&session).unwrap_err();
    fixture
        .send(form::<DeleteRoleRequest>(&policy[..1]))
        .unwrap();
    assert!(fixture.by(given.credentials()).is_none());
    fixture.trusting_role("app", "arn:aws:iam::111122223333:user/alice");
    assert!(fixture.by(given.credentials()).is_none());
    let refused = fixture.random(&session).unwrap_err();
    assert!(matches!(refused, Error::UnrecognizedClient), "{refused}");
}

#[test]
fn a_session_policy_takes_away_and_adds_nothing() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    fixture.trusting_role("app", "arn:aws:iam::111122223333:user/alice");
    let limited = |text: &str| {
        let given = fixture.assume(&alice, &[("Policy", text)]).unwrap();
        fixture.by(given.credentials()).unwrap()
    };
    fixture.random(&limited(&policy("Allow", "kms:*"))).unwrap();
    fixture
        .random(&limited(&policy("Allow", "kms:ListKeys")))
        .unwrap_err();
    fixture
        .random(&limited(&policy("Deny", "kms:*")))
        .unwrap_err();
    let wide = limited(&policy("Allow", "*"));
    fixture
        .send_as(&wide, ListKeysRequest::default())
        .unwrap_err();
}

#[test]
fn a_federated_user_may_do_what_both_the_user_and_the_policy_allow() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    fixture.identity_policy("alice", "Allow", "*");
    let federated = |more: &[(&str, &str)]| {
        let request = [&[("Name", "guest")], more].concat();
        let request = form::<GetFederationTokenRequest>(&request);
        let given = fixture.send_as(&alice, request).unwrap();
        fixture.by(given.credentials()).unwrap()
    };
    fixture.random(&federated(&[])).unwrap_err();
    let allowed = policy("Allow", "kms:GenerateRandom");
    let guest = federated(&[("Policy", &allowed)]);
    fixture.random(&guest).unwrap();
    fixture
        .send_as(&guest, ListKeysRequest::default())
        .unwrap_err();
    let again = form::<GetSessionTokenRequest>(&[]);
    let refused = fixture.send_as(&guest, again).unwrap_err();
    assert_eq!(refused.query_code(), QueryCode::AccessDenied);
}

#[test]
fn a_user_whose_rights_are_taken_leaves_its_sessions_without_them() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    fixture.identity_policy("alice", "Allow", "kms:GenerateRandom");
    let session = fixture.by(&fixture.session(&alice)).unwrap();
    fixture.random(&session).unwrap();
    fixture.identity_policy("alice", "Deny", "kms:GenerateRandom");
    fixture.random(&session).unwrap_err();
}

#[test]
fn neither_the_store_s_owner_nor_the_root_user_assumes_a_role() {
    let fixture = Fixture::new();
    fixture.user("alice");
    fixture.trusting_role("app", "arn:aws:iam::111122223333:root");
    let refused = fixture.assume(&fixture.call, &[]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Roles may not be assumed by root accounts."
    );
}
