//! The vectors of the specification.

use serde_json::Value;

use super::*;

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// `document` with the first `find` replaced by `put`.
fn edited(document: &[u8], find: &[u8], put: &[u8]) -> Vec<u8> {
    let at = (0..document.len()).find(|at| document[*at..].starts_with(find));
    let (before, rest) = document.split_at(at.unwrap());
    [before, put, &rest[find.len()..]].concat()
}

#[test]
fn the_vectors_of_the_specification_hold() {
    let path = kms_tests::workspace().join("docs/spec/attestation-vectors.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut roots = kms_core::attestation::TrustedRoots::default();
    roots.add_pem(text(&vectors["root"]).as_bytes()).unwrap();
    let now = Timestamp::from_millis(vectors["time"].as_i64().unwrap());
    let documents = &vectors["documents"];
    for (name, registers) in [("enclave", 16), ("nitrotpm", 24)] {
        let document = unhex(&text(&documents[name]));
        let attestation = verify(&document, &roots, now).unwrap();
        assert_eq!(attestation.registers().count(), registers);
        let corpus = kms_tests::workspace().join("fuzz/corpus/attestation_document");
        assert_eq!(std::fs::read(corpus.join(name)).unwrap(), document);
    }
    let refused = vectors["refused"].as_array().unwrap();
    assert!(refused.len() > 12);
    for case in refused {
        let document = unhex(&text(&documents[text(&case["document"])]));
        let (find, put) = (unhex(&text(&case["find"])), unhex(&text(&case["put"])));
        let document = edited(&document, &find, &put);
        let later = case["later"].as_i64().unwrap_or_default();
        let refusal = verify(&document, &roots, now.plus_millis(later)).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            text(&case["message"]),
            "{}",
            case["name"]
        );
    }
}
