//! The ciphertext blob against vectors that another program made from the specification.

use std::collections::BTreeMap;

use kms_core::ciphertext::{CiphertextBlob, DoubleBlob, EncryptionContext, InvalidCiphertext};
use kms_core::crypto::aead::AesGcm;
use kms_core::crypto::kdf::Prk;
use kms_core::xks::authenticated;
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

#[derive(Deserialize)]
struct DoubleCase {
    #[serde(flatten)]
    inner: Inner,
    #[serde(rename = "externalKey")]
    external_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inner {
    name: String,
    backing_key: String,
    context: BTreeMap<String, String>,
    blob: String,
    plaintext: Option<String>,
}

/// Opens both layers, the outer one as a key manager does that has the external key.
fn open_both(case: &DoubleCase) -> Result<Vec<u8>, InvalidCiphertext> {
    let (inner, refused) = (&case.inner, InvalidCiphertext);
    let context: EncryptionContext = inner.context.clone().into_iter().collect();
    let blob = DoubleBlob::parse(&bytes(&inner.blob))?;
    let name = blob.name();
    let bound = name.authenticated(&context).unwrap();
    let layer = blob.into_layer();
    let bound = authenticated(&bound, &layer.metadata).unwrap();
    let vector = layer
        .initialization_vector
        .try_into()
        .map_err(|_| refused)?;
    let mut sealed = [layer.ciphertext, layer.tag].concat();
    let external = AesGcm::new(&bytes(&case.external_key)).unwrap();
    let opened = external.open(vector, &bound, &mut sealed);
    let opened = name.inner(opened.map_err(|_| refused)?)?;
    let material = Prk::extract(&bytes(&inner.backing_key));
    let plaintext = opened.open(&material, &context)?;
    Ok(plaintext.expose().to_vec())
}

#[test]
fn every_vector_of_two_layers_opens_or_is_refused_as_it_says() {
    let text = include_str!("ciphertext-blob-double.json");
    let cases: Vec<DoubleCase> = serde_json::from_str(text).unwrap();
    let must_fail = cases.iter().filter(|case| case.inner.plaintext.is_none());
    assert!(
        must_fail.count() > cases.len() / 2,
        "most vectors must be refused"
    );
    for case in &cases {
        let expected = case.inner.plaintext.as_deref().map(bytes);
        let expected = expected.ok_or(InvalidCiphertext);
        assert_eq!(open_both(case), expected, "{}", case.inner.name);
    }
}
