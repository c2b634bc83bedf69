//! The ciphertext blob against vectors that another program made from the specification.

use std::collections::BTreeMap;

use kms_core::ciphertext::{CiphertextBlob, EncryptionContext, InvalidCiphertext};
use kms_core::crypto::kdf::Prk;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    name: String,
    backing_key: String,
    context: BTreeMap<String, String>,
    blob: String,
    /// Absent where the blob must be refused.
    plaintext: Option<String>,
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn open(case: &Case) -> Result<Vec<u8>, InvalidCiphertext> {
    let context: EncryptionContext = case.context.clone().into_iter().collect();
    let material = Prk::extract(&bytes(&case.backing_key));
    let blob = CiphertextBlob::parse(&bytes(&case.blob))?;
    blob.open(&material, &context)
        .map(|plaintext| plaintext.expose().to_vec())
}

#[test]
fn every_vector_opens_or_is_refused_as_it_says() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("ciphertext-blob.json")).unwrap();
    let refused = cases.iter().filter(|case| case.plaintext.is_none()).count();
    assert!(refused > cases.len() / 2, "most vectors must be refused");
    for case in &cases {
        let expected = case
            .plaintext
            .as_deref()
            .map(bytes)
            .ok_or(InvalidCiphertext);
        assert_eq!(open(case), expected, "{}", case.name);
    }
}
