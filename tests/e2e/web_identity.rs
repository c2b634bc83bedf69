//! Identity providers: one with its keys in a file, one on this machine that is asked for them.

use std::fs;
use std::process::Command;

use kms_tests::{Home, Script, Server, free_port, python};

const ISSUER: &str = "https://static.example/id";

/// Writes the private key of a provider to the first argument, and its key set to the second.
const MAKE_KEYS: &str = r#"
import base64, json, sys
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(65537, 2048)
pem = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
open(sys.argv[1], "wb").write(pem)
modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
n = base64.urlsafe_b64encode(modulus).rstrip(b"=").decode()
jwk = {"kty": "RSA", "kid": "static", "use": "sig", "alg": "RS256", "n": n, "e": "AQAB"}
json.dump({"keys": [jwk]}, open(sys.argv[2], "w"))
"#;

#[test]
fn tokens_of_identity_providers_are_taken_as_in_aws() {
    let home = Home::new();
    let (key, keys) = (home.scratch("provider.pem"), home.scratch("jwks.json"));
    let made = Command::new(python())
        .args(["-c", MAKE_KEYS])
        .args([&key, &keys])
        .status();
    assert!(made.unwrap().success());
    let file = home.scratch("kms-server.toml");
    let config = format!(
        "[oidc]\nplain_loopback = true\ntimeout_milliseconds = 30000\n\n\
         [[oidc_provider]]\nissuer = {ISSUER:?}\njwks_file = {keys:?}\n"
    );
    fs::write(&file, config).unwrap();
    let server = Server::start(&home.path(), &["--config", file.to_str().unwrap()]);
    let script = Script::new("web_identity.py", &home, &server)
        .env("STATIC_ISSUER", ISSUER)
        .env("STATIC_KEY", &key)
        .env("PROVIDER_PORT", free_port().to_string());
    print!("{}", script.passes());
    assert!(server.terminate().success());
    home.kms().done(["audit", "verify"]);
}

#[test]
fn a_key_set_with_a_mistake_keeps_the_server_from_starting() {
    let home = Home::new();
    let (keys, file) = (home.scratch("jwks.json"), home.scratch("kms-server.toml"));
    fs::write(&keys, "{}").unwrap();
    let config = format!("[[oidc_provider]]\nissuer = {ISSUER:?}\njwks_file = {keys:?}\n");
    fs::write(&file, config).unwrap();
    let report = Server::try_start(&home.path(), &["--config", file.to_str().unwrap()]);
    let report = report.unwrap_err();
    assert!(report.contains("oidc_provider.jwks_file"), "{report}");
}
