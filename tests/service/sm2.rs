//! Keys of spec `SM2`: made where the service is configured to, used wherever they are.

use kms_core::crypto::asymmetric::{PublicKey, generate};
use kms_core::seed;
use kms_core::service::{ApplySeedRequest, groups};

use super::asymmetric::{kind, sign, verify, words};
use super::import::importing;
use super::*;

const UNSUPPORTED: &str = "UnsupportedOperationException";

impl Fixture {
    fn reopen_with_sm2(&mut self, sm2: bool) {
        self.engine = None;
        let options = OpenOptions {
            sm2,
            ..options(self.directory.path(), &self.clock)
        };
        self.engine = Some(Engine::open(options).unwrap());
    }

    fn with_sm2() -> Self {
        let mut fixture = Self::new();
        fixture.reopen_with_sm2(true);
        fixture
    }

    fn sm2_key(&self, usage: KeyUsage) -> String {
        let made = self.send(kind(KeySpec::Sm2, usage)).unwrap();
        made.key_metadata.arn.to_string()
    }

    fn sm2_pair(&self, dry_run: Option<bool>) -> Result<GenerateDataKeyPairResponse, Error> {
        self.send(GenerateDataKeyPairRequest {
            key_id: Some(self.create_key()),
            key_pair_spec: Some("SM2".to_owned()),
            dry_run,
            ..GenerateDataKeyPairRequest::default()
        })
    }

    fn external_sm2(&self) -> Result<CreateKeyResponse, Error> {
        self.send(CreateKeyRequest {
            origin: Some("EXTERNAL".to_owned()),
            ..kind(KeySpec::Sm2, KeyUsage::EncryptDecrypt)
        })
    }

    fn wrapping_by_sm2(&self, key: &str) -> Result<GetParametersForImportResponse, Error> {
        self.send(GetParametersForImportRequest {
            key_id: Some(key.to_owned()),
            wrapping_algorithm: Some("SM2PKE".to_owned()),
            wrapping_key_spec: Some("SM2".to_owned()),
        })
    }

    fn seeded(&self) -> Result<(), Error> {
        let text = "[[keys]]\nid = \"1234abcd-12ab-34cd-56ef-1234567890ab\"\nspec = \"SM2\"\n\
                    usage = \"SIGN_VERIFY\"\n";
        for keys in groups(seed::parse(text).unwrap()) {
            self.send(ApplySeedRequest {
                keys,
                in_production: false,
            })?;
        }
        Ok(())
    }
}

fn encrypting(key: &str, length: usize) -> EncryptRequest {
    EncryptRequest {
        key_id: Some(key.to_owned()),
        plaintext: Some(SecretBytes::new(vec![5; length])),
        encryption_algorithm: Some("SM2PKE".to_owned()),
        ..EncryptRequest::default()
    }
}

fn decrypting(key: &str, blob: Blob) -> DecryptRequest {
    DecryptRequest {
        key_id: Some(key.to_owned()),
        ciphertext_blob: Some(blob),
        encryption_algorithm: Some("SM2PKE".to_owned()),
        ..DecryptRequest::default()
    }
}

fn deriving(key: &str, peer: Blob) -> DeriveSharedSecretRequest {
    DeriveSharedSecretRequest {
        key_id: Some(key.to_owned()),
        key_agreement_algorithm: Some("ECDH".to_owned()),
        public_key: Some(peer),
        ..DeriveSharedSecretRequest::default()
    }
}

#[test]
fn nothing_is_made_where_it_is_not_offered() {
    let fixture = Fixture::new();
    for usage in ["SIGN_VERIFY", "ENCRYPT_DECRYPT", "KEY_AGREEMENT"] {
        let usage = usage.parse().unwrap();
        let refused = fixture.send(kind(KeySpec::Sm2, usage)).unwrap_err();
        assert_eq!(refused.code().as_str(), UNSUPPORTED);
        assert_eq!(refused.to_string(), "KeySpec SM2 is not supported.");
    }
    assert_eq!(code(fixture.external_sm2()), UNSUPPORTED);
    for dry_run in [None, Some(true)] {
        let refused = fixture.sm2_pair(dry_run).unwrap_err();
        assert_eq!(refused.code().as_str(), UNSUPPORTED);
        assert_eq!(refused.to_string(), "KeyPairSpec SM2 is not supported.");
    }
    let external = fixture.send(CreateKeyRequest {
        origin: Some("EXTERNAL".to_owned()),
        ..CreateKeyRequest::default()
    });
    let external = external.unwrap().key_metadata.arn.to_string();
    let refused = fixture.wrapping_by_sm2(&external).unwrap_err();
    assert_eq!(refused.code().as_str(), UNSUPPORTED);
    let expected = "WrappingAlgorithm SM2PKE with WrappingKeySpec SM2 is not supported.";
    assert_eq!(refused.to_string(), expected);
    assert!(words(fixture.seeded()).ends_with("cannot be made: KeySpec SM2 is not supported."));
}

#[test]
fn who_may_make_no_keys_is_not_told_what_is_offered() {
    let fixture = Fixture::new();
    let bob = fixture.user("bob");
    let refused = fixture.send_as(&bob, kind(KeySpec::Sm2, KeyUsage::SignVerify));
    assert_eq!(code(refused), "AccessDeniedException");
}

#[test]
fn a_key_has_the_usages_and_algorithms_of_aws() {
    let fixture = Fixture::with_sm2();
    let made = |usage| fixture.send(kind(KeySpec::Sm2, usage));
    let signing = made(KeyUsage::SignVerify).unwrap().key_metadata;
    assert_eq!(signing.key_spec, KeySpec::Sm2);
    assert_eq!(signing.signing_algorithms, [SigningAlgorithm::Sm2dsa]);
    let encrypting = made(KeyUsage::EncryptDecrypt).unwrap().key_metadata;
    let algorithms = encrypting.encryption_algorithms;
    assert_eq!(algorithms, [EncryptionAlgorithm::Sm2pke]);
    let agreeing = made(KeyUsage::KeyAgreement).unwrap().key_metadata;
    let algorithms = agreeing.key_agreement_algorithms;
    assert_eq!(algorithms, [KeyAgreementAlgorithm::Ecdh]);
    let refused = made(KeyUsage::GenerateVerifyMac);
    assert_eq!(code(refused), "ValidationException");
}

#[test]
fn a_message_and_its_digest_are_signed() {
    let fixture = Fixture::with_sm2();
    let key = fixture.sm2_key(KeyUsage::SignVerify);
    let request = |message: &[u8], kind| sign(&key, message, kind, SigningAlgorithm::Sm2dsa);
    for (kind, message) in [
        (MessageType::Raw, &b"message"[..]),
        (MessageType::Digest, &[3; 32]),
    ] {
        let signature = fixture.send(request(message, kind)).unwrap().signature;
        let valid = fixture.send(verify(request(message, kind), &signature));
        assert!(valid.unwrap().signature_valid);
        let other = fixture.send(verify(request(&[4; 32], kind), &signature));
        assert_eq!(code(other), "KMSInvalidSignatureException");
    }
    for length in [31, 33, 64] {
        let refused = fixture.send(request(&vec![3; length], MessageType::Digest));
        let expected = "Digest is invalid length for algorithm SM2DSA.";
        assert_eq!(words(refused), expected);
    }
    let refused = fixture.send(request(&[3; 64], MessageType::ExternalMu));
    assert_eq!(code(refused), "ValidationException");
    let ecdsa = SigningAlgorithm::EcdsaSha256;
    let refused = fixture.send(sign(&key, b"m", MessageType::Raw, ecdsa));
    let expected = "Algorithm ECDSA_SHA_256 is incompatible with key spec SM2.";
    assert_eq!(words(refused), expected);
}

#[test]
fn up_to_a_kibibyte_is_encrypted() {
    let fixture = Fixture::with_sm2();
    let key = fixture.sm2_key(KeyUsage::EncryptDecrypt);
    let other = fixture.sm2_key(KeyUsage::EncryptDecrypt);
    for length in [1, 1024] {
        let sealed = fixture.send(encrypting(&key, length)).unwrap();
        let opened = fixture.send(decrypting(&key, sealed.ciphertext_blob.clone()));
        let opened = opened.unwrap();
        assert_eq!(opened.plaintext.expose(), vec![5; length]);
        assert!(opened.key_material_id.is_none());
        let wrong = fixture.send(decrypting(&other, sealed.ciphertext_blob));
        assert_eq!(code(wrong), "InvalidCiphertextException");
    }
    let expected = "Algorithm SM2PKE and key spec SM2 cannot encrypt data larger than 1024 bytes.";
    assert_eq!(words(fixture.send(encrypting(&key, 1025))), expected);
    let with_context = EncryptRequest {
        encryption_context: Some(pairs(&[("a", "b")])),
        ..encrypting(&key, 1)
    };
    assert_eq!(code(fixture.send(with_context)), "ValidationException");
    let garbage = fixture.send(decrypting(&key, vec![0x30; 120].into()));
    assert_eq!(code(garbage), "InvalidCiphertextException");
    let symmetric = fixture.create_key();
    let refused = fixture.send(encrypting(&symmetric, 1));
    let expected = "Algorithm SM2PKE is incompatible with key spec SYMMETRIC_DEFAULT.";
    assert_eq!(words(refused), expected);
}

#[test]
fn a_ciphertext_moves_to_a_symmetric_key() {
    let fixture = Fixture::with_sm2();
    let (key, symmetric) = (
        fixture.sm2_key(KeyUsage::EncryptDecrypt),
        fixture.create_key(),
    );
    let sealed = fixture.send(encrypting(&key, 32)).unwrap();
    let moved = fixture.send(ReEncryptRequest {
        ciphertext_blob: Some(sealed.ciphertext_blob),
        source_key_id: Some(key),
        source_encryption_algorithm: Some("SM2PKE".to_owned()),
        destination_key_id: Some(symmetric),
        ..ReEncryptRequest::default()
    });
    let opened = fixture.send(decrypt(&moved.unwrap().ciphertext_blob, &[]));
    assert_eq!(opened.unwrap().plaintext.expose(), [5; 32]);
}

#[test]
fn two_keys_derive_one_secret_and_another_curve_none() {
    let fixture = Fixture::with_sm2();
    let key = || fixture.sm2_key(KeyUsage::KeyAgreement);
    let (alice, bob) = (key(), key());
    let derive = |key: &str, peer| fixture.send(deriving(key, peer));
    let one = derive(&alice, fixture.public_key(&bob)).unwrap();
    let other = derive(&bob, fixture.public_key(&alice)).unwrap();
    assert_eq!(one.shared_secret.expose(), other.shared_secret.expose());
    assert_eq!(one.shared_secret.len(), 32);
    let elsewhere = generate(KeySpec::EccNistP256, &SystemRandom).unwrap();
    let refused = derive(&alice, elsewhere.public.into());
    assert_eq!(code(refused), "ValidationException");
}

#[test]
fn a_data_key_pair_opens() {
    let fixture = Fixture::with_sm2();
    let made = fixture.sm2_pair(None).unwrap();
    let opened = fixture.send(decrypt(&made.private_key_ciphertext_blob, &[]));
    let private = made.private_key_plaintext.expose();
    assert_eq!(opened.unwrap().plaintext.expose(), private);
    let pair = kms_core::crypto::asymmetric::import(KeySpec::Sm2, private).unwrap();
    assert_eq!(pair.public, made.public_key.as_slice());
    let dry = fixture.sm2_pair(Some(true));
    assert_eq!(code(dry), "DryRunOperationException");
}

#[test]
fn material_is_imported_by_sm2pke() {
    let mut fixture = Fixture::with_sm2();
    let key = fixture.external_sm2().unwrap().key_metadata.arn.to_string();
    let way = fixture.wrapping_by_sm2(&key).unwrap();
    let public = PublicKey::open(KeySpec::Sm2, way.public_key.as_slice()).unwrap();
    let wrap = |material: &[u8]| -> Blob {
        let wrapped = public.encrypt(EncryptionAlgorithm::Sm2pke, material, &SystemRandom);
        wrapped.unwrap().into()
    };
    let bring = |wrapped: &Blob| fixture.send(importing(&key, &way.import_token, wrapped));
    let ecc = generate(KeySpec::EccNistP256, &SystemRandom).unwrap();
    let refused = bring(&wrap(ecc.private.expose()));
    assert_eq!(code(refused), "IncorrectKeyMaterialException");
    let refused = bring(&vec![0x30; 200].into());
    assert_eq!(code(refused), "InvalidCiphertextException");
    let pair = generate(KeySpec::Sm2, &SystemRandom).unwrap();
    let wrapped = wrap(pair.private.expose());
    let token = way.import_token.clone();
    // A token that is out is taken wherever it comes back.
    fixture.reopen_with_sm2(false);
    let request = importing(&key, &token, &wrapped);
    fixture.send(request).unwrap();
    assert_eq!(fixture.public_key(&key).as_slice(), pair.public);
}

#[test]
fn keys_that_are_there_work_where_none_are_made() {
    let mut fixture = Fixture::with_sm2();
    let signing = fixture.sm2_key(KeyUsage::SignVerify);
    let key = fixture.sm2_key(KeyUsage::EncryptDecrypt);
    let agreeing = fixture.sm2_key(KeyUsage::KeyAgreement);
    fixture.seeded().unwrap();
    let sealed = fixture.send(encrypting(&key, 9)).unwrap().ciphertext_blob;
    fixture.reopen_with_sm2(false);
    let refused = fixture.send(kind(KeySpec::Sm2, KeyUsage::SignVerify));
    assert_eq!(code(refused), UNSUPPORTED);
    let request = || sign(&signing, b"m", MessageType::Raw, SigningAlgorithm::Sm2dsa);
    let signature = fixture.send(request()).unwrap().signature;
    fixture.send(verify(request(), &signature)).unwrap();
    let opened = fixture.send(decrypting(&key, sealed)).unwrap();
    assert_eq!(opened.plaintext.expose(), [5; 9]);
    fixture.send(encrypting(&key, 9)).unwrap();
    let public = fixture.public_key(&agreeing);
    fixture.send(deriving(&agreeing, public)).unwrap();
    // The seed file that made a key still describes it.
    fixture.seeded().unwrap();
}
