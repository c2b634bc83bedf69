//! The vectors of the specification.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

const VECTORS: &str = include_str!("../../../../docs/spec/audit-log-vectors.json");

#[derive(Deserialize)]
struct Vectors {
    verifier_key: String,
    vectors: Vec<Vector>,
}

/// A ledger's files as text, and what a verifier says: counts, or nothing when it must refuse.
#[derive(Deserialize)]
struct Vector {
    name: String,
    files: BTreeMap<String, String>,
    verified: Option<Counts>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Counts {
    records: u64,
    uncovered: u64,
    unfinished_bytes: u64,
}

#[test]
fn every_vector_gives_what_the_specification_says() {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    let key: VerifierKey = vectors.verifier_key.parse().unwrap();
    assert_eq!(key, *signer().verifier());
    assert!(vectors.vectors.len() > 25);
    for vector in vectors.vectors {
        let directory = TempDir::new().unwrap();
        for (name, content) in &vector.files {
            fs::write(directory.path().join(name), content).unwrap();
        }
        let verified = verify(directory.path(), Some(&key))
            .ok()
            .map(|verified| Counts {
                records: verified.records,
                uncovered: verified.uncovered(),
                unfinished_bytes: verified.unfinished_bytes,
            });
        assert_eq!(verified, vector.verified, "{}", vector.name);
    }
}
