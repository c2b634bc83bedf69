//! Callers whom nobody signs for: what they may do, and for how long somebody vouches for them.

use kms_core::api::query::QueryCode;
use kms_core::caller::LocalPeer;
use kms_core::crypto::client_certificate::{ClientCertificate, MAX_CLIENT_CERTIFICATE};
use kms_core::ids::{EntityReference, SessionName};
use kms_core::service::{
    CreateRoleRequest, DeleteUserRequest, GetCallerIdentityRequest, GetLocalCredentialsRequest,
    TemporaryCredentials,
};
use rcgen::{CertificateParams, DnType, KeyPair, SanType, SerialNumber, date_time_ymd};

use super::sessions::form;
use super::*;

fn process() -> Arc<LocalPeer> {
    Arc::new(LocalPeer::Process {
        uid: 1001,
        gid: 1002,
        pid: Some(42),
    })
}

const AN_HOUR: GetLocalCredentialsRequest = GetLocalCredentialsRequest {
    duration_seconds: None,
};

impl Fixture {
    fn local(&self, principal: &str, peer: Arc<LocalPeer>) -> Result<CallContext, Error> {
        let principal: EntityReference = principal.parse().unwrap();
        let session: SessionName = "uid-1001".parse().unwrap();
        let caller = self
            .engine()
            .local_caller(&principal, Some(session), peer)?;
        Ok(CallContext {
            caller,
            ..self.call.clone()
        })
    }

    fn nobodys_role(&self) {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:*","Principal":"*"}]}"#;
        let members = [("RoleName", "app"), ("AssumeRolePolicyDocument", trust)];
        self.send(form::<CreateRoleRequest>(&members)).unwrap();
    }

    fn given(
        &self,
        call: &CallContext,
        request: GetLocalCredentialsRequest,
    ) -> Result<TemporaryCredentials, Error> {
        self.send_as(call, request)
    }
}

fn denied<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    result.unwrap_err().query_code() == QueryCode::AccessDenied
}

#[test]
fn a_local_caller_gets_credentials_of_its_principal_and_may_do_nothing_else() {
    let fixture = Fixture::new();
    fixture.user("ci");
    fixture.nobodys_role();
    let user = fixture.local("user/ci", process()).unwrap();
    let arn = "arn:aws:iam::111122223333:role/app";
    let role = fixture.local(arn, process()).unwrap();
    for (call, expected) in [
        (&user, "arn:aws:iam::111122223333:user/ci"),
        (&role, "arn:aws:sts::111122223333:assumed-role/app/uid-1001"),
    ] {
        let given = fixture.given(call, AN_HOUR).unwrap();
        assert_eq!(given.expiration, Timestamp::from_seconds(1_800_003_600));
        let token = given.session_token.expose();
        let found = fixture
            .engine()
            .credential(&given.access_key_id, Some(token));
        let caller = found
            .unwrap()
            .unwrap()
            .into_caller(fixture.clock.now())
            .unwrap();
        assert_eq!(caller.principal().arn(), expected);
        assert_eq!(caller.session().unwrap().issuer, None);
        assert_eq!(caller.session().unwrap().mfa, None);
        let refused = fixture.send_as(call, GenerateRandomRequest::default());
        assert_eq!(code(refused), "UnrecognizedClientException");
        let refused = fixture.send_as(call, form::<GetCallerIdentityRequest>(&[]));
        assert_eq!(code(refused), "UnrecognizedClientException");
    }
}

#[test]
fn who_signs_gets_no_credentials_this_way() {
    let fixture = Fixture::new();
    let alice = fixture.user("alice");
    assert!(denied(fixture.given(&alice, AN_HOUR)));
    assert!(denied(fixture.given(&fixture.call, AN_HOUR)));
}

#[test]
fn who_is_mapped_to_nobody_there_is_refused() {
    let fixture = Fixture::new();
    fixture.user("ci");
    fixture.nobodys_role();
    for absent in [
        "user/absent",
        "role/absent",
        "user/app",
        "user/path/ci",
        "role/path/app",
        "arn:aws:iam::444455556666:user/ci",
    ] {
        assert!(denied(fixture.local(absent, process())), "{absent}");
    }
    let unnamed = fixture
        .engine()
        .local_caller(&"role/app".parse().unwrap(), None, process());
    assert!(denied(unnamed));
    let ci = fixture.local("user/ci", process()).unwrap();
    fixture
        .send(form::<DeleteUserRequest>(&[("UserName", "ci")]))
        .unwrap();
    assert!(fixture.given(&ci, AN_HOUR).is_err());
    fixture.user("ci");
    assert!(
        fixture.given(&ci, AN_HOUR).is_err(),
        "a namesake is another"
    );
}

#[test]
fn a_session_of_a_role_is_no_longer_than_the_role_allows() {
    let fixture = Fixture::new();
    fixture.user("ci");
    fixture.nobodys_role();
    let user = fixture.local("user/ci", process()).unwrap();
    let role = fixture.local("role/app", process()).unwrap();
    let asked = |call, seconds| {
        let duration_seconds = Some(seconds);
        let request = GetLocalCredentialsRequest { duration_seconds };
        fixture.given(call, request).is_ok()
    };
    for (seconds, of_user, of_role) in [
        (899, false, false),
        (900, true, true),
        (3600, true, true),
        (3601, true, false),
        (43_200, true, false),
        (43_201, false, false),
    ] {
        assert_eq!(asked(&user, seconds), of_user, "{seconds}");
        assert_eq!(asked(&role, seconds), of_role, "{seconds}");
    }
}

#[test]
fn what_is_given_and_refused_is_on_record_with_the_peer() {
    let fixture = Fixture::new();
    fixture.user("ci");
    let ci = fixture.local("user/ci", process()).unwrap();
    let given = fixture.given(&ci, AN_HOUR).unwrap();
    let request = GetLocalCredentialsRequest {
        duration_seconds: Some(1),
    };
    fixture.given(&ci, request).unwrap_err();
    let lines = fixture.lines();
    let [.., answered, refused] = &lines[..] else {
        panic!("{lines:?}");
    };
    for line in [answered, refused] {
        assert_eq!(line["eventSource"], "sts.amazonaws.com");
        assert_eq!(line["eventName"], "GetLocalCredentials");
        assert_eq!(line["userIdentity"]["userName"], "ci");
        assert_eq!(line["userIdentity"]["invokedBy"], "kms (local caller)");
        let peer = serde_json::json!({"uid": 1001, "gid": 1002, "pid": 42});
        assert_eq!(line["additionalEventData"]["peer"], peer);
    }
    let told = &answered["responseElements"]["credentials"];
    assert_eq!(told["accessKeyId"], given.access_key_id.as_str());
    assert_eq!(refused["errorCode"], "ValidationException");
    assert_eq!(refused["requestParameters"]["durationSeconds"], 1);
    let text = serde_json::to_string(&lines).unwrap();
    assert!(!text.contains(given.secret_access_key.expose()));
    assert!(!text.contains(given.session_token.expose()));
}

/// A certificate of the year 2027, when the clock of the fixture begins.
fn certificate(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2027, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params.serial_number = Some(SerialNumber::from_slice(&[0x0a, 0xff]));
    params
        .distinguished_name
        .push(DnType::CommonName, "a \"b\"");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

#[test]
fn a_certificate_tells_its_names_and_its_validity() {
    let der = certificate(|params| {
        params.subject_alt_names = vec![
            SanType::URI("spiffe://example.org/App".try_into().unwrap()),
            SanType::DnsName("App.Example.org".try_into().unwrap()),
            SanType::Rfc822Name("a@example.org".try_into().unwrap()),
        ];
    });
    let read = ClientCertificate::parse(&der).unwrap();
    assert!(read.subject.contains("CN=a"), "{}", read.subject);
    assert_eq!(read.serial_number, "0aff");
    assert_eq!(read.uri_san, ["spiffe://example.org/App"]);
    assert_eq!(read.dns_san, ["app.example.org"]);
    assert_eq!(read.spki_sha256.len(), 64);
    let told = serde_json::to_value(&read).unwrap();
    let names: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    let expected = ["dnsSan", "serialNumber", "spkiSha256", "subject", "uriSan"];
    assert_eq!(names, expected);
    for (seconds, valid) in [
        (1_798_761_599, false),
        (1_798_761_600, true),
        (1_830_297_600, true),
        (1_830_297_601, false),
        (-1, false),
    ] {
        assert_eq!(
            read.is_valid_at(Timestamp::from_seconds(seconds)),
            valid,
            "{seconds}"
        );
    }
    let bare = ClientCertificate::parse(&certificate(|_| ())).unwrap();
    assert!(bare.uri_san.is_empty() && bare.dns_san.is_empty());
}

#[test]
fn what_is_no_certificate_or_too_large_is_not_read() {
    let der = certificate(|_| ());
    for end in [0, 1, der.len() / 2, der.len() - 1] {
        assert!(ClientCertificate::parse(&der[..end]).is_err(), "{end}");
    }
    assert!(ClientCertificate::parse(&[&der[..], b"x"].concat()).is_err());
    let large = certificate(|params| {
        let name = "x".repeat(MAX_CLIENT_CERTIFICATE);
        params.distinguished_name.push(DnType::CommonName, name);
    });
    assert!(ClientCertificate::parse(&large).is_err());
}

#[test]
fn a_certificate_that_expires_on_an_open_connection_gets_nothing_more() {
    let fixture = Fixture::new();
    fixture.user("ci");
    let read = ClientCertificate::parse(&certificate(|_| ())).unwrap();
    let peer = Arc::new(LocalPeer::Certificate(read));
    assert!(fixture.local("user/ci", Arc::clone(&peer)).is_ok());
    let last = 1_830_297_600;
    fixture.clock.set(Timestamp::from_seconds(last - 60));
    let call = fixture.local("user/ci", Arc::clone(&peer)).unwrap();
    let given = fixture.given(&call, AN_HOUR).unwrap();
    assert_eq!(given.expiration, Timestamp::from_seconds(last));
    fixture.clock.set(Timestamp::from_seconds(last + 1));
    assert!(denied(fixture.local("user/ci", peer)));
}
