//! Signatures, message authentication codes, and keys of other kinds than the symmetric one.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::api::{KeySpec, SigningAlgorithm};
use kms_core::crypto::asymmetric::{Message, PublicKey};
use kms_tests::{Home, Kms};

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
