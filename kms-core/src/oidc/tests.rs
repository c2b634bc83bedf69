use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::api::{KeySpec, SigningAlgorithm};
use crate::crypto::asymmetric::{Message, NewKeyPair, PrivateKey, generate};
use crate::crypto::random::SystemRandom;
use crate::time::Timestamp;

const ISSUER: &str = "https://oidc.example/id";
const NOW: i64 = 1_800_000_000;

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of a provider: how its tokens are signed, and its entry in the key set.
struct Signer {
    alg: &'static str,
    algorithm: SigningAlgorithm,
    spec: KeySpec,
    pair: NewKeyPair,
}

impl Signer {
    fn new(alg: &'static str, algorithm: SigningAlgorithm, spec: KeySpec) -> Self {
        let pair = generate(spec, &SystemRandom).unwrap();
        Self {
            alg,
            algorithm,
            spec,
            pair,
        }
    }

    fn coordinate(&self) -> usize {
        match self.spec {
            KeySpec::EccNistP256 => 32,
            KeySpec::EccNistP384 => 48,
            _ => 66,
        }
    }

    fn jwk(&self) -> Value {
        let public = &self.pair.public;
        let mut jwk = match self.spec {
            KeySpec::Rsa2048 => json!({
                "kty": "RSA", "n": encode(&public[33..289]), "e": "AQAB",
            }),
            KeySpec::EccNistEdwards25519 => json!({
                "kty": "OKP", "crv": "Ed25519", "x": encode(&public[12..]),
            }),
            _ => {
                let length = self.coordinate();
                let point = &public[public.len() - 2 * length..];
                let crv = format!("P-{}", if length == 66 { 521 } else { length * 8 });
                json!({
                    "kty": "EC", "crv": crv,
                    "x": encode(&point[..length]), "y": encode(&point[length..]),
                })
            }
        };
        jwk["kid"] = json!("k1");
        jwk["use"] = json!("sig");
        jwk
    }

    fn keys(&self) -> KeySet {
        KeySet::parse(json!({"keys": [self.jwk()]}).to_string().as_bytes()).unwrap()
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let key = PrivateKey::open(self.spec, self.pair.private.expose()).unwrap();
        let signature = key.sign(self.algorithm, Message::Raw(message)).unwrap();
        match self.spec {
            KeySpec::Rsa2048 | KeySpec::EccNistEdwards25519 => signature,
            _ => fixed(&signature, self.coordinate()),
        }
    }

    fn sign(&self, header: &Value, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims));
        let signature = self.signature(signed.as_bytes());
        format!("{signed}.{}", encode(signature))
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.alg, "kid": "k1", "typ": "JWT"});
        self.sign(&header, &claims.to_string())
    }
}

/// `r ‖ s` of a DER signature.
fn fixed(der: &[u8], length: usize) -> Vec<u8> {
    let mut rest = if der[1] == 0x81 { &der[3..] } else { &der[2..] };
    let mut out = Vec::new();
    for _ in 0..2 {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        out.extend(std::iter::repeat_n(0, length - number.len()));
        out.extend_from_slice(number);
        rest = after;
    }
    out
}

static SIGNERS: LazyLock<Vec<Signer>> = LazyLock::new(|| {
    vec![
        Signer::new(
            "EdDSA",
            SigningAlgorithm::Ed25519Sha512,
            KeySpec::EccNistEdwards25519,
        ),
        Signer::new("ES256", SigningAlgorithm::EcdsaSha256, KeySpec::EccNistP256),
        Signer::new("ES384", SigningAlgorithm::EcdsaSha384, KeySpec::EccNistP384),
        Signer::new("ES512", SigningAlgorithm::EcdsaSha512, KeySpec::EccNistP521),
        Signer::new(
            "RS256",
            SigningAlgorithm::RsassaPkcs1V15Sha256,
            KeySpec::Rsa2048,
        ),
        Signer::new(
            "RS384",
            SigningAlgorithm::RsassaPkcs1V15Sha384,
            KeySpec::Rsa2048,
        ),
        Signer::new(
            "RS512",
            SigningAlgorithm::RsassaPkcs1V15Sha512,
            KeySpec::Rsa2048,
        ),
        Signer::new("PS256", SigningAlgorithm::RsassaPssSha256, KeySpec::Rsa2048),
        Signer::new("PS384", SigningAlgorithm::RsassaPssSha384, KeySpec::Rsa2048),
        Signer::new("PS512", SigningAlgorithm::RsassaPssSha512, KeySpec::Rsa2048),
    ]
});

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "system:serviceaccount:ns:app", "aud": "sts.amazonaws.com",
        "exp": NOW + 600, "iat": NOW - 10, "nbf": NOW - 10,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn verify(keys: &KeySet, token: &str) -> Result<Claims, Refused> {
    let expected = Expected {
        issuer: ISSUER,
        audiences: &["other".to_owned(), "sts.amazonaws.com".to_owned()],
        now: Timestamp::from_seconds(NOW),
    };
    WebIdentityToken::parse(token)?.verify(keys, &expected)
}

fn first() -> &'static Signer {
    &SIGNERS[0]
}

fn refused(claims: &Value) -> Refused {
    verify(&first().keys(), &first().token(claims)).unwrap_err()
}

#[test]
fn tokens_of_every_accepted_algorithm_are_taken() {
    for signer in SIGNERS.iter() {
        let read = verify(&signer.keys(), &signer.token(&claims())).unwrap();
        assert_eq!(
            read.subject(),
            "system:serviceaccount:ns:app",
            "{}",
            signer.alg
        );
        assert_eq!(read.audience(), ["sts.amazonaws.com"]);
    }
}

#[test]
fn a_key_takes_no_algorithm_of_another_type() {
    for signer in SIGNERS.iter() {
        for other in SIGNERS.iter().filter(|other| other.spec != signer.spec) {
            let header = json!({"alg": other.alg, "kid": "k1"});
            let token = signer.sign(&header, &claims().to_string());
            let error = verify(&signer.keys(), &token).unwrap_err();
            assert_eq!(error, Refused::Signature, "{} {}", signer.alg, other.alg);
        }
    }
}

#[test]
fn a_key_that_names_its_algorithm_takes_no_other() {
    let signer = &SIGNERS[4];
    let mut jwk = signer.jwk();
    jwk["alg"] = json!("PS256");
    let keys = KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
    let error = verify(&keys, &signer.token(&claims())).unwrap_err();
    assert_eq!(error, Refused::UnknownKey);
}

#[test]
fn none_and_shared_secrets_are_no_algorithms() {
    let signer = &SIGNERS[4];
    for alg in [
        "none", "None", "NONE", "", "HS256", "HS384", "HS512", "ES256K", "rs256", "RS1",
    ] {
        let header = json!({"alg": alg, "kid": "k1"});
        let signed = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims().to_string())
        );
        for signature in ["", "AAAA"] {
            let token = format!("{signed}.{signature}");
            assert_eq!(
                verify(&signer.keys(), &token).unwrap_err(),
                Refused::Malformed,
                "{alg}"
            );
        }
    }
}

#[test]
fn every_altered_part_is_refused() {
    let token = first().token(&claims());
    let keys = first().keys();
    for place in 0..token.len() {
        let mut altered = token.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert!(verify(&keys, &altered).is_err(), "{place}");
    }
    for length in 0..token.len() {
        let cut = token.get(..length).unwrap();
        assert!(verify(&keys, cut).is_err(), "{length}");
    }
}

#[test]
fn headers_that_ask_for_more_are_refused() {
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("enc", json!("A256GCM")),
        ("zip", json!("DEF")),
        ("typ", json!("at+jwt")),
        ("typ", json!(7)),
        ("kid", json!(7)),
        ("alg", json!(["EdDSA"])),
    ] {
        let mut header = json!({"alg": "EdDSA", "kid": "k1"});
        header[name] = value;
        let token = first().sign(&header, &claims().to_string());
        assert_eq!(
            verify(&first().keys(), &token).unwrap_err(),
            Refused::Malformed,
            "{name}"
        );
    }
    for header in [json!({"alg": "EdDSA"}), json!({"kid": "k1"}), json!([])] {
        let token = first().sign(&header, &claims().to_string());
        assert_eq!(
            verify(&first().keys(), &token).unwrap_err(),
            Refused::Malformed
        );
    }
}

#[test]
fn a_claim_that_is_there_twice_makes_no_token() {
    let text = claims().to_string();
    let twice = text.replacen('{', r#"{"sub":"admin","#, 1);
    let header = json!({"alg": "EdDSA", "kid": "k1"});
    let token = first().sign(&header, &twice);
    assert_eq!(
        verify(&first().keys(), &token).unwrap_err(),
        Refused::Malformed
    );
}

#[test]
fn the_issuer_is_compared_whole() {
    for issuer in [
        "https://oidc.example/id/",
        "https://oidc.example/i",
        "HTTPS://oidc.example/id",
    ] {
        assert_eq!(refused(&with("iss", json!(issuer))), Refused::Issuer);
    }
    assert_eq!(refused(&without("iss")), Refused::Issuer);
    assert_eq!(refused(&with("iss", json!([ISSUER]))), Refused::Issuer);
}

#[test]
fn the_audience_is_one_of_those_expected() {
    for audience in [
        json!("stranger"),
        json!(["stranger"]),
        json!("STS.amazonaws.com"),
    ] {
        assert_eq!(refused(&with("aud", audience)), Refused::Audience);
    }
    for audience in [json!([]), json!(null), json!([7]), json!({})] {
        assert_eq!(refused(&with("aud", audience)), Refused::Claim("aud"));
    }
    assert_eq!(refused(&without("aud")), Refused::Claim("aud"));
    let many = with("aud", json!(["stranger", "other"]));
    verify(&first().keys(), &first().token(&many)).unwrap();
}

#[test]
fn the_party_that_a_token_was_given_to_counts_as_its_audience() {
    assert_eq!(refused(&with("azp", json!("stranger"))), Refused::Audience);
    assert_eq!(
        refused(&with("azp", json!(["other"]))),
        Refused::Claim("azp")
    );
    let mut given = with("azp", json!("other"));
    given["aud"] = json!("backend");
    let read = verify(&first().keys(), &first().token(&given)).unwrap();
    let values = read.for_conditions();
    assert_eq!(values["aud"], ["other"]);
    assert_eq!(values["azp"], ["other"]);
    assert_eq!(values["oaud"], ["backend"]);
}

#[test]
fn a_token_holds_from_when_to_when_it_says() {
    assert_eq!(refused(&with("exp", json!(NOW))), Refused::Expired);
    assert_eq!(refused(&with("exp", json!(NOW - 1))), Refused::Expired);
    assert_eq!(refused(&with("nbf", json!(NOW + 301))), Refused::NotYet);
    assert_eq!(refused(&with("iat", json!(NOW + 301))), Refused::NotYet);
    for name in ["exp", "iat"] {
        assert_eq!(refused(&without(name)), Refused::Claim(name));
        assert_eq!(
            refused(&with(name, json!("1800000600"))),
            Refused::Claim(name)
        );
        assert_eq!(refused(&with(name, json!(1e300))), Refused::Claim(name));
    }
    assert_eq!(refused(&with("nbf", json!(null))), Refused::Claim("nbf"));
    verify(&first().keys(), &first().token(&without("nbf"))).unwrap();
}

#[test]
fn a_subject_is_there() {
    for subject in [json!(""), json!(7), json!("s".repeat(256))] {
        assert_eq!(refused(&with("sub", subject)), Refused::Claim("sub"));
    }
    assert_eq!(refused(&without("sub")), Refused::Claim("sub"));
}

#[test]
fn a_token_that_is_too_long_is_refused() {
    let token = first().token(&with("x", json!("y".repeat(MAX_TOKEN))));
    assert_eq!(
        verify(&first().keys(), &token).unwrap_err(),
        Refused::Malformed
    );
}

#[test]
fn an_unknown_key_is_named_so() {
    let header = json!({"alg": "EdDSA", "kid": "k2"});
    let token = first().sign(&header, &claims().to_string());
    assert_eq!(
        verify(&first().keys(), &token).unwrap_err(),
        Refused::UnknownKey
    );
    let nobody = KeySet::parse(br#"{"keys":[]}"#).unwrap();
    let token = first().token(&claims());
    assert_eq!(verify(&nobody, &token).unwrap_err(), Refused::UnknownKey);
}

#[test]
fn claims_can_be_asked_for_and_tags_come_along() {
    let mut given = claims();
    given["repository"] = json!("org/repo");
    given["amr"] = json!(["mfa", "pwd"]);
    given["run"] = json!(7);
    given["nested"] = json!({"a": 1});
    given["https://aws.amazon.com/source_identity"] = json!("alice");
    given["https://aws.amazon.com/tags"] = json!({
        "principal_tags": {"team": ["kms"]}, "transitive_tag_keys": ["team"],
    });
    let read = verify(&first().keys(), &first().token(&given)).unwrap();
    let values = read.for_conditions();
    assert_eq!(values["repository"], ["org/repo"]);
    assert_eq!(values["amr"], ["mfa", "pwd"]);
    assert_eq!(values["run"], ["7"]);
    assert!(!values.contains_key("nested") && !values.contains_key("exp"));
    assert_eq!(read.source_identity(), Some("alice"));
    assert_eq!(read.tags().tags["team"], "kms");
    assert_eq!(read.tags().transitive, ["team"]);
    for tags in [
        json!([]),
        json!({}),
        json!({"principal_tags": {"team": "kms"}}),
        json!({"principal_tags": {"team": ["a", "b"]}}),
        json!({"principal_tags": {}, "more": 1}),
    ] {
        let claim = "https://aws.amazon.com/tags";
        assert_eq!(refused(&with(claim, tags)), Refused::Claim(claim));
    }
}

#[test]
fn a_key_set_with_a_mistake_is_none() {
    let jwk = first().jwk();
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut jwk = jwk.clone();
        edit(&mut jwk);
        json!({"keys": [jwk]}).to_string()
    };
    let rsa = SIGNERS[4].jwk();
    let short = encode([0xff; 255]);
    for text in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"keys":{}}"#.to_owned(),
        r#"{"keys":[{}]}"#.to_owned(),
        r#"{"keys":[],"keys":[]}"#.to_owned(),
        json!({"keys": [jwk, jwk]}).to_string(),
        edited(&|jwk| jwk["d"] = json!("AA")),
        edited(&|jwk| jwk["x"] = json!("AA")),
        edited(&|jwk| jwk["x"] = json!("")),
        edited(&|jwk| jwk["x"] = json!(7)),
        edited(&|jwk| jwk["kid"] = json!("")),
        edited(&|jwk| jwk["x"] = json!(format!("{}=", jwk["x"].as_str().unwrap()))),
        json!({"keys": [{"kty": "RSA", "kid": "a", "n": short, "e": "AQAB"}]}).to_string(),
        json!({"keys": [{"kty": "RSA", "kid": "a", "n": rsa["n"], "e": "AQ"}]}).to_string(),
        json!({"keys": [{"kty": "RSA", "kid": "a", "n": rsa["n"], "e": "AAEAAQ"}]}).to_string(),
        json!({"keys": [{"kty": "RSA", "kid": "a", "n": rsa["n"]}]}).to_string(),
        json!({"keys": [{"kty": "EC", "kid": "a", "crv": "P-256", "x": rsa["e"], "y": rsa["e"]}]})
            .to_string(),
    ] {
        assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn keys_of_other_kinds_uses_and_without_names_are_left_out() {
    let jwk = first().jwk();
    let edited = |name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    let mut nameless = jwk.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    let others = json!({"keys": [
        edited("use", json!("enc")),
        edited("key_ops", json!(["encrypt"])),
        edited("kty", json!("oct")),
        edited("crv", json!("X25519")),
        edited("alg", json!("HS256")),
        nameless,
    ]});
    assert!(
        KeySet::parse(others.to_string().as_bytes())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_example_of_rfc_8037_verifies() {
    // Appendix A.4, by the key of appendix A.2.
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "a",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let keys = KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
    let algorithm = crate::crypto::jws::JwsAlgorithm::EdDsa;
    let key = keys.key("a", algorithm).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    key.verify(algorithm, message, &signature).unwrap();
}
