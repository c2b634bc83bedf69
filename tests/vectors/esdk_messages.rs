//! Messages of the official AWS Encryption SDK for Python: `esdk-messages.json`, which
//! `make_esdk_messages.py` makes.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::asymmetric::RsaPadding;
use kms_core::crypto::random::SystemRandom;
use kms_core::envelope::{
    CommitmentPolicy, Content, DataKey, DataKeys, DecryptError, DecryptOptions, EncryptedDataKey,
    KeyError, RawAesKeyring, RawRsaKeyring, SignedMessages, Summary, decrypt, inspect, verify,
};
use kms_core::secret::SecretBytes;
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(include_str!("esdk-messages.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn keyring(recipient: &str, document: &Value) -> Box<dyn DataKeys> {
    let random = Arc::new(SystemRandom);
    let Some(padding) = recipient.strip_prefix("rsa ") else {
        let key = SecretBytes::new(bytes(&document["aes-key"]));
        return Box::new(RawAesKeyring::new("raw", recipient, &key, random).unwrap());
    };
    let padding = match padding {
        "pkcs1" => RsaPadding::Pkcs1V15,
        "oaep-sha1" => RsaPadding::OaepSha1,
        "oaep-sha256" => RsaPadding::OaepSha256,
        "oaep-sha384" => RsaPadding::OaepSha384,
        "oaep-sha512" => RsaPadding::OaepSha512,
        other => panic!("{other}"),
    };
    let key = SecretBytes::new(bytes(&document["rsa-private-key"]));
    Box::new(RawRsaKeyring::of_private_key("raw", "rsa", padding, &key, random).unwrap())
}

fn options(reproduced_context: EncryptionContext) -> DecryptOptions {
    DecryptOptions {
        commitment_policy: CommitmentPolicy::RequireEncryptAllowDecrypt,
        signed_messages: SignedMessages::HoldBack,
        reproduced_context,
        ..DecryptOptions::default()
    }
}

fn context(document: &Value) -> EncryptionContext {
    let pairs = document["context"].as_object().unwrap().iter();
    pairs
        .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

fn opened(
    message: &[u8],
    keys: &dyn DataKeys,
    options: &DecryptOptions,
) -> (Vec<u8>, Result<Summary, DecryptError>) {
    let mut plaintext = Vec::new();
    let result = decrypt(&mut &message[..], &mut plaintext, keys, options);
    (plaintext, result)
}

fn plaintext_of(test: &Value) -> Vec<u8> {
    let length = test["plaintext-length"].as_u64().unwrap();
    (0..length)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect()
}

fn suite_of(test: &Value) -> u16 {
    u16::from_str_radix(test["suite"].as_str().unwrap(), 16).unwrap()
}

fn names(value: &Value) -> Vec<&str> {
    let names = value.as_array().unwrap().iter();
    names.map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn every_message_opens_for_each_of_its_recipients() {
    let document = document();
    let context = context(&document);
    let (mut suites, mut count) = (Vec::new(), 0);
    for test in document["messages"].as_array().unwrap() {
        let (message, suite) = (bytes(&test["message"]), suite_of(test));
        suites.push(suite);
        for recipient in names(&test["recipients"]) {
            let keys = keyring(recipient, &document);
            let (plaintext, result) = opened(&message, &*keys, &options(context.clone()));
            let header = result
                .unwrap_or_else(|error| panic!("{suite:04x} {recipient}: {error}"))
                .header;
            assert_eq!(plaintext, plaintext_of(test));
            assert_eq!(header.suite.id(), suite);
            let content = match test["frame-length"].as_u64().unwrap() {
                0 => Content::Unframed,
                length => Content::Framed(u32::try_from(length).unwrap()),
            };
            assert_eq!(header.content, content);
            // The same by two passes.
            let verified = verify(&mut &message[..], &*keys, &options(context.clone())).unwrap();
            let mut plaintext = Vec::new();
            verified.release(&mut &message[..], &mut plaintext).unwrap();
            assert_eq!(plaintext, plaintext_of(test));
            count += 1;
        }
    }
    suites.sort_unstable();
    suites.dedup();
    assert_eq!((suites.len(), count), (11, 91));
}

#[test]
fn what_is_not_stored_must_be_brought() {
    let document = document();
    let context = context(&document);
    let mut count = 0;
    for test in document["messages"].as_array().unwrap() {
        let required = names(&test["required"]);
        if required.is_empty() {
            continue;
        }
        let message = bytes(&test["message"]);
        let stored = inspect(&mut &message[..]).unwrap().context;
        assert!(required.iter().all(|key| stored.get(key).is_none()));
        let keys = keyring("aes", &document);
        let mut other = context.clone();
        other.insert(required[0].to_owned(), "other".to_owned());
        for wrong in [EncryptionContext::new(), stored, other] {
            let (plaintext, result) = opened(&message, &*keys, &options(wrong));
            assert!(result.is_err());
            assert_eq!(plaintext, b"");
        }
        count += 1;
    }
    assert_eq!(count, 11);
}

#[test]
fn no_message_opens_when_any_of_its_bytes_is_changed_or_missing() {
    let document = document();
    let keys = keyring("aes", &document);
    let context = context(&document);
    let tests = document["messages"].as_array().unwrap().iter();
    for test in tests.filter(|test| test["recipients"][0] == "aes") {
        // One framed message of each suite, and one that is not.
        if !matches!(test["plaintext-length"].as_u64().unwrap(), 40 | 300) {
            continue;
        }
        let (message, plaintext) = (bytes(&test["message"]), plaintext_of(test));
        let several = names(&test["recipients"]).len() > 1;
        // Every byte is tried of messages made here; of these, some in all their parts.
        for byte in (0..message.len()).step_by(5) {
            let mut altered = message.clone();
            altered[byte] ^= 1 << (byte % 8);
            for damaged in [&altered[..], &message[..byte]] {
                let (released, result) = opened(damaged, &*keys, &options(context.clone()));
                assert!(result.is_err(), "{} {several} byte {byte}", test["suite"]);
                assert!(plaintext.starts_with(&released));
            }
        }
    }
}

#[test]
fn what_older_sdks_wrote_is_refused_by_default() {
    struct Unasked;
    impl DataKeys for Unasked {
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
            panic!("a key was asked for");
        }
    }
    let document = document();
    for test in document["messages"].as_array().unwrap() {
        if suite_of(test) < 0x0400 {
            let message = bytes(&test["message"]);
            let (released, result) = opened(&message, &Unasked, &DecryptOptions::default());
            assert!(matches!(result, Err(DecryptError::Uncommitted)));
            assert_eq!(released, b"");
        }
    }
}
