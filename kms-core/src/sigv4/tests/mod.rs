//! The verifier against AWS's own signer, and against everything that is not quite a signature.

mod forged;

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;

use super::{Header, Malformed, Presented, Refusal, Request, SigningKey};
use crate::ids::Region;
use crate::time::Timestamp;

const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const NOW_SECONDS: u64 = 1_440_938_160; // 2015-08-30T12:36:00Z
const NOW: Timestamp = Timestamp::from_seconds(1_440_938_160);

/// A request that a test may change after it was signed.
#[derive(Clone)]
struct Signed {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Signed {
    fn unsigned() -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![
                header("host", "127.0.0.1:4599"),
                header("content-type", "application/x-amz-json-1.1"),
                header("x-amz-target", "TrentService.Encrypt"),
                header("user-agent", "aws-cli/2.0"),
            ],
            body: br#"{"KeyId":"alias/a","Plaintext":"AA=="}"#.to_vec(),
        }
    }

    fn settings(location: SignatureLocation) -> SigningSettings {
        let mut settings = SigningSettings::default();
        settings.signature_location = location;
        if location == SignatureLocation::QueryParams {
            settings.expires_in = Some(Duration::from_secs(900));
        }
        settings
    }

    fn sign_with(mut self, settings: SigningSettings, credentials: Credentials) -> Self {
        let identity = credentials.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("kms")
            .time(UNIX_EPOCH + Duration::from_secs(NOW_SECONDS))
            .settings(settings)
            .build()
            .unwrap();
        let query = if self.query.is_empty() { "" } else { "?" };
        let uri = format!("http://127.0.0.1:4599{}{query}{}", self.path, self.query);
        let headers = self.headers.iter();
        let signable = SignableRequest::new(
            &self.method,
            uri,
            headers.map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(&self.body),
        );
        let (instructions, _) = sign(signable.unwrap(), &parameters.into())
            .unwrap()
            .into_parts();
        for (name, value) in instructions.headers() {
            self.headers.push((name.to_lowercase(), value.to_owned()));
        }
        for (name, value) in instructions.params() {
            let value: String = value.bytes().map(escape).collect();
            let separator = if self.query.is_empty() { "" } else { "&" };
            self.query = format!("{}{separator}{name}={value}", self.query);
        }
        self
    }

    fn signed_in(location: SignatureLocation) -> Self {
        Self::unsigned().sign_with(Self::settings(location), credentials(None))
    }

    fn header_form() -> Self {
        Self::signed_in(SignatureLocation::Headers)
    }

    fn query_form() -> Self {
        Self::signed_in(SignatureLocation::QueryParams)
    }

    fn header(&mut self, name: &str) -> &mut String {
        let found = self.headers.iter_mut().find(|(found, _)| found == name);
        &mut found.unwrap().1
    }

    fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(found, _)| found != name);
    }

    fn add_header(&mut self, name: &str, value: &str) {
        self.headers.push((name.into(), value.into()));
    }

    fn presented<T>(
        &self,
        read: impl FnOnce(Presented<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let headers: Vec<Header<'_>> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let request = Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        };
        read(Presented::parse(&request)?)
    }

    fn session_token(&self) -> Result<Option<String>, Refusal> {
        self.presented(|presented| Ok(presented.session_token().map(str::to_owned)))
    }

    fn verify_at(&self, now: Timestamp) -> Result<(), Refusal> {
        self.presented(|presented| verify(presented, now))
    }
}

fn verify(presented: Presented<'_>, now: Timestamp) -> Result<(), Refusal> {
    if presented.access_key_id() != ACCESS_KEY_ID {
        return Err(Refusal::UnknownAccessKey);
    }
    let region: Region = "us-east-1".parse().unwrap();
    let admitted = presented.admit("kms", &region, now)?;
    let key = SigningKey::derive(SECRET.as_bytes(), admitted.day(), &region, "kms");
    admitted.verify(&key, &mut Vec::new())
}

impl Signed {
    fn verify(&self) -> Result<(), Refusal> {
        self.verify_at(NOW)
    }
}

fn escape(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

fn credentials(session_token: Option<&str>) -> Credentials {
    let session_token = session_token.map(str::to_owned);
    Credentials::new(ACCESS_KEY_ID, SECRET, session_token, None, "test")
}

#[test]
fn what_aws_s_signer_signs_in_headers_verifies() {
    assert_eq!(Signed::header_form().verify(), Ok(()));
}

#[test]
fn what_aws_s_signer_presigns_verifies() {
    let signed = Signed::query_form();
    assert!(signed.query.contains("X-Amz-Signature="));
    assert_eq!(signed.verify(), Ok(()));
}

#[test]
fn a_signed_payload_hash_header_verifies() {
    let mut settings = Signed::settings(SignatureLocation::Headers);
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let signed = Signed::unsigned().sign_with(settings, credentials(None));
    assert!(
        signed
            .headers
            .iter()
            .any(|(name, _)| name == "x-amz-content-sha256")
    );
    assert_eq!(signed.verify(), Ok(()));
}

#[test]
fn other_paths_queries_bodies_and_spaces_verify() {
    for (path, query, body, agent) in [
        ("/", "", "", "a"),
        ("/a/b", "", "x", "a  b   c"),
        ("/a%20b/", "b=2&a=1&a=0&c", "x", " a "),
        ("/~user/x.y", "name=%2Fvalue%3D", "x", "a"),
    ] {
        let mut unsigned = Signed::unsigned();
        unsigned.path = path.into();
        unsigned.query = query.into();
        unsigned.body = body.into();
        unsigned.add_header("x-amz-note", agent);
        for location in [SignatureLocation::Headers, SignatureLocation::QueryParams] {
            let signed = unsigned
                .clone()
                .sign_with(Signed::settings(location), credentials(None));
            assert_eq!(signed.verify(), Ok(()), "{path}?{query}");
        }
    }
}

#[test]
fn what_no_signature_covers_may_change() {
    let mut signed = Signed::header_form();
    *signed.header("user-agent") = "another".into();
    signed.add_header("x-forwarded-for", "127.0.0.1");
    signed.headers.reverse();
    assert_eq!(signed.verify(), Ok(()));
}

#[test]
fn aws_s_published_signing_key_comes_out() {
    // "Deriving the signing key", AWS General Reference.
    let region: Region = "us-east-1".parse().unwrap();
    let secret = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let key = SigningKey::derive(secret, "20150830", &region, "iam");
    let string_to_sign = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
        f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
    let expected = super::Signature::from_hex(
        b"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    );
    assert!(
        key.sign(&[string_to_sign.as_bytes()])
            .matches(&expected.unwrap())
    );
}

#[test]
fn a_signature_in_a_header_lasts_five_minutes_both_ways() {
    let signed = Signed::header_form();
    assert_eq!(signed.verify_at(NOW.plus_millis(300_000)), Ok(()));
    assert_eq!(signed.verify_at(NOW.plus_millis(-300_000)), Ok(()));
    assert_eq!(
        signed
            .verify_at(NOW.plus_millis(301_000))
            .unwrap_err()
            .to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
         (20150830T124101Z - 5 min.)"
    );
    assert_eq!(
        signed
            .verify_at(NOW.plus_millis(-301_000))
            .unwrap_err()
            .to_string(),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z \
         (20150830T123059Z + 5 min.)"
    );
}

#[test]
fn a_presigned_request_lasts_as_long_as_it_says() {
    let signed = Signed::query_form();
    assert_eq!(signed.verify_at(NOW.plus_millis(900_000)), Ok(()));
    let late = signed.verify_at(NOW.plus_millis(900_001));
    assert!(matches!(late, Err(Refusal::Expired { seconds: 900, .. })));
    let early = signed.verify_at(NOW.plus_millis(-300_001));
    assert!(matches!(early, Err(Refusal::NotYetCurrent { .. })));
}

#[test]
fn a_date_header_does_where_there_is_no_amz_date() {
    let date = "Sun, 30 Aug 2015 12:36:00 GMT";
    let mut signed = Signed::header_form();
    signed.remove_header("x-amz-date");
    signed.add_header("date", date);
    assert_eq!(signed.verify(), Err(Malformed::UnsignedHeader.into()));
    let authorization = signed.header("authorization");
    *authorization = authorization.replace("host;x-amz-date;", "date;host;");
    assert_eq!(signed.verify(), Err(Refusal::Mismatch));
}

#[test]
fn a_session_token_is_told_and_signed_in_both_forms() {
    let token = "AQ+/=token";
    for location in [SignatureLocation::Headers, SignatureLocation::QueryParams] {
        let settings = Signed::settings(location);
        let signed = Signed::unsigned().sign_with(settings, credentials(Some(token)));
        assert_eq!(signed.verify(), Ok(()));
        assert_eq!(signed.session_token(), Ok(Some(token.to_owned())));
        let mut other = signed.clone();
        match location {
            SignatureLocation::Headers => other.header("x-amz-security-token").push('x'),
            _ => other.query = other.query.replace("token", "taken"),
        }
        assert_eq!(other.verify(), Err(Refusal::Mismatch));
    }
}

#[test]
fn a_session_token_that_is_no_text_or_there_twice_is_refused() {
    let settings = Signed::settings(SignatureLocation::QueryParams);
    let mut signed = Signed::unsigned().sign_with(settings, credentials(Some("token")));
    signed.add_header("x-amz-security-token", "token");
    assert_eq!(signed.verify(), Err(Malformed::DuplicateHeader.into()));
    let mut signed = Signed::query_form();
    signed.query.push_str("&X-Amz-Security-Token=%FF");
    assert_eq!(signed.verify(), Err(Refusal::SessionToken));
}
