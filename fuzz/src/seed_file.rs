//! The seed file.

use kms_core::seed::{self, MARK};

/// What is accepted names each key once and bears no mark of its own.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(keys) = seed::parse(text) else {
        return;
    };
    assert!(!keys.is_empty());
    for (index, key) in keys.iter().enumerate() {
        let before = keys.iter().take(index);
        assert!(
            before
                .filter(|other| other.region == key.region)
                .all(|other| other.id != key.id && other.aliases.is_disjoint(&key.aliases))
        );
        assert!(!key.tags.contains_key(MARK));
    }
}
