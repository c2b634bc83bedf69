//! Requests that AWS's signer signed and somebody then changed: none verifies.

use super::*;

type Change = fn(&mut Signed);

const ZERO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Replaces in the `Authorization` header; the test fails where there is nothing to replace.
fn in_authorization(signed: &mut Signed, from: &str, to: &str) {
    let value = signed.header("authorization");
    assert!(value.contains(from), "{from}");
    *value = value.replace(from, to);
}

fn in_query(signed: &mut Signed, from: &str, to: &str) {
    assert!(signed.query.contains(from), "{from}");
    signed.query = signed.query.replace(from, to);
}

fn repeat(signed: &mut Signed, name: &str) {
    let value = signed.header(name).clone();
    signed.add_header(name, &value);
}

#[rustfmt::skip]
const HEADER_FORM: &[(&str, Change)] = &[
    ("method", |s| s.method = "GET".into()),
    ("method case", |s| s.method = "post".into()),
    ("path", |s| s.path = "/x".into()),
    ("path doubled slash", |s| s.path = "//".into()),
    ("path dot", |s| s.path = "/.".into()),
    ("path dot dot", |s| s.path = "/x/..".into()),
    ("path empty", |s| s.path = String::new()),
    ("path escaped slash", |s| s.path = "/%2F".into()),
    ("query added", |s| s.query = "a=b".into()),
    ("query bare", |s| s.query = "a".into()),
    ("query empty pair", |s| s.query = "&".into()),
    ("query malformed", |s| s.query = "a=%zz".into()),
    ("query plus", |s| s.query = "a=b+c".into()),
    ("query flood", |s| s.query = vec!["a=b"; 100].join("&")),
    ("body changed", |s| s.body[0] ^= 1),
    ("body longer", |s| s.body.push(b' ')),
    ("body shorter", |s| { s.body.pop(); }),
    ("body empty", |s| s.body.clear()),
    ("host changed", |s| *s.header("host") = "kms.us-east-1.amazonaws.com".into()),
    ("host missing", |s| s.remove_header("host")),
    ("host repeated", |s| repeat(s, "host")),
    ("host repeated differently", |s| s.add_header("host", "evil")),
    ("host not signed", |s| in_authorization(s, "host;", "")),
    ("content type changed", |s| *s.header("content-type") = "application/json".into()),
    ("content type missing", |s| s.remove_header("content-type")),
    ("content type repeated", |s| repeat(s, "content-type")),
    ("target changed", |s| *s.header("x-amz-target") = "TrentService.Decrypt".into()),
    ("target case", |s| *s.header("x-amz-target") = "trentservice.encrypt".into()),
    ("target missing", |s| s.remove_header("x-amz-target")),
    ("target repeated", |s| repeat(s, "x-amz-target")),
    ("target not signed", |s| in_authorization(s, ";x-amz-target", "")),
    ("x-amz header added", |s| s.add_header("x-amz-extra", "1")),
    ("x-amz header in upper case", |s| s.add_header("X-Amz-Extra", "1")),
    ("date changed", |s| *s.header("x-amz-date") = "20150830T123601Z".into()),
    ("date another day", |s| *s.header("x-amz-date") = "20150829T123600Z".into()),
    ("date malformed", |s| *s.header("x-amz-date") = "2015-08-30T12:36:00Z".into()),
    ("date missing", |s| s.remove_header("x-amz-date")),
    ("date repeated", |s| repeat(s, "x-amz-date")),
    ("date not signed", |s| in_authorization(s, ";x-amz-date", "")),
    ("unsigned date instead", |s| {
        s.remove_header("x-amz-date");
        s.add_header("date", "20150830T123600Z");
    }),
    ("authorization missing", |s| s.remove_header("authorization")),
    ("authorization empty", |s| s.header("authorization").clear()),
    ("authorization repeated", |s| repeat(s, "authorization")),
    ("authorization basic", |s| *s.header("authorization") = "Basic dTpw".into()),
    ("algorithm", |s| in_authorization(s, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")),
    ("algorithm case", |s| in_authorization(s, "AWS4-HMAC-SHA256", "aws4-hmac-sha256")),
    ("algorithm v4a", |s| in_authorization(s, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")),
    ("access key", |s| in_authorization(s, ACCESS_KEY_ID, "AKIAIOSFODNN7EXAMPLF")),
    ("access key empty", |s| in_authorization(s, ACCESS_KEY_ID, "")),
    ("scope day", |s| in_authorization(s, "/20150830/", "/20150831/")),
    ("scope region", |s| in_authorization(s, "/us-east-1/", "/us-east-2/")),
    ("scope service", |s| in_authorization(s, "/kms/", "/sts/")),
    ("scope terminator", |s| in_authorization(s, "aws4_request", "aws4_reques")),
    ("scope longer", |s| in_authorization(s, "aws4_request", "aws4_request/x")),
    ("scope shorter", |s| in_authorization(s, "/aws4_request", "")),
    ("signed headers unsorted", |s| in_authorization(s, "content-type;host", "host;content-type")),
    ("signed headers repeated", |s| in_authorization(s, "host;", "host;host;")),
    ("signed headers upper case", |s| in_authorization(s, "host;", "Host;")),
    ("signed headers empty name", |s| in_authorization(s, "host;", "host;;")),
    ("signed headers empty", |s| in_authorization(s, "content-type;host;x-amz-date;x-amz-target", "")),
    ("signed headers name an absent one", |s| in_authorization(s, "x-amz-date;", "x-amz-date;x-amz-missing;")),
    ("signed headers drop one", |s| in_authorization(s, "content-type;", "")),
    ("signed headers add one", |s| in_authorization(s, "host;", "host;user-agent;")),
    ("parameters in another order", |s| {
        let value = s.header("authorization").clone();
        let (algorithm, rest) = value.split_once(' ').unwrap();
        let mut parts: Vec<&str> = rest.split(", ").collect();
        parts.reverse();
        *s.header("authorization") = format!("{algorithm} {}", parts.join(", "));
    }),
    ("parameter missing", |s| in_authorization(s, "SignedHeaders=", "Headers=")),
    ("parameter added", |s| s.header("authorization").push_str(", X=1")),
    ("signature upper case", |s| {
        let value = s.header("authorization").clone();
        let (head, signature) = value.rsplit_once('=').unwrap();
        *s.header("authorization") = format!("{head}={}", signature.to_uppercase());
    }),
    ("signature short", |s| { s.header("authorization").pop(); }),
    ("signature long", |s| s.header("authorization").push('0')),
    ("signature zero", |s| {
        let value = s.header("authorization").clone();
        let (head, _) = value.rsplit_once('=').unwrap();
        *s.header("authorization") = format!("{head}={ZERO_HASH}");
    }),
    ("payload hash unsigned", |s| s.add_header("x-amz-content-sha256", ZERO_HASH)),
    ("payload not signed", |s| {
        s.add_header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        in_authorization(s, "x-amz-date;", "x-amz-content-sha256;x-amz-date;");
    }),
    ("payload streaming", |s| {
        s.add_header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
        in_authorization(s, "x-amz-date;", "x-amz-content-sha256;x-amz-date;");
    }),
    ("session token", |s| s.add_header("x-amz-security-token", "token")),
    ("also presigned", |s| s.query = Signed::query_form().query),
    ("also half presigned", |s| s.query = "x-amz-signature=1".into()),
];

#[rustfmt::skip]
const QUERY_FORM: &[(&str, Change)] = &[
    ("method", |s| s.method = "GET".into()),
    ("path", |s| s.path = "/x".into()),
    ("body", |s| s.body.push(b' ')),
    ("host", |s| *s.header("host") = "localhost".into()),
    ("host not signed", |s| in_query(s, "host%3B", "")),
    ("target", |s| *s.header("x-amz-target") = "TrentService.Decrypt".into()),
    ("x-amz header added", |s| s.add_header("x-amz-extra", "1")),
    ("algorithm", |s| in_query(s, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")),
    ("algorithm missing", |s| in_query(s, "X-Amz-Algorithm=AWS4-HMAC-SHA256&", "")),
    ("access key", |s| in_query(s, ACCESS_KEY_ID, "AKIAIOSFODNN7EXAMPLF")),
    ("scope day", |s| in_query(s, "%2F20150830%2F", "%2F20150831%2F")),
    ("scope region", |s| in_query(s, "us-east-1", "us-west-1")),
    ("scope service", |s| in_query(s, "%2Fkms%2F", "%2Fs3%2F")),
    ("scope terminator", |s| in_query(s, "aws4_request", "aws4")),
    ("scope in another encoding", |s| in_query(s, "%2Fkms", "/kms")),
    ("lower-case encoding", |s| in_query(s, "%2Fkms", "%2fkms")),
    ("needless encoding", |s| in_query(s, "us-east-1", "us%2Deast-1")),
    ("date", |s| in_query(s, "T123600Z", "T123601Z")),
    ("lifetime", |s| in_query(s, "X-Amz-Expires=900", "X-Amz-Expires=901")),
    ("lifetime zero", |s| in_query(s, "X-Amz-Expires=900", "X-Amz-Expires=0")),
    ("lifetime over a week", |s| in_query(s, "X-Amz-Expires=900", "X-Amz-Expires=604801")),
    ("lifetime spelling", |s| in_query(s, "X-Amz-Expires=900", "X-Amz-Expires=0900")),
    ("lifetime huge", |s| in_query(s, "X-Amz-Expires=900", "X-Amz-Expires=99999999999")),
    ("lifetime missing", |s| in_query(s, "X-Amz-Expires=900&", "")),
    ("lifetime repeated", |s| s.query.push_str("&X-Amz-Expires=900")),
    ("signature repeated", |s| s.query.push_str(&format!("&X-Amz-Signature={ZERO_HASH}"))),
    ("signature missing", |s| in_query(s, "X-Amz-Signature=", "X-Amz-Signed=")),
    ("parameter added", |s| s.query.push_str("&Action=Decrypt")),
    ("session token", |s| s.query.push_str("&X-Amz-Security-Token=t")),
    ("also signed in a header", |s| {
        let value = Signed::header_form().header("authorization").clone();
        s.add_header("authorization", &value);
    }),
];

#[test]
fn no_change_to_a_signed_request_verifies() {
    for (name, change) in HEADER_FORM {
        let mut signed = Signed::header_form();
        change(&mut signed);
        assert!(signed.verify().is_err(), "{name}");
    }
}

#[test]
fn no_change_to_a_presigned_request_verifies() {
    for (name, change) in QUERY_FORM {
        let mut signed = Signed::query_form();
        change(&mut signed);
        assert!(signed.verify().is_err(), "{name}");
    }
}

#[test]
fn no_changed_nibble_of_a_signature_verifies() {
    let signed = Signed::header_form();
    let start = signed.clone().header("authorization").len() - 64;
    for position in start..start + 64 {
        let mut forged = signed.clone();
        let mut value = forged.header("authorization").clone().into_bytes();
        value[position] = if value[position] == b'0' { b'1' } else { b'0' };
        *forged.header("authorization") = String::from_utf8(value).unwrap();
        assert_eq!(forged.verify(), Err(Refusal::Mismatch), "{position}");
    }
}

#[test]
fn an_unsigned_request_misses_its_token() {
    assert_eq!(Signed::unsigned().verify(), Err(Refusal::Missing));
}
