//! The vectors of `docs/spec/sealed-record.md`, `docs/spec/key-hierarchy.md` and
//! `docs/spec/grants.md`, which another implementation made.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use kms_core::ids::{KeyId, KeyMaterialId};
use kms_core::root::seal::KeyFile;
use kms_core::root::{Barrier, Place, RecordKind, RootKeyRing, SecretPlace, TokenPurpose};
use serde_json::Value;

use crate::support::private_directory;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/sealed-record.json")).unwrap()
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {case}"))
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    text.as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    unhex(text(case, field))
}

/// What a case must open to; `None` where it must be refused.
fn outcome(case: &Value, field: &str) -> Option<Vec<u8>> {
    case[field].as_str().map(unhex)
}

fn barrier(vectors: &Value) -> Barrier {
    Barrier::new(&RootKeyRing::parse(&bytes(vectors, "ring")).unwrap()).unwrap()
}

fn cases<'a>(vectors: &'a Value, field: &str) -> &'a Vec<Value> {
    let cases = vectors[field].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

#[test]
fn records_open_or_are_refused_as_the_vectors_say() {
    let vectors = vectors();
    let barrier = barrier(&vectors);
    for case in cases(&vectors, "records") {
        let segment = text(case, "kind");
        let kind = RecordKind::ALL
            .iter()
            .find(|kind| kind.segment() == segment)
            .unwrap();
        let revision = case["revision"].as_u64().unwrap();
        let place = Place {
            path: text(case, "path"),
            revision,
            kind: *kind,
        };
        let opened = barrier.open(place, &bytes(case, "sealed")).ok();
        let opened = opened.map(|plaintext| plaintext.expose().to_vec());
        assert_eq!(opened, outcome(case, "plaintext"), "{}", text(case, "name"));
    }
}

#[test]
fn materials_open_or_are_refused_as_the_vectors_say() {
    let vectors = vectors();
    let barrier = barrier(&vectors);
    for case in cases(&vectors, "materials") {
        let key: KeyId = text(case, "key").parse().unwrap();
        let id: KeyMaterialId = text(case, "material_id").parse().unwrap();
        let opened = barrier
            .unwrap_material(&key, &id, &bytes(case, "wrapped"))
            .ok();
        let opened = opened.map(|material| material.expose().to_vec());
        assert_eq!(opened, outcome(case, "material"), "{}", text(case, "name"));
    }
}

#[test]
fn secrets_open_or_are_refused_as_the_vectors_say() {
    let vectors = vectors();
    let barrier = barrier(&vectors);
    for case in cases(&vectors, "secrets") {
        let key: KeyId = text(case, "key").parse().unwrap();
        let material_id: KeyMaterialId = text(case, "material_id").parse().unwrap();
        let place = SecretPlace {
            key: &key,
            material_id: &material_id,
            spec: text(case, "spec").parse().unwrap(),
        };
        let opened = barrier.unwrap_secret(place, &bytes(case, "wrapped")).ok();
        let opened = opened.map(|secret| secret.expose().to_vec());
        assert_eq!(opened, outcome(case, "secret"), "{}", text(case, "name"));
    }
}

#[test]
fn grant_tokens_open_or_are_refused_as_the_vectors_say() {
    let vectors = vectors();
    let barrier = barrier(&vectors);
    for case in cases(&vectors, "grant_tokens") {
        let opened = barrier
            .open_token(TokenPurpose::Grant, &bytes(case, "sealed"))
            .ok();
        let opened = opened.map(|content| content.expose().to_vec());
        assert_eq!(opened, outcome(case, "content"), "{}", text(case, "name"));
    }
}

#[test]
fn the_ledger_seed_and_the_set_elements_are_those_of_the_vectors() {
    let vectors = vectors();
    let barrier = barrier(&vectors);
    assert_eq!(
        barrier.ledger_seed().unwrap().expose().to_vec(),
        bytes(&vectors, "ledger_seed")
    );
    for case in cases(&vectors, "set_elements") {
        let seal = bytes(case, "seal").try_into().unwrap();
        let revision = case["revision"].as_u64().unwrap();
        let element = barrier
            .set_element(1, text(case, "path"), revision, &seal)
            .unwrap();
        assert_eq!(element.to_vec(), bytes(case, "element"));
    }
}

#[test]
fn sealed_rings_open_or_are_refused_as_the_vectors_say() {
    let vectors = vectors();
    let directory = private_directory();
    let path = directory.path().join("root.key");
    fs::write(&path, bytes(&vectors, "key_file")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let key = KeyFile::load(&path).unwrap();
    for case in cases(&vectors, "sealed_rings") {
        let opened = RootKeyRing::unseal(&bytes(case, "sealed"), &key).ok();
        let opened = opened.map(|ring| ring.to_bytes().unwrap().expose().to_vec());
        assert_eq!(opened, outcome(case, "ring"), "{}", text(case, "name"));
    }
}
