//! The form of a document: every part, missing, doubled, too long, of another type.

use kms_core::attestation::Refusal::{
    self, Digest, Malformed, Missing, NotFresh, PublicKey, Signature,
};
use kms_core::attestation::{FRESH_MILLISECONDS, RegisterBank};

use super::authority::{Claims, NULL, PROTECTED, bytes, head, registers, sign1, text};
use super::*;

fn claims() -> Claims {
    CHAIN.1.claims(&ENCLAVE.public)
}

fn refusal(claims: &Claims) -> Refusal {
    verified(&CHAIN.1.sign(&claims.encode())).unwrap_err()
}

#[test]
fn a_good_document_is_believed_with_and_without_its_tag() {
    let document = CHAIN.1.document(&ENCLAVE.public);
    for document in [document.clone(), [vec![0xd2], document].concat()] {
        let attestation = verified(&document).unwrap();
        assert!(attestation.module_id().starts_with("i-0123"));
        assert_eq!(attestation.bank(), RegisterBank::Enclave);
        assert_eq!(attestation.register(3), Some([3; 48].as_slice()));
        assert_eq!(attestation.register(16), None);
        assert_eq!(attestation.registers().count(), 16);
        assert!(!format!("{attestation:?}").contains("[3"));
    }
}

#[test]
fn a_document_of_a_nitro_tpm_is_believed() {
    let all: Vec<_> = (0..24).map(|index| (index, vec![7; 48])).collect();
    let claims = claims()
        .without("pcrs")
        .with("nitrotpm_pcrs", registers(&all));
    let attestation = verified(&CHAIN.1.sign(&claims.encode())).unwrap();
    assert_eq!(attestation.bank(), RegisterBank::NitroTpm);
    assert_eq!(attestation.registers().count(), 24);
}

#[test]
fn every_required_member_is_required() {
    for name in [
        "module_id",
        "digest",
        "timestamp",
        "pcrs",
        "certificate",
        "cabundle",
        "public_key",
    ] {
        assert_eq!(refusal(&claims().without(name)), Missing(name));
    }
    assert_eq!(
        refusal(&claims().with("public_key", NULL.to_vec())),
        Missing("public_key")
    );
    for name in [
        "module_id",
        "digest",
        "timestamp",
        "pcrs",
        "certificate",
        "cabundle",
    ] {
        assert_eq!(
            refusal(&claims().with(name, NULL.to_vec())),
            Malformed,
            "{name}"
        );
    }
    let neither = claims().without("user_data").without("nonce");
    assert!(verified(&CHAIN.1.sign(&neither.encode())).is_ok());
}

#[test]
fn every_member_comes_once_and_no_other() {
    for (name, value) in claims().0 {
        let mut doubled = claims();
        doubled.0.push((name, value));
        assert_eq!(refusal(&doubled), Malformed, "{name}");
    }
    assert_eq!(refusal(&claims().with("note", text("x"))), Malformed);
    let both = claims().with("nitrotpm_pcrs", registers(&[(0, vec![0; 48])]));
    assert_eq!(refusal(&both), Malformed);
}

#[test]
fn members_of_other_types_and_sizes_are_refused() {
    let twice = registers(&[(4, vec![1; 48]), (4, vec![1; 48])]);
    let many: Vec<_> = (0..33).map(|index| (index, vec![1; 48])).collect();
    let bundle = |count: u64| [head(4, count), bytes(&[1]).repeat(count as usize)].concat();
    for (name, value) in [
        ("module_id", text("")),
        ("module_id", text(&"i".repeat(257))),
        ("module_id", bytes(b"i-1")),
        ("module_id", vec![0x62, 0xff, 0xff]),
        ("digest", text("")),
        ("digest", bytes(b"SHA384")),
        ("timestamp", text("now")),
        ("timestamp", head(1, 5)),
        ("pcrs", registers(&[])),
        ("pcrs", registers(&many)),
        ("pcrs", twice),
        ("pcrs", registers(&[(32, vec![1; 48])])),
        ("pcrs", registers(&[(u64::MAX, vec![1; 48])])),
        ("pcrs", registers(&[(256, vec![1; 48])])),
        ("pcrs", registers(&[(0, vec![1; 47])])),
        ("pcrs", registers(&[(0, vec![1; 33])])),
        ("pcrs", registers(&[(0, vec![1; 65])])),
        ("pcrs", [head(5, 1), text("0"), bytes(&[1; 48])].concat()),
        ("pcrs", [head(5, 1), head(1, 0), bytes(&[1; 48])].concat()),
        (
            "pcrs",
            [head(5, 1), head(0, 0), text(&"a".repeat(48))].concat(),
        ),
        (
            "pcrs",
            [vec![0xbf], head(0, 0), bytes(&[1; 48]), vec![0xff]].concat(),
        ),
        ("pcrs", head(5, u64::MAX)),
        ("certificate", bytes(&[])),
        ("certificate", bytes(&[1; 1025])),
        (
            "certificate",
            [vec![0x5f], bytes(&[1; 8]), vec![0xff]].concat(),
        ),
        ("cabundle", bundle(0)),
        ("cabundle", bundle(8)),
        ("cabundle", [head(4, 1), bytes(&[])].concat()),
        ("cabundle", [head(4, 1), bytes(&[1; 1025])].concat()),
        ("cabundle", [vec![0x9f], bytes(&[1]), vec![0xff]].concat()),
        ("cabundle", head(4, u64::MAX)),
        ("public_key", bytes(&[1; 1025])),
        ("public_key", text("key")),
        ("user_data", bytes(&[1; 1025])),
        ("nonce", head(5, 0)),
        ("nonce", head(4, 1).repeat(1000)),
    ] {
        assert_eq!(
            refusal(&claims().with(name, value.clone())),
            Malformed,
            "{name} {value:x?}"
        );
    }
    assert_eq!(refusal(&claims().with("digest", text("SHA256"))), Digest);
    assert_eq!(refusal(&claims().with("digest", text("sha384"))), Digest);
    let longest = claims()
        .with("user_data", bytes(&[1; 1024]))
        .with("nonce", bytes(&[]));
    assert!(verified(&CHAIN.1.sign(&longest.encode())).is_ok());
}

#[test]
fn a_document_that_is_cut_or_goes_on_is_refused_at_each_length() {
    let document = CHAIN.1.document(&ENCLAVE.public);
    for length in 0..document.len() {
        assert_eq!(
            verified(&document[..length]).unwrap_err(),
            Malformed,
            "{length}"
        );
    }
    assert_eq!(
        verified(&[document, vec![0]].concat()).unwrap_err(),
        Malformed
    );
    let payload = claims().encode();
    for cut in 0..payload.len() {
        assert!(verified(&CHAIN.1.sign(&payload[..cut])).is_err(), "{cut}");
        if cut % 64 == 63 {
            assert_eq!(
                verified(&CHAIN.1.sign(&payload[..cut])).unwrap_err(),
                Malformed
            );
        }
    }
    assert_eq!(
        verified(&CHAIN.1.sign(&[payload, vec![0]].concat())).unwrap_err(),
        Malformed
    );
}

#[test]
fn the_envelope_is_the_one_of_the_specification() {
    let payload = claims().encode();
    let signature = [1; 96];
    for document in [
        sign1(&[0xa1, 0x01, 0x26], &payload, &signature),
        sign1(&[0xa1, 0x01, 0x38, 0x23], &payload, &signature),
        sign1(&[0xa2, 0x01, 0x38, 0x22, 0x04, 0x40], &payload, &signature),
        sign1(b"", &payload, &signature),
        sign1(&PROTECTED, &payload, &[1; 95]),
        sign1(&PROTECTED, &payload, &[1; 104]),
        sign1(&PROTECTED, b"", &signature),
        sign1(&PROTECTED, &[0; 16_385], &signature),
        [vec![0xd1], sign1(&PROTECTED, &payload, &signature)].concat(),
        [vec![0xd2, 0xd2], sign1(&PROTECTED, &payload, &signature)].concat(),
        [head(4, 3), bytes(&PROTECTED), head(5, 0), bytes(&payload)].concat(),
        [
            head(4, 5),
            bytes(&PROTECTED),
            head(5, 0),
            bytes(&payload),
            bytes(&signature),
            NULL.to_vec(),
        ]
        .concat(),
        [
            head(4, 4),
            bytes(&PROTECTED),
            head(5, 1),
            head(0, 1),
            head(0, 1),
            bytes(&payload),
            bytes(&signature),
        ]
        .concat(),
        [
            vec![0x9f],
            bytes(&PROTECTED),
            head(5, 0),
            bytes(&payload),
            bytes(&signature),
            vec![0xff],
        ]
        .concat(),
        head(4, 1).repeat(100_000),
    ] {
        assert_eq!(verified(&document).unwrap_err(), Malformed);
    }
    assert_eq!(
        verified(&sign1(&PROTECTED, &payload, &signature)).unwrap_err(),
        Signature
    );
}

#[test]
fn a_payload_or_signature_that_was_changed_is_refused() {
    let document = CHAIN.1.document(&ENCLAVE.public);
    let at = |needle: &[u8]| {
        let found = document
            .windows(needle.len())
            .position(|window| window == needle);
        found.unwrap()
    };
    for place in [
        at(b"i-0123") + 3,
        at(&[3; 48]),
        at(&ENCLAVE.public) + 40,
        document.len() - 1,
        document.len() - 96,
    ] {
        let mut changed = document.clone();
        changed[place] ^= 1;
        assert_eq!(verified(&changed).unwrap_err(), Signature, "{place}");
    }
    let other = chain().1;
    let payload = claims().encode();
    assert_eq!(verified(&other.sign(&payload)).unwrap_err(), Signature);
    let bare = sign1(&PROTECTED, &payload, &CHAIN.1.signature(&payload));
    assert_eq!(verified(&bare).unwrap_err(), Signature);
}

#[test]
fn a_document_is_believed_for_five_minutes() {
    let document = CHAIN.1.document(&ENCLAVE.public);
    let roots = CHAIN.0.trusted();
    let at = |millis| verify(&document, &roots, NOW.plus_millis(millis)).map(|_| ());
    for (offset, expected) in [
        (0, Ok(())),
        (FRESH_MILLISECONDS, Ok(())),
        (FRESH_MILLISECONDS + 1, Err(NotFresh)),
        (-FRESH_MILLISECONDS, Ok(())),
        (-FRESH_MILLISECONDS - 1, Err(NotFresh)),
    ] {
        assert_eq!(at(offset), expected, "{offset}");
    }
    for never in [0, u64::MAX, i64::MAX as u64, 1 << 63] {
        assert_eq!(
            refusal(&claims().with("timestamp", head(0, never))),
            NotFresh
        );
    }
}

#[test]
fn a_public_key_that_cannot_be_encrypted_to_is_refused() {
    let public = |spec| generate(spec, &SystemRandom).unwrap().public;
    let trailing = [ENCLAVE.public.clone(), vec![0]].concat();
    for key in [
        public(KeySpec::EccNistP256),
        public(KeySpec::EccNistP384),
        public(KeySpec::EccNistEdwards25519),
        b"no key".to_vec(),
        trailing,
        // The key alone, without its SubjectPublicKeyInfo: PKCS#1.
        ENCLAVE.public[24..].to_vec(),
    ] {
        let claims = claims().with("public_key", bytes(&key));
        assert_eq!(refusal(&claims), PublicKey, "{}", key.len());
    }
    assert_eq!(refusal(&claims().with("public_key", bytes(&[]))), PublicKey);
}
