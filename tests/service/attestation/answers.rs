//! The five operations with a `Recipient`: what they answer, refuse and record.

use std::fmt::Debug;

use kms_core::crypto::asymmetric::PrivateKey;
use serde_json::Value;

use super::authority::{NULL, bytes, head, registers};
use super::*;

/// The form of AWS, which only the owner of the private key can take apart.
fn is_for_the_enclave(answer: Option<Blob>) {
    let answer = answer.unwrap().into_vec();
    assert!(answer.starts_with(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80"));
    let private = PrivateKey::open(KeySpec::Rsa2048, ENCLAVE.private.expose()).unwrap();
    let algorithm = EncryptionAlgorithm::RsaesOaepSha256;
    let opens = answer.windows(256).any(|part| {
        part.len() == 256
            && answer_key_at(&answer, part)
            && private.decrypt(algorithm, part).is_ok()
    });
    assert!(opens, "no key for the enclave");
}

/// Whether `part` is where the encrypted key is: after its tag and length.
fn answer_key_at(answer: &[u8], part: &[u8]) -> bool {
    let offset = part.as_ptr().addr() - answer.as_ptr().addr();
    answer[..offset].ends_with(&[4, 0x82, 1, 0])
}

struct Requests {
    decrypt: DecryptRequest,
    derive: DeriveSharedSecretRequest,
    data_key: GenerateDataKeyRequest,
    key_pair: GenerateDataKeyPairRequest,
    random: GenerateRandomRequest,
}

impl Requests {
    /// One of each operation, with that recipient.
    fn new(fixture: &Fixture, recipient: Option<RecipientInfo>) -> Self {
        let key = fixture.create_key();
        let agreeing = CreateKeyRequest {
            key_spec: Some("ECC_NIST_P256".to_owned()),
            key_usage: Some("KEY_AGREEMENT".to_owned()),
            ..CreateKeyRequest::default()
        };
        let agreeing = fixture.send(agreeing).unwrap().key_metadata.arn.to_string();
        let peer = generate(KeySpec::EccNistP256, &SystemRandom).unwrap();
        let blob = fixture.send(encrypt(&key, &[])).unwrap().ciphertext_blob;
        Self {
            decrypt: DecryptRequest {
                recipient: recipient.clone(),
                ..decrypt(&blob, &[])
            },
            derive: DeriveSharedSecretRequest {
                key_id: Some(agreeing),
                key_agreement_algorithm: Some("ECDH".to_owned()),
                public_key: Some(peer.public.into()),
                recipient: recipient.clone(),
                ..DeriveSharedSecretRequest::default()
            },
            data_key: GenerateDataKeyRequest {
                key_id: Some(key.clone()),
                number_of_bytes: Some(32),
                recipient: recipient.clone(),
                ..GenerateDataKeyRequest::default()
            },
            key_pair: GenerateDataKeyPairRequest {
                key_id: Some(key),
                key_pair_spec: Some("ECC_NIST_P256".to_owned()),
                recipient: recipient.clone(),
                ..GenerateDataKeyPairRequest::default()
            },
            random: GenerateRandomRequest {
                number_of_bytes: Some(32),
                recipient,
                ..GenerateRandomRequest::default()
            },
        }
    }

    /// How each ends.
    fn send(self, fixture: &Fixture) -> [Result<(), Error>; 5] {
        fn ended<T: Debug>(result: Result<T, Error>) -> Result<(), Error> {
            result.map(|_| ())
        }
        [
            ended(fixture.send(self.decrypt)),
            ended(fixture.send(self.derive)),
            ended(fixture.send(self.data_key)),
            ended(fixture.send(self.key_pair)),
            ended(fixture.send(self.random)),
        ]
    }

    fn dry(mut self) -> Self {
        self.decrypt.dry_run = Some(true);
        self.derive.dry_run = Some(true);
        self.data_key.dry_run = Some(true);
        self.key_pair.dry_run = Some(true);
        self
    }
}

#[test]
fn the_secret_is_for_the_enclave_and_nobody_else() {
    let fixture = Fixture::trusting();
    let requests = Requests::new(&fixture, attested());
    let opened = fixture.send(requests.decrypt).unwrap();
    assert!(opened.plaintext.is_empty());
    is_for_the_enclave(opened.ciphertext_for_recipient);
    let derived = fixture.send(requests.derive).unwrap();
    assert!(derived.shared_secret.is_empty());
    is_for_the_enclave(derived.ciphertext_for_recipient);
    let made = fixture.send(requests.data_key).unwrap();
    assert!(made.plaintext.is_empty());
    is_for_the_enclave(made.ciphertext_for_recipient);
    let opened = fixture.send(decrypt(&made.ciphertext_blob, &[])).unwrap();
    assert_eq!(opened.plaintext.len(), 32);
    assert!(opened.ciphertext_for_recipient.is_none());
    let pair = fixture.send(requests.key_pair).unwrap();
    assert!(pair.private_key_plaintext.is_empty());
    assert!(!pair.public_key.is_empty());
    is_for_the_enclave(pair.ciphertext_for_recipient);
    let random = fixture.send(requests.random).unwrap();
    assert!(random.plaintext.is_empty());
    is_for_the_enclave(random.ciphertext_for_recipient);
}

#[test]
fn an_answer_to_a_recipient_has_no_plaintext_on_the_wire() {
    let fixture = Fixture::trusting();
    let requests = Requests::new(&fixture, attested());
    fn members<R: Response>(response: &R) -> Vec<String> {
        let mut out = Vec::new();
        response.write_json(&mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        value.as_object().unwrap().keys().cloned().collect()
    }
    for members in [
        members(&fixture.send(requests.decrypt).unwrap()),
        members(&fixture.send(requests.derive).unwrap()),
        members(&fixture.send(requests.data_key).unwrap()),
        members(&fixture.send(requests.key_pair).unwrap()),
        members(&fixture.send(requests.random).unwrap()),
    ] {
        assert!(members.contains(&"CiphertextForRecipient".to_owned()));
        for secret in ["Plaintext", "PrivateKeyPlaintext", "SharedSecret"] {
            assert!(!members.contains(&secret.to_owned()), "{members:?}");
        }
    }
}

#[test]
fn without_a_root_nobody_is_a_recipient() {
    let fixture = Fixture::new();
    for ended in Requests::new(&fixture, attested()).send(&fixture) {
        let error = ended.unwrap_err();
        assert_eq!(error.code().as_str(), "UnsupportedOperationException");
        // Ours: AWS always has its root.
        let words = "Recipient is not supported: no attestation root is configured.";
        assert_eq!(error.to_string(), words);
    }
}

/// Nobody recorded what AWS says of a document that it does not believe: the words are ours.
#[test]
fn a_recipient_that_is_not_attested_is_refused_by_every_operation() {
    let fixture = Fixture::trusting();
    let only = |algorithm: Option<&str>, document: Option<Vec<u8>>| {
        Some(RecipientInfo {
            key_encryption_algorithm: algorithm.map(str::to_owned),
            attestation_document: document.map(Into::into),
        })
    };
    let good = || CHAIN.1.document(&ENCLAVE.public);
    let stale = CHAIN
        .1
        .claims(&ENCLAVE.public)
        .with("timestamp", head(0, 1_799_999_000_000));
    let keyless = CHAIN
        .1
        .claims(&ENCLAVE.public)
        .with("public_key", NULL.to_vec());
    let elliptic = generate(KeySpec::EccNistP384, &SystemRandom)
        .unwrap()
        .public;
    let elliptic = CHAIN.1.claims(&elliptic);
    let mut forged = good();
    *forged.last_mut().unwrap() ^= 1;
    for (recipient, words) in [
        (
            only(None, Some(good())),
            "Recipient requires KeyEncryptionAlgorithm.",
        ),
        (
            only(Some("RSAES_OAEP_SHA_256"), None),
            "Recipient requires AttestationDocument.",
        ),
        (
            recipient(b"no document".to_vec()),
            "The attestation document is malformed.",
        ),
        (
            recipient(vec![0; 262_144]),
            "The attestation document is malformed.",
        ),
        (
            recipient(forged),
            "The signature of the attestation document is not valid.",
        ),
        (
            recipient(CHAIN.1.sign(&stale.encode())),
            "The attestation document has expired or is not yet valid.",
        ),
        (
            recipient(CHAIN.1.sign(&keyless.encode())),
            "The attestation document has no public_key.",
        ),
        (
            recipient(CHAIN.1.sign(&elliptic.encode())),
            "The public key of the attestation document is not an RSA key of 2048, 3072 or 4096 bits.",
        ),
    ] {
        for ended in Requests::new(&fixture, recipient).send(&fixture) {
            let error = ended.unwrap_err();
            assert_eq!(error.code().as_str(), "ValidationException");
            assert_eq!(error.to_string(), words);
        }
    }
    // The model's constraints come first, in AWS's words.
    for (algorithm, document) in [
        ("RSAES_OAEP_SHA_1", good()),
        ("RSAES_OAEP_SHA_256", Vec::new()),
        ("RSAES_OAEP_SHA_256", vec![0; 262_145]),
    ] {
        for ended in Requests::new(&fixture, only(Some(algorithm), Some(document))).send(&fixture) {
            let error = ended.unwrap_err();
            assert_eq!(error.code().as_str(), "ValidationException");
            assert!(
                error
                    .to_string()
                    .starts_with("1 validation error detected: Value")
            );
        }
    }
}

#[test]
fn an_answer_goes_to_a_key_of_each_length() {
    let fixture = Fixture::trusting();
    for (spec, length) in [(KeySpec::Rsa3072, 384), (KeySpec::Rsa4096, 512)] {
        let pair = generate(spec, &SystemRandom).unwrap();
        let request = GenerateRandomRequest {
            number_of_bytes: Some(1024),
            recipient: recipient(CHAIN.1.document(&pair.public)),
            ..GenerateRandomRequest::default()
        };
        let answer = fixture
            .send(request)
            .unwrap()
            .ciphertext_for_recipient
            .unwrap();
        assert!(answer.len() > length + 1024);
    }
}

#[test]
fn a_dry_run_looks_at_the_recipient_too() {
    let fixture = Fixture::trusting();
    let [decrypt, derive, data_key, key_pair, random] =
        Requests::new(&fixture, attested()).dry().send(&fixture);
    for ended in [decrypt, derive, data_key, key_pair] {
        assert_eq!(code(ended), "DryRunOperationException");
    }
    assert!(random.is_ok());
    let [decrypt, ..] = Requests::new(&fixture, recipient(vec![1]))
        .dry()
        .send(&fixture);
    assert_eq!(code(decrypt), "ValidationException");

    let ignoring = |recipient| DecryptRequest {
        key_id: Some(fixture.create_key()),
        dry_run: Some(true),
        dry_run_modifiers: Some(vec!["IGNORE_CIPHERTEXT".to_owned()]),
        recipient,
        ..DecryptRequest::default()
    };
    assert_eq!(
        code(fixture.send(ignoring(attested()))),
        "DryRunOperationException"
    );
    assert_eq!(
        code(fixture.send(ignoring(recipient(vec![1])))),
        "ValidationException"
    );
}

fn recorded(fixture: &Fixture) -> Value {
    fixture.lines().last().unwrap()["additionalEventData"]["recipient"].clone()
}

#[test]
fn the_ledger_says_whom_the_answer_was_for() {
    let fixture = Fixture::trusting();
    let ask = |recipient| GenerateRandomRequest {
        number_of_bytes: Some(8),
        recipient,
        ..GenerateRandomRequest::default()
    };
    fixture.send(ask(attested())).unwrap();
    let found = recorded(&fixture);
    let module = "i-0123456789abcdef0-enc0123456789abcdef";
    assert_eq!(found["attestationDocumentModuleId"], module);
    assert_eq!(
        found["attestationDocumentEnclaveImageDigest"],
        "00".repeat(48)
    );
    assert_eq!(found["attestationDocumentEnclavePCR15"], "0f".repeat(48));
    assert_eq!(found.as_object().unwrap().len(), 17);

    let zero = CHAIN.1.claims(&ENCLAVE.public);
    let all: Vec<_> = (0..16).map(|index| (index, vec![0; 48])).collect();
    let debug = zero.clone().with("pcrs", registers(&all));
    fixture
        .send(ask(recipient(CHAIN.1.sign(&debug.encode()))))
        .unwrap();
    let found = recorded(&fixture);
    assert_eq!(found["attestationDocumentEnclavePCR8"], "00".repeat(48));
    assert_eq!(found.as_object().unwrap().len(), 7);

    let tpm = [(4, vec![4; 48]), (5, vec![0; 48]), (23, vec![23; 48])];
    let tpm = zero.without("pcrs").with("nitrotpm_pcrs", registers(&tpm));
    fixture
        .send(ask(recipient(CHAIN.1.sign(&tpm.encode()))))
        .unwrap();
    let found = recorded(&fixture);
    assert_eq!(found["attestationDocumentNitroTPMPCR4"], "04".repeat(48));
    assert_eq!(found["attestationDocumentNitroTPMPCR23"], "17".repeat(48));
    assert_eq!(found.as_object().unwrap().len(), 3);

    fixture.send(ask(None)).unwrap();
    assert_eq!(recorded(&fixture), Value::Null);
    let unsigned = CHAIN
        .1
        .claims(&ENCLAVE.public)
        .with("user_data", bytes(b"?"));
    let mut unsigned = CHAIN.1.sign(&unsigned.encode());
    *unsigned.last_mut().unwrap() ^= 1;
    assert!(fixture.send(ask(recipient(unsigned))).is_err());
    assert_eq!(recorded(&fixture), Value::Null);
}
