//! Signatures, message authentication codes, and keys of other kinds than the symmetric one.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::api::{KeySpec, SigningAlgorithm};
use kms_core::crypto::asymmetric::{Message, PublicKey};
use kms_tests::{Home, Kms, program};

use crate::{FAILED, INTEGRITY, USAGE, bytes, quietly, refused};

fn store_with(spec: &str) -> (Home, Kms) {
    let home = Home::initialised();
    let kms = home.kms();
    let usage = match spec {
        "RSA_2048" | "ECC_NIST_P256" => &["--usage", "SIGN_VERIFY"][..],
        _ => &[],
    };
    let create = ["key", "create", "--alias", "alias/k", "--spec", spec];
    kms.done([&create[..], usage].concat());
    (home, kms)
}

fn verified(kms: &Kms, signature: &str, message: &[u8]) -> std::process::Output {
    kms.feed(
        ["verify", "-k", "alias/k", "--signature", signature],
        message,
    )
}

#[test]
fn what_is_signed_verifies_at_every_size() {
    for spec in ["ECC_NIST_P256", "RSA_2048"] {
        let (home, kms) = store_with(spec);
        let file = home.scratch("signature");
        let path = file.to_str().unwrap();
        for length in [0, 1, 4096, 4097, 300_000] {
            let message = bytes(length);
            let signature = quietly(kms.feed(["sign", "-k", "alias/k"], &message));
            fs::write(&file, &signature).unwrap();
            let said = quietly(verified(&kms, path, &message));
            assert!(
                String::from_utf8(said)
                    .unwrap()
                    .starts_with("signed by arn:")
            );
            let other = [&message[..], b"x"].concat();
            refused(
                &verified(&kms, path, &other),
                INTEGRITY,
                "KMSInvalidSignatureException",
            );
        }
    }
}

#[test]
fn the_public_key_verifies_elsewhere_what_the_key_signs() {
    let (_home, kms) = store_with("ECC_NIST_P256");
    let pem = kms.done(["key", "public-key", "alias/k"]);
    let mut lines = pem.lines();
    assert_eq!(lines.next(), Some("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(lines.next_back(), Some("-----END PUBLIC KEY-----"));
    let text: String = lines.collect();
    let key = PublicKey::open(KeySpec::EccNistP256, &STANDARD.decode(text).unwrap()).unwrap();
    let message = bytes(10_000);
    let signature = quietly(kms.feed(["sign", "-k", "alias/k"], &message));
    let algorithm = SigningAlgorithm::EcdsaSha256;
    key.verify(algorithm, Message::Raw(&message), &signature)
        .unwrap();
}

#[test]
fn keys_that_sign_whole_messages_say_so() {
    let (home, kms) = store_with("ML_DSA_65");
    let file = home.scratch("signature");
    let signature = quietly(kms.feed(["sign", "-k", "alias/k"], &bytes(4096)));
    fs::write(&file, &signature).unwrap();
    quietly(verified(&kms, file.to_str().unwrap(), &bytes(4096)));
    for length in [0, 4097] {
        let output = kms.feed(["sign", "-k", "alias/k"], &bytes(length));
        refused(&output, FAILED, "ML_DSA_SHAKE_256 signs 1 to 4096 bytes");
    }
}

#[test]
fn an_authentication_code_is_that_of_its_message() {
    let (home, kms) = store_with("HMAC_384");
    let file = home.scratch("mac");
    let mac = quietly(kms.feed(["mac", "generate", "-k", "alias/k"], b"message"));
    assert_eq!(mac.len(), 48);
    fs::write(&file, &mac).unwrap();
    let path = file.to_str().unwrap();
    let verify = ["mac", "verify", "-k", "alias/k", "--mac", path];
    let said = quietly(kms.feed(verify, b"message"));
    assert!(String::from_utf8(said).unwrap().contains("HMAC_SHA_384"));
    let output = kms.feed(verify, b"massage");
    refused(&output, INTEGRITY, "KMSInvalidMacException");
    let output = kms.feed(["mac", "generate", "-k", "alias/k"], &bytes(4097));
    refused(&output, FAILED, "longer than 4096 bytes");
}

#[test]
fn a_key_that_does_not_sign_is_told_by_its_usage() {
    let (_home, kms) = store_with("HMAC_256");
    let output = kms.feed(["sign", "-k", "alias/k"], b"message");
    refused(&output, FAILED, "GENERATE_VERIFY_MAC, not for SIGN_VERIFY");
    let asked = ["sign", "-k", "alias/k", "--algorithm", "ECDSA_SHA_256"];
    refused(&kms.feed(asked, b"m"), FAILED, "is not valid for Sign");
    let unknown = ["sign", "-k", "alias/k", "--algorithm", "ROT13"];
    assert_eq!(kms.feed(unknown, b"m").status.code(), Some(USAGE));
    let output = kms.run(["key", "create", "--spec", "RSA_2048"]);
    refused(&output, FAILED, "You must specify a KeyUsage value");
}

#[test]
fn standard_input_is_not_read_for_two_things() {
    let (_home, kms) = store_with("ECC_NIST_P256");
    for arguments in [
        &["verify", "-k", "alias/k", "--signature", "-"][..],
        &["verify", "-k", "alias/k", "--signature", "-", "-"],
        &["mac", "verify", "-k", "alias/k", "--mac", "-"],
    ] {
        refused(&kms.feed(arguments, b"x"), USAGE, "both");
    }
}

/// An endpoint of another make, which says "not valid" with a good status where AWS refuses.
fn endpoint_that_answers(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !request.ends_with(b"}") {
            let count = stream.read(&mut chunk).unwrap();
            request.extend_from_slice(&chunk[..count]);
        }
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close";
        let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).unwrap();
    });
    url
}

#[test]
fn an_endpoint_that_does_not_say_valid_is_not_believed() {
    let home = Home::new();
    let mac = home.scratch("mac");
    fs::write(&mac, "AAAA").unwrap();
    let ask = |command: &[&str], body| {
        Command::new(program("kms"))
            .args(command)
            .args(["-k", "alias/k", mac.to_str().unwrap()])
            .env_clear()
            .env("HOME", home.as_ref())
            .env("AWS_ENDPOINT_URL_KMS", endpoint_that_answers(body))
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            .output()
            .unwrap()
    };
    let file = mac.to_str().unwrap();
    let verify = [
        "verify",
        "--algorithm",
        "ECDSA_SHA_256",
        "--signature",
        file,
    ];
    let verify_mac = [
        "mac",
        "verify",
        "--algorithm",
        "HMAC_SHA_256",
        "--mac",
        file,
    ];
    let key =
        r#""KeyId":"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab""#;
    let answered = |rest: &str| -> &'static str { format!("{{{key},{rest}}}").leak() };
    for rest in [r#""SignatureValid":false,"#, ""] {
        let body = answered(&format!(r#"{rest}"SigningAlgorithm":"ECDSA_SHA_256""#));
        refused(&ask(&verify, body), INTEGRITY, "does not verify");
    }
    for rest in [r#""MacValid":false,"#, ""] {
        let body = answered(&format!(r#"{rest}"MacAlgorithm":"HMAC_SHA_256""#));
        refused(&ask(&verify_mac, body), INTEGRITY, "does not verify");
    }
    let body = answered(r#""MacValid":true,"MacAlgorithm":"HMAC_SHA_256""#);
    quietly(ask(&verify_mac, body));
}
