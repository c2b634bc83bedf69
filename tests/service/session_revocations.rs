//! Sessions that are ended before they expire.

use kms_core::service::{
    GetFederationTokenRequest, ListSessionRevocationsRequest, RevokeSessionsRequest, SessionsOf,
};

use super::sessions::{form, policy, seconds};
use super::*;

impl Fixture {
    fn revoke(&self, of: SessionsOf) -> Result<(), Error> {
        let account = None;
        self.send(RevokeSessionsRequest { of, account }).map(|_| ())
    }

    fn revoked(&self) -> Vec<String> {
        let all = self.send(ListSessionRevocationsRequest).unwrap();
        all.into_iter().map(|one| one.of).collect()
    }
}

#[test]
fn the_sessions_of_a_role_that_were_made_before_are_over_and_later_ones_are_not() {
    let mut fixture = Fixture::new();
    let alice = fixture.user("alice");
    fixture.trusting_role("app", "arn:aws:iam::111122223333:user/alice");
    let before = fixture.assume(&alice, &[]).unwrap();
    let inside = fixture.by(before.credentials()).unwrap();
    fixture.random(&inside).unwrap();
    seconds(&fixture.clock, 5);
    fixture
        .revoke(SessionsOf::Role("app".parse().unwrap()))
        .unwrap();
    assert!(fixture.by(before.credentials()).is_none());
    // Nor does a request get through that passed the door before.
    let refused = fixture.random(&inside).unwrap_err();
    assert!(matches!(refused, Error::UnrecognizedClient), "{refused}");
    // Tokens tell whole seconds: one of the same second may be older than the revocation.
    let same = fixture.assume(&alice, &[]).unwrap();
    assert!(fixture.by(same.credentials()).is_none());
    seconds(&fixture.clock, 6);
    let after = fixture.assume(&alice, &[]).unwrap();
    fixture
        .random(&fixture.by(after.credentials()).unwrap())
        .unwrap();
    fixture.reopen();
    assert!(fixture.by(before.credentials()).is_none());
    assert!(fixture.by(after.credentials()).is_some());
}

#[test]
fn one_session_is_ended_by_its_access_key_and_no_other() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    let [stolen, kept] = [fixture.session(&alice), fixture.session(&alice)];
    seconds(&fixture.clock, 5);
    fixture
        .revoke(SessionsOf::Credentials(stolen.access_key_id.clone()))
        .unwrap();
    assert!(fixture.by(&stolen).is_none());
    assert!(fixture.by(&kept).is_some());
    assert_eq!(fixture.revoked(), [stolen.access_key_id.to_string()]);
}

#[test]
fn the_sessions_of_a_user_and_of_whom_it_vouched_for_are_ended_and_its_access_key_is_not() {
    let fixture = Fixture::new();
    let (alice, bob) = (fixture.user("alice"), fixture.user("bob"));
    fixture.identity_policy("alice", "Allow", "*");
    let members = [
        ("Name", "guest"),
        ("Policy", &*policy("Allow", "kms:GenerateRandom")),
    ];
    let guest = form::<GetFederationTokenRequest>(&members);
    let guest = fixture.send_as(&alice, guest).unwrap();
    let [hers, his] = [fixture.session(&alice), fixture.session(&bob)];
    seconds(&fixture.clock, 5);
    fixture
        .revoke(SessionsOf::User("alice".parse().unwrap()))
        .unwrap();
    assert!(fixture.by(&hers).is_none());
    assert!(fixture.by(guest.credentials()).is_none());
    assert!(fixture.by(&his).is_some());
    fixture.random(&alice).unwrap();
}

#[test]
fn the_sessions_of_the_root_user_are_ended_and_nobody_else_s() {
    let fixture = Fixture::new();
    let key = fixture
        .send(CreateAccessKeyRequest { user_name: None })
        .unwrap();
    let found = fixture.engine().credential(&key.access_key_id, None);
    let root = CallContext {
        caller: found
            .unwrap()
            .unwrap()
            .into_caller(fixture.clock.now())
            .unwrap(),
        ..fixture.call.clone()
    };
    let [its, hers] = [
        fixture.session(&root),
        fixture.session(&fixture.user("alice")),
    ];
    seconds(&fixture.clock, 5);
    fixture.revoke(SessionsOf::Root).unwrap();
    assert!(fixture.by(&its).is_none());
    assert!(fixture.by(&hers).is_some());
}

#[test]
fn what_is_not_there_or_no_session_is_refused() {
    let fixture = Fixture::new();
    fixture
        .revoke(SessionsOf::Role("app".parse().unwrap()))
        .unwrap_err();
    fixture
        .revoke(SessionsOf::User("alice".parse().unwrap()))
        .unwrap_err();
    let kept = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
    fixture.revoke(SessionsOf::Credentials(kept)).unwrap_err();
    assert!(fixture.revoked().is_empty());
    let alice = fixture.user("alice");
    let elsewhere = RevokeSessionsRequest {
        of: SessionsOf::Root,
        account: Some("999999999999".parse().unwrap()),
    };
    fixture.send(elsewhere).unwrap_err();
    let request = RevokeSessionsRequest {
        of: SessionsOf::Root,
        account: None,
    };
    let refused = fixture.send_as(&alice, request).unwrap_err();
    assert!(matches!(refused, Error::AccessDenied(_)), "{refused}");
}

#[test]
fn a_revocation_is_forgotten_when_nothing_is_left_of_what_it_ended() {
    let fixture = Fixture::new();
    for name in ["alice", "bob"] {
        fixture.user(name);
    }
    fixture
        .revoke(SessionsOf::User("alice".parse().unwrap()))
        .unwrap();
    assert_eq!(fixture.revoked().len(), 1);
    seconds(&fixture.clock, 129_601);
    assert!(fixture.revoked().is_empty());
    fixture
        .revoke(SessionsOf::User("bob".parse().unwrap()))
        .unwrap();
    seconds(&fixture.clock, 0);
    assert_eq!(fixture.revoked().len(), 1);
}
