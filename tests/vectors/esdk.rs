//! The AWS Encryption SDK's own test vectors, made by its other implementations.
//!
//! They are not part of this repository. `KMS_TEST_DATA` names a directory with `esdk-vectors/`:
//! `from-dafny/` and `valid-Net-4.0.0/` (manifest, keys, plaintexts, ciphertexts) and
//! `commitment-test-vectors.json`. Without it these tests say so and check nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::asymmetric::RsaPadding;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{
    CommitmentPolicy, DataKey, DataKeys, DecryptError, DecryptOptions, EncryptedDataKey, KeyError,
    MultiKeyring, RawAesKeyring, RawRsaKeyring, SignedMessages, decrypt, inspect,
};
use kms_core::secret::SecretBytes;
use serde_json::Value;

fn vectors() -> Option<PathBuf> {
    let Some(root) = std::env::var_os("KMS_TEST_DATA") else {
        eprintln!("SKIPPED: KMS_TEST_DATA is not set, no AWS Encryption SDK vector was checked");
        return None;
    };
    Some(Path::new(&root).join("esdk-vectors"))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A file that a manifest names as `file://…`, beside the manifest.
fn named(directory: &Path, uri: &Value) -> Vec<u8> {
    fs::read(directory.join(text(uri).strip_prefix("file://").unwrap())).unwrap()
}

fn pairs(value: &Value) -> EncryptionContext {
    let pairs = value.as_object().unwrap();
    pairs
        .iter()
        .map(|(key, value)| (key.clone(), text(value).to_owned()))
        .collect()
}

/// Everything that may be read: the vectors exercise each suite.
fn allowing_all(reproduced_context: EncryptionContext) -> DecryptOptions {
    DecryptOptions {
        commitment_policy: CommitmentPolicy::RequireEncryptAllowDecrypt,
        signed_messages: SignedMessages::HoldBack,
        reproduced_context,
        ..DecryptOptions::default()
    }
}

fn opened(
    message: &[u8],
    keys: &dyn DataKeys,
    options: &DecryptOptions,
) -> Result<Vec<u8>, DecryptError> {
    let mut plaintext = Vec::new();
    decrypt(&mut &message[..], &mut plaintext, keys, options)?;
    Ok(plaintext)
}

/// The keyring that a description of raw keys stands for; `None` where it names any of a KMS.
fn raw(description: &Value, keys: &Value) -> Option<Box<dyn DataKeys>> {
    let key = || &keys["keys"][text(&description["key"])];
    match description["type"].as_str()? {
        "raw" if description["encryption-algorithm"] == "aes" => {
            let material = STANDARD.decode(text(&key()["material"])).unwrap();
            let keyring = RawAesKeyring::new(
                text(&description["provider-id"]),
                text(&key()["key-id"]),
                &SecretBytes::new(material),
                Arc::new(SystemRandom),
            );
            Some(Box::new(keyring.unwrap()))
        }
        "raw" if description["encryption-algorithm"] == "rsa" => {
            let keyring = RawRsaKeyring::of_private_key(
                text(&description["provider-id"]),
                text(&key()["key-id"]),
                padding(description),
                &SecretBytes::new(der(text(&key()["material"]))),
                Arc::new(SystemRandom),
            );
            Some(Box::new(keyring.unwrap()))
        }
        "multi-keyring" => {
            let mut keyring = MultiKeyring::with_generator(raw(&description["generator"], keys)?);
            for child in description["childKeyrings"].as_array().unwrap() {
                keyring = keyring.and(raw(child, keys)?);
            }
            Some(Box::new(keyring))
        }
        "required-encryption-context-cmm" => raw(&description["underlying"], keys),
        _ => None,
    }
}

fn padding(description: &Value) -> RsaPadding {
    let (padding, hash) = (
        &description["padding-algorithm"],
        &description["padding-hash"],
    );
    match (text(padding), text(hash)) {
        ("pkcs1", _) => RsaPadding::Pkcs1V15,
        ("oaep-mgf1", "sha1") => RsaPadding::OaepSha1,
        ("oaep-mgf1", "sha256") => RsaPadding::OaepSha256,
        ("oaep-mgf1", "sha384") => RsaPadding::OaepSha384,
        ("oaep-mgf1", "sha512") => RsaPadding::OaepSha512,
        other => panic!("{other:?}"),
    }
}

/// The bytes of a private key in PEM.
fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

#[test]
fn messages_of_the_dafny_implementations_open_under_raw_keys_and_parse_under_any() {
    let Some(root) = vectors() else { return };
    let directory = root.join("from-dafny");
    let keys = json(&directory.join("keys.json"));
    let manifest = json(&directory.join("decrypt-manifest.json"));
    let (mut opened_by_suite, mut parsed) = (BTreeMap::<u16, u32>::new(), 0);
    for (name, test) in manifest["tests"].as_object().unwrap() {
        let scenario = &test["decryption-scenario"];
        let message = named(&directory, &scenario["ciphertext"]);
        let header = inspect(&mut &message[..]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let suite = u16::from_str_radix(text(&scenario["algorithmSuiteId"]), 16).unwrap();
        assert_eq!(header.suite.id(), suite, "{name}");
        parsed += 1;
        let Some(keyring) = raw(&scenario["decryptKeyDescription"], &keys) else {
            continue;
        };
        let options = allowing_all(pairs(&scenario["reproduced-encryption-context"]));
        let plaintext = opened(&message, &*keyring, &options)
            .unwrap_or_else(|error| panic!("{name}, {}: {error}", scenario["description"]));
        assert!(
            plaintext == named(&directory, &scenario["result"]),
            "{name}"
        );
        *opened_by_suite.entry(suite).or_default() += 1;
    }
    println!("{parsed} headers parsed; opened by suite: {opened_by_suite:04x?}");
    assert_eq!(parsed, 487);
    assert_eq!(opened_by_suite.len(), 11);
    assert!(opened_by_suite.values().all(|count| *count == 17));
}

#[test]
fn messages_with_a_required_context_open_when_it_is_reproduced_and_only_then() {
    let Some(root) = vectors() else { return };
    let directory = root.join("valid-Net-4.0.0");
    let keys = json(&directory.join("keys.json"));
    let manifest = json(&directory.join("manifest.json"));
    let tests = manifest["tests"].as_object().unwrap();
    assert_eq!(tests.len(), 5);
    for (name, test) in tests {
        let message = named(&directory, &test["ciphertext"]);
        let keyring = raw(&test["master-keys"][0], &keys).unwrap();
        let context = pairs(&test["encryption-context"]);
        let stored = inspect(&mut &message[..]).unwrap().context;
        let plaintext = opened(&message, &*keyring, &allowing_all(context.clone()))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = named(&directory, &test["result"]["output"]["plaintext"]);
        assert!(plaintext == expected, "{name}");
        if context.iter().any(|(key, _)| stored.get(key).is_none()) {
            let bare = allowing_all(EncryptionContext::new());
            assert!(opened(&message, &*keyring, &bare).is_err(), "{name}");
        }
    }
}

/// Gives one data key, whatever is asked.
struct Injected(Vec<u8>);

impl DataKeys for Injected {
    fn generate(&self, _: usize, _: &EncryptionContext) -> Result<DataKey, KeyError> {
        Err(io::Error::from(io::ErrorKind::Unsupported).into())
    }

    fn wrap(
        &self,
        _: &SecretBytes,
        _: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        Err(io::Error::from(io::ErrorKind::Unsupported).into())
    }

    fn unwrap(
        &self,
        _: &[EncryptedDataKey],
        _: &EncryptionContext,
        _: usize,
    ) -> Result<SecretBytes, KeyError> {
        Ok(SecretBytes::new(self.0.clone()))
    }
}

#[test]
fn messages_open_only_with_the_data_key_that_they_commit_to() {
    let Some(root) = vectors() else { return };
    let vectors = json(&root.join("commitment-test-vectors.json"));
    let (mut good, mut mismatched) = (0, 0);
    for test in vectors["tests"].as_array().unwrap() {
        let name = text(&test["comment"]);
        let message = STANDARD.decode(text(&test["ciphertext"])).unwrap();
        let key = STANDARD.decode(text(&test["decrypted-dek"])).unwrap();
        let result = opened(
            &message,
            &Injected(key),
            &allowing_all(EncryptionContext::new()),
        );
        if test["status"] == true {
            let plaintext = result.unwrap_or_else(|error| panic!("{name}: {error}"));
            let frames = test["plaintext-frames"].as_array().unwrap();
            let expected: String = frames.iter().map(text).collect();
            assert_eq!(plaintext, expected.as_bytes(), "{name}");
            good += 1;
        } else {
            assert!(
                matches!(result, Err(DecryptError::CommitmentMismatch)),
                "{name}: {result:?}"
            );
            mismatched += 1;
        }
    }
    assert_eq!((good, mismatched), (41, 5));
}

/// A signed vector with several frames, its data key, and the plaintext.
fn signed_vector(root: &Path) -> (Vec<u8>, Injected, String) {
    let vectors = json(&root.join("commitment-test-vectors.json"));
    let test = vectors["tests"].as_array().unwrap().iter().find(|test| {
        let signed = test["encryption-context"].get("aws-crypto-public-key");
        signed.is_some()
            && test["status"] == true
            && test["plaintext-frames"].as_array().unwrap().len() > 2
    });
    let test = test.unwrap();
    let frames = test["plaintext-frames"].as_array().unwrap();
    (
        STANDARD.decode(text(&test["ciphertext"])).unwrap(),
        Injected(STANDARD.decode(text(&test["decrypted-dek"])).unwrap()),
        frames.iter().map(text).collect(),
    )
}

#[test]
fn a_signed_message_is_refused_unless_the_caller_says_how_to_release_it() {
    let Some(root) = vectors() else { return };
    let (message, keys, _) = signed_vector(&root);
    let result = opened(&message, &keys, &DecryptOptions::default());
    assert!(matches!(result, Err(DecryptError::Signed)), "{result:?}");
}

#[test]
fn a_message_with_a_bad_signature_releases_nothing_when_held_and_no_final_frame_when_not() {
    let Some(root) = vectors() else { return };
    let (mut message, keys, expected) = signed_vector(&root);
    *message.last_mut().unwrap() ^= 1;
    for signed_messages in [SignedMessages::HoldBack, SignedMessages::ReleaseUnverified] {
        let options = DecryptOptions {
            signed_messages,
            ..DecryptOptions::default()
        };
        let mut released = Vec::new();
        let result = decrypt(&mut &message[..], &mut released, &keys, &options);
        assert!(matches!(result, Err(DecryptError::Forged(_))), "{result:?}");
        assert!(released.len() < expected.len());
        if signed_messages == SignedMessages::HoldBack {
            assert_eq!(released, b"");
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_signed_message_is_refused() {
    let Some(root) = vectors() else { return };
    let (message, keys, expected) = signed_vector(&root);
    let options = allowing_all(EncryptionContext::new());
    assert_eq!(
        opened(&message, &keys, &options).unwrap(),
        expected.as_bytes()
    );
    for byte in 0..message.len() {
        let mut altered = message.clone();
        altered[byte] ^= 1;
        assert!(opened(&altered, &keys, &options).is_err(), "byte {byte}");
    }
}
